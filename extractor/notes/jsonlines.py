"""JSON Lines: an object per line, a fault told by its line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from extractor.notes.columns import check_columns, locate_columns
from extractor.notes.encodings import DamagedError, Script
from extractor.notes.files import DAMAGED, binary_kind, open_bytes, why_unread
from extractor.notes.issues import Found, InputError, NoteIssue
from extractor.notes.reading import Reading
from extractor.notes.rows import items_of_row

_PROBED: Final = 200
"""So many lines without a needed column mean that the column has another name."""
_KEPT: Final = 1000
"""Sets of keys that are remembered; keys that never repeat must not fill the memory."""


def read_json_lines(path: Path, how: Reading) -> Iterator[Found]:
    """Yield the notes of a JSON Lines file.

    Args:
        path: the file.
        how: how inputs are to be read.

    Raises:
        InputError: missing, empty, binary or damaged file, one array, or a column that no line has.
    """
    try:
        with open_bytes(path) as stream:
            head = stream.peek(8192)[:8192]
            script = _script(path, head, how)
            columns = _Columns(path, how.columns)
            with io.TextIOWrapper(stream, script.encoding, script.errors, newline="\n") as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        yield from _items(script, number, line, columns, how)
                    if number == _PROBED:
                        columns.check()
            columns.check()
    except UnicodeError:
        raise InputError(path, f"is not the {script.encoding} that it seems to be; save it as UTF-8") from None
    except DAMAGED as error:
        raise InputError(path, why_unread(error)) from None


def _script(path: Path, head: bytes, how: Reading) -> Script:
    if not head:
        raise InputError(path, "the file is empty; give one JSON object per line")
    fault = binary_kind(head, how.encoding)
    if fault:
        raise InputError(path, fault)
    script = Script(str(path), head, how.encoding)
    if head.decode(script.encoding, "ignore").lstrip(" \t\r\n").startswith("["):
        raise InputError(path, "is one JSON array; write one object per line (jq -c '.[]')")
    return script


def _items(script: Script, number: int, line: str, columns: _Columns, how: Reading) -> Iterator[Found]:
    source = script.source
    try:
        record = json.loads(script.mended(line))
    except DamagedError as error:
        yield NoteIssue(source, number, str(error))
        return
    except json.JSONDecodeError as error:
        yield NoteIssue(source, number, f"is no JSON from character {error.pos + 1} on; mend or remove the line")
        return
    except (ValueError, RecursionError):
        yield NoteIssue(source, number, "is JSON with numbers too long or nested too deep; mend or remove the line")
        return
    yield from script.warnings(number)
    if not isinstance(record, dict):
        yield NoteIssue(source, number, "is no JSON object; write {...} with the columns as keys")
        return
    try:
        values, extra = columns.split(record)
    except InputError as fault:
        yield NoteIssue(source, number, fault.reason)
        return
    yield from items_of_row(source, number, values, extra, how=how)


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
