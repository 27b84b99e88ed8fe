"""What screening paperwork answers to an item speaks of all that the item names, and of nothing else."""

from __future__ import annotations

import pytest

from extractor import Extractor
from extractor.cleantext import clean
from extractor.verdicts import verdict

EX = Extractor()
GRID = "| Item | never | in past | now | remarks |\n|---|---|---|---|---|\n"
ANSWERED_NO = (
    "EX5  lung: asthma, <COPD>, ILD           not met        CT clear",
    "EX5  lung: <asthma>, COPD, ILD           not met        CT clear",
    "EX-3 | <lymphoma> in last 5 y | No | NED",
    "3. <Malignancy> within the last 5 years\n     NO    KL\n4. Allergy\n",
    "3. Malignancy other than treated skin cancer or\n   <lymphoma> of any kind\n   No.\n",
    "E1 known <primary HLH>\n   -> NO, panel negative\n",
    "EX01 <primary HLH>. Form: no. ok.",
    'Q: EX05 "<ILD>, COPD or other lung disorder" = No. Please clarify.',
    GRID + "| <asthma> | v | | | |\n",
    GRID + "| cancer, <leukaemia> | x | | | cousin |\n",
)
NOT_ANSWERED_NO = (
    "EX5  lung: asthma, <COPD>           met        on inhaler",
    "EX5  lung: none      see note       <COPD> mild",
    "3. <Malignancy> within the last 5 years\n     YES, DLBCL\n",
    "3. <Malignancy> ever\n4. Asthma\n     NO\n",
    "The <lymphoma> came back\n     NO\n",
    "1. <COPD>\n   no fever today\n",
    "1. <COPD>, stable\n   none of the inhalers help\n",
    "EX01 <primary HLH>. Form: yes.",
    GRID + "| <asthma> | | | v | |\n",
    GRID + "| cancer | v | | | cousin <leukaemia> |\n",
    "| Day | Hb | Plt | Ferr | <lymphoma> |\n| 1 | x | | | |\n",
)


def answered(marked: str) -> str | None:
    """Return the answer to what stands between the angle brackets."""
    text = clean(marked).text
    start, end = text.index("<"), text.index(">", text.index("<")) - 1
    said = verdict(text[:start] + text[start + 1 : end + 1] + text[end + 2 :], start, end)
    return said.result if said else None


@pytest.mark.parametrize("marked", ANSWERED_NO)
def test_a_no_speaks_of_every_alternative_of_its_item(marked: str) -> None:
    assert answered(marked) == "no"


@pytest.mark.parametrize("marked", NOT_ANSWERED_NO)
def test_what_is_no_answer_to_the_item_says_nothing(marked: str) -> None:
    assert answered(marked) is None


def test_the_past_has_a_column_of_its_own() -> None:
    assert answered(GRID + "| <asthma> | | v | | |\n") == "past"


def test_an_open_question_is_no_answer() -> None:
    assert answered("EX5  <COPD>     ?     to be clarified") == "unknown"


def test_a_cause_of_hlh_is_denied_by_the_answer_to_its_criterion() -> None:
    found = EX.mentions("2. HLH secondary to infection, CAR-T or ADC\n     NO.  EBV PCR neg x2\n")
    assert {m.negated for m in found if m.label in ("HLH_CAUSE", "CAR_T", "ADC")} == {True}
