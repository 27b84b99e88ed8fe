"""Rewritings of what stands around: order of sections, further sentences, style of headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from evaluation.metamorphic.case import Case, Transformation
from evaluation.metamorphic.phrases import phrases
from evaluation.metamorphic.variant import Edit, Piece, Variant, edited

_STOPPED = re.compile(r"[.!?]['\")]?\s*\Z")
_PROSE = re.compile(r"[A-Z][a-z]*[ ,][^:\n]*")
_WITHIN = re.compile(r"(?<=[a-z]{4}[.]) (?=[A-Z][a-z]+ [a-z])")
_PARAGRAPH = re.compile(r"\n[ \t]*\n(?=[^\s])")


def _inserted(topic: str, *, before: bool) -> Callable[[Case], Iterator[Variant]]:
    """Return the insertion of a sentence before or behind: in the same line where prose stands there, else in its own."""

    def make(case: Case) -> Iterator[Variant]:
        added = case.chance(topic).choice(phrases()[topic])
        body = case.text.rstrip()
        edits = [Edit(0, 0, f"{added}\n")] if before else [Edit(len(body), len(body), f"\n{added}")]
        yield edited(case.text, edits, about=added)
        if before and _PROSE.match(body) and not case.reader.headers(body):
            yield edited(case.text, [Edit(0, 0, f"{added} ")], about=f"same line: {added}")
        if not before and _STOPPED.search(body):
            yield edited(case.text, [Edit(len(body), len(body), f" {added}")], about=f"same line: {added}")

    return make


def inserted_within(case: Case) -> Iterator[Variant]:
    """Put a sentence between sentences of the prose of a note."""
    chance, sentences = case.chance("within"), phrases()["neutral"]
    places = [m.start() for m in _WITHIN.finditer(case.text)]
    if places:
        yield edited(case.text, [Edit(at, at, " " + chance.choice(sentences)) for at in places], about="sentences")


def inserted_paragraphs(case: Case) -> Iterator[Variant]:
    """Put a paragraph of its own before each section of a note that follows a blank line."""
    chance, sentences = case.chance("paragraphs"), phrases()["neutral"]
    places = [start for start, _ in _blocks(case)]
    if places:
        yield edited(case.text, [Edit(at, at, chance.choice(sentences) + "\n\n") for at in places], about="paragraphs")


def _blocks(case: Case) -> list[tuple[int, int]]:
    """Return the sections that begin behind a blank line, each with all up to the next such section."""
    behind = {m.end() for m in _PARAGRAPH.finditer(case.text)}
    starts = [h.start for h in case.reader.headers(case.text) if _line_start(case.text, h.start) in behind and h.rule]
    starts = sorted({_line_start(case.text, at) for at in starts})
    return list(pairwise([*starts, len(case.text)]))


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _reordered(name: str, *, shuffled: bool) -> Callable[[Case], Iterator[Variant]]:
    """Return the change of the order of a note's known sections; what stands before the first stays there."""

    def make(case: Case) -> Iterator[Variant]:
        blocks = _blocks(case)
        if len(blocks) < 3:
            return
        order = list(range(len(blocks)))[::-1]
        if shuffled:
            case.chance(name).shuffle(order)
        pieces = [Piece(case.text[: blocks[0][0]], (0, blocks[0][0]))]
        for i in order:
            start, end = blocks[i]
            pieces.append(Piece(case.text[start:end], (start, end)))
            if not case.text[start:end].endswith("\n\n"):
                pieces.append(Piece("\n\n"))
        yield Variant(tuple(pieces), about=name)

    return make


def _restyled(change: Callable[[str], str], about: str) -> Callable[[Case], Iterator[Variant]]:
    """Return the change of case of the names of known headers that are words, not abbreviations."""

    def make(case: Case) -> Iterator[Variant]:
        edits = []
        for header in case.reader.headers(case.text):
            name = case.text[header.start : header.body]
            word = re.match(r"[A-Za-z][A-Za-z ]*[A-Za-z]", name)
            if header.rule and word and len(word.group()) > 6 and re.match(r"[ \t]*(?::|\n|$)", name[word.end() :]):
                new = change(word.group())
                if new != word.group():
                    edits.append(Edit(header.start, header.start + word.end(), new))
        if edits:
            yield edited(case.text, edits, about=about)

    return make


def _alone(*, colon: bool) -> Callable[[Case], Iterator[Variant]]:
    """Return the adding or taking away of the colon of known headers that stand alone on their line."""

    def make(case: Case) -> Iterator[Variant]:
        edits = []
        for header in case.reader.headers(case.text):
            name = case.text[header.start : header.body]
            m = re.fullmatch(r"([A-Za-z][A-Za-z /]*[A-Za-z])(:?)[ \t]*", name.rstrip("\n"))
            alone = case.text[header.body : header.body + 1] in ("\n", "") or name.endswith("\n")
            own_line = not case.text[_line_start(case.text, header.start) : header.start].strip()
            if header.rule and m and alone and own_line and len(m.group(1)) > 6 and bool(m.group(2)) != colon:
                at = header.start + m.end(1)
                edits.append(Edit(at, at + len(m.group(2)), ":" if colon else ""))
        if edits:
            yield edited(case.text, edits, about="colon" if colon else "no colon")

    return make


_INLINE = re.compile(r":[ \t]*(?=[^\s\d])")


def header_own_line(case: Case) -> Iterator[Variant]:
    """Put the content of a sentence's header on a line of its own; a number behind the header begins a list."""
    headers = case.reader.headers(case.text)
    if len(headers) != 1 or headers[0].start or not headers[0].rule:
        return
    colon = _INLINE.search(case.text, 0, headers[0].body + 1)
    if colon and colon.end() == headers[0].body:
        yield edited(case.text, [Edit(colon.start() + 1, colon.end(), "\n")], about="own line")


LAYOUT = (
    Transformation("order.reversed", "invariance", "note", _reordered("reversed", shuffled=False)),
    Transformation("order.shuffled", "invariance", "note", _reordered("shuffled", shuffled=True)),
    Transformation("insert.before", "invariance", "sentence", _inserted("neutral", before=True)),
    Transformation("insert.behind", "invariance", "sentence", _inserted("neutral", before=False)),
    Transformation("insert.other_before", "invariance", "sentence", _inserted("other_subject", before=True)),
    Transformation("insert.other_behind", "invariance", "sentence", _inserted("other_subject", before=False)),
    Transformation("insert.within_note", "invariance", "note", inserted_within),
    Transformation("insert.paragraphs", "invariance", "note", inserted_paragraphs),
    Transformation("header.capitals", "invariance", "note", _restyled(str.upper, "capitals")),
    Transformation("header.title", "invariance", "note", _restyled(str.title, "title case")),
    Transformation("header.small", "invariance", "note", _restyled(str.capitalize, "first letter")),
    Transformation("header.colon", "invariance", "note", _alone(colon=True)),
    Transformation("header.no_colon", "invariance", "note", _alone(colon=False)),
    Transformation("header.own_line", "invariance", "sentence", header_own_line),
)
