"""The second reading of where mentions are: what comes, what goes, whose words they are, and what it leaves alone."""

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
from extractor.matching import find_targets
from extractor.pipeline import build_pipeline, mentions_of_doc
from extractor.spanclues import NAMES, by_place, tokens_of
from extractor.spans import RULE, UNLISTED, new_spans

Write = Callable[..., Path]
NOTHING = [[0.0, 0.0, 0.0]] * 3
NEVER = -8.0


def chain(clues: dict[str, list[float]], *, start: float = NEVER) -> dict[str, Any]:
    """Return the weights of a label; a word without any of its clues is of no mention."""
    return {"transitions": NOTHING, "clues": {"": [start, start], **clues}}


def model(labels: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the content of a file of weights."""
    return {"made_from": {"gold": "a test"}, "keep": 0.1, "add": 0.4, "labels": labels, **more}


@pytest.fixture
def site(tmp_path: Path) -> Write:
    """Return what writes a site's folder with weights and, where they are given, a vocabulary."""

    def write(content: Any, vocabulary: str = "") -> Path:
        (tmp_path / "spans.json").write_text(content if isinstance(content, str) else json.dumps(content))
        (tmp_path / "learned.json").write_text(_NO_ATTRIBUTES)
        if vocabulary:
            (tmp_path / "vocabulary").mkdir()
            (tmp_path / "vocabulary" / "site.yaml").write_text(vocabulary)
        return tmp_path

    return write


_NO_ATTRIBUTES = json.dumps(
    {"made_from": {}, "start": [0] * 5, "mix": [[0] * 8] * 5, "mix_start": [0] * 5, "threshold": 0.5}
)
FLURB = {"RHEUM_DISEASE": chain({"wflurb": [14.0, 0.0], "wlupus": [14.0, 0.0]})}


def found(text: str, rules: Path | None, label: str = "RHEUM_DISEASE") -> list[tuple[str, str]]:
    """Return text and rule of the mentions of a label."""
    return [(m.text or "", m.rule) for m in Extractor(rules).mentions(text) if m.label == label]


def test_a_mention_comes_that_no_rule_found(site: Write) -> None:
    (lupus, flurb) = found("Known lupus and flurb.", site(model(FLURB)))
    assert (lupus[0], flurb) == ("lupus", ("flurb", RULE))
    assert lupus[1] != RULE


def test_nothing_comes_where_the_weights_say_nothing() -> None:
    assert [text for text, _ in found("Known lupus and flurb.", None)] == ["lupus"]


def test_what_comes_has_the_attributes_of_its_sentence(site: Write) -> None:
    mentions = Extractor(site(model(FLURB))).mentions("No evidence of lupus or flurb.")
    assert [(m.text, m.negated) for m in mentions] == [("lupus", True), ("flurb", True)]


def test_the_concept_of_what_comes_is_no_word_of_the_note(site: Write) -> None:
    (_, flurb) = Extractor(site(model(FLURB))).mentions("Known lupus and flurb.")
    assert (flurb.concept, flurb.details) == (UNLISTED, {"found_by": RULE})


def test_a_sentence_in_which_no_rule_matches_is_not_read(site: Write) -> None:
    assert not found("Known flurb.", site(model(FLURB)))


@pytest.mark.parametrize(("odds", "stays"), [(NEVER, False), (5.0, False), (6.0, True), (20.0, True)])
def test_a_rules_mention_goes_where_it_is_all_but_surely_none(site: Write, odds: float, stays: bool) -> None:
    weights = {"RHEUM_DISEASE": chain({"wlupus": [odds, 0.0]})}
    assert bool(found("Known lupus.", site(model(weights)))) is stays


VOCABULARY = """label: RHEUM_DISEASE
description: a site's own
entries:
- id: rheum_disease.flurb
  concept: flurb
  terms: [flurb]
  source: the site
  match: [flurb]
  no_match: [flurbs]
"""


def test_a_sites_own_mention_does_not_go(site: Write) -> None:
    rules = site(model({"RHEUM_DISEASE": chain({})}), VOCABULARY)
    assert found("Known flurb, lupus.", rules) == [("flurb", "rheum_disease.flurb")]


def test_a_mention_begins_and_ends_where_the_chain_says(site: Write) -> None:
    weights = {"RHEUM_DISEASE": chain({"wquiet": [12.0, 0.0], "wlupus": [0.0, 12.0]})}
    (mention,) = Extractor(site(model(weights))).mentions("Denies quiet lupus.")
    plain = Extractor(learned=False).mentions("Denies quiet lupus.")[0]
    assert (mention.text, mention.concept, mention.negated) == ("quiet lupus", plain.concept, True)
    assert (mention.start, mention.end) == (7, 18)


def test_two_mentions_do_not_become_one(site: Write) -> None:
    inside = {f"w{word}": [0.0, 12.0] for word in (",", "psoriatic", "arthritis")}
    weights = {"RHEUM_DISEASE": chain({"wlupus": [12.0, 0.0], **inside})}
    assert [t for t, _ in found("Known lupus, psoriatic arthritis.", site(model(weights)))] == [
        "lupus",
        "psoriatic arthritis",
    ]


@pytest.mark.parametrize(
    ("within", "spans", "come"),
    [
        ([0.9, 0.3, 0.9], [(0, 3)], [(0, 3)]),
        ([0.9, 0.3, 0.9], [(0, 1), (2, 3)], [(0, 1), (2, 3)]),
        ([0.1, 0.5, 0.5], [], [(1, 3)]),
        ([0.1, 0.3, 0.2], [(1, 2)], []),
    ],
    ids=["over a doubtful word", "beside one", "no likeliest span", "none is likely enough"],
)
def test_each_mention_comes_once(
    within: list[float], spans: list[tuple[int, int]], come: list[tuple[int, int]]
) -> None:
    assert list(new_spans(within, spans, 0.4)) == come


CAUSE = {"HLH_CAUSE": chain({"wlupus": [14.0, 0.0], "wflurb": [14.0, 0.0]})}
SURE = {"RHEUM_DISEASE": chain({"wlupus": [14.0, 0.0]}), "HLH": chain({"whlh": [14.0, 0.0]})}


def test_a_mention_of_another_label_is_told_as_the_cause(site: Write) -> None:
    rules = site(model({**CAUSE, **SURE}))
    (cause,) = [m for m in Extractor(rules).mentions("HLH here, lupus there.") if m.label == "HLH_CAUSE"]
    assert (cause.text, cause.concept, cause.details["cause_label"]) == ("lupus", "rheumatic", "RHEUM_DISEASE")
    assert not [m for m in Extractor().mentions("HLH here, lupus there.") if m.label == "HLH_CAUSE"]


def test_a_cause_that_no_rule_names_comes_by_its_own_words(site: Write) -> None:
    rules = site(model({**CAUSE, **SURE}))
    assert found("HLH here, flurb there.", rules, "HLH_CAUSE") == [("flurb", RULE)]


def test_without_hlh_there_is_no_cause_of_it(site: Write) -> None:
    assert not found("Lupus here, flurb there.", site(model({**CAUSE, **SURE})), "HLH_CAUSE")


KINDS = {"STEROID_RESPONSE": {"detail": "response", "kinds": ["failure", "responded"], "start": 0.0, "sure": 1.0}}


@pytest.mark.parametrize(("odds", "kind"), [(2.0, "responded"), (-2.0, "failure"), (0.5, None)])
def test_words_tell_which_kind_a_mention_is_of(site: Write, odds: float, kind: str | None) -> None:
    weights = {"STEROID_RESPONSE": chain({"wflurbed": [14.0, 0.0]})}
    kinds = {"STEROID_RESPONSE": {**KINDS["STEROID_RESPONSE"], "words": {"flurbed": odds}}}
    mentions = Extractor(site(model(weights, kinds=kinds))).mentions("Prednisone given, flurbed.")
    (response,) = [m for m in mentions if m.label == "STEROID_RESPONSE"]
    assert response.details.get("response") == kind


def test_the_reference_pipeline_reads_again_as_the_extractor_does(site: Write) -> None:
    rules = site(model({**FLURB, "MALIGNANCY": chain({})}))
    note = Note("p", "n", "Known lupus and flurb, lymphoma.\n\nHLH due to lupus.")
    assert mentions_of_doc(build_pipeline(rules), note) == list(Extractor(rules).mentions_of([note]))


def test_a_file_without_labels_turns_the_reading_off(site: Write) -> None:
    assert found("Known lupus.", site(model({})))[0][0] == "lupus"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{", "Invalid JSON"),
        (json.dumps(model({"FLURB": chain({})})), "there is no label FLURB"),
        (json.dumps(model({"HLH": {"transitions": [[0.0]] * 3, "clues": {}}})), "transitions"),
    ],
    ids=["no JSON", "unknown label", "too few transitions"],
)
def test_a_faulty_file_is_named(site: Write, content: str, fault: str) -> None:
    with pytest.raises(RuleError, match=fault) as raised:
        Extractor(site(content))
    assert "spans.json" in str(raised.value)


def clues(text: str) -> list[list[str]]:
    """Return the clues of a text's words."""
    return NAMES.of(tokens_of(text, 0, len(text)), ())


@pytest.mark.parametrize(
    "text", ["KNOWN LUPUS, 3 MG", "known  lupus,\n 3 mg", "- Known lupus, 3 mg.", "Known lupus, 45 mg;"]
)
def test_clues_know_no_case_space_list_sign_end_or_number(text: str) -> None:
    assert clues(text) == clues("Known lupus, 3 mg")


def test_clues_know_words_and_their_order() -> None:
    assert clues("known lupus") != clues("lupus known")


@given(st.text(alphabet=" ab.-,1\n", max_size=40))
def test_every_word_has_clues(text: str) -> None:
    tokens = tokens_of(text, 0, len(text))
    told = NAMES.of(tokens, ())
    assert len(told) == len(tokens)
    assert all("" in each for each in told)


@given(st.text(alphabet="ab.-,1<>[^ \n", max_size=40))
def test_a_clue_is_found_by_its_place_as_by_its_name(text: str) -> None:
    tokens = tokens_of(text, 0, len(text))
    named = NAMES.of(tokens, ())
    names = sorted({clue for each in named for clue in each})
    placed = by_place({clue: place for place, clue in enumerate(names)}).of(tokens, ())
    assert [sorted({names[place] for place in each}) for each in placed] == [sorted(set(each)) for each in named]


def test_a_clue_beside_a_mention_is_found_by_its_place_as_by_its_name() -> None:
    book = Extractor().book
    text = "HLH was due to EBV, not to his known lupus"
    targets = find_targets(text, book, [(0, len(text))])
    tokens = tokens_of(text, 0, len(text))
    named = NAMES.of(tokens, targets, targets[1:2])
    names = sorted({clue for each in named for clue in each})
    placed = by_place({clue: place for place, clue in enumerate(names)}).of(tokens, targets, targets[1:2])
    assert [sorted(names[place] for place in each) for each in placed] == [sorted(each) for each in named]
    assert {"hlh<", "cause B", "<[HLH]B", "[EBV]B", "<<to ebv"} <= set(names)
