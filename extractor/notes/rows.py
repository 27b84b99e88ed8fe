"""Rows of any table to notes: ids as text, dates as ISO, and a reason for what is neither."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from extractor.notes.issues import Found, Located, NoteIssue
from extractor.schema import Note

_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ][\d:.,+\-Z ]*)?")
_NO_DATE = frozenset({"", "nat", "nan", "none", "null"})
_EXACT = 2**53
"""Whole numbers above this lose digits as a float, so an id among them is no longer sure."""


class UnfitError(ValueError):
    """A value that cannot serve; the message is the reason, without the value."""


def items_of_row(
    source: str, row: int | None, values: Mapping[str, Any], extra: Mapping[str, Any] | None = None
) -> Iterator[Found]:
    """Yield a row's note, or why it is set aside; an unreadable date gives a warning before its note.

    Args:
        source: the file.
        row: row or line counted from 1.
        values: the row's values by field.
        extra: further columns.
    """
    patient = note = None
    try:
        patient = as_id(values.get("patient_id"), "patient_id")
        note = as_id(values.get("note_id"), "note_id")
        text = as_text(values.get("text"))
    except UnfitError as unfit:
        yield NoteIssue(source, row, str(unfit), patient, note)
        return
    try:
        date = as_date(values.get("note_date"))
    except UnfitError as unfit:
        date = None
        yield NoteIssue(source, row, str(unfit), patient, note, kind="warning")
    kind = values.get("note_type")
    yield Located(Note(patient, note, text, date, None if _absent(kind) else str(kind), extra or {}), source, row)


def as_id(value: Any, field: str) -> str:
    """Return an id as text: digits as they stand, whole numbers without a decimal point.

    Raises:
        UnfitError: missing, or no text and no whole number.
    """
    if _absent(value) or (isinstance(value, str) and not value.strip()):
        raise UnfitError(f"{field} is missing; fill it in")
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float | decimal.Decimal) and math.isfinite(value) and value == int(value):
        if isinstance(value, float) and abs(value) > _EXACT:
            raise UnfitError(f"{field} is a number too large to be kept exactly; give it as text")
        return str(int(value))
    raise UnfitError(f"{field} is neither text nor a whole number; give it as text")


def as_text(value: Any) -> str:
    """Return a note's text exactly as given.

    Raises:
        UnfitError: missing, no text, or empty.
    """
    if _absent(value):
        raise UnfitError("text is missing; fill it in or leave the row out")
    if not isinstance(value, str):
        raise UnfitError("text is not text; give the note as a string")
    if not value.strip():
        raise UnfitError("the note is empty; fill it in or leave it out")
    return value


def as_date(value: Any) -> str | None:
    """Return a date as ``YYYY-MM-DD``, ``None`` where there is none.

    Raises:
        UnfitError: something that is no ISO date.
    """
    if _absent(value) or (isinstance(value, str) and value.strip().lower() in _NO_DATE):
        return None
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    match = _DATE.fullmatch(str(value).strip()) if isinstance(value, str | int) else None
    try:
        if match:
            return dt.date(*map(int, match.groups())).isoformat()
    except ValueError:
        pass
    raise UnfitError("note_date is no date, so the note is read without one; write it as YYYY-MM-DD")


def _absent(value: Any) -> bool:
    """Return whether nothing stands there; NaN and NaT, which are not themselves, mean nothing too."""
    return value is None or (not isinstance(value, str) and bool(value != value))
