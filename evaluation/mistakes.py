"""Every mistake of a system on a split: where it stands, what did it, and which bucket it belongs in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evaluation import tool
from evaluation.buckets import BUCKETS
from evaluation.faults import KINDS, mistake_rows
from evaluation.gold import read_gold
from evaluation.predictions import fit, load_predictions
from evaluation.tables import Tables
from evaluation.testlog import TEST, log_scoring
from extractor.errors import UsageError


@dataclass(frozen=True)
class Mistakes:
    """The mistakes of one system on one split.

    Args:
        split: the split.
        system: the system.
        rows: a row per mistake, see ``faults.MISTAKE_COLUMNS``; ``None`` where the split is blind.
        counts: how many mistakes of each kind each bucket holds.
    """

    split: str
    system: str
    rows: pd.DataFrame | None
    counts: pd.DataFrame


def find_mistakes(
    gold: Path | str,
    *,
    split: str = "dev",
    predictions: Path | str | Tables | None = None,
    only: str | None = None,
    unblind: bool = False,
    trial: str = tool.DEFAULT_TRIAL,
    rules: Path | None = None,
) -> Mistakes:
    """Return the mistakes on a split; of the test split the counts alone, unless it is unblinded.

    Args:
        gold: the gold folder.
        split: the split.
        predictions: see ``evaluate``.
        only: such as ``FN:LUNG_DISEASE``, ``ATTRIBUTE:negated``, ``ANSWER:E3``, ``FP`` or ``FP:look-alike``.
        unblind: show the mistakes of the test split; it is logged.
        trial: trial file or id, for the tool's own run.
        rules: a site's own rules.

    Raises:
        UsageError: gold, predictions or ``only`` that cannot be read.
    """
    wanted = parse_only(only)
    tables = read_gold(gold, [split] if (Path(gold) / split).is_dir() else None)
    found = tool.run_tool(tables.notes, trial=trial, rules=rules) if predictions is None else None
    predicted = fit(found, tables) if found else load_predictions(predictions or "", tables)
    rows = matching(mistake_rows(tables, predicted, tool.RuleLookup(rules)), wanted)
    counts = count_buckets(rows)
    blind = split == TEST and not unblind
    if split == TEST:
        figures = {str(r["bucket"]): int(r["total"]) for r in counts.to_dict("records")}
        entry = {"what": "mistakes", "system": predicted.name, "version": tool.version(), "unblind": unblind}
        log_scoring(Path(gold), {**entry, "rules_digest": tool.rules_digest(rules), "only": only, "figures": figures})
    return Mistakes(split, predicted.name, None if blind else rows, counts)


def parse_only(only: str | None) -> tuple[str, str] | None:
    """Return a filter's kind and name (empty for any).

    Raises:
        UsageError: no such kind.
    """
    if not only:
        return None
    kind, _, name = only.partition(":")
    if kind.upper() not in KINDS:
        raise UsageError(f"--only {only}: begins with no kind of mistake; use one of {', '.join(KINDS)}, as in FN:EBV")
    return kind.upper(), name


def matching(rows: pd.DataFrame, wanted: tuple[str, str] | None) -> pd.DataFrame:
    """Return the rows of a kind whose label, question, attribute or bucket has the wanted name."""
    if wanted is None:
        return rows
    kind, name = wanted
    named = (rows[["name", "attribute", "bucket"]] == name).any(axis=1) if name else True
    return rows[(rows["kind"] == kind) & named].reset_index(drop=True)


def count_buckets(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row per bucket with the number of mistakes of each kind and in total."""
    counts = pd.crosstab(rows["bucket"], rows["kind"]).reindex(index=BUCKETS, columns=KINDS, fill_value=0)
    counts = counts.assign(total=counts.sum(axis=1))
    return counts.rename_axis(index="bucket", columns=None).reset_index()
