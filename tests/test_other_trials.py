"""Two more trials as data alone: little notes, and the status that follows from them.

A row is a question, the status, and the patient's notes; a note begins with its date or is of 2024-03-01.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from extractor import Note, Screener
from extractor.cli import app
from extractor.mechanisms.window import months_before
from extractor.trial import Combination, Ever, LabValue, load_trial
from tests.shared import GOLD

DAY = "2024-03-01"
EMERALD, ELA026 = "NCT05001737", "NCT05416307"
Ask = Callable[..., str]


@pytest.fixture(scope="module")
def ask(screener: Screener) -> Ask:
    """Return a function that gives the status of a question of a trial."""
    screeners = {}
    for name in (EMERALD, ELA026):
        screeners[name] = copy(screener)
        screeners[name].trial = load_trial(name, screener.extractor.book.trial_dirs)

    def status(trial: str, question: str, *written: str) -> str:
        notes = []
        for number, text in enumerate(written):
            m = re.match(r"(\d{4}-\d\d-\d\d)\s", text)
            notes.append(Note("p", f"n{number}", text[m.end() :] if m else text, m[1] if m else DAY))
        return next(a.status for a in screeners[trial].answers(notes) if a.question == question)

    return status


@pytest.mark.parametrize(
    ("question", "status", "notes"),
    [
        ("I1", "met", ["7 month old with MAS."]),
        ("I1", "not_met", ["5 month old with MAS."]),
        ("I1", "met", ["80-year-old with MAS."]),
        ("I1", "not_met", ["81-year-old with MAS."]),
        ("I1", "met", ["2021-02-01 MAS diagnosed.", "82-year-old, well."]),
        ("I1", "not_documented", ["MAS."]),
        ("I2", "met", ["30-year-old. Emapalumab trial explained, she signed the informed consent."]),
        ("I2", "not_documented", ["30-year-old. She signed the informed consent for NCT07208058."]),
        ("I3", "met", ["AOSD with MAS. T 39.2, ferritin 2,400 ng/mL, platelets 120, AST 88 U/L."]),
        ("I3", "met", ["SLE with MAS. Febrile, ferritin 685 ng/mL, TG 157 mg/dL, fibrinogen 360 mg/dL."]),
        ("I3", "not_met", ["SLE with MAS. Febrile, ferritin 684, TG 156 mg/dL, fibrinogen 361 mg/dL, AST 48, plt 182."]),
        ("I3", "not_documented", ["SLE with MAS. Febrile, ferritin 2,400 ng/mL, platelets 120."]),
        ("I3", "possible", ["Possible SLE with MAS. T 39.2, ferritin 2,400 ng/mL, platelets 120, AST 88 U/L."]),
        ("cohort", "not_documented", ["Rheumatoid arthritis with MAS."]),
        ("ferritin", "met", ["ferritin 684.5 ng/mL"]),
        ("ferritin", "not_met", ["ferritin 684 ng/mL"]),
        ("ferritin", "not_met", ["2024-02-20 ferritin 9,000 ng/mL", "ferritin 400 ng/mL"]),
        ("ferritin", "met", ["2024-02-20 ferritin 400 ng/mL", "ferritin 9,000 ng/mL"]),
        ("ferritin", "not_documented", ["2024-01-20 ferritin 9,000 ng/mL", "Seen today."]),
        ("ferritin", "not_documented", ["Ferritin pending."]),
        ("fever", "met", ["2024-02-20 T 39.2", "Afebrile today."]),
        ("fever", "not_met", ["Afebrile today."]),
        ("platelets", "met", ["platelets 181 x10^9/L"]),
        ("platelets", "not_met", ["platelets 182 x10^9/L"]),
        ("ast", "met", ["AST 49 U/L"]),
        ("ast", "not_met", ["AST 48 U/L"]),
        ("ast", "met", ["SGOT 1,204 U/L"]),
        ("ast", "not_documented", ["ALT 200 U/L"]),
        ("triglycerides", "met", ["triglycerides 1.8 mmol/L"]),
        ("triglycerides", "not_met", ["triglycerides 1.7 mmol/L"]),
        ("triglycerides", "not_met", ["triglycerides 156 mg/dL"]),
        ("fibrinogen", "met", ["fibrinogen 3.6 g/L"]),
        ("fibrinogen", "not_met", ["fibrinogen 3.7 g/L"]),
        ("high_dose_steroid", "met", ["30-year-old, 60 kg. Methylprednisolone 1 g IV x 3 days."]),
        ("high_dose_steroid", "not_met", ["30-year-old, 60 kg. Methylprednisolone 1 g IV x 2 days."]),
        ("high_dose_steroid", "possible", ["30-year-old, 60 kg. Methylprednisolone 125 mg IV daily x 3 days."]),
        ("high_dose_steroid", "met", ["10-year-old, weight 40 kg. Methylprednisolone 60 mg IV daily for 5 days."]),
        ("high_dose_steroid", "not_met", ["10-year-old, weight 20 kg. Methylprednisolone 20 mg IV daily for 5 days."]),
        ("high_dose_steroid", "met", ["8-year-old, weight 20 kg. Methylprednisolone 2 mg/kg/day IV for 5 days."]),
        ("high_dose_steroid", "not_documented", ["30-year-old, 60 kg. Prednisone 1000 mg PO daily x 3 days."]),
        ("I4", "met", ["30-year-old, 60 kg. Methylprednisolone 1 g IV x 3 days. Steroid-refractory."]),
        ("I4", "not_met", ["10-year-old, weight 20 kg. Methylprednisolone 20 mg IV daily for 5 days. Steroid-refractory."]),
        ("E1", "possible", ["Primary HLH suspected."]),
        ("E2", "met", ["DLBCL, active, on R-CHOP."]),
        ("E2", "not_met", ["Breast cancer 2015, NED."]),
        ("E3", "met", ["Etoposide 150 mg/m2 on 2024-02-01."]),
        ("E3", "not_met", ["Etoposide 150 mg/m2 on 2024-01-31."]),
        ("E3", "possible", ["s/p etoposide."]),
        ("E3", "not_met", ["No etoposide given."]),
        ("E3", "not_documented", ["Well."]),
    ],
)  # fmt: skip
def test_emerald(ask: Ask, question: str, status: str, notes: list[str]) -> None:
    assert ask(EMERALD, question, *notes) == status


@pytest.mark.parametrize(
    ("question", "status", "notes"),
    [
        ("I1", "met", ["12-year-old boy with HLH."]),
        ("I1", "possible", ["11-year-old with HLH."]),
        ("I1", "not_met", ["5-year-old with HLH."]),
        ("I1", "not_met", ["DOB: 2012-06-01. HLH on 2018-05-30."]),
        ("I2", "met", ["Newly diagnosed HLH."]),
        ("I2", "met", ["HLH relapse."]),
        ("I2", "met", ["Steroid-refractory."]),
        ("I2", "not_documented", ["HLH."]),
        ("I3", "met", ["HLH, HLH-2004 5/8 criteria."]),
        ("I3", "possible", ["HLH, HLH-2004 4/8 criteria."]),
        ("E1", "met", ["Familial HLH."]),
        ("E1", "possible", ["Mother with familial HLH."]),
        ("E2", "met", ["s/p allo-HSCT on 2023-11-22."]),
        ("E2", "not_met", ["s/p allo-HSCT on 2023-11-21."]),
        ("E2", "possible", ["s/p allo-HSCT."]),
        ("E2", "possible", ["s/p stem cell transplant on 2024-02-01."]),
        ("E2", "not_documented", ["Autologous stem cell transplant 2024-02-01."]),
        ("E2", "not_met", ["Never had a bone marrow transplant."]),
        ("E3", "met", ["axi-cel on 2023-12-01"]),
        ("E3", "not_met", ["axi-cel on 2023-11-30"]),
        ("E3", "met", ["axi-cel in December 2023"]),
        ("E3", "possible", ["axi-cel in 2023"]),
        ("E3", "not_met", ["Never received CAR-T."]),
        ("E4", "not_met", ["HLH triggered by EBV."]),
        ("E4", "met", ["HLH, no trigger identified."]),
        ("E4", "not_met", ["2024-02-01 HLH, no trigger identified.", "HLH triggered by EBV."]),
        ("E4", "not_documented", ["HLH."]),
        ("E5", "possible", ["HLH secondary to relapsed T-cell lymphoma."]),
        ("E5", "not_met", ["HLH secondary to EBV; no malignancy."]),
        ("E6", "met", ["MMR vaccine given 2024-01-19."]),
        ("live_vaccine", "not_met", ["MMR vaccine given 2024-01-18."]),
        ("E6", "met", ["BCG vaccination 2023-12-08."]),
        ("bcg_vaccine", "not_met", ["BCG vaccination 2023-12-07."]),
        ("E6", "not_met", ["No live vaccines in the last 3 months."]),
        ("E6", "not_documented", ["Avoid live vaccines."]),
        ("E7", "met", ["Continues etoposide weekly."]),
        ("E7", "possible", ["On anakinra 100 mg daily."]),
        ("E7", "not_met", ["2024-02-01 On etoposide.", "Etoposide was stopped in January."]),
        ("E7", "not_met", ["2024-02-01 On etoposide.", "Etoposide stopped."]),
        ("E7", "not_met", ["Off anakinra."]),
        ("E7", "not_documented", ["Plan: start etoposide."]),
        ("E7", "not_met", ["On dexamethasone 10 mg. Not on etoposide."]),
    ],
)  # fmt: skip
def test_ela026(ask: Ask, question: str, status: str, notes: list[str]) -> None:
    assert ask(ELA026, question, *notes) == status


@pytest.mark.parametrize(("name", "assessed"), [(EMERALD, 7), (ELA026, 10)])
def test_how_many_criteria_are_assessed_is_said(screener: Screener, name: str, assessed: int) -> None:
    trial = load_trial(name, screener.extractor.book.trial_dirs)
    assert trial.criteria_assessed == assessed
    assert f"{assessed} of the {assessed} criteria of {name}" in trial.statement


def test_screen_answers_another_trial(tmp_path: Path) -> None:
    out = tmp_path / "run"
    made = CliRunner().invoke(app, ["screen", str(GOLD / "dev"), "--trial", EMERALD, "--out", str(out)])
    assert made.exit_code == 0
    assert f"7 of the 7 criteria of {EMERALD} are assessed" in (out / "screening.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("date", "months", "before"),
    [
        ("2024-03-31", 1, "2024-02-29"),
        ("2023-03-31", 1, "2023-02-28"),
        ("2024-01-15", 1, "2023-12-15"),
        ("2024-03-01", 12, "2023-03-01"),
        ("2024-02-29", 12, "2023-02-28"),
        ("2024-12-31", 0, "2024-12-31"),
    ],
)
def test_months_before_a_date(date: str, months: int, before: str) -> None:
    assert months_before(dt.date.fromisoformat(date), months).isoformat() == before


@pytest.mark.parametrize(
    ("model", "rule", "told"),
    [
        (Ever, {"type": "ever", "labels": ["HLH"], "name": "x", "within_days": 1, "within_months": 1}, "give one of"),
        (LabValue, {"type": "value", "label": "_LAB", "name": "x"}, "give values or states"),
        (Combination, {"type": "all", "questions": ["a"], "count": 1}, "count belongs to at_least"),
        (Combination, {"type": "at_least", "questions": ["a"], "count": 2}, "more questions than are named"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(model: Any, rule: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        model.model_validate(rule)
