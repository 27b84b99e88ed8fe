"""``evaluate`` as a whole: figures, comparison, log of test scorings, JSON, report."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evaluation
from evaluation import api, tool
from evaluation.calibration import calibration, held_out_chances, reliability
from evaluation.gold import read_gold
from evaluation.goldmentions import answer_from_gold
from evaluation.report import attribute_errors, render_report, write_report
from evaluation.result import EvaluationResult, with_interval
from evaluation.scores import answer_pairs
from evaluation.tables import Tables
from extractor.errors import UsageError


@pytest.fixture
def perfect(gold: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The gold folder, with a tool that says just what the gold says."""

    def run_tool(notes: Any, **_options: Any) -> Tables:
        truth = read_gold(gold).restricted_to(notes)
        return replace(truth, answers=truth.answers.assign(confidence="direct"), name="notecriteria")

    monkeypatch.setattr(tool, "run_tool", run_tool)
    return gold


def worse(gold: Path) -> Tables:
    """Predictions without the first mention of dev, without negation and with one wrong answer."""
    truth = read_gold(gold, ["dev"])
    answers = truth.answers.copy()
    answers.loc[0, "status"] = "met"
    return Tables(truth.notes, truth.mentions.iloc[1:].assign(negated=False), answers, name="worse")


def test_a_perfect_tool_has_perfect_figures(perfect: Path) -> None:
    result = api.evaluate(perfect, splits=["dev"], resamples=50)
    assert result.value("dev", "notecriteria", "overlap", "micro", "f1") == 1
    assert result.value("dev", "notecriteria", "answer", "all", "accuracy") == 1
    assert math.isnan(result.value("dev", "notecriteria", "overlap", "ADC", "f1"))
    scored = result.figures.dropna(subset="value")
    assert (scored["value"] == 1).all()
    assert result.findings == ()


def test_worse_predictions(gold: Path) -> None:
    result = api.evaluate(gold, splits=["dev"], predictions=worse(gold), resamples=50)
    figures = {
        name: result.value("dev", "worse", *where)
        for name, where in {
            "recall": ("overlap", "LUNG_DISEASE", "recall"),
            "micro": ("overlap", "micro", "f1"),
            "negated": ("attribute", "negated", "f1"),
            "answers": ("answer", "all", "accuracy"),
            "letter": ("note_type", "letter", "f1"),
            "ED": ("note_type", "ED note", "recall"),
        }.items()
    }
    assert figures == pytest.approx(
        {"recall": 0.5, "micro": 10 / 11, "negated": 0, "answers": 0.75, "letter": 1, "ED": 0.75}
    )


def test_equal_seeds_give_equal_figures(gold: Path) -> None:
    first, second = (api.evaluate(gold, splits=["dev"], predictions=worse(gold), resamples=20) for _ in range(2))
    assert first.to_json() == second.to_json()


def test_comparison_is_first_minus_second(gold: Path) -> None:
    truth = replace(read_gold(gold, ["dev"]), name="truth")
    result = api.evaluate(gold, splits=["dev"], compare=(truth, worse(gold)), resamples=50)
    gap = result.differences.query("measure == 'overlap' and name == 'micro' and metric == 'f1'").iloc[0]
    assert (gap["a"], gap["b"]) == ("truth", "worse")
    assert gap["value"] == pytest.approx(1 / 11)
    assert gap["low"] <= gap["value"] <= gap["high"]
    overall = result.mcnemar.query("name == 'all'").iloc[0]
    assert (overall["only_a_right"], overall["only_b_right"], overall["p"]) == (1, 0, 1.0)


def test_two_systems_of_one_name_are_told_apart(gold: Path) -> None:
    result = api.evaluate(gold, splits=["dev"], compare=(worse(gold), worse(gold)), resamples=0)
    assert result.meta["systems"] == ["worse (1)", "worse (2)"]


def test_compare_and_predictions_exclude_each_other(gold: Path) -> None:
    with pytest.raises(UsageError, match="compare names both systems"):
        api.evaluate(gold, predictions=worse(gold), compare=(worse(gold), worse(gold)))


def test_questions_that_are_not_answered_are_told(gold: Path) -> None:
    system = worse(gold)
    some = replace(system, answers=system.answers[system.answers["question"] != "I4"])
    result = api.evaluate(gold, splits=["dev"], predictions=some, resamples=0)
    assert "worse: answers no I4; these are not scored" in result.findings
    assert result.value("dev", "worse", "answer", "findings", "accuracy") == pytest.approx(2 / 3)
    assert math.isnan(result.value("dev", "worse", "answer", "all", "accuracy"))


@pytest.mark.parametrize(("splits", "lines"), [(["dev"], 0), (["test"], 1), (None, 1)])
def test_every_scoring_of_test_is_logged(perfect: Path, splits: list[str] | None, lines: int) -> None:
    api.evaluate(perfect, splits=splits, resamples=10)
    log = perfect / "test_scorings.jsonl"
    entries = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    assert len(entries) == lines
    for entry in entries:
        assert entry["figures"]["overlap_f1_micro"] == 1
        assert entry["unblind"] is False
        assert entry.keys() >= {"date", "version", "rules_digest", "system"}


def test_test_is_not_scored_without_a_log(perfect: Path) -> None:
    (perfect / "test_scorings.jsonl").mkdir()
    with pytest.raises(UsageError, match="every scoring of the test split is logged"):
        api.evaluate(perfect / "test", resamples=0)


def result_of(gold: Path) -> EvaluationResult:
    truth = replace(read_gold(gold), name="A & <B>")
    return api.evaluate(gold, compare=(truth, worse(gold)), resamples=30)


def test_json_is_json(gold: Path) -> None:
    content = json.loads(result_of(gold).to_json())
    assert content["meta"]["splits"]["dev"]["patients"] == 2
    assert any(row["value"] is None for row in content["figures"])
    assert {row["measure"] for row in content["figures"]} == {
        "overlap", "exact", "attribute", "answer", "note_type", "note_type_attribute",
    }  # fmt: skip


def test_terminal_rows_have_a_column_for_each_system(gold: Path) -> None:
    row = next(r for r in result_of(gold).table() if r["name"] == "LUNG_DISEASE" and r["measure"] == "overlap")
    assert row["n"] == "2"
    assert row["A & <B> f1"].startswith("1.000 [")
    assert row["worse R"] == "0.500"


@pytest.mark.parametrize(
    ("figure", "text"),
    [((0.5, 0.25, 0.75), "0.500 [0.250, 0.750]"), ((0.5, math.nan, math.nan), "0.500"), ((math.nan,) * 3, "-")],
)
def test_figures_as_text(figure: tuple[float, float, float], text: str) -> None:
    assert with_interval(*figure) == text


def test_report_is_one_page_of_its_own(gold: Path, tmp_path: Path) -> None:
    page = write_report(result_of(gold), tmp_path / "out" / "report.html").read_text()
    assert page.count("<svg") == 6
    assert "A &amp; &lt;B&gt;" in page
    assert "<B>" not in page
    assert 'src="' not in page
    assert "<link" not in page
    assert not re.search(r"\bnan\b", page)


def test_report_shows_agreement_and_findings(gold: Path) -> None:
    agreement = evaluation.measure_agreement(gold, gold)
    result = replace(result_of(gold), findings=("something to know",))
    page = render_report(result, agreement=agreement)
    assert "something to know" in page
    assert "Agreement of the annotators" in page


def test_attribute_errors_are_counts(gold: Path) -> None:
    result = api.evaluate(gold, splits=["dev"], predictions=worse(gold), resamples=0)
    errors = attribute_errors(result.figures).set_index("name")
    assert errors.loc["negated", ["invented", "missed"]].tolist() == [0, 1]
    assert errors.loc["family", ["invented", "missed"]].tolist() == [0, 0]


def test_calibration_counts_each_tier(make_tables: Callable[..., Tables]) -> None:
    note = {("p", "n", "a"): "x"}
    truth = make_tables(note, [("p", "I1", "met"), ("p", "I2", "met"), ("p", "I3", "met")])
    said = make_tables(note, [("p", "I1", "met"), ("p", "I2", "possible"), ("p", "I3", "met")])
    said = replace(said, answers=said.answers.assign(confidence=["direct", "direct", "inferred"]))
    table = calibration(answer_pairs(truth, said), said)
    assert table[["confidence", "status", "answers", "right"]].to_numpy().tolist() == [
        ["direct", "all", 2, 1], ["direct", "met", 1, 1], ["direct", "possible", 1, 0],
        ["inferred", "all", 1, 1], ["inferred", "met", 1, 1], ["conflicting", "all", 0, 0],
    ]  # fmt: skip
    assert calibration(answer_pairs(truth, truth), truth).empty
    assert reliability(answer_pairs(truth, truth), truth).empty


def _tiers(patients: int, right_of: dict[str, float]) -> pd.DataFrame:
    """Return answers whose tiers are right as often as is said."""
    rows = [
        {"patient_id": f"p{n}", "question": f"I{q}", "predicted": "met", "confidence": tier, "right": q < 10 * share}
        for n in range(patients)
        for tier, share in right_of.items()
        for q in range(10)
    ]
    return pd.DataFrame(rows).assign(question="I1")


def test_chances_of_held_out_patients_are_those_of_their_tier() -> None:
    tiers = _tiers(30, {"direct": 0.9, "inferred": 0.6})
    chance = tiers.assign(chance=held_out_chances(tiers)).groupby("confidence")["chance"].mean()
    assert chance["direct"] == pytest.approx(0.9, abs=0.02)
    assert chance["inferred"] == pytest.approx(0.6, abs=0.02)


def test_no_patient_is_judged_by_a_model_that_has_seen_him() -> None:
    tiers = _tiers(20, {"direct": 0.9})
    tiers.loc[tiers["patient_id"] == "p0", ["question", "right"]] = ["E1", False]
    assert held_out_chances(tiers)[:10] == pytest.approx(0.9, abs=0.05)  # E1 stands in no other patient


@pytest.mark.parametrize(("patients", "share"), [(1, 0.5), (5, 1.0)])
def test_there_is_no_chance_without_patients_or_mistakes(patients: int, share: float) -> None:
    assert pd.isna(held_out_chances(_tiers(patients, {"direct": share}))).all()


def test_reliability_has_a_row_for_all_and_for_each_fifth(make_tables: Callable[..., Tables]) -> None:
    people = [f"p{n}" for n in range(20)]
    notes = {(p, "n", "a"): "x" for p in people}
    truth = make_tables(notes, [(p, "I1", "met") for p in people])
    said = make_tables(notes, [(p, "I1", "met" if n % 4 else "possible") for n, p in enumerate(people)])
    said = replace(said, answers=said.answers.assign(confidence="direct"))
    table = reliability(answer_pairs(truth, said), said).set_index("bin")
    assert list(table.index) == ["all", "1", "2", "3", "4", "5"]
    assert table.loc["all", "observed"] == 0.75
    assert table.loc["all", "brier_constant"] == pytest.approx(0.1875)
    assert table.loc["all", "brier"] < 0.1  # a possible is never right here, and that is learned


def test_answers_from_gold_mentions_do_not_hang_on_what_the_tool_reads(make_tables: Callable[..., Tables]) -> None:
    marked = {
        ("p", "n1", "letter"): "The [[LUNG_DISEASE|zebra lung]] is stable. No [[MALIGNANCY neg|zebroma]].",
        ("q", "n2", "letter"): "She has asthma. Received axi-cel [[CAR_T hypo|axi-cel]].",
    }
    answers = answer_from_gold(make_tables(marked, [])).answers.set_index(["patient_id", "question"])["status"]
    assert answers["p", "lung_disease"] == "met"
    assert answers["p", "malignancy_history"] == "not_met"
    assert answers["q", "lung_disease"] == "not_documented"  # the gold does not have it
    assert answers["q", "car_t_exposure"] == "not_documented"  # the gold calls it planned


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, evaluation; sys.exit(any(m in sys.modules for m in ('pandas', 'sklearn', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", evaluation.__all__)
def test_public_names_are_there(name: str) -> None:
    assert callable(getattr(evaluation, name))


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError):
        evaluation.nothing_of_the_kind  # noqa: B018
