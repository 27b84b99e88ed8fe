"""The little language of terms: what a term matches, and what is no term."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.terms import TermError, alternation, term_pattern
from tests.shared import examples


def found(text: str, *terms: str, cased: tuple[str, ...] = (), patterns: tuple[str, ...] = ()) -> list[str]:
    """Return all matches of terms in a text."""
    return [m.group() for m in re.finditer(alternation(terms, cased, patterns), text, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("asthma", "asthma"),
        ("asthma", "ASTHMA"),
        ("leuk{ae|e}mia(s)", "leukaemia"),
        ("leuk{ae|e}mia(s)", "Leukemias"),
        ("chronic bronchitis", "chronic bronchitis"),
        ("chronic bronchitis", "chronic   bronchitis"),
        ("chronic bronchitis", "chronic\tbronchitis"),
        ("chronic bronchitis", "chronic-bronchitis"),
        ("chronic bronchitis", "chronic\nbronchitis"),
        ("chronic bronchitis", "chronic  \n      bronchitis"),
        ("chronic bronchitis", "chronic-\nbronchitis"),
        ("chronic bronchitis", "chronic\n> * bronchitis"),
        ("axi-cel", "axi-cel"),
        ("axi-cel", "axi cel"),
        ("axi-cel", "axicel"),
        ("axi-cel", "axi - cel"),
        ("axi-cel", "axi\ncel"),
        ("axi-cel", "axi-\n  cel"),
        ("Hodgkin ('s) lymphoma", "Hodgkin lymphoma"),
        ("(acute) leukemia", "leukemia"),
        ("(acute) leukemia", "acute leukemia"),
        ("interstitial (lung) disease", "interstitial disease"),
        ("interstitial (lung) disease", "interstitial lung disease"),
        ("disease (active|inactive)", "disease"),
        ("disease (active|inactive)", "disease inactive"),
        ("{a|b} {c|d}", "b c"),
        ("{lung {cancer|tumo{u|}r}|NSCLC}", "lung tumor"),
        ("{lung {cancer|tumo{u|}r}|NSCLC}", "NSCLC"),
        ("a+b", "a+b"),
        ("p.o.", "p.o."),
        ("1.5 mg", "1.5 mg"),
        ("C++", "C++"),
        ("50%", "50%"),
    ],
)
def test_a_term_matches(term: str, text: str) -> None:
    assert found(f"has {text}, too", term) == [text]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("asthma", "asthmatic"),
        ("asthma", "antiasthma"),
        ("asthma", "asthma2"),
        ("asthma", "2asthma"),
        ("chronic bronchitis", "chronicbronchitis"),
        ("chronic bronchitis", "chronic\n\nbronchitis"),
        ("chronic bronchitis", "chronic, bronchitis"),
        ("chronic bronchitis", "chronic" + " " * 9 + "bronchitis"),
        ("axi-cel", "axi/cel"),
        ("axi-cel", "axi\n\ncel"),
        ("leuk{ae|e}mia", "leukaeemia"),
        ("(acute) leukemia", "acuteleukemia"),
        ("p.o.", "pxo."),
        ("1.5 mg", "1x5 mg"),
        ("a+b", "aab"),
    ],
)
def test_a_term_does_not_match(term: str, text: str) -> None:
    assert text not in found(f"has {text}, too", term)


@pytest.mark.parametrize(
    "term",
    [
        "",
        " ",
        "{with|} history",
        "{|with} history",
        "a{b",
        "a}b",
        "a(b",
        "a)b",
        "a{b)c",
        "a(b}c",
        "a|b",
        "{a|b}|c",
        "((a)",
        "{a}}",
    ],
)
def test_what_is_no_term_is_refused(term: str) -> None:
    with pytest.raises(TermError):
        term_pattern(term)


@pytest.mark.parametrize("term", ["(with) (a) history", "(with) (a|an) (known) history", "{(a) (b) history|hx}"])
def test_a_term_with_optional_first_words_begins_with_a_word(term: str) -> None:
    """The space before it belongs to the sentence before it: a cue that began there was none for the reference pipeline."""
    (match,) = re.finditer(term_pattern(term), " history")
    assert match[0] == "history"


def test_the_longest_term_wins_where_several_begin() -> None:
    assert found("diffuse large B-cell lymphoma", "diffuse", "diffuse large B-cell lymphoma", "diffuse large") == [
        "diffuse large B-cell lymphoma"
    ]


def test_cased_terms_keep_their_case() -> None:
    assert found("AXI and axi and Axi", cased=("AXI",)) == ["AXI"]


def test_cased_and_plain_terms_stand_side_by_side() -> None:
    assert found("axi-cel AXI axi", "axi-cel", cased=("AXI",)) == ["axi-cel", "AXI"]


def test_patterns_are_held_to_whole_words_too() -> None:
    assert found("ciltacabtagene cabtagenes", patterns=(r"\w{3,20}cabtagene",)) == ["ciltacabtagene"]


def test_letters_beyond_ascii_are_no_edge() -> None:
    assert found("\u60a3asthma\u53f2", "asthma") == ["asthma"]


WORD = st.text("abcxyz", min_size=1, max_size=6)


@examples(150)
@given(words=st.lists(WORD, min_size=1, max_size=4))
def test_a_term_of_plain_words_matches_itself(words: list[str]) -> None:
    assert found(" ".join(words), " ".join(words)) == [" ".join(words)]


@examples(150)
@given(words=st.lists(WORD, min_size=1, max_size=4), sign=st.sampled_from([" ", "-", "\n", "-\n  ", " \n"]))
def test_a_term_matches_over_hyphens_and_wrapped_lines(words: list[str], sign: str) -> None:
    assert found(sign.join(words), " ".join(words)) == [sign.join(words)]


@examples(150)
@given(parts=st.lists(WORD, min_size=2, max_size=4, unique=True), head=WORD)
def test_braces_match_each_of_their_parts(parts: list[str], head: str) -> None:
    term = head + " {" + "|".join(parts) + "}"
    assert all(found(f"{head} {part}", term) == [f"{head} {part}"] for part in parts)


@examples(200)
@given(term=st.text("ab(){}|- .+", max_size=12))
def test_any_text_is_a_term_or_is_refused(term: str) -> None:
    try:
        pattern = term_pattern(term)
    except TermError:
        return
    re.compile(pattern)
