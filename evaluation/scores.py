"""Outcomes of mentions, attributes and answers, and the figures made of them.

Conventions. A precision, recall or F1 whose denominator is zero is *not scored* (NaN): a label that neither
the gold nor the prediction has says nothing. Macro averages leave such labels out; a label that is predicted
but not in the gold has F1 0 and counts. An attribute is scored on overlap pairs, true is its positive class,
and ``historical`` only where the gold is not negated. Macro-F1 of answers goes over the statuses the gold has.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.align import exact_pairs, overlap_pairs
from evaluation.tables import NOTE_KEY, Tables, kind_of
from extractor.schema import ATTRIBUTES, LABELS, MAIN_LABELS, STATUSES

OUTCOMES: Final = ("tp", "fp", "fn")
METRICS: Final = ("precision", "recall", "f1")
MEASURES: Final = ("overlap", "exact", "attribute", "answer", "note_type")
UNANSWERED: Final = "unanswered"
PREDICTED_STATUSES: Final = (*STATUSES, UNANSWERED)
Floats = NDArray[np.float64]


def scored_labels(gold: pd.DataFrame) -> list[str]:
    """Return the labels that are scored: the main ones, and the further ones that the gold has."""
    there = set(gold["label"])
    return [label for label in LABELS if label in MAIN_LABELS or label in there]


def outcomes(gold: Tables, predicted: Tables) -> pd.DataFrame:
    """Return a row for each mention and attribute that was found, invented or missed.

    Args:
        gold: the gold of one split.
        predicted: predictions for its notes.

    Returns:
        Columns ``measure`` (overlap, exact, attribute), ``name``, ``patient_id``, ``note_type``, ``outcome``.
    """
    of_gold = _with_note_type(gold.mentions, gold.notes)
    labels = scored_labels(of_gold)
    of_prediction = _with_note_type(predicted.mentions, gold.notes)
    of_prediction = of_prediction[of_prediction["label"].isin(labels)].reset_index(drop=True)
    overlap = overlap_pairs(of_gold, of_prediction)
    exact = exact_pairs(of_gold, of_prediction)
    parts = [
        *_mention_outcomes("overlap", of_gold, of_prediction, overlap),
        *_mention_outcomes("exact", of_gold, of_prediction, exact),
        *_attribute_outcomes(of_gold, of_prediction, overlap),
    ]
    return pd.concat(parts, ignore_index=True)


def _with_note_type(mentions: pd.DataFrame, notes: pd.DataFrame) -> pd.DataFrame:
    types = notes[[*NOTE_KEY, "note_type"]].fillna({"note_type": "(no type)"})
    return mentions.drop(columns="note_type", errors="ignore").merge(types, on=NOTE_KEY, how="inner")


def _mention_outcomes(
    measure: str, gold: pd.DataFrame, predicted: pd.DataFrame, pairs: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    found = gold.iloc[pairs["gold"].to_numpy()]
    missed = gold.drop(index=pairs["gold"])
    invented = predicted.drop(index=pairs["predicted"])
    for part, outcome in ((found, "tp"), (invented, "fp"), (missed, "fn")):
        yield _rows(part, measure, part["label"], outcome)


def _rows(part: pd.DataFrame, measure: str, name: Any, outcome: Any) -> pd.DataFrame:
    return part[["patient_id", "note_type"]].assign(measure=measure, name=name, outcome=outcome)


def attribute_pairs(gold: pd.DataFrame, predicted: pd.DataFrame, pairs: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the pairs on which an attribute is scored, with its gold and predicted value.

    Args:
        gold: mentions.
        predicted: mentions.
        pairs: their overlap pairs.
        name: the attribute.
    """
    right = gold.iloc[pairs["gold"].to_numpy()].reset_index(drop=True)
    said = predicted.iloc[pairs["predicted"].to_numpy()].reset_index(drop=True)
    frame = right.assign(truth=right[name].astype(bool), said=said[name].astype(bool), **pairs.to_dict("list"))
    return frame[~right["negated"].astype(bool)] if name == "historical" else frame


def _attribute_outcomes(gold: pd.DataFrame, predicted: pd.DataFrame, pairs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for name in ATTRIBUTES:
        scored = attribute_pairs(gold, predicted, pairs, name)
        scored = scored[scored["truth"] | scored["said"]]
        outcome = np.where(scored["truth"] & scored["said"], "tp", np.where(scored["said"], "fp", "fn"))
        yield _rows(scored, "attribute", name, outcome)


def answer_pairs(gold: Tables, predicted: Tables) -> pd.DataFrame:
    """Return the gold's answers with the predicted status, ``unanswered`` where there is none.

    Questions that the prediction answers for no patient at all are left out.
    """
    said = predicted.answers[["patient_id", "question", "status"]].rename(columns={"status": "predicted"})
    asked = gold.answers[gold.answers["question"].isin(said["question"])]
    both = asked[["patient_id", "question", "status"]].merge(said, on=["patient_id", "question"], how="left")
    both["predicted"] = both["predicted"].fillna(UNANSWERED)
    both["kind"] = [kind_of(q) for q in both["question"]]
    return both.rename(columns={"status": "gold"})


def outcome_counts(frame: pd.DataFrame, patients: Sequence[str], names: Sequence[str], by: str = "name") -> Floats:
    """Return counts as an array of patients x names x (tp, fp, fn)."""
    counts = np.zeros((len(patients), len(names), len(OUTCOMES)))
    where = _positions(frame, patients, (by, names), ("outcome", OUTCOMES))
    np.add.at(counts, where, 1.0)
    return counts


def answer_counts(frame: pd.DataFrame, patients: Sequence[str], questions: Sequence[str]) -> Floats:
    """Return counts as an array of patients x questions x gold status x predicted status."""
    counts = np.zeros((len(patients), len(questions), len(STATUSES), len(PREDICTED_STATUSES)))
    where = _positions(frame, patients, ("question", questions), ("gold", STATUSES), ("predicted", PREDICTED_STATUSES))
    np.add.at(counts, where, 1.0)
    return counts


def _positions(frame: pd.DataFrame, patients: Sequence[str], *axes: tuple[str, Sequence[str]]) -> tuple[Any, ...]:
    wanted = [("patient_id", patients), *axes]
    return tuple(pd.Index(values).get_indexer(frame[column]) for column, values in wanted)


def mention_scores(counts: Floats) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and F1 of each name, their micro and their macro average, by scikit-learn.

    Args:
        counts: names x (tp, fp, fn).
    """
    from sklearn.metrics import precision_recall_fscore_support

    size = len(counts)
    if not counts.any():  # nothing in gold and prediction, which scikit-learn refuses
        return np.full((size, 3), np.nan), np.full(3, np.nan), np.full(3, np.nan)
    names, nothing = np.arange(size), np.full(size, size)
    truth = np.concatenate([names, nothing, names])
    said = np.concatenate([names, names, nothing])
    scores = [
        precision_recall_fscore_support(
            truth, said, labels=names, sample_weight=counts.T.ravel(), average=average, zero_division=np.nan
        )[:3]
        for average in (None, "micro", "macro")
    ]
    return np.array(scores[0]).T, np.array(scores[1]), np.array(scores[2])


def answer_scores(gold: pd.Series[Any], predicted: pd.Series[Any]) -> tuple[float, float]:
    """Return accuracy and macro-F1 over the statuses that the gold has, by scikit-learn."""
    from sklearn.metrics import accuracy_score, f1_score

    if not len(gold):
        return float("nan"), float("nan")
    truth, said = list(gold), list(predicted)
    macro = f1_score(truth, said, labels=sorted(set(truth)), average="macro", zero_division=np.nan)
    return float(accuracy_score(truth, said)), float(macro)


def prf(counts: Floats) -> Floats:
    """Return what ``mention_scores`` returns for each name, for any number of resamples at once.

    Args:
        counts: (tp, fp, fn) on the last axis; the result has (precision, recall, F1) there.
    """
    tp, fp, fn = counts[..., 0], counts[..., 1], counts[..., 2]
    top = np.stack([tp, tp, 2 * tp], axis=-1)
    below = np.stack([tp + fp, tp + fn, 2 * tp + fp + fn], axis=-1)
    return _divide(top, below)


def accuracy(confusion: Floats) -> Floats:
    """Return the accuracy for confusion counts on the last two axes."""
    right = np.trace(confusion, axis1=-2, axis2=-1)  # the unanswered are the last column, off the diagonal
    return _divide(right, confusion.sum(axis=(-2, -1)))


def macro_f1(confusion: Floats) -> Floats:
    """Return the mean F1 over the statuses that the gold has, for confusion counts on the last two axes."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    of_gold = confusion.sum(axis=-1)
    of_prediction = confusion.sum(axis=-2)[..., : len(STATUSES)]
    f1 = np.where(of_gold > 0, _divide(2 * right, of_gold + of_prediction), np.nan)
    return mean_of_scored(f1)


def mean_of_scored(values: Floats) -> Floats:
    """Return the mean over the last axis of what is scored, NaN where nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy warns of rows without any value
        return np.asarray(np.nanmean(values, axis=-1)) if values.shape[-1] else np.full(values.shape[:-1], np.nan)


def _divide(top: Floats, below: Floats) -> Floats:
    shares: Floats = np.full(np.broadcast(top, below).shape, np.nan)
    np.divide(top, below, out=shares, where=below > 0)
    return shares
