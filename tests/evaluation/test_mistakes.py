"""Mistakes: found, sorted into buckets, filtered, and kept blind on test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from evaluation import buckets
from evaluation.faults import MISTAKE_COLUMNS, mistake_rows, rough_sentence
from evaluation.gold import read_gold
from evaluation.mistakes import count_buckets, find_mistakes, matching, parse_only
from evaluation.report import write_mistakes
from evaluation.tables import Tables
from evaluation.tool import RuleLookup
from extractor.errors import UsageError

NOTE = ("p", "n", "letter")


class Rules(RuleLookup):
    """A rulebook of one entry, one cue of each kind and one section."""

    section_ids = frozenset({"past_history"})  # type: ignore[assignment]

    def __init__(self) -> None:
        pass

    def entry_in(self, label: str, text: str) -> str | None:
        return "ebv.name" if (label, text) == ("EBV", "EBV") else None

    def cue_in(self, category: str, text: str) -> str | None:
        return "neg.no" if category == "negated" and "no " in text else None


@pytest.mark.parametrize(
    ("label", "text", "other", "bucket"),
    [
        ("EBV", "EBV", None, "look-alike"),
        ("EBV", "E.B.V.", None, "vocabulary"),
        ("EBV", "E.B.V.", "ADC", "look-alike"),
        ("AGE", "54 y", None, "value"),
    ],
)
def test_missed(label: str, text: str, other: str | None, bucket: str) -> None:
    assert buckets.missed(label, text, other, Rules()).bucket == bucket


@pytest.mark.parametrize(
    ("label", "within", "bucket"),
    [("EBV", False, "look-alike"), ("EBV", True, "vocabulary"), ("PFT", False, "value")],
)
def test_invented(label: str, within: bool, bucket: str) -> None:
    assert buckets.invented(label, within).bucket == bucket


@pytest.mark.parametrize(
    ("name", "said", "cues", "sentence", "bucket"),
    [
        ("negated", True, ["neg.no"], "no fever, EBV", "scope"),
        ("negated", True, [], "EBV", "scope"),
        ("negated", True, ["value"], "EBV < 500", "value"),
        ("historical", True, ["date"], "EBV 2019", "date"),
        ("historical", True, ["past_history"], "EBV", "section"),
        ("historical", True, ["section:past_history"], "EBV", "section"),
        ("negated", True, ["past_history"], "EBV", "scope"),
        ("historical", False, [], "EBV in 2019", "date"),
        ("historical", False, [], "EBV three years ago", "date"),
        ("historical", False, [], "EBV", "section"),
        ("family", False, [], "EBV", "section"),
        ("negated", False, [], "no sign of EBV", "scope"),
        ("uncertain", False, [], "EBV", "scope"),
    ],
)
def test_wrong_attribute(name: str, said: bool, cues: list[str], sentence: str, bucket: str) -> None:
    assert buckets.wrong_attribute(name, said, cues, sentence, Rules()).bucket == bucket


@pytest.mark.parametrize(
    ("question", "upstream", "evidence", "bucket"),
    [
        ("ebv_active", [], [], "resolver"),
        ("ebv_active", [("EBV", "scope"), ("EBV", "scope"), ("EBV", "date")], [], "scope"),
        ("ebv_active", [("ADC", "scope")], [], "resolver"),
        ("E2", [("ADC", "vocabulary")], [], "vocabulary"),
        ("lung_disease", [], [{"label": "PFT", "normalized_value": None}], "value"),
        ("lung_disease", [], [{"label": "PFT", "normalized_value": float("nan")}], "value"),
        ("lung_disease", [], [{"label": "PFT", "normalized_value": 0.7}], "resolver"),
        ("E3", [], [{"label": "MALIGNANCY", "date": None, "sentence": "AML in 2011"}], "date"),
        ("E3", [], [{"label": "MALIGNANCY", "date": "2011", "sentence": "AML in 2011"}], "resolver"),
        ("some_other_trials_question", [("AGE", "value")], [], "value"),
    ],
)
def test_wrong_answer(question: str, upstream: list[Any], evidence: list[Any], bucket: str) -> None:
    assert buckets.wrong_answer(question, upstream, evidence).bucket == bucket


def test_every_bucket_is_documented() -> None:
    assert all(f"\n{bucket} " in str(buckets.__doc__) for bucket in buckets.BUCKETS)


def rows(make_tables: Callable[..., Tables], gold: str, predicted: str, **columns: Any) -> pd.DataFrame:
    truth = make_tables({NOTE: gold}, [("p", "ebv_active", "met")])
    said = make_tables({NOTE: predicted}, [("p", "ebv_active", "possible")])
    said = replace(said, mentions=said.mentions.assign(**columns), answers=said.answers.assign(rationale="because"))
    return mistake_rows(truth, said, Rules())


def test_a_row_for_each_mistake(make_tables: Callable[..., Tables]) -> None:
    found = rows(
        make_tables,
        "Had [[EBV|E.B.V.]] then. ADC 5. No [[HLH neg|HLH]].",
        "Had E.B.V. then. [[ADC|ADC]] 5. No [[HLH|HLH]].",
        rule="rule.id",
        cues=[["c.a"], ["c.a"]],
    )
    shown = found[["kind", "name", "attribute", "gold", "predicted", "bucket", "text", "rule"]]
    assert shown.to_numpy().tolist() == [
        ["FN", "EBV", "", "EBV", "", "vocabulary", "E.B.V.", ""],
        ["FP", "ADC", "", "", "ADC", "look-alike", "ADC", "rule.id"],
        ["ATTRIBUTE", "HLH", "negated", "true", "false", "scope", "HLH", "rule.id"],
        ["ANSWER", "ebv_active", "", "met", "possible", "vocabulary", "", ""],
    ]
    assert list(found.columns) == list(MISTAKE_COLUMNS)
    assert found["why"].iloc[-1] == "wrong mentions behind it: 1; because"


def test_no_mistakes(make_tables: Callable[..., Tables]) -> None:
    truth = make_tables({NOTE: "[[EBV neg|EBV]]"}, [("p", "ebv_active", "not_met")])
    found = mistake_rows(truth, truth, Rules())
    assert found.empty
    assert count_buckets(found)["total"].sum() == 0


def test_sentence_of_the_prediction_is_shown(make_tables: Callable[..., Tables]) -> None:
    said = "One. Two [[ADC|ADC]] three. Four."
    found = rows(make_tables, "One. Two ADC three. Four.", said, sentence_start=5, sentence_end=19)
    row = found[found["kind"] == "FP"].iloc[0]
    assert row["before"] + row["text"] + row["after"] == "Two ADC three."


@pytest.mark.parametrize(
    ("text", "word", "sentence"),
    [
        ("One. Two ADC three. Four.", "ADC", "Two ADC three."),
        ("ADC", "ADC", "ADC"),
        ("Head: x\nPlan: ADC now\n\nNext", "ADC", "Plan: ADC now\n"),
    ],
)
def test_rough_sentence(text: str, word: str, sentence: str) -> None:
    at = text.index(word)
    start, end = rough_sentence(text, at, at + len(word))
    assert text[start:end] == sentence


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (None, 4),
        ("FN", 1),
        ("fn:EBV", 1),
        ("FN:ADC", 0),
        ("ATTRIBUTE:negated", 1),
        ("FP:look-alike", 1),
        ("ANSWER:ebv_active", 1),
    ],
)
def test_only(make_tables: Callable[..., Tables], only: str | None, count: int) -> None:
    found = rows(make_tables, "[[EBV|E.B.V.]] ADC [[HLH neg|HLH]]", "E.B.V. [[ADC|ADC]] [[HLH|HLH]]")
    assert len(matching(found, parse_only(only))) == count


def test_only_of_no_kind() -> None:
    with pytest.raises(UsageError, match="begins with no kind of mistake"):
        parse_only("LUNG_DISEASE")


@pytest.fixture
def wrong(gold: Path) -> Tables:
    truth = read_gold(gold)
    return replace(truth, mentions=truth.mentions.assign(negated=False).iloc[1:], name="wrong")


def test_dev_shows_mistakes_and_logs_nothing(gold: Path, wrong: Tables) -> None:
    found = find_mistakes(gold, predictions=wrong, only="FN:LUNG_DISEASE")
    assert found.rows is not None
    assert found.rows["text"].tolist() == ["asthma"]
    assert not (gold / "test_scorings.jsonl").exists()


@pytest.mark.parametrize("unblind", [False, True])
def test_test_is_blind_unless_asked_and_always_logged(gold: Path, wrong: Tables, unblind: bool) -> None:
    moved = replace(wrong, mentions=wrong.mentions[wrong.mentions["label"] != "EBV"])
    found = find_mistakes(gold, split="test", predictions=moved, unblind=unblind)
    assert found.counts["total"].sum() == 1
    assert (found.rows is None) is not unblind
    entry = json.loads((gold / "test_scorings.jsonl").read_text())
    assert (entry["what"], entry["unblind"]) == ("mistakes", unblind)
    assert sum(entry["figures"].values()) == 1


def test_page_shows_every_mistake_and_can_be_filtered(gold: Path, wrong: Tables, tmp_path: Path) -> None:
    found = find_mistakes(gold, predictions=wrong)
    page = write_mistakes(found, tmp_path / "mistakes.html").read_text()
    assert found.rows is not None
    assert page.count("<article") == len(found.rows) == 2
    assert "<mark>asthma</mark>" in page
    assert "<script src" not in page


def test_page_of_a_blind_split_holds_no_note(gold: Path, wrong: Tables, tmp_path: Path) -> None:
    found = find_mistakes(gold, split="test", predictions=wrong)
    page = write_mistakes(found, tmp_path / "mistakes.html").read_text()
    assert "<article" not in page
    assert "This split is blind" in page
