"""What a list inherits from its head: "No history of:" governs the items below it.

A head is a line that ends with a colon and is followed by list items. A cue that is still open at the end of the head governs each
item as if the item stood behind the colon. A head that is a known section header means what its section means, and no more.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from extractor.context import ContextEngine, CueMatch
from extractor.lines import line_around
from extractor.matching import Target
from extractor.reach import refine
from extractor.sections import Section

MOST_ITEMS = 40
"""Lines above an item among which its head is looked for."""
REACH = 600
"""Characters that a line of a list may have."""
MOST_WORDS = 8
"""Words between a negation and the colon ("never treated with any of the following:")."""
FEW_WORDS = 1
"""Words between any other cue and the colon, fillers left out."""
_FILLERS = re.compile(r"\b(?:the|any|of|all|these|following|below|list(?:ed)?|with|for|a)\b", re.IGNORECASE)
_ITEM = re.compile(r"[ \t]*(?:[-*+#>=~]{1,3}[ \t]?(?=[A-Za-z\[(])|\(?(?:\d{1,2}|[a-zA-Z]|[ivxIVX]{1,4})[.)][ \t])")
_STOP = re.compile(r"[.!?;]\s+")
_HEAD_END = re.compile(r":[ \t]*$")


class ListHeads:
    """Finds the cues that the items of a note's lists inherit.

    Args:
        engine: finds cues in the heads.
        text: clean text.
        sections: its sections.
    """

    def __init__(self, engine: ContextEngine, text: str, sections: Sequence[Section]) -> None:
        self._engine, self._text = engine, text
        self._headers = [s.start for s in sections if s.rule]
        self._heads: dict[int, int | None] = {}

    def cues(self, target: Target) -> list[CueMatch]:
        """Return the cues that a mention inherits from the head of its list.

        Args:
            target: the mention.
        """
        line = self._text.rfind("\n", max(0, target.start - REACH), target.start) + 1
        if line == 0 or not _ITEM.match(self._text, line):
            return []
        end = self._head_end(line)
        if end is None:
            return []
        start = line_around(self._text, end, end)[0]
        for stop in _STOP.finditer(self._text, start, end):
            start = stop.end()
        newline = self._text.find("\n", end)
        places = [Target(end, end + 1, target.term), Target(newline, newline + 1, target.term)]
        found = []
        for place in places:  # a cue may hold the colon itself ("Sent:")
            edges = self._engine.edges(self._text, start, place.end, [place])
            found += [edge.cue for edge in refine(self._text, [place], edges) if self._reaches(edge.cue, end)]
        return list(dict.fromkeys(found))

    def _reaches(self, cue: CueMatch, colon: int) -> bool:
        """Return whether a cue stands so near the colon that it speaks of the list."""
        most = MOST_WORDS if cue.cue.category == "negated" else FEW_WORDS
        words = _FILLERS.sub(" ", self._text[cue.end : colon]).split()
        return len(words) <= most

    def _head_end(self, line: int) -> int | None:
        """Return where the colon of the head stands for the item that begins a line."""
        passed = []
        for _ in range(MOST_ITEMS):
            if line in self._heads:
                break
            passed.append(line)
            above = self._text.rfind("\n", max(0, line - REACH), line - 1) + 1
            content = self._text[above : line - 1]
            if _ITEM.match(content) and not _HEAD_END.search(content):
                if above == 0:
                    break
                line = above
                continue
            colon = _HEAD_END.search(content)
            self._heads[line] = above + colon.start() if colon and not self._is_header(above, line) else None
            break
        found = self._heads.get(line)
        self._heads.update(dict.fromkeys(passed, found))
        return found

    def _is_header(self, start: int, end: int) -> bool:
        i = bisect_left(self._headers, start)
        return i < len(self._headers) and self._headers[i] < end
