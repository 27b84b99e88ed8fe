"""Whether answers are as sure as they say: accuracy for each tier of confidence."""

from __future__ import annotations

from typing import Final

import pandas as pd

from evaluation.intervals import wilson
from evaluation.tables import Tables
from extractor.schema import CONFIDENCES

CALIBRATION_COLUMNS: Final = ("confidence", "answers", "right", "accuracy", "low", "high")


def calibration(answers: pd.DataFrame, predicted: Tables) -> pd.DataFrame:
    """Return how many answers of each confidence are right, with Wilson's interval.

    Args:
        answers: gold and predicted statuses, see ``scores.answer_pairs``.
        predicted: the system's tables; without a column ``confidence`` the result has no rows.
    """
    if "confidence" not in predicted.answers:
        return pd.DataFrame(columns=list(CALIBRATION_COLUMNS))
    tiers = answers.merge(predicted.answers[["patient_id", "question", "confidence"]], on=["patient_id", "question"])
    rows = []
    for tier in CONFIDENCES:
        part = tiers[tiers["confidence"] == tier]
        right = int((part["gold"] == part["predicted"]).sum())
        share = right / len(part) if len(part) else float("nan")
        rows.append((tier, len(part), right, share, *wilson(right, len(part))))
    return pd.DataFrame(rows, columns=list(CALIBRATION_COLUMNS))
