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

MOST = 700
"""Strings that one set may hold; an expression that needs more is followed no further."""
LONGEST = 24
"""Characters of a string that are of use."""
SHORTEST = 2
"""Characters that a string to look for must have."""
ENOUGH = 5
"""Characters with which a string is rare enough; making it longer only makes more of them."""
WIDEST = 4000
"""Characters a match may have; the rules are bounded well below."""

_SIGN_COST = 3.0
"""The cost of looking for a single sign, which is met everywhere."""

Strings = frozenset[str]
_EMPTY: Strings = frozenset({""})
_ZERO_WIDTH = frozenset({sre.ASSERT, sre.ASSERT_NOT, sre.AT})
_REPEATS = frozenset({sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT})


_DEAR = 0.3
"""A cost from which on classes such as digits are written out to find cheaper strings."""


class Anchor(NamedTuple):
    """Strings one of which every match of an alternative holds or stands behind; lower case, ASCII.

    A match begins between ``first`` and ``last`` characters behind the beginning of the string (negative: before it);
    both are 0 where every match begins with the string.
    """

    strings: Strings
    first: int
    last: int


class Held(NamedTuple):
    """Strings that a part of an expression must hold, and how many characters of the part may come before them."""

    strings: Strings
    least: int
    most: int


def anchors_of(pattern: str) -> list[Anchor] | None:
    """Return the anchors of all alternatives of a pattern, or ``None`` where some alternative has none.

    Args:
        pattern: the expression, read with ``re.IGNORECASE``.
    """
    by_place: dict[tuple[int, int], set[str]] = {}
    for tree in _alternatives(list(_parser.parse(pattern, re.IGNORECASE))):
        choices = _NARROW.choices(tree)
        if not choices or min(c[0] for c in choices) > _DEAR:
            choices += _WIDE.choices(tree)
        if not choices:
            return None
        anchor = min(choices, key=lambda c: c[0])[1]
        by_place.setdefault((anchor.first, anchor.last), set()).update(anchor.strings)
    return [Anchor(frozenset(strings), *place) for place, strings in sorted(by_place.items())]


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
    return _widths(tree)[1]


def _widths(tree: list[Any]) -> tuple[int, int]:
    """Return the fewest and the most characters that a tree matches."""
    least, most = _parser.SubPattern(_parser.State(), tree).getwidth()
    return int(min(least, WIDEST)), int(min(most, WIDEST))


def _usable(strings: Strings | None) -> bool:
    """Return whether strings are worth looking for; a sign alone is, a letter or digit alone is not."""
    return (
        strings is not None
        and bool(strings)
        and all(len(s) >= SHORTEST or (s and not s.isalnum() and not s.isspace()) for s in strings)
    )


def _cost(strings: Strings) -> float:
    """Return how often the strings are met by chance, letters alone considered."""
    return float(sum(9.0 ** -min(len(s), 7) if len(s) > 1 else _SIGN_COST for s in strings))


def _cost_within(held: Held) -> float:
    """Return the cost of strings around which the beginning of a match has to be looked for."""
    return _cost(held.strings) * (1.5 + (held.most - held.least) / 12)


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

    def choices(self, tree: list[Any]) -> list[tuple[float, Anchor]]:
        """Return the possible anchors of one alternative with their costs."""
        choices: list[tuple[float, Anchor]] = []
        begins = self._beginnings(tree)
        if _usable(begins):
            choices.append((_cost(begins), Anchor(begins, 0, 0)))
        if (held := self._needed(tree)) is not None:
            choices.append((_cost_within(held), Anchor(held.strings, -held.most, -held.least)))
        for back in self._looked_back_at(tree):
            if (held := self._needed(back)) is not None:
                choices.append((_cost_within(held), Anchor(held.strings, 0, _width(back))))
        return choices

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
        for i, (op, value) in enumerate(tree):
            if min(map(len, so_far)) >= ENOUGH:
                break
            part = self._exact(op, value)
            grown = _times(so_far, part) if part is not None else None
            if grown is None:
                behind = self._beginnings_of(op, value)
                if op in _REPEATS and value[0] == 0:  # left out, the match goes on with what follows
                    inner, rest = self._beginnings(list(value[2])), self._beginnings(tree[i + 1 :])
                    behind = _union([inner, rest]) or _EMPTY
                last = _times(so_far, behind)
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

    def _needed(self, tree: list[Any]) -> Held | None:
        """Return strings one of which every match holds, the cheapest such set."""
        candidates: list[Held] = []
        run, run_at = _EMPTY, (0, 0)
        before = (0, 0)
        for op, value in tree:
            width = _widths([(op, value)])
            behind = (min(before[0] + width[0], WIDEST), min(before[1] + width[1], WIDEST))
            part = self._exact(op, value)
            grown = _times(run, part) if part is not None else None
            if grown is not None and max(map(len, grown)) <= LONGEST:
                run, before = grown, behind
                continue
            edge = self._edge(op, value) if part is None else _EMPTY
            candidates.append(Held(_times(run, edge) or run, *run_at))
            if part is not None:
                run, run_at = part, before
            else:
                run, run_at = edge, (max(0, behind[0] - 1), max(0, behind[1] - 1)) if edge != _EMPTY else behind
                if (inner := self._needed_of(op, value)) is not None:
                    candidates.append(Held(inner.strings, before[0] + inner.least, min(before[1] + inner.most, WIDEST)))
            before = behind
        candidates.append(Held(run, *run_at))
        usable = [c for c in candidates if _usable(c.strings)]
        return min(usable, key=_cost_within) if usable else None

    def _needed_of(self, op: Any, value: Any) -> Held | None:
        if op is sre.SUBPATTERN:
            return self._needed(list(value[3]))
        if op is sre.ATOMIC_GROUP:
            return self._needed(list(value))
        if op is sre.BRANCH:
            parts = [self._needed(list(branch)) for branch in value[1]]
            joined = _union([p.strings if p else None for p in parts])
            if joined is None:
                return None
            held = [p for p in parts if p is not None]
            return Held(joined, min(p.least for p in held), max(p.most for p in held))
        if op in _REPEATS and value[0] >= 1:
            return self._needed(list(value[2]))
        return None


_NARROW = _Reader(wide=False)
_WIDE = _Reader(wide=True)
