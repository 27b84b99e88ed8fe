"""The age at which something happened, where it is told in place of a date ("lymphoma at age 20", "in her twenties")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from extractor.numbers import TEENS_AND_TENS, WORDS
from extractor.ruleshapes import DateRule

_REACH = 60
"""Characters around a mention in which an age is looked for."""


class AgeTold(NamedTuple):
    """The greatest age at which something happened, and where that is told."""

    age: int
    start: int
    end: int


_WORDS = "|".join(sorted(TEENS_AND_TENS, key=len, reverse=True))
_AT = re.compile(
    r"(?<![A-Za-z])(?:at\s(?:the\s)?age(?:\sof)?|at|when\s(?:only\s)?(?:s?he|they|pt|the\spatient)\swas(?:\saged)?|aged)\s(?:about\s|around\s|~\s?)?"
    rf"(?P<n>\d{{1,2}}|(?:{_WORDS})(?:-(?:one|two|three|four|five|six|seven|eight|nine))?(?![a-z-]))"
    r"(?![\d:/%]|[.,]\d|\s?(?:mg|g\b|cm|mm|kg|am\b|pm\b|weeks?|wks?|days?|d\b|months?|mos?\b|h\b|hours?|%|x\b|-))(?:\s?(?:years?|yrs?|yo|y)(?:\sold|\sof\sage)?(?![a-z]))?",
    re.IGNORECASE,
)
_BARE = re.compile(r"at\s(?:about\s|around\s|~\s?)?(?!the\b|age\b)\w", re.IGNORECASE)
_BEHIND_BARE = re.compile(r"\s?(?:[.,;:()\n]|$)|\s(?:with|and|in|but|while|when|which|who|s?he|they)\b", re.IGNORECASE)
"""What may follow an age that only "at" announces: "at 17 with two nights on a ward", but no "at 11 clinics"."""
_BREAK = re.compile(r"[;\n]|\.\s")
_OTHER_CLAUSE = re.compile(
    r"\b(?:and|but|now|today|currently)\s(?:now\s)?(?:s?he|they|pt|patient|has|is)\b", re.IGNORECASE
)
"""What begins a clause of its own between an age and the disease behind it."""


class Ages:
    """Tells ages at which something happened.

    Args:
        rules: the rules of ``dates.yaml``.
    """

    def __init__(self, rules: Sequence[DateRule]) -> None:
        self._stages = [
            (re.compile(rf"(?<![A-Za-z])(?:{'|'.join(r.patterns)})(?![A-Za-z])", re.IGNORECASE), r.age)
            for r in rules
            if r.age is not None
        ]

    def told(self, text: str, low: int, start: int, end: int, high: int, *, bare: bool = True) -> AgeTold | None:
        """Return the greatest age that the patient had when what a mention names happened, if an age is told.

        Args:
            text: clean text.
            low: how far to the left the age may stand.
            start: where the mention begins.
            end: where it ends.
            high: how far to the right.
            bare: whether a number behind "at" alone is an age ("mono at 17", but "steroids at 25").
        """
        low, high = max(low, start - _REACH), min(high, end + _REACH)
        behind = _BREAK.split(text[end:high], maxsplit=1)[0]
        before = _OTHER_CLAUSE.split(_BREAK.split(text[low:start])[-1])[-1]
        for words, offset, forward in ((behind, end, True), (before, start - len(before), False)):
            found = [
                AgeTold(_count(m["n"]), offset + m.start(), offset + m.end())
                for m in _AT.finditer(words)
                if (forward or not m[0].lower().startswith("aged"))
                and not (_BARE.match(m[0]) and not (bare and _BEHIND_BARE.match(words, m.end())))
            ]
            for regex, age in self._stages:
                if m := regex.search(words):
                    found.append(AgeTold(age, offset + m.start(), offset + m.end()))
            if found:
                return min(found, key=_start) if forward else max(found, key=_start)
        return None


def _count(words: str) -> int:
    """Return an age told in figures or in words ("seventeen", "seventy-one")."""
    if words.isdigit():
        return int(words)
    tens, _, ones = words.lower().partition("-")
    return TEENS_AND_TENS[tens] + (WORDS[ones] if ones else 0)


def _start(told: AgeTold) -> int:
    return told.start
