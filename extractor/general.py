"""Statements of general knowledge, criteria, glossaries and other people's cases, which are not of this patient."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property

from extractor.lines import line_around
from extractor.ruleshapes import GeneralRule
from extractor.scan import PatternSet

_REMEMBERED = 100
"""Sentences of which it is remembered what they say."""
REACH = 500
"""Characters around a sentence within which a citation makes its company literature; a paragraph's end ends them too."""
PART = 12_000
"""Characters that a heading such as "Discussion" reaches at most."""
TEACHING = 1500
"""Characters that a heading such as "Learning points" reaches; an empty line behind its first paragraph ends it too."""
BACKMATTER = 900
"""Characters that a heading such as "Funding" reaches."""
MEASURED = frozenset({"AGE", "WEIGHT", "HEIGHT", "PFT"})
"""Labels whose values are somebody's own; only the sentence itself tells whose."""
_NARRATIVE = re.compile(
    r"\b(?:was|were|showed|revealed|underwent|developed|received|started|remained|became|improved|responded)\b", re.I
)
_SAID = ("strong", "weak", "statement")
"""Kinds of rules of which it is asked whether a sentence says them."""
_PARAGRAPH = re.compile(r"\n[ \t]*\n")


class GeneralKnowledge:
    """Tells which sentences speak of the world and not of the patient.

    Args:
        rules: the rules of ``general.yaml``.
    """

    def __init__(self, rules: Sequence[GeneralRule]) -> None:
        self._rules = rules

    def _regex(self, kind: str) -> re.Pattern[str] | None:
        parts = [p for rule in self._rules if rule.kind == kind for p in rule.patterns]
        return re.compile("|".join(f"(?:{p})" for p in parts), re.IGNORECASE) if parts else None

    @cached_property
    def regexes(self) -> dict[str, re.Pattern[str]]:
        """The expressions of each other kind of rule, joined."""
        kinds = {rule.kind for rule in self._rules} - {*_SAID}
        return {kind: regex for kind in kinds if (regex := self._regex(kind))}

    @cached_property
    def _sayings(self) -> PatternSet:
        """What sentences say, by kind in the order of ``_SAID``; looked for together, for all are asked of most."""
        return PatternSet([[f"(?:{p})" for r in self._rules if r.kind == kind for p in r.patterns] for kind in _SAID])

    def read(self, text: str) -> GeneralText:
        """Return the reader of one text.

        Args:
            text: the clean text of a note.
        """
        return GeneralText(text, self.regexes, self._sayings)


class GeneralText:
    """One text, of which sentences are asked.

    Args:
        text: the clean text.
        regexes: the expressions by kind.
        sayings: those of the kinds that sentences say.
    """

    def __init__(self, text: str, regexes: dict[str, re.Pattern[str]], sayings: PatternSet) -> None:
        self._text = text
        self._regexes = regexes
        self._sayings = sayings
        self._others: tuple[tuple[int, int], list[tuple[int, int]]] = ((-1, -1), [])
        """What stands in the last sentence that was asked of, and is of others."""
        self._said: dict[tuple[int, int], frozenset[str]] = {}

    def is_general(self, sentence: tuple[int, int], start: int, end: int, label: str) -> bool:
        """Return whether a span stands in a statement that is not of this patient.

        Args:
            sentence: where its sentence stands.
            start: where the span begins.
            end: where it ends.
            label: its label.
        """
        if not self._regexes and not self._sayings.parts:
            return False
        if self._inside_other(sentence, start, end) or self._in_backmatter(start, label):
            return True
        low, high = self._between_marks(sentence, start, end)
        if self._says("strong", low, high):
            return False
        cited = self._cited(low, high)
        part = self._literature_part(low) or self._taught(start)
        weak = self._says("weak", low, high)
        if cited and (part or not weak):
            return True
        if (part or not weak) and self._says("statement", low, high):
            return not (label in MEASURED and not part)
        if weak or label in MEASURED:
            return False
        if part:
            return True
        if any(c.isdigit() for c in self._text[start:end]):
            return False  # a value is somebody's own
        return self._near_citation(low, high) and not _NARRATIVE.search(self._text, low, high)

    def _says(self, kind: str, low: int, high: int) -> bool:
        said = self._said.get((low, high))
        if said is None:
            if len(self._said) >= _REMEMBERED:
                self._said.clear()  # sentences are asked of in order
            found = self._sayings.matching(self._text, low, high, high)
            said = self._said[low, high] = frozenset(_SAID[i] for i in found)
        return kind in said

    def _between_marks(self, sentence: tuple[int, int], start: int, end: int) -> tuple[int, int]:
        """Return the part of a sentence between raised citation numbers, behind which no sentence is seen to end."""
        low, high = sentence
        before = bisect_left(self._raised, (start, start)) - 1
        if before >= 0 and self._raised[before][1] > low:
            low = self._raised[before][1]
        after = bisect_left(self._raised, (end, end))
        if after < len(self._raised) and self._raised[after][0] < high:
            high = self._raised[after][0]
        return low, high

    def _inside_other(self, sentence: tuple[int, int], start: int, end: int) -> bool:
        regex = self._regexes.get("other")
        low, high = sentence
        low, high = max(low, start - REACH), min(high, end + REACH)
        if regex and (low, high) != self._others[0]:
            self._others = (low, high), [m.span() for m in regex.finditer(self._text, low, high)]
        if any(first < end and start < last for first, last in self._others[1]):
            return True
        return self._row_of_others(start) or self._row_of_cases(start)

    @cached_property
    def _case_tables(self) -> list[tuple[int, int]]:
        """Where tables stand that have a line for each of some cases, told by what became of them."""
        regex = self._regexes.get("table")
        found = [m.span() for m in regex.finditer(self._text)] if regex and "  " in self._text else []
        return [
            (low, end.start() if (end := _PARAGRAPH.search(self._text, high)) else len(self._text))
            for low, high in found
        ]

    def _row_of_cases(self, at: int) -> bool:
        return any(low <= at < high for low, high in self._case_tables)

    def _row_of_others(self, at: int) -> bool:
        """Return whether a place stands in a table that has a line for each author or citation."""
        low, high = line_around(self._text, at, at)
        if self._text.count("\t", low, high) < 2:
            return False
        above = self._text.rfind("\n\n", max(0, low - 3000), low)
        below = self._text.find("\n\n", high, high + 3000)
        block = (
            above if above >= 0 else max(0, low - 3000),
            below if below >= 0 else min(len(self._text), high + 3000),
        )
        return self._cited(*block)

    @cached_property
    def _raised(self) -> list[tuple[int, int]]:
        """Where citation numbers stand that lost their place above the line; fewer than three may be anything."""
        raised = self._regexes.get("superscript")
        marks = [m.span() for m in raised.finditer(self._text)] if raised else []
        return marks if len(marks) >= 3 else []

    @cached_property
    def _references(self) -> list[int]:
        found: list[int] = []
        numbered = self._regexes.get("reference")
        if numbered and ("[" in self._text or "(" in self._text or " et al" in self._text or " and co" in self._text):
            found += [m.start() for m in numbered.finditer(self._text)]
        return sorted(found + [start for start, _ in self._raised])

    def _cited(self, low: int, high: int) -> bool:
        i = bisect_left(self._references, low)
        return i < len(self._references) and self._references[i] <= high + 1

    def _near_citation(self, low: int, high: int) -> bool:
        if not self._references:
            return False
        before = [m.end() for m in _PARAGRAPH.finditer(self._text, max(0, low - REACH), low)]
        after = _PARAGRAPH.search(self._text, high, high + REACH)
        heading = bisect_right(self._parts, (low, True)) - 1
        first = max([low - REACH, *before, *([self._parts[heading][0]] if heading >= 0 else [])])
        return self._cited(first, after.start() if after else high + REACH)

    @cached_property
    def _backmatter(self) -> list[int]:
        regex = self._regexes.get("backmatter")
        return [m.start() for m in regex.finditer(self._text)] if regex and "\n" in self._text else []

    def _in_backmatter(self, at: int, label: str) -> bool:
        """Return whether a place stands among the declarations at the end of a published report.

        Two of their headings must be near; consent, which is declared among them, may also stand shortly before them.
        """
        i = bisect_left(self._backmatter, at)
        before = self._backmatter[i - 1] if i else -PART
        after = self._backmatter[i] if i < len(self._backmatter) else at + PART
        if label == "CONSENT" and (at - before <= BACKMATTER or after - at <= BACKMATTER):
            return True
        two_before = self._backmatter[i - 2] if i >= 2 else -PART
        return at - before <= BACKMATTER and (after - at <= BACKMATTER or at - two_before <= BACKMATTER)

    @cached_property
    def _lessons(self) -> list[int]:
        regex = self._regexes.get("teaching")
        return [m.end() for m in regex.finditer(self._text)] if regex and "\n" in self._text else []

    def _taught(self, at: int) -> bool:
        """Return whether a place stands in the paragraph under a heading that teaches."""
        i = bisect_right(self._lessons, at) - 1
        if i < 0 or at - self._lessons[i] > TEACHING:
            return False
        first = _PARAGRAPH.search(self._text, self._lessons[i] + len("\n\n"))
        return first is None or at < first.end()

    @cached_property
    def _parts(self) -> list[tuple[int, bool]]:
        literature, case = self._regexes.get("literature"), self._regexes.get("case")
        if not literature or "\n" not in self._text:
            return []
        parts = [(m.end(), True) for m in literature.finditer(self._text)]
        if parts and case:
            parts += [(m.end(), False) for m in case.finditer(self._text)]
        return sorted(parts)

    def _literature_part(self, at: int) -> bool:
        """Return whether a place stands under a heading of the literature, with a citation in the same part."""
        i = bisect_right(self._parts, (at, True)) - 1
        if i < 0 or not self._parts[i][1] or at - self._parts[i][0] > PART:
            return False
        low = self._parts[i][0]
        high = self._parts[i + 1][0] if i + 1 < len(self._parts) else len(self._text)
        return self._cited(low, min(high, low + PART))
