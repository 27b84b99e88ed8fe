"""A note per text file: ids and dates from the names, or from a ``notes.csv`` beside them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from extractor.notes.files import DAMAGED, PACKED, decode, open_bytes, plain_name, why_unread
from extractor.notes.issues import Found, InputError, NoteIssue
from extractor.notes.places import listed
from extractor.notes.reading import Reading
from extractor.notes.rows import items_of_row
from extractor.notes.tables import read_table

LISTING: Final = "notes.csv"
NOTES: Final = (".txt", ".html", ".htm", ".rtf")
_COMPANIONS: Final = frozenset({".ann", ".csv", ".json", ".md", ".yaml"})
"""What lies beside notes in a gold folder; other files may be notes in another format, so they are told."""
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_text_file(path: Path) -> bool:
    """Return whether a file is a note by its name: ``.txt``, ``.html``, ``.htm`` or ``.rtf``, packed or not."""
    return plain_name(path).lower().endswith(NOTES)


def ids_of(path: Path) -> dict[str, Any]:
    """Return patient, note and date that a file's name tells; any other name is both ids."""
    stem = Path(plain_name(path)).stem
    parts = stem.split("__")
    if all(parts) and (len(parts) == 2 or (len(parts) == 3 and _DATED.fullmatch(parts[2]))):
        return dict(zip(("patient_id", "note_id", "note_date"), parts, strict=False))
    return {"patient_id": stem, "note_id": stem}


def read_text_file(path: Path, how: Reading, told: Mapping[str, Any] | None = None) -> Iterator[Found]:
    """Yield the note in a text file, or why it is set aside.

    Args:
        path: the file.
        how: how inputs are to be read.
        told: fields known from elsewhere, before those of the file's name.
    """
    values = ids_of(path) | {field: value for field, value in (told or {}).items() if value}
    try:
        with open_bytes(path) as stream:
            values["text"], script = decode(stream.read(), str(path), how.encoding)
    except (*DAMAGED, ValueError) as error:
        reason = str(error) if isinstance(error, ValueError) else why_unread(error)
        yield NoteIssue(str(path), None, reason, values["patient_id"], values["note_id"])
        return
    yield from script.warnings(None, values["patient_id"], values["note_id"])
    yield from items_of_row(str(path), None, values, values.get(""), how=how)


def read_folder(folder: Path, how: Reading) -> Iterator[Found]:
    """Yield the notes of a folder of text files, by file name.

    Args:
        folder: the folder.
        how: how inputs are to be read; the columns are those of ``notes.csv``.

    Raises:
        InputError: it holds no text file, or a ``notes.csv`` that cannot be used.
    """
    try:
        paths = listed(folder)
    except OSError as error:
        raise InputError(folder, why_unread(error)) from None
    files = [p for p in paths if is_text_file(p) and not p.is_dir()]
    listing = folder / LISTING
    if not files and not listing.is_file():
        raise InputError(folder, "holds no .txt files; name a folder of notes, or a table itself")
    yield from _left_out(folder, paths)
    if listing.is_file():
        yield from _listed(folder, listing, files, how)
        return
    for path in files:
        yield from read_text_file(path, how)


def _left_out(folder: Path, paths: list[Path]) -> Iterator[NoteIssue]:
    """Tell of files and folders that are not read, so that no patient is missed silently."""
    kinds = Counter(
        "folders" if p.is_dir() else f"*{p.suffix}"
        for p in paths
        if (p.is_dir() and not _is_run(p)) or not (p.is_dir() or is_text_file(p) or p.suffix.lower() in _COMPANIONS)
    )
    if kinds:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        reason = f"not read, because notes are .txt files right in the folder: {told}; convert or name them"
        yield NoteIssue(str(folder), None, reason, kind="warning")


def _is_run(folder: Path) -> bool:
    """Return whether a folder holds the results of a run; nobody takes those for notes."""
    return any((folder / name).is_file() for name in (".checkpoint.sqlite", "run.json"))


def _listed(folder: Path, listing: Path, files: list[Path], how: Reading) -> Iterator[Found]:
    by_name = {p.name: p for p in files}
    unread = dict(by_name)
    for row, values in read_table(listing, how, required=("patient_id",)):
        if isinstance(values, NoteIssue):
            yield values
            continue
        path = _file_of(folder, values, by_name)
        if path is None:
            reason = "the file of this row is not in the folder; put it there or mend the row"
            yield NoteIssue(str(listing), row, reason, values.get("patient_id") or None, values.get("note_id") or None)
            continue
        unread.pop(path.name, None)
        yield from read_text_file(path, how, values)
    for path in unread.values():
        told = ids_of(path)
        reason = f"is not in {LISTING}, so its name gives its ids; add a row for it"
        yield NoteIssue(str(path), None, reason, told["patient_id"], told["note_id"], kind="warning")
        yield from read_text_file(path, how)


def _file_of(folder: Path, values: Mapping[str, Any], by_name: Mapping[str, Path]) -> Path | None:
    """Return the file of a row: the one it names, else the one that its ids name."""
    named = values.get("file")
    if named:
        path = folder / named
        inside = path.resolve().is_relative_to(folder.resolve())
        return path if inside and path.is_file() else None
    patient, note, date = (values.get(k) or "" for k in ("patient_id", "note_id", "note_date"))
    stems = (f"{patient}__{note}__{date}", f"{patient}__{note}", note, patient if not note else "")
    names = (f"{stem}.txt{packed}" for stem in stems if stem for packed in ("", *PACKED))
    return next((by_name[name] for name in names if name in by_name), None)
