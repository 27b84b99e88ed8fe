"""The one door to the extractor: its public names, its version and its rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.tables import Tables, answer_table, mention_table, note_table
from extractor.schema import ANSWER_COLUMNS, MENTION_COLUMNS, Note

NAME = "notecriteria"
DEFAULT_TRIAL = "NCT07208058"
OWN = "_"
"""What labels of the resolver's own statements begin with; they are evidence, and no mentions of the guideline."""


def version() -> str:
    """Return the installed version of the tool, ``unknown`` outside an installation."""
    try:
        return metadata.version(NAME)
    except metadata.PackageNotFoundError:
        return "unknown"


def rules_digest(rules: Path | None = None) -> str:
    """Return the digest of the rules in use."""
    from extractor.rulebook import load_rulebook

    return load_rulebook(rules).digest if rules else load_rulebook().digest


def as_notes(notes: pd.DataFrame) -> Iterator[Note]:
    """Yield the rows of a table of notes as the extractor's notes."""
    for row in notes.to_dict("records"):
        yield Note(row["patient_id"], row["note_id"], row["text"], row["note_date"], row["note_type"])


def run_tool(notes: pd.DataFrame, *, trial: str = DEFAULT_TRIAL, rules: Path | None = None) -> Tables:
    """Run the tool over notes as ``screen`` does: mentions of each note, answers of each patient.

    Args:
        notes: a table of notes.
        trial: trial file or id.
        rules: a site's own rules.
    """
    from extractor import Screener

    screener = Screener(trial, rules=rules)
    mentions: list[Any] = []
    answers: list[Any] = []
    for _, of_patient in notes.groupby("patient_id", sort=True):
        found, answered = screener.screen(as_notes(of_patient))
        mentions += [m for m in found if not m.label.startswith(OWN)]
        answers += answered
    return Tables(
        note_table(),
        mention_table(_row(m, MENTION_COLUMNS) for m in mentions),
        answer_table(_row(a, ANSWER_COLUMNS) for a in answers),
        name=NAME,
    )


def run_mentions(notes: pd.DataFrame) -> pd.DataFrame:
    """Return the tool's mentions of notes, without answers."""
    from extractor import Extractor

    return mention_table(_row(m, MENTION_COLUMNS) for m in Extractor().mentions_of(as_notes(notes)))


def _row(item: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    return {column: getattr(item, column) for column in columns}


def assert_span() -> Callable[[str, int, int], dict[str, bool]]:
    """Return the extractor's function that gives a span its five attributes."""
    from extractor import Extractor

    extractor = Extractor()
    return lambda text, start, end: dict(extractor.assert_span(text, start, end))


class RuleLookup:
    """Questions to the rulebook by which mistakes are sorted: does an entry match, is a cue there.

    Args:
        rules: a site's own rules.
    """

    def __init__(self, rules: Path | None = None) -> None:
        from extractor.rulebook import load_rulebook
        from extractor.terms import alternation

        book = load_rulebook(rules) if rules else load_rulebook()
        self._terms = book.terms
        self._cues = {
            cue.id: (cue.category, re.compile(alternation(cue.terms, cue.cased, cue.patterns), re.IGNORECASE))
            for cue in book.cues
            if cue.role not in ("pseudo", "termination")
        }
        self.section_ids = {section.id for section in book.sections}

    def entry_in(self, label: str, text: str) -> str | None:
        """Return the id of a vocabulary entry of the label that matches in a text."""
        return next((t.entry.id for t in self._terms if t.label == label and t.regex.search(text)), None)

    def cue_in(self, category: str, text: str) -> str | None:
        """Return the id of a cue of the category that stands in a text."""
        return next((i for i, (kind, regex) in self._cues.items() if kind == category and regex.search(text)), None)
