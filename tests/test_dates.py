"""Dates: absolute, partial, relative, in all orders; what is ambiguous stays so; what is no date is none."""

from __future__ import annotations

import calendar
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor import Extractor, Note
from extractor.dates import NoteDates, find_dates, parse_date
from tests.shared import any_text, examples, notes_of

NOTED = "2024-03-09"
MONTHS = list(calendar.month_name)[1:]


def isos(text: str, note_date: str | None = NOTED) -> list[str]:
    """Return the dates of a text."""
    return [d.iso for d in find_dates(text, 0, len(text), note_date)]


@pytest.mark.parametrize("number", range(0, 400, 40))
def test_the_dates_of_a_note_read_once_are_those_of_its_text(number: int) -> None:
    note = notes_of("dev")[number]
    whole = NoteDates(note.text, note.note_date).between(0, len(note.text))
    assert whole == find_dates(note.text, 0, len(note.text), note.note_date)


@pytest.mark.parametrize("gap", range(300, 420, 7))
def test_a_date_over_the_edge_of_what_is_read_at_once_is_read_whole(gap: int) -> None:
    text = "-" * gap + " on 12 January 2021 and on 03/2022"
    assert [d.iso for d in NoteDates(text, None).between(0, len(text))] == ["2021-01-12", "2022-03"]


def test_a_date_that_a_stretch_cuts_is_none_of_it() -> None:
    text = "seen on 12 January 2021."
    assert NoteDates(text, None).between(0, text.index("2021") + 2) == []


ABSOLUTE = [
    ("2024-02-29", "2024-02-29"),
    ("2024/02/29", "2024-02-29"),
    ("2024.2.29", "2024-02-29"),
    ("2024-2-9", "2024-02-09"),
    ("02/29/2024", "2024-02-29"),
    ("2/29/24", "2024-02-29"),
    ("29/02/2024", "2024-02-29"),
    ("29-02-2024", "2024-02-29"),
    ("29.02.2024", "2024-02-29"),
    ("29.2.24", "2024-02-29"),
    ("03.04.2021", "2021-04-03"),
    ("13/05/2020", "2020-05-13"),
    ("05/13/2020", "2020-05-13"),
    ("4/4/2020", "2020-04-04"),
    ("29 Feb 2024", "2024-02-29"),
    ("29-Feb-2024", "2024-02-29"),
    ("29th of February 2024", "2024-02-29"),
    ("1st March, 2021", "2021-03-01"),
    ("March 1, 2021", "2021-03-01"),
    ("Mar 1st 2021", "2021-03-01"),
    ("MARCH 1, 2021", "2021-03-01"),
    ("Sept. 3, 2020", "2020-09-03"),
    ("12 Dec '19", "2019-12-12"),
    ("2021年3月4日", "2021-03-04"),
    ("2021年3月", "2021-03"),
    ("March 2021", "2021-03"),
    ("Mar of 2021", "2021-03"),
    ("May 2021", "2021-05"),
    ("Mar '21", "2021-03"),
    ("2021-03", "2021-03"),
    ("03/2021", "2021-03"),
    ("3/2021", "2021-03"),
    ("12/1999", "1999-12"),
    ("2021", "2021"),
    ("1999", "1999"),
    ("'98", "1998"),
    ("'07", "2007"),
]


@pytest.mark.parametrize(("text", "iso"), ABSOLUTE)
@pytest.mark.parametrize("frame", ["{}", "in {}", "DLBCL ({}), treated", "on {}.", "since {}; then"])
def test_a_date_is_read(frame: str, text: str, iso: str) -> None:
    assert isos(frame.format(text)) == [iso]


@pytest.mark.parametrize(("text", "iso"), ABSOLUTE)
def test_a_date_is_read_without_a_date_of_the_note(text: str, iso: str) -> None:
    assert isos(f"on {text}, she", None) == [iso]


AMBIGUOUS = [("03/04/2021", "2021"), ("3/4/21", "2021"), ("1-2-2020", "2020"), ("12/11/1999", "1999")]


@pytest.mark.parametrize(("text", "iso"), AMBIGUOUS)
def test_a_date_in_either_order_keeps_what_both_orders_share(text: str, iso: str) -> None:
    (date,) = find_dates(text, 0, len(text), NOTED)
    assert (date.iso, date.ambiguous) == (iso, True)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("3/1", "2024-03-01"),
        ("on 2/28, she", "2024-02-28"),
        ("2/29", "2024-02-29"),
        ("28 Feb", "2024-02-28"),
        ("Feb 28", "2024-02-28"),
        ("28th February", "2024-02-28"),
        ("15 March", "2024-03-15"),
        ("15 December", "2023-12-15"),
        ("Dec 15", "2023-12-15"),
        ("in December", "2023-12"),
        ("in Feb", "2024-02"),
        ("in May", "2023-05"),
        ("12/31", "2023-12-31"),
    ],
)
def test_a_date_without_a_year_takes_the_notes_or_the_year_before(text: str, iso: str) -> None:
    assert isos(text) == [iso]


def test_the_29th_of_february_without_a_year_lies_in_a_leap_year_or_nowhere() -> None:
    assert isos("on 29 Feb") == ["2024-02-29"]
    assert isos("on 29 Feb", "2023-06-01") == []


@pytest.mark.parametrize("text", ["3/1", "28 Feb", "in December", "2 weeks ago", "yesterday", "last year"])
def test_without_a_date_of_the_note_such_a_date_is_not_read(text: str) -> None:
    assert isos(text, None) == []


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("1 day ago", "2024-03-08"),
        ("9 days ago", "2024-02-29"),
        ("yesterday", "2024-03-08"),
        ("last night", "2024-03-08"),
        ("1 week ago", "2024-03-02"),
        ("two weeks ago", "2024-02-24"),
        ("3 wks ago", "2024-02-17"),
        ("3/7 ago", "2024-03-06"),
        ("2/52 ago", "2024-02-24"),
        ("last week", "2024-03-02"),
        ("1 month ago", "2024-02"),
        ("3 months ago", "2023-12"),
        ("15 months ago", "2022-12"),
        ("last month", "2024-02"),
        ("2/12 ago", "2024-01"),
        ("a year ago", "2023"),
        ("5 years ago", "2019"),
        ("10 yrs ago", "2014"),
        ("twenty years ago", "2004"),
        ("3 years prior", "2021"),
        ("3 years earlier", "2021"),
        ("last year", "2023"),
    ],
)
def test_a_relative_date_is_as_exact_as_its_unit(text: str, iso: str) -> None:
    (date,) = find_dates(text, 0, len(text), NOTED)
    assert (date.iso, date.relative) == (iso, True)


@pytest.mark.parametrize(
    ("text", "noted", "iso"),
    [
        ("1 day ago", "2024-03-01", "2024-02-29"),
        ("1 day ago", "2023-03-01", "2023-02-28"),
        ("yesterday", "2024-01-01", "2023-12-31"),
        ("1 month ago", "2024-01-31", "2023-12"),
        ("1 month ago", "2024-03-31", "2024-02"),
        ("12 months ago", "2024-02-29", "2023-02"),
        ("1 year ago", "2024-02-29", "2023"),
        ("1 week ago", "2024-03-07", "2024-02-29"),
    ],
)
def test_relative_dates_over_the_edges_of_months_and_years(text: str, noted: str, iso: str) -> None:
    assert isos(text, noted) == [iso]


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29",
        "2100-13-01",
        "31/31/2020",
        "29 Feb 2023",
        "April 31, 2021",
        "2024-00-10",
        "0/0/2020",
        "1021",
        "2051",
        "1939",
        "2,021",
        "2021 mg",
        "2019 copies",
        "1/2.5 mg",
        "6/8 criteria",
        "5/8",
        "2/2 EBV",
        "120/80",
        "4/10 hpf",
        "12.5",
        "+2021/1999+1/2/3/4",
        "may",
        "may need",
        "mar",
        "12345",
        "555-2021-11",
    ],
)
def test_what_is_no_date_is_not_read(text: str) -> None:
    assert isos(f"has {text}") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2011 and 2015", ["2011", "2015"]),
        ("from 3/2020 to 5/2021", ["2020-03", "2021-05"]),
        ("s/p axi-cel 3/2022, relapse 2023-01-05, PET 2/1", ["2022-03", "2023-01-05", "2024-02-01"]),
        ("1 Jan 2020 - 3 Feb 2021", ["2020-01-01", "2021-02-03"]),
    ],
)
def test_several_dates_are_read_in_order(text: str, found: list[str]) -> None:
    assert isos(text) == found


def test_offsets_are_those_of_the_text_and_of_the_stretch() -> None:
    text = "in 2019, 2020 and 2021"
    (date,) = find_dates(text, 6, 14, NOTED)
    assert text[date.start : date.end] == date.iso == "2020"


DAYS = st.dates(dt.date(1945, 1, 1), dt.date(2049, 12, 31))


@examples(150)
@given(
    day=DAYS,
    style=st.sampled_from(["{0:%Y-%m-%d}", "{0:%Y/%m/%d}", "{0:%d.%m.%Y}", "{0:%d} {1} {0:%Y}", "{1} {0:%d}, {0:%Y}"]),
)
def test_every_day_in_a_clear_style_is_read(day: dt.date, style: str) -> None:
    assert isos("on " + style.format(day, MONTHS[day.month - 1])) == [day.isoformat()]


@examples(150)
@given(day=DAYS, order=st.sampled_from(["{0.month}/{0.day}/{0.year}", "{0.day}/{0.month}/{0.year}"]))
def test_a_day_in_either_order_is_read_or_kept_open(day: dt.date, order: str) -> None:
    (date,) = find_dates(text := order.format(day), 0, len(text), NOTED)
    assert day.isoformat().startswith(date.iso)
    assert date.ambiguous == (day.day <= 12 and day.day != day.month)


ORDERED = [
    ("seen 25/11/2020, again 03/04/2021.", "2021-04-03"),
    ("seen 11/25/2020, again 03/04/2021.", "2021-03-04"),
    ("from 2/4 -> 19/4, again 03/04/2021.", "2021-04-03"),
    ("on 17/2, 28/2 and 3/4/21.", "2021-04-03"),
    ("on 2/17, 2/28 and 3/4/21.", "2021-03-04"),
    ("cpap 16/8, seen 03/04/2021.", "2021"),
    ("seen 25/11/2020 and 11/25/2019, again 03/04/2021.", "2021"),
    ("FEV1 12/20 mm, seen 03/04/2021.", "2021"),
    ("prednisolone 14/7, then 21/7, seen 03/04/2021.", "2021"),
]


@pytest.mark.parametrize(("text", "iso"), ORDERED)
def test_the_other_dates_of_a_note_tell_its_order(text: str, iso: str) -> None:
    last = find_dates(text, 0, len(text), "2021-06-12")[-1]
    assert (last.iso, last.ambiguous) == (iso, len(iso) == 4)


@pytest.mark.parametrize(
    ("text", "noted", "iso"),
    [
        ("bloods 05/02", "2024-02-06", "2024-02-05"),
        ("labs 05/02", "2024-05-06", "2024-05-02"),
        ("labs 11/02", "2024-12-20", "2024-11-02"),
        ("labs 05/02", "2024-08-20", "2024-05-02"),
    ],
)
def test_a_date_without_a_year_lies_just_before_its_note_rather_than_months_ago(
    text: str, noted: str, iso: str
) -> None:
    (date,) = find_dates(text, 0, len(text), noted)
    assert (date.iso, date.ambiguous) == (iso, True)


def test_days_in_sevenths_are_no_day_to_come() -> None:
    text = "seen 15/06/26, ventilated 9/7 in all."
    assert [d.iso for d in find_dates(text, 0, len(text), "2026-06-15")] == ["2026-06-15"]


@examples(150)
@given(day=DAYS, clear=st.integers(13, 28), order=st.sampled_from([0, 1]))
def test_a_day_in_the_order_of_the_note_is_read(day: dt.date, clear: int, order: int) -> None:
    style = ["{m}/{d}/{y}", "{d}/{m}/{y}"][order]
    text = style.format(m=5, d=clear, y=2019) + " and " + style.format(m=day.month, d=day.day, y=day.year)
    date = find_dates(text, 0, len(text), NOTED)[-1]
    assert (date.iso, date.ambiguous) == (day.isoformat(), False)


@examples(150)
@given(noted=DAYS, count=st.integers(1, 300))
def test_days_ago_count_back_from_the_note(noted: dt.date, count: int) -> None:
    assert isos(f"{count} days ago", noted.isoformat()) == [(noted - dt.timedelta(days=count)).isoformat()]


@examples(150)
@given(text=any_text(), noted=st.one_of(st.none(), DAYS.map(str)))
def test_any_text_gives_dates_that_exist(text: str, noted: str | None) -> None:
    for date in find_dates(text, 0, len(text), noted):
        assert 0 <= date.start < date.end <= len(text)
        assert dt.date.fromisoformat((date.iso + "-01-01")[:10] if len(date.iso) == 4 else (date.iso + "-01")[:10])


@pytest.mark.parametrize(
    ("iso", "day"),
    [
        ("2024-02-29", dt.date(2024, 2, 29)),
        ("2024-02-29T10:00:00", dt.date(2024, 2, 29)),
        ("2023-02-29", None),
        ("2024-02", None),
        ("2024", None),
        ("", None),
        (None, None),
        ("no date at", None),
    ],
)
def test_only_a_full_date_is_parsed(iso: str | None, day: dt.date | None) -> None:
    assert parse_date(iso) == day


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("3/2   methylpred 1 mg/kg", "2025-03-02"),
        ("5/21-5/23 dexamethasone 20 mg", "2025-05-21"),
        ("5/11 family meeting, on dexamethasone 20 mg", None),
    ],
)
def test_a_day_at_the_head_of_a_note_is_that_of_writing_unless_it_begins_a_row(
    extractor: Extractor, text: str, date: str | None
) -> None:
    found = [m for m in extractor.mentions_of([Note("p", "n", text, "2025-06-12")]) if m.label == "STEROID"]
    assert [m.date for m in found] == [date]


@pytest.mark.parametrize(
    ("text", "found"),
    [("since 16.02.; well", ["2024-02-16"]), ("on 17.02. and later", ["2024-02-17"]), ("grade 2.1. done", [])],
)
def test_a_day_and_a_month_with_their_dots_are_a_date_behind_a_word_for_when(text: str, found: list[str]) -> None:
    assert isos(text) == found
