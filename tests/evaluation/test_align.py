"""Pairing: one to one, within note and label, the largest overlap."""

from __future__ import annotations

from itertools import permutations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.align import exact_pairs, overlap_pairs
from evaluation.tables import mention_table

Span = tuple[int, int]


def mentions(spans: list[Span], label: str = "EBV", note: str = "n") -> pd.DataFrame:
    return mention_table({"patient_id": "p", "note_id": note, "label": label, "start": s, "end": e} for s, e in spans)


@pytest.mark.parametrize(
    ("gold", "predicted", "pairs"),
    [
        ([(0, 5)], [(0, 5)], [(0, 0)]),
        ([(0, 5)], [(5, 9)], []),
        ([(0, 5)], [(4, 9)], [(0, 0)]),
        ([], [(0, 5)], []),
        ([(0, 5)], [], []),
        ([(0, 10)], [(0, 3), (3, 10)], [(0, 1)]),
        ([(0, 4), (5, 9)], [(0, 9)], [(0, 0)]),
        ([(0, 6), (6, 12)], [(4, 12), (0, 5)], [(0, 1), (1, 0)]),
        ([(0, 5), (0, 5)], [(0, 5)], [(0, 0)]),
        ([(0, 4), (0, 8)], [(0, 8), (0, 4)], [(0, 1), (1, 0)]),
    ],
)
def test_overlap_pairs(gold: list[Span], predicted: list[Span], pairs: list[tuple[int, int]]) -> None:
    found = overlap_pairs(mentions(gold), mentions(predicted))
    assert list(zip(found["gold"], found["predicted"], strict=True)) == pairs


@pytest.mark.parametrize(
    ("gold", "predicted", "count"),
    [
        ([(0, 5)], [(0, 5)], 1),
        ([(0, 5)], [(0, 4)], 0),
        ([(0, 5), (0, 5)], [(0, 5)], 1),
        ([(0, 5)] * 2, [(0, 5)] * 2, 2),
    ],
)
def test_exact_pairs(gold: list[Span], predicted: list[Span], count: int) -> None:
    assert len(exact_pairs(mentions(gold), mentions(predicted))) == count


def test_other_label_or_note_is_never_paired() -> None:
    assert overlap_pairs(mentions([(0, 5)]), mentions([(0, 5)], label="ADC")).empty
    assert overlap_pairs(mentions([(0, 5)]), mentions([(0, 5)], note="m")).empty


spans = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda s: (s[0], s[0] + s[1])), max_size=5)


def overlap(a: Span, b: Span) -> int:
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def best_overlap(gold: list[Span], predicted: list[Span]) -> int:
    """The largest overlap over all one-to-one pairings, by trying all."""
    few, many = sorted((gold, predicted), key=len)
    return max(sum(overlap(a, b) for a, b in zip(few, order, strict=True)) for order in permutations(many, len(few)))


@given(spans, spans)
def test_pairing_is_one_to_one_and_overlaps_most(gold: list[Span], predicted: list[Span]) -> None:
    pairs = overlap_pairs(mentions(gold), mentions(predicted))
    assert pairs["gold"].is_unique
    assert pairs["predicted"].is_unique
    assert (pairs["overlap"] > 0).all()
    assert pairs["overlap"].sum() == best_overlap(gold, predicted)


@given(spans)
def test_everything_pairs_with_itself(gold: list[Span]) -> None:
    pairs = overlap_pairs(mentions(gold), mentions(gold))
    assert len(pairs) == len(gold)
    assert len(exact_pairs(mentions(gold), mentions(gold))) == len(gold)
    assert all(gold[g] == gold[p] for g, p in zip(pairs["gold"], pairs["predicted"], strict=True))


@given(spans, spans)
def test_exact_pairs_are_never_more_than_overlap_pairs(gold: list[Span], predicted: list[Span]) -> None:
    a, b = mentions(gold), mentions(predicted)
    assert len(exact_pairs(a, b)) <= len(overlap_pairs(a, b))
