"""Dates that were shifted for each patient, moved back; marked-up files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor import Note, Screener
from extractor.batch import screen
from extractor.notes import NoteIssue, read_notes
from extractor.shift import moved_back
from tests.input.tables import SHIFTED, csv_text, issues, json_text, row, texts, write


@pytest.mark.parametrize(
    ("iso", "days", "back"),
    [
        ("2024-03-10", 10, "2024-02-29"),
        ("2024-03-10", -10, "2024-03-20"),
        ("2024-03", 10, "2024-03"),
        ("2024-03", 16, "2024-02"),
        ("2024", 100, "2024"),
        ("2024", 365, "2023"),
        ("2024-03-10", 0, "2024-03-10"),
        ("0001-01-01", 10, None),
        (None, 10, None),
        ("not a date", 10, None),
    ],
)
def test_dates_are_moved_back(iso: str | None, days: int, back: str | None) -> None:
    assert moved_back(iso, days) == back


@given(st.dates(), st.dates(), st.integers(-40_000, 40_000))
def test_the_time_between_two_dates_stays(first: Any, second: Any, days: int) -> None:
    moved = [moved_back(d.isoformat(), days) for d in (first, second)]
    if None not in moved:
        a, b = (type(first).fromisoformat(m) for m in moved)
        assert b - a == second - first


TRUE = {
    "2023-06-12": "DOB 3/14/1961. Received axi-cel 2023-05-02. Breast cancer resected 2019-07-04. CAR-T 3 weeks ago.",
    "2023-06-20": "Lymphoma relapse on 2023-06-01. EBV PCR positive 2023-06-18.",
}
MOVED = {
    "2023-09-20": "DOB 6/22/1961. Received axi-cel 2023-08-10. Breast cancer resected 2019-10-12. CAR-T 3 weeks ago.",
    "2023-09-28": "Lymphoma relapse on 2023-09-09. EBV PCR positive 2023-09-26.",
}
"""The same notes, all dates 100 days later."""


def unquoted(rationale: str) -> str:
    """Return a rationale without the notes' own words, in which dates stand as they were given."""
    return re.sub("\u201c[^\u201d]*\u201d", "", rationale)


def test_a_shifted_export_gives_what_the_true_one_gives(tmp_path: Path) -> None:
    rows = {
        "true": [row(text, str(i), note_date=date) for i, (date, text) in enumerate(TRUE.items())],
        "moved": [row(text, str(i), note_date=date, days=100) for i, (date, text) in enumerate(MOVED.items())],
    }
    for name, made in rows.items():
        write(tmp_path / f"{name}.csv", csv_text(*made).encode())
        shift = "days" if name == "moved" else None
        screen([tmp_path / f"{name}.csv"], tmp_path / name, date_shift_column=shift, as_of="2024-03-01", workers=1)
    answers, mentions = (
        [pq.read_table(tmp_path / name / f"{table}.parquet").to_pylist() for name in rows]
        for table in ("answers", "mentions")
    )
    assert [{**a, "rationale": unquoted(a["rationale"])} for a in answers[0]] == [
        {**a, "rationale": unquoted(a["rationale"])} for a in answers[1]
    ]
    keys = ("note_id", "label", "date", "note_date", "details")
    assert [[m[k] for k in keys] for m in mentions[0]] == [[m[k] for k in keys] for m in mentions[1]]
    assert {m["note_date"] for m in mentions[1]} == set(TRUE)


def test_the_python_screener_moves_dates_back_too() -> None:
    notes = [
        [Note("p", str(i), text, date, date_shift=shift) for i, (date, text) in enumerate(made.items())]
        for made, shift in ((TRUE, 0), (MOVED, 100))
    ]
    true, moved = ([replace(a, rationale=unquoted(a.rationale)) for a in SCREENER.answers(n)] for n in notes)
    assert true == moved


SCREENER = Screener(as_of="2024-03-01")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "the date shift, in days, is missing"),
        ("soon", "the date shift, in days, is no whole number"),
        (2.5, "the date shift, in days, is no whole number"),
        (1e300, "the date shift, in days, is no whole number"),
        (True, "the date shift, in days, is no whole number"),
        ([1], "the date shift, in days, is no whole number"),
    ],
)
def test_a_note_without_a_right_shift_is_set_aside(tmp_path: Path, value: Any, told: str) -> None:
    rows = [row("Bad.", "bad") | {"days": value}, row("Good.", "good", days=-3)]
    items = list(read_notes([write(tmp_path / "n.jsonl", json_text(*rows).encode())], how=SHIFTED))
    assert texts(items) == ["Good."]
    assert told in issues(items)[0].reason


def test_two_shifts_of_one_patient_are_told(tmp_path: Path) -> None:
    rows = [row("A.", "1", days=3), row("B.", "2", days=4), row("C.", "3", patient="q", days=4)]
    items = list(read_notes([write(tmp_path / "n.csv", csv_text(*rows).encode())], how=SHIFTED))
    assert texts(items) == ["A.", "C."]
    assert "its date shift is another than in the patient's notes before" in issues(items)[0].reason


def test_the_listing_of_a_folder_gives_the_shift(tmp_path: Path) -> None:
    write(tmp_path / "p__n.txt", b"Text.")
    write(tmp_path / "notes.csv", b"patient_id,note_id,days\np,n,7\n")
    (note,) = read_notes([tmp_path], how=SHIFTED)
    assert isinstance(note, Note) and note.date_shift == 7


def test_text_files_without_a_listing_have_no_shift(tmp_path: Path) -> None:
    (issue,) = read_notes([write(tmp_path / "p__n.txt", b"Text.")], how=SHIFTED)
    assert isinstance(issue, NoteIssue) and issue.kind == "set_aside"


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("p__n.html", "<html><body><p>Denies <b>asth</b>ma.</p></body></html>"),
        ("p__n.htm", "<p>Denies asthma.</p>"),
        ("p__n.rtf", r"{\rtf1\ansi Denies {\b asth}ma.\par}"),
        ("p__n.txt", r"{\rtf1\ansi Denies asthma.\par}"),
    ],
)
def test_marked_up_files_are_notes(tmp_path: Path, name: str, note: str) -> None:
    write(tmp_path / "in" / name, note.encode())
    screen([tmp_path / "in"], tmp_path / "run")
    (mention,) = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert mention["text"] == note[mention["start"] : mention["end"]]
    assert mention["negated"] is True
