"""Expressions as Python compiles them, in a form that can be kept: the thousands of the rules would take every new process seconds."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache
from re import _compiler, _parser  # type: ignore[attr-defined]
from typing import Any, Final, NamedTuple

from extractor.kept import packed_numbers, unpacked_numbers

_CODE: Final = "I"
"""The words of compiled code, as an array has them."""
_CAN_KEEP: Final = array(_CODE).itemsize == 4 == getattr(_compiler._sre, "CODESIZE", 0)

Packed = tuple[str, list[int], list[list[Any]]]
"""Code of all expressions, where that of each ends, and flags and groups of each; empty where this Python's cannot be kept."""


class Code(NamedTuple):
    """An expression as Python compiles it."""

    words: array[int]
    flags: int
    groups: int
    names: dict[str, int]


@lru_cache(maxsize=8)
def tree_of(pattern: str) -> Any:
    """Return the parse tree of a pattern, read with ``re.IGNORECASE``; it must not be changed."""
    return _parser.parse(pattern, re.IGNORECASE)


def code_of(pattern: str) -> Code:
    """Return the compiled code of a pattern, read with ``re.IGNORECASE``."""
    tree = tree_of(pattern)
    words = array(_CODE, _compiler._code(tree, re.IGNORECASE) if _CAN_KEEP else ())
    return Code(words, int(tree.state.flags | re.IGNORECASE), tree.state.groups - 1, dict(tree.state.groupdict))


def packed(codes: Iterable[Code]) -> Packed:
    """Return compiled code in a form that can be kept.

    Args:
        codes: the code of each pattern.
    """
    if not _CAN_KEEP:
        return "", [], []
    whole, ends, told = array(_CODE), [], []
    for code in codes:
        whole.extend(code.words)
        ends.append(len(whole))
        told.append([code.flags, code.groups, code.names])
    return packed_numbers(whole), ends, told


class Expressions:
    """Patterns compiled when first needed, from kept code where there is any.

    Args:
        patterns: the patterns, read with ``re.IGNORECASE``.
        kept: what :func:`packed` gave for the very same patterns on a machine of the same kind.

    Attributes:
        made: those compiled so far, for loops in which a call of :meth:`compiled` would tell.
    """

    def __init__(self, patterns: Sequence[str], kept: Packed) -> None:
        self._patterns = patterns
        code, self._ends, self._told = kept
        self._code = unpacked_numbers(code, _CODE) if self._ends else array(_CODE)
        self.made: list[re.Pattern[str] | None] = [None] * len(patterns)

    def compiled(self, index: int) -> re.Pattern[str]:
        """Return a pattern as ``re.compile`` gives it.

        Args:
            index: which.
        """
        found = self.made[index]
        if found is None:
            found = self.made[index] = self._compile(index)
        return found

    def _compile(self, index: int) -> re.Pattern[str]:
        pattern = self._patterns[index]
        if not self._ends:
            return re.compile(pattern, re.IGNORECASE)
        flags, groups, names = self._told[index]
        code = self._code[self._ends[index - 1] if index else 0 : self._ends[index]].tolist()
        by_number: list[str | None] = [None] * (groups + 1)
        for name, number in names.items():
            by_number[number] = name
        try:
            made: re.Pattern[str] = _compiler._sre.compile(pattern, flags, code, groups, names, tuple(by_number))
        except (RuntimeError, TypeError, ValueError, OverflowError):  # code that this Python does not take
            return re.compile(pattern, re.IGNORECASE)
        return made
