"""Rows of any table to notes: ids as text, dates as ISO, and a reason for what is neither."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from extractor.markup import plain_of
from extractor.notes.issues import Found, Located, NoteIssue
from extractor.notes.reading import Reading
from extractor.schema import Note

_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ][\d:.,+\-Z ]*)?")
_NO_DATE = frozenset({"", "nat", "nan", "none", "null"})
_MOST = 1_000_000
"""No note has more parts, and no date is moved by more days."""
_SHORT = 2000
"""Characters up to which a note is looked through for words before it is taken as one."""
_EXACT = 2**53
"""Whole numbers above this lose digits as a float, so an id among them is no longer sure."""


class UnfitError(ValueError):
    """A value that cannot serve; the message is the reason, without the value."""


def items_of_row(
    source: str,
    row: int | None,
    values: Mapping[str, Any],
    extra: Mapping[str, Any] | None = None,
    *,
    how: Reading,
) -> Iterator[Found]:
    """Yield a row's note, or why it is set aside; an unreadable date gives a warning before its note.

    Args:
        source: the file.
        row: row or line counted from 1.
        values: the row's values by field.
        extra: further columns.
        how: how inputs are to be read.
    """
    patient = note = None
    part: int | None = None
    try:
        patient = as_id(values.get("patient_id"), "patient_id")
        note = as_id(values.get("note_id"), "note_id")
        if how.parts and row is not None:  # a text file is a whole note
            part = as_number(values.get("part"), "the number of its part")
        text = as_text(values.get("text"), part=part is not None)
        shift = as_number(values.get("date_shift"), "the date shift, in days,") if how.shifted else 0
    except UnfitError as unfit:
        yield NoteIssue(source, row, str(unfit), patient, note)
        return
    try:
        date = as_date(values.get("note_date"))
    except UnfitError as unfit:
        date = None
        yield NoteIssue(source, row, str(unfit), patient, note, kind="warning")
    kind = values.get("note_type")
    kind = None if _absent(kind) else str(kind)
    yield Located(Note(patient, note, text, date, kind, extra or {}, shift), source, row, part)


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


def as_number(value: Any, what: str) -> int:
    """Return a whole number.

    Args:
        value: a number, or its digits as text.
        what: what it is, for the message.

    Raises:
        UnfitError: missing, or no whole number that can be meant.
    """
    if _absent(value) or (isinstance(value, str) and not value.strip()):
        raise UnfitError(f"{what} is missing; fill it in")
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (abs(number) <= _MOST and number == int(number)):
        raise UnfitError(f"{what} is no whole number; mend it")
    return int(number)


def as_text(value: Any, *, part: bool = False) -> str:
    """Return a note's text exactly as given.

    Args:
        value: the text.
        part: whether it is one part of several, which may be empty.

    Raises:
        UnfitError: missing, no text, or empty.
    """
    if part and _absent(value):
        return ""
    if _absent(value):
        raise UnfitError("text is missing; fill it in or leave the row out")
    if not isinstance(value, str):
        raise UnfitError("text is not text; give the note as a string")
    if not part and is_blank(value):
        raise UnfitError("the note is empty; fill it in or leave it out")
    return value


def is_blank(text: str) -> bool:
    """Return whether a note holds no word, be it of tags alone; a long note holds some."""
    if not text.strip():
        return True
    if len(text) > _SHORT:
        return False
    plain = plain_of(text)
    return plain is not None and not plain.text.strip()


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
