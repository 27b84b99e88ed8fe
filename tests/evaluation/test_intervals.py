"""Intervals, paired differences and McNemar's test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation import intervals


def test_weights_begin_with_the_sample_and_draw_as_many_patients() -> None:
    weights = intervals.resample_weights(7, 50, seed=1)
    assert weights.shape == (51, 7)
    assert weights[0].tolist() == [1] * 7
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == intervals.resample_weights(7, 50, seed=1)).all()


@pytest.mark.parametrize(("patients", "resamples"), [(1, 100), (5, 0)])
def test_without_patients_or_resamples_there_is_no_interval(patients: int, resamples: int) -> None:
    weights = intervals.resample_weights(patients, resamples, seed=1)
    assert weights.shape == (1, patients)
    assert np.isnan(intervals.interval(weights[1:, 0])).all()


def test_resampled_sums_are_what_repeating_patients_gives() -> None:
    counts = np.arange(24, dtype=float).reshape(4, 2, 3)
    weights = intervals.resample_weights(4, 5, seed=3)
    for row, drawn in zip(weights, intervals.resampled(counts, weights), strict=True):
        assert (np.repeat(counts, row.astype(int), axis=0).sum(axis=0) == drawn).all()


def test_interval_of_a_proportion_is_about_the_normal_one() -> None:
    right = np.array([1.0] * 160 + [0.0] * 40)
    means = intervals.resampled(right, intervals.resample_weights(200, 4000, seed=2)) / 200
    low, high = intervals.interval(means[1:])
    half = 1.96 * np.sqrt(0.8 * 0.2 / 200)
    assert (low, high) == pytest.approx((0.8 - half, 0.8 + half), abs=0.01)


def test_a_system_does_not_differ_from_itself() -> None:
    figures = np.random.default_rng(1).random(100)
    assert intervals.difference(figures, figures) == (0, 0, 0)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0], (6, 0, 2 * 0.5**6)),
        ([1, 0], [0, 1], (1, 1, 1.0)),
        ([1, 1], [1, 1], (0, 0, 1.0)),
        ([], [], (0, 0, 1.0)),
    ],
)
def test_mcnemar(a: list[int], b: list[int], expected: tuple[int, int, float]) -> None:
    found = intervals.mcnemar(np.array(a, dtype=bool), np.array(b, dtype=bool))
    assert found == pytest.approx(expected)


def test_mcnemar_table_counts_every_answer_once() -> None:
    keys = {"patient_id": list("pqr"), "question": ["I1"] * 3, "kind": ["criteria"] * 3, "gold": ["met"] * 3}
    a, b = (pd.DataFrame({**keys, "predicted": p}) for p in (["met"] * 3, ["met", "possible", "met"]))
    table = intervals.mcnemar_table(a, b)
    assert table[["name", "answers", "only_a_right", "only_b_right"]].to_numpy().tolist() == [
        ["all", 3, 1, 0],
        ["I1", 3, 1, 0],
    ]


@pytest.mark.parametrize(("hits", "of", "low", "high"), [(8, 10, 0.490, 0.943), (0, 5, 0.0, 0.434)])
def test_wilson(hits: int, of: int, low: float, high: float) -> None:
    assert intervals.wilson(hits, of) == pytest.approx((low, high), abs=0.001)


def test_wilson_of_nothing() -> None:
    assert np.isnan(intervals.wilson(0, 0)).all()
