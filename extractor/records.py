"""What is kept of each patient until all notes are read: mentions and their sentences, never whole notes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from extractor.learned import LEARNED
from extractor.markup import Plain, plain_of
from extractor.schema import MENTION_COLUMNS, Mention, Note
from extractor.screener import first_seen, in_order, sentence_key
from extractor.shift import date_moved_back, mentions_moved_back

SHOWN: Final = 300
"""Characters of a sentence that the report shows at most."""
_BEFORE: Final = 120
_STORED: Final = tuple(c for c in MENTION_COLUMNS if c not in ("patient_id", "note_id", "note_date"))
"""Columns kept of a mention; the note tells the others."""


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


def pack(note: Note, mentions: Iterable[Mention], *, redact: bool) -> NoteResult:
    """Return what is kept of a note, its dates as they were before it was de-identified.

    Args:
        note: the note.
        mentions: its mentions, taken one by one, so that those of a long note are never held at once.
        redact: keep no words of the note.
    """
    plain = None
    # JSON and not pickle: the checkpoint outlives the run, and reading a file must never run what stands in it
    press, pieces, begun = zlib.compressobj(level=1), [], False
    for mention in mentions_moved_back(note, mentions):
        if not begun:
            plain = plain_of(note.text)
        kept = without_words(mention) if redact else mention
        row = [
            [getattr(kept, name) for name in _STORED],
            sentence_key(note, mention, plain),
            None if redact else snippet_of(note.text, mention, plain),
        ]
        pieces.append(press.compress(f"{',' if begun else '['}{json.dumps(row, separators=(',', ':'))}".encode()))
        begun = True
    packed = b"".join([*pieces, press.compress(b"]"), press.flush()]) if begun else None
    return NoteResult(note.patient_id, note.note_id, date_moved_back(note), packed)


def without_words(mention: Mention) -> Mention:
    """Return a mention without the words of its note: its text, and the clues that a second reading went by."""
    return replace(mention, text=None, details={k: v for k, v in mention.details.items() if k != LEARNED})


def unpack(result: NoteResult) -> Findings:
    """Return what ``pack`` kept of a note."""
    findings = Findings([], {}, {})
    for values, key, snippet in json.loads(zlib.decompress(result.packed)) if result.packed else ():
        stored = dict(zip(_STORED, values, strict=True))
        stored["cues"] = tuple(stored["cues"])
        mention = Mention(patient_id=result.patient_id, note_id=result.note_id, note_date=result.note_date, **stored)
        findings.mentions.append(mention)
        if key is not None:
            findings.keys[mention.mention_id] = key
        if snippet is not None:
            findings.snippets[mention.mention_id] = Snippet(*snippet)
    return findings


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


class Kept(NamedTuple):
    """What was kept of a patient.

    Args:
        patient_id: the patient.
        results: what each note gave.
        set_aside: how many notes were set aside.
    """

    patient_id: str
    results: list[NoteResult]
    set_aside: int

    @property
    def record(self) -> Record:
        """The patient, ready to be answered."""
        return record_of(self.patient_id, self.results, self.set_aside)


def record_of(patient_id: str, results: Iterable[NoteResult], set_aside: int) -> Record:
    """Return a patient's notes put together.

    Args:
        patient_id: the patient.
        results: what each of the patient's notes gave.
        set_aside: how many of the patient's notes were set aside.
    """
    by_id = {r.note_id: r for r in results}
    ordered = in_order(Note(patient_id, r.note_id, "", r.note_date) for r in by_id.values())
    findings = [unpack(by_id[n.note_id]) for n in ordered]
    dates = [n.note_date for n in ordered]
    return Record(
        patient_id=patient_id,
        note_dates=dates,
        set_aside=set_aside,
        mentions=[m for f in findings for m in f.mentions],
        first_seen=first_seen((date, f.keys) for date, f in zip(dates, findings, strict=True)),
        snippets={i: snippet for f in findings for i, snippet in f.snippets.items()},
    )
