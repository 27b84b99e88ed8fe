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

from extractor.ruleshapes import Connector, ResultRule
from extractor.scan import PatternSet
from extractor.terms import alternation, parts_of, whole_words

REACH = 140
"""Characters behind or before a mention in which its result is looked for."""


FAR = 320
"""Characters behind a mention in which words stand that are told of a whole list ("..., were all negative")."""
STATUSES = ("past", "not_taken", "to_start", "doubted")
"""Results that are the status of a drug or of a disease in its row."""
_SHORT = 40
"""Characters that a line has less than when it is the result of the test on the line above."""


_UNIT = re.compile(r"\s?(?:copies|cop|cps|IU|U)?(?:/mL)?[\s.;,]*", re.IGNORECASE)
"""What may stand behind a result that is a line of its own."""


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
    def _patterns(self) -> tuple[PatternSet, PatternSet]:
        """The rules behind a mention and those before it; a rule of the other kind matches nothing."""
        return (
            PatternSet([[] if r.before else _parts(r) for r in self.rules]),
            PatternSet([_parts(r) if r.before else [] for r in self.rules]),
        )

    @cached_property
    def _between(self) -> dict[str, re.Pattern[str]]:
        return {}

    def _joins(self, result: str, text: str, start: int, end: int) -> bool:
        """Return whether only words that do not part a test and its result stand in a stretch."""
        regex = self._between.get(result)
        if regex is None:
            regex = self._between[result] = self._connecting(result)
        return regex.fullmatch(text, start, end) is not None

    def _connecting(self, result: str) -> re.Pattern[str]:
        words = "|".join(
            alternation(c.terms, c.cased, c.patterns) for c in self.connectors if not c.results or result in c.results
        )
        signs = "[;|>]|" if result in STATUSES else ""
        return re.compile(rf"(?:{words}|{signs}[\s,:()/&=+*\"'#?-]|\.(?=\d))*", re.IGNORECASE)

    def find(
        self, text: str, sentence: tuple[int, int], start: int, end: int, label: str, next_name: int | None = None
    ) -> Result | None:
        """Return what is said of the mention at ``start:end``, if anything.

        Args:
            text: clean text.
            sentence: the mention's sentence.
            start: where the mention begins.
            end: where it ends.
            label: its label.
            next_name: where the next name behind it begins, of which words may be told rather than of the mention.
        """
        behind = self._behind(text, sentence, end, label) or self._over(text, sentence, end, label, next_name)
        before = self._before(text, sentence, start, label)
        if behind and before and text[before.end : start].isspace() and "," in text[end : behind.start]:
            return before  # "negative EBV PCR, positive CMV"
        return behind or before

    def _behind(self, text: str, sentence: tuple[int, int], end: int, label: str) -> Result | None:
        stop = min(sentence[1], end + REACH)
        below = self._line_below(text, end, stop)
        first: Result | None = None
        seen: set[int] = set()
        for index, m in self._patterns[0].find(text, end, stop, stop):
            if index in seen or self.rules[index].over or not _speaks_of(self.rules[index], label):
                continue
            seen.add(index)
            if first is None or (m.start(), -m.end()) < (first.start, -first.end):
                first = Result(self.rules[index].result, m.start(), m.end(), self.rules[index].id)
        if first is None and below is not None:
            return self._alone(text, *below, label)
        if first and self._joins(first.result, text, end, first.start):
            if first.result != "pending":
                return first
            return self._settled(text, first, stop, label) or self._over(text, sentence, end, label, None) or first
        return None

    def _over(self, text: str, sentence: tuple[int, int], end: int, label: str, next_name: int | None) -> Result | None:
        """Return a result that is told of all that its sentence names before it ("..., both negative"), or further behind the mention."""
        stop = min(sentence[1], end + FAR)
        for index, m in self._patterns[0].find(text, end, stop, stop):
            rule = self.rules[index]
            if rule.over and _speaks_of(rule, label):
                named = rule.over == "words" and next_name is not None and next_name < m.start()
                parted = self._parting.get(index)
                if not named and (parted is None or parted.search(text, end, m.start()) is None):
                    return Result(rule.result, m.start(), m.end(), rule.id)
        return None

    @cached_property
    def _parting(self) -> dict[int, re.Pattern[str]]:
        """The words that part a mention from those of a rule, by the rule's number."""
        rules = enumerate(self.rules)
        return {i: re.compile("|".join(r.unless_between), re.IGNORECASE) for i, r in rules if r.unless_between}

    def _alone(self, text: str, start: int, end: int, label: str) -> Result | None:
        """Return the result that a line consists of, if it does."""
        for index, m in self._patterns[0].find(text, start, end, end):
            if _speaks_of(self.rules[index], label) and m.start() == start and _UNIT.fullmatch(text, m.end(), end):
                return Result(self.rules[index].result, m.start(), m.end(), self.rules[index].id)
        return None

    def _line_below(self, text: str, end: int, stop: int) -> tuple[int, int] | None:
        """Return the next line where nothing but connectors stands behind a mention on its own, and that is short enough to be its result."""
        newline = text.find("\n", end, end + _SHORT)
        if newline < 0 or text[newline + 1 : stop].strip() or not self._joins("negative", text, end, newline):
            return None
        line = text[newline + 1 : newline + 1 + _SHORT].split("\n", 1)[0]
        start = newline + 1 + len(line) - len(line.lstrip())
        return (start, newline + 1 + len(line.rstrip())) if line.strip() and len(line) < _SHORT else None

    def _settled(self, text: str, pending: Result, stop: int, label: str) -> Result | None:
        """Return the result that follows words of waiting ("sent 10/2: not detected"), if one does."""
        seen: set[int] = set()
        for index, m in self._patterns[0].find(text, pending.end, stop, stop):
            rule = self.rules[index]
            if index in seen or rule.over or rule.result in ("pending", "yes") or not _speaks_of(rule, label):
                continue
            seen.add(index)
            if self._joins(rule.result, text, pending.end, m.start()):
                return Result(rule.result, m.start(), m.end(), rule.id)
        return None

    def _before(self, text: str, sentence: tuple[int, int], start: int, label: str) -> Result | None:
        low = max(sentence[0], start - REACH)
        last: Result | None = None
        for index, m in self._patterns[1].find(text, low, start, start):
            rule = self.rules[index]
            if _speaks_of(rule, label) and (
                last is None or (m.end(), m.end() - m.start()) > (last.end, last.end - last.start)
            ):
                last = Result(rule.result, m.start(), m.end(), rule.id)
        if last and self._joins(last.result, text, last.end, start):
            return last
        return None


def _parts(rule: ResultRule) -> list[str]:
    """Return the expressions of a rule in the order in which they are tried."""
    return [whole_words([p]) for p in parts_of(rule.terms, rule.cased)] + [f"(?:{p})" for p in rule.patterns]


def _speaks_of(rule: ResultRule, label: str) -> bool:
    return label in rule.labels if rule.labels else label not in rule.not_labels
