"""What a list inherits from its head: "No history of:" governs the items below it.

A head is a line that ends with a colon and is followed by list items, or words before a colon that bare items follow, parted by
semicolons ("Never received: CAR-T; bispecifics; ADCs"). A cue that is still open at the end of the head governs each
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

_INLINE = re.compile(
    r":[ \t]*(?:[^\W\d][\w/'()+-]*(?:[ \t][^\W\d][\w/'()+-]*){0,3}[ \t]?;[ \t]*){1,12}"
    r"(?:(?:an?|any|the|other|prior|previous|recent|active|chronic|and|or)[ \t]){0,2}",
)
"""A colon and the items before a mention, each of a few words."""
_INLINE_REACH = 240
"""Characters before a mention in which the colon of its list is looked for."""
_TOLD = re.compile(
    r"\b(?:has|have|had|is|was|are|were|on|but|now|known|with|started|shows?|see|currently|positive|yes|present|given|received|continue|start|stop|hold)\b",
    re.IGNORECASE,
)
"""Words that tell something of an item, which then is no bare one."""
_ITEM_ENDS = re.compile(r"(?:[ \t](?!(?:is|was|are|has|on|now|but|with)\b)[A-Za-z-]{2,14}){0,2}[ \t]*(?:[;.\n]|$)")


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
        inline = self._inline(line, target)
        if inline is not None:
            return self._open_at(inline, target)
        if line == 0 or not _ITEM.match(self._text, line):
            return []
        end = self._head_end(line)
        return [] if end is None else self._open_at(end, target)

    def _inline(self, line: int, target: Target) -> int | None:
        """Return where the colon stands behind which a mention is a bare item of a list parted by semicolons."""
        low = max(line, target.start - _INLINE_REACH)
        if self._text.rfind(";", low, target.start) < 0:
            return None
        colon = self._text.rfind(":", low, target.start)
        if colon < 0 or _INLINE.fullmatch(self._text, colon, target.start) is None:
            return None
        bare = _TOLD.search(self._text, colon, target.start) is None and _ITEM_ENDS.match(self._text, target.end)
        return colon if bare and not self._is_header(line, colon) else None

    def _open_at(self, end: int, target: Target) -> list[CueMatch]:
        """Return the cues that are open at the colon of a head.

        Args:
            end: where the colon stands.
            target: an item of its list.
        """
        start = line_around(self._text, end, end)[0]
        for stop in _STOP.finditer(self._text, start, end):
            start = stop.end()
        behind = next(i for i in range(end + 1, len(self._text)) if self._text[i] not in " \t")
        places = [Target(end, end + 1, target.term), Target(behind, behind + 1, target.term)]
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
