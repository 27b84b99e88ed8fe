"""A multi-pattern scan: which patterns of the rules match in a text, and where.

All patterns come from the rulebook. The strings that their matches must hold (:mod:`extractor.anchors`) are found in
one pass over the text by Aho and Corasick's automaton (Commun ACM 1975, doi:10.1145/360825.360855); Python's ``re`` then
decides at the places where a match can begin, and nowhere else. The result is that of ``finditer`` over the whole text.
"""

from __future__ import annotations

import hashlib
import json
import os
import pkgutil
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from extractor import anchors
from extractor.anchors import Anchor, width_of

LOOK_AROUND = 80
"""Characters behind a match that its expression may look at without matching them."""


Place = tuple[int, int]
"""The first and the last position at which a match can begin."""


class PatternSet:
    """Patterns that are looked for together.

    Args:
        patterns: regular expressions, read with ``re.IGNORECASE``.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = tuple(patterns)
        self._regexes: dict[int, re.Pattern[str]] = {}
        self._widths: dict[int, int] = {}

    def regex(self, index: int) -> re.Pattern[str]:
        """Return one pattern compiled, on first use."""
        found = self._regexes.get(index)
        if found is None:
            found = self._regexes[index] = re.compile(self.patterns[index], re.IGNORECASE)
        return found

    def _width(self, index: int) -> int:
        """Return the most characters that a match of a pattern has."""
        width = self._widths.get(index)
        if width is None:
            width = self._widths[index] = width_of(self.patterns[index])
        return width

    @cached_property
    def anchors(self) -> tuple[list[Anchor] | None, ...]:
        """What the matches of each pattern must hold; ``None`` for a pattern that is run over the whole text."""
        return cached_anchors(self.patterns)

    @cached_property
    def _uses(self) -> tuple[list[str], list[list[tuple[int, int, int]]], list[int]]:
        """Return the strings, for each the patterns that it stands for with where their matches begin, and the patterns without any."""
        uses: dict[str, list[tuple[int, int, int]]] = {}
        bare = []
        for index, found in enumerate(self.anchors):
            if found is None:
                bare.append(index)
                continue
            for strings, first, last in found:
                for string in strings:
                    uses.setdefault(string, []).append((index, first, last))
        return list(uses), list(uses.values()), bare

    @cached_property
    def _automaton(self) -> Any:
        strings = self._uses[0]
        try:
            from ahocorasick_rs import AhoCorasick
        except ImportError:
            return _PlainSearch(strings)
        return AhoCorasick(strings) if strings else _PlainSearch(strings)

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield (index of the pattern, match) for all matches that begin in a stretch of text.

        Args:
            text: clean text.
            start: where the stretch begins.
            end: where it ends; ``None`` for the end of the text.
        """
        end = len(text) if end is None else end
        places = self.places(text, start, end)
        for index in sorted(places):
            for match in self.matches(index, text, places[index], start, end):
                yield index, match

    def places(self, text: str, start: int, end: int) -> dict[int, list[Place]]:
        """Return for each pattern that may match where its matches can begin, as (first, last) positions.

        Args:
            text: clean text.
            start: where the stretch of interest begins.
            end: where it ends.
        """
        places: dict[int, list[Place]] = {index: [(start, end - 1)] for index in self._uses[2]}
        uses = self._uses[1]
        base = max(0, start - LOOK_AROUND)
        stretch = text[base : end + LOOK_AROUND] if (base or end < len(text)) else text
        for string, at, _ in self._automaton.find_matches_as_indexes(_folded(stretch), overlapping=True):
            at += base
            for index, first, last in uses[string]:
                if index in places:
                    places[index].append((at + first, at + last))
                else:
                    places[index] = [(at + first, at + last)]
        return places

    def matches(self, index: int, text: str, places: list[Place], start: int, end: int) -> Iterator[re.Match[str]]:
        """Yield the matches of a pattern that begin at one of the places and in a stretch of text, without overlaps."""
        regex = self.regex(index)
        done, reach = start, self._width(index) + LOOK_AROUND
        for first, last in places if len(places) == 1 else _merged(places):
            if last < done or first >= end:
                continue
            if first == last:
                match = regex.match(text, first)
                if match is not None:
                    yield match
                    done = max(match.end(), first + 1)
                continue
            last = min(last, end - 1)
            at = max(first, done)
            while at <= last:
                match = regex.search(text, at, last + reach)
                if match is None or match.start() > last:
                    break
                yield match
                at = done = max(match.end(), match.start() + 1)


def cache_dir() -> Path:
    """Return the folder in which what is derived from the rules is kept (``NOTECRITERIA_CACHE`` or the user's cache folder)."""
    named = os.environ.get("NOTECRITERIA_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "notecriteria"


def cached_anchors(patterns: tuple[str, ...]) -> tuple[list[Anchor] | None, ...]:
    """Return the anchors of patterns, from the disk where the very same patterns were analysed before."""
    code = pkgutil.get_data("extractor", "anchors.py") or b""  # it may lie in a zip
    key = hashlib.sha256(b"\0".join([sys.version.encode(), code, *(p.encode() for p in patterns)])).hexdigest()
    path = cache_dir() / f"anchors-{key[:32]}.json"
    try:
        kept = json.loads(path.read_bytes())
        return tuple(None if a is None else [Anchor(frozenset(s), f, b) for s, f, b in a] for a in kept)
    except (OSError, ValueError, TypeError):
        found = tuple(anchors.anchors_of(p) for p in patterns)
    _keep(path, json.dumps([None if a is None else [[sorted(x.strings), x.first, x.last] for x in a] for a in found]))
    return found


def _keep(path: Path, content: str) -> None:
    """Write a cache file for its owner alone; a cache that cannot be written is done without."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        return


def _folded(text: str) -> str:
    """Return the text in lower case, of the same length; what is not ASCII stands as ``?``."""
    return text.lower() if text.isascii() else text.encode("ascii", "replace").decode("ascii").lower()


def _merged(places: list[Place]) -> list[Place]:
    """Return places in order, overlapping ones as one; single positions stay single."""
    places = sorted(set(places))
    merged = [places[0]]
    for first, last in places[1:]:
        if first <= merged[-1][1]:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged


class _PlainSearch:
    """The automaton's stand-in where its library is not installed."""

    def __init__(self, strings: Sequence[str]) -> None:
        self._strings = strings

    def find_matches_as_indexes(self, text: str, overlapping: bool) -> list[tuple[int, int, int]]:
        """Return (index of the string, start, end) of every occurrence; they are overlapping always."""
        assert overlapping
        found = []
        for index, string in enumerate(self._strings):
            at = text.find(string)
            while at >= 0:
                found.append((index, at, at + len(string)))
                at = text.find(string, at + 1)
        return found
