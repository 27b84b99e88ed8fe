"""Sentences of clinical text: real sentences, wrapped lines, list items, table rows, template lines.

Whether a place is a boundary is decided from the characters around it alone (the line before, the
beginning of the line after), so a part of a note can be split without reading the rest.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from extractor.lines import ABBREVIATION, break_ends_sentence
from extractor.sections import Section

MAX_SENTENCE = 1200
"""Longer stretches without any boundary are cut at white space."""

_PLAIN_WORD = re.compile(
    r"(?:^|[\s(/-])(?:[a-z]{5,}|(?!(?:temp|tabs?|caps|neuro|card|abdo|spec|conj|plat|biol|prev|resp|incl|dept|susp|poss|prob|diff|hosp|cont|inst|pref|post)$)[a-z]{4}"
    r"|ok|neg|pos|now|old|ago|nl|wnl|tid|bid|qd|\d{1,3}\s?(?:d|h|wk|mo|yr|mg|kg|%))$|\)$|\d{2,}$"
)
"""A word that is no abbreviation: what follows its stop begins a sentence, in small letters too."""
_INITIAL = re.compile(r"(?:^|[^A-Za-z0-9/])(?<!\d\s)[A-Z]\.$|(?:^|[\n,;(]|:(?=[ \t]))[ \t]*\d{1,2}\.$")
_ROUTE = re.compile(r"(?:^|[^A-Za-z.])(?:i\.?v|p\.?o|i\.?m|s\.?c)\.$", re.IGNORECASE)
"""A route behind a dose: the day or the frequency may follow ("500 mg i.v. 19.-21.01.")."""
_DOTTED_DAY = re.compile(r"(?<![\d.])\d{1,2}\.\d{1,2}\.$")
"""A day written with dots: what joins it to another does not begin a sentence ("10.05. - 23.05., then")."""
_STOP = re.compile(r"[.!?]['\")\]]{0,2}(?:[ \t]+|(?=,[ \t]{0,3}[A-Z0-9])|(?=[A-Z][a-z]{2,}))|\.,[ \t]*|\n")
_LEADING_MARK = re.compile(r"(?:->|[→>,:;(/]|\s-)\s?\?{1,3}$")
"""A mark of a question that stands before what it asks ("reticular -> ? ILD")."""
_FORM_ANSWER = re.compile(r"(?:yes|no|y|n|none|unk(?:nown)?|n/?a)\b", re.IGNORECASE)


def find_sentences(text: str, sections: list[Section]) -> list[tuple[int, int]]:
    """Return (start, end) of the sentences of a clean text; together they cover it without gaps.

    Args:
        text: clean text.
        sections: its sections; a header always begins a sentence, and so does its body where the
            header stands alone.
    """
    starts = [section.start for section in sections]
    return _Splitter(text, starts).between(0, len(text)) or [(0, len(text))]


def sentences_at(text: str, sections: list[Section], positions: Iterable[int]) -> list[tuple[int, int]]:
    """Return those of :func:`find_sentences` that hold one of some positions, without looking at the rest of the text.

    Args:
        text: clean text.
        sections: its sections.
        positions: positions in the text, in order.
    """
    splitter = _Splitter(text, [section.start for section in sections])
    found: list[tuple[int, int]] = []
    end = 0
    for position in positions:
        if position >= end:
            found.append(splitter.at(position))
            end = found[-1][1]
    return found


class _Splitter:
    """Finds boundaries in a clean text; a boundary is decided by the characters around it alone.

    Args:
        text: clean text.
        starts: places that begin a sentence in any case, in order.
    """

    def __init__(self, text: str, starts: list[int]) -> None:
        self._text = text
        self._starts = [0, *starts]
        self._known = (0, 0)
        """A stretch known to hold no boundary but at its beginning, so that long sentences are not read over and over."""

    def between(self, low: int, high: int) -> list[tuple[int, int]]:
        """Return the sentences from one boundary to another."""
        text = self._text
        starts = {_skip_space(text, at) for at in self._starts if low <= at < high}
        starts.update(self._stops(low, high))
        bounds = [low]
        for start in sorted(starts):
            if low < start < high:
                _cut(text, bounds, start)
                bounds.append(start)
        _cut(text, bounds, high)
        return [(s, e) for s, e in zip(bounds, [*bounds[1:], high], strict=True) if e > s]

    def _stops(self, low: int, high: int) -> Iterator[int]:
        """Yield where sentences begin behind the full stops and line breaks that begin in a stretch."""
        text = self._text
        for match in _STOP.finditer(text, low):
            if match.start() >= high:
                break
            if _is_boundary(text, match):
                yield _skip_space(text, match.end())

    def at(self, position: int) -> tuple[int, int]:
        """Return the sentence that holds a position."""
        low, high = self._before(position), self._behind(position)
        self._known = (low, high)
        if high - low <= MAX_SENTENCE:
            return low, high
        bounds = [low]
        while bounds[-1] <= position and high - bounds[-1] > MAX_SENTENCE:
            bounds.append(_next_cut(self._text, bounds[-1]))
        if bounds[-1] > position:
            return bounds[-2], bounds[-1]
        return bounds[-1], high

    def _before(self, position: int) -> int:
        """Return the last boundary at or before a position."""
        if self._known[0] <= position < self._known[1]:
            return self._known[0]
        floor = self._known[1] if self._known[1] <= position else 0  # what comes before begins no nearer
        best = floor
        i = bisect_right(self._starts, position)
        while i > 0 and self._starts[i - 1] >= best:
            at = _skip_space(self._text, self._starts[i - 1])
            if at <= position:
                best = max(best, at)
                break
            i -= 1
        reach, high = 200, position
        while high > best:
            low = max(best, high - reach)
            stops = [at for at in self._stops(low, high) if at <= position]
            if stops:
                return max(best, *stops)
            high, reach = low, min(reach * 2, 100_000)
        return best

    def _behind(self, position: int) -> int:
        """Return the first boundary behind a position."""
        if self._known[0] <= position < self._known[1]:
            return self._known[1]
        text = self._text
        end = len(text)
        i = bisect_right(self._starts, position)
        if i > 0 and (at := _skip_space(text, self._starts[i - 1])) > position:
            end = min(end, at)
        if i < len(self._starts):
            end = min(end, _skip_space(text, self._starts[i]))
        low = position
        while low > 0 and text[low - 1].isspace():  # a stop before white space begins a sentence behind it
            low -= 1
        return min(end, next((at for at in self._stops(max(0, low - 4), end) if at > position), end))


def _is_boundary(text: str, match: re.Match[str]) -> bool:
    """Return whether a sentence ends at a full stop or line break."""
    at, end = match.span()
    sign = text[at]
    if sign == "\n":
        return break_ends_sentence(text, at)
    if match.group().startswith(".,"):
        return _DOTTED_DAY.search(text, max(0, at - 14), at + 1) is None
    following = text[end : end + 1]
    if sign == "." and _goes_on_behind(text[max(0, at - 14) : at + 1], following):
        return False
    if sign == "?":
        head = text[max(0, at - 8) : at].rpartition("\n")
        heads = (head[1] or at < 8) and not head[2].strip(" \t?*-")
        if heads or (end == at + 1 and not text[max(0, at - 1) : at].strip(" \t\n(,;:/")):
            return False  # the sign stands before its word: "?Bronchiectasis", "?? HLH" at the head of a line
        if (
            not following.isupper()
            or _FORM_ANSWER.match(text, end)
            or _LEADING_MARK.search(text, max(0, at - 6), at + 1)
        ):
            return False  # "?ILD", "asthma? no" go on
    if not following:
        return False
    return not following.islower() or _PLAIN_WORD.search(text, max(0, at - 14), at) is not None


def _goes_on_behind(before: str, following: str) -> bool:
    """Return whether the full stop with which some words end is one of an abbreviation, an initial, a route or a day."""
    if ABBREVIATION.search(before) or _INITIAL.search(before):
        return True
    if following.isdigit() and _ROUTE.search(before):
        return True
    return following in "-,;/" and _DOTTED_DAY.search(before) is not None


def _next_cut(text: str, start: int) -> int:
    """Return where a sentence that is too long is cut."""
    cut = text.rfind(" ", start + MAX_SENTENCE // 2, start + MAX_SENTENCE)
    return cut + 1 if cut > 0 else start + MAX_SENTENCE


def _cut(text: str, bounds: list[int], end: int) -> None:
    """Add cuts until the last sentence is short enough to end at a place."""
    while end - bounds[-1] > MAX_SENTENCE:
        bounds.append(_next_cut(text, bounds[-1]))


def _skip_space(text: str, position: int) -> int:
    """Return the first position from here on that is no white space."""
    while position < len(text) and text[position].isspace():
        position += 1
    return position
