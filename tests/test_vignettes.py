"""Vignettes: little charts in many house styles, with the answers that the guideline wants, decided before any run.

They stand in ``vignettes/*.txt``: ``==`` begins a patient, ``--`` and a date a note, ``>>`` the answers. Lines that begin
with ``#`` outside of a patient are comments. ``!`` before a status says that the program answers otherwise as yet, and a line
``?? question: reason`` behind the answers why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from extractor import Note, Screener
from extractor.schema import STATUSES
from tests.shared import wrong

FOLDER = Path(__file__).parent / "vignettes"


class Vignette(NamedTuple):
    """A patient's notes, the statuses of some questions, and why some are not reached as yet."""

    name: str
    notes: tuple[Note, ...]
    wanted: dict[str, str]
    reasons: dict[str, str]


def vignettes() -> Iterator[Vignette]:
    """Yield all patients of the files."""
    for path in sorted(FOLDER.glob("*.txt")):
        for block in re.split(r"^== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            name, _, rest = block.partition("\n")
            written, _, answers = rest.partition("\n>> ")
            parts = re.split(r"^-- (\d{4}-\d\d-\d\d|undated)\n", written, flags=re.MULTILINE)[1:]
            notes = tuple(
                Note("p", f"n{n}", text.strip("\n"), None if date == "undated" else date)
                for n, (date, text) in enumerate(zip(parts[::2], parts[1::2], strict=True))
            )
            given, *why = re.split(r"^\?\? ", answers.strip(), flags=re.MULTILINE)
            wanted = dict(a.split() for a in given.strip().split(", "))
            reasons = dict(line.strip().split(": ", 1) for line in why)
            yield Vignette(f"{path.stem}: {name}", notes, wanted, reasons)


VIGNETTES = list(vignettes())


def cases() -> Iterator[Any]:
    """Yield a test case for each answer."""
    for v in VIGNETTES:
        for question, status in v.wanted.items():
            marks = [wrong(v.reasons[question])] if status.startswith("!") else []
            yield pytest.param(v.notes, question, status.lstrip("!"), id=f"{v.name} {question}", marks=marks)


@pytest.fixture(scope="module")
def screener() -> Screener:
    """The screener of the default trial."""
    return Screener()


@pytest.mark.parametrize(("notes", "question", "status"), cases())
def test_a_vignette_is_answered_as_the_guideline_wants(
    screener: Screener, notes: tuple[Note, ...], question: str, status: str
) -> None:
    answer = next(a for a in screener.answers(notes) if a.question == question)
    assert (answer.status, answer.rationale) == (status, answer.rationale)


def test_all_questions_are_asked_and_all_statuses_wanted(screener: Screener) -> None:
    asked = Counter(q for v in VIGNETTES for q in v.wanted)
    assert set(asked) == {q.id for q in screener.trial.questions}
    assert min(asked.values()) >= 2
    assert {s.lstrip("!") for v in VIGNETTES for s in v.wanted.values()} == set(STATUSES)
    assert len(VIGNETTES) >= 150
    assert len({v.name for v in VIGNETTES}) == len(VIGNETTES)
