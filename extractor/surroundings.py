"""What stands around a mention: its value, the course of its disease, and later results of its test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from extractor.dates import DateMention, find_dates, parse_date
from extractor.matching import Target
from extractor.results import ResultFinder
from extractor.rulebook import Rulebook
from extractor.ruleshapes import CourseRule
from extractor.schema import Note
from extractor.storydates import words_by_kind
from extractor.terms import alternation
from extractor.values import (
    Value,
    read_age,
    read_count,
    read_height,
    read_item,
    read_load,
    read_pft,
    read_steroid,
    read_weight,
)

_FULL = len("2025-01-01")
_COURSE_BEFORE, _COURSE_BEHIND = 60, 140
"""Characters before and behind a mention in which its course is told, within its sentence."""
_ONWARDS = 200
"""Characters behind a mention in which the sentence behind its own is read too."""
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_LOAD_REACH = 34
"""Characters behind a date in which its viral load stands."""


class Surroundings:
    """Reads what stands around mentions.

    Args:
        book: the rules.
        results: what finds results of tests.
    """

    def __init__(self, book: Rulebook, results: ResultFinder) -> None:
        self._book, self._results = book, results
        self._by_kind = words_by_kind(book.dates)

    def _words(self, kind: str) -> re.Pattern[str]:
        return self._by_kind.get(kind, _NOTHING)

    def is_of_a_test(self, text: str, end: int) -> bool:
        """Return whether the name of a disease that ends here is that of a test for it ("primary HLH genes")."""
        return self._words("of_a_test_behind").match(text, end) is not None

    def course(self, text: str, sentence: tuple[int, int], target: Target, company: Sequence[Target]) -> dict[str, Any]:
        """Return what the words around a mention say of the course of the disease: active, cured, treated, watched."""
        rules = [r for r in self._book.courses if target.term.label in r.labels]
        if not rules:
            return {}
        low, high = neighbourhood(sentence, target, company)
        start = max(low, target.start - _COURSE_BEFORE)
        around = text[start : min(high, target.end + _COURSE_BEHIND)]
        onwards = text[start : _paragraph_end(text, target.end)] if high == sentence[1] else around
        said = (rule for rule in rules if _said(rule, onwards if rule.onwards else around))
        return {k: v for rule in said for k, v in rule.details.items()}

    def repeat(
        self,
        text: str,
        sentence: tuple[int, int],
        target: Target,
        company: Sequence[Target],
        dates: Sequence[DateMention],
    ) -> dict[str, Any]:
        """Return the latest result of a test that is repeated ("3,000 copies 2/20, repeat 2/27 not detected"), with its day."""
        high = neighbourhood(sentence, target, company)[1]
        behind = [d for d in dates if target.end <= d.start and d.end <= high and len(d.iso) == _FULL]
        if len(behind) > 1:
            ends = [*(d.start for d in behind[1:]), high]
            told = [
                (d.iso, r)
                for d, end in zip(behind, ends, strict=True)
                if (r := self._result_behind(text, target, d.end, end))
            ]
            if len(told) > 1:
                latest = max(told)
                return {"repeat": latest[1], "repeat_on": latest[0]}
        for word in reversed(list(self._words("repeats").finditer(text, target.end, high))):
            if found := self._result_behind(text, target, word.end(), high):
                return {"repeat": found}
        return {}

    def _result_behind(self, text: str, target: Target, position: int, high: int) -> str | None:
        """Return the result of a test that stands right behind a later word or date of its row."""
        if self._words("other_test").search(text, target.end, position):
            return None
        found = self._results.find(text, (position, high), position, position, target.term.label)
        if found and found.result in ("negative", "positive", "low_level"):
            return found.result
        load = read_load(text, position, min(high, position + _LOAD_REACH))
        return load.result if load else None

    def value(
        self, text: str, sentence: tuple[int, int], target: Target, company: Sequence[Target], note: Note
    ) -> Value:
        """Return the value of a mention: a dose, a laboratory value, a viral load, an age or a measure of the body."""
        label, details = target.term.label, target.term.entry.details
        start, end = target.start, target.end
        if label == "PFT":
            return read_pft(text, start, end, details.get("test"))
        if label in ("HLH_FEATURE", "_LAB"):
            return read_item(text, start, end, sentence[1], details)
        if label == "AGE":
            return read_age(text, start, end)
        if label == "WEIGHT":
            return read_weight(text, start, end)
        if label == "HEIGHT":
            return read_height(text, start, end)
        if label == "STEROID":
            low, high = neighbourhood(sentence, target, company)
            noted = parse_date(note.note_date)
            return read_steroid(text, low, start, end, high, details, noted.year if noted else None)
        if label == "_HLH_CRITERIA" and details.get("kind") == "count":
            return Value(details={"count": read_count(text[start:end])})
        if label == "_BIRTH_DATE":
            return Value(details={"born": _birth(text, start, end)})
        if label == "EBV" and details.get("test") in ("pcr", "virus", "disease"):
            high = neighbourhood(sentence, target, company)[1]
            return read_load(text, end, high, bare=details.get("test") == "pcr") or Value()
        return Value()


_NOTHING = re.compile(r"(?!)")


@lru_cache(maxsize=64)
def _course_regex(rule: CourseRule) -> re.Pattern[str]:
    return re.compile(alternation(rule.terms, rule.cased, rule.patterns), re.IGNORECASE)


def _paragraph_end(text: str, position: int) -> int:
    """Return where the paragraph behind a mention ends, or so far as is looked."""
    return next((m.start() for m in _PARAGRAPH.finditer(text, position, position + _ONWARDS)), position + _ONWARDS)


_UNSAID = re.compile(r"\b(?:no|not|without|w/o|never|nil|free\sof|non)[\s-](?:\w+\s)?$", re.IGNORECASE)
_UNSAID_BEHIND = re.compile(r"\s?(?:[:=]\s?|\(\s?)(?:no|n|none|nil|never)(?![A-Za-z])", re.IGNORECASE)


def _said(rule: CourseRule, around: str) -> bool:
    """Return whether a course is stated, and not denied by the word before it ("no relapse") or in its field ("active: no")."""
    return any(
        not _UNSAID.search(around[: m.start()]) and not _UNSAID_BEHIND.match(around, m.end())
        for m in _course_regex(rule).finditer(around)
    )


def _birth(text: str, start: int, end: int) -> str | None:
    """Return the date or year of birth in a stretch of text; placeholders leave the year."""
    dates = find_dates(text, start, end, None)
    if dates and not dates[0].ambiguous:
        return dates[0].iso
    year = re.search(r"(?:19|20)\d\d", text[start:end])
    return year.group() if year else None


def neighbourhood(sentence: tuple[int, int], target: Target, company: Sequence[Target]) -> tuple[int, int]:
    """Return the stretch around a mention up to the nearest mentions of its own label."""
    low = max(
        (t.end for t in company if t.term.label == target.term.label and t.end <= target.start), default=sentence[0]
    )
    high = min(
        (t.start for t in company if t.term.label == target.term.label and t.start >= target.end), default=sentence[1]
    )
    return max(low, sentence[0]), high
