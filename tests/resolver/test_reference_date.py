"""The reference date, partial dates and the order of notes."""

import datetime as dt
from typing import Any

import pytest

from extractor import Note, Screener
from extractor.errors import UsageError
from extractor.mechanisms.base import interval, years_before
from extractor.screener import in_order, reference_date
from tests.resolver.charts import status


@pytest.mark.parametrize(
    ("question", "text", "as_of", "wanted"),
    [
        ("I1", "2020-01-01 DOB 2008-03-01.", "2024-02-29", "not_met"),
        ("I1", "2020-01-01 DOB 2008-03-01.", "2024-03-01", "met"),
        ("I1", "2020-01-01 DOB 1943-03-01.", "2024-02-29", "met"),
        ("I1", "2020-01-01 DOB 1943-03-01.", "2024-03-01", "not_met"),
        ("I1", "2020-01-01 12-year-old boy.", "2023-12-31", "possible"),
        ("I1", "2020-01-01 12-year-old boy.", "2025-01-02", "met"),
        ("I1", "undated DOB 2008-03-01.", "2024-03-01", "met"),
        ("E3", "2021-01-01 Hodgkin lymphoma diagnosed 2020-01-01, in remission.", "2025-01-01", "met"),
        ("E3", "2021-01-01 Hodgkin lymphoma diagnosed 2020-01-01, in remission.", "2025-01-02", "not_met"),
        ("E3", "2021-01-01 Hodgkin lymphoma diagnosed 2020-02-29, in remission.", "2025-02-28", "met"),
        ("E3", "2021-01-01 Hodgkin lymphoma diagnosed 2020-02-29, in remission.", "2025-03-01", "not_met"),
        ("E3", "undated h/o Hodgkin lymphoma 2020.", "2024-03-01", "met"),
        ("E3", "undated h/o Hodgkin lymphoma 2010.", "2024-03-01", "not_met"),
        ("ebv_active", "2021-01-01 EBV PCR positive.", "2024-03-01", "met"),
    ],
)
def test_a_reference_date_that_is_given_is_kept_to(
    screener: Screener, question: str, text: str, as_of: str, wanted: str
) -> None:
    assert status(screener, question, text, as_of=as_of) == wanted


@pytest.mark.parametrize(
    ("dates", "as_of", "reference"),
    [
        (["2024-01-01", "2024-03-01", "2024-02-01"], None, dt.date(2024, 3, 1)),
        (["2024-01-01", None], None, dt.date(2024, 1, 1)),
        ([None, None], None, None),
        ([], None, None),
        (["2024-01", "2023"], None, None),
        (["2024-01-01"], "2023-05-05", dt.date(2023, 5, 5)),
        (["2024-01-01"], dt.date(2023, 5, 5), dt.date(2023, 5, 5)),
        ([], "2024-02-29", dt.date(2024, 2, 29)),
    ],
)
def test_the_reference_date_is_the_one_given_or_that_of_the_latest_note(
    dates: list[str | None], as_of: Any, reference: dt.date | None
) -> None:
    assert reference_date(dates, as_of) == reference


@pytest.mark.parametrize("as_of", ["2023-02-29", "yesterday", "01/02/2023", "", "2023"])
def test_a_reference_date_that_is_no_day_is_refused(as_of: str) -> None:
    with pytest.raises(UsageError, match="give a date as YYYY-MM-DD"):
        reference_date(["2024-01-01"], as_of)


@pytest.mark.parametrize(
    ("day", "years", "before"),
    [
        ("2024-03-01", 5, "2019-03-01"),
        ("2024-02-29", 5, "2019-02-28"),
        ("2024-02-29", 4, "2020-02-29"),
        ("2025-02-28", 5, "2020-02-28"),
        ("2025-03-01", 5, "2020-03-01"),
        ("2024-12-31", 1, "2023-12-31"),
    ],
)
def test_years_before_a_day(day: str, years: float, before: str) -> None:
    assert years_before(dt.date.fromisoformat(day), years) == dt.date.fromisoformat(before)


@pytest.mark.parametrize(
    ("iso", "first", "last"),
    [
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2023-12", "2023-12-01", "2023-12-31"),
        ("2023-11", "2023-11-01", "2023-11-30"),
        ("2023", "2023-01-01", "2023-12-31"),
    ],
)
def test_a_partial_date_is_an_interval(iso: str, first: str, last: str) -> None:
    assert interval(iso) == (dt.date.fromisoformat(first), dt.date.fromisoformat(last))


@pytest.mark.parametrize("iso", [None, ""])
def test_no_date_is_no_interval(iso: str | None) -> None:
    assert interval(iso) is None


def test_notes_are_ordered_by_date_then_id_undated_ones_first() -> None:
    given_order = [
        Note("p", "b", "", "2024-01-02"),
        Note("p", "a", "", "2024-01-02"),
        Note("p", "z", "", None),
        Note("p", "c", "", "2023-12-31"),
        Note("p", "y", "", None),
    ]
    assert [n.note_id for n in in_order(given_order)] == ["y", "z", "c", "a", "b"]
