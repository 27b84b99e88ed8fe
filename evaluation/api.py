"""``evaluate``: any number of systems against gold, with intervals, differences and the log of test scorings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pandas as pd

from evaluation import tool
from evaluation.calibration import calibration, reliability
from evaluation.figures import Scored, confusion, differences, score
from evaluation.gold import read_gold
from evaluation.intervals import mcnemar_table, resample_weights
from evaluation.predictions import fit, load_predictions
from evaluation.result import TABLES, EvaluationResult, headline
from evaluation.tables import Tables
from evaluation.testlog import TEST, log_scoring
from extractor.errors import UsageError

Source = Path | str | Tables
SEED: Final = 20260101
RESAMPLES: Final = 1000


def evaluate(
    gold: Path | str,
    *,
    splits: Sequence[str] | None = None,
    predictions: Source | None = None,
    baseline: bool = False,
    compare: tuple[Source, Source] | None = None,
    gold_mentions: bool = False,
    trial: str = tool.DEFAULT_TRIAL,
    rules: Path | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> EvaluationResult:
    """Score the tool, or any predictions, against gold.

    Args:
        gold: the gold folder.
        splits: splits to score, each on its own; all by default.
        predictions: a run folder, brat folder, Label Studio export or tables; by default the tool runs itself.
        baseline: score beside it the naive rule (any asserted mention is ``met``), on its own and on plain medspaCy's mentions.
        compare: two sources to compare, in place of ``predictions``.
        gold_mentions: score the answers that the resolver gives to the gold's own mentions beside it.
        trial: trial file or id, for the tool's own run.
        rules: a site's own rules, for the tool's own run.
        resamples: bootstrap resamples; 0 for none.
        seed: of the bootstrap.

    Raises:
        UsageError: gold or predictions that cannot be read or do not fit together.
    """
    if compare is not None and predictions is not None:
        raise UsageError("compare names both systems; leave predictions out")
    tables = read_gold(gold, splits)
    systems = _systems(tables, predictions, compare, trial, rules)
    if baseline:
        from evaluation.baseline import naive_tables, run_baseline

        systems += [naive_tables(systems[0], tables.notes), run_baseline(tables.notes, rules=rules)]
    if gold_mentions:
        from evaluation.goldmentions import answer_from_gold

        systems.append(fit(answer_from_gold(tables, trial=trial, rules=rules), tables))
    result = score_systems(tables, _named_apart(systems), resamples=resamples, seed=seed)
    result = replace(result, meta={**result.meta, "rules_digest": tool.rules_digest(rules)})
    _log_test(Path(gold), result)
    return result


def _systems(
    gold: Tables, predictions: Source | None, compare: tuple[Source, Source] | None, trial: str, rules: Path | None
) -> list[Tables]:
    if compare is not None:
        return [load_predictions(source, gold) for source in compare]
    if predictions is not None:
        return [load_predictions(predictions, gold)]
    return [fit(tool.run_tool(gold.notes, trial=trial, rules=rules), gold)]


def _named_apart(systems: list[Tables]) -> list[Tables]:
    names = [s.name for s in systems]
    return [
        replace(s, name=f"{s.name} ({names[: n + 1].count(s.name)})") if names.count(s.name) > 1 else s
        for n, s in enumerate(systems)
    ]


def score_systems(
    gold: Tables, systems: Sequence[Tables], *, resamples: int = RESAMPLES, seed: int = SEED
) -> EvaluationResult:
    """Score systems on each split of gold tables.

    Args:
        gold: the gold.
        systems: fitted predictions; each two of them are compared.
        resamples: bootstrap resamples.
        seed: of the bootstrap.
    """
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for split in gold.splits:
        of_split = gold.of_split(split)
        weights = resample_weights(of_split.notes["patient_id"].nunique(), resamples, seed)
        scored: dict[str, Scored] = {}
        for system in systems:
            predicted = system.restricted_to(of_split.notes)
            scored[system.name] = done = score(of_split, predicted, weights)
            where = {"split": split, "system": system.name}
            parts["figures"].append(_marked(done.table, where))
            parts["confusion"].append(_marked(confusion(done.answers), where))
            parts["calibration"].append(_marked(calibration(done.answers, predicted), where))
            parts["reliability"].append(_marked(reliability(done.answers, predicted), where))
        for (name_a, a), (name_b, b) in combinations(scored.items(), 2):
            where = {"split": split, "a": name_a, "b": name_b}
            parts["differences"].append(_marked(differences(a, b), where))
            parts["mcnemar"].append(_marked(mcnemar_table(a.answers, b.answers), where))
    tables = {name: pd.concat(f, ignore_index=True) if f else pd.DataFrame() for name, f in parts.items()}
    return EvaluationResult(
        **tables, findings=_findings(gold, systems), meta=_meta(gold, systems, resamples=resamples, seed=seed)
    )


def _marked(frame: pd.DataFrame, where: dict[str, str]) -> pd.DataFrame:
    marks = pd.DataFrame({k: pd.Series([v] * len(frame), dtype="object") for k, v in where.items()})
    return pd.concat([marks, frame.reset_index(drop=True)], axis=1)


def _findings(gold: Tables, systems: Sequence[Tables]) -> tuple[str, ...]:
    found = [*gold.remarks, *(remark for system in systems for remark in system.remarks)]
    asked = set(gold.answers["question"])
    for system in systems:
        silent = sorted(asked - set(system.answers["question"]))
        if silent:
            found.append(f"{system.name}: answers no {', '.join(silent)}; these are not scored")
    unknown = set(gold.notes["patient_id"]) - set(gold.answers["patient_id"])
    if unknown:
        found.append(f"gold: {len(unknown)} patients have no answers; only their mentions are scored")
    return tuple(dict.fromkeys(found))


def _meta(gold: Tables, systems: Sequence[Tables], **options: int) -> dict[str, Any]:
    splits = {
        split: {
            "patients": int(part.notes["patient_id"].nunique()),
            "notes": len(part.notes),
            "mentions": len(part.mentions),
            "answers": len(part.answers),
            "provenance": dict(gold.provenance.get(split, {})),
        }
        for split in gold.splits
        for part in [gold.of_split(split)]
    }
    return {"version": tool.version(), "systems": [s.name for s in systems], "splits": splits, **options}


def _log_test(gold: Path, result: EvaluationResult) -> None:
    if TEST not in result.meta["splits"]:
        return
    for system in result.meta["systems"]:
        entry = {
            "what": "evaluate",
            "system": system,
            "version": result.meta["version"],
            "rules_digest": result.meta["rules_digest"],
            "unblind": False,
            "figures": headline(result, TEST, system),
        }
        log_scoring(gold, entry)
