"""Dates of de-identified notes moved back to when they were: a patient's days taken off again.

De-identification adds the same number of days to all dates of a patient, in the columns and in the text. Mentions
are found with the dates as they stand, so that "3 weeks ago" and dates without a year agree with the date of
their note; then the dates of the note and of each mention are moved back, before any question is answered. The time
between two full dates stays what it was, and ``--as-of`` means the real day. The text itself is never changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from extractor.schema import Mention, Note

_IN_DETAILS: Final = ("born",)
"""Details of a mention that are dates."""


def moved_back(iso: str | None, days: int) -> str | None:
    """Return the date some days before; a month or a year moves with its middle, and stays a month or a year.

    Args:
        iso: a date, perhaps partial as ``2021`` or ``2021-03``; ``None`` for none.
        days: the days.

    Returns:
        The date, as exact as the one given; ``None`` where it would lie outside of the calendar.
    """
    if iso is None or not days:
        return iso
    length = {4: 4, 7: 7}.get(len(iso), 10)
    middle = iso + {4: "-07-02", 7: "-16"}.get(length, "")
    try:
        return (dt.date.fromisoformat(middle[:10]) - dt.timedelta(days=days)).isoformat()[:length]
    except (ValueError, OverflowError):
        return None


def mentions_moved_back(note: Note, mentions: Iterable[Mention]) -> Iterator[Mention]:
    """Yield a note's mentions with their dates as they were before the note was de-identified.

    Args:
        note: the note.
        mentions: its mentions, with the dates that stand in it.
    """
    return (_moved(m, note.date_shift) if note.date_shift else m for m in mentions)


def date_moved_back(note: Note) -> str | None:
    """Return the date of a note as it was before the note was de-identified."""
    return moved_back(note.note_date, note.date_shift)


def _moved(mention: Mention, days: int) -> Mention:
    details = dict(mention.details)
    for name in _IN_DETAILS:
        if isinstance(details.get(name), str):
            details[name] = moved_back(details[name], days)
    return replace(
        mention,
        note_date=moved_back(mention.note_date, days),
        date=moved_back(mention.date, days),
        details=details,
    )
