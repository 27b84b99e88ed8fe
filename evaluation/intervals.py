"""Uncertainty of the figures: bootstrap over patients, paired differences and McNemar's test.

Notes and answers of one patient hang together, so patients are what is drawn. A resample is a vector of how
often each patient was drawn; since every figure is a function of sums over patients, all resamples are
one matrix product.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.scores import Floats
from evaluation.tables import in_order

LEVEL = 0.95


def resample_weights(patients: int, resamples: int, seed: int) -> Floats:
    """Return how often each patient is drawn in each resample, the sample itself as the first row.

    Args:
        patients: number of patients.
        resamples: number of resamples; 0 gives the sample alone.
        seed: of the random numbers; equal seeds give equal draws, which makes differences paired.
    """
    sample = np.ones((1, patients))
    if patients < 2 or resamples < 1:
        return sample
    draws = np.random.default_rng(seed).multinomial(patients, np.full(patients, 1 / patients), size=resamples)
    return np.concatenate([sample, draws.astype(np.float64)])


def resampled(counts: Floats, weights: Floats) -> Floats:
    """Return counts (patients x ...) summed for each row of the weights (rows x ...)."""
    flat = counts.reshape(counts.shape[0], -1)
    return (weights @ flat).reshape(weights.shape[0], *counts.shape[1:])


def interval(samples: Floats) -> tuple[float, float]:
    """Return the percentile interval of resampled figures, NaN where none of them is scored."""
    values = samples[~np.isnan(samples)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.percentile(values, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)


def difference(a: Floats, b: Floats) -> tuple[float, float, float]:
    """Return the difference of two systems' figures with its interval.

    Args:
        a: one system's figure in the sample (first) and in each resample.
        b: the other's, with the same weights.
    """
    gap = a - b
    low, high = interval(gap[1:])
    return float(gap[0]), low, high


def mcnemar(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> tuple[int, int, float]:
    """Return how many answers only A and only B has right, and McNemar's exact p.

    Args:
        right_a: whether A's answer is right, for each answer.
        right_b: the same for B, in the same order.
    """
    from scipy.stats import binomtest

    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    p = binomtest(only_a, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0
    return only_a, only_b, float(p)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return Wilson's interval for a proportion, NaN where there is nothing to count."""
    from scipy.stats import binomtest

    if not of:
        return float("nan"), float("nan")
    bounds = binomtest(hits, of).proportion_ci(LEVEL, method="wilson")
    return float(bounds.low), float(bounds.high)


def mcnemar_table(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Return McNemar's test of two systems' answers, for each question and over all.

    Args:
        a: gold and predicted statuses of one system, see ``scores.answer_pairs``.
        b: the same of the other.
    """
    both = a.merge(b, on=["patient_id", "question", "gold", "kind"], suffixes=("_a", "_b"))
    groups = [("all", both), *((q, both[both["question"] == q]) for q in in_order(both["question"]))]
    rows = []
    for name, part in groups:
        rights = [(part["gold"] == part[f"predicted_{s}"]).to_numpy(dtype=bool) for s in "ab"]
        only_a, only_b, p = mcnemar(*rights)
        rows.append({"name": name, "answers": len(part), "only_a_right": only_a, "only_b_right": only_b, "p": p})
    return pd.DataFrame(rows)
