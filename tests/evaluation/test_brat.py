"""brat files: as brat writes them, and back without a loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.brat import BratDocument, BratSpan, format_ann, parse_ann, rows_to_document, spans_to_rows
from extractor.errors import UsageError
from extractor.schema import ATTRIBUTES, LABELS

TEXT = "Hodgkin\r\nlymphoma 🙂 naïve EBV"


@pytest.mark.parametrize(
    ("ann", "spans"),
    [
        ("T1\tEBV 26 29\tEBV\n", [BratSpan("T1", "EBV", 26, 29)]),
        ("T1\tMALIGNANCY 0 7;9 17\tHodgkin lymphoma\n", [BratSpan("T1", "MALIGNANCY", 0, 17)]),
        ("T1\tEBV 26 29\tEBV\r\nA1\tnegated T1\r\n", [BratSpan("T1", "EBV", 26, 29, {"negated": ""})]),
        ("A1\tnegated T1\nT1\tEBV 26 29\tEBV\n", [BratSpan("T1", "EBV", 26, 29, {"negated": ""})]),
        ("T1\tEBV 26 29\tEBV\nA1\tnegated T1 true\n", [BratSpan("T1", "EBV", 26, 29, {"negated": "true"})]),
        ("T1\tEBV 26 29\tEBV\n#1\tAnnotatorNotes T1\tsure?\n", [BratSpan("T1", "EBV", 26, 29, {}, "sure?")]),
        ("", []),
    ],
)
def test_reads_what_brat_writes(ann: str, spans: list[BratSpan]) -> None:
    assert list(parse_ann(ann, TEXT).spans) == spans


@pytest.mark.parametrize(
    ("ann", "told"),
    [
        ("T1\tEBV 0 7;18 19\tHodgkin 🙂\n", "row 1: a discontinuous span"),
        ("T1\tEBV 25 28\tEBV\n", "row 1: the annotated text is not the text at these offsets"),
        ("T1\tEBV 26 99\tEBV\n", "row 1: the offsets are not within the text"),
        ("T1 EBV 26 29 EBV\n", "row 1: is no text-bound annotation"),
        ("T1\tEBV 26 29\tEBV\nT1\tEBV 26 29\tEBV\n", "row 2: the id T1 stands twice"),
        ("T1\tEBV 26 29\tEBV\nA1\tnegated T2\n", "row 2: an attribute of T2"),
        ("T1\tEBV 26 29\tEBV\nA1\tnegated\n", "row 2: is no attribute"),
    ],
)
def test_says_what_is_wrong_and_where(ann: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_ann(ann, TEXT)


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (BratSpan("T1", "EBVV", 0, 1), "no such label: EBVV"),
        (BratSpan("T1", "EBV", 0, 1, {"negative": ""}), "no such attribute: negative"),
        (BratSpan("T1", "EBV", 0, 1, {"negated": "maybe"}), "is true or absent"),
    ],
)
def test_refuses_what_the_guideline_does_not_know(span: BratSpan, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        spans_to_rows(BratDocument((span,)))


def test_messages_hold_no_note_text() -> None:
    with pytest.raises(UsageError) as caught:
        parse_ann("T1\tEBV 0 7\tlymphoma\n", TEXT, "a.ann")
    assert "Hodgkin" not in str(caught.value)
    assert "lymphoma" not in str(caught.value)


def test_line_breaks_in_a_span_become_fragments() -> None:
    ann = format_ann(BratDocument((BratSpan("T1", "MALIGNANCY", 0, 17),)), TEXT)
    assert ann == "T1\tMALIGNANCY 0 7;9 17\tHodgkin lymphoma\n"


def test_other_lines_are_kept_and_their_ids_stay_free() -> None:
    ann = "T1\tEBV 26 29\tEBV\nR1\tCauses Arg1:T1 Arg2:T1\nE1\tEBV:T1\nA3\tstrong E1\n#7\tAnnotatorNotes R1\thm\n"
    document = parse_ann(ann, TEXT)
    assert document.others == ("R1\tCauses Arg1:T1 Arg2:T1", "E1\tEBV:T1", "A3\tstrong E1", "#7\tAnnotatorNotes R1\thm")
    marked = BratDocument((BratSpan("T1", "EBV", 26, 29, {"negated": ""}, "note"),), document.others)
    assert parse_ann(format_ann(marked, TEXT), TEXT) == marked


texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n\t 🙂é\u2028"), min_size=1, max_size=40)
notes = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=10)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, BratDocument]:
    text = draw(texts)
    spans = []
    for number in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        attributes = draw(st.sets(st.sampled_from(ATTRIBUTES)))
        label = draw(st.sampled_from(LABELS))
        spans.append(BratSpan(f"T{number + 1}", label, start, end, dict.fromkeys(sorted(attributes), ""), draw(notes)))
    return text, BratDocument(tuple(spans))


@given(documents())
def test_round_trip_loses_nothing(given_document: tuple[str, BratDocument]) -> None:
    text, document = given_document
    assert parse_ann(format_ann(document, text), text) == document
    assert parse_ann(format_ann(document, text).replace("\n", "\r\n"), text) == document


@given(documents())
def test_rows_round_trip(given_document: tuple[str, BratDocument]) -> None:
    text, document = given_document
    rows = [dict.fromkeys(ATTRIBUTES, False) | row for row in spans_to_rows(document)]
    back = spans_to_rows(parse_ann(format_ann(rows_to_document(rows), text), text))
    assert [dict.fromkeys(ATTRIBUTES, False) | row for row in back] == rows


@given(documents())
def test_no_line_of_a_file_is_broken_by_a_span(given_document: tuple[str, BratDocument]) -> None:
    text, document = given_document
    lines = format_ann(document, text).splitlines()
    assert all(line[:1] in "TA#" and "\t" in line for line in lines)
