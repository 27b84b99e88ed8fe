"""Clean text for matching, with a map back to the note exactly as given.

Notes arrive with non-breaking spaces, Unicode hyphens, combining accents, NULs, zero-width
characters, full-width punctuation and lone surrogates, as HTML or RTF, and with placeholders where
names and dates were taken out. Rules are written for plain characters, so the pipeline matches on a
cleaned copy and every offset is carried back to the original text.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import overload

from extractor.lines import superfluous
from extractor.markup import Plain, plain_of
from extractor.placeholders import PLACEHOLDER, meaning

_OFFSET = "q"
"""Offsets are kept as plain machine numbers; a list of them would take ten times the note's memory."""
_UNUSUAL = re.compile(r"[^\t\n\x20-\x7e]")
_UNUSUAL_OR_PLACEHOLDER = re.compile(f"{_UNUSUAL.pattern}|{PLACEHOLDER.pattern}", re.IGNORECASE)
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_LINE_BREAKS = "\u0085\u2028\u2029\x0b\x0c"
_LEADER = re.compile(r"(?<=\S)(?:\.{5,}|(?<=\S) \.{4,}(?= )|(?: \.){5,})(?=[ \w(\[<>+-])")
_BRACED_BOX = re.compile(r"\{([ \t]{0,2}[xX*+]?[ \t]{0,2})\}")
"""Dots that lead from an item to its value; four without blanks beside them are a pause of the writer."""
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"
_DROPPED = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
_SUPERSCRIPTS = {c: f"^{i}" for i, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")} | {"⁻": "^-", "⁺": "+"}
_NAMED = {
    "µ": "u",
    "μ": "u",
    "×": "x",
    "✕": "x",
    "·": ".",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "→": "->",
    "⇒": "->",
    "➔": "->",
    "≤": "<=",
    "⩽": "<=",
    "≦": "<=",
    "≥": ">=",
    "⩾": ">=",
    "≧": ">=",
    "。": ". ",
    "、": ", ",
    "，": ", ",
    "；": "; ",
    "：": ": ",
    "～": "-",
    "•": "*",
    "▪": "*",
    "●": "*",
    "◦": "*",
    "‣": "*",
    "☐": "[ ]",
    "□": "[ ]",
    "▢": "[ ]",
    "☑": "[x]",
    "☒": "[x]",
    "✓": "[x]",
    "✔": "[x]",
    "■": "[x]",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "Α": "A",
    "Β": "B",
    "æ": "ae",
    "œ": "oe",
    "Æ": "AE",
    "Œ": "OE",
    "…": "...",
    "\r": "",
    "\x00": " ",
}


@lru_cache(maxsize=4096)
def _replacement(char: str) -> str:
    """Return what stands for one unusual character in the clean text (may be empty or longer)."""
    if char in _NAMED:
        return _NAMED[char]
    if char in _SPACES:
        return " "
    if char in _LINE_BREAKS:
        return "\n"
    if char in _HYPHENS:
        return "-"
    if char in _DROPPED:
        return ""
    if char in _SUPERSCRIPTS:
        return _SUPERSCRIPTS[char]
    category = unicodedata.category(char)
    if category == "Cs":  # a lone surrogate cannot be encoded, so spaCy would refuse the note
        return "?"
    if category in ("Mn", "Me"):  # combining accents: leuke´mia is leukemia
        return ""
    if category in ("Cc", "Cf"):
        return " "
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    return plain if plain and plain.isascii() else char


@dataclass(frozen=True, slots=True)
class CleanText:
    """A note's clean text and the way back.

    Args:
        text: the text that rules are matched on.
        original: the note as given.
        starts: for each clean character the index of the original character it stands for, with
            one more entry for the end; ``None`` when both texts are the same.
        ends: for each clean character where what it stands for ends, where that is not always the
            character at its start.
        plain: the words of a note that is HTML or RTF, on which the clean text is built.
    """

    text: str
    original: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None
    plain: Plain | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return original offsets of a clean span; combining marks after it and tags inside of it belong to it."""
        if self.starts is None or start == end == 0:
            return start, end
        first = self.starts[start]
        if end <= start:
            return first, first
        last = self.ends[end - 1] if self.ends is not None else self.starts[end - 1] + 1
        return first, _behind_marks(self.original, last)


def _behind_marks(text: str, at: int) -> int:
    """Return the position behind the combining marks that stand at a place."""
    while at < len(text) and unicodedata.category(text[at]) in ("Mn", "Me"):
        at += 1
    return at


def clean(note: str) -> CleanText:
    """Return the clean text of a note.

    Args:
        note: text as given, any characters; HTML and RTF are known by their content.

    Returns:
        The text to match on, with the map back to the note.
    """
    plain = plain_of(note)
    if plain is None:
        return _clean(note)
    words = _clean(plain.text)
    here, end = words.starts, len(plain.text)
    if here is None:
        starts, ends = list(plain.starts), list(plain.ends)
    else:
        upto = words.ends if words.ends is not None else [at + 1 for at in here[:-1]]
        starts = [plain.starts[at] for at in here[:-1]]
        ends = [plain.ends[_behind_marks(plain.text, at) - 1] for at in upto]
    return CleanText(words.text, note, [*starts, plain.span(end, end)[0]], ends, plain)


def _cells(text: str) -> str:
    """Return a text of the same length in which bars and dot leaders part cells as a tab does, and boxes have brackets."""
    cells = text.replace("|", "\t")
    if "{" in cells:
        cells = _BRACED_BOX.sub(r"[\1]", cells)
    if "...." not in cells:
        return cells
    return _LEADER.sub(lambda dots: "\t" + " " * (len(dots[0]) - 1), cells)


def _is_usual(note: str) -> bool:
    """Return whether a note holds no unusual character, in less time than an expression takes to look for one."""
    return note.isascii() and note.replace("\n", "").replace("\t", "").isprintable()


def _clean(note: str) -> CleanText:
    """Return the clean text of a note without mark-up."""
    placeholders = any(sign in note for sign in "[<{") and PLACEHOLDER.search(note) is not None
    unusual = _UNUSUAL_OR_PLACEHOLDER if placeholders else _UNUSUAL
    if not placeholders and _is_usual(note):
        return _flowing(CleanText(_cells(note), note))
    pieces: list[str] = []
    starts = _Runs()
    wide: list[tuple[int, int, int]] = []
    last = 0
    for match in unusual.finditer(note):
        at, after = match.span()
        if at > last:
            pieces.append(note[last:at])
            starts.add(last, at - last)
        if after - at > 1:
            new = meaning(match.group())
            wide.append((len(starts), len(starts) + len(new), after))
        else:
            new = "\n" if note[at] == "\r" and note[at + 1 : at + 2] != "\n" else _replacement(note[at])
        if new:
            pieces.append(new)
            for _ in new:
                starts.add(at, 1)
        last = after
    pieces.append(note[last:])
    starts.add(last, len(note) + 1 - last)
    text = _cells("".join(pieces))
    return _flowing(CleanText(text, note, starts, _Ends(starts, wide) if wide else None))


def _flowing(cleaned: CleanText) -> CleanText:
    """Return the text with one space for every break of a wrapped line and every space struck twice."""
    text = cleaned.text
    changes = superfluous(text)
    if not changes:
        return cleaned
    pieces: list[str] = []
    begins, shifts = array(_OFFSET, [0]), array(_OFFSET, [0])
    last = length = shift = 0
    for start, end in changes:
        pieces.append(text[last:start])
        length += start - last + 1
        shift += end - start - 1
        begins.append(length)
        shifts.append(shift)
        last = end
    pieces.append(text[last:])
    starts: Sequence[int] = cleaned.starts if cleaned.starts is not None else range(len(text) + 1)
    upto = cleaned.ends
    return CleanText(
        " ".join(pieces),
        cleaned.original,
        _Shifted(starts, begins, shifts),
        _Shifted(upto, begins, shifts) if upto is not None else None,
    )


class _Offsets(Sequence[int], ABC):
    """Offsets that are worked out when they are asked for; a list of them would take ten times the note's memory."""

    @abstractmethod
    def _at(self, at: int) -> int:
        """Return the offset of a character."""

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> list[int]: ...

    def __getitem__(self, at: int | slice) -> int | list[int]:
        """Return the offset of a character, or of some."""
        if isinstance(at, slice):
            return [self._at(i) for i in range(*at.indices(len(self)))]
        return self._at(range(len(self))[at])


class _Runs(_Offsets):
    """Offsets that go up by one from character to character, but for some places."""

    def __init__(self) -> None:
        self._begins, self._first = array(_OFFSET), array(_OFFSET)
        self._length = 0
        self._next = -1

    def add(self, first: int, count: int) -> None:
        """Put offsets behind those that there are.

        Args:
            first: the first of them; each of the others is one more than that before.
            count: how many.
        """
        if first != self._next:
            self._begins.append(self._length)
            self._first.append(first)
        self._length += count
        self._next = first + count

    def __len__(self) -> int:
        """Return how many there are."""
        return self._length

    def _at(self, at: int) -> int:
        run = bisect_right(self._begins, at) - 1
        return self._first[run] + at - self._begins[run]


class _Shifted(_Offsets):
    """Offsets of a text out of which pieces were taken, read off those of the text before when they are asked for.

    Args:
        of: the offsets of the text before.
        begins: where the stretches begin that stood together before, in order, the first at 0.
        shifts: how many characters were taken out before each of them.
    """

    def __init__(self, of: Sequence[int], begins: array[int], shifts: array[int]) -> None:
        self._of, self._begins, self._shifts = of, begins, shifts

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._of) - self._shifts[-1]

    def _at(self, at: int) -> int:
        return self._of[at + self._shifts[bisect_right(self._begins, at) - 1]]


class _Ends(_Offsets):
    """Where what each clean character stands for ends.

    Args:
        starts: where it begins; the last entry is the end of the text.
        wide: stretches of clean text that stand for several characters, with the end of these, in order.
    """

    def __init__(self, starts: Sequence[int], wide: list[tuple[int, int, int]]) -> None:
        self._starts, self._wide = starts, wide

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._starts) - 1

    def _at(self, at: int) -> int:
        first, last, end = self._wide[bisect_right(self._wide, at, key=_first) - 1]
        return end if first <= at < last else self._starts[at] + 1


def _first(stretch: tuple[int, int, int]) -> int:
    return stretch[0]
