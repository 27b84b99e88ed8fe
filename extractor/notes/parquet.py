"""Parquet, batch by batch: whole numbers become ids, strings are decoded one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from extractor.notes.columns import find_columns
from extractor.notes.encodings import DamagedError, Script, is_wide
from extractor.notes.files import DAMAGED, is_packed, open_bytes, why_unread
from extractor.notes.issues import Found, InputError, NoteIssue
from extractor.notes.reading import Reading
from extractor.notes.rows import items_of_row

_ROWS: Final = 256
"""Rows held at a time; a note may have megabytes."""
_BUFFER: Final = 1 << 20
"""Bytes read at a time; without it a whole column of a row group would be held."""


def read_parquet(path: Path, how: Reading) -> Iterator[Found]:
    """Yield the notes of a Parquet file.

    Args:
        path: the file.
        how: how inputs are to be read.

    Raises:
        InputError: missing, empty, damaged or no Parquet file, or a missing column.
    """
    try:
        with open_bytes(path) as stream:
            if not stream.peek(1):
                raise InputError(path, "the file is empty; write it again")
            whole = pa.BufferReader(stream.read()) if is_packed(stream) else stream
            with pq.ParquetFile(whole, buffer_size=_BUFFER) as file:
                yield from _rows(path, file, how)
    except pa.ArrowException:
        raise InputError(path, "is no Parquet file, or a damaged one; write it again") from None
    except DAMAGED as error:
        raise InputError(path, why_unread(error)) from None


def _rows(path: Path, file: pq.ParquetFile, how: Reading) -> Iterator[Found]:
    names = list(file.schema_arrow.names)
    places = find_columns(path, names, how.columns)
    script = script_of(str(path), how)
    number = 0
    for batch in file.iter_batches(batch_size=_ROWS):
        columns = [_values(column) for column in batch.columns]
        for values in zip(*columns, strict=True):
            number += 1
            yield from items_of_values(script, number, names, places, values, how)


def script_of(source: str, how: Reading) -> Script:
    """Return what is known of the encoding of strings in Parquet, which has no byte order mark and is never wide.

    Args:
        source: the file or table.
        how: how inputs are to be read.
    """
    return Script(source, b"", how.encoding if how.encoding and not is_wide(how.encoding) else None)


def items_of_values(
    script: Script,
    number: int | None,
    names: Sequence[str],
    places: Mapping[str, int],
    values: Sequence[Any],
    how: Reading,
) -> Iterator[Found]:
    """Yield a row's note, or why it is set aside; strings are given as bytes.

    Args:
        script: the file or table, and what is known of its encoding.
        number: the row, counted from 1.
        names: the names of all columns.
        places: the place of each field among them.
        values: the row.
        how: how inputs are to be read.
    """
    row: dict[str, Any] = {}
    for field, place in places.items():
        try:
            row[field] = _text(values[place], script)
        except DamagedError as error:
            reason = f"{field} {error}"
            yield NoteIssue(script.source, number, reason, row.get("patient_id"), row.get("note_id"))
            return
    yield from script.warnings(number, row.get("patient_id"), row.get("note_id"))
    extra = {name: _further(values[i]) for i, name in enumerate(names) if i not in places.values()}
    yield from items_of_row(script.source, number, row, extra, how=how)


def _text(value: Any, script: Script) -> Any:
    """Return bytes as text: UTF-8, as Parquet asks for, or what was put there in its place."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return script.mended(value.decode(script.encoding, "surrogateescape"))


def _further(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


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
