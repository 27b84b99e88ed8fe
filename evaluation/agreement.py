"""How far two annotators agree: F1 of their mentions, Cohen's kappa of their attributes and answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.align import exact_pairs, overlap_pairs
from evaluation.gold import read_gold
from evaluation.scores import attribute_pairs, mention_scores
from evaluation.tables import NOTE_KEY, Tables, in_order
from extractor.errors import UsageError
from extractor.schema import ATTRIBUTES, LABELS, STATUSES

AGREEMENT_COLUMNS: Final = ("measure", "name", "value", "n", "agreed")


def measure_agreement(
    a: Path | str | Tables, b: Path | str | Tables, *, splits: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the agreement of two annotators on the notes both have.

    Args:
        a: one annotator's folder or tables.
        b: the other's.
        splits: of folders, the splits to read.

    Returns:
        Rows of ``measure`` (``overlap_f1``, ``exact_f1``, ``attribute_kappa``, ``answer_kappa``), ``name``,
        ``value``, ``n`` (mentions of both annotators, pairs or answers) and ``agreed`` (share of equal values).
        Kappa is not scored where both annotators use one and the same value throughout.

    Raises:
        UsageError: the two have no note in common, or a note's text differs.
    """
    first, second = _shared(_tables(a, splits), _tables(b, splits))
    overlap = overlap_pairs(first.mentions, second.mentions)
    exact = exact_pairs(first.mentions, second.mentions)
    rows = [
        *_mention_rows("overlap_f1", first, second, overlap),
        *_mention_rows("exact_f1", first, second, exact),
        *_attribute_rows(first, second, overlap),
        *_answer_rows(first, second),
    ]
    return pd.DataFrame(rows, columns=list(AGREEMENT_COLUMNS))


def _tables(source: Path | str | Tables, splits: Sequence[str] | None) -> Tables:
    return source if isinstance(source, Tables) else read_gold(source, splits)


def _shared(a: Tables, b: Tables) -> tuple[Tables, Tables]:
    both = a.notes[[*NOTE_KEY, "text"]].merge(b.notes[[*NOTE_KEY, "text"]], on=NOTE_KEY)
    if both.empty:
        raise UsageError(f"{a.name} and {b.name}: have no note in common; both need the same patient_id and note_id")
    changed = both[both["text_x"] != both["text_y"]]
    if len(changed):
        ids = " / ".join(changed.iloc[0][NOTE_KEY])
        raise UsageError(f"the note {ids}: its text differs between the annotators; both must annotate the same text")
    return a.restricted_to(both), b.restricted_to(both)


def _mention_rows(measure: str, a: Tables, b: Tables, pairs: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    of_a, of_b = a.mentions["label"], b.mentions["label"]
    labels = [label for label in LABELS if label in {*of_a, *of_b}]
    if not labels:
        return
    paired = of_a.iloc[pairs["gold"].to_numpy()].value_counts()
    counts = np.array([_counts(paired.get(x, 0), (of_a == x).sum(), (of_b == x).sum()) for x in labels], dtype=float)
    each, micro, macro = mention_scores(counts)
    values = [*((x, v[2], c) for x, v, c in zip(labels, each, counts, strict=True))]
    total = counts.sum(axis=0)
    for name, value, (both, only_b, only_a) in (*values, ("micro", micro[2], total), ("macro", macro[2], total)):
        share = both / (both + only_a + only_b)
        yield measure, name, float(value), int(2 * both + only_a + only_b), float(share)


def _counts(paired: int, of_a: int, of_b: int) -> tuple[int, int, int]:
    return paired, of_b - paired, of_a - paired


def _attribute_rows(a: Tables, b: Tables, pairs: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    for name in ATTRIBUTES:
        scored = attribute_pairs(a.mentions, b.mentions, pairs, name)
        yield "attribute_kappa", name, *kappa(scored["truth"], scored["said"], [False, True])


def _answer_rows(a: Tables, b: Tables) -> Iterator[tuple[Any, ...]]:
    both = a.answers.merge(b.answers, on=["patient_id", "question"], suffixes=("_a", "_b"))
    questions = in_order(both["question"])
    for question in questions:
        part = both[both["question"] == question]
        yield "answer_kappa", question, *kappa(part["status_a"], part["status_b"], list(STATUSES))
    if questions:
        yield "answer_kappa", "all", *kappa(both["status_a"], both["status_b"], list(STATUSES))


def kappa(a: pd.Series[Any], b: pd.Series[Any], values: list[Any]) -> tuple[float, int, float]:
    """Return Cohen's kappa, the number of items and the share of equal ones.

    Args:
        a: one annotator's values.
        b: the other's, in the same order.
        values: all values there are.
    """
    if a.empty:
        return float("nan"), 0, float("nan")
    agreed = float((a.to_numpy() == b.to_numpy()).mean())
    if len({*a, *b}) == 1:
        return float("nan"), len(a), agreed  # nothing was told apart, kappa is 0/0
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(list(a), list(b), labels=values)), len(a), agreed
