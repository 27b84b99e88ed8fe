"""All figures of one system on one split, each with its bootstrap samples and interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from evaluation import scores
from evaluation.intervals import difference, interval, resampled
from evaluation.scores import METRICS, Floats
from evaluation.tables import Tables, in_order, kind_of
from extractor.schema import ATTRIBUTES, MAIN_LABELS

KEY: Final = ["measure", "name", "metric"]
FIGURE_COLUMNS: Final = (*KEY, "value", "low", "high", "support", "predicted")
MAIN: Final = " (main labels)"


class Figure(NamedTuple):
    """A figure before it becomes a row: where it stands, its value, its samples, gold and predicted items."""

    measure: str
    name: str
    metric: str
    value: float
    samples: Floats
    support: int
    predicted: int


@dataclass(frozen=True)
class Scored:
    """One system scored on one split.

    Args:
        table: a row per figure, see ``FIGURE_COLUMNS``.
        samples: rows as the table's, the sample itself first and then the resamples.
        outcomes: see ``scores.outcomes``.
        answers: see ``scores.answer_pairs``.
    """

    table: pd.DataFrame
    samples: Floats
    outcomes: pd.DataFrame
    answers: pd.DataFrame


def score(gold: Tables, predicted: Tables, weights: Floats) -> Scored:
    """Score a system on one split.

    Args:
        gold: the gold of the split.
        predicted: the system's predictions for its notes.
        weights: see ``intervals.resample_weights``; a column for each of the split's patients in sorted order.
    """
    patients = sorted(gold.notes["patient_id"].unique())
    outcomes = scores.outcomes(gold, predicted)
    answers = scores.answer_pairs(gold, predicted)
    labels = scores.scored_labels(gold.mentions)
    figures = [
        *_mentions(outcomes, patients, labels, weights),
        *_answers(answers, patients, set(gold.answers["question"]), weights),
    ]
    rows = [(f.measure, f.name, f.metric, f.value, *interval(f.samples[1:]), f.support, f.predicted) for f in figures]
    samples = np.array([f.samples for f in figures]) if figures else np.zeros((0, len(weights)))
    return Scored(pd.DataFrame(rows, columns=list(FIGURE_COLUMNS)), samples, outcomes, answers)


def _mentions(outcomes: pd.DataFrame, patients: list[str], labels: list[str], weights: Floats) -> Iterator[Figure]:
    main = [name for name in labels if name in MAIN_LABELS]
    for measure in ("overlap", "exact"):
        part = outcomes[outcomes["measure"] == measure]
        yield from _block(measure, part, patients, labels, weights)
        if len(main) < len(labels):
            of_main = part[part["name"].isin(main)]
            averages = _block(measure, of_main, patients, main, weights, alone=False)
            yield from (f._replace(name=f.name + MAIN) for f in averages)
    yield from _block("attribute", outcomes[outcomes["measure"] == "attribute"], patients, ATTRIBUTES, weights)
    for measure, of in (("note_type", "overlap"), ("note_type_attribute", "attribute")):
        part = outcomes[outcomes["measure"] == of]
        types = sorted(part["note_type"].unique())
        yield from _block(measure, part, patients, types, weights, by="note_type", averages=False)


def _block(
    measure: str,
    part: pd.DataFrame,
    patients: list[str],
    names: Sequence[str],
    weights: Floats,
    *,
    by: str = "name",
    alone: bool = True,
    averages: bool = True,
) -> Iterator[Figure]:
    """Yield the figures of each name, of their micro and their macro average."""
    if not len(names):
        return
    counts = scores.outcome_counts(part, patients, names, by)
    drawn = resampled(counts, weights)
    total = counts.sum(axis=0)
    values, micro, macro = scores.mention_scores(total)
    if alone:
        samples = scores.prf(drawn)
        for n, name in enumerate(names):
            yield from _three(measure, name, values[n], samples[:, n], total[n])
    if averages:
        yield from _three(measure, "micro", micro, scores.prf(drawn.sum(axis=1)), total.sum(axis=0))
        over_names = scores.mean_of_scored(np.swapaxes(scores.prf(drawn), 1, 2))
        yield from _three(measure, "macro", macro, over_names, total.sum(axis=0))


def _three(measure: str, name: str, values: Floats, samples: Floats, total: Floats) -> Iterator[Figure]:
    tp, fp, fn = (int(v) for v in total)
    for m, metric in enumerate(METRICS):
        yield Figure(measure, name, metric, float(values[m]), samples[:, m], tp + fn, tp + fp)


def _answers(answers: pd.DataFrame, patients: list[str], asked: set[str], weights: Floats) -> Iterator[Figure]:
    """Yield the figures of each question, and of those groups whose questions are all answered."""
    questions = in_order(answers["question"])
    if not questions:
        return
    drawn = resampled(scores.answer_counts(answers, patients, questions), weights)
    for n, question in enumerate(questions):
        yield from _two(question, answers[answers["question"] == question], drawn[:, n])
    for group in ("findings", "criteria", "all"):
        wanted = {q for q in asked if group in (kind_of(q), "all")}
        chosen = [n for n, q in enumerate(questions) if q in wanted]
        if chosen and len(chosen) == len(wanted):
            of_group = answers[answers["question"].isin([questions[n] for n in chosen])]
            yield from _two(group, of_group, drawn[:, chosen].sum(axis=1))


def _two(name: str, part: pd.DataFrame, drawn: Floats) -> Iterator[Figure]:
    right, macro = scores.answer_scores(part["gold"], part["predicted"])
    answered = int((part["predicted"] != scores.UNANSWERED).sum())
    yield Figure("answer", name, "accuracy", right, scores.accuracy(drawn), len(part), answered)
    yield Figure("answer", name, "macro_f1", macro, scores.macro_f1(drawn), len(part), answered)


def differences(a: Scored, b: Scored) -> pd.DataFrame:
    """Return A's figures minus B's with paired bootstrap intervals, for the figures that both have."""
    left = a.table[KEY].assign(a=np.arange(len(a.table)))
    right = b.table[KEY].assign(b=np.arange(len(b.table)))
    both = left.merge(right, on=KEY)
    gaps = [difference(a.samples[i], b.samples[j]) for i, j in zip(both["a"], both["b"], strict=True)]
    return pd.concat([both[KEY], pd.DataFrame(gaps, columns=["value", "low", "high"])], axis=1)


def confusion(answers: pd.DataFrame) -> pd.DataFrame:
    """Return how often each gold status of each question was answered with each status."""
    counts = answers.groupby(["question", "gold", "predicted"], as_index=False).size().rename(columns={"size": "n"})
    places = {question: n for n, question in enumerate(in_order(counts["question"]))}
    return counts.sort_values("question", key=lambda q: q.map(places), kind="stable", ignore_index=True)
