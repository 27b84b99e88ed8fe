"""Section headers in clean text: which part of the note a mention stands in.

A header is a known name (``rules/sections.yaml``) at the start of a line, or behind a full stop, a
comma or a gap of spaces where a colon follows it. Any other short line that looks like a header ends the
section before it. A header with its content on the same line governs that line and the lines that
belong to it; a header alone on its line governs all up to the next header.
"""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from extractor.anchors import beginnings_of
from extractor.expressions import Expressions, code_of, packed
from extractor.kept import kept
from extractor.ruleshapes import SectionRule
from extractor.terms import term_pattern

MAX_HEADER = 60
"""Characters a header may have; longer lines are text."""

_LINE_LEAD = (
    r"(?:(?<=\n)|\A)[ \t]{0,24}(?:[-*#>=]{1,3}[ \t]{0,3}|\(?(?:\d{1,2}|[A-Za-z]|[IVX]{1,4})[.)][ \t]{1,3})?[*_=-]{0,3}"
)
_INLINE_LEAD = r"(?:(?<=[.;,!?)\]]\s)|(?<=[.;,!?)\]]\s\s)|(?<=\s\s)|(?<=\.,)|(?<=[|/]\s))"
_QUALIFIER = (
    r"(?:[ \t]{0,2}\([^)\n:]{0,40}\)|[ \t]{1,2}(?:includes?|is|are|notable for|significant for|remarkable for))?"
)
_OTHER = re.compile(
    r"(?:(?<=\n)|\A)[ \t]{0,8}(?:(?:(?<=\n\n)|(?<=\A))(?P<caps>[A-Z][A-Z0-9 /&'().,+-]{2,58})[ \t]{0,3}:?,?[ \t]*(?=\n|\Z)"
    r"|(?<=\n\n)(?P<plain>[A-Z][a-z][A-Za-z/&'()-]{0,20}(?:[ \t][A-Za-z/&'()-]{1,20}){0,5})[ \t]*(?=\n[ \t]*\S)"
    r"|(?P<capscolon>[A-Z][A-Z0-9 /&'().,+-]{2,58})[ \t]{0,3}:,?[ \t]*(?=\n|\Z)"
    + r"|(?P<title>[A-Z][A-Za-z0-9/&'().+-]{0,24}(?:[ \t][A-Za-z0-9/&'().+-]{1,24}){0,5})[ \t]{0,3}:[ \t]*(?=\n|\Z)"
    + r"|(?P<flat>[A-Z][A-Z /&'()-]{2,40}):,)"
)
_INLINE_OTHER = re.compile(
    r"(?<=[.,]\s)(?P<name>[A-Z][A-Z /&'-]{3,40}):|(?<=\.,)[ \t]{0,2}(?P<flat>[A-Z][A-Za-z /&'()-]{2,40}):"
)
_NAME = r"(?P<name>[A-Z][A-Za-z0-9/&'+.-]{0,20}(?:[ \t][A-Za-z0-9/&'+.-]{1,20}){0,3})[ \t]?:(?=[ \t])"
_LABEL = re.compile(rf"(?<=\n)[ \t]{{0,8}}(?:{_NAME}|(?P<leader>[A-Za-z][\w /&()-]{{1,40}}[ ]?\t {{3,}}))")
_LABEL_WITHIN = re.compile(rf"(?<=[.;]\s){_NAME}")
"""A label with a colon at the beginning of a line, and within one."""
_PLAIN_LINE = re.compile(r"[.;:!?][ \t]*\n(?=[A-Z][a-z])")
_ABBREVIATED = re.compile(r"ddx|imp|rx|pmh|fhx|shx|psh|dx|a/p|all|[A-Z]{2,5}[xX]?|[A-Z]/[A-Z]|[A-Z]{1,2}Hx")


class Section(NamedTuple):
    """A stretch of clean text under one header; ``rule`` is ``None`` under an unknown header."""

    start: int
    body: int
    end: int
    rule: SectionRule | None


@dataclass(frozen=True)
class SectionFinder:
    """Finds sections by the headers of the rulebook.

    Args:
        rules: the section rules.
    """

    rules: tuple[SectionRule, ...]

    def __post_init__(self) -> None:
        terms = [(i, t, term_pattern(t)) for i, r in enumerate(self.rules) for t in r.terms]
        terms += [(i, t, f"(?-i:{term_pattern(t)})") for i, r in enumerate(self.rules) for t in r.cased]
        terms += [(i, "", p) for i, r in enumerate(self.rules) for p in r.patterns]
        names = [(i, pattern) for i, term, pattern in sorted(terms, key=lambda x: (x[0], -len(x[1])))]
        patterns = [f"{lead}({p})(?![A-Za-z0-9]){behind}" for lead, behind in _AROUND for _, p in names]
        begins, codes = kept(
            "headers",
            [sys.byteorder, *(p for _, p in names), *patterns],
            ("anchors", "expressions", "frequencies", "sections"),
            lambda: [[_keys(p) for _, p in names], packed(map(code_of, patterns))],
        )
        keys: dict[str, list[int]] = {}
        for number, each in enumerate(begins):
            for key in each:
                keys.setdefault(key, []).append(number)
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_keys", keys)
        object.__setattr__(self, "_expressions", Expressions(patterns, codes))
        object.__setattr__(self, "_by_key", {})

    def find(self, text: str) -> list[Section]:
        """Return the sections of a clean text, in order; text before the first header has none."""
        heads: dict[int, tuple[int, int, SectionRule | None]] = {}
        lines = array("q", chain([0], (m.end() for m in _BREAK.finditer(text))))
        inline = array("q", (m.start() + 2 for m in _STOP.finditer(text)))
        for m in chain(_matches(_OTHER, text, lines), _matches(_INLINE_OTHER, text, inline)):
            heads[m.start(m.lastgroup)] = (m.start(m.lastgroup), m.end(), None)  # type: ignore[arg-type]
        named = [(at, numbers) for at in lines if (numbers := self._on_line(text, at))]
        within = ((at, numbers) for at in inline if (numbers := self._at(text, at)))
        kinds: tuple[tuple[int, Iterable[tuple[int, tuple[int, ...]]]], ...]
        kinds = (_PLAIN, named), (_INLINE, within), (_KNOWN, named)
        for which, places in kinds:
            for m, number in self._named(which, text, places):
                if which == _PLAIN and not _ABBREVIATED.fullmatch(m.group(1)):
                    continue  # "trial team met" is no header "trial"; "FH lymphoma" is one
                heads[m.start(1)] = (m.start(1), m.end(), self.rules[number])
        ordered = [heads[k] for k in sorted(heads)]
        kept: list[tuple[int, int, SectionRule | None]] = []
        for head in ordered:
            if kept and head[0] < kept[-1][1]:  # a header inside a header's own words
                continue
            kept.append(head)
        sections = []
        for i, (start, body, rule) in enumerate(kept):
            end = kept[i + 1][0] if i + 1 < len(kept) else len(text)
            sections.append(
                Section(
                    start,
                    body,
                    _own_end(text, body, end, rule),
                    rule,
                )
            )
        return sections

    def _named(
        self, which: int, text: str, places: Iterable[tuple[int, tuple[int, ...]]]
    ) -> Iterator[tuple[re.Match[str], int]]:
        """Yield the headers of one kind that begin at places, which are in order, without overlaps, each with its rule."""
        names: list[tuple[int, str]] = self._names  # type: ignore[attr-defined]
        compiled: Callable[[int], re.Pattern[str]] = self._expressions.compiled  # type: ignore[attr-defined]
        end, shift = 0, which * len(names)
        for at, numbers in places:
            if at < end:
                continue
            best, rule = None, 0
            for number in numbers:
                match = compiled(shift + number).match(text, at)
                if match is not None and (best is None or match.start(1) > best.start(1)):
                    best, rule = match, names[number][0]
            if best is not None:
                yield best, rule
                end = best.end()

    def _on_line(self, text: str, at: int) -> tuple[int, ...]:
        """Return the headers with which a line may begin."""
        lead = _LEAD.match(text, at)
        if lead is None:
            return ()
        first, then = lead.end(1), lead.end()
        return (
            self._at(text, first) if first == then else tuple(sorted({*self._at(text, first), *self._at(text, then)}))
        )

    def _at(self, text: str, at: int) -> tuple[int, ...]:
        """Return the headers of which the letters at a place may be the first."""
        key = text[at : at + _KEY].lower().translate(_DIGITS)
        known: dict[str, tuple[int, ...]] = self._by_key  # type: ignore[attr-defined]
        found = known.get(key)
        if found is None:
            keys: dict[str, list[int]] = self._keys  # type: ignore[attr-defined]
            found = tuple(sorted({n for k in {key[:i] for i in range(_KEY + 1)} for n in keys.get(k, ())}))
            if len(known) < _KEPT:
                known[key] = found
        return found


_KNOWN, _PLAIN, _INLINE = 0, 1, 2
_AROUND = (
    (
        _LINE_LEAD,
        _QUALIFIER + r"[*_]{0,2}(?:[ \t]{0,8}(?::|=>?|--?>?(?=[ \t]))[ \t]*,?|[ \t]*(?=\n|\Z)|[ \t]{2,}(?=\S))",
    ),
    (_LINE_LEAD, r"[ \t](?=[a-z0-9\[])"),
    (_INLINE_LEAD, rf"{_QUALIFIER}[ \t]{{0,2}}:,?"),
)
"""What stands before and behind the name of a header, by kind: alone or with a colon, before plain words, within a line."""
_KEPT = 100_000
_KEY = 6
"""Letters by which it is told whether a header may begin at a place."""
_SIGN = re.compile(r"[^a-z0]")
_DIGITS = str.maketrans("123456789", "0" * 9)
_BREAK = re.compile(r"\n")
_STOP = re.compile(r"[.;,!?)\]|/\s](?=\s[A-Za-z0-9])|\.(?=,[ \t]{0,2}[A-Za-z0-9])")
"""What stands two characters before a header within a line."""
_LEAD = re.compile(
    r"([ \t]{0,24})(?:[-*#>=]{1,3}[ \t]{0,3}|\(?(?:\d{1,2}|[A-Za-z]|[IVX]{1,4})[.)][ \t]{1,3})?[*_=-]{0,3}",
    re.IGNORECASE,
)


def _keys(pattern: str) -> list[str]:
    """Return the first letters of a header, as few as are certain and as many as tell."""
    return sorted({_SIGN.split(begin[:_KEY])[0] for begin in beginnings_of(pattern)})


def _matches(pattern: re.Pattern[str], text: str, places: Iterable[int]) -> Iterator[re.Match[str]]:
    """Yield the matches of a pattern that begin at places, which are in order, without overlaps."""
    end = 0
    for at in places:
        if at >= end and (match := pattern.match(text, at)):
            yield match
            end = match.end()


def _own_end(text: str, body: int, end: int, rule: SectionRule | None) -> int:
    """Return where a section ends: one with content on its header line ends at the next paragraph.

    A section that makes its content hypothetical or uncertain ends with its line, unless a list goes on; one that gives its content
    to relatives or to the past ends at the next label that does not belong to it ("FH: mother lupus / Chest X-ray: ...").
    """
    line_end = text.find("\n", body, end)
    attributes = set(rule.attributes) if rule else set()
    if attributes & {"family", "historical", "uncertain"}:
        end = _foreign_label(text, body, end, rule, _LABEL_WITHIN) or end
    if "family" in attributes:
        end = _foreign_label(text, body, end, rule, _LABEL) or end
    if line_end < 0 or not text[body:line_end].strip(" \t,"):
        return end
    if attributes & {"hypothetical", "uncertain"} and (over := _PLAIN_LINE.search(text, body, end)):
        return over.start() + 1
    if "historical" in attributes:
        end = _foreign_label(text, body, end, rule, _LABEL) or end
    blank = re.compile(r"\n[ \t]*\n").search(text, body, end)
    return blank.start() if blank else end


def _foreign_label(text: str, body: int, end: int, rule: SectionRule | None, labels: re.Pattern[str]) -> int | None:
    """Return where the first label stands in a section that is none of its own."""
    own = re.compile("|".join(rule.labels_within), re.IGNORECASE) if rule and rule.labels_within else None
    for label in labels.finditer(text, body, end):
        kind = "name" if label["name"] else "leader"  # dots that lead to what is entered are not a section's own labels
        if kind == "leader" or own is None or own.match(label[kind]) is None:
            return label.start(kind)
    return None


def section_at(sections: list[Section], position: int) -> Section | None:
    """Return the section that holds a position."""
    i = bisect_right(sections, position, key=lambda s: s.start) - 1
    if i >= 0 and position < sections[i].end:
        return sections[i]
    return None
