"""Which predicted mention answers which gold mention: one to one, within a note and label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.tables import NOTE_KEY

_KEY = [*NOTE_KEY, "label"]
_EXACT_BONUS = 1e-6
"""Decides between pairings of equal overlap for the one with more equal spans; far below one character."""


def overlap_pairs(gold: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Return the one-to-one pairs of overlapping mentions whose overlap in characters is largest.

    Args:
        gold: mentions.
        predicted: mentions.

    Returns:
        Columns ``gold`` and ``predicted`` (row positions) and ``overlap`` (characters), by gold row.
    """
    candidates = _candidates(gold, predicted)
    contested = candidates.duplicated("gold", keep=False) | candidates.duplicated("predicted", keep=False)
    chosen = [candidates[~contested]]
    chosen += [_assign(group) for group in _components(candidates[contested])]
    return pd.concat(chosen)[["gold", "predicted", "overlap"]].sort_values("gold", ignore_index=True)


def exact_pairs(gold: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Return the one-to-one pairs of mentions with equal spans, as ``overlap_pairs`` does."""
    key = [*_KEY, "start", "end", "copy"]
    pairs = _counted(gold, "gold").merge(_counted(predicted, "predicted"), on=key)
    return pairs.assign(overlap=pairs["end"] - pairs["start"])[["gold", "predicted", "overlap"]]


def _counted(mentions: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the spans with their positions under a name; equal spans are told apart by a running number."""
    span = [*_KEY, "start", "end"]
    copies = mentions.groupby(span).cumcount()
    return mentions[span].assign(copy=copies, **{name: np.arange(len(mentions))})


def _candidates(gold: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    columns = [*_KEY, "start", "end"]
    left = gold[columns].assign(gold=np.arange(len(gold)))
    right = predicted[columns].assign(predicted=np.arange(len(predicted)))
    both = left.merge(right, on=_KEY, suffixes=("", "_p"))
    overlap = both[["end", "end_p"]].min(axis=1) - both[["start", "start_p"]].max(axis=1)
    exact = (both["start"] == both["start_p"]) & (both["end"] == both["end_p"])
    both = both.assign(overlap=overlap, weight=overlap + _EXACT_BONUS * exact)
    return both[both["overlap"] > 0]


def _components(candidates: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the contested candidates in groups that share no mention."""
    if candidates.empty:
        return []
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    g, p = candidates["gold"].to_numpy(), candidates["predicted"].to_numpy()
    size = g.max() + 1 + p.max() + 1
    graph = coo_matrix((np.ones(len(g)), (g, g.max() + 1 + p)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    return [part for _, part in candidates.groupby(component[g])]


def _assign(group: pd.DataFrame) -> pd.DataFrame:
    from scipy.optimize import linear_sum_assignment

    weights: NDArray[Any] = group.pivot(index="gold", columns="predicted", values="weight").fillna(0.0).to_numpy()
    golds, predictions = np.sort(group["gold"].unique()), np.sort(group["predicted"].unique())
    rows, columns = linear_sum_assignment(weights, maximize=True)
    pairs = pd.DataFrame({"gold": golds[rows], "predicted": predictions[columns]})
    return pairs.merge(group[["gold", "predicted", "overlap"]])
