"""Context: for each attribute marked sentences in which it must apply, and in which it must not.

The marks are those of the annotation guideline: ``[[LABEL neg|span]]``. On a negated mention ``historical`` may be either.
"""

from __future__ import annotations

from typing import Any

import pytest

from extractor import Extractor
from extractor.context import ContextEngine, shadows
from extractor.rulebook import load_rulebook
from tests.shared import expected, shown, wrong

Found = list[tuple[str, int, int, tuple[str, ...]]]


def either(rows: Found) -> Found:
    """Return mentions without ``historical`` on those that are negated."""
    return [
        (label, start, end, tuple(a for a in true if a != "historical") if "negated" in true else true)
        for label, start, end, true in rows
    ]


def but(reason: str, marked: str) -> Any:
    """Return a sentence that the program reads wrongly as yet."""
    return pytest.param(marked, marks=wrong(reason))


def holds(extractor: Extractor, marked: str) -> None:
    """Check that a text gives exactly its marks."""
    text, rows = expected(marked)
    assert either(shown(extractor.mentions(text))) == either(rows)


NEGATED: list[Any] = [
    "Denies [[LUNG_DISEASE neg|asthma]].",
    "She denied any history of [[LUNG_DISEASE neg|asthma]].",
    "No [[LUNG_DISEASE neg|asthma]].",
    "No known [[MALIGNANCY neg|malignancy]].",
    "No history of [[MALIGNANCY neg|lymphoma]].",
    "No personal history of [[MALIGNANCY neg|cancer]].",
    "No evidence of [[MALIGNANCY neg|lymphoma]].",
    "Never had [[LUNG_DISEASE neg|asthma]].",
    "Never received [[CAR_T neg|CAR-T]].",
    "Has not received [[ADC neg|brentuximab vedotin]].",
    "Has never been on [[STEROID neg|prednisone]].",
    "Does not have [[LUNG_DISEASE neg|COPD]].",
    "Managed without [[STEROID neg|steroids]].",
    "Not on [[STEROID neg|prednisone]].",
    "This is not [[LUNG_DISEASE neg|asthma]].",
    "Not consistent with [[MALIGNANCY neg|lymphoma]].",
    "CT fails to reveal [[LUNG_DISEASE neg|ILD]].",
    "HRCT did not show [[LUNG_DISEASE neg|bronchiectasis]].",
    "Marrow negative for [[MALIGNANCY neg|lymphoma]].",
    "Absence of [[MALIGNANCY neg|leukaemia]].",
    "Free of [[MALIGNANCY neg|cancer]].",
    "No concern for [[LUNG_DISEASE neg|ILD]].",
    "No signs of [[HLH neg|HLH]].",
    "Neither [[LUNG_DISEASE neg|asthma]] nor [[LUNG_DISEASE neg|COPD]].",
    "[[MALIGNANCY neg|Lymphoma]] was ruled out.",
    "[[MALIGNANCY neg|Lymphoma]] has been excluded.",
    "[[MALIGNANCY neg|Lymphoma]] excluded.",
    "[[LUNG_DISEASE neg|ILD]] was not seen.",
    "[[MALIGNANCY neg|Lymphoma]] is not present.",
    "[[CAR_T neg|CAR-T]] was deferred.",
    "[[CAR_T neg|CAR-T]] was declined.",
    "[[CAR_T neg|Axi-cel]] was planned but not given.",
    "[[TCE neg|Teclistamab]] was considered, not given.",
    "[[TCE neg|Blinatumomab]] was never started.",
    "Declined [[CAR_T neg|CAR-T]].",
    "She is [[STEROID neg|steroid]]-naive.",
    "[[CAR_T neg|CAR-T]] naive.",
    "[[EBV neg|EBV PCR]] negative.",
    "[[EBV neg|EBV PCR]] not detected.",
    "[[EBV neg|EBV PCR]]: ND",
    "[[EBV neg|EBV]]: undetectable",
    "[[EBV neg|EBV]] (-)",
    "[[EBV neg|EBV VCA IgM]] neg, [[EBV|EBNA]] pos",
    "[[EBV neg|EBV PCR]] was repeatedly negative.",
    "[[EBV neg|EBV PCR]] (2/3) not detected.",
    "[[EBV neg|EBV DNA]] <500 copies/mL.",
    "[[EBV neg|EBV DNA]] below detection limit.",
    "[[EBV neg|EBV serology]] not done.",
    "[[EBV neg|EBV]], CMV and HSV PCR negative.",
    "CMV and [[EBV neg|EBV PCR]] were both negative.",
    "Negative for CMV and [[EBV neg|EBV]].",
    "[[LUNG_DISEASE neg|Asthma]] and [[LUNG_DISEASE neg|COPD]] were excluded.",
    "No [[STEROID neg|steroids]] today.",
    "NO [[LUNG_DISEASE neg|ASTHMA]] OR [[LUNG_DISEASE neg|COPD]]",
]
NOT_NEGATED: list[Any] = [
    "No rash but has [[LUNG_DISEASE|asthma]].",
    "No rash; CT chest with [[LUNG_DISEASE|ILD]].",
    "No rash, however [[LUNG_DISEASE|asthma]] is poorly controlled.",
    "No rash. [[LUNG_DISEASE|Asthma]] stable.",
    "No rash\n[[LUNG_DISEASE|Asthma]] stable",
    "Denies chest pain but has [[LUNG_DISEASE|asthma]].",
    "[[LUNG_DISEASE|Asthma]], denies wheeze.",
    "[[LUNG_DISEASE|Asthma]] without wheeze.",
    "[[LUNG_DISEASE|COPD]], no oxygen at home.",
    "Known [[LUNG_DISEASE|COPD]] with no exacerbation this year.",
    "No rash, takes [[STEROID|prednisone]].",
    "No rash, she has [[LUNG_DISEASE|asthma]].",
    "Never smoker with [[LUNG_DISEASE|COPD]].",
    "A rash (no rash) and [[LUNG_DISEASE|asthma]].",
    "No rash except for that of [[HLH|HLH]].",
    but("absent behind one thing negates the next", "Effusions absent, [[LUNG_DISEASE|ILD]] present."),
    "CMV PCR negative, [[EBV|EBV PCR]] positive.",
    "[[EBV|EBV PCR]] positive, CMV PCR negative.",
    "Not only [[LUNG_DISEASE|asthma]] but also [[LUNG_DISEASE|COPD]].",
    "[[LUNG_DISEASE|Asthma]] is not an excuse.",
    "[[STEROID_RESPONSE|Did not tolerate [[STEROID|prednisone]]]].",
    "HER2-negative [[MALIGNANCY|breast cancer]].",
    "Gram negative sepsis, [[LUNG_DISEASE|COPD]].",
    "Do not stop [[STEROID|prednisone]].",
    but(
        "what is ruled out is no mention, so that the one before is negated",
        "CT showed [[LUNG_DISEASE|ILD]], lymphadenopathy was ruled out.",
    ),
]
PSEUDO: list[Any] = [
    "No change in his [[LUNG_DISEASE|COPD]].",
    "No evidence of progression of her [[MALIGNANCY|lymphoma]].",
    "No worsening of [[LUNG_DISEASE|ILD]].",
    "No flares of [[LUNG_DISEASE|asthma]].",
    "[[STEROID_RESPONSE|No response to [[STEROID|methylprednisolone]]]].",
    "[[STEROID_RESPONSE|No improvement on [[STEROID|prednisone]]]].",
    "[[LUNG_DISEASE|Asthma]] is not well controlled.",
    "[[LUNG_DISEASE unc|ILD]] is not ruled out.",
    "[[MALIGNANCY unc|Lymphoma]] cannot be excluded.",
    "Cannot exclude [[LUNG_DISEASE unc|ILD]].",
    "[[MALIGNANCY unc|Lymphoma]] has not been completely excluded.",
    "No doubt this is [[LUNG_DISEASE|COPD]].",
    "[[LUNG_DISEASE|COPD]], no longer on oxygen.",
    "No recurrence of [[MALIGNANCY|lymphoma]].",
]
LISTS: list[Any] = [
    "Denies [[LUNG_DISEASE neg|asthma]], [[LUNG_DISEASE neg|COPD]], [[LUNG_DISEASE neg|ILD]], [[MALIGNANCY neg|lymphoma]].",
    "Denies chills, cough, wheeze, rash, [[LUNG_DISEASE neg|asthma]], or weight loss.",
    "No itch, chills, night sweats, cough, dyspnoea, chest pain, palpitations, oedema, rash, arthralgia, headache, "
    "seizures, dysuria, haematuria, diarrhoea, [[LUNG_DISEASE neg|asthma]] or [[LUNG_DISEASE neg|COPD]].",
    "No history of [[LUNG_DISEASE neg|asthma]], [[LUNG_DISEASE neg|COPD]],\n[[LUNG_DISEASE neg|bronchiectasis]] or\n[[MALIGNANCY neg|lymphoma]].",
    "Denies [[LUNG_DISEASE neg|asthma]] and [[LUNG_DISEASE neg|COPD]]; has [[LUNG_DISEASE|bronchiectasis]].",
    "Denies [[LUNG_DISEASE neg|asthma]] or [[LUNG_DISEASE neg|COPD]] but reports [[LUNG_DISEASE|bronchiectasis]].",
    "No [[LUNG_DISEASE neg|asthma]], [[LUNG_DISEASE neg|COPD]], has [[LUNG_DISEASE|ILD]].",
    "No [[LUNG_DISEASE neg|asthma]] or [[LUNG_DISEASE neg|COPD]], known [[LUNG_DISEASE|ILD]].",
    "No [[LUNG_DISEASE neg|asthma]], HRCT with [[LUNG_DISEASE|ILD]].",
    "No evidence of [[EBV neg|EBV viremia]] or [[MALIGNANCY neg|lymphoma]]; CT chest with [[LUNG_DISEASE|ILD]].",
    "No prior [[CAR_T neg|CAR-T]], [[TCE neg|BiTE]] or [[ADC neg|ADC]] therapy.",
    "Never had [[CAR_T neg|CAR-T]], [[TCE neg|blinatumomab]], or [[ADC neg|brentuximab vedotin]].",
    "No [[LUNG_DISEASE neg|asthma]], no [[LUNG_DISEASE neg|COPD]], [[LUNG_DISEASE|ILD]] since 2019.",
    "No [[LUNG_DISEASE neg|asthma]]. [[LUNG_DISEASE|COPD]].",
    "No [[LUNG_DISEASE neg|asthma]]\n- [[LUNG_DISEASE|COPD]]",
    "Negative: [[LUNG_DISEASE neg|asthma]], [[LUNG_DISEASE neg|COPD]]",
    "No [[LUNG_DISEASE neg|asthma]] or other [[LUNG_DISEASE neg|lung disease]], on [[STEROID|prednisone]].",
    "Denies [[LUNG_DISEASE neg|asthma]] though his brother has [[LUNG_DISEASE fam|COPD]].",
    "[[LUNG_DISEASE neg|Asthma]], [[LUNG_DISEASE neg|COPD]] and [[LUNG_DISEASE neg|ILD]] were all excluded.",
    "[[EBV neg|EBV]], CMV, HSV, VZV, HHV-6 and adenovirus PCR were all negative.",
    "CMV, HSV and [[EBV neg|EBV]] negative; parvovirus positive.",
]
HISTORICAL: list[Any] = [
    "History of [[LUNG_DISEASE hist|asthma]].",
    "h/o [[MALIGNANCY hist|DLBCL]] 2011",
    "Hx of [[MALIGNANCY hist|breast cancer]].",
    "PMH: [[LUNG_DISEASE hist|COPD]]",
    "s/p [[CAR_T hist|axi-cel]] 3/2022",
    "Status post [[CAR_T hist|CAR-T]].",
    "Childhood [[LUNG_DISEASE hist|asthma]].",
    "[[LUNG_DISEASE hist|Asthma]] as a child.",
    "[[LUNG_DISEASE hist|Asthma]] in childhood.",
    "[[LUNG_DISEASE hist|Asthma]], resolved.",
    "Resolved [[LUNG_DISEASE hist|asthma]].",
    "[[MALIGNANCY hist|Lymphoma]] in remission.",
    "[[MALIGNANCY hist|Lymphoma]] 10 years ago.",
    "Remote [[MALIGNANCY hist|lymphoma]].",
    "Prior [[ADC hist|brentuximab vedotin]].",
    "Previously received [[TCE hist|blinatumomab]].",
    "Completed [[STEROID hist|prednisone]] in May.",
    "Off [[STEROID hist|dexamethasone]] since May.",
    "[[STEROID hist|Prednisone]] stopped in May.",
    "[[EBV hist|Infectious mononucleosis]] in 2005.",
    "History of [[LUNG_DISEASE hist|asthma]], [[LUNG_DISEASE hist|COPD]] and [[MALIGNANCY hist|lymphoma]].",
    "[[MALIGNANCY hist|Breast cancer]] survivor.",
    "Received [[CAR_T hist|ide-cel]] in 2021.",
    "[[ADC hist|Brentuximab vedotin]], six cycles, completed 2019.",
]
NOT_HISTORICAL: list[Any] = [
    "Has [[LUNG_DISEASE|asthma]].",
    "Known [[LUNG_DISEASE|COPD]].",
    "Was given [[CAR_T|axi-cel]].",
    "Developed [[HLH|HLH]] two weeks after [[CAR_T|CAR-T]].",
    "History of gout, now with [[MALIGNANCY|lymphoma]].",
    "History of gout. [[LUNG_DISEASE|Asthma]].",
    "[[LUNG_DISEASE|Asthma]] with a history of gout.",
    "History of present illness: [[LUNG_DISEASE|asthma]] worse",
    "Problem list: [[LUNG_DISEASE|asthma]], [[MALIGNANCY|lymphoma]]",
    "PMH: active [[MALIGNANCY|lymphoma]]",
    "PMH: [[MALIGNANCY|lymphoma]], active",
    "[[LUNG_DISEASE|Asthma]]; rash resolved.",
    "[[LUNG_DISEASE|COPD]] since 2015.",
    "Previously well, now [[HLH|HLH]].",
    "Prior to admission on [[STEROID|prednisone]].",
    "[[STEROID|Methylprednisolone]] 1 g daily; antibiotics stopped.",
]
HYPOTHETICAL: list[Any] = [
    "Will send [[EBV hypo|EBV PCR]].",
    "[[EBV hypo|EBV PCR]] pending.",
    "[[EBV hypo|EBV PCR]] has been sent.",
    "Await [[EBV hypo|EBV PCR]].",
    "If refractory, [[STEROID hypo|pulse steroids]].",
    "Candidate for [[CAR_T hypo|CAR-T]].",
    "Referred for [[CAR_T hypo|CAR-T]].",
    "T cells collected for [[CAR_T hypo|axi-cel]].",
    "Consented to [[CAR_T hypo|axi-cel]].",
    "Plan to start [[TCE hypo|teclistamab]].",
    "Planned [[CAR_T hypo|CAR-T]].",
    "Consider [[STEROID hypo|prednisone]].",
    "Considering [[TCE hypo|blinatumomab]].",
    "Monitor for [[LUNG_DISEASE hypo|pneumonitis]].",
    "Counselled about the risk of [[HLH hypo|HLH]].",
    "At risk of [[HLH hypo|MAS]].",
    "Return if [[LUNG_DISEASE hypo|asthma]] flares.",
    "Discharge instructions: call if your [[LUNG_DISEASE hypo|asthma]] flares",
    "Should she relapse, [[CAR_T hypo|CAR-T]].",
    "To start [[STEROID hypo|methylprednisolone]] tomorrow.",
    "Discussed [[CAR_T hypo|CAR-T]] as an option.",
    "Screening for [[EBV hypo|EBV]].",
    "[[CAR_T hypo|CAR-T]] evaluation next week.",
    "Plan: [[STEROID hypo|dexamethasone]] 10 mg daily",
    "Would give [[STEROID hypo|steroids]] if worse.",
    "[[CAR_T hypo|CAR-T]] is planned.",
    but("planned behind a product is read with a verb only", "[[CAR_T hypo|CAR-T]] planned for May."),
    "[[TCE hypo|Teclistamab]] considered.",
    "[[TCE hypo|Teclistamab]] was discussed.",
    "[[CAR_T hypo|CAR-T]] to be given next month.",
]
NOT_HYPOTHETICAL: list[Any] = [
    "[[CAR_T|CAR-T]] given, will send labs.",
    "On [[STEROID|prednisone]], will taper.",
    "Given [[STEROID|prednisone]].",
    "Started [[TCE|teclistamab]] today.",
    "Plan: continue [[STEROID|prednisone]] 20 mg",
    "If worse, call. [[LUNG_DISEASE|Asthma]] stable.",
    "Has [[LUNG_DISEASE|asthma]]; return if breathless.",
    "[[EBV neg|EBV PCR]] sent 2/3: not detected.",
    "Repeat [[EBV neg|EBV PCR]] was negative.",
    "Monitoring: [[EBV|EBV PCR]] positive.",
    "Admitted with [[HLH|HLH]], labs pending.",
]
UNCERTAIN: list[Any] = [
    "Possible [[LUNG_DISEASE unc|ILD]].",
    "Probable [[LUNG_DISEASE unc|COPD]].",
    "Suspected [[HLH unc|HLH]].",
    "Likely [[HLH unc|MAS]].",
    "Concern for [[LUNG_DISEASE unc|ILD]].",
    "r/o [[MALIGNANCY unc|lymphoma]]",
    "Rule out [[MALIGNANCY unc|lymphoma]].",
    "?[[LUNG_DISEASE unc|ILD]]",
    "[[LUNG_DISEASE unc|ILD]]?",
    "[[HLH unc|MAS]] vs [[HLH_CAUSE unc|[[EBV unc|EBV]]]]-[[HLH unc|HLH]]",
    "[[MALIGNANCY unc|Lymphoma]] versus infection.",
    "DDx: [[MALIGNANCY unc|lymphoma]], [[HLH unc|HLH]]",
    "Differential includes [[MALIGNANCY unc|lymphoma]].",
    "[[MALIGNANCY unc|Lymphoma]] is unlikely.",
    "[[MALIGNANCY unc|Lymphoma]] is suspected.",
    "Suspicious for [[MALIGNANCY unc|lymphoma]].",
    "Cannot rule out [[LUNG_DISEASE unc|ILD]].",
    "Findings may represent [[LUNG_DISEASE unc|organizing pneumonia]].",
    "Questionable [[LUNG_DISEASE unc|emphysema]].",
    "[[EBV unc|EBV VCA IgM]] equivocal.",
    "Query [[LUNG_DISEASE unc|ILD]].",
    "Could be [[HLH unc|HLH]].",
    "Worrisome for [[MALIGNANCY unc|lymphoma]].",
]
NOT_UNCERTAIN: list[Any] = [
    "Consistent with [[LUNG_DISEASE|ILD]].",
    "In keeping with [[LUNG_DISEASE|COPD]].",
    "No concern for [[LUNG_DISEASE neg|ILD]].",
    "[[MALIGNANCY neg|Lymphoma]] was ruled out.",
    "Possible rash. [[LUNG_DISEASE|COPD]].",
    "Cough, likely viral; [[LUNG_DISEASE|COPD]].",
    "Known [[LUNG_DISEASE|COPD]], possible pneumonia.",
    "[[LUNG_DISEASE|COPD]] most likely caused by smoking.",
    "Confirmed [[HLH|HLH]].",
    "[[LUNG_DISEASE|Asthma]], ?infection",
    "Consider infection in this patient with [[LUNG_DISEASE|COPD]].",
]
FAMILY: list[Any] = [
    "Mother with [[LUNG_DISEASE fam|asthma]].",
    "His mother has [[LUNG_DISEASE fam|asthma]].",
    "Father died of [[MALIGNANCY fam|lung cancer]].",
    "Sister has [[MALIGNANCY fam|lymphoma]].",
    "Brother received [[CAR_T fam|CAR-T]].",
    "Family history of [[MALIGNANCY fam|breast cancer]].",
    "Family history: [[MALIGNANCY fam|breast cancer]] (aunt)",
    "FHx: [[MALIGNANCY fam|lymphoma]] (sister)",
    "FH: [[LUNG_DISEASE fam|asthma]] in mother, [[MALIGNANCY fam|lymphoma]] in father",
    "[[MALIGNANCY fam|Lymphoma]] in her father.",
    "Maternal grandmother with [[MALIGNANCY fam|colon cancer]].",
    "Family history: no [[MALIGNANCY fam neg|cancer]]",
    "Two cousins had [[EBV fam|infectious mononucleosis]].",
    "His mother, who has [[LUNG_DISEASE fam|asthma]], says he has none.",
    "Wife has [[LUNG_DISEASE fam|COPD]].",
    "The donor was [[EBV fam|EBV]] positive.",
]
NOT_FAMILY: list[Any] = [
    "Mother is well. [[LUNG_DISEASE|Asthma]] stable.",
    "Mother well, she has [[LUNG_DISEASE|asthma]].",
    "Mother reports that he has [[LUNG_DISEASE|asthma]].",
    "His mother says he takes [[STEROID|prednisone]].",
    "FH: diabetes.\n\nHPI: [[LUNG_DISEASE|COPD]]",
    "Here with her sister; has [[LUNG_DISEASE|asthma]].",
    "Mother denies [[LUNG_DISEASE neg|asthma]] in the patient.",
    "Lives with his wife, [[LUNG_DISEASE|COPD]] stable.",
    "Has [[PRIMARY_HLH|familial HLH]].",
    "Mother's [[LUNG_DISEASE fam|asthma]] is mild; the patient has [[LUNG_DISEASE|COPD]].",
]
BOXES: list[Any] = [
    "[ ] [[LUNG_DISEASE neg|asthma]]",
    "[x] [[LUNG_DISEASE|asthma]]",
    "[X] [[LUNG_DISEASE|asthma]]",
    "( ) [[LUNG_DISEASE neg|asthma]]",
    "(x) [[LUNG_DISEASE|asthma]]",
    "\u2610 [[LUNG_DISEASE neg|asthma]]",
    "\u2611 [[LUNG_DISEASE|asthma]]",
    "[ ] [[LUNG_DISEASE neg|asthma]]\n[x] [[LUNG_DISEASE|COPD]]\n[ ] [[LUNG_DISEASE neg|ILD]]",
    "[ ] [[LUNG_DISEASE neg|asthma]]  [x] [[LUNG_DISEASE|COPD]]",
    "[[LUNG_DISEASE neg|asthma]] [ ] yes [x] no",
    "[[LUNG_DISEASE|asthma]] [x] yes [ ] no",
    "[[LUNG_DISEASE neg|Asthma]]: Yes [ ] No [x]",
    "[[LUNG_DISEASE|Asthma]]: Yes [x] No [ ]",
    "[[LUNG_DISEASE unc|Asthma]] [ ] yes [ ] no [x] unknown",
    "[[LUNG_DISEASE neg|asthma]] __ yes  _x_ no",
    "Prior [[CAR_T neg|CAR-T]]   [ ] Y  [x] N",
    "[[LUNG_DISEASE neg|Asthma]] [ ]  [[LUNG_DISEASE|COPD]] [x]",
]
FORMS: list[Any] = [
    "[[LUNG_DISEASE neg|Asthma]]: No",
    "[[LUNG_DISEASE|Asthma]]: Yes",
    "[[LUNG_DISEASE neg|Asthma]]: no\n[[LUNG_DISEASE|COPD]]: yes\n[[LUNG_DISEASE neg|ILD]]: no",
    "[[LUNG_DISEASE neg|COPD]]: none",
    "[[LUNG_DISEASE neg|COPD]]: denies",
    "[[LUNG_DISEASE neg|COPD]] - no",
    "[[LUNG_DISEASE neg|COPD]] = no",
    "[[LUNG_DISEASE neg|COPD]]? No",
    "Prior [[CAR_T neg|CAR-T]]? N",
    "[[CAR_T neg|CAR-T]]: never",
    "[[LUNG_DISEASE neg|Asthma]]     No",
    "[[LUNG_DISEASE neg|Asthma]]: No  [[LUNG_DISEASE|COPD]]: Yes",
    "[[LUNG_DISEASE|Asthma]]: well controlled, no attacks",
    "[[EBV neg|EBV PCR]]    Not Detected    (ref: not detected)",
    "[[EBV|EBV PCR]]    DETECTED    (ref: not detected)",
    "[[EBV neg|EBV]] | neg | 2/3",
    "[[LUNG_DISEASE neg|Asthma]] (-)",
    "[[LUNG_DISEASE neg|Asthma]] -ve",
    "[[LUNG_DISEASE neg|Asthma]]: N/A",
]
TABLE = {
    "negated": NEGATED,
    "not negated": NOT_NEGATED,
    "pseudo-negation": PSEUDO,
    "negated lists": LISTS,
    "historical": HISTORICAL,
    "not historical": NOT_HISTORICAL,
    "hypothetical": HYPOTHETICAL,
    "not hypothetical": NOT_HYPOTHETICAL,
    "uncertain": UNCERTAIN,
    "not uncertain": NOT_UNCERTAIN,
    "family": FAMILY,
    "not family": NOT_FAMILY,
    "check boxes": BOXES,
    "forms": FORMS,
}


def sentences() -> list[Any]:
    """Return all marked sentences as parameters."""
    return [
        pytest.param(
            *(row.values if hasattr(row, "values") else (row,)), marks=getattr(row, "marks", ()), id=f"{name}: {i}"
        )
        for name, cases in TABLE.items()
        for i, row in enumerate(cases)
    ]


@pytest.mark.parametrize("marked", sentences())
def test_a_marked_sentence(extractor: Extractor, marked: str) -> None:
    holds(extractor, marked)


RIGHT = [row for cases in TABLE.values() for row in cases if isinstance(row, str)]


@pytest.mark.parametrize("marked", RIGHT[::3])
def test_a_marked_sentence_between_others(extractor: Extractor, marked: str) -> None:
    holds(extractor, f"Seen today with her folder.\n\n{marked}\n\nWalked to the shops.\n")


@pytest.mark.parametrize("marked", RIGHT[1::3])
def test_a_marked_sentence_with_windows_line_ends_and_odd_spaces(extractor: Extractor, marked: str) -> None:
    text, rows = expected(marked)
    odd = text.replace(" ", "\u00a0") if "  " not in text and "\n" not in text else text.replace("\n", "\r\n")
    found = shown(extractor.mentions(odd))
    assert [(label, true) for label, _, _, true in either(found)] == [
        (label, true) for label, _, _, true in either(rows)
    ]


@pytest.mark.parametrize("distance", [1, 5, 20, 60])
def test_a_negated_list_reaches_as_far_as_its_sentence(extractor: Extractor, distance: int) -> None:
    words = ", ".join(["cough"] * distance)
    holds(extractor, f"Denies {words}, [[LUNG_DISEASE neg|asthma]].")


def test_why_is_told_by_the_ids_of_cues(extractor: Extractor) -> None:
    (mention,) = extractor.mentions("No known asthma.")
    assert mention.cues == ("neg.no",)


def test_longer_cues_take_the_words_of_shorter_ones_within_them() -> None:
    cues = {cue.id: cue for cue in load_rulebook().cues}
    negation, end, pseudo = cues["neg.no"], cues["end.contrast"], cues["pseudo.neg"]
    other = cues["neg.evidence"]
    assert shadows(other, (0, 20), negation, (0, 2))
    assert not shadows(negation, (0, 2), other, (0, 20))
    assert not shadows(other, (0, 2), negation, (0, 2))
    assert shadows(pseudo, (0, 2), negation, (0, 2))
    assert not shadows(pseudo, (0, 2), cues["hist.preceding"], (0, 2))
    assert not shadows(end, (0, 20), negation, (0, 2))


def test_no_cue_begins_with_white_space() -> None:
    """A space before a sign belongs to the word before it, which would fall out of the reach of what the sign ends."""
    text = " no asthma -> x  --  y + z and has a rash , s/p ? (-)   next, has h/o"
    for rule in ContextEngine(load_rulebook().cues).rules:
        for match in rule.regex.finditer(text):
            assert not match.group()[:1].isspace(), rule.cue.id


@pytest.mark.parametrize("sign", ["->", "--", "and has", "    ", ";"])
def test_an_end_does_not_take_the_word_before_it(extractor: Extractor, sign: str) -> None:
    gap = "" if sign in (";", "    ") else " "
    holds(extractor, f"No [[LUNG_DISEASE neg|asthma]]{gap}{sign} [[LUNG_DISEASE|COPD]].")


@pytest.mark.parametrize(
    "marked",
    [
        "Chest: query [[LUNG_DISEASE unc|[[RHEUM_DISEASE|RA]]-ILD]]",
        "CT: r/o [[LUNG_DISEASE unc|[[RHEUM_DISEASE|sJIA]]-LD]]",
        "possible [[RHEUM_DISEASE|lupus]]-associated rash",
        "possible [[RHEUM_DISEASE unc|lupus]], seen in clinic",
        "query [[RHEUM_DISEASE unc|rheumatoid arthritis]] of the hands",
    ],
)
def test_a_disease_that_only_names_the_kind_of_what_is_doubted_is_not_doubted(
    extractor: Extractor, marked: str
) -> None:
    holds(extractor, marked)
