"""Explaining one text: pieces, marks, the words of cues."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.explain import as_json, explain, facts, given_text, marked, segments
from extractor.rulebook import load_rulebook


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Denies asthma.", "Denies [[LUNG_DISEASE neg|asthma]]."),
        ("Mother with lymphoma", "Mother with [[MALIGNANCY fam|lymphoma]]"),
        ("COPD", "[[LUNG_DISEASE|COPD]]"),
        ("Feels well.", "Feels well."),
        ("\r\nasthma\U0001f642\tCOPD", "\r\n[[LUNG_DISEASE|asthma]]\U0001f642\t[[LUNG_DISEASE|COPD]]"),
    ],
)
def test_the_text_is_marked_as_the_guideline_marks_it(text: str, shown: str) -> None:
    pieces = segments(text, explain(text))
    assert "".join(marked(piece, row) if row else piece for piece, row in pieces) == shown


def test_pieces_make_up_the_text_also_where_mentions_overlap() -> None:
    text = "HLH due to EBV infection; MAS vs EBV-HLH, EBV+ PTLD."
    rows = explain(text)
    assert "".join(piece for piece, _ in segments(text, rows)) == text


def test_every_cue_is_told_with_its_words_nearest_to_the_mention() -> None:
    (row,) = explain("No cough, no known asthma.")
    assert row["cues"] == [{"rule": "neg.no", "words": "no known"}]


def test_a_section_is_told() -> None:
    (row,) = explain("PMH:\nasthma\n")
    assert row["section"] and ("section", row["section"]) in list(facts(row))


def test_dates_are_read_against_the_date_of_the_note() -> None:
    (row,) = explain("axi-cel 2 years ago", note_date="2024-05-01")
    assert (row["date"], row["historical"]) == ("2022", True)


def test_json_holds_every_fact_and_survives_lone_surrogates() -> None:
    text = "\ud800 asthma"
    (row,) = json.loads(as_json(explain(text)))
    assert text[row["start"] : row["end"]] == "asthma"
    assert row["sentence"] == text
    assert {"rule", "cues", "section", "details", "negated"} <= set(row)


@pytest.mark.parametrize("given", ["FVC 61%.", "s/p axi-cel 3/2022", "h/o DLBCL", "a\x00b", "x" * 10_000])
def test_a_short_text_is_not_taken_for_a_file(given: str) -> None:
    assert given_text(given).text == given


def test_all_cues_are_known_by_their_words() -> None:
    book = load_rulebook()
    rules: list[Any] = [*book.cues, *book.results]
    assert len({r.id for r in rules}) == len(rules)
