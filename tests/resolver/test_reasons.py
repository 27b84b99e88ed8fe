"""Reasons, confidence, evidence and the roll-up of a patient."""

import pytest

from extractor import Answer, Note, Screener
from extractor.errors import UsageError
from extractor.resolver import screen_of
from tests.resolver.charts import Row, answer, notes
from tests.resolver.table import TABLE


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        (
            "high_dose_steroid",
            "Methylprednisolone 500 mg/d x 3 d. Weight 52 kg.",
            "500 mg/d = 625 mg/d prednisone; 52 kg -> 12 mg/kg/d, 3 d",
        ),
        ("high_dose_steroid", "Prednisone 60 mg daily for 3 days.", "weight not known"),
        ("lung_disease", "FVC 80% predicted.", "is <= 80 % predicted"),
        ("lung_disease", "Denies asthma.", "only this was denied"),
        ("I1", "54-year-old.", "Age 54 at the reference date"),
        ("E3", "h/o DLBCL 2011.", "more than 5 years before 2024-03-01"),
        ("I4", "HLH (6/8 criteria).", "the notes state 6 of 8"),
        ("E5", "Well.", "say nothing about lung disease"),
    ],
)
def test_the_reason_names_the_facts(screener: Screener, question: str, text: str, said: str) -> None:
    assert said in answer(screener, question, text).rationale


@pytest.mark.parametrize(
    ("question", "confidence", "row"),
    [
        ("lung_disease", "direct", ("COPD.",)),
        ("lung_disease", "inferred", ("FVC 70% predicted.",)),
        ("lung_disease", "conflicting", ("2023-01-01 Asthma.", "2024-03-01 Denies asthma.")),
        ("ebv_active", "direct", ("EBV PCR negative.",)),
        ("ebv_active", "conflicting", ("2024-01-01 EBV PCR positive.", "2024-03-01 EBV PCR negative.")),
        ("malignancy_history", "inferred", ("Possible lymphoma.",)),
        ("I1", "direct", ("54-year-old.",)),
        ("I1", "inferred", ("2023-09-01 15-year-old boy.", "2024-03-01 Well.")),
    ],
)
def test_the_confidence_is_honest(screener: Screener, question: str, confidence: str, row: Row) -> None:
    assert answer(screener, question, *row).confidence == confidence


@pytest.mark.parametrize(
    ("question", "status", "named", "row"),
    [
        ("lung_disease", "met", "elsewhere denied: “asthma”", ("2023-01-01 Asthma.", "2024-03-01 Denies asthma.")),
        (
            "high_dose_steroid",
            "met",
            "elsewhere denied: “steroids”",
            ("2024-01-01 Never received steroids.", "2024-03-01 Methylprednisolone 1 g x 3 days in 2022."),
        ),
        (
            "I5",
            "met",
            "a response too: “prompt response to steroids”",
            (
                "2024-01-01 MAS, methylprednisolone 1 g x 3 days, prompt response to steroids.",
                "2024-02-20 MAS again, methylprednisolone 1 g x 3 days, no response to steroids.",
            ),
        ),
        ("I4", "met", "elsewhere denied: “HLH”", ("2024-02-01 No HLH.", "2024-03-01 HLH, 6/8 criteria.")),
        (
            "I2",
            "met",
            "declined before",
            (
                "2024-02-01 Plonmarlimab trial: declined to participate.",
                "2024-03-01 Plonmarlimab trial: informed consent signed.",
            ),
        ),
        (
            "I2",
            "not_met",
            "signed before",
            ("2024-02-01 Plonmarlimab trial: informed consent signed.", "2024-03-01 She withdrew from the study."),
        ),
        (
            "E4",
            "met",
            "elsewhere denied: “NKDA”",
            ("2024-02-01 NKDA.", "2024-03-01 Allergies: plonmarlimab (hives)."),
        ),
        (
            "ebv_active",
            "not_met",
            "an earlier statement was positive",
            ("2024-01-01 EBV PCR positive.", "2024-03-01 EBV PCR negative."),
        ),
        (
            "ebv_active",
            "met",
            "a later statement does not undo it",
            ("2024-02-26 EBV PCR 20,000 copies/mL.", "2024-03-01 EBV VCA IgM negative."),
        ),
        ("E3", "met", "elsewhere denied: “lymphoma”", ("2024-02-01 No lymphoma.", "2024-03-01 Active lymphoma.")),
    ],
)
def test_a_conflict_is_named_in_the_reason_and_stands_in_the_evidence(
    screener: Screener, question: str, status: str, named: str, row: Row
) -> None:
    mentions, answers = screener.screen(notes(*row))
    found = next(a for a in answers if a.question == question)
    assert (found.status, found.confidence) == (status, "conflicting")
    assert named in found.rationale
    notes_of_evidence = {m.note_id for m in mentions if m.mention_id in found.evidence}
    assert notes_of_evidence == {"n0", "n1"}


@pytest.mark.parametrize(
    ("text", "sum_of"),
    [
        ("Weight 60 kg. Prednisone 90 mg daily for 3 days.", "90 mg/d; 60 kg -> 1.5 mg/kg/d, 3 d"),
        ("Wt 50 kg. Prednisolone 40 mg bid x 5 days.", "80 mg/d; 50 kg -> 1.6 mg/kg/d, 5 d"),
        (
            "Wt 70 kg. Dexamethasone 10 mg q12h for 4 days.",
            "20 mg/d = 133.3 mg/d prednisone; 70 kg -> 1.9 mg/kg/d, 4 d",
        ),
        (
            "Wt 80 kg. Hydrocortisone 100 mg q8h for 3 days.",
            "300 mg/d = 75 mg/d prednisone; 80 kg -> 0.938 mg/kg/d, 3 d",
        ),
        (
            "Methylprednisolone 30 mg/kg/d for 3 days.",
            "30 mg/kg/d = 37.5 mg/kg/d prednisone, 3 d",
        ),
        ("Wt 110 lb. Prednisone 80 mg daily x 10 d.", "80 mg/d; 49.9 kg -> 1.6 mg/kg/d, 10 d"),
        ("Methylprednisolone 250 mg daily x 3 days.", "250 mg/d = 312.5 mg/d prednisone, high at any weight, 3 d"),
        ("Prednisone 59 mg daily x 3 days.", "59 mg/d, low at any weight, 3 d"),
        ("Wt 61 kg, height 172 cm. Dexamethasone 10 mg/m2 daily x 14 days.", "61 kg -> 1.87 mg/kg/d, 14 d"),
        (
            "Wt 52 kg. Methylprednisolone 1 g on 2/11, 2/12 and 2/13.",
            "1000 mg/d = 1250 mg/d prednisone; 52 kg -> 24 mg/kg/d, 3 d",
        ),
    ],
)
def test_the_sum_of_a_dose_is_shown(screener: Screener, text: str, sum_of: str) -> None:
    assert sum_of in answer(screener, "high_dose_steroid", text).rationale


@pytest.mark.parametrize(
    ("question", "row", "strongest"),
    [
        ("lung_disease", ("h/o asthma in childhood. COPD on tiotropium.",), "COPD"),
        ("lung_disease", ("Possible ILD. COPD.",), "COPD"),
        ("lung_disease", ("FVC 60% predicted. COPD.",), "COPD"),
        ("ebv_active", ("2024-01-01 EBV PCR positive.", "2024-03-01 EBV PCR negative."), "EBV PCR"),
        ("E2", ("HLH secondary to EBV. Later axi-cel.",), "EBV"),
        ("high_dose_steroid", ("Prednisone 5 mg daily. Methylprednisolone 1 g x 3 days.",), "Methylprednisolone"),
        (
            "I5",
            ("Methylprednisolone 1 g x 3 days. Good response to steroids at first, then no response to steroids.",),
            "no response to steroids",
        ),
        ("E3", ("BCC excised 2020. Metastatic melanoma on nivolumab.",), "melanoma"),
        ("E4", ("Allergies: penicillin, plonmarlimab (hives).",), "plonmarlimab"),
    ],
)
def test_the_strongest_evidence_stands_first(screener: Screener, question: str, row: Row, strongest: str) -> None:
    mentions, answers = screener.screen(notes(*row))
    found = next(a for a in answers if a.question == question)
    shown = {m.mention_id: m for m in mentions}
    assert strongest in (shown[found.evidence[0]].text or "")
    if len(row) > 1:
        assert shown[found.evidence[0]].note_id == f"n{len(row) - 1}"


def rolled(**statuses: str) -> str:
    """Return the roll-up of criteria with these statuses, findings beside them."""
    kinds = {"f": "finding", "I": "inclusion", "E": "exclusion"}
    return screen_of([Answer("p", "t", q, kinds[q[0]], s, "direct", "") for q, s in statuses.items()])


@pytest.mark.parametrize(
    ("statuses", "screen"),
    [
        ({"I1": "met", "E1": "not_met"}, "eligible_so_far"),
        ({"I1": "met", "E1": "met"}, "excluded"),
        ({"I1": "not_met", "E1": "not_met"}, "excluded"),
        ({"I1": "possible", "E1": "not_met"}, "review"),
        ({"I1": "met", "E1": "not_documented"}, "review"),
        ({"I1": "possible", "E1": "met"}, "excluded"),
        ({"f1": "met", "I1": "met", "E1": "not_met"}, "eligible_so_far"),
        ({"f1": "not_documented", "I1": "met", "E1": "not_met"}, "eligible_so_far"),
    ],
)
def test_the_roll_up_of_a_patient(statuses: dict[str, str], screen: str) -> None:
    assert rolled(**statuses) == screen


def test_silence_is_never_no(screener: Screener) -> None:
    assert {a.question: a.status for a in screener.answers(notes("Well."))} == dict.fromkeys(TABLE, "not_documented")


def test_a_patient_without_notes_has_every_answer(screener: Screener) -> None:
    assert [a.status for a in screener.answers([])] == ["not_documented"] * len(TABLE)


def test_notes_of_two_patients_are_refused(screener: Screener) -> None:
    with pytest.raises(UsageError, match="more than one patient"):
        screener.answers([Note("p", "a", "x"), Note("q", "b", "x")])
