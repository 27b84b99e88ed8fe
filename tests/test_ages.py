"""Ages told in place of dates: which belong to what is named beside them, and which do not."""

from __future__ import annotations

import pytest

from extractor import Extractor, Note

TOLD = [
    ("Hodgkin lymphoma at age 20, never relapsed.", "lymphoma", 20),
    ("Hodgkin lymphoma at 19 (nodular sclerosing)", "lymphoma", 19),
    ("He had leukemia in childhood.", "leukemia", 17),
    ("At age 31 she had melanoma.", "melanoma", 31),
    ("Breast cancer in her forties.", "Breast cancer", 49),
    ("Glandular fever aged 15.", "Glandular fever", 15),
]
NOT_TOLD = [
    ("Seen for melanoma at 11 clinics.", "melanoma"),
    ("Her father died at age 60 and she has lung cancer.", "lung cancer"),
    ("Favors T-cell lymphoma of childhood spectrum.", "T-cell lymphoma"),
    ("Melanoma reviewed at 10 am.", "Melanoma"),
    ("Melanoma, dose reduced at 12 mg.", "Melanoma"),
]


def at_age(extractor: Extractor, text: str, name: str) -> int | None:
    (mention,) = [m for m in extractor.mentions_of([Note("p", "n", text, "2025-06-15")]) if name in m.text]
    return mention.details.get("at_age")


@pytest.mark.parametrize(("text", "name", "age"), TOLD)
def test_an_age_is_told_in_place_of_a_date(extractor: Extractor, text: str, name: str, age: int) -> None:
    assert at_age(extractor, text, name) == age


@pytest.mark.parametrize(("text", "name"), NOT_TOLD)
def test_another_number_is_no_age_of_the_event(extractor: Extractor, text: str, name: str) -> None:
    assert at_age(extractor, text, name) is None
