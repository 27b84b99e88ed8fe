"""All inputs as one stream: the right reader for each, duplicates set aside, faults as lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol, TypeVar

from extractor.notes.files import plain_name, why_unread
from extractor.notes.issues import Found, InputError, Located, NoteIssue, Source
from extractor.notes.jsonlines import read_json_lines
from extractor.notes.parts import count_parts, joined
from extractor.notes.places import is_remote, listed, places_of, shown, translated
from extractor.notes.reading import Reading, reading
from extractor.notes.tables import read_csv
from extractor.notes.textfiles import LISTING, NOTES, is_text_file, read_folder, read_text_file
from extractor.schema import Note

T = TypeVar("T")
Item = Note | NoteIssue
Input = str | Path | Source
READ_BEFORE: Final = "the ids of this note were read before; give each note of a patient an id of its own"
SHIFTED_OTHERWISE: Final = "its date shift is another than in the patient's notes before; give one for each patient"
Reader = Callable[[Path, Reading], Iterator[Found]]


class Seen(Protocol):
    """Remembers which notes, by patient and note id, were read; a set does."""

    def __contains__(self, key: object, /) -> bool:
        """Return whether a note was read before."""

    def add(self, key: tuple[str, str], /) -> None:
        """Remember a note."""


def read_notes(
    inputs: Iterable[Input], columns: Mapping[str, str] | None = None, *, how: Reading | None = None
) -> Iterator[Item]:
    """Yield the notes of inputs in order, and an issue for whatever could not be read.

    A note is known by patient and note id together; of two with the same ids the later one is set aside.
    Offsets of mentions count into ``Note.text``, which is the text as given: line ends are untouched, only a
    byte order mark at the start of a file is no part of it.

    Args:
        inputs: folders of text files or of tables, text files, CSV / TSV, JSON Lines or Parquet files, packed or
            not; addresses such as ``s3://bucket/notes.parquet``; patterns such as ``notes/*.parquet``.
        columns: the user's own column names by field, see ``parse_columns``.
        how: how inputs are to be read, see ``reading``; ``columns`` is then left out.

    Yields:
        A ``Note``, or a ``NoteIssue`` of kind ``set_aside``, ``warning`` or ``input``.
    """
    for found in find_notes(inputs, columns, how=how):
        yield found.note if isinstance(found, Located) else found


def find_notes(
    inputs: Iterable[Input],
    columns: Mapping[str, str] | None = None,
    *,
    how: Reading | None = None,
    seen: Seen | None = None,
) -> Iterator[Found]:
    """Yield what ``read_notes`` yields, each note with the place it was read from.

    Args:
        inputs: files, folders, addresses, patterns and other sources.
        columns: the user's own column names by field.
        how: how inputs are to be read; ``columns`` is then left out.
        seen: remembers the notes that were read; default is a set, which grows with their number.
    """
    inputs, how = list(inputs), how or reading(columns)
    found = _all(inputs, how)
    if how.parts:  # the first reading tells how many rows each note has, so that the second need not hold them all
        found = joined(found, count_parts(_all(inputs, how)), how.separator)
    seen = set() if seen is None else seen
    shifts: dict[str, int] = {}
    for item in found:
        checked = _unless_seen(item, seen)
        yield _unless_shifted_otherwise(checked, shifts) if how.shifted else checked


def _all(inputs: Iterable[Input], how: Reading) -> Iterator[Found]:
    """Yield what stands in all inputs; one that cannot be read is an issue, and the others go on."""
    for given in inputs:
        count = faults = 0
        for item in _input(given, how):
            kind = item.kind if isinstance(item, NoteIssue) else "note"
            count += kind in ("note", "set_aside")
            faults += kind == "input"
            yield item
        if not count and not faults:
            name = str(given) if isinstance(given, Source) else shown(given)
            yield NoteIssue(name, None, "holds no notes; give a row per note", kind="input")


def _input(given: Input, how: Reading) -> Iterator[Found]:
    """Yield what stands in one input, be it many files; of these one that cannot be read costs itself alone."""
    try:
        if isinstance(given, Source):
            yield from given.read(how)
            return
        places = [path for place in places_of(given) for path in _tables_of(place)]
    except InputError as fault:
        yield NoteIssue(fault.source, None, fault.reason, kind="input")
        return
    for place in places:
        last = None
        try:
            for found in _read(place, how):
                last = found.row
                yield found
        except InputError as fault:
            read = "" if last is None else f" (what stands up to row {last} was read)"
            yield NoteIssue(fault.source, None, fault.reason + read, kind="input")


def _tables_of(path: Path) -> list[Path]:
    """Return the tables in a folder that holds no text files, as Spark and warehouses write them; else the path."""
    try:
        if not _asked(path.is_dir, path):
            return [path]
        files = listed(path)
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        raise InputError(path, why_unread(error)) from None
    tables = [p for p in files if _suffix(p) in _READERS and p.name != LISTING]
    if any(is_text_file(p) or p.name == LISTING for p in files) or not any(_suffix(p) in _IN_FOLDERS for p in tables):
        return [path]
    return [p for p in tables if _suffix(p) in _IN_FOLDERS]


def _asked(question: Callable[[], T], path: Path) -> T:
    return translated(question) if is_remote(path) else question()


def _unless_seen(found: Found, seen: Seen) -> Found:
    if isinstance(found, NoteIssue):
        return found
    key = (found.note.patient_id, found.note.note_id)
    if key in seen:
        return found.issue(READ_BEFORE)
    seen.add(key)
    return found


def _unless_shifted_otherwise(found: Found, shifts: dict[str, int]) -> Found:
    """Return a note, unless its dates are shifted by other days than those of its patient before."""
    if isinstance(found, NoteIssue):
        return found
    note = found.note
    if shifts.setdefault(note.patient_id, note.date_shift) != note.date_shift:
        return found.issue(SHIFTED_OTHERWISE)
    return found


def _read(path: Path, how: Reading) -> Iterator[Found]:
    try:
        if _asked(path.is_dir, path):
            return read_folder(path, how)
        _asked(path.stat, path)
    except (OSError, ValueError) as error:
        raise InputError(path, why_unread(error)) from None
    if is_text_file(path):
        return read_text_file(path, how)
    reader = _READERS.get(_suffix(path))
    if reader is None:
        raise InputError(path, f"is of no known kind; let its name end in {', '.join([*NOTES, *_READERS])}")
    return reader(path, how)


def _suffix(path: Path) -> str:
    return Path(plain_name(path)).suffix.lower()


def _parquet(path: Path, how: Reading) -> Iterator[Found]:
    from extractor.notes.parquet import read_parquet

    return read_parquet(path, how)


_READERS: Final[Mapping[str, Reader]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json_lines,
    ".parquet": _parquet,
}
_IN_FOLDERS: Final = frozenset({".parquet", ".jsonl", ".ndjson", ".csv", ".tsv"})
"""What is read of a folder of tables; ``.json`` there is more often a table's description."""
