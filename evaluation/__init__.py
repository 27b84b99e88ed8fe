"""Scores of mentions, attributes and patient answers against gold, with intervals, agreement and mistakes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluation.agreement import measure_agreement
    from evaluation.api import evaluate
    from evaluation.mistakes import find_mistakes
    from evaluation.result import EvaluationResult

_HOME = {
    "evaluate": "evaluation.api",
    "EvaluationResult": "evaluation.result",
    "measure_agreement": "evaluation.agreement",
    "find_mistakes": "evaluation.mistakes",
}
__all__ = ["EvaluationResult", "evaluate", "find_mistakes", "measure_agreement"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used; pandas and scikit-learn take a second."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
