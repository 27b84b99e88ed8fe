"""Trials as data: what a file may say, how faults are told, and what thresholds hold."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from extractor import Note, Screener
from extractor.errors import RuleError, UsageError
from extractor.rulebook import load_rulebook
from extractor.trial import Threshold, Trial, load_trial
from tests.shared import examples

QUESTIONS = [
    "ebv_active", "car_t_exposure", "tce_exposure", "adc_exposure", "malignancy_history", "lung_disease",
    "high_dose_steroid", "I1", "I2", "I3", "I4", "I5", "E1", "E2", "E3", "E4", "E5",
]  # fmt: skip


@pytest.fixture(scope="module")
def trial() -> Trial:
    """The default trial."""
    return load_trial("NCT07208058", load_rulebook().trial_dirs)


def test_the_trial_asks_the_questions_of_the_guideline(trial: Trial) -> None:
    assert [q.id for q in trial.questions] == QUESTIONS


def test_findings_come_before_inclusions_and_exclusions(trial: Trial) -> None:
    kinds = [q.kind for q in trial.questions]
    assert kinds == ["finding"] * 7 + ["inclusion"] * 5 + ["exclusion"] * 5


def test_ten_of_twenty_two_criteria_are_assessed_and_it_is_said(trial: Trial) -> None:
    assert (trial.criteria_assessed, trial.criteria_total) == (10, 22)
    assert "10 of the 22 criteria" in trial.statement
    assert "a person decides" in trial.statement


@pytest.mark.parametrize("of", ["prednisone", "prednisolone", "methylprednisolone", "dexamethasone", "hydrocortisone"])
def test_equivalents_are_those_of_the_guideline(trial: Trial, of: str) -> None:
    of_prednisone_5_mg = {
        "prednisone": 5, "prednisolone": 5, "methylprednisolone": 4, "dexamethasone": 0.75, "hydrocortisone": 20,
    }  # fmt: skip
    rule: Any = next(q.rule for q in trial.questions if q.id == "high_dose_steroid")
    assert rule.equivalents[of] == pytest.approx(5 / of_prednisone_5_mg[of])


# --- thresholds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "value", "holds"),
    [
        ("<= 80", 79.9, True),
        ("<= 80", 80, True),
        ("<= 80", 80.1, False),
        ("< 90", 89.9, True),
        ("< 90", 90, False),
        (">= 500", 499, False),
        (">= 500", 500, True),
        (">= 500", 501, True),
        ("> 5", 5, False),
        ("> 5", 5.1, True),
        ("= 5", 5, True),
        ("= 5", 5.1, False),
    ],
)
def test_a_value_lies_at_just_under_or_just_over_a_threshold(asked: str, value: float, holds: bool) -> None:
    sign, limit = asked.split()
    assert Threshold.model_validate({"comparator": sign, "threshold": float(limit)}).holds(value) is holds


@pytest.mark.parametrize(
    ("asked", "given", "holds"),
    [
        ("<= 80", "< 80", True),
        ("<= 80", "<= 80", True),
        ("<= 80", "< 70", True),
        ("<= 80", "< 90", None),
        ("<= 80", "> 80", False),
        ("<= 80", "> 90", False),
        ("<= 80", "> 70", None),
        ("<= 80", ">= 81", False),
        (">= 500", "> 500", True),
        (">= 500", ">= 500", True),
        (">= 500", "> 2000", True),
        (">= 500", "> 100", None),
        (">= 500", "< 500", False),
        (">= 500", "< 100", False),
        (">= 500", "< 900", None),
        ("< 1.0", "< 0.5", True),
        ("< 1.0", "< 1.0", True),
        ("< 1.0", "> 1.0", False),
    ],
)
def test_a_value_with_a_sign_may_leave_a_threshold_open(asked: str, given: str, holds: bool | None) -> None:
    sign, limit = asked.split()
    threshold = Threshold.model_validate({"comparator": sign, "threshold": float(limit)})
    comparator, value = given.split()
    assert threshold.holds(float(value), comparator) is holds


@pytest.mark.parametrize(("value", "holds"), [(2.991, False), (2.992, True), (3.0, True)])
def test_a_tolerance_widens_a_threshold(value: float, holds: bool) -> None:
    assert Threshold(comparator=">=", threshold=3.0, tolerance=0.008).holds(value) is holds


@examples(200)
@given(
    sign=st.sampled_from(["<", "<=", ">", ">="]),
    limit=st.integers(1, 100),
    comparator=st.sampled_from(["<", "<=", ">", ">="]),
    given_value=st.integers(1, 100),
    true_value=st.integers(0, 2000).map(lambda n: n / 10),
)
def test_what_a_signed_value_decides_is_true_of_every_value_it_means(
    sign: Any, limit: int, comparator: str, given_value: int, true_value: float
) -> None:
    threshold = Threshold(comparator=sign, threshold=limit)
    meant = {
        "<": true_value < given_value,
        "<=": true_value <= given_value,
        ">": true_value > given_value,
        ">=": true_value >= given_value,
    }
    decided = threshold.holds(given_value, comparator)
    if decided is not None and meant[comparator]:
        assert threshold.holds(true_value) is decided


# --- files -----------------------------------------------------------------------------------------------------------

SMALL: dict[str, Any] = {
    "trial": "T1",
    "title": "A small trial",
    "source": "made up",
    "criteria_total": 4,
    "questions": [
        {"id": "asthma_ever", "kind": "finding", "text": "Asthma", "rule": {"type": "ever", "labels": ["LUNG_DISEASE"], "name": "lung disease"}},
        {"id": "I1", "kind": "inclusion", "text": "Adult", "rule": {"type": "age", "low": 18, "high": 120}},
        {"id": "E1", "kind": "exclusion", "text": "Asthma", "rule": {"type": "same_as", "question": "asthma_ever"}},
    ],
}  # fmt: skip


def changed(**changes: Any) -> dict[str, Any]:
    """Return the small trial with some keys changed; those that are ``None`` are left out."""
    return {k: v for k, v in {**SMALL, **changes}.items() if v is not None}


def with_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """Return the small trial with one more question."""
    return changed(questions=[*SMALL["questions"], {"id": "X1", "kind": "exclusion", "text": "x", "rule": rule}])


def test_a_sound_trial_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(yaml.safe_dump(SMALL))
    assert [q.id for q in load_trial(path, ()).questions] == ["asthma_ever", "I1", "E1"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (changed(title=None), "title"),
        (changed(colour="blue"), "colour"),
        (changed(criteria_total=0), "criteria_total"),
        (changed(questions=[]), "questions"),
        (changed(questions=[*SMALL["questions"], SMALL["questions"][0]]), "asthma_ever stands twice"),
        (changed(questions=SMALL["questions"][::-1]), "does not stand before it"),
        (with_rule({"type": "wishful"}), "wishful"),
        (with_rule({"type": "same_as", "question": "gone"}), "gone, which does not stand before it"),
        (with_rule({"type": "any", "questions": []}), "questions"),
        (with_rule({"type": "age", "low": "young", "high": 80}), "low"),
        (with_rule({"type": "ever", "labels": ["LUNG_DISEASE"], "name": "x", "mood": "good"}), "mood"),
        (with_rule({"type": "response", "label": "STEROID_RESPONSE", "given": "gone"}), "gone"),
    ],
)
def test_a_fault_is_refused_and_named(content: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Trial.model_validate(content)


def test_a_fault_in_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(yaml.safe_dump(changed(colour="blue"), sort_keys=False))
    with pytest.raises(RuleError, match=r"t\.yaml:\d+: colour"):
        load_trial(path, ())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("NCT0", "no such trial; known are NCT05001737, NCT05416307, NCT07208058"),
        ("gone.yaml", "there is no such file"),
        ("a b", "give a trial's id or the path of its file"),
        ("../NCT07208058", "give a trial's id or the path of its file"),
    ],
)
def test_an_unknown_trial_is_told_with_what_to_do(name: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        load_trial(name, load_rulebook().trial_dirs)


# --- questions over questions ----------------------------------------------------------------------------------------


def asked(screener: Screener, rule: dict[str, Any], text: str) -> str:
    """Return the answer to one more question of the small trial."""
    other = copy(screener)
    other.trial = Trial.model_validate(with_rule(rule))
    return next(a.status for a in other.answers([Note("p", "n", text, "2024-03-01")]) if a.question == "X1")


@pytest.mark.parametrize(
    ("text", "every", "some", "none"),
    [
        ("54-year-old with asthma.", "met", "met", "not_met"),
        ("54-year-old, no asthma.", "not_met", "met", "met"),
        ("17-year-old with asthma.", "not_met", "met", "not_met"),
        ("17-year-old, no asthma.", "not_met", "not_met", "met"),
        ("54-year-old, possible asthma.", "possible", "met", "possible"),
        ("17-year-old, possible asthma.", "not_met", "possible", "possible"),
        ("54-year-old.", "not_documented", "met", "not_documented"),
        ("17-year-old.", "not_met", "not_documented", "not_documented"),
        ("Asthma.", "not_documented", "met", "not_met"),
        ("Well.", "not_documented", "not_documented", "not_documented"),
    ],
)
def test_all_any_and_not_over_other_questions(screener: Screener, text: str, every: str, some: str, none: str) -> None:
    both = ["asthma_ever", "I1"]
    assert asked(screener, {"type": "all", "questions": both}, text) == every
    assert asked(screener, {"type": "any", "questions": both}, text) == some
    assert asked(screener, {"type": "not", "questions": ["asthma_ever"]}, text) == none


@pytest.mark.parametrize(("text", "status"), [("FVC 80%", "met"), ("FVC 81%", "not_met"), ("well", "not_documented")])
def test_a_value_threshold_of_a_trial_of_ones_own(screener: Screener, text: str, status: str) -> None:
    value = {"label": "PFT", "test": "fvc", "comparator": "<=", "threshold": 80}
    rule = {"type": "ever", "labels": ["LUNG_DISEASE"], "name": "lung disease", "values": [value]}
    assert asked(screener, rule, text) == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("axi-cel on 2024-02-01", "met"),
        ("axi-cel on 2024-01-31", "met"),
        ("axi-cel on 2024-01-30", "not_met"),
        ("never had CAR-T", "not_met"),
    ],
)
def test_a_window_before_the_reference_date(screener: Screener, text: str, status: str) -> None:
    rule = {"type": "ever", "labels": ["CAR_T"], "name": "CAR-T", "within_days": 30}
    assert asked(screener, rule, text) == status


def test_the_answers_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(yaml.safe_dump(SMALL))
    answers = Screener(path).answers([Note("p", "n", "54-year-old with asthma", "2024-03-01")])
    assert [(a.question, a.kind, a.status, a.trial) for a in answers] == [
        ("asthma_ever", "finding", "met", "T1"),
        ("I1", "inclusion", "met", "T1"),
        ("E1", "exclusion", "met", "T1"),
    ]
