"""CSV and TSV, row by row: quoted line ends kept, malformed rows and wrong bytes told by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from extractor.notes.columns import REQUIRED, find_columns
from extractor.notes.encodings import WRONG_BYTE, DamagedError, Script
from extractor.notes.files import DAMAGED, binary_kind, open_bytes, plain_name, why_unread
from extractor.notes.issues import Found, InputError, NoteIssue
from extractor.notes.reading import Reading
from extractor.notes.rows import items_of_row

Row = tuple[int, "dict[str, Any] | NoteIssue"]
LONGEST: Final = 2**31 - 1


def read_csv(path: Path, how: Reading) -> Iterator[Found]:
    """Yield the notes of a CSV or TSV file.

    Args:
        path: the file.
        how: how inputs are to be read.

    Raises:
        InputError: it cannot be read as a table at all.
    """
    for row, values in read_table(path, how):
        if isinstance(values, NoteIssue):
            yield values
        else:
            yield from items_of_row(str(path), row, values, values.pop("", None), how=how)


def read_table(path: Path, how: Reading, required: Sequence[str] = REQUIRED) -> Iterator[Row]:
    """Yield each row's number, the header being 1, with its values by field or its fault.

    Args:
        path: the file.
        how: how inputs are to be read.
        required: fields that must be there.

    Raises:
        InputError: missing, empty, binary or damaged file, or a missing column.
    """
    csv.field_size_limit(LONGEST)
    try:
        with open_bytes(path) as stream:
            head = stream.peek(8192)[:8192]
            if not head:
                raise InputError(path, "the file is empty; give a header line and a row per note")
            binary = binary_kind(head, how.encoding)
            if binary:
                raise InputError(path, binary)
            script = Script(str(path), head, how.encoding)
            with io.TextIOWrapper(stream, script.encoding, script.errors, newline="") as lines:
                yield from _rows(path, lines, script, how.columns, required)
    except UnicodeError:
        raise InputError(path, f"is not the {script.encoding} that it seems to be; save it as UTF-8") from None
    except DAMAGED as error:
        raise InputError(path, why_unread(error)) from None


def _rows(
    path: Path, lines: io.TextIOWrapper, script: Script, given: Mapping[str, str], required: Sequence[str]
) -> Iterator[Row]:
    first = lines.readline()
    reader = csv.reader(_again(first, lines), delimiter=_delimiter(path, first), strict=True)
    header: list[str] | None = None
    places: dict[str, int] = {}
    for number, record in enumerate(_records(reader), start=1):
        if record == []:
            continue
        if header is None:
            if isinstance(record, str):
                raise InputError(path, f"its header line cannot be read: {record}")
            header = [_replaced(script, name) for name in record]
            places = find_columns(path, header, given, required)
        elif isinstance(record, str):
            yield number, NoteIssue(str(path), number, record)
        else:
            values = _values(script, number, record, header, places)
            yield from ((number, warning) for warning in script.warnings(number))
            yield number, values


def _again(first: str, rest: io.TextIOWrapper) -> Iterator[str]:
    yield first
    yield from rest


def _delimiter(path: Path, header: str) -> str:
    """Return what parts the columns; Excel writes semicolons where the comma is a decimal point."""
    if Path(plain_name(path)).suffix.lower() == ".tsv":
        return "\t"
    return max(",;\t", key=header.count)


def _records(reader: Iterator[list[str]]) -> Iterator[list[str] | str]:
    """Yield each record, or the reason why it is none."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                yield "a quote opened here is never closed, so nothing after it could be read; close it"
            else:
                yield "its quotes are wrong; double every quote inside a quoted field"


def _values(
    script: Script, number: int, record: list[str], header: Sequence[str], places: Mapping[str, int]
) -> dict[str, Any] | NoteIssue:
    if len(record) != len(header):
        reason = f"has {len(record)} fields, the header has {len(header)}; quote fields that hold a comma or a line end"
        return NoteIssue(script.source, number, reason)
    values: dict[str, Any] = {}
    for field, place in places.items():
        try:
            values[field] = script.mended(record[place]) or None
        except DamagedError as error:
            return NoteIssue(script.source, number, f"{field} {error}", values.get("patient_id"), values.get("note_id"))
    inside = set(places.values())
    values[""] = {name: _replaced(script, record[i]) for i, name in enumerate(header) if i not in inside}
    return values


def _replaced(script: Script, text: str) -> str:
    """Return text of a column that nobody reads, whatever its bytes are."""
    try:
        return script.mended(text)
    except DamagedError:
        return WRONG_BYTE.sub("\ufffd", text)
