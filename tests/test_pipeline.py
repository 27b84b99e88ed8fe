"""The reference pipeline: medspaCy's own parts, quiet, and equal to the extractor in every column."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from extractor import Extractor, Note, build_pipeline
from extractor.context import within_sentences
from extractor.pipeline import CANDIDATES, MENTIONS, mentions_of_doc
from extractor.schema import MENTION_COLUMNS
from tests.shared import any_text, examples, notes_of, pitted, spliced

if TYPE_CHECKING:
    from spacy import Language

TRICKY = [
    "",
    " ",
    "\n",
    "\x00",
    "\ud800",
    "asthma",
    "No asthma.",
    "Denies asthma, COPD, ILD, lymphoma, or prior CAR-T but has bronchiectasis.",
    "no evidence of EBV viremia or lymphoma; CT chest with ILD",
    "No change in his COPD. Not ruled out: lymphoma. Cannot exclude ILD.",
    "EBV PCR negative, EBV: undetectable, EBV (-), EBV VCA IgM neg, EBNA pos",
    "EBV, CMV and HSV PCR were negative.",
    "EBV-DNA 1.2 x 10^4 copies/mL, later 3.2 log10 IU/mL, then <500 copies/mL and detected, below quantification",
    "Asthma: No\nCOPD: Yes\n[ ] ILD\n[x] Lymphoma\nCAR-T  [ ] yes [x] no [ ] unk",
    "Prior CAR-T? N  Prior BiTE? Y",
    "PMH: lymphoma, active, asthma (childhood), COPD\nFH: mother with asthma, father lymphoma\nMeds: prednisone 5 mg",
    "PAST MEDICAL HISTORY\n1. DLBCL 2011\n2. COPD\n\nFAMILY HISTORY\nLymphoma (sister)\n\nPLAN\nStart CAR-T.",
    "PMH:, asthma., Meds:, prednisone., A/P:, possible lymphoma.,",
    "Her mother, who has asthma, says she has none; patient has COPD.",
    "mother well, she has asthma",
    "s/p axi-cel 3/2022; teclistamab was considered, not given; candidate for CAR-T; will send EBV PCR",
    "If refractory, pulse steroids. Monitor for pneumonitis. Return if asthma flares.",
    "r/o lymphoma. ?ILD. Lymphoma? MAS vs EBV-HLH. Concern for ILD was ruled out.",
    "HLH secondary to EBV infection. Felt to be driven by her Still's disease. EBV-induced HLH. IEC-HS after axi-cel.",
    "HLH (due to EBV, lymphoma and SLE) vs MAS",
    "Ferritin 12,400 ng/mL, Hb 8.6 g/dL, plt 34, fibrinogen 310 mg/dL, TG 4.2 mmol/L, sCD25 4000 pg/mL (H), T 38.9",
    "HLH-2004 6/8 criteria met. HScore 240.",
    "MP 1 g IV daily x3 days, then prednisone 60->40->20; dex 10 mg/m2; hydrocortisone 50 mg q6h",
    "FVC 72% predicted, FEV1/FVC 0.66, FEV1 55%, FVC 2.1 L (81%)",
    "54-year-old, weighs 52 kg (115 lb), height 5'4\"",
    "Adult-onset Still\u2019s disease; Sj\u00f6gren; Beh\u00e7et; leuke\u0301mia; CAR\u2011T; axi\u2010cel; na\u00efve to steroids",
    "EBV\u200b PCR\u00a0not\u202fdetected\x00, asthma\U0001f642COPD\ud800lymphoma",
    "as\u200bthma, lym\u00adphoma, CO\x00PD, steroids\u0301",
    "\uff0casthma\u3002COPD\uff1ano",
    "chronic obstructive\n   pulmonary disease (COPD),\nstage IIA invasive ductal\ncarcinoma of the breast",
    "diffuse large B-cell lymphoma diffuse large B-cell lymphoma diffuse large B-cell lymphoma",
    "lymphoma" * 3 + " lymphoma",
    "neither asthma nor COPD nor ILD, no lymphoma",
    "no no no asthma not not without asthma",
    "history of history of asthma, no history of, COPD",
    "(no fever) and asthma) (and) COPD",
    "x" * 1500 + " asthma. " + "y " * 900 + "no COPD",
    "no " + "fever, " * 250 + "asthma",
    "\r\n\r\nasthma\r\rCOPD\r\n- ILD\r\n",
    "\t\tasthma\t\tno\tCOPD\t\t\tyes",
    "ADC 850 on MRI; PAP smear; mono 8%; TNF; cancer centre; inhaled steroids; CAR-T clinic",
    "tabelecleucel, ibritumomab tiuxetan, ivonescimab, zanidatamab, lifileucel",
    "NKDA. Allergies: penicillin. Allergic to mavrilimumab.",
    "Signed informed consent for the study on 3/4/2024; declined; mother signed.",
    "PRF1, UNC13D: no pathogenic variants; HLH gene panel pending; familial HLH suspected",
    "refractory to steroids, did not respond to methylprednisolone, steroid-dependent, responded to prednisone",
    "DOB 3/4/1990",
    "axi-cel; naive to steroids",
    "No new allergies (NKDA).",
    "HRCT no fibrosis, mosaic attenuation,\n? bronchiolitis.",
    "ASTHMA, COPD AND LYMPHOMA WERE RULED OUT. EBV PCR NEGATIVE.",
    "etoposide x1 10/9. Ferritin 68,400 \u2192\n51,000 \u2192 57,300 today. denies . fibrinogen 214 \u2192\n141 mg/dL Epidural anesthesia",
    "ANY CASE PATIENT AND PARENTS DO NOT WANT\nANY TRIAL AND DECLINED TO SIGN.",
    "Asthma ruled out. COPD not ruled out. ILD was never confirmed. Lymphoma excluded but PTLD present.",
    "Epstein-\nBarr\n  virus PCR\n  not\n  detected",
    "EBV | PCR | negative | 2021\nCMV | PCR | positive | 2021",
    "EBV PCR    Not Detected    (ref: not detected)",
    "COPD: none\nCAR-T: none\naxi-cel - none\nILD none, lymphoma: nil, asthma (-)",
    "She was placed in\nChildhood: mononucleosis. Now asthma.",
    "since dex went from 8 to 2; felt marvellous on the\n8. Face round. sugars 14. keep at 2 mornings",
    "Asthma noted, she was placed in\nChildhood: mononucleosis. Now COPD.",
]


PATIENTS = sorted({n.patient_id for n in notes_of("dev")})


def as_given(text: str) -> Note:
    return Note("p", "n", text, "2024-03-09")


def differences(pipeline: Language, extractor: Extractor, note: Note) -> list[tuple[object, ...]]:
    """Return the columns in which the pipeline and the extractor differ on a note."""
    slow, fast = mentions_of_doc(pipeline, note), list(extractor.mentions_of([note]))
    if len(slow) != len(fast):
        return [("mentions", len(slow), len(fast))]
    return [
        (column, getattr(a, column), getattr(b, column))
        for a, b in zip(slow, fast, strict=True)
        for column in MENTION_COLUMNS
        if getattr(a, column) != getattr(b, column)
    ]


def test_the_target_matcher_and_context_are_medspacys_own(pipeline: Language) -> None:
    from medspacy.context import ConText
    from medspacy.target_matcher import TargetMatcher

    parts = dict(pipeline.pipeline)
    assert isinstance(parts["medspacy_target_matcher"], TargetMatcher)
    assert isinstance(parts["medspacy_context"], ConText)


def test_medspacys_parts_hold_the_rulebook(pipeline: Language, extractor: Extractor) -> None:
    parts = dict(pipeline.pipeline)
    ids = {rule.literal for rule in parts["medspacy_target_matcher"].rules}
    cues = {rule.literal for rule in parts["medspacy_context"].rules}
    assert {term.entry.id for term in extractor.book.terms} <= ids
    assert {cue.id for cue in extractor.book.cues} <= cues


def test_mentions_come_from_what_medspacys_matcher_found(pipeline: Language) -> None:
    doc = pipeline("Denies asthma.")
    assert [span.text for span in doc.spans[CANDIDATES]] == ["asthma"] == [s.text for s in doc.spans[MENTIONS]]
    assert [edge.rule.literal for _, edge in doc._.context_graph.edges] == ["neg.denies"]
    assert [m.negated for m in doc._.mentions] == [True]


def test_a_span_that_no_rule_matches_is_no_mention(pipeline: Language) -> None:
    assert pipeline("Feels well.")._.mentions == []


@pytest.mark.parametrize("text", TRICKY)
def test_the_extractor_equals_the_pipeline_on_tricky_texts(pipeline: Language, extractor: Extractor, text: str) -> None:
    assert differences(pipeline, extractor, as_given(text)) == []


@pytest.mark.parametrize("patient", PATIENTS)
def test_the_extractor_equals_the_pipeline_on_the_dev_notes(
    pipeline: Language, extractor: Extractor, patient: str
) -> None:
    for note in notes_of("dev"):
        if note.patient_id == patient:
            assert (note.note_id, differences(pipeline, extractor, note)) == (note.note_id, [])


@examples(35)
@given(text=spliced(6, 20))
def test_the_extractor_equals_the_pipeline_on_spliced_notes(
    pipeline: Language, extractor: Extractor, text: str
) -> None:
    assert differences(pipeline, extractor, as_given(text)) == []


@examples(35)
@given(text=pitted())
def test_the_extractor_equals_the_pipeline_on_pitted_sentences(
    pipeline: Language, extractor: Extractor, text: str
) -> None:
    assert differences(pipeline, extractor, as_given(text)) == []


@examples(35)
@given(text=any_text())
def test_the_extractor_equals_the_pipeline_on_any_text(pipeline: Language, extractor: Extractor, text: str) -> None:
    assert differences(pipeline, extractor, as_given(text)) == []


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("She was placed in\nChildhood: mononucleosis.", {"hist.preceding"}),
        ("She was placed in\nCabin: mononucleosis.", set()),
        ("Mononucleosis in childhood.", {"hist.following", "age"}),
    ],
)
def test_a_cue_is_read_within_its_sentence(pipeline: Language, text: str, cues: set[str]) -> None:
    (found,) = mentions_of_doc(pipeline, as_given(text))
    assert set(found.cues) == cues


@pytest.mark.parametrize(
    ("starts", "found"),
    [
        ((0,), ["in in old in"]),
        ((0, 3), ["in old in"]),
        ((0, 6), ["old", "in"]),
        ((0, 3, 6, 10), ["old", "in"]),
        ((0, 7), ["in"]),
        ((0, 11), []),
    ],
)
def test_what_runs_over_a_sentences_end_is_looked_for_again_behind_it(
    starts: tuple[int, ...], found: list[str]
) -> None:
    text = "in in old in"
    rule = SimpleNamespace(regex=re.compile(r"in in old in|in old in|(?:in )?old|\bin\b"))
    places = list(within_sentences(rule, text, (0, len(text)), starts))
    assert [text[a:b] for a, b in places] == found


def test_a_pipeline_with_rules_of_a_site_equals_its_extractor(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("site") / "vocabulary"
    folder.mkdir()
    (folder / "car_t.yaml").write_text(
        "label: CAR_T\ndescription: of this site\nentries:\n  - id: car_t.site.house\n    concept: house product\n"
        '    terms: ["housecel"]\n    source: site\n    match: ["got [[housecel]]"]\n    no_match: ["house"]\n'
    )
    nlp, extractor = build_pipeline(folder.parent), Extractor(folder.parent)
    note = as_given("Never received housecel, but axi-cel in 2022.")
    assert "car_t.site.house" in {m.rule for m in extractor.mentions_of([note])}
    assert differences(nlp, extractor, note) == []


QUIET = """
import json, logging, sys, warnings
records = []
class Keep(logging.Handler):
    def emit(self, record):
        records.append(record.getMessage())
logging.getLogger().addHandler(Keep())
logging.getLogger().setLevel(logging.DEBUG)
from loguru import logger
logger.remove()
logger.add(lambda message: records.append(str(message)), level=0)
filters = list(warnings.filters)
shown = []
warnings.showwarning = lambda *args, **kwargs: shown.append(str(args[0]))
from extractor import Note, build_pipeline
from extractor.pipeline import mentions_of_doc
nlp = build_pipeline()
found = [m.text for m in mentions_of_doc(nlp, Note("p", "n", "Denies asthma. EBV PCR \\u2010 pending.\\x00 Lymphoma?"))]
found += [m.text for m in nlp("no COPD")._.mentions] + [m.text for m in nlp("")._.mentions]
state = {
    "found": found, "records": records, "shown": shown, "filters": filters == list(warnings.filters),
    "quickumls": [m for m in sys.modules if "quickumls" in m.lower()],
}
with open(sys.argv[1], "w") as out:
    json.dump(state, out)
"""


@pytest.fixture(scope="module")
def quiet_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, dict[str, object]]:
    """What a process prints, and what it knows of itself, after it built the pipeline and ran it."""
    path = tmp_path_factory.mktemp("quiet") / "state.json"
    run = subprocess.run(
        [sys.executable, "-c", QUIET, str(path)], capture_output=True, text=True, check=True, timeout=100
    )
    return run.stdout, run.stderr, json.loads(path.read_text())


def test_the_process_did_find_mentions(quiet_run: tuple[str, str, dict[str, object]]) -> None:
    assert quiet_run[2]["found"] == ["asthma", "EBV PCR", "Lymphoma", "COPD"]


def test_nothing_is_printed(quiet_run: tuple[str, str, dict[str, object]]) -> None:
    assert quiet_run[:2] == ("", "")


def test_nothing_is_logged(quiet_run: tuple[str, str, dict[str, object]]) -> None:
    assert quiet_run[2]["records"] == []


def test_nothing_warns(quiet_run: tuple[str, str, dict[str, object]]) -> None:
    assert quiet_run[2]["shown"] == []


def test_the_filters_of_warnings_are_as_they_were(quiet_run: tuple[str, str, dict[str, object]]) -> None:
    assert quiet_run[2]["filters"] is True


def test_quickumls_is_not_loaded(quiet_run: tuple[str, str, dict[str, object]]) -> None:
    assert quiet_run[2]["quickumls"] == []
