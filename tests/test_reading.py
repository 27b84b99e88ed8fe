"""Values and dates in the notations of many laboratories and countries, read from whole sentences."""

from __future__ import annotations

import pytest

from extractor import Extractor, Mention
from extractor.dates import find_dates

EX = Extractor()
LOADS: list[tuple[str, float, str]] = [
    ("EBV PCR 1,200 IU/mL", 1200, "IU/mL"),
    ("EBV DNA 3.4 x 10^4 copies/mL", 34000, "copies/mL"),
    ("EBV DNA 3.4×10⁴ copies/mL", 34000, "copies/mL"),
    ("EBV-DNA 5.6E+03 IU/ml", 5600, "IU/mL"),
    ("EBV viral load 4.2 log10 IU/mL", 15848.93192461114, "IU/mL"),
    ("EBV VL log 3.7", 5011.872336272725, "copies/mL"),
    ("EBV PCR: 2.5 x10e5 copies/ml", 250000, "copies/mL"),
    ("EBV PCR <200 IU/mL", 200, "IU/mL"),
    ("EBV DNA 12 000 copies/mL", 12000, "copies/mL"),
    ("EBV load 1.5 million copies/mL", 1500000, "copies/mL"),
    ("EBV DNA quant 45k copies/mL", 45000, "copies/mL"),
    ("plasma EBV DNA 8.7*10^3 copies/ml", 8700, "copies/mL"),
    ("EBV viral load was 560 copies per mL", 560, "copies/mL"),
    ("EBV PCR quantitative: 1250 IU/ml (3.10 log)", 1250, "IU/mL"),
    ("EBV PCR: 1.200 copies/mL", 1200, "copies/mL"),
]
DOSES: list[tuple[str, float, int | None]] = [
    ("prednisone 40 mg daily", 40, None),
    ("MP 40 mg q12h", 80, None),
    ("methylprednisolone 1 g/d x3d", 1000, 3),
    ("methylprednisolone 1 g IV daily for 3 days", 1000, 3),
    ("prednisone 60->40->20 mg", 60, None),
    ("prednisolone 2 mg/kg/day divided BID", 2, None),
    ("dexamethasone 10 mg/m2/day", 10, None),
    ("Solu-Medrol 125 mg IV q6h", 500, None),
    ("dex 20 mg qd x 4", 20, 4),
    ("prednisone 1mg/kg", 1, None),
    ("hydrocortisone 50 mg IV every 6 hours", 200, None),
    ("hydrocortisone 100 mg three times a day", 300, None),
    ("methylprednisolone pulse 500 mg/day for three days", 500, 3),
    ("IV methylprednisolone (1000 mg/day for 3 consecutive days)", 1000, 3),
    ("prednisone taper: 60 mg x 5 days, 40 mg x 5 days, 20 mg x 5 days", 60, 5),
    ("prednisolone 0.5 mg/kg BD", 1, None),
    ("dexamethasone 4 mg Q8H", 12, None),
    ("30 mg of prednisone per day", 30, None),
    ("40 mg oral prednisolone once daily for 5 days", 40, 5),
    ("methylprednisolone 2 x 40 mg", 80, None),
    ("prednisone 20 mg in the morning and 10 mg in the evening", 30, None),
    ("dexamethasone 6 mg daily for 10 days", 6, 10),
    ("methylprednisolone 250 mg bid days 1-3", 500, 3),
    ("prednisone 1.0 g/day for 3 d", 1000, 3),
    ("prednisone 10 mg every other day", 5, None),
    ("methylprednisolone 1g OD 3/7", 1000, 3),
    ("dexamethasone 40 mg weekly", 5.714285714285714, None),
    ("prednisone 5mg tabs, 4 tabs daily", 20, None),
    ("prednisone 20 mg 2 tablets daily", 40, None),
    ("mPSL 1,000 mg × 3 days", 1000, 3),
    ("dexamethasone 0.15 mg/kg every 6 h for 4 days", 0.6, 4),
]
LUNG: list[tuple[str, float]] = [
    ("FVC 72% predicted", 72),
    ("FVC 2.81 L (86% of predicted value)", 86),
    ("forced vital capacity (FVC) was 3.2 L, 78% predicted", 78),
    ("FVC 3.01 (84)", 84),
    ("%FVC 61.2%", 61.2),
    ("FVC pred 70%", 70),
    ("FVC% 67", 67),
    ("FEV1/FVC (%) 71", 71),
    ("FEV1/FVC: 0,69", 69),
    ("FVC less than 50% predicted", 50),
    ("FVC declined from 80% to 66%", 66),
    ("FVC 1.38-52.2%", 52.2),
    ("FEV1/FVC 43%", 43),
    ("FVC, 52% predicted", 52),
    ("ratio of FEV1 to FVC 0.55", 55),
    ("FVC 2.33 L/3.65 L (64 %)", 64),
    ("FVC: 64 % (2.33 L)", 64),
    ("FEV1/FVC = .58", 58),
    ("FVC 101%pred", 101),
    ("FEV1/FVC 5.5/8.0 = 69%", 69),
]
WEIGHTS: list[tuple[str, float]] = [
    ("weight 52 kg", 52),
    ("Wt: 115 lb", 52.16),
    ("weighing 2.98 kg", 2.98),
    ("body weight was 70 kg", 70),
    ("BW 48.5kg", 48.5),
    ("weight 8 st 4 lb", 52.6),
    ("Weight (kg): 61.3", 61.3),
    ("62-kg man", 62),
    ("weighs 140 pounds", 63.5),
    ("Wt 70.3kg (155 lb)", 70.3),
]
AGES: list[tuple[str, float]] = [
    ("15-day-old girl", 0.04106776180698152),
    ("6-week-old boy", 0.11498658489842851),
    ("18-month-old", 1.5),
    ("17-year 3-month-old", 17.25),
    ("2 years 3 months old boy", 2.25),
    ("aged 54 years", 54),
    ("54-year-old", 54),
    ("A 54-year and 6-month-old man", 54.5),
    ("8 months old infant", 0.6666666666666666),
]
DATES: list[tuple[str, str, int]] = [
    ("2021-03-04", "2021-03-04", 0),
    ("03/04/2021", "2021", 1),
    ("13/04/2021", "2021-04-13", 0),
    ("04/13/2021", "2021-04-13", 0),
    ("4.3.2021", "2021-03-04", 0),
    ("2021年3月4日", "2021-03-04", 0),
    ("2021/3/4", "2021-03-04", 0),
    ("March 4, 2021", "2021-03-04", 0),
    ("4 March 2021", "2021-03-04", 0),
    ("4th of March 2021", "2021-03-04", 0),
    ("Mar 2021", "2021-03", 0),
    ("03/2021", "2021-03", 0),
    ("in 2015", "2015", 0),
    ("3 weeks ago", "2025-05-22", 0),
    ("two months ago", "2025-04", 0),
    ("5 years ago", "2020", 0),
    ("yesterday", "2025-06-11", 0),
    ("last week", "2025-06-05", 0),
    ("last month", "2025-05", 0),
    ("spring 2019", "2019", 0),
    ("early 2019", "2019", 0),
    ("mid-2019", "2019", 0),
    ("20210304", "2021-03-04", 0),
    ("04-Mar-2021", "2021-03-04", 0),
    ("4-Mar-21", "2021-03-04", 0),
    ("Mar 4 '21", "2021-03-04", 0),
    ("2021.03.04", "2021-03-04", 0),
    ("since 2018", "2018", 0),
    ("the 1990s", "1990", 0),
    ("10 days prior", "2025-06-02", 0),
    ("a year ago", "2024", 0),
    ("2 yrs ago", "2023", 0),
    ("3 wks ago", "2025-05-22", 0),
    ("4 mo ago", "2025-02", 0),
    ("three days earlier", "2025-06-09", 0),
    ("12.06.25", "2025-06-12", 0),
    ("June of 2020", "2020-06", 0),
    ("Dec. 2019", "2019-12", 0),
    ("2019-12", "2019-12", 0),
    ("last year", "2024", 0),
    ("a couple of weeks ago", "2025-05-29", 0),
    ("in March", "2025-03", 0),
    ("3/2022", "2022-03", 0),
    ("05/06/07", "2007", 1),
    ("2 days ago", "2025-06-10", 0),
    ("half a year ago", "2024-12", 0),
    ("six weeks back", "2025-05-01", 0),
]


def _first(text: str, label: str) -> Mention:
    return next(m for m in EX.mentions(text) if m.label == label)


@pytest.mark.parametrize(("text", "value", "unit"), LOADS)
def test_a_viral_load(text: str, value: float, unit: str) -> None:
    mention = _first(text, "EBV")
    assert (mention.normalized_value, mention.normalized_unit) == (pytest.approx(value, rel=1e-3), unit)


@pytest.mark.parametrize(("text", "daily", "days"), DOSES)
def test_a_steroid_dose(text: str, daily: float, days: int | None) -> None:
    details = _first(text, "STEROID").details
    assert details["daily"] == pytest.approx(daily)
    if days is not None:
        assert details["days"] == days


@pytest.mark.parametrize(("text", "value"), LUNG)
def test_lung_function(text: str, value: float) -> None:
    assert _first(text, "PFT").normalized_value == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize(("text", "kilograms"), WEIGHTS)
def test_a_weight(text: str, kilograms: float) -> None:
    assert _first(text, "WEIGHT").normalized_value == pytest.approx(kilograms, abs=0.05)


@pytest.mark.parametrize(("text", "years"), AGES)
def test_an_age(text: str, years: float) -> None:
    assert _first(text, "AGE").normalized_value == pytest.approx(years, abs=0.02)


@pytest.mark.parametrize(("text", "iso", "ambiguous"), DATES)
def test_a_date(text: str, iso: str, ambiguous: int) -> None:
    first = find_dates(text, 0, len(text), "2025-06-12")[0]
    assert (first.iso, first.ambiguous) == (iso, bool(ambiguous))


def test_two_readings_of_a_date_without_year_are_kept_as_such() -> None:
    assert find_dates("on 6/7", 0, 6, "2025-06-12")[0].ambiguous
