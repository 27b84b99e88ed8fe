"""By which strings the patterns of a set are found: derived once from their expressions, kept on disk, and held in little memory."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from itertools import accumulate, chain
from typing import Final

from extractor.anchors import anchors_of, width_of
from extractor.expressions import Packed, code_of, packed
from extractor.kept import kept, packed_numbers, unpacked_numbers

Derived = tuple[list[str], str, str, list[list[str]], list[int], Packed]
"""Strings, numbers of what they stand for, where those of each end, the strings held too, the parts without any, and all compiled."""
_DERIVED_BY: Final = ("anchorindex", "anchors", "expressions", "frequencies", "kept")
_NUMBERS: Final = "i"
_OF_USE: Final = 5
"""Numbers of a use: its part, the first and the last place, the width, and which strings it holds too."""


def index_of(parts: tuple[str, ...]) -> AnchorIndex:
    """Return the index of expressions, from the disk where it was derived before.

    Args:
        parts: the expressions, read with ``re.IGNORECASE``.
    """
    return AnchorIndex(*kept("anchors", (sys.byteorder, *parts), _DERIVED_BY, lambda: _derived(parts)))


def _derived(parts: tuple[str, ...]) -> Derived:
    """Return the anchors of expressions, by the strings that are looked for."""
    uses: dict[str, list[int]] = {}
    held: dict[tuple[str, ...], int] = {}
    bare, codes = [], []
    for part, expression in enumerate(parts):
        codes.append(code_of(expression))
        found = anchors_of(expression)
        if found is None:
            bare.append(part)
            continue
        for each, first, last, also in found:
            width = 0 if first == last else width_of(expression)
            which = held.setdefault(tuple(sorted(also)), len(held))
            for string in sorted(each):
                uses.setdefault(string, []).extend((part, first, last, width, which))
    numbers = array(_NUMBERS, chain.from_iterable(uses.values()))
    ends = array(_NUMBERS, accumulate(map(len, uses.values())))
    also_held = [list(each) for each in held]
    return list(uses), packed_numbers(numbers), packed_numbers(ends), also_held, bare, packed(codes)


class AnchorIndex:
    """The strings by which patterns are found, and what each stands for.

    Args:
        strings: the strings.
        numbers: what they stand for.
        ends: where the numbers of each end.
        held: the strings that matches hold besides.
        bare: the parts without strings.
        codes: all parts as Python compiles them.
    """

    def __init__(
        self, strings: list[str], numbers: str, ends: str, held: list[list[str]], bare: list[int], codes: Packed
    ) -> None:
        self.strings, self.bare, self.codes = strings, bare, codes
        self._numbers = unpacked_numbers(numbers, _NUMBERS)
        self._ends = unpacked_numbers(ends, _NUMBERS)
        self._held = [[string.encode() for string in each] for each in held]

    @property
    def furthest(self) -> int:
        """How far behind its beginning a match may hold its string."""
        return max((-first for first in self._numbers[1::_OF_USE]), default=0)

    def uses_of(self, string: int) -> Iterator[tuple[int, int, int, int, list[bytes]]]:
        """Yield (part, first, last, width, strings of which it holds one too) of what a string stands for."""
        begin = self._ends[string - 1] if string else 0
        for at in range(begin, self._ends[string], _OF_USE):
            part, first, last, width, which = self._numbers[at : at + _OF_USE]
            yield part, first, last, width, self._held[which]
