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
from typing import Any, Final

from extractor import anchors
from extractor.anchors import folded, sign_of, width_of

LOOK_AROUND: Final = 80
"""Characters behind a match that its expression may look at without matching them."""


Place = tuple[int, int]
"""Where a match begins, and which part of the pattern matches."""
Parts = Sequence[str]
"""A pattern: regular expressions that are tried in this order at every place; the first that matches stands."""


class PatternSet:
    """Patterns that are looked for together.

    Args:
        patterns: the patterns, each in parts, read with ``re.IGNORECASE``.
    """

    def __init__(self, patterns: Sequence[Parts]) -> None:
        self.patterns: tuple[str, ...] = tuple("|".join(parts) for parts in patterns)
        self.parts: tuple[str, ...] = tuple(part for parts in patterns for part in parts)
        self._owners = [index for index, parts in enumerate(patterns) for _ in parts]
        self._regexes: list[re.Pattern[str] | None] = [None] * len(self.parts)
        self._widths: dict[int, int] = {}
        self._wholes: dict[int, re.Pattern[str]] = {}

    def regex(self, index: int) -> re.Pattern[str]:
        """Return a whole pattern compiled, on first use."""
        found = self._wholes.get(index)
        if found is None:
            found = self._wholes[index] = re.compile(self.patterns[index], re.IGNORECASE)
        return found

    def _part(self, part: int) -> re.Pattern[str]:
        """Return a part compiled, on first use."""
        found = self._regexes[part]
        if found is None:
            found = self._regexes[part] = re.compile(self.parts[part], re.IGNORECASE)
        return found

    def _width(self, part: int) -> int:
        """Return the most characters that a match of a part has."""
        width = self._widths.get(part)
        if width is None:
            width = self._widths[part] = width_of(self.parts[part])
        return width

    @cached_property
    def _uses(self) -> tuple[list[bytes], list[list[tuple[int, int, int, int]]], list[int]]:
        """Return the strings, for each the patterns and parts it stands for with where their matches begin, and the parts without any."""
        strings, uses, bare = cached_anchors(self.parts)
        owners = self._owners
        return (
            [s.encode() for s in strings],
            [[(owners[p], p, first, last) for p, first, last in each] for each in uses],
            bare,
        )

    @property
    def unanchored(self) -> list[int]:
        """The parts that are run over the whole text."""
        return self._uses[2]

    @cached_property
    def _bare(self) -> list[tuple[int, str | None]]:
        """The parts without strings, each with a sign that its matches hold or stand beside, if there is one."""
        return [(part, sign_of(self.parts[part])) for part in self._uses[2]]

    @cached_property
    def _automaton(self) -> Any:
        strings = self._uses[0]
        try:
            from ahocorasick_rs import BytesAhoCorasick, Implementation
        except ImportError:
            return _PlainSearch(strings)
        return BytesAhoCorasick(strings, implementation=Implementation.DFA) if strings else _PlainSearch(strings)

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield (index of the pattern, match) for all matches that begin in a stretch of text, without overlaps of one pattern.

        Args:
            text: clean text.
            start: where the stretch begins.
            end: where it ends; ``None`` for the end of the text.
        """
        found = self.matching(text, start, len(text) if end is None else end)
        for index in sorted(found):
            matches = found[index]
            if len(matches) == 1:
                yield index, next(iter(matches.values()))
                continue
            done = start
            for place in sorted(matches):
                if place[0] >= done:
                    match = matches[place]
                    yield index, match
                    done = max(match.end(), place[0] + 1)

    def matching(self, text: str, start: int, end: int) -> dict[int, dict[Place, re.Match[str]]]:
        """Return for each pattern all matches of its parts that begin in a stretch of text, by place.

        Args:
            text: clean text.
            start: where the stretch of interest begins.
            end: where it ends.
        """
        uses, regexes = self._uses[1], self._regexes
        found: dict[int, dict[Place, re.Match[str]]] = {}
        ranges: dict[int, list[tuple[int, int]]] = {}
        for part, sign in self._bare:
            if sign is None or text.find(sign, start, end + LOOK_AROUND) >= 0:
                ranges[part] = [(start, end - 1)]
        base = max(0, start - LOOK_AROUND)
        stretch = text[base : end + LOOK_AROUND] if (base or end < len(text)) else text
        base -= 1
        for string, at, _ in self._automaton.find_matches_as_indexes(folded(stretch), overlapping=True):
            for index, part, first, last in uses[string]:
                begin = at + base + first
                if first == last:
                    if start <= begin < end:
                        match = (regexes[part] or self._part(part)).match(text, begin)
                        if match is not None:
                            found.setdefault(index, {})[begin, part] = match
                elif part in ranges:
                    ranges[part].append((begin, at + base + last))
                else:
                    ranges[part] = [(begin, at + base + last)]
        for part, stretches in ranges.items():
            self._search(text, start, end, part, stretches, found)
        return found

    def _search(
        self,
        text: str,
        start: int,
        end: int,
        part: int,
        stretches: list[tuple[int, int]],
        found: dict[int, dict[Place, re.Match[str]]],
    ) -> None:
        """Add the matches of a part that begin anywhere in some stretches."""
        regex, reach = self._regexes[part] or self._part(part), self._width(part) + LOOK_AROUND
        at = start
        if len(stretches) > 1:
            stretches.sort()
        for first, last in stretches:
            if first > at:
                at = first
            if last >= end:
                last = end - 1
            while at <= last:
                match = regex.search(text, at, last + reach)
                if match is None or match.start() > last:
                    at = last + 1
                    break
                at = match.start()
                whole = regex.match(text, at)
                if whole is not None:
                    found.setdefault(self._owners[part], {})[at, part] = whole
                at += 1


def cache_dir() -> Path:
    """Return the folder in which what is derived from the rules is kept (``NOTECRITERIA_CACHE`` or the user's cache folder)."""
    named = os.environ.get("NOTECRITERIA_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "notecriteria"


Derived = tuple[list[str], list[list[list[int]]], list[int]]
"""Strings, for each the (part, first, last) of what it stands for, and the parts without any."""


def cached_anchors(parts: tuple[str, ...]) -> Derived:
    """Return the anchors of expressions, from the disk where the very same expressions were analysed before."""
    code = pkgutil.get_data("extractor", "anchors.py") or b""  # it may lie in a zip
    key = hashlib.sha256(b"\0".join([sys.version.encode(), code, *(p.encode() for p in parts)])).hexdigest()
    path = cache_dir() / f"anchors-{key[:32]}.json"
    try:
        strings, uses, bare = json.loads(path.read_bytes())
        if len(strings) == len(uses):
            return strings, uses, bare
    except (OSError, ValueError, TypeError):
        pass
    found = _derived(parts)
    keep(path, json.dumps(found, separators=(",", ":")))
    return found


def _derived(parts: tuple[str, ...]) -> Derived:
    """Return the anchors of expressions, by the strings that are looked for."""
    uses: dict[str, list[list[int]]] = {}
    bare = []
    for part, expression in enumerate(parts):
        found = anchors.anchors_of(expression)
        if found is None:
            bare.append(part)
            continue
        for each, first, last in found:
            for string in sorted(each):
                uses.setdefault(string, []).append([part, first, last])
    return list(uses), list(uses.values()), bare


def keep(path: Path, content: str) -> None:
    """Write a cache file for its owner alone; a cache that cannot be written is done without."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        return


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
