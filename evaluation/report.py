"""Self-contained HTML pages: the report of an evaluation and the list of mistakes."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from evaluation import plots
from evaluation.agreement import AGREEMENT_COLUMNS
from evaluation.faults import KINDS
from evaluation.figures import MAIN
from evaluation.files import write_text
from evaluation.metamorphic.run import Metamorphic
from evaluation.mistakes import Mistakes
from evaluation.result import CONVENTIONS, HEADLINES, EvaluationResult, headline_differences, with_interval
from evaluation.scores import METRICS, PREDICTED_STATUSES, UNANSWERED
from extractor.schema import ATTRIBUTES, STATUSES

_AVERAGES: Final = ("micro", "macro", f"micro{MAIN}", f"macro{MAIN}")
_SECTIONS: Final = (
    ("overlap", "Mentions, overlapping spans"),
    ("exact", "Mentions, equal spans"),
    ("attribute", "Attributes"),
    ("answer", "Answers"),
    ("note_type", "Mentions by note type"),
    ("note_type_attribute", "Attributes by note type"),
)


def write_report(result: EvaluationResult, path: Path | str, *, agreement: pd.DataFrame | None = None) -> Path:
    """Write an evaluation as one self-contained page.

    Args:
        result: the evaluation.
        path: the page.
        agreement: figures of ``agreement.measure_agreement`` to show beside it.
    """
    write_text(Path(path), render_report(result, agreement=agreement))
    return Path(path)


def render_report(result: EvaluationResult, *, agreement: pd.DataFrame | None = None) -> str:
    """Return the page of an evaluation; see ``write_report``."""
    splits = list(result.meta["splits"])
    page: str = _template("report.html").render(
        meta=result.meta,
        findings=result.findings,
        conventions=CONVENTIONS,
        splits=[_split(result, split) for split in splits],
        agreement=[] if agreement is None else agreement.to_dict("records"),
        agreement_columns=AGREEMENT_COLUMNS,
        today=dt.datetime.now(dt.UTC).date().isoformat(),
    )
    return page


def _template(name: str) -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = _figure
    environment.filters["percent"] = lambda share: "-" if math.isnan(share) else f"{100 * share:.1f} %"
    return environment.get_template(name)


def _figure(row: Mapping[str, Any] | None) -> str:
    return "-" if row is None else with_interval(row["value"], row["low"], row["high"])


def _split(result: EvaluationResult, split: str) -> dict[str, Any]:
    """Return what the template needs of one split."""
    systems = list(result.meta["systems"])
    figures = result.figures[result.figures["split"] == split]
    return {
        "name": split,
        "meta": result.meta["splits"][split],
        "systems": systems,
        "headline": _headline(figures, systems),
        "sections": [_section(figures, measure, title, systems) for measure, title in _SECTIONS],
        "label_plot": _label_plot(figures, systems),
        "answer_plot": _answer_plot(figures, systems),
        "attribute_plot": plots.attribute_plot(attribute_errors(figures), systems),
        "confusions": _confusions(_of(result.confusion, split), systems[0]),
        "calibration": _of(result.calibration, split).to_dict("records"),
        "reliability": _of(result.reliability, split).to_dict("records"),
        "differences": _differences(_of(headline_differences(result), split)),
        "mcnemar": _of(result.mcnemar, split).to_dict("records"),
    }


def _of(frame: pd.DataFrame, split: str) -> pd.DataFrame:
    return frame[frame["split"] == split] if "split" in frame else frame


_TITLES: Final = {
    "overlap_f1_micro": "mention F1, overlap, micro",
    "overlap_f1_macro": "mention F1, overlap, macro",
    "overlap_f1_micro_main": "mention F1, overlap, micro, main labels",
    "exact_f1_micro": "mention F1, exact, micro",
    "attribute_f1_micro": "attribute F1, micro",
    "attribute_f1_macro": "attribute F1, macro",
    "answer_accuracy_findings": "answers to the findings, accuracy",
    "answer_accuracy_criteria": "answers to the criteria, accuracy",
    "answer_accuracy": "all answers, accuracy",
    "answer_macro_f1": "all answers, macro-F1 over statuses",
}


def _headline(figures: pd.DataFrame, systems: list[str]) -> list[dict[str, Any]]:
    rows = []
    for key, title in _TITLES.items():
        cells = [_cell(figures, system, *HEADLINES[key]) for system in systems]
        if any(cells):
            rows.append({"title": title, "cells": cells})
    return rows


def _cell(figures: pd.DataFrame, system: str, measure: str, name: str, metric: str) -> dict[str, Any] | None:
    keys = ["system", "measure", "name", "metric"]
    rows = figures[(figures[keys] == [system, measure, name, metric]).all(axis=1)]
    return None if rows.empty else {str(k): v for k, v in rows.iloc[0].items()}


def _section(figures: pd.DataFrame, measure: str, title: str, systems: list[str]) -> dict[str, Any]:
    part = figures[figures["measure"] == measure]
    metrics = list(dict.fromkeys(part["metric"]))
    rows = []
    for name, of_name in part.groupby("name", sort=False):
        cells = {(r["system"], r["metric"]): r for r in of_name.to_dict("records")}
        first = of_name.iloc[0]
        rows.append(
            {
                "name": name,
                "support": first["support"],
                "average": name in (*_AVERAGES, "findings", "criteria", "all"),
                "cells": [cells.get((system, metric)) for system in systems for metric in metrics],
            }
        )
    return {"title": title, "metrics": metrics, "rows": rows}


def _label_plot(figures: pd.DataFrame, systems: list[str]) -> str:
    part = figures[(figures["measure"] == "overlap") & (figures["metric"] == "f1")]
    names = [n for n in dict.fromkeys(part["name"]) if n not in _AVERAGES]
    return plots.interval_plot(part, [*names, "micro", "macro"], systems, "F1 of overlapping mentions, 95 % interval")


def _answer_plot(figures: pd.DataFrame, systems: list[str]) -> str:
    part = figures[(figures["measure"] == "answer") & (figures["metric"] == "accuracy")]
    names = list(dict.fromkeys(part["name"]))
    return plots.interval_plot(part, names, systems, "accuracy of answers, 95 % interval") if names else ""


def attribute_errors(figures: pd.DataFrame) -> pd.DataFrame:
    """Return how many attributes each system missed and invented, from its figures.

    Args:
        figures: the figures of one split.
    """
    part = figures[(figures["measure"] == "attribute") & figures["name"].isin(ATTRIBUTES)]
    wide = part.pivot_table(index=["system", "name"], columns="metric", values="value", dropna=False, sort=False)
    wide = wide.reindex(columns=list(METRICS))
    counts = part.drop_duplicates(["system", "name"]).set_index(["system", "name"])[["support", "predicted"]]
    found = (wide["recall"].fillna(0) * counts["support"]).round()
    errors = pd.DataFrame({"invented": counts["predicted"] - found, "missed": counts["support"] - found})
    return errors.reset_index()


def _confusions(confusion: pd.DataFrame, system: str) -> list[dict[str, Any]]:
    """Return a table of gold against predicted status for each question of the first system."""
    tables = []
    for question, part in confusion[confusion["system"] == system].groupby("question", sort=False):
        counts = {(r["gold"], r["predicted"]): int(r["n"]) for r in part.to_dict("records")}
        said = [s for s in PREDICTED_STATUSES if s != UNANSWERED or any(p == s for _, p in counts)]
        rows = []
        for status in STATUSES:
            line = [counts.get((status, s), 0) for s in said]
            shades = [_shade(n, sum(line)) for n in line]
            cells = [{"n": n, "shade": h, "right": s == status} for n, h, s in zip(line, shades, said, strict=True)]
            rows.append({"status": status, "cells": cells})
        tables.append({"question": question, "said": said, "rows": rows})
    return tables


def _shade(n: int, of: int) -> int:
    """Return how dark a cell is, 0 to 4."""
    return 0 if not n else 1 + min(3, int(4 * n / of))


def _differences(differences: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the differences of the headline figures, and whether their interval excludes zero."""
    titles = {where: _TITLES[key] for key, where in HEADLINES.items()}
    return [
        {
            **{str(k): v for k, v in row.items()},
            "title": titles[(row["measure"], row["name"], row["metric"])],
            "excludes_zero": row["low"] > 0 or row["high"] < 0,
        }
        for row in differences.to_dict("records")
    ]


def write_metamorphic(outcomes: Sequence[Metamorphic], path: Path | str) -> Path:
    """Write the rates of rewritten texts and every failure as a page; of a blind split it holds the rates alone.

    Args:
        outcomes: the outcome on each split.
        path: the page.
    """
    write_text(Path(path), _template("metamorphic.html").render(outcomes=outcomes))
    return Path(path)


def write_mistakes(mistakes: Mistakes, path: Path | str) -> Path:
    """Write mistakes as a page that can be filtered; of a blind split it holds the counts alone.

    Args:
        mistakes: the mistakes.
        path: the page.
    """
    rows = [] if mistakes.rows is None else mistakes.rows.fillna("").to_dict("records")
    page = _template("mistakes.html").render(
        split=mistakes.split,
        system=mistakes.system,
        blind=mistakes.rows is None,
        rows=rows,
        counts=mistakes.counts.to_dict("records"),
        kinds=KINDS,
        names=sorted({r["name"] for r in rows}),
        attributes=sorted({r["attribute"] for r in rows} - {""}),
    )
    write_text(Path(path), page)
    return Path(path)
