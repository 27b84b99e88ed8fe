"""Sentences: where they end, where they go on, and that they cover the text."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given

from extractor.cleantext import clean
from extractor.rulebook import load_rulebook
from extractor.sections import SectionFinder
from extractor.sentences import MAX_SENTENCE, find_sentences
from tests.shared import any_text, examples, notes_of, spliced


@pytest.fixture(scope="module")
def finder() -> SectionFinder:
    """The finder with the shipped headers."""
    return SectionFinder(load_rulebook().sections)


def parts(finder: SectionFinder, text: str) -> list[str]:
    """Return the sentences of a text that hold words, without the white space around them."""
    found = (text[s:e].strip() for s, e in find_sentences(text, finder.find(text)))
    return [sentence for sentence in found if any(c.isalnum() for c in sentence)]


# a sentence on each side of the sign \u2016
SPLIT: list[Any] = [
    "Denies asthma. \u2016Has COPD.",
    "Denies asthma! \u2016Has COPD.",
    "Asthma denied? \u2016Has COPD.",
    "Denies asthma (mild). \u2016Has COPD.",
    'She said "never." \u2016He agreed.',
    "Denies asthma.  \u2016Has COPD.",
    "Denies asthma.\u2016Has COPD.",
    "denies any asthma. \u2016has COPD.",
    "Denies asthma.\n\u2016Has COPD.",
    "Denies asthma\n\n\u2016Has COPD",
    "Denies asthma;\n\u2016Has COPD",
    "Denies asthma\n\u2016COPD on inhalers",
    "- asthma\n\u2016- COPD",
    "* asthma\n\u2016* COPD",
    "1. asthma\n\u20162. COPD",
    "1) asthma\n\u20162) COPD",
    "(a) asthma\n\u2016(b) COPD",
    "[ ] asthma\n\u2016[x] COPD",
    "Asthma: No\n\u2016COPD: Yes",
    "Asthma   No\n\u2016COPD     Yes",
    "| asthma | no |\n\u2016| COPD | yes |",
    "asthma\n\u2016COPD\n\u2016gout",
    "PMH: asthma\n\u2016Meds: prednisone",
    "He has gout. \u2016PMH: asthma. \u2016Meds: none",
    "PMH:, asthma., \u2016MEDS:, none.,",
    "FINDINGS: clear lungs.,\u2016IMPRESSION: normal.",
    "Given 40 mg. \u2016Then stopped.",
    "Ferritin 900 ng/mL. \u2016Fever gone.",
    "Ferritin 900 ug/L. \u2016Fever gone.",
    "Platelets 21 x10^9/L. \u2016Fever gone.",
    "FVC 2.1 L. \u2016Fever gone.",
    "EBV PCR 2.5 log. \u2016Repeat due.",
    "She was seen by us in the clinic today and was found to be well.\n\u2016Plan as before.",
]
WHOLE = [
    "Seen by Dr. Smith today.",
    "Seen by Prof. J. Smith today.",
    "Lymphoma vs. infection.",
    "Asthma, COPD, etc",
    "Dose approx. 40 mg daily.",
    "i.e. asthma and e.g. COPD",
    "FEV1/FVC 0.66, FVC 2.1 L",
    "EBV 1.5 x 10.4 copies",
    "?ILD on CT",
    "asthma? no",
    "Asthma? No",
    "history of\nasthma",
    "no asthma,\nCOPD or ILD",
    "no asthma, COPD and\nILD",
    "denies asthma or\nCOPD",
    "She has a long history of problems with her breathing, of asthma\nand of COPD, and takes inhalers for both of them every day.",
    "She has a long history of problems with her breathing, and denies\nAsthma and COPD, and takes inhalers for both of them every day.",
    "diagnosed with (biopsy)\n(lymphoma)",
    "U.S. army",
    "a.m. dose",
    "asthma; COPD; ILD",
    "asthma - COPD",
    "x",
]


@pytest.mark.parametrize("marked", SPLIT)
def test_a_sentence_ends(finder: SectionFinder, marked: str) -> None:
    found = parts(finder, marked.replace("\u2016", ""))
    assert [p.strip(" \n,") for p in found] == [p.strip(" \n,") for p in marked.split("\u2016")]


@pytest.mark.parametrize("text", WHOLE)
def test_a_sentence_goes_on(finder: SectionFinder, text: str) -> None:
    assert parts(finder, text) == [text.strip()]


def test_a_header_begins_a_sentence(finder: SectionFinder) -> None:
    text = "He was seen with cough, PMH: asthma"
    assert parts(finder, text) == ["He was seen with cough,", "PMH: asthma"]


def test_a_stretch_without_any_end_is_cut_at_white_space() -> None:
    sentences = find_sentences("word " * 1000, [])
    assert max(e - s for s, e in sentences) <= MAX_SENTENCE
    assert all(("word " * 1000)[e - 1] == " " for _, e in sentences)


def test_a_stretch_without_white_space_is_cut_too() -> None:
    sentences = find_sentences("x" * 5000, [])
    assert max(e - s for s, e in sentences) <= MAX_SENTENCE


@pytest.mark.parametrize("text", ["", " ", "\n\n\n"])
def test_an_empty_text_is_one_sentence(text: str) -> None:
    assert find_sentences(text, []) == [(0, len(text))]


def covers(finder: SectionFinder, text: str) -> None:
    """Check that sentences lie end to end over the text, none too long, none empty."""
    sentences = find_sentences(text, finder.find(text))
    assert (sentences[0][0], sentences[-1][1]) == (0, len(text))
    assert all(a[1] == b[0] for a, b in pairwise(sentences))
    assert all(0 < e - s <= MAX_SENTENCE for s, e in sentences) or not text


@pytest.mark.parametrize("patient", sorted({n.patient_id for n in notes_of("dev")})[::3])
def test_sentences_cover_dev_notes(finder: SectionFinder, patient: str) -> None:
    for note in notes_of("dev"):
        if note.patient_id == patient:
            covers(finder, clean(note.text).text)


@examples(150)
@given(text=spliced(4, 20))
def test_sentences_cover_spliced_notes(finder: SectionFinder, text: str) -> None:
    covers(finder, clean(text).text)


@examples(150)
@given(text=any_text())
def test_sentences_cover_any_text(finder: SectionFinder, text: str) -> None:
    covers(finder, text)


@examples(60)
@given(text=spliced(2, 8), more=spliced(2, 8))
def test_what_follows_a_blank_line_does_not_change_the_sentences_before(text: str, more: str) -> None:
    first = clean(text).text.rstrip() + "\n\n"
    alone = [s for s in find_sentences(first, []) if s[1] < len(first)]
    assert find_sentences(first + clean(more).text, [])[: len(alone)] == alone
