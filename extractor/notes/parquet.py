"""Parquet, batch by batch: whole numbers become ids, strings are decoded one by one."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from extractor.notes.columns import find_columns
from extractor.notes.files import DAMAGED, not_utf8, open_bytes, why_unread
from extractor.notes.issues import Found, InputError, NoteIssue
from extractor.notes.rows import items_of_row

_ROWS: Final = 256
"""Rows held at a time; a note may have megabytes."""


def read_parquet(path: Path, given: Mapping[str, str]) -> Iterator[Found]:
    """Yield the notes of a Parquet file.

    Args:
        path: the file.
        given: the user's own column names.

    Raises:
        InputError: missing, empty, damaged or no Parquet file, or a missing column.
    """
    try:
        with open_bytes(path) as stream:
            if not stream.peek(1):
                raise InputError(path, "the file is empty; write it again")
            packed = not isinstance(stream.raw, io.FileIO)
            with pq.ParquetFile(pa.BufferReader(stream.read()) if packed else str(path)) as file:
                yield from _rows(path, file, given)
    except pa.ArrowException:
        raise InputError(path, "is no Parquet file, or a damaged one; write it again") from None
    except DAMAGED as error:
        raise InputError(path, why_unread(error)) from None


def _rows(path: Path, file: pq.ParquetFile, given: Mapping[str, str]) -> Iterator[Found]:
    names = list(file.schema_arrow.names)
    places = find_columns(path, names, given)
    number = 0
    for batch in file.iter_batches(batch_size=_ROWS):
        columns = [_values(column) for column in batch.columns]
        for values in zip(*columns, strict=True):
            number += 1
            yield from items_of_values(str(path), number, names, places, values)


def items_of_values(
    source: str, number: int | None, names: Sequence[str], places: Mapping[str, int], values: Sequence[Any]
) -> Iterator[Found]:
    """Yield a row's note, or why it is set aside; strings are given as bytes.

    Args:
        source: the file or table.
        number: the row, counted from 1.
        names: the names of all columns.
        places: the place of each field among them.
        values: the row.
    """
    row: dict[str, Any] = {}
    for field, place in places.items():
        try:
            row[field] = _text(values[place])
        except UnicodeDecodeError as error:
            reason = f"{field} {not_utf8(error.start)}"
            yield NoteIssue(source, number, reason, row.get("patient_id"), row.get("note_id"))
            return
    extra = {name: _text(values[i], "replace") for i, name in enumerate(names) if i not in places.values()}
    yield from items_of_row(source, number, row, extra)


def _text(value: Any, errors: str = "strict") -> Any:
    return value.decode("utf-8", errors) if isinstance(value, bytes) else value


def _values(column: pa.Array) -> list[Any]:
    """Return a column as Python values; strings as bytes, since Parquet does not promise that they are UTF-8."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_string(kind):
        column = column.cast(pa.binary())
    elif pa.types.is_large_string(kind):
        column = column.cast(pa.large_binary())
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):  # a year beyond those of Python's dates
        return [None] * len(column)
