"""What a text must hold for a regular expression to match: words that a scanner can look for.

For each alternative of an expression either the strings one of which every match *begins* with, or strings one of
which every match *holds*. The idea is that of RE2's prefilter and of Cox, "Regular expression matching with a trigram
index" (2012); the expression's own parse tree is read, so the rules stay the only source.
"""

from __future__ import annotations

import re
from itertools import product
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

MOST = 300
"""Strings that one set may hold; an expression that needs more is followed no further."""
LONGEST = 24
"""Characters of a string that are of use."""
SHORTEST = 2
"""Characters that a string to look for must have."""
WIDEST = 4000
"""Characters a match may have; the rules are bounded well below."""
_WINDOW_COSTS = 6.0
"""How much dearer it is to search around a string than to try a match where one begins."""

Strings = frozenset[str]
_EMPTY: Strings = frozenset({""})
_ZERO_WIDTH = frozenset({sre.ASSERT, sre.ASSERT_NOT, sre.AT})
_REPEATS = frozenset({sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT})


class Anchor(NamedTuple):
    """Strings one of which every match of an alternative holds or stands behind; lower case, ASCII.

    ``reach`` is 0 where a match begins with the string; else the most characters that a match may have, or, negative,
    how far behind the beginning of the string a match may begin that looks back at it.
    """

    strings: Strings
    reach: int


def anchors_of(pattern: str) -> list[Anchor] | None:
    """Return the anchors of all alternatives of a pattern, or ``None`` where some alternative has none.

    Args:
        pattern: the expression, read with ``re.IGNORECASE``.
    """
    by_reach: dict[int, set[str]] = {}
    for tree in _alternatives(list(_parser.parse(pattern, re.IGNORECASE))):
        anchor = _Reader(wide=False).anchor(tree) or _Reader(wide=True).anchor(tree)
        if anchor is None:
            return None
        by_reach.setdefault(anchor.reach, set()).update(anchor.strings)
    return [Anchor(frozenset(strings), reach) for reach, strings in sorted(by_reach.items())]


def width_of(pattern: str) -> int:
    """Return the most characters that a match of a pattern has, at most :data:`WIDEST`."""
    return _width(list(_parser.parse(pattern, re.IGNORECASE)))


def _alternatives(tree: list[Any]) -> list[list[Any]]:
    """Return a tree's alternatives, taken apart at the outermost branch; each keeps what comes before and after."""
    for i, (op, value) in enumerate(tree):
        if op in _ZERO_WIDTH:
            continue
        if op is sre.SUBPATTERN:
            inner = _alternatives(list(value[3]))
        elif op is sre.BRANCH:
            inner = [found for branch in value[1] for found in _alternatives(list(branch))]
        else:
            break
        return [[*tree[:i], *found, *tree[i + 1 :]] for found in inner]
    return [tree]


def _width(tree: list[Any]) -> int:
    return int(min(_parser.SubPattern(_parser.State(), tree).getwidth()[1], WIDEST))


def _usable(strings: Strings | None) -> bool:
    """Return whether strings are worth looking for; a sign alone is, a letter or digit alone is not."""
    return (
        strings is not None
        and bool(strings)
        and all(len(s) >= SHORTEST or (s and not s.isalnum() and not s.isspace()) for s in strings)
    )


def _cost(strings: Strings) -> float:
    """Return how often the strings are met by chance, letters alone considered."""
    return float(sum(9.0 ** -min(len(s), 7) for s in strings))


def _times(first: Strings, second: Strings) -> Strings | None:
    if len(first) * len(second) > MOST:
        return None
    return frozenset((a + b) for a in first for b in second)


def _union(parts: list[Strings | None]) -> Strings | None:
    if any(p is None for p in parts):
        return None
    joined: Strings = frozenset().union(*parts)  # type: ignore[arg-type]
    return joined if len(joined) <= MOST else None


class _Reader:
    """Reads strings off a parse tree.

    Args:
        wide: whether classes such as digits and white space are written out.
    """

    def __init__(self, *, wide: bool) -> None:
        self._most_of_class = 12 if wide else 4

    def anchor(self, tree: list[Any]) -> Anchor | None:
        """Return the cheapest anchor of one alternative."""
        choices: list[tuple[float, Strings, int]] = []
        begins, holds = self._beginnings(tree), self._needed(tree)
        if _usable(begins):
            choices.append((_cost(begins), begins, 0))
        if holds is not None and _usable(holds):
            choices.append((_cost(holds) * _WINDOW_COSTS, holds, _width(tree)))
        for back in self._looked_back_at(tree):
            behind = self._needed(back)
            if behind is not None and _usable(behind):
                choices.append((_cost(behind) * _WINDOW_COSTS, behind, -_width(back)))
        if not choices:
            return None
        _, strings, reach = min(choices, key=lambda c: c[0])
        return Anchor(strings, reach)

    @staticmethod
    def _looked_back_at(tree: list[Any]) -> list[list[Any]]:
        """Return the lookbehinds with which an alternative begins."""
        found = []
        for op, value in tree:
            if op not in _ZERO_WIDTH:
                break
            if op is sre.ASSERT and value[0] == -1:
                found.append(list(value[1]))
        return found

    def _exact(self, op: Any, value: Any) -> Strings | None:
        """Return all strings that a node matches, if they are few."""
        if op in _ZERO_WIDTH:
            return _EMPTY
        if op is sre.LITERAL:
            return frozenset({chr(value).lower()}) if value < 128 else None
        if op is sre.IN:
            return self._exact_class(value)
        if op is sre.SUBPATTERN:
            return self._exact_sequence(list(value[3]))
        if op is sre.ATOMIC_GROUP:
            return self._exact_sequence(list(value))
        if op is sre.BRANCH:
            return _union([self._exact_sequence(list(branch)) for branch in value[1]])
        if op in _REPEATS:
            return self._exact_repeat(*value)
        return None

    def _exact_class(self, members: list[Any]) -> Strings | None:
        chars: set[str] = set()
        for op, value in members:
            if op is sre.LITERAL and value < 128:
                chars.add(chr(value).lower())
            elif op is sre.RANGE and value[1] < 128:
                chars.update(chr(c).lower() for c in range(value[0], value[1] + 1))
            elif op is sre.CATEGORY and value is sre.CATEGORY_DIGIT:
                chars.update("0123456789")
            elif op is sre.CATEGORY and value is sre.CATEGORY_SPACE:
                chars.update(" \t\n\r\f\v")
            else:
                return None
        return frozenset(chars) if len(chars) <= self._most_of_class else None

    def _exact_repeat(self, low: int, high: Any, tree: Any) -> Strings | None:
        if high is sre.MAXREPEAT or high > 2:
            return None
        once = self._exact_sequence(list(tree))
        if once is None:
            return None
        found: set[str] = set()
        for times in range(low, int(high) + 1):
            if len(once) ** times > MOST:
                return None
            found.update("".join(p) for p in product(once, repeat=times))
        return frozenset(found) if len(found) <= MOST else None

    def _exact_sequence(self, tree: list[Any]) -> Strings | None:
        whole: Strings | None = _EMPTY
        for op, value in tree:
            part = self._exact(op, value)
            whole = _times(whole, part) if part is not None and whole is not None else None
            if whole is None or max(map(len, whole)) > LONGEST * 2:
                return None
        return whole

    def _edge(self, op: Any, value: Any) -> Strings:
        """Return the single characters with which a repeated class begins and ends, if it must occur."""
        if op in _REPEATS and value[0] >= 1 and len(value[2]) == 1 and value[2][0][0] is sre.IN:
            return self._exact_class(value[2][0][1]) or _EMPTY
        return _EMPTY

    def _beginnings(self, tree: list[Any]) -> Strings:
        """Return strings one of which every match begins with; the empty one where nothing is known."""
        so_far: Strings = _EMPTY
        for op, value in tree:
            part = self._exact(op, value)
            grown = _times(so_far, part) if part is not None else None
            if grown is None:
                last = _times(so_far, self._beginnings_of(op, value))
                so_far = last if last is not None else so_far
                break
            so_far = grown
        return frozenset(s[:LONGEST] for s in so_far)

    def _beginnings_of(self, op: Any, value: Any) -> Strings:
        if op is sre.SUBPATTERN:
            return self._beginnings(list(value[3]))
        if op is sre.BRANCH:
            found: Strings = frozenset().union(*(self._beginnings(list(branch)) for branch in value[1]))
            return found if len(found) <= MOST else _EMPTY
        if op in _REPEATS and value[0] >= 1:
            return self._beginnings(list(value[2]))
        return _EMPTY

    def _needed(self, tree: list[Any]) -> Strings | None:
        """Return strings one of which every match holds, the rarest such set."""
        candidates: list[Strings] = []
        run: Strings = _EMPTY
        for op, value in tree:
            part = self._exact(op, value)
            grown = _times(run, part) if part is not None else None
            if grown is not None and max(map(len, grown)) <= LONGEST:
                run = grown
                continue
            edge = self._edge(op, value) if part is None else _EMPTY
            candidates.append(_times(run, edge) or run)
            run = part if part is not None else edge
            if part is None and (inner := self._needed_of(op, value)) is not None:
                candidates.append(inner)
        candidates.append(run)
        usable = [c for c in candidates if _usable(c)]
        return min(usable, key=_cost) if usable else None

    def _needed_of(self, op: Any, value: Any) -> Strings | None:
        if op is sre.SUBPATTERN:
            return self._needed(list(value[3]))
        if op is sre.ATOMIC_GROUP:
            return self._needed(list(value))
        if op is sre.BRANCH:
            return _union([self._needed(list(branch)) for branch in value[1]])
        if op in _REPEATS and value[0] >= 1:
            return (
                self._exact_repeat(value[0], value[0], value[2]) if 1 < value[0] <= 2 else self._needed(list(value[2]))
            )
        return None
