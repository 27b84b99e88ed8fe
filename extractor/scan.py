"""A multi-pattern scan: which patterns of the rules match in a text, and where.

All patterns come from the rulebook. The strings that their matches must hold (:mod:`extractor.anchors`) are found in
one pass over the text by Aho and Corasick's automaton (Commun ACM 1975, doi:10.1145/360825.360855); Python's ``re`` then
decides at the places where a match can begin, and nowhere else. The result is that of ``finditer`` over the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

from extractor.anchorindex import AnchorIndex, index_of
from extractor.anchors import LONGEST, signs_of, width_of
from extractor.expressions import Expressions
from extractor.frequencies import folded

LOOK_AROUND: Final = 80
"""Characters behind a match that its expression may look at without matching them."""
PIECE: Final = 100_000
"""Characters that the automaton reads at once; what it finds in them is held in memory."""


Place = tuple[int, int]
"""Where a match begins, and which part of the pattern matches."""
Parts = Sequence[str]
"""A pattern: regular expressions that are tried in this order at every place; the first that matches stands."""


_Use = tuple[int, int, int, int, int, list[bytes]]
"""Pattern, part, first and last place at which a match begins behind a string, its width, and strings of which it holds one too."""


class PatternSet:
    """Patterns that are looked for together.

    Args:
        patterns: the patterns, each in parts, read with ``re.IGNORECASE``.
    """

    def __init__(self, patterns: Sequence[Parts]) -> None:
        self.patterns: tuple[str, ...] = tuple("|".join(parts) for parts in patterns)
        self.parts: tuple[str, ...] = tuple(part for parts in patterns for part in parts)
        self._owners = [index for index, parts in enumerate(patterns) for _ in parts]
        self._widths: dict[int, int] = {}
        self._wholes: dict[int, re.Pattern[str]] = {}

    def regex(self, index: int) -> re.Pattern[str]:
        """Return a whole pattern compiled, on first use."""
        found = self._wholes.get(index)
        if found is None:
            found = self._wholes[index] = re.compile(self.patterns[index], re.IGNORECASE)
        return found

    def _width(self, part: int) -> int:
        """Return the most characters that a match of a part has."""
        width = self._widths.get(part)
        if width is None:
            width = self._widths[part] = width_of(self.parts[part])
        return width

    @cached_property
    def _anchors(self) -> AnchorIndex:
        return index_of(self.parts)

    @cached_property
    def _expressions(self) -> Expressions:
        return Expressions(self.parts, self._anchors.codes)

    @cached_property
    def _uses(self) -> list[list[_Use] | None]:
        """What each string stands for, made ready when the string is first met: most never are."""
        return [None] * len(self._anchors.strings)

    def _use(self, string: int) -> list[_Use]:
        """Return what a string stands for."""
        found = self._uses[string] = [
            (self._owners[part], part, first, last, width, also)
            for part, first, last, width, also in self._anchors.uses_of(string)
        ]
        return found

    @cached_property
    def _ahead(self) -> int:
        """How far behind its beginning a match may hold the string by which it is found."""
        widths = (width_of(self.parts[part]) for part, any_of in self._bare if any_of)
        return LOOK_AROUND + max([self._anchors.furthest, *widths])

    @property
    def unanchored(self) -> list[int]:
        """The parts that are run over the whole text."""
        return self._anchors.bare

    @cached_property
    def _bare(self) -> list[tuple[int, str]]:
        """The parts without strings, each with signs one of which its matches hold or stand behind, if there are."""
        return [(part, signs_of(self.parts[part])) for part in self.unanchored]

    @cached_property
    def _automaton(self) -> Any:
        strings = [s.encode() for s in self._anchors.strings]
        try:
            from ahocorasick_rs import BytesAhoCorasick
        except ImportError:
            return _PlainSearch(strings)
        return BytesAhoCorasick(strings) if strings else _PlainSearch(strings)

    def find(
        self, text: str, start: int = 0, end: int | None = None, limit: int | None = None
    ) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield (index of the pattern, match) for all matches that begin in a stretch of text, without overlaps of one pattern.

        Args:
            text: clean text.
            start: where the stretch begins.
            end: where it ends; ``None`` for the end of the text.
            limit: where the text is taken to end, as ``endpos`` of ``finditer``.

        Yields:
            Matches in the order of their patterns, in long stretches a piece of text at a time.
        """
        end = len(text) if end is None else end
        done: dict[int, int] = {}
        for low in range(start, max(end, start + 1), PIECE):
            found = self.matching(text, low, min(end, low + PIECE), limit)
            for index in sorted(found):
                matches = found[index]
                for place in sorted(matches):
                    if place[0] >= done.get(index, 0):
                        match = matches[place]
                        yield index, match
                        done[index] = max(match.end(), place[0] + 1)

    def matching(
        self, text: str, start: int, end: int, limit: int | None = None
    ) -> dict[int, dict[Place, re.Match[str]]]:
        """Return for each pattern all matches of its parts that begin in a stretch of text, by place.

        Args:
            text: clean text.
            start: where the stretch of interest begins.
            end: where it ends.
            limit: where the text is taken to end.
        """
        limit = len(text) if limit is None else limit
        found: dict[int, dict[Place, re.Match[str]]] = {}
        ranges: dict[int, list[tuple[int, int]]] = {}
        for part, any_of in self._bare:
            if not any_of or any(
                text.find(sign, max(0, start - LOOK_AROUND), end + self._ahead) >= 0 for sign in any_of
            ):
                ranges[part] = [(start, end - 1)]
        stop = min(limit, end + self._ahead)
        for low in range(max(0, start - LOOK_AROUND), max(stop, 1), PIECE):
            self._look(text, low, min(stop, low + PIECE), (start, end, limit), found, ranges)
        for part, stretches in ranges.items():
            self._search(text, start, end, limit, part, stretches, found)
        return found

    def _look(
        self,
        text: str,
        low: int,
        high: int,
        bounds: tuple[int, int, int],
        found: dict[int, dict[Place, re.Match[str]]],
        ranges: dict[int, list[tuple[int, int]]],
    ) -> None:
        """Add the matches that begin at a certain place by strings in a piece of text, and where others may begin."""
        start, end, limit = bounds
        uses, regexes, compiled = self._uses, self._expressions.made, self._expressions.compiled
        before, behind = max(0, low - 2 * LONGEST), min(limit, high + 2 * LONGEST)
        signs = folded(text[before:behind] if (before or behind < len(text)) else text)
        size, base = len(signs), before - 1
        for string, at, _ in self._automaton.find_matches_as_indexes(signs, overlapping=True):
            for index, part, first, last, width, also in uses[string] or self._use(string):
                begin = at + base + first
                if begin >= end:
                    continue
                if first == last:
                    if begin >= start:
                        match = (regexes[part] or compiled(part)).match(text, begin, limit)
                        if match is not None:
                            found.setdefault(index, {})[begin, part] = match
                    continue
                near, far = at + first - 1, at + last + width + 1
                if (
                    also and (near >= 0 or not before) and (far <= size or behind == limit)
                ):  # all of it lies in the piece
                    for other in also:
                        if signs.find(other, max(0, near), far) >= 0:
                            break
                    else:
                        continue
                if part in ranges:
                    ranges[part].append((begin, at + base + last))
                else:
                    ranges[part] = [(begin, at + base + last)]

    def _search(
        self,
        text: str,
        start: int,
        end: int,
        limit: int,
        part: int,
        stretches: list[tuple[int, int]],
        found: dict[int, dict[Place, re.Match[str]]],
    ) -> None:
        """Add the matches of a part that begin anywhere in some stretches."""
        regex, reach = self._expressions.compiled(part), self._width(part) + LOOK_AROUND
        at = start
        if len(stretches) > 1:
            stretches.sort()
        for first, last in stretches:
            if first > at:
                at = first
            if last >= end:
                last = end - 1
            while at <= last:
                match = regex.search(text, at, min(limit, last + reach))
                if match is None or match.start() > last:
                    at = last + 1
                    break
                at = match.start()
                whole = regex.match(text, at, limit)
                if whole is not None:
                    found.setdefault(self._owners[part], {})[at, part] = whole
                at += 1


class _PlainSearch:
    """The automaton's stand-in where its library is not installed."""

    def __init__(self, strings: Sequence[bytes]) -> None:
        self._strings = strings

    def find_matches_as_indexes(self, text: bytes, overlapping: bool) -> list[tuple[int, int, int]]:
        """Return (index of the string, start, end) of every occurrence; they are overlapping always."""
        assert overlapping
        found = []
        for index, string in enumerate(self._strings):
            at = text.find(string)
            while at >= 0:
                found.append((index, at, at + len(string)))
                at = text.find(string, at + 1)
        return found
