"""The extractor: offsets into the note as given, order, ids, streaming, spans of the caller's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor import Extractor, Note
from extractor.mentions import Assembler
from extractor.schema import ATTRIBUTES, LABELS, Mention
from tests.shared import ODD, any_text, examples, notes_of, pitted, spliced

ODD_TEXTS = [
    ("Denies\r\nasthma.\r\nCOPD\r\n", ["asthma", "COPD"]),
    ("Denies\rasthma\rCOPD", ["asthma", "COPD"]),
    ("\tasthma\t\tCOPD\t", ["asthma", "COPD"]),
    ("Chronic\u00a0bronchitis and\u00a0COPD", ["Chronic\u00a0bronchitis", "COPD"]),
    ("Cystic\u202ffibrosis; cystic\u3000fibrosis", ["Cystic\u202ffibrosis", "cystic\u3000fibrosis"]),
    ("\U0001f642 asthma \U0001f468\u200d\u2695\ufe0f COPD \U0001f642", ["asthma", "COPD"]),
    ("asthma\U0001f642COPD", ["asthma", "COPD"]),
    ("leuke\u0301mia", ["leuke\u0301mia"]),
    ("lymphoma\u0301 and asthma\u0323\u0301.", ["lymphoma\u0301", "asthma\u0323\u0301"]),
    ("leuk\u00e6mia and leukaemia", ["leuk\u00e6mia", "leukaemia"]),
    ("\ud800asthma\udfff COPD\ud83d", ["asthma", "COPD"]),
    ("asthma\x00COPD\x00", ["asthma", "COPD"]),
    ("\x00\x00no\x00asthma", ["asthma"]),
    ("as\u200bthma and lym\u200bphoma", ["as\u200bthma", "lym\u200bphoma"]),
    ("\ufeffasthma\ufeff", ["asthma"]),
    ("lym\u00adphoma", ["lym\u00adphoma"]),
    ("CAR\u2011T given", ["CAR\u2011T"]),
    ("axi\u2010cel given", ["axi\u2010cel"]),
    ("ide\u2013cel given", ["ide\u2013cel"]),
    ("chronic obstructive\r\n   pulmonary disease", ["chronic obstructive\r\n   pulmonary disease"]),
    ("COPD\uff0casthma\u3002ILD", ["COPD", "asthma", "ILD"]),
    ("COPD\u2028asthma\u2029ILD\x0bPTLD\x0cMDS\x85", ["COPD", "asthma", "ILD", "PTLD", "MDS"]),
    ("\u202easthma\u202c", ["asthma"]),
    ("\u2610 asthma \u2611 COPD", ["asthma", "COPD"]),
    ("COPD\u2026asthma", ["COPD", "asthma"]),
    ("Still\u2019s disease", ["Still\u2019s disease"]),
    ("\u60a3\u8005asthma\u53f2", ["asthma"]),
    ("", []),
    ("\x00", []),
    ("\ud800", []),
    ("\u0301", []),
]


@pytest.mark.parametrize(("text", "found"), ODD_TEXTS)
def test_odd_characters_hide_no_mention_and_shift_no_offset(extractor: Extractor, text: str, found: list[str]) -> None:
    mentions = extractor.mentions(text)
    assert [m.text for m in mentions] == found
    assert [text[m.start : m.end] for m in mentions] == found


def offsets_hold(extractor: Extractor, text: str) -> None:
    for m in extractor.mentions(text):
        assert m.text == text[m.start : m.end]
        assert 0 <= m.start < m.end <= len(text)
        assert 0 <= m.sentence_start <= m.start < m.sentence_end <= len(text)
        assert m.label in LABELS


@examples(70)
@given(text=spliced(4, 20))
def test_offsets_hold_on_spliced_notes(extractor: Extractor, text: str) -> None:
    offsets_hold(extractor, text)


@examples(70)
@given(text=pitted())
def test_offsets_hold_on_pitted_sentences(extractor: Extractor, text: str) -> None:
    offsets_hold(extractor, text)


@examples(70)
@given(text=any_text())
def test_offsets_hold_on_any_text(extractor: Extractor, text: str) -> None:
    offsets_hold(extractor, text)


@examples(50)
@given(before=st.lists(st.sampled_from(ODD), max_size=6), after=st.lists(st.sampled_from(ODD), max_size=6))
def test_a_mention_between_odd_characters_is_found(extractor: Extractor, before: list[str], after: list[str]) -> None:
    head, tail = "".join(before) + "\n\n", "\n\n" + "".join(after)
    (mention,) = extractor.mentions(head + "Denies asthma." + tail)
    assert (mention.start, mention.text, mention.negated) == (len(head) + 7, "asthma", True)


@pytest.fixture(scope="module")
def long_note() -> str:
    """A note of more than a million characters, with odd ones in it, and mentions at both ends and in the middle."""
    filler = "Walked to the shops; slept well \U0001f642 and ate.\r\n" * 13_000
    return f"Denies asthma.\r\n{filler}\x00COPD\u00a0stable.\r\n{filler}PMH: lymphoma\ud800\r\n"


def test_a_note_of_more_than_a_million_characters_is_read_to_its_end(extractor: Extractor, long_note: str) -> None:
    assert len(long_note) > 1_000_000
    mentions = extractor.mentions(long_note)
    assert [m.text for m in mentions] == ["asthma", "COPD", "lymphoma"]
    assert [long_note[m.start : m.end] for m in mentions] == ["asthma", "COPD", "lymphoma"]
    assert [m.negated for m in mentions] == [True, False, False]


def test_the_first_mention_of_a_long_note_is_told_before_the_last_is_made(
    extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    row = Assembler._row

    def counted(self: Assembler, *given: Any, **named: Any) -> Mention:
        made.append(1)
        return row(self, *given, **named)

    monkeypatch.setattr(Assembler, "_row", counted)
    mentions = extractor.mentions_of([Note("p", "n", "Known asthma. No COPD.\n" * 500)])
    next(mentions)
    assert len(made) < 10
    assert sum(1 for _ in mentions) == 999


@pytest.mark.parametrize("gap", [" ", "\n"])
def test_a_note_without_line_breaks_is_read_as_one_with_them(extractor: Extractor, gap: str) -> None:
    text = gap.join(["Known asthma, uses her inhaler daily.", "Denies COPD or other lung disease."] * 600)
    found = [(m.concept, m.negated) for m in extractor.mentions(text)]
    assert found.count(("asthma", False)) == found.count(("chronic obstructive pulmonary disease", True)) == 600


@pytest.mark.parametrize("blank", ["", " ", "\n", "\r\n\t", "\u00a0", "\u200b"])
def test_an_empty_note_has_no_mentions(extractor: Extractor, blank: str) -> None:
    assert extractor.mentions(blank) == []


def test_ids_dates_and_columns_of_the_note_are_kept(extractor: Extractor) -> None:
    (mention,) = extractor.mentions_of([Note("007", "0042", "asthma", "2024-03-01")])
    assert (mention.patient_id, mention.note_id, mention.note_date) == ("007", "0042", "2024-03-01")


# --- order and ids -----------------------------------------------------------------------------------------------


@examples(50)
@given(text=spliced(6, 24))
def test_mentions_are_ordered_by_start_end_and_label(extractor: Extractor, text: str) -> None:
    mentions = extractor.mentions(text)
    assert all((a.start, a.end, a.label) < (b.start, b.end, b.label) for a, b in pairwise(mentions))


@examples(60)
@given(text=spliced(6, 24))
def test_mentions_of_one_label_do_not_overlap(extractor: Extractor, text: str) -> None:
    mentions = [m for m in extractor.mentions(text) if m.label != "HLH_CAUSE"]
    assert not [
        (a.text, b.text)
        for a in mentions
        for b in mentions
        if a is not b and a.label == b.label and a.end > b.start >= a.start
    ]


@examples(60)
@given(text=spliced(6, 24))
def test_the_same_note_gives_the_same_mentions_again(extractor: Extractor, text: str) -> None:
    note = Note("p", "n", text, "2024-01-01")
    assert list(extractor.mentions_of([note])) == list(extractor.mentions_of([note]))


def test_ids_are_unique_over_dev_notes(extractor: Extractor) -> None:
    ids = [m.mention_id for m in extractor.mentions_of(notes_of("dev")[::3])]
    assert len(ids) > 500
    assert len(set(ids)) == len(ids)


def test_ids_depend_on_the_note_and_the_place_alone(extractor: Extractor) -> None:
    (first,) = extractor.mentions_of([Note("p", "n", "no asthma", "2024-01-01")])
    (again,) = extractor.mentions_of([Note("q", "n", "an asthma", "2020-01-01")])
    (other,) = extractor.mentions_of([Note("p", "m", "no asthma", "2024-01-01")])
    assert first.mention_id == again.mention_id != other.mention_id


def test_ids_are_the_same_in_another_process(extractor: Extractor) -> None:
    text = "no asthma, EBV PCR neg, h/o DLBCL"
    code = f"from extractor import Extractor\nprint(*[m.mention_id for m in Extractor().mentions({text!r})])"
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=100
    )
    assert run.stdout.split() == [m.mention_id for m in extractor.mentions(text)]


# --- streaming ---------------------------------------------------------------------------------------------------


def test_notes_are_read_one_at_a_time_as_mentions_are_asked_for(extractor: Extractor) -> None:
    taken: list[int] = []

    def endless() -> Iterator[Note]:
        number = 0
        while True:
            taken.append(number)
            yield Note("p", f"n{number}", "asthma, COPD")
            number += 1

    stream = extractor.mentions_of(endless())
    assert taken == []
    assert [m.note_id for m in islice(stream, 3)] == ["n0", "n0", "n1"]
    assert taken == [0, 1]


def test_notes_without_mentions_are_passed_over(extractor: Extractor) -> None:
    notes = [Note("p", "a", "asthma"), Note("p", "b", "well"), Note("p", "c", ""), Note("p", "d", "COPD")]
    assert [m.note_id for m in extractor.mentions_of(iter(notes))] == ["a", "d"]


def test_notes_come_out_in_the_order_given(extractor: Extractor) -> None:
    notes = [replace(n, note_id=f"{i:03}") for i, n in enumerate(reversed(notes_of("dev")[:20]))]
    ids = [m.note_id for m in extractor.mentions_of(notes)]
    assert ids == sorted(ids)


def test_what_was_read_before_changes_nothing(extractor: Extractor) -> None:
    first, second = notes_of("dev")[0], notes_of("dev")[1]
    alone = list(extractor.mentions_of([second]))
    assert [m for m in extractor.mentions_of([first, second]) if m.note_id == second.note_id] == alone


# --- spans of the caller's own -------------------------------------------------------------------------------------

SPANS = [
    ("Denies any <wheeze>.", "negated"),
    ("No <fracture>, <dislocation> or <swelling>.", "negated"),
    ("No fever but <cough>.", ""),
    ("history of <gout>", "historical"),
    ("PMH: <gout>, <psoriasis>", "historical"),
    ("PAST MEDICAL HISTORY\n1. Gout\n2. <psoriasis>", "historical"),
    ("If <bleeding> occurs, call.", "hypothetical"),
    ("Discharge instructions: call if <chest pain>", "hypothetical"),
    ("Possible <appendicitis>", "uncertain"),
    ("?<appendicitis>", "uncertain"),
    ("DDx: <appendicitis>", "uncertain"),
    ("Mother had <diabetes>.", "family"),
    ("Family history: <stroke> (father)", "family"),
    ("Family history: no <stroke>", "family negated"),
    ("<Appendicitis> was ruled out.", "negated"),
    ("<appendicitis> cannot be ruled out", "uncertain"),
    ("Admitted with <pneumonia>.", ""),
    ("He has <gout>.", ""),
    ("<wheeze>: No", "negated"),
    ("[ ] <wheeze>", "negated"),
    ("[x] <wheeze>", ""),
    ("No as\u200bthma, no <wh\u200beeze>", "negated"),
    ("\U0001f642\r\n\x00No\u00a0<wheeze>\ud800", "negated"),
    ("no <asthma>", "negated"),
    ("no <bronchial asthma of any kind>", "negated"),
]


def with_spans(written: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a text without its angle brackets, and where they stood."""
    text, spans, start = "", [], 0
    for char in written:
        if char == "<":
            start = len(text)
        elif char == ">":
            spans.append((start, len(text)))
        else:
            text += char
    return text, spans


@pytest.mark.parametrize(("written", "true"), SPANS)
def test_a_span_of_the_callers_own_gets_its_attributes(extractor: Extractor, written: str, true: str) -> None:
    text, spans = with_spans(written)
    for start, end in spans:
        found = extractor.assert_span(text, start, end)
        assert (text[start:end], {a for a in ATTRIBUTES if found[a]}) == (text[start:end], set(true.split()))


def test_all_five_attributes_are_told_as_booleans(extractor: Extractor) -> None:
    found = extractor.assert_span("wheeze", 0, 6)
    assert tuple(found) == ATTRIBUTES
    assert all(value is False for value in found.values())


@pytest.mark.parametrize("attribute", ["historical"])
def test_the_label_decides_which_sections_speak(attribute: str) -> None:
    extractor = Extractor(learned=False)  # the rules of sections; the second reading knows old weights of its own
    text, ((start, end),) = with_spans("PMH: <something>")
    assert extractor.assert_span(text, start, end, label="LUNG_DISEASE")[attribute]
    assert not extractor.assert_span(text, start, end, label="WEIGHT")[attribute]


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 3), (4, 2), (-1, 3), (0, 99), (99, 100)])
def test_a_span_outside_of_the_text_is_refused_without_its_words(extractor: Extractor, start: int, end: int) -> None:
    with pytest.raises(ValueError, match=r"the span -?\d+:\d+ does not lie in a text of \d+ characters") as error:
        extractor.assert_span("no asthma", start, end)
    assert "asthma" not in str(error.value)


@examples(50)
@given(text=any_text().filter(bool), data=st.data())
def test_any_span_of_any_text_can_be_asked_for(extractor: Extractor, text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert set(extractor.assert_span(text, start, end)) == set(ATTRIBUTES)
