"""What the tests of the core have in common: dev notes, generated texts, marked sentences."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from evaluation.inline import parse_inline
from extractor.schema import ATTRIBUTES, Mention, Note

GOLD = Path(__file__).resolve().parent.parent / "annotated_notes"

# `HYPOTHESIS_SEARCH=50 pytest tests/test_x.py` looks fifty times as hard, and elsewhere each time.
_EFFORT = int(os.environ.get("HYPOTHESIS_SEARCH", "0"))


def examples(count: int) -> settings:
    """Return settings for a property: the same examples in every run, unless a search is asked for."""
    return settings(
        max_examples=count * max(1, _EFFORT),
        deadline=None,
        derandomize=not _EFFORT,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def made(path: Path) -> Path:
    """Return a folder that was just made."""
    path.mkdir()
    return path


def wrong(reason: str) -> pytest.MarkDecorator:
    """Mark a row that stands as the guideline wants it, where the program still answers otherwise."""
    return pytest.mark.xfail(strict=True, reason=reason)


@lru_cache(maxsize=2)
def notes_of(split: str) -> tuple[Note, ...]:
    """Return the notes of a split of the gold, texts exactly as they lie on disk."""
    folder = GOLD / split
    with (folder / "notes.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(
            Note(
                row["patient_id"],
                row["note_id"],
                (folder / row["file"]).read_bytes().decode(),
                row["note_date"] or None,
                row["note_type"] or None,
            )
            for row in csv.DictReader(rows)
        )


@lru_cache(maxsize=1)
def dev_sentences() -> tuple[str, ...]:
    """Return the lines and the sentences of the dev notes, each once."""
    pieces: dict[str, None] = {}
    for note in notes_of("dev"):
        for line in note.text.splitlines():
            for piece in (line, *re.split(r"(?<=[.;])\s+", line)):
                if 8 <= len(piece) <= 240:
                    pieces[piece] = None
    return tuple(pieces)


HEADERS = (
    "PMH:", "PAST MEDICAL HISTORY\n", "Family history:", "FHx:", "HPI:", "Plan:", "A/P:", "Impression:", "DDx:", "Labs:",
    "Meds:", "MEDICATIONS\n", "Allergies:", "Discharge instructions:", "ROS:", "Problem list\n", "Reason for visit:",
    "HOSPITAL COURSE\n", "UNKNOWN HEADER\n", "Other thing:\n", "1. ", "- ", "* ", "[ ] ", "[x] ", "| ",
)  # fmt: skip
NOISE = (
    " ", "  ", "\n", "\n\n", "\t", "\r\n", ". ", ", ", "; ", ": ", "? ", " - ", " / ", " (", ") ", "...", "->", " no ",
    " denies ", " h/o ", " mother ", " if ", " possible ", " ruled out", " but ", " negative", " pending ", " 2019 ",
    " 3/4 ", "[ ] yes [x] no", "***", "_____", "|", "No ", "not ", "s/p ", "x 3 days", " EBV", " asthma", " CAR-T ",
)  # fmt: skip
ODD = (
    "\u00a0", "\u200b", "\u2010", "\u2011", "\u2013", "\u0301", "e\u0301", "\u00e9", "\U0001f642", "\ud800", "\udfff",
    "\x00", "\ufeff", "\u00ad", "\u3000", "\u2028", "\x0b", "\x0c", "\x1f", "\r", "\u00bc", "\u00b2", "\u2264", "\u00b5",
    "\u03b2", "\uff0c", "\u3002", "\u5e74", "\u0661", "\u2610", "\u2611", "\u2026", "\u0130", "\u017f", "\u212a", "\ufb01",
    "\u2019", "\u00df", "\u1e9e", "\u01c5", "\u0345", "\u20e3", "\u200d", "\u202e", "\u00d7",
)  # fmt: skip


def spliced(least: int = 0, most: int = 14) -> st.SearchStrategy[str]:
    """Return texts put together from sentences of dev notes, headers, noise and odd characters."""
    piece = st.one_of(
        st.sampled_from(dev_sentences()),
        st.sampled_from(dev_sentences()).map(lambda s: s[len(s) // 3 :]),
        st.sampled_from(dev_sentences()).map(lambda s: s[: len(s) // 2]),
        st.sampled_from(HEADERS),
        st.sampled_from(NOISE),
        st.sampled_from(ODD),
    )
    joint = st.sampled_from(("", " ", "\n", " ", "\n", ", ", ". ", "\r\n"))
    return st.lists(st.tuples(piece, joint), min_size=least, max_size=most).map(
        lambda parts: "".join(a + b for a, b in parts)
    )


def pitted() -> st.SearchStrategy[str]:
    """Return sentences of dev notes with odd characters between their own, also inside words."""

    def pit(sentence: str, holes: Sequence[tuple[float, str]]) -> str:
        for where, char in holes:
            at = int(where * len(sentence))
            sentence = sentence[:at] + char + sentence[at:]
        return sentence

    holes = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(ODD)), max_size=8)
    return st.builds(pit, st.sampled_from(dev_sentences()), holes)


def any_text() -> st.SearchStrategy[str]:
    """Return texts of all kinds: spliced, pitted, and any characters at all, lone surrogates included."""
    return st.one_of(
        spliced(), pitted(), st.text(st.characters(), max_size=60), st.text(" \t\n.,;:-()[]x?NYno0123456789/")
    )


def shown(mentions: Sequence[Mention]) -> list[tuple[str, int, int, tuple[str, ...]]]:
    """Return label, offsets and true attributes of mentions."""
    return [(m.label, m.start, m.end, tuple(a for a in ATTRIBUTES if getattr(m, a))) for m in mentions]


def expected(marked: str) -> tuple[str, list[tuple[str, int, int, tuple[str, ...]]]]:
    """Return the text of a marked sentence, and its marks as :func:`shown` shows mentions."""
    text, spans = parse_inline(marked)
    rows = [(s.label, s.start, s.end, tuple(a for a in ATTRIBUTES if a in s.attributes)) for s in spans]
    return text, sorted(rows, key=lambda r: (r[1], r[2], r[0]))
