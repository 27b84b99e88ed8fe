"""Tables whose columns are items and whose rows are days: the number under an item's name, in the row of a date.

A header names the items ("Date  Hb  Plt  Ferritin"); each row below begins with a date or a day and holds a number
under each name. What a name is called at the head of a column stands in the rules (``column`` of an entry). Columns are
told by tabs, bars, or by where their cells stand in the line. A table is read from its header down to the first line that is
no row of it, at most :data:`MOST_ROWS`, so what a cell means depends on nothing further away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from extractor.rulebook import Rulebook, Term

MOST_ROWS = 30
"""Rows of one table."""
_OFF = 7.0
"""Characters by which the middle of a cell may stand beside that of its column's name."""

_UNIT = r"(?:[ ,]{0,2}[(\[][^()\[\]\n|]{0,14}[)\]]){0,2}(?:[ ](?:[A-Za-z%]{1,4}(?:/[A-Za-z]{1,4})?|x?10\^?\d{1,2}/[a-z]{1,3})){0,2}"
"""What may follow a name in its cell."""
_CELLS = re.compile(r"[^ \t|](?:[^\t|\n ]|[ ](?![ |\t\n]))*")
_BETWEEN = re.compile(r"[\t|]")
_GAPS = ("\t", "|", "  ")
"""What parts the cells of a line."""
_DAY = re.compile(
    r"(?:(?:on|am|Mon|Tue|Wed|Thu|Fri|Sat|Sun)\.?,?[ ])?(?:\d{1,4}[./-]\d{1,2}(?:[./-]\d{0,4})?|\d{1,2}/\d{4}|\d{1,2}[ -]?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?(?:[ -]\d{2,4})?"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?[ ]?\d{1,4}(?:,?[ ]\d{4})?|(?:D|day|HD|POD|week|wk|C\d{1,2}D)[ +-]{0,2}\d{1,3}|(?:19|20)\d\d"
    r"|\d{1,2}:\d\d|today|yesterday|adm(?:ission|it)?|baseline|discharge|nadir|peak)(?:[ ]\S{1,12}){0,2}",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"[<>~]?=?\s?(?:\d{1,3}(?:[,']\d{3})+|\d+(?:[.,]\d+)?|[.,]\d+)(?:\s?[kK](?![A-Za-z]))?(?:\s?\(\s?\d{1,3}(?:[.,]\d)?\s?%?\s?\))?(?:\s?%)?(?!\d)"
)
_SAYS_MORE = re.compile(r"[A-Za-z]{4,}")


class Cell(NamedTuple):
    """A cell of a line: its words, where they begin in the line, where their middle stands, and between which bars."""

    words: str
    start: int
    middle: float
    column: int


class Under(NamedTuple):
    """A number under an item's name: where it stands in the text, and the item's entry."""

    start: int
    end: int
    term: Term


class _Names:
    """What heads the columns of the items of a rulebook."""

    def __init__(self, book: Rulebook) -> None:
        named = [t for t in book.terms if t.entry.column]
        self._names = [(re.compile(f"(?:{'|'.join(t.entry.column)}){_UNIT}", re.IGNORECASE), t) for t in named]
        every = "|".join(p for t in named for p in t.entry.column)
        self.anywhere = re.compile(rf"(?:^|[\t|]|[ ]{{2}})[ ]{{0,60}}(?:{every}){_UNIT}[ ]{{0,60}}(?=[ ]{{2}}|[\t|]|$)", re.IGNORECASE | re.MULTILINE) if named else None  # fmt: skip

    def term(self, words: str) -> Term | None:
        """Return the entry whose column a cell heads."""
        return next((term for name, term in self._names if name.fullmatch(words)), None)


@lru_cache(maxsize=8)
def _names(book: Rulebook) -> _Names:
    return _Names(book)


def under_names(text: str, book: Rulebook) -> list[Under]:
    """Return the numbers that stand under an item's name in the row of a day.

    Args:
        text: clean text.
        book: the rules.
    """
    names = _names(book)
    if names.anywhere is None or "\n" not in text or not any(gap in text for gap in _GAPS):
        return []
    found: list[Under] = []
    done = -1
    for head in names.anywhere.finditer(text):
        if head.end() <= done:
            continue
        start = text.rfind("\n", 0, head.end()) + 1
        done = _line_end(text, head.end())
        found += _table(text, start, done, names)
    return found


def _table(text: str, start: int, end: int, names: _Names) -> Iterator[Under]:
    """Yield the numbers of the table whose header is a line, if it is one."""
    line = text[start:end]
    heads = _cells(line)
    if len(heads) < 2 or any(_NUMBER.fullmatch(h.words) for h in heads):
        return
    columns = {i: term for i, h in enumerate(heads) if (term := names.term(h.words)) is not None}
    ruled = _BETWEEN.search(line) is not None
    at = end
    for _ in range(MOST_ROWS):
        if at >= len(text):
            return
        row_start, at = at + 1, _line_end(text, at + 1)
        row = text[row_start:at]
        if not row.strip(" -=_+|:\t"):
            if row.strip():
                continue  # a rule under the header
            return
        cells = _cells(row)
        if not cells or not _DAY.fullmatch(cells[0].words):
            return
        for cell in cells[1:]:
            head = _head_of(cell, heads, ruled=ruled)
            if head is None or head not in columns or _SAYS_MORE.search(cell.words):
                continue
            number = _NUMBER.match(cell.words)
            if number is not None:
                yield Under(row_start + cell.start, row_start + cell.start + number.end(), columns[head])


def _head_of(cell: Cell, heads: list[Cell], *, ruled: bool) -> int | None:
    """Return which column of a header a cell belongs to."""
    if ruled:
        return next((i for i, h in enumerate(heads) if h.column == cell.column), None)
    nearest = min(range(len(heads)), key=lambda i: abs(heads[i].middle - cell.middle))
    return nearest if abs(heads[nearest].middle - cell.middle) <= max(_OFF, len(heads[nearest].words) / 2) else None


def _cells(line: str) -> list[Cell]:
    """Return the cells of a line, parted by tabs, bars or two spaces."""
    return [
        Cell(m.group(), m.start(), (m.start() + m.end()) / 2, len(_BETWEEN.findall(line, 0, m.start())))
        for m in _CELLS.finditer(line)
    ]


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end
