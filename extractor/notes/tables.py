"""CSV and TSV, row by row: quoted line ends kept, malformed rows and wrong bytes told by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from extractor.notes.columns import REQUIRED, find_columns
from extractor.notes.files import DAMAGED, binary_kind, encoding_of, open_bytes, plain_name, why_unread
from extractor.notes.issues import Found, InputError, NoteIssue
from extractor.notes.rows import items_of_row

Row = tuple[int, "dict[str, Any] | NoteIssue"]
LONGEST: Final = 2**31 - 1
_WRONG_BYTE = re.compile("[\udc80-\udcff]")
"""How Python's surrogateescape shows a byte that is not UTF-8; right UTF-8 never decodes to these."""


def read_csv(path: Path, given: Mapping[str, str]) -> Iterator[Found]:
    """Yield the notes of a CSV or TSV file.

    Args:
        path: the file.
        given: the user's own column names.

    Raises:
        InputError: it cannot be read as a table at all.
    """
    for row, values in read_table(path, given):
        if isinstance(values, NoteIssue):
            yield values
        else:
            yield from items_of_row(str(path), row, values, values.pop("", None))


def read_table(path: Path, given: Mapping[str, str], required: Sequence[str] = REQUIRED) -> Iterator[Row]:
    """Yield each row's number, the header being 1, with its values by field or its fault.

    Args:
        path: the file.
        given: the user's own column names.
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
            binary = binary_kind(head)
            if binary:
                raise InputError(path, binary)
            with io.TextIOWrapper(stream, encoding_of(head), "surrogateescape", newline="") as lines:
                yield from _rows(path, lines, given, required)
    except UnicodeDecodeError:
        raise InputError(path, "is not the UTF-16 that its first bytes say; save it as UTF-8") from None
    except DAMAGED as error:
        raise InputError(path, why_unread(error)) from None


def _rows(path: Path, lines: io.TextIOWrapper, given: Mapping[str, str], required: Sequence[str]) -> Iterator[Row]:
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
            header, places = record, find_columns(path, record, given, required)
        elif isinstance(record, str):
            yield number, NoteIssue(str(path), number, record)
        else:
            yield number, _values(str(path), number, record, header, places)


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
    source: str, number: int, record: list[str], header: Sequence[str], places: Mapping[str, int]
) -> dict[str, Any] | NoteIssue:
    if len(record) != len(header):
        reason = f"has {len(record)} fields, the header has {len(header)}; quote fields that hold a comma or a line end"
        return NoteIssue(source, number, reason)
    values: dict[str, Any] = {field: record[place] or None for field, place in places.items()}
    for field in places:
        wrong = _WRONG_BYTE.search(values[field] or "")
        if wrong:
            at = len(values[field][: wrong.start()].encode("utf-8", "surrogateescape")) + 1
            reason = f"{field} is not UTF-8 at its byte {at}; save the file as UTF-8"
            return NoteIssue(source, number, reason, _clean(values.get("patient_id")), _clean(values.get("note_id")))
    values[""] = {name: record[i] for i, name in enumerate(header) if i not in places.values()}
    return values


def _clean(value: str | None) -> str | None:
    return None if value is None or _WRONG_BYTE.search(value) else value
