"""HTML, RTF and placeholders: the words that people see, and offsets into the note as given."""

from __future__ import annotations

import html
import time
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor import Extractor, Note, build_pipeline
from extractor.cleantext import clean
from extractor.explain import explain
from extractor.markup import plain_of
from extractor.markup.html import read_html
from extractor.markup.rtf import read_rtf
from extractor.records import snippet_of
from extractor.screener import sentence_keys


def words(note: str) -> str:
    plain = plain_of(note)
    assert plain is not None
    return plain.text


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor()


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("one<br><br>two", "one\n\ntwo"),
        ("<p>wrapped\n   in the\tsource</p>", "wrapped in the source"),
        ("<pre>kept\n  as it is</pre>", "kept\n  as it is"),
        ('<div style="white-space: pre-wrap">a\nb</div><div>c\nd</div>', "a\nb\nc d"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a\tb\n\nc\td"),
        ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a\tb"),
        ("<table><tr><td></td><td>b</td></tr><tr><td>c</td></tr></table>", "\tb\n\nc"),
        ("<p>a<script>if (a<b) x('<p>');</script><style>p {}</style>b</p>", "ab"),
        ("<html><head><title>t</title></head><body>a</body></html>", "a"),
        ("<p>a<!-- <b>no</b> -->b</p>", "ab"),
        ("<p>a <del>not</del>b</p>", "a b"),
        ("<p>asth<b>m</b>a</p>", "asthma"),
        ("<p>&lt;5 &amp; &gt;3&nbsp;&eacute;&#233;&#xe9;&#150;</p>", "<5 & >3\u00a0\u00e9\u00e9\u00e9\u2013"),
        ("<p>10<sup>9</sup>/L FEV<sub>1</sub> 4<sup>th</sup></p>", "10^9/L FEV1 4th"),
        ("<p><input type=checkbox checked>a <input type='checkbox'>b</p>", "[x] a [ ] b"),
        ("<select><option>a</option><option selected>b</option></select>x", "b\nx"),
        ("<?xml version='1.0'?><text><paragraph>a</paragraph><list><item>b</item></list></text>", "a\n\n- b"),
        ("<o:p>a</o:p>", "a"),
        ('<PHI TYPE="DOCTOR">Ann</PHI> saw', "Ann saw"),
        ("<p title='a > b'>x</p>", "x"),
        ("a\nb\nc\nd\ne <br>f", "a\nb\nc\nd\ne \nf"),
    ],
)
def test_html_reads_as_people_see_it(note: str, text: str) -> None:
    assert words(note) == text


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("<br>ferritin <500", "ferritin <500"),
        ("<br>WBC <ULN, plt> 100", "WBC <ULN, plt> 100"),
        ("<br>seen by <NAME> on <DATE>", "seen by <NAME> on <DATE>"),
        ("<br>x < y > z <- w <", "x < y > z <- w <"),
        ("<br>never closed <!-- asthma", "never closed <!-- asthma"),
        ("<br>AT&T &unknown; R&D", "AT&T &unknown; R&D"),
        ("a<br><script>asthma", "a\n<script>asthma"),
        ('<br>said "5 <p" o\'clock', 'said "5 <p" o\'clock'),
    ],
)
def test_what_only_looks_like_a_tag_stays_text(note: str, text: str) -> None:
    assert words(note) == text


@pytest.mark.parametrize("note", ["", "ferritin <500 and >100", "R&D, AT&T", "<ULN> saw <B>", "a {b} \\c", "<5"])
def test_plain_text_is_no_mark_up(note: str) -> None:
    assert plain_of(note) is None
    assert clean(note).starts is None


RTF = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}{\f1\fcharset2 Symbol;}{\f2\fcharset2 Wingdings;}{\f3\fcharset204 Cyr;}}"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"one\par two\line three\tab four", "one\ntwo\nthree\tfour"),
        (r"caf\'e9 \'93so\'94", "caf\u00e9 \u201cso\u201d"),
        (r"CAR\u8209?T \u8804\'3d5", "CAR\u2011T \u22645"),
        (r"\uc0\u233 t\uc2\u233 xxt", "\u00e9t\u00e9t"),
        (r"\u-10179?\u-8638?", "\U0001f642"),
        (r"axi{\b -c}\i el\i0", "axi-cel"),
        ("hard\r\nwrapped", "hardwrapped"),
        (r"\{a\} \\ b\~c\_d\-e", "{a} \\ b\u00a0c\u2011de"),
        (r"{\f1\'b7\tab}item {\f2\'fe} yes {\f2\'a8} no \u-3913? dot", "\u2022\titem \u2611 yes \u2610 no \u2022 dot"),
        (r"{\f3\'cf\'ee}", "\u041f\u043e"),
        (r"{\*\generator x;}{\info{\author Ann}}{\pict 89504e47}a{\bin5 }}}}}b", "ab"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}", "link"),
        (r"\trowd a\cell b\cell\row c\cell d\cell\row", "a\tb\t\n\nc\td\t\n\n"),
        (r"now {\strike lymphoma}{\deleted ILD}{\v COPD}asthma", "now asthma"),
        (r"x10\super 9\nosupersub /L {\super th}", "x10^9/L th"),
        (r"\emdash\endash \bullet x", "\u2014\u2013\u2022x"),
        ("a\\\nb", "a\nb"),
        (r"unbalanced}}} still", "unbalanced still"),
    ],
)
def test_rtf_reads_as_people_see_it(body: str, text: str) -> None:
    assert words(RTF + body + "}") == text


def test_double_byte_code_pages_are_read() -> None:
    note = r"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset134 SimSun;}}\f0\'b0\'d7\'d1\'aa}"
    plain = plain_of(note)
    assert plain is not None and plain.text == "\u767d\u8840"
    assert [note[plain.starts[i] : plain.ends[i]] for i in (0, 1)] == [r"\'b0\'d7", r"\'d1\'aa"]


SPANS = [
    ("<p>Received axi<b>-cel</b>.</p>", "axi<b>-cel"),
    ("<p>No <b>asth</b>&#109;a.</p>", "asth</b>&#109;a"),
    ("<p>Has <b>COPD</b>.</p>", "COPD"),
    ("<p>CAR&#8209;T &amp; more</p>", "CAR&#8209;T"),
    ("<p>CAR<!-- x -->-T given</p>", "CAR<!-- x -->-T"),
    ("<p>leuke\u0301mia</p>", "leuke\u0301mia"),
    ("<p>asthm\u00ada\u0301</p>", "asthm\u00ada\u0301"),
    (RTF + r"Received axi{\b -cel}.}", r"axi{\b -cel"),
    (RTF + r"Given CAR\u8209?T in may}", r"CAR\u8209?T"),
    (RTF + r"leuc\'e9mia, leuk\u233?mia}", r"leuk\u233?mia"),
    (RTF + "\\par asth\r\nma\\par}", "asth\r\nma"),
    ("[**Name ILD**] has asthma.", "asthma"),
]


@pytest.mark.parametrize(("note", "text"), SPANS)
def test_a_mention_spans_what_interrupts_it(extractor: Extractor, note: str, text: str) -> None:
    mentions = extractor.mentions(note)
    assert [m.text for m in mentions if m.text == text] == [text]
    assert all(m.text == note[m.start : m.end] for m in mentions)


@pytest.mark.parametrize("note", [note for note, _ in SPANS])
def test_the_reference_pipeline_reads_mark_up_alike(extractor: Extractor, note: str) -> None:
    assert REFERENCE(note)._.mentions == extractor.mentions(note)


REFERENCE = build_pipeline()


def test_rows_of_a_table_are_sentences_of_their_own(extractor: Extractor) -> None:
    long = "reviewed with the patient and her family at length in clinic"
    note = f"<table><tr><td>asthma</td><td>denies, {long}</td></tr><tr><td>COPD</td><td>yes {long}</td></tr></table>"
    by_text = {m.text: m for m in extractor.mentions(note)}
    assert by_text["COPD"].negated is False
    assert note[by_text["COPD"].sentence_start :].startswith("COPD</td>")


TAGS = st.sampled_from(
    ["<b>", "</b>", "<span class='x'>", "</span>", "<!-- c -->", "<br>", "<p>", "</p>", "<td>", "<li>"]
)
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
ENTITIES = st.sampled_from(["&amp;", "&lt;", "&eacute;", "&#8209;", "&#x301;", "&nbsp;", "&bogus;", "&"])
TERMS = st.sampled_from(["asthma", "CAR-T", "axi-cel", "COPD", "leuke\u0301mia", "lymphoma", "EBV PCR negative", " "])
PIECES = st.lists(TAGS | TEXTS | ENTITIES | TERMS, max_size=20).map("".join)


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_text_is_what_stands_at_the_offsets_of_html(note: str) -> None:
    for mention in SHARED.mentions("<p>" + note):
        assert mention.text == ("<p>" + note)[mention.start : mention.end]
        assert mention.sentence_start <= mention.start < mention.end <= len(note) + 3


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_the_map_never_runs_backwards(note: str) -> None:
    for plain in (read_html(note), read_rtf("{\\rtf1 " + note)):
        places = list(zip(plain.starts, plain.ends, strict=True))
        assert len(places) == len(plain.text)
        assert all(a <= b for a, b in places)
        assert all(a[0] <= b[0] for a, b in pairwise(places))


@given(st.lists(st.sampled_from(["asthma", "No ", "COPD", "\u00e9", " and ", "CAR-T"]), min_size=1), st.randoms())
@settings(max_examples=200, deadline=None)
def test_entities_change_no_mention(pieces: list[str], random: object) -> None:
    plain = "".join(pieces)
    coded = "".join(f"&#{ord(c)};" if random.random() < 0.3 else c for c in plain)  # type: ignore[attr-defined]
    here = SHARED.mentions(plain)
    there = SHARED.mentions(coded + "<br>")
    assert [html.unescape(m.text or "") for m in there] == [m.text for m in here]
    assert [m.negated for m in there] == [m.negated for m in here]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=30))
@settings(max_examples=200, deadline=None)
def test_rtf_escapes_change_no_word(text: str) -> None:
    def escaped(char: str) -> str:
        if char in "\\{}":
            return "\\" + char
        if char == "\n":
            return "\\par "
        if ord(char) < 128:
            return char
        units = char.encode("utf-16-le")
        codes = [int.from_bytes(units[i : i + 2], "little", signed=True) for i in range(0, len(units), 2)]
        return "".join(f"\\u{code}?" for code in codes)

    expected = "".join(c for c in text if not 0xF000 <= ord(c) < 0xF100)
    assert read_rtf("{\\rtf1\\ansi " + "".join(map(escaped, text)) + "}").text == expected


class _Oracle(HTMLParser):
    """The standard library's own parser; its text is what ours must give on well-formed pages."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


_LEAF = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=6)
_ELEMENT = st.recursive(
    _LEAF.map(html.escape),
    lambda inner: st.tuples(st.sampled_from(["b", "i", "span", "a", "em"]), st.lists(inner, max_size=3)).map(
        lambda x: f'<{x[0]} class="q">{"".join(x[1])}</{x[0]}>'
    ),
    max_leaves=8,
)


@given(_ELEMENT)
@settings(max_examples=300, deadline=None)
def test_the_words_are_those_of_the_standard_parser(page: str) -> None:
    oracle = _Oracle()
    oracle.feed(page)
    oracle.close()
    assert read_html(page).text == oracle.text


SHARED = Extractor()


@pytest.mark.parametrize(
    "note",
    [
        "<b>" * 300_000,
        "<" * 1_000_000 + "<br>",
        "<!--" * 200_000 + "<br>",
        '<a "' * 200_000 + "<br>",
        "<script>" * 100_000 + "<br>",
        "&" * 1_000_000 + "<br>",
        "<td>" * 200_000,
        "{\\rtf1 " + "{" * 500_000,
        "{\\rtf1 " + "\\'e9" * 200_000,
        "[**" * 300_000,
        "<p>word word</p>\n" * 200_000,
    ],
)
def test_no_note_takes_more_than_linear_time(note: str) -> None:
    began = time.process_time()
    clean(note)
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("on [**2019-7-16**] and", "on 2019-7-16 and"),
        ("on [**5-24**] and", "on May 24 and"),
        ("in [**7-/2019**]", "in 7/2019"),
        ("in [**2019**]", "in 2019"),
        ("in [**2017-4-**]", "in 2017-4"),
        ("MRN [**1234**]", "MRN XXXX"),
        ("[**Hospital1 18**] ward", "XXXX ward"),
        ("Dr. [**Last Name (STitle) 7**]", "Dr. XXXX"),
        ("[**13-45**]", "XXXX"),
        ("a [**Age over 90 **] yo", "a over 90 yo"),
        ("[**Name\nName**]", "XXXX"),
        ("[** open", "[** open"),
        ("[NAME] <DATE-2> {{Patient Name}} XXXX ___", "XXXX XXXX XXXX XXXX ___"),
        ("[x] [ ] [ASTHMA] <5> {y}", "[x] [ ] [ASTHMA] <5> {y}"),
    ],
)
def test_a_placeholder_is_its_date_or_nothing(note: str, text: str) -> None:
    assert clean(note).text == text


@pytest.mark.parametrize(
    "placeholder", ["[**Known lastname ILD**]", "[NAME]", "XXXX", "<NAME>", "[PATIENT]", "{{NAME_2}}"]
)
@pytest.mark.parametrize("sentence", ["{} denies asthma.", "Asthma was denied by {}.", "Seen by {}: no asthma."])
def test_placeholders_neither_add_mentions_nor_break_sentences(
    extractor: Extractor, placeholder: str, sentence: str
) -> None:
    assert [(m.label, m.negated) for m in extractor.mentions(sentence.format(placeholder))] == [("LUNG_DISEASE", True)]


def test_the_report_shows_words_and_no_tags(extractor: Extractor) -> None:
    note = Note("p", "n", "<p>Denies <b>asth</b>ma and COPD since the transplant in 2019.</p>")
    mentions = list(extractor.signals(note))
    snippet = snippet_of(note.text, mentions[0], plain_of(note.text))
    assert snippet.text == "Denies asthma and COPD since the transplant in 2019."
    assert snippet.text[snippet.start : snippet.end] == "asthma"


def test_a_copied_sentence_is_known_again_in_other_tags(extractor: Extractor) -> None:
    texts = ("Denies asthma and COPD since 2019.", "<div>Denies <i>asthma</i> and&nbsp;COPD since 2019.</div>")
    notes = [Note("p", f"n{i}", text) for i, text in enumerate(texts)]
    keys = [set(sentence_keys(note, list(extractor.signals(note))).values()) for note in notes]
    assert len(keys[0]) == 1 and keys[0] == keys[1]


def test_explain_shows_the_sentence_without_tags() -> None:
    (row,) = explain("<p>Never had <b>asthma</b>.</p>")
    assert row["sentence"] == "Never had asthma."
    assert row["cues"][0]["words"] in row["sentence"]
