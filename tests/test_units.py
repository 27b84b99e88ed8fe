"""Laboratory units: the same amount written in different units is the same amount."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.units import CANONICAL, normalize
from tests.shared import examples

CASES = [
    ("hb", 86, "g/L", 86, "g/L"),
    ("hb", 8.6, "g/dL", 86, "g/L"),
    ("hb", 8.6, "gm/dL", 86, "g/L"),
    ("hb", 8.6, "g%", 86, "g/L"),
    ("hb", 8.6, None, 86, "g/L"),
    ("hb", 86, None, 86, "g/L"),
    ("hb", 5.34, "mmol/L", 86.0274, "g/L"),
    ("platelets", 34, "x10^9/L", 34, "x10^9/L"),
    ("platelets", 34, "x 10^9/L", 34, "x10^9/L"),
    ("platelets", 34, "K/uL", 34, "x10^9/L"),
    ("platelets", 34, "k", 34, "x10^9/L"),
    ("platelets", 34, "G/L", 34, "x10^9/L"),
    ("platelets", 34, "10^3/uL", 34, "x10^9/L"),
    ("platelets", 34, "Gpt/L", 34, "x10^9/L"),
    ("platelets", 34_000, "/uL", 34, "x10^9/L"),
    ("platelets", 34_000, "/mm3", 34, "x10^9/L"),
    ("platelets", 34_000, "cells/uL", 34, "x10^9/L"),
    ("platelets", 34_000, None, 34, "x10^9/L"),
    ("platelets", 34, None, 34, "x10^9/L"),
    ("neutrophils", 0.7, "x10^9/L", 0.7, "x10^9/L"),
    ("neutrophils", 0.7, "K/uL", 0.7, "x10^9/L"),
    ("neutrophils", 700, "/uL", 0.7, "x10^9/L"),
    ("neutrophils", 700, "/mm3", 0.7, "x10^9/L"),
    ("neutrophils", 700, "cells/mm3", 0.7, "x10^9/L"),
    ("neutrophils", 700, None, 0.7, "x10^9/L"),
    ("neutrophils", 0.7, None, 0.7, "x10^9/L"),
    ("triglycerides", 3.0, "mmol/L", 3.0, "mmol/L"),
    ("triglycerides", 265.71, "mg/dL", 3.0, "mmol/L"),
    ("triglycerides", 3.4, None, 3.4, "mmol/L"),
    ("triglycerides", 354.28, None, 4.0, "mmol/L"),
    ("fibrinogen", 1.5, "g/L", 1.5, "g/L"),
    ("fibrinogen", 150, "mg/dL", 1.5, "g/L"),
    ("fibrinogen", 310, "mg/dL", 3.1, "g/L"),
    ("fibrinogen", 0.15, "g/dL", 1.5, "g/L"),
    ("fibrinogen", 1.5, None, 1.5, "g/L"),
    ("fibrinogen", 150, None, 1.5, "g/L"),
    ("ferritin", 500, "ug/L", 500, "ug/L"),
    ("ferritin", 500, "ng/mL", 500, "ug/L"),
    ("ferritin", 500, "mcg/L", 500, "ug/L"),
    ("ferritin", 500, "\u03bcg/L", 500, "ug/L"),
    ("ferritin", 500, None, 500, "ug/L"),
    ("ferritin", 0.5, "mg/L", 500, "ug/L"),
    ("ferritin", 1123.5, "pmol/L", 500, "ug/L"),
    ("scd25", 2400, "U/mL", 2400, "U/mL"),
    ("scd25", 2400, "IU/mL", 2400, "U/mL"),
    ("scd25", 2400, "units/mL", 2400, "U/mL"),
    ("scd25", 2_400_000, "U/L", 2400, "U/mL"),
    ("scd25", 2400, "kU/L", 2400, "U/mL"),
    ("temperature", 38.9, "C", 38.9, "C"),
    ("temperature", 38.9, None, 38.9, "C"),
    ("temperature", 101.3, "F", 38.5, "C"),
    ("temperature", 101.3, None, 38.5, "C"),
    ("neutrophils", 50, "/uL", 0.05, "x10^9/L"),
    ("platelets", 1200, "/uL", 1.2, "x10^9/L"),
]


@pytest.mark.parametrize(("item", "value", "unit", "converted", "canonical"), CASES)
def test_a_value_is_converted(item: str, value: float, unit: str | None, converted: float, canonical: str) -> None:
    assert normalize(item, value, unit) == (pytest.approx(converted, rel=1e-4), canonical)


@pytest.mark.parametrize(
    ("item", "value", "unit"),
    [
        ("scd25", 4000, "pg/mL"),
        ("scd25", 4000, "ng/mL"),
        ("scd25", 4000, None),
        ("hb", 8.6, "mg/dL"),
        ("hb", 8.6, "furlongs"),
        ("platelets", 34, "mg/dL"),
        ("triglycerides", 3, "g/L/h"),
        ("fibrinogen", 3, "U/mL"),
        ("ferritin", 3, "U/mL"),
        ("sodium", 140, "mmol/L"),
        ("", 1, None),
    ],
)
def test_a_unit_that_is_not_the_items_gives_nothing(item: str, value: float, unit: str | None) -> None:
    assert normalize(item, value, unit) is None


@examples(100)
@given(grams=st.floats(30, 200))
def test_haemoglobin_per_litre_and_per_decilitre_are_the_same(grams: float) -> None:
    per_litre, per_decilitre = normalize("hb", grams, "g/L"), normalize("hb", grams / 10, "g/dL")
    assert per_litre and per_decilitre and per_litre[0] == pytest.approx(per_decilitre[0], abs=1e-5)


@examples(100)
@given(cells=st.floats(2, 1400))
def test_platelets_in_thousands_and_single_ones_are_the_same(cells: float) -> None:
    thousands, single = normalize("platelets", cells, "K/uL"), normalize("platelets", cells * 1000, "/uL")
    assert thousands and single and single[0] == pytest.approx(thousands[0], abs=1e-5)


@examples(100)
@given(item=st.sampled_from(sorted(CANONICAL)), value=st.floats(0, 1e7), unit=st.one_of(st.none(), st.text(max_size=8)))
def test_any_unit_is_the_items_or_gives_nothing(item: str, value: float, unit: str | None) -> None:
    converted = normalize(item, value, unit)
    assert converted is None or converted[1] == CANONICAL[item]
