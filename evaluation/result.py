"""What an evaluation yields, for programs (``to_json``), the terminal (``table``) and the report page."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from evaluation.figures import MAIN

TABLES: Final = ("figures", "differences", "mcnemar", "confusion", "calibration", "reliability")
CONVENTIONS: Final = (
    "A figure whose denominator is zero is not scored and shown as a dash; macro averages leave it out.",
    "Mentions are paired one to one within a note and label so that the overlap is largest; exact means equal spans.",
    "Attributes are scored on overlap pairs, true is positive; historical only where the gold is not negated.",
    "Macro-F1 of answers is the mean over the statuses that the gold has.",
    "Intervals are 95 % percentile intervals of a bootstrap over patients.",
)


@dataclass(frozen=True)
class EvaluationResult:
    """Figures of systems on splits.

    Args:
        figures: a row per split, system, measure, name and metric, with value, interval and support.
        differences: the same for each two systems, A minus B.
        mcnemar: exact tests of their answers.
        confusion: how often each gold status was answered with each status.
        calibration: accuracy for each tier of confidence.
        reliability: expected against observed share of right answers.
        findings: what a reader must know, one sentence each.
        meta: version, rules digest, splits, systems, options.
    """

    figures: pd.DataFrame
    differences: pd.DataFrame
    mcnemar: pd.DataFrame
    confusion: pd.DataFrame
    calibration: pd.DataFrame
    reliability: pd.DataFrame
    findings: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    def value(self, split: str, system: str, measure: str, name: str, metric: str) -> float:
        """Return one figure, NaN where it is not scored.

        Args:
            split: such as ``dev``.
            system: such as ``notecriteria``.
            measure: ``overlap``, ``exact``, ``attribute``, ``answer``, ``note_type``, ``note_type_attribute``.
            name: a label, attribute, question, note type, or an average such as ``micro``.
            metric: ``precision``, ``recall``, ``f1``, ``accuracy``, ``macro_f1``.
        """
        wanted = {"split": split, "system": system, "measure": measure, "name": name, "metric": metric}
        rows = self.figures
        for column, value in wanted.items():
            rows = rows[rows[column] == value]
        return float(rows["value"].iloc[0]) if len(rows) else float("nan")

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return everything as JSON; figures that are not scored are null."""
        content: dict[str, Any] = {"meta": dict(self.meta), "conventions": list(CONVENTIONS)}
        content["findings"] = list(self.findings)
        for name in TABLES:
            content[name] = [_plain(row) for row in getattr(self, name).to_dict("records")]
        return json.dumps(content, ensure_ascii=False, indent=indent)

    def table(self) -> list[dict[str, str]]:
        """Return the rows for a terminal: one per split, measure and name, columns for each system.

        Precision and recall stand without their intervals, which ``to_json`` and the report have; what neither
        the gold nor a system has is left out.
        """
        return list(_terminal_rows(self.figures))


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(k): _number(v) for k, v in row.items()}


def _number(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value


_SHOWN: Final = {"answer": ("accuracy", "macro_f1")}
_SHORT: Final = {"precision": "P", "recall": "R"}
_PRF: Final = ("precision", "recall", "f1")


def _terminal_rows(figures: pd.DataFrame) -> Iterator[dict[str, str]]:
    for (split, measure, name), part in figures.groupby(["split", "measure", "name"], sort=False):
        if part["value"].isna().all():
            continue
        row = {"split": str(split), "measure": str(measure), "name": str(name), "n": ""}
        for system, of_system in part.groupby("system", sort=False):
            row["n"] = row["n"] or str(of_system["support"].iloc[0])
            for metric in _SHOWN.get(str(measure), _PRF):
                row[f"{system} {_SHORT.get(metric, metric)}"] = _shown(of_system[of_system["metric"] == metric])
        yield row


def _shown(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "-"
    value, low, high = rows[["value", "low", "high"]].iloc[0]
    bare = rows["metric"].iloc[0] in _SHORT
    return with_interval(value, *((math.nan, math.nan) if bare else (low, high)))


def with_interval(value: float, low: float, high: float) -> str:
    """Return a figure as text, its interval behind it where there is one."""
    if math.isnan(value):
        return "-"
    return f"{value:.3f}" if math.isnan(low) else f"{value:.3f} [{low:.3f}, {high:.3f}]"


HEADLINES: Final = {
    "overlap_f1_micro": ("overlap", "micro", "f1"),
    "overlap_f1_macro": ("overlap", "macro", "f1"),
    "overlap_f1_micro_main": ("overlap", f"micro{MAIN}", "f1"),
    "exact_f1_micro": ("exact", "micro", "f1"),
    "attribute_f1_micro": ("attribute", "micro", "f1"),
    "attribute_f1_macro": ("attribute", "macro", "f1"),
    "answer_accuracy_findings": ("answer", "findings", "accuracy"),
    "answer_accuracy_criteria": ("answer", "criteria", "accuracy"),
    "answer_accuracy": ("answer", "all", "accuracy"),
    "answer_macro_f1": ("answer", "all", "macro_f1"),
}
"""The few figures that stand for a scoring: in the log, among the differences, at the top of the report."""


def headline(result: EvaluationResult, split: str, system: str) -> dict[str, float | None]:
    """Return the headline figures of a system on a split."""
    return {key: _number(result.value(split, system, *where)) for key, where in HEADLINES.items()}


def headline_differences(result: EvaluationResult) -> pd.DataFrame:
    """Return the differences of the headline figures, no rows where one system alone was scored."""
    if result.differences.empty:
        return result.differences
    wanted = pd.MultiIndex.from_tuples(HEADLINES.values())
    there = pd.MultiIndex.from_frame(result.differences[["measure", "name", "metric"]])
    return result.differences[there.isin(wanted)]
