"""Values of mentions: lung function, viral loads, laboratory items, age, weight, height, steroids, counts, numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor import Extractor
from extractor.numbers import numbers, to_float
from extractor.values import (
    read_age,
    read_count,
    read_height,
    read_item,
    read_load,
    read_pft,
    read_steroid,
    read_weight,
    unit_behind,
)
from tests.shared import any_text, examples

# --- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("12", 12),
        ("12.5", 12.5),
        ("12,5", 12.5),
        ("0,79", 0.79),
        ("0.790", 0.79),
        ("12,400", 12_400),
        ("12 400", 12_400),
        ("12'400", 12_400),
        ("12.400,5", 12_400.5),
        ("12,400.5", 12_400.5),
        ("1,234,567", 1_234_567),
        ("0,123", 0.123),
        (".5", 0.5),
    ],
)
def test_commas_and_dots_are_read_by_what_follows_them(body: str, value: float) -> None:
    assert to_float(body) == value


@pytest.mark.parametrize(
    ("text", "value", "comparator"),
    [
        ("500", 500, "="),
        ("<500", 500, "<"),
        ("< 500", 500, "<"),
        ("> 16,500", 16_500, ">"),
        (">= 500", 500, ">="),
        ("=>500", 500, ">="),
        ("<= 80", 80, "<="),
        ("less than 500", 500, "<"),
        ("above 500", 500, ">"),
        ("at least 500", 500, ">="),
        ("up to 500", 500, "<="),
        ("1.2 x 10^4", 12_000, "="),
        ("1.2x10e4", 12_000, "="),
        ("1.2 * 10**4", 12_000, "="),
        ("3e4", 30_000, "="),
        ("34k", 34_000, "="),
        ("2 million", 2_000_000, "="),
        ("2.5 million", 2_500_000, "="),
    ],
)
def test_a_number_is_read_with_its_sign_and_power(text: str, value: float, comparator: str) -> None:
    (found,) = numbers(text, 0, len(text))
    assert (found.value, found.comparator) == (pytest.approx(value), comparator)


@examples(150)
@given(value=st.integers(0, 999_999_999))
def test_thousands_separators_change_nothing(value: int) -> None:
    assert to_float(f"{value:,}") == to_float(str(value)) == value


@examples(150)
@given(text=any_text())
def test_any_text_gives_numbers_at_their_places(text: str) -> None:
    for found in numbers(text, 0, len(text)):
        assert any(c.isdigit() for c in text[found.start : found.end])


@pytest.mark.parametrize(
    ("behind", "unit"),
    [
        (" ng/mL", "ng/mL"),
        ("ug/L, then", "ug/L"),
        (" g/dL", "g/dL"),
        (" x10^9/L", "x10^9/L"),
        (" x 10^9 /L", "x10^9/L"),
        (" K/uL", "K/uL"),
        ("k today", "k"),
        (" /mm3", "/mm3"),
        (" U/mL", "U/mL"),
        ("%", "%"),
        (" C", "C"),
        (" apples", None),
        ("", None),
        (" Lima", None),
    ],
)
def test_the_unit_behind_a_number_is_read(behind: str, unit: str | None) -> None:
    assert unit_behind(f"12{behind}", 2) == unit


# --- lung function -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "normalized", "unit", "test", "comparator"),
    [
        ("FVC 72% predicted", 72, "% predicted", "fvc", "="),
        ("FVC 72 %", 72, "% predicted", "fvc", "="),
        ("FVC: 72% pred", 72, "% predicted", "fvc", "="),
        ("FVC of 72 percent", 72, "% predicted", "fvc", "="),
        ("FVC 72", 72, "% predicted", "fvc", "="),
        ("FVC <= 80%", 80, "% predicted", "fvc", "<="),
        ("FVC > 80%", 80, "% predicted", "fvc", ">"),
        ("FVC 80%", 80, "% predicted", "fvc", "="),
        ("FVC 80.1%", 80.1, "% predicted", "fvc", "="),
        ("FVC 2.1 L (81% predicted)", 81, "% predicted", "fvc", "="),
        ("FVC 2.10 L, 81%", 81, "% predicted", "fvc", "="),
        ("forced vital capacity 65 % of predicted", 65, "% predicted", "fvc", "="),
        ("FVC 2.1 L", None, None, "fvc", "="),
        ("FEV1/FVC 0.66", 66, "%", "fev1_fvc", "="),
        ("FEV1/FVC 66%", 66, "%", "fev1_fvc", "="),
        ("FEV1/FVC 66", 66, "%", "fev1_fvc", "="),
        ("FEV1/FVC: 0,66", 66, "%", "fev1_fvc", "="),
        ("FEV1/FVC ratio 0.70", 70, "%", "fev1_fvc", "="),
        ("FEV1/FVC ratio of 0.701", 70.1, "%", "fev1_fvc", "="),
        ("FEV1/FVC <0.7", 70, "%", "fev1_fvc", "<"),
        ("FEV1/FVC > 70%", 70, "%", "fev1_fvc", ">"),
        ("FEV1/FVC", None, None, None, None),
        ("FVC", None, None, None, None),
    ],
)
def test_lung_function_is_read(
    text: str, normalized: float | None, unit: str | None, test: str | None, comparator: str | None
) -> None:
    value = read_pft(text, 0, len(text))
    assert (value.normalized_value, value.normalized_unit) == (normalized, unit)
    assert (value.details.get("test"), value.comparator) == (test, comparator)


# --- items of HLH-2004 ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "text", "normalized", "unit"),
    [
        ("ferritin", "ferritin 12,400 ng/mL", 12_400, "ug/L"),
        ("ferritin", "ferritin >16,500", 16_500, "ug/L"),
        ("ferritin", "ferritin 499 ug/L", 499, "ug/L"),
        ("ferritin", "ferritin 1.2 mg/L", 1200, "ug/L"),
        ("hb", "Hb 8.6 g/dL", 86, "g/L"),
        ("hb", "Hb 86 g/L", 86, "g/L"),
        ("hb", "Hgb 8.6", 86, "g/L"),
        ("hb", "Hgb 8,6", 86, "g/L"),
        ("platelets", "plt 34", 34, "x10^9/L"),
        ("platelets", "plt 34k", 34, "x10^9/L"),
        ("platelets", "plt 34,000/uL", 34, "x10^9/L"),
        ("platelets", "platelets 34 G/L", 34, "x10^9/L"),
        ("neutrophils", "ANC 0.7", 0.7, "x10^9/L"),
        ("neutrophils", "ANC 700", 0.7, "x10^9/L"),
        ("triglycerides", "TG 4.2 mmol/L", 4.2, "mmol/L"),
        ("triglycerides", "TG 354.28 mg/dL", 4.0, "mmol/L"),
        ("fibrinogen", "fibrinogen 310 mg/dL", 3.1, "g/L"),
        ("fibrinogen", "fibrinogen 1.4 g/L", 1.4, "g/L"),
        ("scd25", "sIL-2R 4000 U/mL", 4000, "U/mL"),
        ("temperature", "T 38.9", 38.9, "C"),
        ("temperature", "T 102.2 F", 39.0, "C"),
    ],
)
def test_an_item_is_converted(item: str, text: str, normalized: float, unit: str) -> None:
    value = read_item(text, 0, len(text), len(text), {"item": item})
    assert (value.normalized_value, value.normalized_unit) == (pytest.approx(normalized), unit)


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("PLT 34 K/uL", 34),
        ("plt 34", 34),
        ("plt 34k", 34),
        ("plt 34,000", 34),
        ("plt 34 G/L", 34),
        ("plt 34,000/uL", 34),
        ("plt 34 -> 56", 56),
        ("platelets 34 x10e9/L", 34),
        ("ANC 0.45", 0.45),
        ("ANC 0.45 K/uL", 0.45),
        ("ANC 450", 0.45),
        ("ANC 450/uL", 0.45),
        ("Hb 86 g/L", 86),
        ("ferritin 1.2 x10^4 ng/mL", 12_000),
        ("platelets 210 x10^9/L", 210),
        ("platelets 210 x 10^9/L", 210),
        ("PLT 58x10^9/L", 58),
        ("platelets 210 \u00d710\u2079/L", 210),
        ("platelets 210 10^3/uL", 210),
        ("Plt 210 x10^3/uL", 210),
        ("Plt 210 K/mm3", 210),
        ("platelets 34,000/mm3", 34),
        ("NEU 0.7x10^9/L", 0.7),
        ("N 0.5x10^9/L", 0.5),
        ("ANC 450/mm3", 0.45),
        ("neutrophils <0.1 x10^9/L", 0.1),
    ],
)
def test_an_item_in_a_note_is_converted(extractor: Extractor, text: str, normalized: float) -> None:
    (mention,) = extractor.mentions(f"Labs: {text}, well.")
    assert (mention.label, mention.normalized_value) == ("HLH_FEATURE", pytest.approx(normalized))


@pytest.mark.parametrize("text", ["sCD25 4000 pg/mL", "sCD25 4000"])
def test_scd25_in_other_units_has_no_value_to_compare(text: str) -> None:
    assert read_item(text, 0, len(text), len(text), {"item": "scd25"}).normalized_value is None


@pytest.mark.parametrize(
    ("behind", "flag"),
    [
        (" pg/mL (H)", "high"),
        (" pg/mL H", "high"),
        (" pg/mL HIGH", "high"),
        (" pg/mL (elevated)", "high"),
        (" pg/mL (ref 175-858)", "high"),
        (" pg/mL (normal <1033)", "high"),
        (" pg/mL (ref 175-8580)", "normal"),
        (" pg/mL (normal)", "normal"),
        (" pg/mL L", "low"),
        (" pg/mL (low)", "low"),
        (" pg/mL", None),
    ],
)
def test_the_laboratorys_flag_or_range_is_kept(behind: str, flag: str | None) -> None:
    text = f"sCD25 4000{behind}"
    assert read_item(text, 0, 10, len(text), {"item": "scd25"}).details.get("flag") == flag


def test_a_state_needs_no_number() -> None:
    value = read_item("splenomegaly", 0, 12, 12, {"item": "splenomegaly", "state": "present"})
    assert (value.value, value.details) == (None, {"state": "present"})


# --- viral load ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "copies", "result"),
    [
        ("EBV PCR 12,400 copies/mL", 12_400, "positive"),
        ("EBV PCR: 1.2 x 10^4 copies/mL", 12_000, "positive"),
        ("EBV PCR 4.0 log copies/mL", 10_000, "positive"),
        ("EBV PCR log10 4.0", 10_000, "positive"),
        ("EBV PCR <500 copies/mL", 500, "negative"),
        ("EBV PCR 0 copies", 0, "negative"),
        ("EBV PCR 200 copies/mL (ref <500)", 200, "low_level"),
        ("EBV PCR 280 copies/mL, detected, below the LLOQ", 280, "low_level"),
        ("EBV PCR 280 copies/mL, under our limit of quantification", 280, "low_level"),
        ("EBV PCR 280 copies/mL, fever below 38", 280, "positive"),
        ("EBV PCR 800 copies/mL (ref <500)", 800, "positive"),
    ],
)
def test_a_viral_load_is_read(text: str, copies: float, result: str) -> None:
    value = read_load(text, 7, len(text))
    assert value is not None
    assert (value.normalized_value, value.normalized_unit, value.result) == (
        pytest.approx(copies),
        "copies/mL",
        result,
    )


@pytest.mark.parametrize(
    ("text", "units", "result"),
    [
        ("EBV PCR 1,200 IU/mL", 1_200, "positive"),
        ("EBV PCR 1.2x10^4 IU/mL", 12_000, "positive"),
        ("EBV PCR 5.6E+03 IU/ml", 5_600, "positive"),
        ("EBV PCR <200 IU/mL", 200, "negative"),
        ("EBV PCR 4.0 log10 IU/mL", 10_000, "positive"),
        ("EBV PCR: 1.200 IU/mL", 1_200, "positive"),
    ],
)
def test_international_units_are_no_copies(text: str, units: float, result: str) -> None:
    value = read_load(text, 7, len(text))
    assert value is not None
    assert (value.normalized_value, value.normalized_unit, value.result) == (pytest.approx(units), "IU/mL", result)


@pytest.mark.parametrize(
    "text",
    [
        "EBV PCR negative",
        "EBV PCR on day 14",
        "EBV PCR; CMV 500 copies/mL",
        "EBV PCR neg, CMV 500 copies/mL",
        "EBV PCR",
    ],
)
def test_the_load_of_another_virus_or_no_load_is_not_read(text: str) -> None:
    assert read_load(text, 7, len(text)) is None


# --- age, weight, height, counts, steroids ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("54-year-old", 54),
        ("54 yo", 54),
        ("age 54", 54),
        ("54F", 54),
        ("17.5 years", 17.5),
        ("sixteen-year-old", 16),
        ("eighty-one-year-old", 81),
        ("fifty year old", 50),
        ("18-month-old", 1.5),
        ("6 mo", 0.5),
        ("26 weeks old", 0.5),
        ("15-day-old", 0.04),
        ("17-year 3-month-old", 17.25),
        ("2 years and 6 months old", 2.5),
    ],
)
def test_an_age_is_read_in_years(text: str, years: float) -> None:
    assert read_age(text, 0, len(text)).normalized_value == years


@pytest.mark.parametrize(
    ("text", "kilograms"),
    [
        ("52 kg", 52),
        ("52kg", 52),
        ("weight 52.4 kg", 52.4),
        ("weight: 52,4 kg", 52.4),
        ("wt 115 lb", 52.16),
        ("115 lbs", 52.16),
        ("115 pounds", 52.16),
        ("weight 52", 52),
    ],
)
def test_a_weight_is_read_in_kilograms(text: str, kilograms: float) -> None:
    assert read_weight(text, 0, len(text)).normalized_value == pytest.approx(kilograms, abs=0.01)


@pytest.mark.parametrize(
    ("text", "centimetres"),
    [
        ("height 164 cm", 164),
        ("1.64 m", 164),
        ("1,64 m", 164),
        ("5'4\"", 162.6),
        ("5 ft 4 in", 162.6),
        ("6 feet", 182.9),
        ("64 inches", 162.6),
        ("64 in", 162.6),
        ("height 164", 164),
    ],
)
def test_a_height_is_read_in_centimetres(text: str, centimetres: float) -> None:
    assert read_height(text, 0, len(text)).normalized_value == pytest.approx(centimetres, abs=0.1)


@pytest.mark.parametrize(
    ("words", "count"),
    [("6/8", 6), ("5 of 8", 5), ("five of the eight", 5), ("Six out of 8", 6), ("0/8", 0), ("eight of eight", 8)],
)
def test_a_count_is_read(words: str, count: int) -> None:
    assert read_count(words) == count


@pytest.mark.parametrize(
    ("text", "name", "factor", "equivalent", "unit"),
    [
        ("prednisone 60 mg daily", "prednisone", 1, 60, "mg/d prednisone"),
        ("methylprednisolone 40 mg q12h", "methylprednisolone", 1.25, 100, "mg/d prednisone"),
        ("dexamethasone 20 mg daily", "dexamethasone", 20 / 3, 133.333, "mg/d prednisone"),
        ("hydrocortisone 50 mg q6h", "hydrocortisone", 0.25, 50, "mg/d prednisone"),
        ("methylprednisolone 2 mg/kg/d", "methylprednisolone", 1.25, 2.5, "mg/kg/d prednisone"),
        ("prednisone", "prednisone", 1, None, None),
    ],
)
def test_a_steroids_value_is_its_prednisone_equivalent_a_day(
    text: str, name: str, factor: float, equivalent: float | None, unit: str | None
) -> None:
    value = read_steroid(text, 0, 0, len(name), len(text), {"prednisone_mg": factor})
    assert (value.normalized_value, value.normalized_unit) == (
        None if equivalent is None else pytest.approx(equivalent, abs=0.001),
        unit,
    )


@examples(200)
@given(text=any_text(), item=st.sampled_from(["hb", "platelets", "ferritin", "scd25", "temperature", "nk", ""]))
def test_any_text_is_read_without_fail(text: str, item: str) -> None:
    end = len(text)
    read_item(text, 0, end, end, {"item": item})
    for read in (read_pft, read_age, read_weight, read_height):
        read(text, 0, end)
    read_load(text, 0, end)
    read_count(text)
