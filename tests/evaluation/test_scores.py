"""Outcomes and figures on cases worked by hand, and the vectorised figures against scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import scores
from evaluation.tables import Tables, answer_table
from extractor.schema import STATUSES

Marked = dict[tuple[str, str, str], str]
NOTE = ("p", "n", "letter")


def counted(frame: Any, measure: str) -> dict[tuple[str, str], int]:
    part = frame[frame["measure"] == measure]
    return {(str(k[0]), str(k[1])): int(n) for k, n in part.groupby(["name", "outcome"]).size().items()}


@pytest.mark.parametrize(
    ("gold", "predicted", "overlap", "attributes"),
    [
        ("[[EBV|EBV]]", "[[EBV|EBV]]", {("EBV", "tp"): 1}, {}),
        ("[[EBV|EBV PCR]]", "EBV [[EBV|PCR]]", {("EBV", "tp"): 1}, {}),
        ("[[EBV|EBV]]", "EBV", {("EBV", "fn"): 1}, {}),
        ("ADC", "[[ADC|ADC]]", {("ADC", "fp"): 1}, {}),
        ("[[ADC|ADC]]", "[[EBV|ADC]]", {("ADC", "fn"): 1, ("EBV", "fp"): 1}, {}),
        ("[[EBV neg|EBV]]", "[[EBV neg|EBV]]", {("EBV", "tp"): 1}, {("negated", "tp"): 1}),
        ("[[EBV neg|EBV]]", "[[EBV|EBV]]", {("EBV", "tp"): 1}, {("negated", "fn"): 1}),
        ("[[EBV|EBV]]", "[[EBV fam|EBV]]", {("EBV", "tp"): 1}, {("family", "fp"): 1}),
        ("[[EBV hist|EBV]]", "[[EBV|EBV]]", {("EBV", "tp"): 1}, {("historical", "fn"): 1}),
        ("[[EBV neg hist|EBV]]", "[[EBV neg|EBV]]", {("EBV", "tp"): 1}, {("negated", "tp"): 1}),
        ("[[EBV neg|EBV]]", "[[EBV hist|EBV]]", {("EBV", "tp"): 1}, {("negated", "fn"): 1}),
        ("age", "[[AGE|age]]", {}, {}),
    ],
)
def test_outcomes(
    make_tables: Callable[..., Tables], gold: str, predicted: str, overlap: dict[Any, int], attributes: dict[Any, int]
) -> None:
    frame = scores.outcomes(make_tables({NOTE: gold}, []), make_tables({NOTE: predicted}, []))
    assert counted(frame, "overlap") == overlap
    assert counted(frame, "attribute") == attributes


def test_equal_spans_are_asked_for_exact_figures(make_tables: Callable[..., Tables]) -> None:
    frame = scores.outcomes(make_tables({NOTE: "[[EBV|EBV PCR]]"}, []), make_tables({NOTE: "[[EBV|EBV]] PCR"}, []))
    assert counted(frame, "exact") == {("EBV", "fn"): 1, ("EBV", "fp"): 1}


def test_zero_by_zero_is_not_scored_and_left_out_of_macro() -> None:
    each, micro, macro = scores.mention_scores(np.array([[2.0, 0, 0], [0, 0, 0], [0, 1, 0]]))
    assert each[0].tolist() == [1, 1, 1]
    assert np.isnan(each[1]).all()
    assert each[2][2] == 0
    assert micro == pytest.approx([2 / 3, 1, 0.8])
    assert macro[2] == pytest.approx(0.5)


counts = st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=6)


@given(counts)
def test_vectorised_scores_are_scikit_learns(rows: list[tuple[int, int, int]]) -> None:
    table = np.array(rows, dtype=float)
    each, micro, macro = scores.mention_scores(table)
    assert scores.prf(table) == pytest.approx(each, nan_ok=True)
    assert scores.prf(table.sum(axis=0)) == pytest.approx(micro, nan_ok=True)
    assert scores.mean_of_scored(scores.prf(table).T) == pytest.approx(macro, nan_ok=True)


answers = st.lists(
    st.tuples(st.sampled_from(STATUSES), st.sampled_from(scores.PREDICTED_STATUSES)), min_size=1, max_size=30
)


@given(answers)
def test_vectorised_answer_scores_are_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    rows = [{"patient_id": str(n), "question": "I1", "status": g} for n, (g, _) in enumerate(pairs)]
    frame = answer_table(rows).assign(gold=[g for g, _ in pairs], predicted=[p for _, p in pairs])
    confusion = scores.answer_counts(frame, list(frame["patient_id"]), ["I1"]).sum(axis=0)[0]
    right, macro = scores.answer_scores(frame["gold"], frame["predicted"])
    assert float(scores.accuracy(confusion)) == pytest.approx(right)
    assert float(scores.macro_f1(confusion)) == pytest.approx(macro)


def test_unanswered_patients_count_as_wrong_and_silent_questions_not_at_all(
    make_tables: Callable[..., Tables],
) -> None:
    gold = make_tables({NOTE: "x"}, [("p", "I1", "met"), ("q", "I1", "met"), ("p", "E1", "met")])
    said = make_tables({NOTE: "x"}, [("p", "I1", "met")])
    pairs = scores.answer_pairs(gold, said)
    assert pairs[["patient_id", "question", "predicted"]].to_numpy().tolist() == [
        ["p", "I1", "met"],
        ["q", "I1", "unanswered"],
    ]
