"""Steroid doses beside a drug's name: amount, frequency, days, route, pulse, taper."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.doses import Dose, read_dose
from tests.shared import any_text, examples


def dose(written: str) -> Dose:
    """Return the dose of the drug in angle brackets; all of the text may belong to it."""
    start, end = written.index("<"), written.index(">") - 1
    text = written.replace("<", "", 1).replace(">", "", 1)
    return read_dose(text, 0, start, end, len(text))


DOSES: list[Any] = [
    ("<dexamethasone> 10 mg IV every 6 hours June 6 through June 12", {"daily": 40, "days": 7}),
    ("<dexamethasone> 10 mg May 30 to June 2", {"days": 4}),
    ("<dexamethasone> 10 mg IV q6h on 8/12, 10 mg q12h on 8/13, then off", {"daily": 40, "days": None}),
    ("<prednisone> 5 mg for 8/12", {"days": 240}),
    ("<methylprednisolone> 40 mg x 2/die e.v. from 17/9 to 24/9", {"daily": 80, "days": 8}),
    ("<methylprednisolone> 40 mg/die from 17/9 to 24/9", {"daily": 40, "days": 8}),
    ("<dexamethasone> 20 mg once with the first dose; prednisolone 30 mg x5d", {"days": 1}),
    ("<dexamethasone> 20 mg once daily x5d", {"days": 5}),
    ("each with <dex> 20 mg that day only", {"days": 1}),
    ("gave once <prednisolone> 250 mg i.v., thereafter 60 mg", {"days": 1}),
    ("04/19/25  04/23/25  <methylprednisolone>    125 mg IV q12h", {"daily": 250, "days": 5}),
    ("<methylprednisolone> 1000 mg i.v. on 08, 09 and 10-Sep", {"days": 3}),
    ("<dexamethasone> 15 mg daily on 1/2 and still on it today", {"daily": 15, "since": True}),
    ("<dexamethasone> 15 mg daily on 1/2, off again", {"since": False}),
    ("<dexamethasone> 18 mg/day was begun on hospital day 2", {"days": None}),
    ("lisinopril, azathioprine 50 mg bid, <pred> 5", {"daily": 5}),
    ("<prednisone>, azathioprine 50 mg bid", {"amount": None}),
    ("<prednisone>, currently 50 mg bid", {"daily": 100}),
    ("drug X 200 mg/day 4 days, plus one <prednisone> tablet", {"amount": None}),
    ("Premed <dex> 20 mg before each infusion", {"daily": 20, "days": 1}),
    ("Previously <dex> 20 mg", {"daily": 20, "days": None}),
    ("<IVMP> 500 mg od 3rd, 4th and 5th then oral", {"daily": 500, "days": 3}),
    ("<IVMP> 500 mg on 3rd and 5th", {"days": 1}),
    ("<MP> 40 mg q12h (4 doses)", {"daily": 80, "days": 2}),
    ("<MP> 80 mg daily (4 doses)", {"daily": 80, "days": 4}),
    ("<MP> 40 mg q12h", {"amount": 40, "per_day": 2, "daily": 80}),
    ("<MP> 40 mg IV q12h", {"daily": 80, "route": "iv"}),
    ("<MP> 40mg bid", {"daily": 80}),
    ("<MP> 40 mg twice daily", {"daily": 80}),
    ("<MP> 20 mg TID", {"daily": 60}),
    ("<MP> 20 mg q8h", {"daily": 60}),
    ("<MP> 20 mg qid", {"daily": 80}),
    ("<MP> 20 mg q6h", {"daily": 80}),
    ("<MP> 20 mg every 6 hours", {"daily": 80}),
    ("<MP> 20 mg q4h", {"daily": 120}),
    ("<prednisone> 60 mg daily", {"daily": 60, "per_day": 1}),
    ("<prednisone> 60 mg qd", {"daily": 60}),
    ("<prednisone> 60 mg od", {"daily": 60}),
    ("<prednisone> 60 mg/d", {"daily": 60}),
    ("<prednisone> 60 mg/day", {"daily": 60}),
    ("<prednisone> 60 mg per day", {"daily": 60}),
    ("<prednisone> 60 mg qam", {"daily": 60}),
    ("<prednisone> 60 mg", {"daily": 60, "per_day": None}),
    ("<prednisone> 60", {"daily": 60}),
    ("<prednisone> at 60 mg", {"daily": 60}),
    ("<prednisone> (60 mg daily)", {"daily": 60}),
    ("<prednisone>, 60 mg daily", {"daily": 60}),
    ("<prednisone> 20 mg every other day", {"daily": 10}),
    ("<prednisone> 20 mg qod", {"daily": 10}),
    ("60 mg <prednisone> daily", {"daily": 60}),
    ("60 mg of <prednisone> per day", {"daily": 60}),
    ("on 60 mg/d <prednisone>", {"daily": 60}),
    ("<dex> 40 mg weekly", {"daily": pytest.approx(40 / 7)}),
    ("<methylprednisolone> 1 g IV daily x 3 days", {"amount": 1000, "daily": 1000, "days": 3, "route": "iv"}),
    ("<methylprednisolone> 1g/d x3d", {"daily": 1000, "days": 3}),
    ("<methylprednisolone> 1 gram daily for 3 days", {"daily": 1000, "days": 3}),
    ("<methylprednisolone> 1,000 mg daily for three days", {"daily": 1000, "days": 3}),
    ("<methylprednisolone> 1000 mg/day for 5 consecutive days", {"daily": 1000, "days": 5}),
    ("<methylprednisolone> 0.5 g daily x 3", {"daily": 500, "days": 3}),
    ("<methylprednisolone> 500 mg daily x 3.", {"days": 3}),
    ("<methylprednisolone> 500 mg daily x3, then off", {"days": 3}),
    ("<methylprednisolone> 500 mg x1.", {"days": 1}),
    ("<methylprednisolone> 500 mg once", {"days": 1}),
    ("a single dose of <methylprednisolone> 500 mg", {"days": 1}),
    ("<methylprednisolone> 500 mg daily 3/7", {"daily": 500}),
    ("<methylprednisolone> 500 mg daily for one week", {"days": 7}),
    ("<methylprednisolone> 500 mg daily for 2 weeks", {"days": 14}),
    ("<prednisone> 60 mg daily for a month", {"days": 30}),
    ("<prednisone> 60 mg daily for 3 months", {"days": 90}),
    ("<methylprednisolone> 500 mg daily, days 1-4", {"days": 4}),
    ("<methylprednisolone> 500 mg daily D1-D3", {"days": 3}),
    ("<methylprednisolone> 500 mg daily, day 3", {"days": 3}),
    ("<methylprednisolone> 500 mg daily, day 2 of 5", {"days": 2}),
    ("<methylprednisolone> 500 mg daily 3/1-3/5", {"days": 5}),
    ("<methylprednisolone> 500 mg daily 1/30-2/2", {"days": 4}),
    ("<methylprednisolone> 500 mg daily 01.03.-05.03.", {"days": 5}),
    ("<methylprednisolone> 500 mg daily 2024.3.1-2024.3.5", {"days": 5}),
    ("<methylprednisolone> 500 mg daily 1-5 Mar", {"days": 5}),
    ("<methylprednisolone> 2 mg/kg/day divided BID", {"amount": 2, "per": "kg", "daily": 2}),
    ("<methylprednisolone> 1 mg/kg q12h", {"per": "kg", "daily": 2}),
    ("<methylprednisolone> 1 mg/kg bid", {"per": "kg", "daily": 2}),
    ("<methylprednisolone> 30 mg/kg/d x 3 d", {"per": "kg", "daily": 30, "days": 3}),
    ("<methylprednisolone> 2 mg per kg per day", {"per": "kg", "daily": 2}),
    ("<methylprednisolone> 2 mg/kg (100 mg) daily", {"per": "kg", "daily": 2, "also_mg": 100}),
    ("<dexamethasone> 10 mg/m2", {"per": "m2", "daily": 10}),
    ("<dexamethasone> 10 mg/m2/day", {"per": "m2", "daily": 10}),
    ("<dexamethasone> 10 mg/m^2 daily", {"per": "m2", "daily": 10}),
    ("<dex> 0.6 mg/kg", {"per": "kg", "daily": 0.6}),
    ("<dex> 500 mcg bid", {"daily": 1}),
    ("<hydrocortisone> 50 mg IV q6h", {"daily": 200, "route": "iv"}),
    ("<prednisone> 40-60 mg daily", {"daily": 60}),
    ("<prednisone> 60 mg PO daily", {"route": "po"}),
    ("<prednisone> 60 mg by mouth daily", {"route": "po"}),
    ("<methylprednisolone> 80 mg IM", {"route": "im"}),
    ("oral <prednisone> 60 mg", {"route": "po"}),
    ("IV <methylprednisolone> 60 mg", {"route": "iv"}),
    ("pulse <methylprednisolone> 1 g", {"pulse": True, "amount": 1000}),
    ("pulsed <methylprednisolone>", {"pulse": True}),
    ("<methylprednisolone> pulse", {"pulse": True}),
    ("<methylprednisolone> pulses x 3", {"pulse": True, "days": 3}),
    ("high-dose <methylprednisolone>", {"high": True, "amount": None}),
    ("high dose <steroids>", {"high": True}),
    ("<prednisone> 60 mg with taper", {"taper": True}),
    ("<prednisone> 60->40->20", {"taper": True}),
    ("<prednisone> 60 mg, weaning", {"taper": True}),
    ("<prednisone>", {"amount": None, "daily": None, "days": None, "pulse": False}),
    ("<prednisone> for 3 days", {"amount": None, "days": 3}),
    ("<prednisone> 5 days ago", {"amount": None, "days": None}),
    ("<prednisone> 3 weeks later", {"amount": None, "days": None}),
    ("<prednisone> after 3 days", {"amount": None, "days": None}),
    ("<prednisone> 50% better", {"amount": None}),
    ("<prednisone> 3 cycles", {"amount": None}),
    ("\u00a0<prednisone>  60  mg", {"amount": 60}),
    ("<methylprednisolone> 62,5 mg", {"amount": 62.5}),
]


@pytest.mark.parametrize(("written", "facts"), DOSES)
def test_a_dose_is_read(written: str, facts: dict[str, Any]) -> None:
    found = dose(written)
    assert {name: getattr(found, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("written", "facts"),
    [
        ("60 mg then <dex> 20 mg", {"amount": 20}),
        ("<prednisone> 60 mg, rituximab 500 mg weekly", {"amount": 60}),
        ("aspirin 100 mg, <prednisone> 60 mg daily", {"amount": 60}),
    ],
)
def test_the_dose_of_another_drug_is_not_taken(written: str, facts: dict[str, Any]) -> None:
    found = dose(written)
    assert {name: getattr(found, name) for name in facts} == facts


def test_a_dose_outside_of_the_stretch_is_not_read() -> None:
    text = "prednisone and dexamethasone 40 mg"
    assert read_dose(text, 0, 0, 10, 14).amount is None


def test_facts_that_are_not_stated_are_left_out() -> None:
    assert dose("<prednisone>").details() == {}
    assert dose("<prednisone> 60 mg").details() == {"dose": 60.0, "dose_unit": "mg", "daily": 60.0}


TIMES = {"daily": 1, "qd": 1, "bid": 2, "twice daily": 2, "q12h": 2, "tid": 3, "q8h": 3, "qid": 4, "q6h": 4, "q4h": 6}


@examples(150)
@given(
    amount=st.integers(1, 999),
    often=st.sampled_from(sorted(TIMES)),
    days=st.integers(1, 14),
    route=st.sampled_from(["", " IV", " PO"]),
)
def test_amount_times_frequency_is_the_daily_dose(amount: int, often: str, days: int, route: str) -> None:
    found = dose(f"<methylprednisolone> {amount} mg{route} {often} x {days} days")
    assert (found.amount, found.daily, found.days) == (amount, amount * TIMES[often], days)


@examples(100)
@given(grams=st.sampled_from([0.25, 0.5, 1, 1.5, 2]), unit=st.sampled_from(["g", " g", " gm", " grams"]))
def test_grams_are_milligrams(grams: float, unit: str) -> None:
    assert dose(f"<MP> {grams:g}{unit} daily").daily == grams * 1000


@examples(150)
@given(before=any_text(), after=any_text())
def test_any_text_around_a_name_gives_a_dose_that_makes_sense(before: str, after: str) -> None:
    text = f"{before}prednisone{after}"
    found = read_dose(text, 0, len(before), len(before) + 10, len(text))
    assert found.amount is None or found.amount >= 0
    assert found.days is None or found.days >= 0
    assert found.per in (None, "kg", "m2")
