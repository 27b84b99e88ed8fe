"""JSON Lines: an object per line, a fault told by its line."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from extractor.notes.columns import check_columns, locate_columns
from extractor.notes.files import DAMAGED, binary_kind, encoding_of, not_utf8, open_bytes, why_unread
from extractor.notes.issues import Found, InputError, NoteIssue
from extractor.notes.rows import items_of_row

_PROBED: Final = 200
"""So many lines without a needed column mean that the column has another name."""
_KEPT: Final = 1000
"""Sets of keys that are remembered; keys that never repeat must not fill the memory."""


def read_json_lines(path: Path, given: Mapping[str, str]) -> Iterator[Found]:
    """Yield the notes of a JSON Lines file.

    Args:
        path: the file.
        given: the user's own column names.

    Raises:
        InputError: missing, empty, binary or damaged file, one array, or a column that no line has.
    """
    try:
        with open_bytes(path) as stream:
            head = stream.peek(8192)[:8192]
            _check_head(path, head)
            columns = _Columns(path, given)
            for number, line in enumerate(stream, start=1):
                line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if line.strip():
                    yield from _items(str(path), number, line, columns)
                if number == _PROBED:
                    columns.check()
            columns.check()
    except DAMAGED as error:
        raise InputError(path, why_unread(error)) from None


def _check_head(path: Path, head: bytes) -> None:
    if not head:
        raise InputError(path, "the file is empty; give one JSON object per line")
    fault = binary_kind(head)
    if fault:
        raise InputError(path, fault)
    if encoding_of(head) == "utf-16":
        raise InputError(path, "is UTF-16; save it as UTF-8")
    if head.lstrip(codecs.BOM_UTF8 + b" \t\r\n").startswith(b"["):
        raise InputError(path, "is one JSON array; write one object per line (jq -c '.[]')")


def _items(source: str, number: int, line: bytes, columns: _Columns) -> Iterator[Found]:
    try:
        record = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        yield NoteIssue(source, number, not_utf8(error.start))
        return
    except json.JSONDecodeError as error:
        yield NoteIssue(source, number, f"is no JSON from character {error.pos + 1} on; mend or remove the line")
        return
    except (ValueError, RecursionError):
        yield NoteIssue(source, number, "is JSON with numbers too long or nested too deep; mend or remove the line")
        return
    if not isinstance(record, dict):
        yield NoteIssue(source, number, "is no JSON object; write {...} with the columns as keys")
        return
    try:
        values, extra = columns.split(record)
    except InputError as fault:
        yield NoteIssue(source, number, fault.reason)
        return
    yield from items_of_row(source, number, values, extra)


class _Columns:
    """The columns of objects that need not all have the same keys."""

    def __init__(self, path: Path, given: Mapping[str, str]) -> None:
        self._path, self._given = path, given
        self._places: dict[tuple[str, ...], dict[str, int]] = {}
        self._seen: set[str] = set()
        self.count = 0

    def split(self, record: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return an object's values by field, and its further ones."""
        self.count += 1
        names = tuple(record)
        places = self._places.get(names)
        if places is None:
            if len(self._places) > _KEPT:
                self._places.clear()
            places = self._places[names] = locate_columns(self._path, names, self._given)
            self._seen |= set(places)
        values = list(record.values())
        inside = set(places.values())
        extra = {name: values[i] for i, name in enumerate(names) if i not in inside}
        return {field: values[place] for field, place in places.items()}, extra

    def check(self) -> None:
        """Tell of a needed column that no object had so far.

        Raises:
            InputError: there is such a column.
        """
        if self.count:
            check_columns(self._path, self._seen, self._given)
