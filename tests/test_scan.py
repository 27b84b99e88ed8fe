"""The scan: what it finds is what ``finditer`` over the whole text finds, with the automaton and without."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.anchorindex import index_of
from extractor.anchors import anchors_of, signs_of, width_of
from extractor.cleantext import clean
from extractor.context import ContextEngine
from extractor.frequencies import folded
from extractor.rulebook import Rulebook, load_rulebook
from extractor.scan import PatternSet
from tests.shared import any_text, examples, notes_of, pitted, spliced

Found = dict[int, list[tuple[int, int]]]


def patterns_of(book: Rulebook) -> list[list[str]]:
    """Return every pattern that the rulebook's matching and context search for."""
    return [
        *(term.parts for term in book.terms),
        *(look_alike.parts for look_alike in book.look_alikes),
        *(rule.parts for rule in ContextEngine(book.cues).rules),
    ]


def _index(patterns: Sequence[Sequence[str]]) -> tuple[object, ...]:
    """Return all that an index of patterns tells."""
    index = index_of(tuple(part for parts in patterns for part in parts))
    uses = [list(index.uses_of(number)) for number in range(len(index.strings))]
    return index.strings, uses, index.bare, json.dumps(index.codes)


@pytest.fixture(scope="module")
def patterns() -> PatternSet:
    """All patterns of the shipped rules in one set."""
    return PatternSet(patterns_of(load_rulebook()))


@pytest.fixture(scope="module")
def plain() -> PatternSet:
    """The same patterns, searched without the automaton's library."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "ahocorasick_rs", None)
        made = PatternSet(patterns_of(load_rulebook()))
        assert type(made._automaton).__name__ == "_PlainSearch"
    return made


def scanned(patterns: PatternSet, text: str, start: int = 0, end: int | None = None) -> Found:
    """Return the spans that a pattern set finds, by pattern."""
    found: Found = defaultdict(list)
    for index, match in patterns.find(text, start, end):
        found[index].append(match.span())
    return dict(found)


def searched(patterns: PatternSet, text: str) -> Found:
    """Return the spans that ``finditer`` finds over the whole text, by pattern."""
    found = {i: [m.span() for m in patterns.regex(i).finditer(text)] for i in range(len(patterns.patterns))}
    return {i: spans for i, spans in found.items() if spans}


def test_every_pattern_of_the_rules_is_looked_for(patterns: PatternSet) -> None:
    assert len(patterns.patterns) > 500


def test_few_patterns_are_run_over_the_whole_text(patterns: PatternSet) -> None:
    assert len(patterns.unanchored) < 0.01 * len(patterns.parts)


@pytest.mark.parametrize("patient", sorted({n.patient_id for n in notes_of("dev")})[::5])
def test_the_scan_finds_what_finditer_finds_on_dev_notes(patterns: PatternSet, patient: str) -> None:
    for note in notes_of("dev"):
        if note.patient_id == patient:
            text = clean(note.text).text
            assert scanned(patterns, text) == searched(patterns, text)


@examples(25)
@given(text=spliced(4, 12))
def test_the_scan_finds_what_finditer_finds_on_spliced_notes(patterns: PatternSet, text: str) -> None:
    text = clean(text).text
    assert scanned(patterns, text) == searched(patterns, text)


@examples(40)
@given(text=pitted())
def test_the_scan_finds_what_finditer_finds_on_raw_text(patterns: PatternSet, text: str) -> None:
    assert scanned(patterns, text) == searched(patterns, text)


@examples(40)
@given(text=any_text())
def test_the_scan_finds_what_finditer_finds_on_any_text(patterns: PatternSet, text: str) -> None:
    assert scanned(patterns, text) == searched(patterns, text)


@pytest.mark.parametrize("piece", [30, 1_000])
@pytest.mark.parametrize("number", range(0, 60, 12))
def test_a_long_text_read_in_pieces_gives_what_finditer_finds(
    patterns: PatternSet, number: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = clean(notes_of("dev")[number].text).text
    monkeypatch.setattr("extractor.scan.PIECE", piece)
    assert {i: sorted(spans) for i, spans in scanned(patterns, text).items()} == searched(patterns, text)


@examples(25)
@given(text=any_text())
def test_the_plain_search_finds_the_same(patterns: PatternSet, plain: PatternSet, text: str) -> None:
    assert scanned(plain, text) == scanned(patterns, text)


@pytest.mark.parametrize("number", range(0, 60, 20))
def test_the_plain_search_finds_the_same_on_dev_notes(patterns: PatternSet, plain: PatternSet, number: int) -> None:
    text = clean(notes_of("dev")[number].text).text
    assert scanned(plain, text) == scanned(patterns, text)


@examples(40)
@given(text=spliced(4, 12), data=st.data())
def test_the_scan_of_a_stretch_finds_what_begins_there(patterns: PatternSet, text: str, data: st.DataObject) -> None:
    text = clean(text).text
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    # a stretch is searched from its start on, so a match that a whole search begins earlier does not hide one in it
    want: Found = {}
    for index in range(len(patterns.patterns)):
        spans = [m.span() for m in patterns.regex(index).finditer(text, start) if m.start() < end]
        if spans:
            want[index] = spans
    assert scanned(patterns, text, start, end) == want


# --- small sets of patterns ----------------------------------------------------------------------------------------

SMALL = [
    (["asthma"], "asthma ASTHMA Asthma"),
    (["as{2}thma"], "asthma assthma"),
    (["[ab]c"], "ac bc cc"),
    (["a|b"], "a b ab"),
    (["foo|ba[rz]"], "foo bar baz ba"),
    (["(?<=x)yes"], "xyes yes"),
    (["(?<!x)yes"], "xyes yes"),
    (["yes(?=!)"], "yes! yes"),
    (["yes(?!!)"], "yes! yes"),
    ([r"\d+ mg"], "10 mg 5mg 12345 mg"),
    ([r"\d{1,3}"], "12 1234"),
    ([r"[A-Za-z]{1,5}cabtagene"], "axicabtagene xcabtagene cabtagene"),
    ([r"\w{3,20}mab\b"], "blinatumomab mab xmab rituximabs"),
    (["(?-i:AXI)"], "AXI axi"),
    (["aa"], "aaaa aaa"),
    (["aba"], "ababa"),
    (["ab", "abc", "b"], "abc ab"),
    ([r"\bno\b", r"\bno evidence of\b"], "no evidence of no"),
    ([r";"], "a;b ;"),
    ([r"\(-\)"], "EBV (-) (-)"),
    ([r"\s\|\s"], "a | b| c"),
    ([r"a.{0,10}b"], "a b a  xx b ab"),
    ([r"(?:ab){1,2}c"], "abc ababc abababc"),
    ([r"x?y"], "xy y"),
    ([r"stra\u00dfe"], "stra\u00dfe STRASSE"),
    ([r"\u00e9t\u00e9"], "\u00e9t\u00e9 \u00c9T\u00c9"),
    (["s"], "\u017f s S"),
    (["(?a:ask)"], "as\u212a ask a\u017fk"),
    (["i"], "\u0130 \u0131 i I"),
    ([], "anything"),
    (["asthma"], ""),
]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own for what is kept of the rules."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("NOTECRITERIA_CACHE", str(folder))
    return folder


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("library", ["ahocorasick_rs", "none"])
@pytest.mark.parametrize(("expressions", "text"), SMALL)
def test_small_sets_find_what_finditer_finds(
    expressions: Sequence[str], text: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if library == "none":
        monkeypatch.setitem(sys.modules, "ahocorasick_rs", None)
    made = PatternSet([[e] for e in expressions])
    assert scanned(made, text) == searched(made, text)


def test_anchors_are_kept_for_their_owner_alone_and_read_again(cache: Path) -> None:
    first = _index([["asthma|copd", r"\d+"]])
    (kept,) = cache.iterdir()
    assert (kept.stat().st_mode & 0o077, cache.stat().st_mode & 0o077) == (0, 0)
    assert _index([["asthma|copd", r"\d+"]]) == first


def test_other_patterns_are_kept_apart(cache: Path) -> None:
    assert _index([["asthma"]]) != _index([["copd"]])
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\xff\x00", b'{"a": 1}'])
def test_a_broken_file_of_kept_anchors_is_done_without(cache: Path, content: bytes) -> None:
    first = _index([["asthma"]])
    (kept,) = cache.iterdir()
    kept.write_bytes(content)
    assert _index([["asthma"]]) == first


def test_a_folder_that_cannot_be_made_is_done_without(cache: Path) -> None:
    cache.write_text("a file stands in the way")
    assert scanned(PatternSet([["asthma"]]), "has asthma") == {0: [(4, 10)]}


# --- anchors -------------------------------------------------------------------------------------------------------


def strings_of(expression: str) -> set[str] | None:
    """Return all strings by which an expression is looked for."""
    anchors = anchors_of(expression)
    return None if anchors is None else {s for anchor in anchors for s in anchor.strings}


@pytest.mark.parametrize(
    ("expression", "strings"),
    [
        ("asthma", {"asthma"}),
        ("Asthma", {"asthma"}),
        ("(?a:(?<![A-Za-z0-9])(?:asthma)(?![A-Za-z0-9]))", {" asthma "}),
        (r"\bILD\b", {" ild "}),
        ("(?<![A-Za-z])ILD", {" ild", "0ild"}),
        ("asthma|copd", {"asthma", "copd"}),
        ("(?:asthma|copd) exacerbation", {"asthma exacerbation", "copd exacerbation"}),
        ("gr[ae]yish", {"grayish", "greyish"}),
        ("leuk(?:ae|e)mia", {"leukaemia", "leukemia"}),
        ("asthmas?", {"asthma"}),
        ("(?<![A-Za-z0-9])T(?:max|emp)?(?![A-Za-z0-9])", {" t ", " tmax ", " temp "}),
        (r"(?a:\d mg)", {"0 mg"}),
        (r"\w{3,20}cabtagene", {"cabtagene"}),
        (r"\w{0,5}", None),
        (r"\d", None),
        ("a", None),
        (".", None),
        (r"asthma|\d", None),
        (r"\(-\)", None),
        (";", None),
        ("(?<=:)\\s{0,4}nil", {"nil"}),
        ("", None),
    ],
)
def test_anchors_are_the_strings_that_matches_hold(expression: str, strings: set[str] | None) -> None:
    assert strings_of(expression) == strings


@pytest.mark.parametrize(
    ("expression", "signs"),
    [
        (";", ";"),
        (r"\s?->\s?", "-"),
        (r"\t", "\t"),
        (r"a\?|b\?{2}", "?"),
        ("a|b;", ""),
        ("[;:]", ":;"),
        ("(?<=[:=])no?", ":="),
        ("a ", ""),
    ],
)
def test_the_signs_of_which_all_matches_hold_one(expression: str, signs: str) -> None:
    assert signs_of(expression) == signs


def test_text_is_folded_to_letters_digits_and_blanks() -> None:
    assert folded("CAR-T\n(2nd) \u00e9\ud800") == b" car t  0nd     "


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ("asthma|copd exac", ["asthma", "ASTHMA", "copd exac"]),
        (r"(?:no|denies)(?: any)? (?:asthma|copd)", ["no asthma", "denies any copd"]),
        (r"\d{1,3}(?:[.,]\d)? ?(?:mg|g)/kg", ["1 mg/kg", "2.5g/kg", "120 MG/KG"]),
        (r"[^;]{1,3};end", ["a;end", "abc;end"]),
        (r"(?:ab|cd){1,2}ef", ["abef", "cdabef"]),
        (r"[A-Z]\.[A-Z]\.", ["A.B.", "x.y."]),
        (r"(?i:a)bc?d", ["abd", "Abcd"]),
    ],
)
def test_every_match_holds_an_anchor_of_its_expression(expression: str, matches: list[str]) -> None:
    strings = strings_of(expression)
    for text in matches:
        assert re.fullmatch(expression, text, re.IGNORECASE), text
        assert strings is None or any(s in folded(text).decode() for s in strings), text


def test_every_match_in_the_dev_notes_stands_where_an_anchor_says(patterns: PatternSet) -> None:
    anchors = [anchors_of(part) for part in patterns.parts]
    for note in notes_of("dev")[::6]:
        text = clean(note.text).text
        signs = folded(text).decode()
        for matches in patterns.matching(text, 0, len(text)).values():
            for begin, part in matches:
                near = anchors[part]
                assert near is None or any(
                    signs.startswith(s, begin + 1 - shift)
                    for anchor in near
                    for s in anchor.strings
                    for shift in range(anchor.first, anchor.last + 1)
                ), patterns.parts[part][:80]


@pytest.mark.parametrize(
    ("expression", "width"), [("asthma", 6), ("a{2,4}", 4), ("a|bcd", 3), (r"\d{1,3} mg", 6), ("x?", 1), ("a+", 4000)]
)
def test_the_width_is_the_most_characters_of_a_match(expression: str, width: int) -> None:
    assert width_of(expression) == width
