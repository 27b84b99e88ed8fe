"""The run folder's Parquet tables, with exactly the contract's columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from extractor.schema import ANSWER_COLUMNS, MENTION_COLUMNS

_LIST: Final = pa.list_(pa.string())
_TYPES: Final[Mapping[str, pa.DataType]] = {
    **dict.fromkeys(("start", "end", "sentence_start", "sentence_end"), pa.int64()),
    **dict.fromkeys(("negated", "historical", "hypothetical", "uncertain", "family"), pa.bool_()),
    **dict.fromkeys(("value", "normalized_value"), pa.float64()),
    **dict.fromkeys(("cues", "evidence"), _LIST),
}
"""Every other column is a string."""
MENTION_SCHEMA: Final = pa.schema([(name, _TYPES.get(name, pa.string())) for name in MENTION_COLUMNS])
ANSWER_SCHEMA: Final = pa.schema([(name, _TYPES.get(name, pa.string())) for name in ANSWER_COLUMNS])
_ROWS: Final = 20_000
"""Rows of a row group; held in memory until it is full."""


def storable(text: str) -> str:
    """Return text that Parquet, CSV and HTML can hold: lone surrogates, which have no bytes, become U+FFFD.

    The length stays the same, so offsets still fit. This is the one change to text in the outputs; extraction
    itself works on the note as given.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def table_of(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table.

    Args:
        rows: rows with all columns.
        schema: the table's columns and types.
    """
    columns = [pa.array([_storable(row[field.name]) for row in rows], type=field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def packed_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> bytes:
    """Return rows as the bytes of an Arrow stream, as one process hands them to another.

    Args:
        rows: rows with all columns.
        schema: the table's columns and types.
    """
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_table(table_of(rows, schema))
    data: bytes = sink.getvalue().to_pybytes()
    return data


class TableWriter:
    """Writes rows to a Parquet file in row groups, the same bytes for the same rows.

    Args:
        stream: the open file.
        schema: the table's columns and types.
    """

    def __init__(self, stream: IO[bytes], schema: pa.Schema) -> None:
        self._stream, self._schema = stream, schema
        self._writer = pq.ParquetWriter(stream, schema, compression="zstd")
        self._tables: list[pa.Table] = []
        self._waiting = 0
        self.count = 0

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows, each with all columns."""
        self._add(table_of(list(rows), self._schema))

    def add_packed(self, data: bytes) -> None:
        """Add rows that ``packed_table`` packed."""
        self._add(pa.ipc.open_stream(data).read_all())

    def _add(self, table: pa.Table) -> None:
        if not len(table):
            return  # tables without rows would wait for rows that may never come, each some ten kilobytes
        self._tables.append(table)
        self._waiting += len(table)
        self.count += len(table)
        while self._waiting >= _ROWS:
            self._flush(_ROWS)

    def _flush(self, count: int) -> None:
        """Write a row group in one piece, however many pieces its rows came in: the bytes must not tell."""
        table = pa.concat_tables(self._tables)
        self._writer.write_table(table.slice(0, count).combine_chunks())
        self._tables, self._waiting = [table.slice(count)], self._waiting - count

    def __enter__(self) -> TableWriter:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left and close the file."""
        try:
            if kind is None and self._waiting:
                self._flush(self._waiting)
        finally:
            self._writer.close()
            self._stream.close()


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [storable(v) for v in value]
    return value
