"""What a text must hold for a regular expression to match: words that a scanner can look for.

For each alternative of an expression strings one of which every match begins with or holds, in the scanner's own
alphabet (:func:`folded`): letters in lower case, ``0`` for any digit, a blank for every other sign. So a blank also
stands for the edge of a word, and ``ild`` is not looked for within ``mild``. The idea is that of RE2's prefilter and of
Cox, "Regular expression matching with a trigram index" (2012); the expression's own parse tree is read, so the rules
stay the only source.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from itertools import product
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from extractor.expressions import tree_of
from extractor.frequencies import ALPHABET, BLANK, DIGIT, cost_of, fold_sign

MOST = 700
"""Strings that one set may hold; an expression that needs more is followed no further."""
LONGEST = 20
"""Characters of a string that are of use."""
ENOUGH = 7
"""Characters with which a string is rare enough; a longer one is taken only where it makes no more of them."""
WIDEST = 4000
"""Characters a match may have; the rules are bounded well below."""
_FEW = 16
"""Strings of a second set, looked for one by one."""
DEAREST = 0.02
"""How often per character strings may be met by chance before a plain search is cheaper."""


Strings = frozenset[str]
_EMPTY: Strings = frozenset({""})
_ZERO_WIDTH = frozenset({sre.ASSERT, sre.ASSERT_NOT, sre.AT})
_REPEATS = frozenset({sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT})


class Anchor(NamedTuple):
    """Strings one of which every match of an alternative holds or stands behind, in the alphabet of :func:`folded`.

    A match begins between ``first`` and ``last`` characters behind the beginning of the string (negative: before it);
    both are equal where the place is known. Where it is not, a match holds one of ``also`` too, if that is not empty.
    """

    strings: Strings
    first: int
    last: int
    also: Strings = frozenset()


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
    by_place: dict[tuple[int, int, Strings], set[str]] = {}
    for tree in _alternatives(list(tree_of(pattern))):
        choices = [c for c in _choices(tree) if c[0] <= DEAREST]
        if not choices:
            return None
        anchor = min(choices, key=lambda c: c[0])[1]
        also = _besides(tree, anchor) if anchor.first != anchor.last else frozenset()
        by_place.setdefault((anchor.first, anchor.last, also), set()).update(anchor.strings)
    return [Anchor(frozenset(strings), *place) for place, strings in sorted(by_place.items(), key=lambda x: x[0][:2])]


def _besides(tree: list[Any], anchor: Anchor) -> Strings:
    """Return a second set of strings, one of which every match of an alternative holds, or an empty one."""
    begins = _beginnings(tree, edges=False)[1]
    others = [h.strings for h in _all_needed(tree)] + ([begins] if "" not in begins else [])
    others = [
        o
        for o in others
        if o != anchor.strings and len(o) <= _FEW and not any(s in t for s in o for t in anchor.strings)
    ]
    return min(others, key=cost_of, default=frozenset())


def beginnings_of(pattern: str) -> Strings:
    """Return strings one of which every match of a pattern begins with, in the alphabet of :func:`folded`."""
    return _beginnings(list(tree_of(pattern)), edges=False)[1]


def signs_of(pattern: str) -> str:
    """Return signs, no letters or digits, one of which every match of a pattern holds or stands behind; empty if not known."""
    common: set[str] = set()
    for tree in _alternatives(list(tree_of(pattern))):
        choices = _signs(tree)
        if not choices:
            return ""
        common |= min(choices, key=lambda c: (len(c), sorted(c)))
    return "".join(sorted(common)) if len(common) <= _FEW_SIGNS else ""


_FEW_SIGNS = 4


def _signs(tree: list[Any]) -> list[frozenset[str]]:
    """Return sets of signs of each of which a sequence holds one."""
    found: list[frozenset[str]] = []
    for op, value in tree:
        if op is sre.LITERAL:
            found.append(frozenset({chr(value)}))
        elif op is sre.IN and all(kind is sre.LITERAL for kind, _ in value):
            found.append(frozenset(chr(code) for _, code in value))
        elif op is sre.ASSERT and value[0] == -1:
            found += _signs(list(value[1]))
        elif op in _REPEATS and value[0] >= 1:
            found += _signs(list(value[2]))
    return [f for f in found if all(s.isascii() and not s.isalnum() and s != BLANK for s in f)]


def width_of(pattern: str) -> int:
    """Return the most characters that a match of a pattern has, at most :data:`WIDEST`."""
    return _width(list(tree_of(pattern)))


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


def _cost_within(held: Held) -> float:
    """Return the cost of strings around which the beginning of a match has to be looked for."""
    return cost_of(held.strings) * (1 if held.least == held.most else 5 + (held.most - held.least) / 8)


def _times(first: Strings, second: Strings) -> Strings | None:
    if len(first) * len(second) > MOST:
        return None
    return frozenset((a + b) for a in first for b in second)


def _union(parts: Iterable[Strings | None]) -> Strings | None:
    joined: set[str] = set()
    for part in parts:
        if part is None:
            return None
        joined |= part
    return frozenset(joined) if len(joined) <= MOST else None


def _is_word(strings: Strings, at: int) -> bool:
    """Return whether all strings have a letter or digit at a place (0 or -1)."""
    return all(s and s[at] != BLANK for s in strings)


def _choices(tree: list[Any]) -> list[tuple[float, Anchor]]:
    """Return the possible anchors of one alternative with their costs."""
    choices: list[tuple[float, Anchor]] = []
    lead, begins = _beginnings(tree)
    if begins and "" not in begins:
        choices.append((cost_of(begins), Anchor(begins, lead, lead)))
    if (held := _needed(tree)) is not None:
        choices.append((_cost_within(held), Anchor(held.strings, -held.most, -held.least)))
    for back in _looked_back_at(tree):
        if (held := _needed(back)) is not None:
            choices.append((_cost_within(held), Anchor(held.strings, 0, _width(back) + 1)))
    return choices


def _looked_back_at(tree: list[Any]) -> list[list[Any]]:
    """Return the lookbehinds with which an alternative begins."""
    found = []
    for op, value in tree:
        if op not in _ZERO_WIDTH:
            break
        if op is sre.ASSERT and value[0] == -1:
            found.append(list(value[1]))
    return found


def _members(members: list[Any]) -> Strings | None:
    """Return the signs of the alphabet that a class holds; ``None`` where that is not plain to see."""
    signs: set[str] = set()
    for op, value in members:
        if op is sre.LITERAL:
            signs.add(fold_sign(value))
        elif op is sre.RANGE:
            signs.update(fold_sign(code) for code in range(value[0], min(value[1], 128) + 1))
            if value[1] >= 128:
                signs.add(BLANK)
        elif op is sre.CATEGORY and value is sre.CATEGORY_DIGIT:
            signs.add(DIGIT)
        elif op is sre.CATEGORY and value is sre.CATEGORY_SPACE:
            signs.add(BLANK)
        elif op is sre.CATEGORY and value is sre.CATEGORY_WORD:
            signs.update(ALPHABET)
        else:
            return None
    return frozenset(signs)


def _forbidden(tree: list[Any]) -> Strings:
    """Return the signs of the alphabet that a negative assertion of one sign rules out altogether."""
    if len(tree) != 1 or tree[0][0] is not sre.IN:
        return frozenset()
    codes: set[int] = set()
    for op, value in tree[0][1]:
        if op is sre.LITERAL:
            codes.add(value)
        elif op is sre.RANGE:
            codes.update(range(value[0], min(value[1], 127) + 1))
        elif op is sre.CATEGORY and value is sre.CATEGORY_DIGIT:
            codes.update(range(48, 58))
        elif op is sre.CATEGORY and value is sre.CATEGORY_WORD:
            codes.update(c for c in range(128) if chr(c).isalnum())
        elif op is sre.NEGATE:
            return frozenset()
    ruled_out = {c for c in string.ascii_lowercase if {ord(c), ord(c.upper())} <= codes}
    if set(range(48, 58)) <= codes:
        ruled_out.add(DIGIT)
    return frozenset(ruled_out)


def _beside(value: Any, behind: int) -> Strings | None:
    """Return the few signs that a negative assertion leaves beside a place; its direction is -1 or 1."""
    direction, tree = value
    if direction != behind:
        return None
    left = ALPHABET - _forbidden(list(tree))
    return left if len(left) <= 3 else None


def _exact(op: Any, value: Any) -> Strings | None:
    """Return all strings that a node matches, if they are few."""
    if op in _ZERO_WIDTH:
        return _EMPTY
    if op is sre.LITERAL:
        return frozenset({fold_sign(value)})
    if op is sre.IN:
        signs = _members(value)
        return signs if signs is not None and len(signs) <= 8 else None
    if op is sre.SUBPATTERN:
        return _exact_sequence(list(value[3]))
    if op is sre.ATOMIC_GROUP:
        return _exact_sequence(list(value))
    if op is sre.BRANCH:
        return _union(_exact_sequence(list(branch)) for branch in value[1])
    if op in _REPEATS:
        return _exact_repeat(*value)
    return None


def _exact_repeat(low: int, high: Any, tree: Any) -> Strings | None:
    if high is sre.MAXREPEAT or high > 3:
        return None
    once = _exact_sequence(list(tree))
    if once is None:
        return None
    found: set[str] = set()
    for times in range(low, int(high) + 1):
        if len(once) ** times > MOST:
            return None
        found.update("".join(p) for p in product(once, repeat=times))
    return frozenset(found) if len(found) <= MOST else None


def _exact_sequence(tree: list[Any]) -> Strings | None:
    whole: Strings | None = _EMPTY
    for op, value in tree:
        part = _exact(op, value)
        whole = _times(whole, part) if part is not None and whole is not None else None
        if whole is None or max(map(len, whole)) > LONGEST * 2:
            return None
    return whole


def _left_of(tree: list[Any], at: int) -> Strings | None:
    """Return the few signs one of which stands before what a tree goes on with, if an assertion at a place says so."""
    op, value = tree[at]
    if op is sre.ASSERT_NOT:
        return _beside(value, -1)
    if op is sre.AT and value is sre.AT_BOUNDARY:
        _, behind = _beginnings(tree[at + 1 :], edges=False)
        if _is_word(behind, 0):
            return frozenset({BLANK})
    return None


def _right_of(tree: list[Any], at: int, so_far: Strings) -> Strings | None:
    """Return the few signs one of which stands behind strings, if an assertion at a place says so."""
    op, value = tree[at]
    if op is sre.ASSERT_NOT:
        return _beside(value, 1)
    if op is sre.AT and value is sre.AT_BOUNDARY and _is_word(so_far, -1):
        return frozenset({BLANK})
    return None


def _beginnings(tree: list[Any], *, edges: bool = True) -> tuple[int, Strings]:
    """Return strings one of which every match begins with, and how far behind their beginning the match begins."""
    done: set[str] = set()
    so_far: Strings = _EMPTY
    lead = 0
    for i, (op, value) in enumerate(tree):
        if op in _ZERO_WIDTH:
            if edges and so_far == _EMPTY and (left := _left_of(tree, i)):
                so_far, lead = left, 1
            elif len(min(so_far, key=len)) > lead and (right := _right_of(tree, i, so_far)):
                so_far = _times(so_far, right) or so_far
                break
            continue
        done.update(s for s in so_far if len(s) - lead >= ENOUGH)
        so_far = so_far - done
        if not so_far:
            break
        part = _exact(op, value)
        grown = _times(so_far, part) if part is not None else None
        if grown is None:
            behind = _beginnings_of(op, value)
            if op in _REPEATS and value[0] == 0:  # left out, the match goes on with what follows
                rest = _beginnings(tree[i + 1 :], edges=False)[1]
                behind = _union([_beginnings(list(value[2]), edges=False)[1], rest]) or _EMPTY
            so_far = _times(so_far, behind) or so_far
            break
        so_far = grown
    found = {s[: LONGEST + lead] for s in done | so_far}
    return lead, frozenset(s for s in found if not any(s[:n] in found for n in range(1, len(s))))


def _beginnings_of(op: Any, value: Any) -> Strings:
    if op is sre.SUBPATTERN:
        return _beginnings(list(value[3]), edges=False)[1]
    if op is sre.BRANCH:
        return _union(_beginnings(list(branch), edges=False)[1] for branch in value[1]) or _EMPTY
    if op in _REPEATS and value[0] >= 1:
        edge = _leading_edge(op, value)
        return edge if edge != _EMPTY else _beginnings(list(value[2]), edges=False)[1]
    return _EMPTY


def _edge(op: Any, value: Any) -> Strings:
    """Return the single signs with which a repeated class begins and ends, if it must occur."""
    if op in _REPEATS and value[0] >= 1 and len(value[2]) == 1 and value[2][0][0] is sre.IN:
        return _exact(*value[2][0]) or _EMPTY
    return _EMPTY


def _leading_edge(op: Any, value: Any) -> Strings:
    """Return the signs with which a repeated class begins, as many as must occur."""
    edge = _edge(op, value)
    return edge if len(edge) > 1 or edge == _EMPTY else frozenset(e * min(value[0], 4) for e in edge)


def _needed(tree: list[Any]) -> Held | None:
    """Return strings one of which every match holds, the cheapest such set."""
    return min(_all_needed(tree), key=_cost_within, default=None)


def _all_needed(tree: list[Any]) -> list[Held]:
    """Return all sets of strings of each of which every match holds one."""
    candidates: list[Held] = []
    run, run_at, closed = _EMPTY, (0, 0), False
    before = (0, 0)
    for i, (op, value) in enumerate(tree):
        if op in _ZERO_WIDTH:
            if closed:
                continue
            if run == _EMPTY and (left := _left_of(tree, i)):
                run, run_at = left, (before[0] - 1, before[1] - 1)
            elif run != _EMPTY and (right := _right_of(tree, i, run)) and (grown := _times(run, right)):
                run, closed = grown, True
            continue
        width = _widths([(op, value)])
        behind = (min(before[0] + width[0], WIDEST), min(before[1] + width[1], WIDEST))
        part = _exact(op, value)
        grown = _times(run, part) if part is not None and not closed else None
        if grown is not None and len(max(grown, key=len)) <= LONGEST:
            run, before = grown, behind
            continue
        edge = _edge(op, value) if part is None else _EMPTY
        candidates.append(Held(run if closed else _times(run, edge) or run, *run_at))
        closed = False
        if part is not None:
            run, run_at = part, before
        else:
            run, run_at = edge, (max(0, behind[0] - 1), max(0, behind[1] - 1)) if edge != _EMPTY else behind
            if (inner := _needed_of(op, value)) is not None:
                candidates.append(Held(inner.strings, before[0] + inner.least, min(before[1] + inner.most, WIDEST)))
        before = behind
    candidates.append(Held(run, *run_at))
    return [c for c in candidates if c.strings and "" not in c.strings]


def _needed_of(op: Any, value: Any) -> Held | None:
    if op is sre.SUBPATTERN:
        return _needed(list(value[3]))
    if op is sre.ATOMIC_GROUP:
        return _needed(list(value))
    if op is sre.BRANCH:
        parts = [_needed(list(branch)) for branch in value[1]]
        held = [p for p in parts if p is not None]
        joined = _union(p.strings for p in held)
        if len(held) < len(parts) or joined is None:
            return None
        return Held(joined, min(p.least for p in held), max(p.most for p in held))
    if op in _REPEATS and value[0] >= 1:
        return _needed(list(value[2]))
    return None
