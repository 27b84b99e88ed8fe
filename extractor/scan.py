"""A multi-pattern scan: which patterns of the rules can match in a text, and where.

All patterns come from the rulebook. Hyperscan (Wang et al., NSDI 2019) runs them in one pass over the text as a
prefilter: it may report a place where Python's ``re`` finds nothing, but never misses one; ``re`` then decides in a
window around each report. Where Hyperscan is not installed every pattern is run over the whole text, with equal results.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

_NON_ASCII = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[89a-fA-F][0-9a-fA-F]|[^\x00-\x7f]")
CACHE_VERSION = "1"
LOOK_AROUND = 80
"""Characters around a match that its expression may look at without matching them."""


def cache_dir() -> Path:
    """Return the folder in which compiled patterns are kept (``NOTECRITERIA_CACHE`` or the user's cache folder)."""
    named = os.environ.get("NOTECRITERIA_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "notecriteria"


def _scanner_pattern(pattern: str) -> bytes:
    """Return a pattern as Hyperscan is to see it: what is not ASCII stands as ``?`` in pattern and text alike."""
    return _NON_ASCII.sub(r"\\?", pattern.replace("(?a:", "(?:")).encode("ascii")


class PatternSet:
    """Patterns that are looked for together.

    Args:
        patterns: regular expressions without the flag for ASCII, which is added here.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = tuple(patterns)
        self._regexes: dict[int, re.Pattern[str]] = {}
        self._widths: dict[int, int] = {}

    def regex(self, index: int) -> re.Pattern[str]:
        """Return one pattern compiled for Python, on first use."""
        found = self._regexes.get(index)
        if found is None:
            found = self._regexes[index] = re.compile(self.patterns[index], re.IGNORECASE)
        return found

    def _width(self, index: int) -> int:
        width = self._widths.get(index)
        if width is None:
            from re import _parser  # type: ignore[attr-defined]

            width = self._widths[index] = min(_parser.parse(self.patterns[index], re.IGNORECASE).getwidth()[1], 4000)
        return width

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield (index of the pattern, match) for all matches that begin in a stretch of text.

        Args:
            text: clean text.
            start: where the stretch begins.
            end: where it ends; ``None`` for the end of the text.
        """
        end = len(text) if end is None else end
        limit = min(len(text), end + LOOK_AROUND)
        if self._database is None:
            for index in range(len(self.patterns)):
                for match in self.regex(index).finditer(text, start, limit):
                    if match.start() < end:
                        yield index, match
            return
        first = max(0, start - LOOK_AROUND)
        stretch = text[first:limit] if (first or limit < len(text)) else text
        for index, ends in sorted(self._hits(stretch).items()):
            regex = self.regex(index)
            for low, high in _windows(ends, self._width(index) + 1, first, limit):
                for match in regex.finditer(text, max(low, start), high):
                    if match.start() < end:
                        yield index, match

    def _hits(self, text: str) -> dict[int, list[int]]:
        """Return for each pattern that may match the ends of its possible matches, in order."""
        hits: dict[int, list[int]] = {}

        def note(index: int, _from: int, to: int, _flags: int, _context: Any) -> None:
            ends = hits.get(index)
            if ends is None:
                hits[index] = [to]
            else:
                ends.append(to)

        self._database.scan(text.encode("ascii", "replace"), match_event_handler=note)
        return hits

    @cached_property
    def _database(self) -> Any:
        try:
            import hyperscan
        except ImportError:
            return None
        if not self.patterns:
            return None
        key = hashlib.sha256(f"{CACHE_VERSION}\x00{version('hyperscan')}\x00".encode())
        for pattern in self.patterns:
            key.update(pattern.encode() + b"\x00")
        path = cache_dir() / f"{key.hexdigest()[:32]}.hs"
        try:
            database = hyperscan.loadb(path.read_bytes(), mode=hyperscan.HS_MODE_BLOCK)
            database.scratch = hyperscan.Scratch(database)
            return database
        except (OSError, hyperscan.error):
            pass
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_PREFILTER
        database.compile(
            expressions=[_scanner_pattern(p) for p in self.patterns],
            ids=list(range(len(self.patterns))),
            elements=len(self.patterns),
            flags=[flags] * len(self.patterns),
        )
        _keep(path, hyperscan.dumpb(database))
        return database


def _windows(ends: list[int], reach: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield stretches that hold every match ending at one of the places, with what may overlap it."""
    low: int | None = None
    high = 0
    for at in ends:
        at += start
        if low is None:
            low, high = max(start, at - reach), min(end, at + reach + LOOK_AROUND)
        elif at - reach <= high:
            high = min(end, at + reach + LOOK_AROUND)
        else:
            yield low, high
            low, high = max(start, at - reach), min(end, at + reach + LOOK_AROUND)
    if low is not None:
        yield low, high


def _keep(path: Path, content: bytes) -> None:
    """Write a cache file for its owner alone; a cache that cannot be written is done without."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        return
