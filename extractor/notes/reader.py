"""All inputs as one stream: the right reader for each, duplicates set aside, faults as lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from extractor.notes.files import plain_name, why_unread
from extractor.notes.issues import Found, InputError, Located, NoteIssue
from extractor.notes.jsonlines import read_json_lines
from extractor.notes.tables import read_csv
from extractor.notes.textfiles import is_text_file, read_folder, read_text_file
from extractor.schema import Note

Item = Note | NoteIssue
READ_BEFORE: Final = "the ids of this note were read before; give each note of a patient an id of its own"
Reader = Callable[[Path, Mapping[str, str]], Iterator[Found]]


def read_notes(inputs: Iterable[str | Path], columns: Mapping[str, str] | None = None) -> Iterator[Item]:
    """Yield the notes of inputs in order, and an issue for whatever could not be read.

    A note is known by patient and note id together; of two with the same ids the later one is set aside.
    Offsets of mentions count into ``Note.text``, which is the text as given: line ends are untouched, only a
    byte order mark at the start of a file is no part of it.

    Args:
        inputs: folders of text files, text files, CSV / TSV, JSON Lines or Parquet files, packed or not.
        columns: the user's own column names by field, see ``parse_columns``.

    Yields:
        A ``Note``, or a ``NoteIssue`` of kind ``set_aside``, ``warning`` or ``input``.
    """
    for found in find_notes(inputs, columns):
        yield found.note if isinstance(found, Located) else found


def find_notes(inputs: Iterable[str | Path], columns: Mapping[str, str] | None = None) -> Iterator[Found]:
    """Yield what ``read_notes`` yields, each note with the place it was read from."""
    seen: set[tuple[str, str]] = set()
    for given in inputs:
        count = 0
        try:
            for found in _read(Path(given), columns or {}):
                count += not (isinstance(found, NoteIssue) and found.kind == "warning")
                yield _unless_seen(found, seen)
            if not count:
                raise InputError(given, "holds no notes; give a row per note")
        except InputError as fault:
            yield NoteIssue(fault.source, None, fault.reason, kind="input")


def _unless_seen(found: Found, seen: set[tuple[str, str]]) -> Found:
    if isinstance(found, NoteIssue):
        return found
    key = (found.note.patient_id, found.note.note_id)
    if key in seen:
        return found.issue(READ_BEFORE)
    seen.add(key)
    return found


def _read(path: Path, columns: Mapping[str, str]) -> Iterator[Found]:
    try:
        if path.is_dir():
            return read_folder(path, columns)
        path.stat()
    except OSError as error:
        raise InputError(path, why_unread(error)) from None
    if is_text_file(path):
        return read_text_file(path)
    reader = _READERS.get(Path(plain_name(path)).suffix.lower())
    if reader is None:
        raise InputError(path, f"is of no known kind; let its name end in {', '.join(['.txt', *_READERS])}")
    return reader(path, columns)


def _parquet(path: Path, columns: Mapping[str, str]) -> Iterator[Found]:
    from extractor.notes.parquet import read_parquet

    return read_parquet(path, columns)


_READERS: Final[Mapping[str, Reader]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json_lines,
    ".parquet": _parquet,
}
