"""Notes from a query, row by row through a cursor on the server's side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from extractor.databases.connection import Database
from extractor.notes import Found, InputError, NoteIssue
from extractor.notes.columns import find_columns
from extractor.notes.reading import Reading
from extractor.notes.rows import items_of_row

_ROWS: Final = 100
"""Rows held at a time; a note may have megabytes."""
_WRONG_BYTE: Final = re.compile("[\udc80-\udcff]")


class DatabaseNotes:
    """The notes that a query gives, in the query's order.

    Args:
        database: where they lie.
        query: a select with the columns of the contract, or OMOP's.
    """

    def __init__(self, database: Database, query: str) -> None:
        self._database, self._query = database, query.strip().rstrip(";")

    def __str__(self) -> str:
        """Return the database's name, which the issues of its rows bear."""
        return str(self._database)

    def described(self) -> str:
        """Return the database's name and the query."""
        return f"{self._database}: {self._query}"

    def read(self, how: Reading) -> Iterator[Found]:
        """Yield the notes.

        Args:
            how: how inputs are to be read; the encoding is the database's own.

        Raises:
            InputError: no connection, a fault in the query, or a missing column.
        """
        from sqlalchemy import exc

        engine = self._database.engine
        try:
            with engine.connect() as connection:
                yield from self._rows(connection, how)
        except exc.SQLAlchemyError as error:
            raise InputError(self, f"{self._database.told(error)}; mend --sql or --url") from None

    def _rows(self, connection: Any, how: Reading) -> Iterator[Found]:
        options: dict[str, Any] = {"stream_results": True, "yield_per": _ROWS, "no_parameters": True}
        if self._database.kind == "postgresql":
            options["postgresql_readonly"] = True
        # as it stands: colons and percent signs of the query are no parameters
        result = connection.execution_options(**options).exec_driver_sql(self._query)
        if not result.returns_rows:
            raise InputError(self, "the query gives no rows; write a select in --sql")
        names = list(result.keys())
        places = find_columns(self, names, how.columns)
        for number, row in enumerate(result, start=1):
            yield from self._items(number, [_value(value) for value in row], names, places, how)

    def _items(
        self, number: int, row: list[Any], names: list[str], places: Mapping[str, int], how: Reading
    ) -> Iterator[Found]:
        values = {field: row[place] for field, place in places.items()}
        for field, value in values.items():
            wrong = _WRONG_BYTE.search(value) if isinstance(value, str) else None
            if wrong:
                at = len(value[: wrong.start()].encode("utf-8", "surrogateescape"))
                sound = {f: v for f, v in values.items() if not (isinstance(v, str) and _WRONG_BYTE.search(v))}
                reason = f"{field} is not UTF-8 at byte {at + 1}; save it as UTF-8"
                yield NoteIssue(str(self), number, reason, _shown(sound, "patient_id"), _shown(sound, "note_id"))
                return
        extra = {name: row[i] for i, name in enumerate(names) if i not in places.values()}
        yield from items_of_row(str(self), number, values, extra, how=how)


def _value(value: Any) -> Any:
    """Return a value as the readers of notes know it."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "surrogateescape")
    return value


def _shown(values: Mapping[str, Any], field: str) -> str | None:
    return None if values.get(field) is None else str(values[field])
