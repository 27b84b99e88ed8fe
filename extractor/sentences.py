"""Sentences of clinical text: real sentences, wrapped lines, list items, table rows, template lines.

Whether a place is a boundary is decided from the characters around it alone (the line before, the
beginning of the line after), so a part of a note can be split without reading the rest.
"""

from __future__ import annotations

import re

from extractor.lines import ABBREVIATION, break_ends_sentence
from extractor.sections import Section

MAX_SENTENCE = 1200
"""Longer stretches without any boundary are cut at white space."""

_PLAIN_WORD = re.compile(r"(?:^|[\s(/-])[a-z]{5,}$")
_INITIAL = re.compile(r"(?:^|[^A-Za-z0-9/])(?<!\d\s)[A-Z]\.$|(?:^|[\n,;(]|:(?=[ \t]))[ \t]*\d{1,2}\.$")
_ROUTE = re.compile(r"(?:^|[^A-Za-z.])(?:i\.?v|p\.?o|i\.?m|s\.?c)\.$", re.IGNORECASE)
"""A route behind a dose: the day or the frequency may follow ("500 mg i.v. 19.-21.01.")."""
_DOTTED_DAY = re.compile(r"(?<![\d.])\d{1,2}\.\d{1,2}\.$")
"""A day written with dots: what joins it to another does not begin a sentence ("10.05. - 23.05., then")."""
_STOP = re.compile(r"[.!?]['\")\]]{0,2}(?:[ \t]+|(?=,[ \t]{0,3}[A-Z0-9])|(?=[A-Z][a-z]{2,}))|\.,[ \t]*|\n")
_FORM_ANSWER = re.compile(r"(?:yes|no|y|n|none|unk(?:nown)?|n/?a)\b", re.IGNORECASE)


def find_sentences(text: str, sections: list[Section]) -> list[tuple[int, int]]:
    """Return (start, end) of the sentences of a clean text; together they cover it without gaps.

    Args:
        text: clean text.
        sections: its sections; a header always begins a sentence, and so does its body where the
            header stands alone.
    """
    starts = {0}
    for match in _STOP.finditer(text):
        at = match.start()
        if text[at] == "\n":
            if break_ends_sentence(text, at):
                starts.add(match.end())
        elif match.group().startswith(".,"):
            if not _DOTTED_DAY.search(text, max(0, at - 14), at + 1):
                starts.add(match.end())
        else:
            before = text[max(0, at - 14) : at + 1]
            following = text[match.end() : match.end() + 1]
            if text[at] == "." and (ABBREVIATION.search(before) or _INITIAL.search(before)):
                continue
            if text[at] == "." and (
                (following.isdigit() and _ROUTE.search(before)) or (following in "-,;/" and _DOTTED_DAY.search(before))
            ):
                continue
            if text[at] == "?" and match.end() == at + 1 and not text[max(0, at - 1) : at].strip(" \t\n(,;:/"):
                continue  # the sign stands before its word: "?Bronchiectasis"
            if text[at] == "?" and (not following.isupper() or _FORM_ANSWER.match(text, match.end())):
                continue  # "?ILD", "asthma? no" go on
            if following and (not following.islower() or _PLAIN_WORD.search(text, max(0, at - 14), at)):
                starts.add(match.end())
    starts.update(section.start for section in sections)
    ordered = sorted(_skip_space(text, s) for s in starts)
    bounds = [0]
    for start in ordered:
        while start - bounds[-1] > MAX_SENTENCE:
            cut = text.rfind(" ", bounds[-1] + MAX_SENTENCE // 2, bounds[-1] + MAX_SENTENCE)
            bounds.append(cut + 1 if cut > 0 else bounds[-1] + MAX_SENTENCE)
        if start > bounds[-1] and start < len(text):
            bounds.append(start)
    while len(text) - bounds[-1] > MAX_SENTENCE:
        cut = text.rfind(" ", bounds[-1] + MAX_SENTENCE // 2, bounds[-1] + MAX_SENTENCE)
        bounds.append(cut + 1 if cut > 0 else bounds[-1] + MAX_SENTENCE)
    return [(s, e) for s, e in zip(bounds, [*bounds[1:], len(text)], strict=True) if e > s] or [(0, len(text))]


def _skip_space(text: str, position: int) -> int:
    """Return the first position from here on that is no white space."""
    while position < len(text) and text[position].isspace():
        position += 1
    return position
