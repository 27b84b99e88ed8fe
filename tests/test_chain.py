"""The chain of tags against all rows of tags there are."""

from __future__ import annotations

import math
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.chain import BEGIN, INSIDE, OUTSIDE, Chain, spans_of

_ODDS = st.floats(-2.4, 6, allow_nan=False)
_SCORES = st.lists(st.tuples(_ODDS, _ODDS), min_size=1, max_size=6)
_ROW = st.tuples(_ODDS, _ODDS, _ODDS)


def _odds(tags: tuple[int, ...], scores: list[tuple[float, float]], follows: tuple[tuple[float, ...], ...]) -> float:
    own = sum((0.0, *score)[tag] for tag, score in zip(tags, scores, strict=True))
    return own + sum(follows[a][b] for a, b in pairwise(tags))


@settings(max_examples=100)
@given(_SCORES, st.tuples(_ROW, _ROW, _ROW))
def test_tags_and_probabilities_are_those_of_all_rows_together(
    scores: list[tuple[float, float]], follows: tuple[tuple[float, float, float], ...]
) -> None:
    (stretch,) = Chain(follows).stretches(scores)  # every word may be of a mention
    rows = list(product((OUTSIDE, BEGIN, INSIDE), repeat=len(scores)))
    weights = [math.exp(_odds(row, scores, follows)) for row in rows]
    best = max(_odds(row, scores, follows) for row in rows)
    if max(stretch.within) > 0.2:
        assert _odds(tuple(stretch.tags), scores, follows) == pytest.approx(best)
    for place, within in enumerate(stretch.within):
        share = sum(w for row, w in zip(rows, weights, strict=True) if row[place] != OUTSIDE)
        assert within == pytest.approx(share / sum(weights), abs=1e-6)


NOTHING = ((0.0, 0.0, 0.0),) * 3


@pytest.mark.parametrize(
    ("scores", "stretches"),
    [
        ([(-9.0, -9.0)] * 4, []),
        ([(-9.0, -9.0), (2.0, -9.0), *[(-9.0, -9.0)] * 3], [(0, 4)]),
        ([(2.0, -9.0), *[(-9.0, -9.0)] * 6, (2.0, -9.0)], [(0, 3), (5, 8)]),
        ([(2.0, -9.0), *[(-9.0, -9.0)] * 3, (2.0, -9.0)], [(0, 5)]),
    ],
    ids=["nothing likely", "one word and its neighbours", "far apart", "near each other"],
)
def test_only_stretches_with_a_likely_word_are_looked_at(
    scores: list[tuple[float, float]], stretches: list[tuple[int, int]]
) -> None:
    found = [(s.first, s.first + len(s.tags)) for s in Chain(NOTHING).stretches(scores)]
    assert found == stretches


def test_a_word_that_is_asked_for_is_looked_at() -> None:
    (stretch,) = Chain(NOTHING).stretches([(-9.0, -9.0)] * 6, also=[3])
    assert (stretch.first, stretch.tags) == (1, [OUTSIDE] * 5)


def test_a_word_far_beyond_doubt_is_no_overflow() -> None:
    (stretch,) = Chain(NOTHING).stretches([(900.0, -900.0), (-900.0, 2.0)])
    assert stretch.tags == [BEGIN, INSIDE]
    assert all(0 <= each <= 1 for each in stretch.within)


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ([], []),
        ([OUTSIDE, BEGIN, INSIDE, OUTSIDE], [(1, 3)]),
        ([BEGIN, BEGIN, INSIDE], [(0, 1), (1, 3)]),
        ([INSIDE, INSIDE, OUTSIDE, INSIDE], [(0, 2), (3, 4)]),
    ],
)
def test_spans_of_tags(tags: list[int], spans: list[tuple[int, int]]) -> None:
    assert spans_of(tags) == spans
