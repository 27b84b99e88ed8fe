"""All cases of the resolver by question."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.resolver.criterion_cases import E1, E2, E3, E4, E5, I1, I2, I3, I4, I5
from tests.resolver.finding_cases import ADC, CAR_T, EBV, LUNG, MALIGNANCY, STEROIDS, TCE

TABLE: dict[str, list[Any]] = {
    "ebv_active": EBV, "car_t_exposure": CAR_T, "tce_exposure": TCE, "adc_exposure": ADC,
    "malignancy_history": MALIGNANCY, "lung_disease": LUNG, "high_dose_steroid": STEROIDS,
    "I1": I1, "I2": I2, "I3": I3, "I4": I4, "I5": I5, "E1": E1, "E2": E2, "E3": E3, "E4": E4, "E5": E5,
}  # fmt: skip


def rows() -> Iterator[Any]:
    """Yield question and row of the whole table, as parameters."""
    for question, cases in TABLE.items():
        for case in cases:
            row, marks = (
                (case, ()) if isinstance(case, tuple) and not hasattr(case, "marks") else (case.values[0], case.marks)
            )
            yield pytest.param(question, row, marks=marks, id=f"{question}-{row[0]}-{' / '.join(row[1:])}"[:120])
