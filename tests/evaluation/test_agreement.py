"""Agreement of two annotators on cases worked by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from evaluation.agreement import kappa, measure_agreement
from evaluation.tables import Tables
from extractor.errors import UsageError

NOTE = ("p", "n", "letter")


def figure(rows: pd.DataFrame, measure: str, name: str) -> float:
    return float(rows[(rows["measure"] == measure) & (rows["name"] == name)]["value"].iloc[0])


@pytest.mark.parametrize(
    ("a", "b", "overlap", "exact"),
    [
        ("[[EBV|EBV]] [[ADC|ADC]]", "[[EBV|EBV]] [[ADC|ADC]]", 1.0, 1.0),
        ("[[EBV|EBV PCR]]", "[[EBV|EBV]] PCR", 1.0, 0.0),
        ("[[EBV|EBV]] ADC", "[[EBV|EBV]] [[ADC|ADC]]", 2 / 3, 2 / 3),
        ("[[EBV|EBV]]", "EBV", 0.0, 0.0),
    ],
)
def test_mention_f1(make_tables: Callable[..., Tables], a: str, b: str, overlap: float, exact: float) -> None:
    for first, second in ((a, b), (b, a)):
        rows = measure_agreement(make_tables({NOTE: first}, []), make_tables({NOTE: second}, []))
        assert figure(rows, "overlap_f1", "micro") == pytest.approx(overlap)
        assert figure(rows, "exact_f1", "micro") == pytest.approx(exact)


def test_attributes_and_answers(make_tables: Callable[..., Tables]) -> None:
    a = make_tables({NOTE: "[[EBV neg|a]] [[EBV neg|b]] [[EBV|c]] [[EBV|d]]"}, [("p", "I1", "met"), ("p", "I2", "met")])
    b = make_tables(
        {NOTE: "[[EBV neg|a]] [[EBV|b]] [[EBV|c]] [[EBV|d]]"}, [("p", "I1", "met"), ("p", "I2", "possible")]
    )
    rows = measure_agreement(a, b)
    assert figure(rows, "attribute_kappa", "negated") == pytest.approx(0.5)
    assert math.isnan(figure(rows, "attribute_kappa", "family"))
    assert figure(rows, "answer_kappa", "all") == pytest.approx(0)
    shares = rows[rows["measure"] == "answer_kappa"].set_index("name")["agreed"]
    assert shares.to_dict() == {"I1": 1.0, "I2": 0.0, "all": 0.5}


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        ([1, 1, 0, 0], [1, 1, 0, 0], 1.0),
        ([1, 1, 0, 0], [1, 0, 1, 0], 0.0),
        ([1, 1, 0, 0], [0, 0, 1, 1], -1.0),
    ],
)
def test_kappa(a: list[int], b: list[int], value: float) -> None:
    assert kappa(pd.Series(a), pd.Series(b), [0, 1])[0] == pytest.approx(value)


def test_kappa_of_nothing_is_not_scored() -> None:
    assert math.isnan(kappa(pd.Series([], dtype=int), pd.Series([], dtype=int), [0, 1])[0])


def test_folders(gold: Path) -> None:
    rows = measure_agreement(gold, gold, splits=["dev"])
    assert (rows["agreed"].dropna() == 1).all()


def test_different_texts_are_refused(make_tables: Callable[..., Tables]) -> None:
    with pytest.raises(UsageError, match="the note p / n: its text differs"):
        measure_agreement(make_tables({NOTE: "one"}, []), make_tables({NOTE: "two"}, []))


def test_different_notes_are_refused(make_tables: Callable[..., Tables]) -> None:
    with pytest.raises(UsageError, match="no note in common"):
        measure_agreement(make_tables({NOTE: "x"}, []), make_tables({("q", "m", "a"): "x"}, []))


def test_notes_without_mentions(make_tables: Callable[..., Tables]) -> None:
    rows = measure_agreement(make_tables({NOTE: "x"}, []), make_tables({NOTE: "x"}, []))
    assert set(rows["measure"]) == {"attribute_kappa"}
