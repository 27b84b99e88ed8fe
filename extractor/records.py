"""What is kept of each patient until all notes are read: mentions and their sentences, never whole notes."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from extractor.markup import Plain, plain_of
from extractor.schema import Mention, Note
from extractor.screener import first_seen, in_order, sentence_keys
from extractor.shift import date_moved_back, mentions_moved_back

SHOWN: Final = 300
"""Characters of a sentence that the report shows at most."""
_BEFORE: Final = 120


class Snippet(NamedTuple):
    """A mention in its sentence, for the report: where it stands there, and whether the sentence is cut."""

    text: str
    start: int
    end: int
    cut_before: bool
    cut_after: bool


class Findings(NamedTuple):
    """What is kept of a note: its mentions, the keys of their sentences, and what the report shows of these."""

    mentions: list[Mention]
    keys: dict[str, str]
    snippets: dict[str, Snippet]


class NoteResult(NamedTuple):
    """What one note gave: its findings, packed so that many notes fit into memory, or why it gave nothing."""

    patient_id: str
    note_id: str
    note_date: str | None
    packed: bytes | None
    fault: str | None = None


def pack(note: Note, mentions: Sequence[Mention], *, redact: bool) -> NoteResult:
    """Return what is kept of a note, its dates as they were before it was de-identified.

    Args:
        note: the note.
        mentions: its mentions.
        redact: keep no words of the note.
    """
    mentions = mentions_moved_back(note, mentions)
    findings = Findings(
        [replace(m, text=None) if redact else m for m in mentions],
        sentence_keys(note, mentions),
        {} if redact else _snippets(note.text, mentions),
    )
    packed = pickle.dumps(findings, protocol=pickle.HIGHEST_PROTOCOL) if mentions else None
    return NoteResult(note.patient_id, note.note_id, date_moved_back(note), packed)


def _snippets(text: str, mentions: Sequence[Mention]) -> dict[str, Snippet]:
    plain = plain_of(text) if mentions else None
    return {m.mention_id: snippet_of(text, m, plain) for m in mentions}


def snippet_of(text: str, mention: Mention, plain: Plain | None = None) -> Snippet:
    """Return a mention's sentence, or the part of a long one around it.

    Args:
        text: the note as given.
        mention: the mention.
        plain: the words of a note that is HTML or RTF, which are shown in place of its tags.
    """
    low, high = mention.sentence_start, max(mention.sentence_end, mention.end)
    start, end = mention.start, mention.end
    if plain is not None:
        text, (low, high), (start, end) = plain.text, plain.inside(low, high), plain.inside(start, end)
    first, last = low, high
    if high - low > SHOWN:
        low = max(low, start - _BEFORE)
        high = min(high, low + SHOWN)
    return Snippet(text[low:high], start - low, min(end, high) - low, low > first, high < last)


@dataclass(frozen=True)
class Record:
    """One patient, ready to be answered.

    Args:
        patient_id: the patient.
        note_dates: a date, or none, for each note read, in order.
        set_aside: how many notes were set aside.
        mentions: mentions in the order of the notes, the resolver's own statements among them.
        first_seen: the date at which a copied-forward sentence first stood, by mention id.
        snippets: what the report shows of each mention, by its id.
    """

    patient_id: str
    note_dates: Sequence[str | None]
    set_aside: int
    mentions: Sequence[Mention]
    first_seen: dict[str, str | None]
    snippets: Mapping[str, Snippet]


@dataclass
class Records:
    """All patients of a run, by id."""

    _notes: dict[str, list[NoteResult]] = field(default_factory=dict)
    _set_aside: Counter[str] = field(default_factory=Counter)

    def add(self, result: NoteResult) -> None:
        """Keep what a note gave."""
        self._notes.setdefault(result.patient_id, []).append(result)

    def set_aside(self, patient_id: str | None) -> None:
        """Remember that a patient has a note that could not be read."""
        if patient_id is not None:
            self._set_aside[patient_id] += 1

    @property
    def patients(self) -> list[str]:
        """All patients in order, also those none of whose notes could be read."""
        return sorted(self._notes.keys() | self._set_aside.keys())

    def __iter__(self) -> Iterator[Record]:
        """Yield every patient, in order."""
        return (self[patient] for patient in self.patients)

    def __getitem__(self, patient_id: str) -> Record:
        """Return one patient."""
        results = {r.note_id: r for r in self._notes.get(patient_id, [])}
        ordered = in_order(Note(patient_id, r.note_id, "", r.note_date) for r in results.values())
        findings = [_unpacked(results[n.note_id]) for n in ordered]
        dates = [n.note_date for n in ordered]
        return Record(
            patient_id=patient_id,
            note_dates=dates,
            set_aside=self._set_aside[patient_id],
            mentions=[m for f in findings for m in f.mentions],
            first_seen=first_seen((date, f.keys) for date, f in zip(dates, findings, strict=True)),
            snippets={i: snippet for f in findings for i, snippet in f.snippets.items()},
        )


def _unpacked(result: NoteResult) -> Findings:
    if result.packed is None:
        return Findings([], {}, {})
    findings: Findings = pickle.loads(result.packed)  # packed by a worker of this run, never read from elsewhere
    return findings
