"""Notes split over rows: the parts of a note joined in order, wherever their rows stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from extractor.notes.issues import Found, Located, NoteIssue
from extractor.notes.rows import is_blank
from extractor.schema import Note

Key = tuple[str, str]
_NAMED: Final = 5
"""Numbers that a message names; of more it tells how many."""


def count_parts(found: Iterable[Found]) -> Counter[Key]:
    """Return how many rows each note has.

    Args:
        found: all rows, read a first time; nothing of their text is kept.
    """
    counts: Counter[Key] = Counter()
    for item in found:
        key = _key(item)
        if key is not None:
            counts[key] += 1
    return counts


def joined(found: Iterable[Found], counts: Counter[Key], separator: str) -> Iterator[Found]:
    """Yield notes as soon as all their parts are read, so that only notes with parts to come are held.

    Args:
        found: the same rows as were counted.
        counts: how many rows each note has.
        separator: what stands between parts.
    """
    waiting: dict[Key, _Parts] = {}
    for item in found:
        key = _key(item)
        if key is None:
            yield item
            continue
        parts = waiting.setdefault(key, _Parts())
        parts.add(item)
        if parts.rows == counts[key]:
            yield from waiting.pop(key).note(separator)


def _key(item: Found) -> Key | None:
    """Return the note that a row belongs to, ``None`` for what is no part of a note."""
    if isinstance(item, Located):
        return None if item.part is None else (item.note.patient_id, item.note.note_id)
    if item.kind != "set_aside" or item.patient_id is None or item.note_id is None:
        return None
    return item.patient_id, item.note_id


@dataclass
class _Parts:
    """The rows of one note so far."""

    good: list[Located] = field(default_factory=list)
    faults: list[NoteIssue] = field(default_factory=list)
    rows: int = 0

    def add(self, item: Found) -> None:
        self.rows += 1
        if isinstance(item, Located):
            self.good.append(item)
        else:
            self.faults.append(item)

    def note(self, separator: str) -> Iterator[Found]:
        """Yield the note, after a warning for each part that is not in it, or why it is set aside."""
        if not self.good:
            yield self.faults[0]
            return
        ordered = sorted(self.good, key=lambda part: part.part or 0)
        kept, again = _once(ordered)
        first = kept[0]
        texts = {part.part: part.note.text for part in kept}
        differing = sorted({part.part or 0 for part in again if part.note.text != texts[part.part]})
        if differing:
            yield first.issue(f"part {_numbers(differing)} stands there twice with different text; keep one of each")
            return
        text = separator.join(part.note.text for part in kept)
        if is_blank(text):
            yield first.issue("the note is empty in all its parts; fill it in or leave it out")
            return
        for fault in self.faults:
            yield replace(fault, kind="warning", reason=f"{fault.reason}; the note is read without this part")
        if again:
            numbers = _numbers(sorted({part.part or 0 for part in again}))
            yield _warning(first, f"part {numbers} stands there twice with the same text and is read once; remove one")
        missing = _missing([part.part or 0 for part in kept])
        if missing:
            yield _warning(first, f"part {_numbers(missing)} is missing, so the note is read without it; add it")
        yield first._replace(note=_joined(kept, text), part=None)


def _joined(parts: list[Located], text: str) -> Note:
    """Return the first part's note with the whole text, and with the first date and type that a part has."""
    notes = [part.note for part in parts]
    return replace(
        notes[0],
        text=text,
        note_date=next((n.note_date for n in notes if n.note_date), None),
        note_type=next((n.note_type for n in notes if n.note_type), None),
    )


def _once(ordered: list[Located]) -> tuple[list[Located], list[Located]]:
    """Return the first of each number, and those that follow with the same one."""
    kept: list[Located] = []
    again: list[Located] = []
    for part in ordered:
        (again if kept and kept[-1].part == part.part else kept).append(part)
    return kept, again


def _missing(numbers: list[int]) -> list[int]:
    """Return the numbers that are missing; numbering begins at 0 or at 1."""
    expected = range(min(1, numbers[0]), numbers[-1] + 1)
    if len(expected) == len(numbers):
        return []
    there = set(numbers)
    return [number for number in expected if number not in there]


def _numbers(numbers: list[int]) -> str:
    named = ", ".join(map(str, numbers[:_NAMED]))
    return named if len(numbers) <= _NAMED else f"{named} and {len(numbers) - _NAMED} more"


def _warning(part: Located, reason: str) -> NoteIssue:
    return replace(part.issue(reason), kind="warning")
