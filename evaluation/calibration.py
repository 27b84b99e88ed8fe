"""Whether answers are as sure as they say: accuracy for each tier of confidence, and a calibrated chance of being right.

The chance that an answer is right is fitted by logistic regression on its tier, status and question, each patient held
out in turn (ten folds), so that no answer is judged by a model that has seen its patient. Where the tiers are honest the
expected share of right answers meets the observed one in each tier and each bin.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.intervals import wilson
from evaluation.tables import Tables
from extractor.schema import CONFIDENCES, STATUSES

CALIBRATION_COLUMNS: Final = ("confidence", "status", "answers", "right", "accuracy", "low", "high", "expected")
RELIABILITY_COLUMNS: Final = ("bin", "answers", "expected", "observed", "low", "high", "brier", "brier_constant")
FOLDS: Final = 10
BINS: Final = 5
ANY: Final = "all"


def calibration(answers: pd.DataFrame, predicted: Tables) -> pd.DataFrame:
    """Return how many answers of each confidence, and of each status within it, are right, with Wilson's interval.

    Args:
        answers: gold and predicted statuses, see ``scores.answer_pairs``.
        predicted: the system's tables; without a column ``confidence`` the result has no rows.
    """
    tiers = _with_chance(answers, predicted)
    if tiers is None:
        return pd.DataFrame(columns=list(CALIBRATION_COLUMNS))
    rows = []
    for tier in CONFIDENCES:
        for status in (ANY, *STATUSES):
            part = tiers[(tiers["confidence"] == tier) & ((status == ANY) | (tiers["predicted"] == status))]
            if len(part) or status == ANY:
                rows.append((tier, status, *_shares(part)))
    return pd.DataFrame(rows, columns=list(CALIBRATION_COLUMNS))


def _shares(part: pd.DataFrame) -> tuple[int, int, float, float, float, float]:
    right = int(part["right"].sum())
    share = right / len(part) if len(part) else float("nan")
    return len(part), right, share, *wilson(right, len(part)), float(part["chance"].mean())


def reliability(answers: pd.DataFrame, predicted: Tables) -> pd.DataFrame:
    """Return the expected against the observed share of right answers in bins of equal size, and the Brier scores.

    Args:
        answers: see ``calibration``.
        predicted: see ``calibration``.

    Returns:
        A row per bin, the first of all answers; ``brier_constant`` is the score of one chance for all answers.
    """
    tiers = _with_chance(answers, predicted)
    if tiers is None or tiers["chance"].isna().any() or tiers.empty:
        return pd.DataFrame(columns=list(RELIABILITY_COLUMNS))
    bins = pd.qcut(tiers["chance"].rank(method="first"), min(BINS, len(tiers)), labels=False)
    parts = [(ANY, tiers), *((str(int(n) + 1), part) for n, part in tiers.groupby(bins))]
    return pd.DataFrame([_reliability_row(name, part) for name, part in parts], columns=list(RELIABILITY_COLUMNS))


def _reliability_row(name: str, part: pd.DataFrame) -> tuple[Any, ...]:
    from sklearn.metrics import brier_score_loss

    right = part["right"].astype(int)
    observed = float(right.mean())
    constant = np.full(len(part), observed)
    scores = (float(brier_score_loss(right, p, pos_label=1)) for p in (part["chance"], constant))
    return (
        name,
        len(part),
        float(part["chance"].mean()),
        observed,
        *wilson(int(right.sum()), len(part)),
        *scores,
    )


def _with_chance(answers: pd.DataFrame, predicted: Tables) -> pd.DataFrame | None:
    """Return the answers with their tier, whether they are right, and the fitted chance that they are."""
    if "confidence" not in predicted.answers:
        return None
    tiers = answers.merge(predicted.answers[["patient_id", "question", "confidence"]], on=["patient_id", "question"])
    tiers = tiers.assign(right=tiers["gold"] == tiers["predicted"])
    return tiers.assign(chance=held_out_chances(tiers))


def held_out_chances(tiers: pd.DataFrame) -> NDArray[np.float64]:
    """Return for each answer the chance that it is right, by a model fitted without its patient.

    Args:
        tiers: columns ``patient_id``, ``question``, ``predicted``, ``confidence``, ``right``.

    Returns:
        Chances, NaN throughout where there are too few patients or all answers are alike.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    chances = np.full(len(tiers), np.nan)
    folds = min(FOLDS, tiers["patient_id"].nunique())
    facts, right = tiers[["confidence", "predicted", "question"]], tiers["right"].to_numpy(dtype=bool)
    if folds < 2:
        return chances
    for train, held_out in GroupKFold(folds).split(facts, right, tiers["patient_id"]):
        if right[train].all() or not right[train].any():
            return np.full(len(tiers), np.nan)
        model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=1000))
        chances[held_out] = model.fit(facts.iloc[train], right[train]).predict_proba(facts.iloc[held_out])[:, 1]
    return chances
