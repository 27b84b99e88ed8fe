"""Answers from gold mentions: what the resolver makes of a perfect reading, which tells its errors from the extractor's.

Gold says where a mention stands, its label and its attributes. What it does not say (concept, value, date, dose, course)
comes from the tool's own mention on the same span; a gold mention that the tool missed is read from its own words and those
behind it. Mentions that the tool invented are left out. The resolver's own statements (labels that begin with ``_``)
stay as the tool reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from evaluation import tool
from evaluation.align import overlap_pairs
from evaluation.tables import NOTE_KEY, Tables, answer_table, mention_table, note_table
from extractor import Extractor, Screener
from extractor.dates import find_dates
from extractor.schema import ANSWER_COLUMNS, ATTRIBUTES, MENTION_COLUMNS, Mention, Note

NAME: Final = f"{tool.NAME} on gold mentions"
_BEHIND: Final = 120
"""Characters behind a missed mention in which its value, dose or date is looked for."""
_FRAMES: Final[Mapping[str, str]] = {"HLH_CAUSE": "HLH due to ", "DRUG_ALLERGY": "Allergies: "}
"""Words in whose company alone the tool takes a span for the label."""


def answer_from_gold(gold: Tables, *, trial: str = tool.DEFAULT_TRIAL, rules: Path | None = None) -> Tables:
    """Return the gold's mentions with the answers that the resolver gives to them.

    Args:
        gold: annotated notes.
        trial: trial file or id.
        rules: a site's own rules.
    """
    screener = Screener(trial, rules=rules)
    screener.extractor = GoldReader(gold.mentions, rules)
    found: list[Mention] = []
    answers: list[Any] = []
    for _, of_patient in gold.notes.groupby("patient_id", sort=True):
        mentions, answered = screener.screen(tool.as_notes(of_patient))
        found += [m for m in mentions if not m.label.startswith(tool.OWN)]
        answers += answered
    return Tables(
        note_table(),
        mention_table({c: getattr(m, c) for c in MENTION_COLUMNS} for m in found),
        answer_table({c: getattr(a, c) for c in ANSWER_COLUMNS} for a in answers),
        name=NAME,
    )


class GoldReader(Extractor):
    """An extractor that finds what the gold has, with its attributes.

    Args:
        gold: the gold's mentions.
        rules: a site's own rules.
    """

    def __init__(self, gold: pd.DataFrame, rules: Path | None = None) -> None:
        super().__init__(rules)
        self._gold = {key: part.reset_index(drop=True) for key, part in gold.groupby(NOTE_KEY)}

    def signals(self, note: Note) -> Iterator[Mention]:
        """Yield the gold's mentions of a note and the resolver's own statements."""
        read = list(super().signals(note))
        own = [m for m in read if m.label.startswith(tool.OWN)]
        annotated = self._gold.get((note.patient_id, note.note_id))
        if annotated is None:
            yield from own
            return
        seen = [m for m in read if not m.label.startswith(tool.OWN)]
        pairs = overlap_pairs(annotated, mention_table({c: getattr(m, c) for c in MENTION_COLUMNS} for m in seen))
        partner = dict(zip(pairs["gold"], pairs["predicted"], strict=True))
        rows = annotated.to_dict("records")
        made = [
            _corrected(seen[partner[n]], row) if n in partner else self._missed(note, row, rows)
            for n, row in enumerate(rows)
        ]
        yield from sorted([*own, *made], key=lambda m: (m.start, m.end, m.label))

    def _missed(self, note: Note, row: Mapping[Any, Any], rows: Sequence[Mapping[Any, Any]]) -> Mention:
        """Return a gold mention that the tool did not find, with what its words and those behind it say."""
        start, end, label = int(row["start"]), int(row["end"]), str(row["label"])
        stop = min([r["start"] for r in rows if r["start"] >= end] + [end + _BEHIND])
        frame = _FRAMES.get(label, "")
        words = Note(note.patient_id, note.note_id, frame + note.text[start:stop], note.note_date)
        inside = range(len(frame), len(frame) + end - start)
        read = [m for m in super().signals(words) if m.start in inside and m.label == label]
        if read:
            found = replace(read[0], start=start, end=end, text=note.text[start:end])
        else:
            dates = find_dates(words.text, 0, len(words.text), note.note_date)
            found = _plain(note, start, end, label, dates[0].iso if dates else None)
        return _corrected(replace(found, sentence_start=start, sentence_end=end), row)


def _plain(note: Note, start: int, end: int, label: str, date: str | None) -> Mention:
    words = note.text[start:end]
    place = (note.patient_id, note.note_id, note.note_date, f"{note.note_id}:{label}:{start}", label, words.lower())
    return Mention(
        *place, words, start, end, None, start, end, *(False,) * 5, (), date, *(None,) * 6, {}, "gold"
    )  # fmt: skip


def _corrected(mention: Mention, row: Mapping[Any, Any]) -> Mention:
    """Return a mention with the gold's attributes, and a result of the test that goes with them."""
    told: dict[str, Any] = {name: bool(row[name]) for name in ATTRIBUTES}
    result = mention.result
    if told["negated"] != mention.negated:
        result = "negative" if told["negated"] and mention.label == "EBV" else None if result == "negative" else result
    return replace(mention, result=result, **told)
