"""Lung function tables: which number of a row stands under the header's percent-predicted or measured column."""

from __future__ import annotations

import re
from typing import NamedTuple

from extractor.lines import line_around

HEADER_LINES = 8
"""Lines above a row in which the header of its table is looked for."""
_OFF = 7.0
"""Characters by which a number may stand beside its column."""

_CELL = re.compile(r"\S+(?:[ ]\S+)*")
_PERCENT = re.compile(r"%\s?-?\s?(?:of\s)?p(?:red\w{0,8})?\b|%\s?ref|^%$|\(%\)", re.IGNORECASE)
_MEASURED = re.compile(
    r"(?:pre\b|pre[- ]?bd|actual|meas\w{0,5}|obs\w{0,5}|best|value|result|test|ist)(?![a-z])", re.IGNORECASE
)
_PREDICTED = re.compile(r"(?:pred\w{0,8}|ref\w{0,8}|lln|normal|soll)\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\d.,])[-+]?\d{1,3}(?:[.,]\d{1,3})?(?![\d])")


class Cell(NamedTuple):
    """A number of a table's row, as written and where it ends."""

    value: float
    start: int
    end: int


def cell_under(text: str, start: int, *, percent: bool) -> Cell | None:
    """Return the number of a table's row under the percent-predicted or the measured column.

    Args:
        text: clean text.
        start: where the row's name begins.
        percent: whether the percent-predicted column is wanted, else the measured one.

    Returns:
        The number, or ``None`` where no header names such a column or nothing stands under it.
    """
    line_start, line_end = line_around(text, start, start)
    row = text[line_start:line_end]
    at = _column(text[max(0, line_start - 1500) : line_start].split("\n")[-HEADER_LINES - 1 : -1], percent=percent)
    if at is None:
        return None
    found = list(_NUMBER.finditer(row, start - line_start + 3))
    under = min(found, key=lambda m: abs((m.start() + m.end()) / 2 - at), default=None)
    if under is None or abs((under.start() + under.end()) / 2 - at) > _OFF:
        return None
    return Cell(float(under.group().replace(",", ".")), line_start + under.start(), line_start + under.end())


def _column(lines: list[str], *, percent: bool) -> float | None:
    """Return the centre of the first column of the wanted kind in the nearest header."""
    for line in reversed(lines):
        if not (_PERCENT.search(line) or (_MEASURED.search(line) and _PREDICTED.search(line))):
            continue
        for cell in _CELL.finditer(line):
            words = cell.group()
            is_percent = bool(_PERCENT.search(words))
            if percent and is_percent:
                return (cell.start() + cell.end()) / 2
            if not percent and not is_percent and _MEASURED.search(words):
                return (cell.start() + cell.end()) / 2
    return None
