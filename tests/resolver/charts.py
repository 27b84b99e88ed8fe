"""Little charts for the resolver's tests: a patient's notes written as rows.

A row is a status and the patient's notes. A note begins with its date, or with ``undated``; without either it is of
2024-03-01, which is also the reference date of most rows.
"""

import re
from copy import copy
from typing import Any

import pytest

from extractor import Answer, Extractor, Mention, Note, Screener
from tests.shared import wrong

DAY = "2024-03-01"
Row = tuple[str, ...]


class Remembering(Extractor):
    """An extractor that reads each note once, since the properties ask for the same notes again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._read: dict[tuple[object, ...], list[Mention]] = {}

    def signals(self, note: Note) -> list[Mention]:
        """Return what was found in the note when it was first read."""
        key = (note.patient_id, note.note_id, note.text, note.note_date)
        if key not in self._read:
            self._read[key] = list(super().signals(note))
        return self._read[key]


def notes(*written: str) -> list[Note]:
    """Return a patient's notes as they are written in the rows."""
    made = []
    for number, text in enumerate(written):
        m = re.match(r"(\d{4}-\d\d-\d\d|undated)\s", text)
        date = None if m and m[1] == "undated" else m[1] if m else DAY
        made.append(Note("p", f"n{number}", text[m.end() :] if m else text, date))
    return made


def status(screener: Screener, question: str, *written: str, as_of: str | None = None) -> str:
    """Return the status of a question."""
    return answer(screener, question, *written, as_of=as_of).status


def answer(screener: Screener, question: str, *written: str, as_of: str | None = None) -> Answer:
    """Return the answer to a question."""
    if as_of:
        screener = copy(screener)
        screener.as_of = as_of
    return next(a for a in screener.answers(notes(*written)) if a.question == question)


def but(reason: str, *row: str) -> Any:
    """Return a row that the program gets wrong as yet."""
    return pytest.param(row, marks=wrong(reason))
