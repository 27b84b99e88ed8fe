"""What words say of a mention: a test's negative, positive or pending, a template's no or yes.

Results stand behind their test ("EBV PCR: not detected", "EBV, CMV and HSV negative", a cell of a
table) or before it ("negative for EBV"). Words of results, and the words that may stand between a
test and its result, are data (``rules/results.yaml``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from extractor.rulefiles import Connector, ResultRule
from extractor.terms import alternation

REACH = 140
"""Characters behind or before a mention in which its result is looked for."""


class Result(NamedTuple):
    """What is said of a mention: the rule's result, where its words stand, and the rule's id."""

    result: str
    start: int
    end: int
    rule: str


@dataclass(frozen=True)
class ResultFinder:
    """Finds the result of a mention.

    Args:
        rules: result words.
        connectors: what may stand between a test and its result.
    """

    rules: tuple[ResultRule, ...]
    connectors: tuple[Connector, ...]

    @cached_property
    def _regexes(self) -> tuple[tuple[ResultRule, re.Pattern[str]], ...]:
        return tuple(
            (
                r,
                re.compile(
                    alternation(r.terms, r.cased)
                    + ("|" + "|".join(f"(?:{p})" for p in r.patterns) if r.patterns else "")
                    if r.terms or r.cased
                    else "|".join(f"(?:{p})" for p in r.patterns),
                    re.IGNORECASE,
                ),
            )
            for r in self.rules
        )

    @cached_property
    def _between(self) -> dict[str, re.Pattern[str]]:
        return {result: self._connecting(result) for result in {r.result for r in self.rules}}

    def _connecting(self, result: str) -> re.Pattern[str]:
        words = "|".join(
            alternation(c.terms, c.cased, c.patterns) for c in self.connectors if not c.results or result in c.results
        )
        signs = "[;|]|" if result == "past" else ""
        return re.compile(rf"(?:{words}|{signs}[\s,:()/&=+*\"'#?-]|\.(?=\d))*", re.IGNORECASE)

    def allowed(self, label: str) -> list[tuple[ResultRule, re.Pattern[str]]]:
        """Return the rules that may speak of a label."""
        return [(r, x) for r, x in self._regexes if (label in r.labels if r.labels else label not in r.not_labels)]

    def find(self, text: str, sentence: tuple[int, int], start: int, end: int, label: str) -> Result | None:
        """Return what is said of the mention at ``start:end``, if anything.

        Args:
            text: clean text.
            sentence: the mention's sentence.
            start: where the mention begins.
            end: where it ends.
            label: its label.
        """
        behind, before = self._behind(text, sentence, end, label), self._before(text, sentence, start, label)
        if behind and before and text[before.end : start].isspace() and "," in text[end : behind.start]:
            return before  # "negative EBV PCR, positive CMV"
        return behind or before

    def _behind(self, text: str, sentence: tuple[int, int], end: int, label: str) -> Result | None:
        stop = min(sentence[1], end + REACH)
        first: Result | None = None
        for rule, regex in self.allowed(label):
            if rule.before:
                continue
            m = regex.search(text, end, stop)
            if m and (first is None or (m.start(), -m.end()) < (first.start, -first.end)):
                first = Result(rule.result, m.start(), m.end(), rule.id)
        if first and self._between[first.result].fullmatch(text, end, first.start):
            return (self._settled(text, first, stop, label) or first) if first.result == "pending" else first
        return None

    def _settled(self, text: str, pending: Result, stop: int, label: str) -> Result | None:
        """Return the result that follows words of waiting ("sent 10/2: not detected"), if one does."""
        for rule, regex in self.allowed(label):
            if rule.before or rule.result in ("pending", "yes"):
                continue
            m = regex.search(text, pending.end, stop)
            if m and self._between[rule.result].fullmatch(text, pending.end, m.start()):
                return Result(rule.result, m.start(), m.end(), rule.id)
        return None

    def _before(self, text: str, sentence: tuple[int, int], start: int, label: str) -> Result | None:
        low = max(sentence[0], start - REACH)
        last: Result | None = None
        for rule, regex in self.allowed(label):
            if not rule.before:
                continue
            for m in regex.finditer(text, low, start):
                if last is None or (m.end(), m.end() - m.start()) > (last.end, last.end - last.start):
                    last = Result(rule.result, m.start(), m.end(), rule.id)
        if last and self._between[last.result].fullmatch(text, last.end, start):
            return last
        return None
