"""Context: for each attribute marked sentences in which it must apply, and in which it must not.

The marks are those of the annotation guideline: ``[[LABEL neg|span]]``. On a negated mention ``historical`` may be either.
"""

from __future__ import annotations

from typing import Any

import pytest

from extractor import Extractor
from extractor.context import ContextEngine, shadows
from extractor.rulebook import load_rulebook
from tests.context_sentences import TABLE
from tests.shared import expected, shown, wrong

Found = list[tuple[str, int, int, tuple[str, ...]]]


def either(rows: Found) -> Found:
    """Return mentions without ``historical`` on those that are negated."""
    return [
        (label, start, end, tuple(a for a in true if a != "historical") if "negated" in true else true)
        for label, start, end, true in rows
    ]


def holds(extractor: Extractor, marked: str) -> None:
    """Check that a text gives exactly its marks."""
    text, rows = expected(marked)
    assert either(shown(extractor.mentions(text))) == either(rows)


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


@pytest.mark.parametrize(
    "sign",
    [
        "->",
        "--",
        "and has",
        pytest.param(
            "    ", marks=wrong("the second reading takes a gap of spaces for the wrap of a list that is denied")
        ),
        ";",
    ],
)
def test_an_end_does_not_take_the_word_before_it(extractor: Extractor, sign: str) -> None:
    gap = "" if sign in (";", "    ") else " "
    holds(extractor, f"No [[LUNG_DISEASE neg|asthma]]{gap}{sign} [[LUNG_DISEASE|COPD]].")


@pytest.mark.parametrize(
    "marked",
    [
        "Chest: query [[LUNG_DISEASE unc|[[RHEUM_DISEASE|RA]]-ILD]]",
        "CT: r/o [[LUNG_DISEASE unc|[[RHEUM_DISEASE|sJIA]]-LD]]",
        pytest.param(
            "possible [[RHEUM_DISEASE|lupus]]-associated rash",
            marks=wrong("the kind of what is doubted is taken by the second reading for what is doubted"),
        ),
        "possible [[RHEUM_DISEASE unc|lupus]], seen in clinic",
        "query [[RHEUM_DISEASE unc|rheumatoid arthritis]] of the hands",
    ],
)
def test_a_disease_that_only_names_the_kind_of_what_is_doubted_is_not_doubted(
    extractor: Extractor, marked: str
) -> None:
    holds(extractor, marked)
