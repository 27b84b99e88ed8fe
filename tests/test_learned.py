"""The second reading of attributes: what it sees, how it weighs, what it leaves alone, and how a site replaces it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor import Extractor, Note
from extractor.errors import RuleError
from extractor.explain import explain
from extractor.learned import SIGN, LearnedAttributes, Sources
from extractor.learnedshapes import SOURCES, LearnedFile
from extractor.records import pack, unpack
from extractor.rulebook import load_rulebook
from extractor.schema import ATTRIBUTES, Mention
from tests.shared import examples

NOTHING = [[1.0, *[0.0] * len(SOURCES)]] * len(ATTRIBUTES)
"""A mix that asks the clues alone."""
NOT_LEARNED = tuple(f"D{number}P" for number in range(88, 96))
"""Sets of dev that came after the shipped weights were made."""
Write = Callable[..., Path]


def model(
    clues: dict[str, Any],
    *,
    mix: Any = NOTHING,
    start: float = -1.0,
    threshold: float = 0.5,
    layer: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the content of a file of weights."""
    return {
        "made_from": {"gold": "a test"},
        "start": [start] * len(ATTRIBUTES),
        "mix": mix,
        "mix_start": [0.0] * len(ATTRIBUTES),
        "threshold": threshold,
        "clues": clues,
        "layer": layer,
    }


def one_unit(clues: dict[str, int], *, start: float = 0.0, historical: float = 1.0) -> dict[str, Any]:
    """Return a layer of one unit, which speaks for or against the past."""
    return {
        "step": 1.0,
        "start": [start],
        "said": [[0.0, historical, 0.0, 0.0, 0.0]],
        "clues": {clue: [steps] for clue, steps in clues.items()},
    }


@pytest.fixture
def site(tmp_path: Path) -> Write:
    """Return what writes a site's folder with weights of its own and, where they are given, cues."""

    def write(content: dict[str, Any] | str, cues: str = "") -> Path:
        if cues:
            (tmp_path / "context.yaml").write_text(cues)
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "learned.json").write_text(text)
        return tmp_path

    return write


def clues_of(text: str, date: str | None = "2026-06-15") -> dict[str, float]:
    """Return the clues to the first mention of a text."""
    return Extractor().clues_of(Note("p", "n", text, date))[0][1]


@pytest.mark.parametrize(
    ("text", "clue"),
    [
        ("Grandpa fought asthma.", "<fought"),
        ("Grandpa fought asthma.", "<1 fought"),
        ("Grandpa fought asthma.", "<grandpa fought"),
        ("Grandpa fought asthma.", "^grandpa"),
        ("Grandpa fought asthma.", "<-ght"),
        ("Asthma went quiet.", ">1 went"),
        ("Asthma went quiet.", "label=LUNG_DISEASE"),
        ("Lymphoma then asthma.", ">[LUNG_DISEASE]"),
        ("No cough, no asthma.", "<preceding:negated! 0"),
        ("No cough but asthma.", "<preceding:negated 1"),
        ("PMH: asthma", "LUNG_DISEASE in past_history"),
        ("Asthma was diagnosed in 2009.", "date behind>365"),
        ("Prednisone 12 mg.", ">1 #2"),
    ],
)
def test_what_stands_in_the_sentence_is_a_clue(text: str, clue: str) -> None:
    assert clue in clues_of(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It's asthma he fought.", "IT'S ASTHMA HE FOUGHT."),
        ("He fought asthma.", "- He fought asthma."),
        ("He fought asthma.", "2. He fought asthma."),
        ("He fought COPD.", "He fought chronic obstructive pulmonary disease."),
        ("He  fought  asthma.", "He fought asthma."),
        (
            "He fought asthma for many long years of his life, and\nwithout complaint.",
            "He fought asthma for many long years of his life, and without complaint.",
        ),
        ("He fought asthma.", "Seen today.\n\nHe fought asthma.\n\nWalked home."),
        ("He got 11 mg prednisone.", "He got 12 mg prednisone."),
    ],
)
def test_clues_do_not_hang_on_case_layout_numbers_or_other_sentences(one: str, other: str) -> None:
    assert clues_of(one) == clues_of(other)


@pytest.mark.parametrize(
    ("text", "attribute", "source"),
    [
        ("Denies asthma.", "negated", "cue"),
        ("EBV PCR: not detected", "negated", "result"),
        ("[ ] COPD [x] asthma", "negated", "result"),
        ("PMH: asthma", "historical", "section"),
        ("Prednisone, March 2019.", "historical", "date"),
        ("Her son lives in Leeds. He has lupus.", "family", "person"),
        ("Denies:\n- chest pain\n- asthma", "negated", "list"),
        ("Has asthma.", "negated", None),
    ],
)
def test_the_source_of_an_attribute_is_told(text: str, attribute: str, source: str | None) -> None:
    seen = [each for each in Extractor().clues_of(Note("p", "n", text, "2026-06-15")) if each[0].label[0] != "_"]
    (_, _, at) = seen[0]
    place = at[ATTRIBUTES.index(attribute)]
    assert (None if place is None else SOURCES[place]) == source


def test_a_clue_gives_an_attribute_and_says_so(site: Write) -> None:
    folder = site(model({"<fought": [[1, 5.0]]}))
    (mention,) = Extractor(folder).mentions("He fought asthma.")
    assert (mention.historical, mention.negated) == (True, False)
    assert mention.cues[-1] == f"{SIGN}historical"
    assert mention.details["learned"] == {"historical": ["<fought"]}


@pytest.mark.parametrize(
    ("text", "past"),
    [("Grandpa fought asthma.", True), ("He fought asthma.", False), ("Grandpa has asthma.", False)],
)
def test_units_hear_what_clues_say_only_together(site: Write, text: str, past: bool) -> None:
    both = one_unit({"^grandpa": 3, "<1 fought": 3}, start=-4.0)
    (mention,) = Extractor(site(model({}, layer=both))).mentions(text)
    assert mention.historical is past


def test_clues_that_a_unit_heard_are_named(site: Write) -> None:
    heard = one_unit({"<1 fought": 5, "^he": 2, "label=EBV": 9})
    (mention,) = Extractor(site(model({}, layer=heard))).mentions("He fought asthma.")
    assert mention.details["learned"] == {"historical": ["<1 fought", "^he"]}


def test_a_unit_whose_sum_is_below_zero_is_silent(site: Write) -> None:
    against = one_unit({"<1 fought": -5}, historical=-9.0)
    (mention,) = Extractor(site(model({}, layer=against))).mentions("He fought asthma.")
    assert "learned" not in mention.details


@pytest.mark.parametrize(("alone", "together"), [(0.6, 0.0), (0.0, 0.6), (0.6, 0.6)])
def test_what_a_clue_says_alone_and_through_a_unit_is_added(site: Write, alone: float, together: float) -> None:
    told = model({"<1 fought": [[1, alone]]}, layer=one_unit({"<1 fought": 1}, historical=together))
    (mention,) = Extractor(site(told)).mentions("He fought asthma.")
    assert mention.historical is (alone + together > 1)


def test_a_clue_takes_an_attribute_away_and_says_so(site: Write) -> None:
    (mention,) = Extractor(site(model({"<denies": [[0, -5.0]]}))).mentions("Denies asthma.")
    assert not mention.negated
    assert mention.cues[-1] == f"{SIGN}not_negated"


def test_where_both_readings_agree_nothing_is_said(site: Write) -> None:
    (mention,) = Extractor(site(model({"<denies": [[0, 5.0]]}))).mentions("Denies asthma.")
    assert mention.negated
    assert "learned" not in mention.details
    assert not any(cue.startswith(SIGN) for cue in mention.cues)


def test_the_rules_are_trusted_as_far_as_the_mix_says(site: Write) -> None:
    trusting = [[1.0, *[9.0] * len(SOURCES)]] * len(ATTRIBUTES)
    (mention,) = Extractor(site(model({"<denies": [[0, -5.0]]}, mix=trusting))).mentions("Denies asthma.")
    assert mention.negated


@pytest.mark.parametrize("text", ["Denies:\n- chest pain\n- asthma", "Her son lives in Leeds. He has lupus."])
def test_what_the_rules_have_from_outside_of_the_sentence_stands(site: Write, text: str) -> None:
    against = {"no date": [[at, -9.0] for at in range(len(ATTRIBUTES))]}
    (mention,) = Extractor(site(model(against))).mentions(text)
    assert mention.negated or mention.family


def test_what_is_denied_is_not_doubted(site: Write) -> None:
    (mention,) = Extractor(site(model({"<fought": [[0, 5.0], [3, 4.0]]}))).mentions("He fought asthma.")
    assert (mention.negated, mention.uncertain) == (True, False)


def test_a_result_that_is_gainsaid_is_not_kept(site: Write) -> None:
    (mention,) = Extractor(site(model({"label=EBV": [[0, -9.0]]}))).mentions("EBV PCR: not detected")
    assert (mention.negated, mention.result) == (False, None)


def test_a_sites_own_cues_are_not_gainsaid(site: Write) -> None:
    own = """
description: a site's own
cues:
  - id: own.nowise
    category: negated
    role: preceding
    terms: ["nowise"]
    source: site
    match: ["nowise [[asthma]]"]
    no_match: ["has [[asthma]]"]
"""
    (mention,) = Extractor(site(model({"<nowise": [[0, -9.0]]}), own)).mentions("Nowise asthma.")
    assert mention.negated


def test_a_file_without_clues_turns_the_second_reading_off(site: Write) -> None:
    extractor = Extractor(site(model({})))
    assert extractor.book.learned is None
    text = "Probably asthma, in former times. Not lymphoma?"
    assert extractor.mentions(text) == Extractor(learned=False).mentions(text)


def test_weights_are_part_of_the_rules_digest(site: Write) -> None:
    assert load_rulebook(site(model({}))).digest != load_rulebook().digest


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "Invalid JSON"),
        (json.dumps({**model({}), "threshold": 2}), "threshold"),
        (json.dumps({**model({}), "mix": []}), "mix"),
        (json.dumps({**model({}), "further": 1}), "further"),
        (json.dumps(model({"<x": [[9, 1.0]]})), "clues"),
        (json.dumps(model({}, layer={**one_unit({}), "said": []})), "said has 0 rows for 1 units"),
        (json.dumps(model({}, layer={**one_unit({}), "clues": {"<x": [1, 2]}})), "1 clues do not have"),
        (json.dumps(model({}, layer=one_unit({"<x": 999}))), "layer.clues"),
    ],
)
def test_a_fault_in_the_file_is_told_with_its_place_and_the_remedy(site: Write, content: str, told: str) -> None:
    with pytest.raises(RuleError) as fault:
        Extractor(site(content))
    assert "learned.json" in str(fault.value)
    assert told in str(fault.value)
    assert "notecriteria learn" in str(fault.value)


def test_explain_tells_the_clues(site: Write) -> None:
    (row,) = explain("He fought asthma.", rules=site(model({"<fought": [[1, 5.0]]})))
    assert row["cues"] == [{"rule": "learned.historical", "words": "<fought"}]
    assert "learned" not in row["details"]


@pytest.mark.parametrize("redact", [True, False])
def test_clues_are_words_of_the_note_and_left_out_where_these_are(site: Write, redact: bool) -> None:
    extractor = Extractor(site(model({"<fought": [[1, 5.0]]})))
    note = Note("p", "n", "He fought asthma.", "2026-06-15")
    (mention,) = unpack(pack(note, extractor.mentions_of([note]), redact=redact)).mentions
    assert mention.historical
    assert ("learned" in mention.details) is not redact
    assert ("fought" in json.dumps(mention.row())) is not redact


def test_the_shipped_weights_were_made_from_the_shipped_notes() -> None:
    book = load_rulebook()
    assert book.learned is not None
    folder = Path(__file__).resolve().parent.parent / "annotated_notes" / "dev"
    rows = (folder / "notes.csv").read_text(encoding="utf-8").splitlines()[1:]
    notes = [row for row in rows if not row.startswith(NOT_LEARNED)]
    assert book.learned.made_from["notes"] == len(notes) < len(rows)


@given(
    st.dictionaries(st.sampled_from(["<a", ">b", "label=EBV", "~c"]), st.floats(0, 1), max_size=4),
    st.lists(st.sampled_from([None, *range(len(SOURCES))]), min_size=5, max_size=5),
)
@examples(200)
def test_a_verdict_names_exactly_what_it_changes(clues: dict[str, float], ruled: list[int | None]) -> None:
    weights = {clue: [[at, (-1) ** at * 3.0] for at in range(5)] for clue in ("<a", ">b", "~c")}
    verdict = LearnedAttributes(LearnedFile.model_validate(model(weights))).judge(clues, ruled)
    changed = {
        name
        for name, old, new in zip(ATTRIBUTES, ruled, verdict.attributes, strict=True)
        if (old is not None) is not new
    }
    assert set(verdict.reasons) == changed
    assert not (verdict.attributes[0] and verdict.attributes[3])


def test_an_attribute_without_any_cue_has_a_source_of_its_own() -> None:
    (mention,) = Extractor(learned=False).mentions("Has asthma.")
    told = Sources((), ()).of(_with(mention, negated=True))
    assert told[0] == SOURCES.index("other")


def _with(mention: Mention, **values: bool) -> Mention:
    return Mention(**{**{name: getattr(mention, name) for name in mention.__slots__}, **values})
