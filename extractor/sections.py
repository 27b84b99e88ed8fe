"""Section headers in clean text: which part of the note a mention stands in.

A header is a known name (``rules/sections.yaml``) at the start of a line, or behind a full stop, a
comma or a gap of spaces where a colon follows it. Any other short line that looks like a header ends the
section before it. A header with its content on the same line governs that line and the lines that
belong to it; a header alone on its line governs all up to the next header.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from extractor.rulefiles import SectionRule
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
        names = []
        for i, rule in enumerate(self.rules):
            parts = [(len(t), term_pattern(t)) for t in rule.terms]
            parts += [(len(t), f"(?-i:{term_pattern(t)})") for t in rule.cased]
            parts += [(0, p) for p in rule.patterns]
            names.append(f"(?P<s{i}>{'|'.join(p for _, p in sorted(parts, key=lambda x: -x[0]))})")
        name = "|".join(names)
        edge = r"(?![A-Za-z0-9])"
        known = (
            f"{_LINE_LEAD}(?:{name}){edge}{_QUALIFIER}[*_]{{0,2}}"
            r"(?:[ \t]{0,8}(?::|=|--?(?=[ \t]))[ \t]*,?|[ \t]*(?=\n|\Z)|[ \t]{2,}(?=\S))"
        )
        plain = rf"{_LINE_LEAD}(?:{name}){edge}[ \t](?=[a-z0-9\[])"
        inline = f"{_INLINE_LEAD}(?:{name}){edge}{_QUALIFIER}[ \t]{{0,2}}:,?"
        object.__setattr__(self, "_known", re.compile(known, re.IGNORECASE))
        object.__setattr__(self, "_plain", re.compile(plain, re.IGNORECASE))
        object.__setattr__(self, "_inline", re.compile(inline, re.IGNORECASE))

    def find(self, text: str) -> list[Section]:
        """Return the sections of a clean text, in order; text before the first header has none."""
        heads: dict[int, tuple[int, int, SectionRule | None]] = {}
        for pattern in (_OTHER, _INLINE_OTHER):
            for m in pattern.finditer(text):
                heads[m.start(m.lastgroup)] = (m.start(m.lastgroup), m.end(), None)  # type: ignore[arg-type]
        for pattern in (self._plain, self._inline, self._known):  # type: ignore[attr-defined]
            for m in pattern.finditer(text):
                group = str(m.lastgroup)
                start = m.start(group)
                if pattern is self._plain and not _ABBREVIATED.fullmatch(m.group(group)):  # type: ignore[attr-defined]
                    continue  # "trial team met" is no header "trial"; "FH lymphoma" is one
                heads[start] = (start, m.end(), self.rules[int(group[1:])])
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
                    _own_end(
                        text,
                        body,
                        end,
                        hypothetical=bool(rule and {"hypothetical", "uncertain"} & set(rule.attributes)),
                    ),
                    rule,
                )
            )
        return sections


def _own_end(text: str, body: int, end: int, *, hypothetical: bool) -> int:
    """Return where a section ends: one with content on its header line ends at the next paragraph.

    A section that makes its content hypothetical or uncertain ends with its line, unless a list goes on.
    """
    line_end = text.find("\n", body, end)
    if line_end < 0 or not text[body:line_end].strip(" \t,"):
        return end
    if hypothetical and (over := _PLAIN_LINE.search(text, body, end)):
        return over.start() + 1
    blank = re.compile(r"\n[ \t]*\n").search(text, body, end)
    return blank.start() if blank else end


def section_at(sections: list[Section], position: int) -> Section | None:
    """Return the section that holds a position."""
    i = bisect_right(sections, position, key=lambda s: s.start) - 1
    if i >= 0 and position < sections[i].end:
        return sections[i]
    return None
