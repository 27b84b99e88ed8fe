"""Statements of general knowledge are no mentions; what a note says of its patient stays one."""

from __future__ import annotations

import pytest

from extractor import Extractor

EX = Extractor()
CASES = (
    "HLH is a rare, life-threatening syndrome of excessive immune activation.",
    "Patients with pulmonary hypertension are at increased risk of right ventricular failure.",
    "Viral infections such as EBV have been found to cause rhabdomyolysis [1,2].",
    "Smith et al. reported a case of HLH treated with dexamethasone.",
    "In the literature, lymphoma is the most common trigger.",
    "To the best of our knowledge HLH has been described in ten cases.",
    "HLH: hemophagocytic lymphohistiocytosis; CD: cluster of differentiation; TTP: thrombotic thrombocytopenic purpura",
    "A molecular diagnosis consistent with HLH: mutations of PRF1, UNC13D, STX11, or XIAP",
    "Author\tAge\tDisease\tOutcome\nPerri et al.\t5\tlymphoma\tdied\nWang et al.\t2\tHLH\talive",
    "Clinicians should suspect macrophage activation syndrome early.",
    "HLH is described in isolated reports after teclistamab.",
    "ILD develops in 10-15 % of patients on this class.",
    "The commonest infectious trigger is EBV.",
    "EBV load should be checked in any cytopenia.",
    "Roughly one adult MAS case in three has EBV behind it.",
    "Lymphoma is twice as frequent as in other people.",
    "Steroid-refractory pneumonitis carries a mortality near 40 %.",
    "The list needs five out of eight: fever, splenomegaly, two lines down.",
    "Another site asked the same for a patient with COPD.",
    "Our last three:\n #   product    day   outcome\n 1   tisa-cel   12   died d40\n 2   axi-cel   15   alive\n",
    "Learning points:\nMeasure ferritin early and think of HLH.\n",
    "Course uneventful.\n\nWHAT IS KNOWN\nILD occurs with T-DXd; asthma adds to the risk.\n",
    "Discussion\nHLH follows infection. Early dexamethasone saves lives, as others found [3].\n",
)
OWN = (
    "HLH diagnosed today; dexamethasone 10 mg/m2 started.",
    "She has pulmonary hypertension on sildenafil.",
    "Our patient had HLH, as in other reports [3].",
    "HLH has been diagnosed.",
    "EBV load should be checked today.",
    "Lymphoma found in 12 % of cells.",
    "Blinatumomab, two cycles completed in 2021.",
    "Her pneumonitis flared twice in three months.",
    "She meets five of eight: fever, splenomegaly.",
    "His roommate states he has no allergies.",
    "Another course of prednisone.",
    "Her lines:\n #   product    day   response\n 1   tisa-cel   12   CR\n",
    "Learning points:\nNone recorded.\n\nImpression\nHLH confirmed.\n",
    "Key points:\nShe has HLH.\n",
    "HLH is thought to be due to lymphoma.",
    "MAS is associated with her lupus.",
    "Lymphoma should be considered.",
    "Steroids are recommended by rheumatology.",
    "PMH: asthma, COPD; Meds: prednisone 5 mg",
    "Ferritin (1) and HLH (2) to be discussed.",
    "1. Asthma, stable.2. COPD, stable.3. HLH, resolved.",
    "Discussion: HLH likely, steroids started.",
    "Discussion\nHLH likely, family told.\n",
    "Dexamethasone per HLH-94 [12] was given to her.",
    "Two children with asthma at home.",
    "Siblings (61, 55) should be screened. No malignancy in either.",
)


@pytest.mark.parametrize("text", CASES)
def test_the_world_is_not_the_patient(text: str) -> None:
    assert not EX.mentions(text)


@pytest.mark.parametrize("text", OWN)
def test_the_patient_is_the_patient(text: str) -> None:
    assert EX.mentions(text)


def test_a_citation_at_a_distance_takes_nothing_away() -> None:
    far = "Ferritin rises. " * 60
    assert [m.text for m in EX.mentions(f"Seen in others [3]. {far}Lymphoma confirmed.")][-1] == "Lymphoma"


def test_a_span_of_the_callers_own_is_always_answered() -> None:
    text = "No HLH was found by Smith et al. [3]."
    assert EX.assert_span(text, 3, 6, label="HLH")["negated"]
