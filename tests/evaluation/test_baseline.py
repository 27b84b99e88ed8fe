"""The baseline: plain medspaCy with our terms, and its naive answers."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

from evaluation.baseline import NAIVE_NAME, naive_answers, naive_tables, run_baseline
from evaluation.tables import Tables, mention_table


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ([{}], "met"),
        ([{"historical": True}], "met"),
        ([{"negated": True}, {}], "met"),
        ([{"uncertain": True}, {"negated": True}], "possible"),
        ([{"negated": True}], "not_met"),
        ([{"family": True}], "not_documented"),
        ([{"hypothetical": True}], "not_documented"),
        ([], "not_documented"),
    ],
)
def test_naive_answers(attributes: list[dict[str, bool]], status: str) -> None:
    rows = [{"patient_id": "p", "note_id": "n", "label": "EBV", "start": 0, "end": 3, **a} for a in attributes]
    answers = naive_answers(mention_table(rows), ["p"]).set_index("question")["status"]
    assert answers["ebv_active"] == status
    assert answers.drop("ebv_active").eq("not_documented").all()
    assert len(answers) == 17


@pytest.mark.parametrize(
    ("label", "question"),
    [("RHEUM_DISEASE", "I3"), ("HLH", "I4"), ("STEROID_RESPONSE", "I5"), ("HLH_CAUSE", "E2"), ("DRUG_ALLERGY", "E4")],
)
def test_the_naive_rule_answers_the_criteria_too(label: str, question: str) -> None:
    rows = [{"patient_id": "p", "note_id": "n", "label": label, "start": 0, "end": 3}]
    answers = naive_answers(mention_table(rows), ["p"]).set_index("question")["status"]
    assert answers[question] == "met"
    assert answers.drop(question).eq("not_documented").all()


def test_the_naive_rule_is_laid_over_the_mentions_of_another_system(make_tables: Callable[..., Tables]) -> None:
    found = make_tables({("p", "n", "letter"): "[[MALIGNANCY neg|lymphoma]]"}, [("p", "E3", "met")])
    naive = naive_tables(found, found.notes)
    assert naive.name == NAIVE_NAME
    assert naive.mentions is found.mentions
    assert naive.answers.set_index("question")["status"]["E3"] == "not_met"


def test_plain_medspacy_finds_terms_and_its_own_cues(
    make_tables: Callable[..., Tables], capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Mother with asthma.\r\n🙂 Received axi-cel.\nShe denies COPD.\n"
    before = list(warnings.filters)
    found = run_baseline(make_tables({("p", "n", "letter"): text}, []).notes)
    shown = found.mentions[["label", "text", "negated", "family"]].to_numpy().tolist()
    assert shown == [
        ["LUNG_DISEASE", "asthma", False, True],
        ["CAR_T", "axi-cel", False, False],
        ["LUNG_DISEASE", "COPD", True, False],
    ]
    assert all(text[m.start : m.end] == m.text for m in found.mentions.itertuples())
    assert warnings.filters == before
    assert capsys.readouterr() == ("", "")
