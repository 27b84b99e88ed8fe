"""Sections: which headers are known where, what they govern, and where they end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given

from extractor import Extractor
from extractor.cleantext import clean
from extractor.rulebook import load_rulebook
from extractor.sections import Section, SectionFinder, section_at
from tests.shared import any_text, examples, expected, shown, spliced


@pytest.fixture(scope="module")
def finder() -> SectionFinder:
    """The finder with the shipped headers."""
    return SectionFinder(load_rulebook().sections)


def around(finder: SectionFinder, marked: str) -> str | None:
    """Return the id of the section that holds the ``@`` of a text, ``None`` outside of any known one."""
    at, text = marked.index("@"), marked.replace("@", "x", 1)
    section = section_at(finder.find(text), at)
    return section.rule.id if section and section.rule else None


HEADERS = [
    ("PMH: @", "past_history"),
    ("PMH @", "past_history"),
    ("PMHx: @", "past_history"),
    ("Past Medical History: @", "past_history"),
    ("Past medical history\n@", "past_history"),
    ("PAST MEDICAL HISTORY\n1. @", "past_history"),
    ("PAST MEDICAL HISTORY:\n@", "past_history"),
    ("PAST MEDICAL HISTORY:, @", "past_history"),
    ("**Past Medical History**\n@", "past_history"),
    ("# Past Medical History\n@", "past_history"),
    ("- PMH: @", "past_history"),
    ("1. PMH: @", "past_history"),
    ("  PMH:  @", "past_history"),
    ("Past medical history includes: @", "past_history"),
    ("Past medical history notable for: @", "past_history"),
    ("History of past illness: @", "past_history"),
    ("PMH (per chart): @", "past_history"),
    ("PMH - @", "past_history"),
    ("PMH = @", "past_history"),
    ("Background: @", "past_history"),
    ("Oncologic history: @", "past_history"),
    ("FH: @", "family_history"),
    ("FHx: @", "family_history"),
    ("FH @", "family_history"),
    ("Family history\n@", "family_history"),
    ("FAMILY HISTORY: @", "family_history"),
    ("Social history: @", "social_history"),
    ("HPI: @", "present_illness"),
    ("HOSPITAL COURSE\n@", "present_illness"),
    ("Problem list\n@", "diagnoses"),
    ("Impression: @", "diagnoses"),
    ("A/P: @", "diagnoses"),
    ("DDx: @", "differential"),
    ("Differential diagnosis: @", "differential"),
    ("Plan: @", "plan"),
    ("Recommendations\n@", "plan"),
    ("Discharge instructions: @", "instructions"),
    ("Return precautions: @", "instructions"),
    ("Meds: @", "medications"),
    ("Current medications:\n@", "medications"),
    ("Allergies: @", "allergies"),
    ("Labs: @", "investigations"),
    ("HRCT: @", "investigations"),
    ("Indication: @", "indication"),
    ("ROS: @", "examination"),
]


@pytest.mark.parametrize(("marked", "section"), HEADERS)
def test_a_header_is_known(finder: SectionFinder, marked: str, section: str) -> None:
    assert around(finder, marked) == section


@pytest.mark.parametrize(("marked", "section"), HEADERS)
def test_a_header_is_known_after_other_lines(finder: SectionFinder, marked: str, section: str) -> None:
    assert around(finder, f"Seen today in clinic.\n\n{marked}") == section


@pytest.mark.parametrize("lead", ["", "Seen today\n", "PMH: gout\n"])
@pytest.mark.parametrize(
    ("marked", "section"),
    [
        ("Present illness: @", "present_illness"),
        ("Treatment plan: @", "plan"),
        ("Drug allergies: @", "allergies"),
        ("History of present illness: @", "present_illness"),
        ("HISTORY OF PRESENT ILLNESS:\n@", "present_illness"),
        ("Plan of care: @", "plan"),
        ("Allergy list: @", "allergies"),
    ],
)
def test_a_header_that_begins_like_another_is_known(
    finder: SectionFinder, lead: str, marked: str, section: str
) -> None:
    assert around(finder, lead + marked) == section


@pytest.mark.parametrize(
    ("marked", "section"),
    [
        ("Seen today. PMH: @", "past_history"),
        ("Seen today; PMH: @", "past_history"),
        ("Seen today, PMH: @", "past_history"),
        ("PMH: gout. Meds: @", "medications"),
        ("PMH: gout.  FH: @", "family_history"),
        ("PMH:, gout., FH:, @", "family_history"),
        ("PMH: gout | FH: @", "family_history"),
    ],
)
def test_a_header_within_a_line_needs_a_colon_behind_a_stop(finder: SectionFinder, marked: str, section: str) -> None:
    assert around(finder, marked) == section


@pytest.mark.parametrize(
    "marked",
    [
        "@",
        "She has a past medical history of @",
        "The plan @",
        "Family met with us: @",
        "Seen today PMH @",
        "Her family @",
        "labs were sent and @",
        "trial team met and @",
        "Unknown header:\n@",
        "UNKNOWN HEADER\n@",
    ],
)
def test_what_is_no_header_opens_no_section(finder: SectionFinder, marked: str) -> None:
    assert around(finder, marked) is None


ENDS = [
    ("PMH: gout\nFH: @", "family_history"),
    ("PMH: gout\n\n@ now", None),
    ("PMH: gout\npsoriasis\n@", "past_history"),
    ("PMH\ngout\n\npsoriasis\n\n@", "past_history"),
    ("PMH\ngout\n\nHPI\n@", "present_illness"),
    ("PMH:\n1. gout\n2. @", "past_history"),
    ("PMH:\n1. gout\n\n2. @", "past_history"),
    ("PMH\ngout\n\nSOME OTHER THING\n@", None),
    ("PMH\ngout\n\nSome other thing:\n@", None),
    ("PMH: gout. CONSULTS CALLED: @", None),
    ("PLAN: rest.\n@ was well yesterday.", "plan"),
    ("PLAN: rest.\nHe was well, @", None),
    ("Plan:\n1. rest\n2. @", "plan"),
    ("Instructions: rest.\nHe was well, @", None),
]


@pytest.mark.parametrize(("marked", "section"), ENDS)
def test_a_section_ends(finder: SectionFinder, marked: str, section: str | None) -> None:
    assert around(finder, marked) == section


def test_the_text_before_the_first_header_stands_in_no_section(finder: SectionFinder) -> None:
    assert around(finder, "Gout, @.\nPMH: psoriasis") is None


def test_a_header_knows_where_its_words_and_its_body_begin(finder: SectionFinder) -> None:
    text = "Well.\nPMH: gout"
    (section,) = finder.find(text)
    assert (text[section.start :], text[section.body :]) == ("PMH: gout", "gout")


def test_a_section_holds_its_start_and_not_its_end() -> None:
    section = Section(3, 5, 9, None)
    assert [section_at([section], i) is section for i in (2, 3, 8, 9)] == [False, True, True, False]


@pytest.mark.parametrize("empty", ["", " ", "\n\n"])
def test_an_empty_text_has_no_sections(finder: SectionFinder, empty: str) -> None:
    assert finder.find(empty) == []


@examples(150)
@given(text=spliced(4, 24))
def test_sections_of_notes_stand_in_order_without_overlap(finder: SectionFinder, text: str) -> None:
    in_order(finder, clean(text).text)


@examples(100)
@given(text=any_text())
def test_sections_of_any_text_stand_in_order_without_overlap(finder: SectionFinder, text: str) -> None:
    in_order(finder, text)


def in_order(finder: SectionFinder, text: str) -> None:
    sections = finder.find(text)
    assert all(0 <= s.start < s.body <= s.end <= len(text) or s.start < s.body for s in sections)
    assert all(a.end <= b.start for a, b in pairwise(sections))
    assert all(section_at(sections, s.start) is s for s in sections if s.end > s.start)


# --- what standing in a section means --------------------------------------------------------------------------------

MEANS = [
    ("PMH: [[LUNG_DISEASE hist|asthma]]", ""),
    ("PMH: [[LUNG_DISEASE hist|asthma]], [[MALIGNANCY hist|lymphoma]]", ""),
    ("PAST MEDICAL HISTORY\n1. [[LUNG_DISEASE hist|COPD]]\n2. [[MALIGNANCY hist|DLBCL]]", ""),
    ("PMH: active [[MALIGNANCY|lymphoma]]", "called active"),
    ("PMH: [[MALIGNANCY|lymphoma]], active", "called active"),
    ("PMH: [[LUNG_DISEASE|COPD]], on treatment", "on treatment"),
    ("PMH: no [[LUNG_DISEASE neg|asthma]]", "past or not is all one of what is denied"),
    ("Problem list: [[LUNG_DISEASE|asthma]]", "no history section"),
    ("Active problems\n1. [[LUNG_DISEASE|asthma]]", ""),
    ("Family history: [[MALIGNANCY fam|lymphoma]] (sister)", ""),
    ("Family history: no [[MALIGNANCY neg fam|lymphoma]]", ""),
    ("FH: mother has history of [[MALIGNANCY hist fam|lymphoma]]", "says history of"),
    ("FH: [[LUNG_DISEASE fam|asthma]] in mother\n\nHPI: [[LUNG_DISEASE|COPD]]", ""),
    ("DDx: [[MALIGNANCY unc|lymphoma]], [[HLH unc|HLH]]", ""),
    ("Plan: [[STEROID hypo|methylprednisolone]] 1 g daily x 3 days", ""),
    ("Plan: continue [[STEROID|prednisone]] 20 mg", "goes on"),
    ("Plan: [[LUNG_DISEASE|asthma]] stable on inhalers", "a disease is not planned"),
    ("Discharge instructions: call if your [[LUNG_DISEASE hypo|asthma]] flares", ""),
    ("Stopped meds: [[STEROID hist|prednisone]] 5 mg", ""),
    ("Meds: [[STEROID|prednisone]] 5 mg", ""),
]


@pytest.mark.parametrize(("marked", "why"), MEANS)
def test_standing_in_a_section_means(extractor: Extractor, marked: str, why: str) -> None:
    text, rows = expected(marked)
    assert shown(extractor.mentions(text)) == rows, why


def test_the_section_is_told(extractor: Extractor) -> None:
    (mention,) = extractor.mentions("PMH: asthma")
    assert (mention.section, mention.cues) == ("past_history", ("section:past_history",))
