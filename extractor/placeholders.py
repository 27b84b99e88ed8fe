"""What de-identified notes hold in place of names and dates: ``[**Hospital1 18**]``, ``[**2019-7-16**]``, ``[NAME]``.

A placeholder that holds a date is that date; any other stands as ``XXXX``, so that its words are never taken for
the note's, and its brackets never for a form's. ``XXXX`` and ``___`` are read as they stand.
"""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = (
    "address age city contact country date dates department doctor dob dr email facility fax first hospital id initials "
    "institution last location mrn name names organization patient person phone physician provider redacted ssn state "
    "street surname time url year zip"
)
_NAMED = rf"(?:{'|'.join(_WORDS.split())})(?:[ _-]?(?:{'|'.join(_WORDS.split())}|\d{{1,6}})){{0,3}}"
PLACEHOLDER: Final = re.compile(
    rf"\[\*\*[^\[\]]{{0,120}}?\*\*\]|\[{_NAMED}\]|<{{1,2}}{_NAMED}>{{1,2}}|\{{{{1,2}}{_NAMED}\}}{{1,2}}", re.IGNORECASE
)
NOTHING: Final = "XXXX"
_YEAR: Final = r"(?:19|2[0-2])\d\d"
_DATE = re.compile(rf"\s*({_YEAR}(?:-\d{{1,2}}){{0,2}}|\d{{1,2}}/{_YEAR}|\d{{1,2}}/\d{{1,2}}/\d{{2,4}})-?\s*")
_DAY = re.compile(r"\s*(\d{1,2})[-/](\d{1,2})\s*")
_MONTH_YEAR = re.compile(rf"\s*(\d{{1,2}})-/({_YEAR})\s*")
_AGE = re.compile(r"\s*age over (\d{2,3})[\s\d]*", re.IGNORECASE)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def meaning(placeholder: str) -> str:
    """Return what is read in place of a placeholder.

    Args:
        placeholder: with its brackets.
    """
    inside = placeholder[3:-3] if placeholder.startswith("[**") else ""
    if match := _DATE.fullmatch(inside):
        return match[1]
    if match := _MONTH_YEAR.fullmatch(inside):
        return f"{match[1]}/{match[2]}"
    if match := _DAY.fullmatch(inside):
        month = int(match[1])
        # named, because "5/8" may be five of eight criteria
        return f"{_MONTHS[month - 1]} {match[2]}" if 1 <= month <= 12 and 1 <= int(match[2]) <= 31 else NOTHING
    if match := _AGE.fullmatch(inside):
        return f"over {match[1]}"
    return NOTHING
