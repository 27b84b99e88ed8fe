"""A chain of tags over the words of a sentence: outside, begin, inside (linear-chain conditional random field).

Lafferty, McCallum, Pereira, ICML 2001. Only stretches with a word that may belong to a mention are looked at; what lies
between them is outside for certain, as good as.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

OUTSIDE, BEGIN, INSIDE = 0, 1, 2
UNLIKELY: Final = -4.0
"""Log odds against outside below which a word by itself is of no mention."""
_NONE: Final = 0.2
"""Probability up to which no word of a stretch is tagged."""
_BESIDE: Final = 2
"""Words beside a likely one that are looked at with it."""

Scores = Sequence[float]
"""What speaks for begin and for inside at a word, against outside, in log odds."""


class Stretch(NamedTuple):
    """Words that may be of a mention.

    Args:
        first: the first word.
        tags: the likeliest tags.
        within: for each word the probability that it is of a mention.
    """

    first: int
    tags: list[int]
    within: list[float]


class Chain:
    """Tags the words of a sentence.

    The sums are written out tag by tag: a note has thousands of words and labels, and three tags are too few for loops to pay.

    Args:
        transitions: for each tag what speaks for each tag behind it, in log odds.
    """

    def __init__(self, transitions: Sequence[Sequence[float]]) -> None:
        self._follows = tuple(tuple(row) for row in transitions)
        self._weights = tuple(tuple(math.exp(each) for each in row) for row in transitions)

    def stretches(self, scores: Sequence[Scores], also: Iterable[int] = ()) -> Iterator[Stretch]:
        """Yield the stretches of a sentence that may hold a mention.

        Args:
            scores: what speaks for begin and inside at each word.
            also: words that are looked at however unlikely they are.
        """
        for first, last in _likely(scores, frozenset(also)):
            told = scores[first:last]
            ends = (first == 0, last == len(scores))
            within = self._within(told, ends)
            tags = self._best(told, ends) if max(within) > _NONE else [OUTSIDE] * len(told)
            yield Stretch(first, tags, within)

    def _best(self, told: Sequence[Scores], ends: tuple[bool, bool]) -> list[int]:
        """Return the likeliest tags of a stretch, outside of which all is outside (Viterbi)."""
        (oo, ob, oi), (bo, bb, bi), (io, ib, ii) = self._follows
        begin, inside = told[0]
        out = 0.0
        if not ends[0]:
            out, begin, inside = oo, ob + begin, oi + inside
        came: list[tuple[int, int, int]] = []
        for to_begin, to_inside in told[1:]:
            outs, begins, insides = (
                (out + oo, begin + bo, inside + io),
                (out + ob, begin + bb, inside + ib),
                (out + oi, begin + bi, inside + ii),
            )
            out, begin, inside = max(outs), max(begins), max(insides)
            came.append((outs.index(out), begins.index(begin), insides.index(inside)))
            begin += to_begin
            inside += to_inside
        last = (out, begin, inside) if ends[1] else (out + oo, begin + bo, inside + io)
        tags = [last.index(max(last))]
        for back in reversed(came):
            tags.append(back[tags[-1]])
        return tags[::-1]

    def _within(self, told: Sequence[Scores], ends: tuple[bool, bool]) -> list[float]:
        """Return for each word of a stretch the probability that it is of a mention (forward and backward sums)."""
        (oo, ob, oi), (bo, bb, bi), (io, ib, ii) = self._weights
        odds = [(math.exp(min(b, _HIGH)), math.exp(min(i, _HIGH))) for b, i in told]
        begin, inside = odds[0]
        out = 1.0
        if not ends[0]:
            out, begin, inside = oo, ob * begin, oi * inside
        forward = []
        for to_begin, to_inside in [*odds[1:], (0.0, 0.0)]:
            whole = out + begin + inside
            out, begin, inside = out / whole, begin / whole, inside / whole
            forward.append((out, begin, inside))
            out, begin, inside = (
                out * oo + begin * bo + inside * io,
                (out * ob + begin * bb + inside * ib) * to_begin,
                (out * oi + begin * bi + inside * ii) * to_inside,
            )
        out, begin, inside = (1.0, 1.0, 1.0) if ends[1] else (oo, bo, io)
        within = []
        for (f_out, f_begin, f_inside), (to_begin, to_inside) in zip(reversed(forward), reversed(odds), strict=True):
            outside = f_out * out
            within.append(1 - outside / (outside + f_begin * begin + f_inside * inside))
            begin, inside = begin * to_begin, inside * to_inside
            whole = out + begin + inside
            out, begin, inside = out / whole, begin / whole, inside / whole
            out, begin, inside = (
                oo * out + ob * begin + oi * inside,
                bo * out + bb * begin + bi * inside,
                io * out + ib * begin + ii * inside,
            )
        return within[::-1]


_HIGH: Final = 60.0
"""Log odds that count as certain."""


def _likely(scores: Sequence[Scores], also: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of the stretches with a word that may be of a mention."""
    open_at, upto = -1, -1
    for place, (begin, inside) in enumerate(scores):
        if begin > UNLIKELY or inside > UNLIKELY or place in also:
            if open_at < 0:
                open_at = max(0, place - _BESIDE)
            elif place - _BESIDE > upto:
                yield open_at, upto
                open_at = place - _BESIDE
            upto = min(len(scores), place + 1 + _BESIDE)
    if open_at >= 0:
        yield open_at, upto


def spans_of(tags: Sequence[int]) -> list[tuple[int, int]]:
    """Return (first, last) of the mentions in a row of tags, the last place exclusive.

    Args:
        tags: tags of words that follow one another.
    """
    found: list[list[int]] = []
    inside = False
    for place, tag in enumerate(tags):
        if tag == BEGIN or (tag == INSIDE and not inside):
            found.append([place, place + 1])
        elif tag == INSIDE:
            found[-1][1] = place + 1
        inside = tag != OUTSIDE
    return [(first, last) for first, last in found]
