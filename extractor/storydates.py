"""Dates of events that stand further off than a mention's own sentence, and years that are dates of no event.

An episode that is dated before the encounter is past throughout its narrative (annotation guideline, section 5). Its date is that
with which its row begins ("03/2023  axi-cel infused. CRS, treated with dexamethasone"), or the last one before the mention in its
paragraph or list item, so long as nothing in between says that the story has come to the present.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from extractor.dates import DateMention, NoteDates, find_dates
from extractor.matching import Target
from extractor.ruleshapes import DateRule, PersonRule

_BEFORE, _BEHIND = 30, 40
"""Characters before and behind a date in which words about it are looked for."""
REACH = 400
"""Characters before a mention in which the date of its story is looked for."""
_OF_ROWS = frozenset(
    {"CAR_T", "TCE", "ADC", "STEROID", "EBV", "HLH", "STEROID_RESPONSE", "PFT", "HLH_FEATURE", "WEIGHT", "MALIGNANCY"}
    | {"HLH_CAUSE"}
)
"""Labels of what a dated row may report."""
_OF_STORIES = _OF_ROWS - {"MALIGNANCY", "WEIGHT"}
"""Labels of what is past in the narrative of a past episode; a disease goes on, and a weight is mostly today's."""


def is_episode(target: Target) -> bool:
    """Return whether a disease comes and goes ("organizing pneumonia in 2017"), so that its date is that of an event."""
    return bool(target.term.entry.details.get("episode"))


_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_ROW_LEAD = re.compile(
    r"[ \t]*(?:[-*+>#|][ \t]*|\(?\d{1,2}[.):]?[ \t]+|[1-9](?:st|nd|rd|th|L)[ \t]+|(?:line|cycle|L)[ \t]?\d[:.]?[ \t]+)?"
    r"(?:(?:in|since|on|from|early|late|mid|spring|summer|fall|autumn|winter)[ \t])?"
    rf"(?=[\d'(\[*]|{_MONTH})[^\s:|\t]{{1,12}}(?:[ \t]?[-/,.][ \t]?[^\s:|\t]{{1,12}}|[ \t][^\s:|\t]{{2,9}}){{0,2}}"
    r"(?=[ \t]*[:|\t]|[ \t]|$)",
    re.IGNORECASE,
)


def words_by_kind(rules: Sequence[DateRule] | Sequence[PersonRule]) -> dict[str, re.Pattern[str]]:
    """Return an expression for each kind of the words around dates, or for persons.

    Args:
        rules: the rules of ``dates.yaml`` or ``persons.yaml``.
    """
    kinds: set[str] = {rule.kind for rule in rules}
    return {
        kind: re.compile("|".join(f"(?:{p})" for r in rules if r.kind == kind for p in r.patterns), re.IGNORECASE)
        for kind in kinds
    }


class StoryDates:
    """Tells the dates of events, and of the stories in which mentions stand.

    Args:
        rules: the rules of ``dates.yaml``.
    """

    def __init__(self, rules: Sequence[DateRule]) -> None:
        self._words = words_by_kind(rules)

    def _before(self, kind: str, text: str, date: DateMention) -> bool:
        words = self._words.get(kind)
        return words is not None and words.search(text, max(0, date.start - _BEFORE), date.start) is not None

    def _behind(self, kind: str, text: str, date: DateMention) -> bool:
        words = self._words.get(kind)
        return words is not None and words.match(text, date.end, date.end + _BEHIND) is not None

    def _names_standard(self, text: str, date: DateMention) -> bool:
        """Return whether a date is part of the name of a protocol or of criteria ("HLH-2004")."""
        words = self._words.get("standard")
        return words is not None and any(
            m.end() == date.end for m in words.finditer(text, max(0, date.start - _BEFORE), date.end)
        )

    def _between(self, kind: str, text: str, start: int, end: int) -> bool:
        words = self._words.get(kind)
        return words is not None and words.search(text, start, end) is not None

    def is_of_event(self, text: str, date: DateMention) -> bool:
        """Return whether a date is that of an event: no birth date, no score, no year in the name of criteria, no value like a year.

        Args:
            text: clean text.
            date: a date in it.
        """
        if (
            self._before("no_event_before", text, date)
            or self._names_standard(text, date)
            or _is_of_writing(text, date)
        ):
            return False
        return len(date.iso) != 4 or not (
            self._before("no_year_before", text, date) or self._behind("no_year_behind", text, date)
        )

    def of_mention(self, text: str, note_date: str | None, target: Target, dates: NoteDates) -> DateMention | None:
        """Return the date of the row or of the narrative in which a mention stands, if it has one.

        Args:
            text: clean text.
            note_date: ISO date of the note.
            target: the mention, whose own sentence holds no date for it.
            dates: the dates of the note.
        """
        if target.term.label not in _OF_ROWS and not is_episode(target):
            return None
        return self.of_row(text, note_date, target) or self._of_paragraph(text, target, dates)

    def _events(self, text: str, start: int, end: int, note_date: str | None) -> list[DateMention]:
        return [d for d in find_dates(text, start, end, note_date) if self.is_of_event(text, d)]

    def of_row(self, text: str, note_date: str | None, target: Target) -> DateMention | None:
        """Return the date with which the row of a mention begins, if nothing behind it says that it reaches to the present.

        Args:
            text: clean text.
            note_date: ISO date of the note.
            target: the mention.
        """
        line = _line_start(text, target.start)
        for _ in range(3):  # a row may go on in further lines, indented
            lead = _ROW_LEAD.match(text, line, target.start)
            found = self._events(text, line, lead.end(), note_date) if lead else []
            if lead and found:
                return None if self._between("ends_row", text, lead.end(), target.start) else found[-1]
            indent = len(text[line : line + 40]) - len(text[line : line + 40].lstrip(" "))
            above = _line_start(text, max(0, line - 1))
            if indent < 6 or above == line or not text[above : line - 1].strip():
                return None
            line = above
        return None

    def _of_paragraph(self, text: str, target: Target, dates: NoteDates) -> DateMention | None:
        if target.term.label not in _OF_STORIES and not is_episode(target):
            return None
        low = max(0, target.start - REACH)
        low = max(low, text.rfind("\n\n", low, target.start))
        for item in _ITEM.finditer(text, low, target.start):
            low = item.end()
        found = [
            d
            for d in dates.between(low, target.start)
            if self.is_of_event(text, d)
            and not _is_aside(text, d, target)
            and not self._behind("no_story_behind", text, d)
        ]
        if not found or self._before("no_story_before", text, found[-1]):
            return None
        return None if self._between("ends_story", text, found[-1].end, target.start) else found[-1]


def _is_of_writing(text: str, date: DateMention) -> bool:
    """Return whether a date is that on which the note was written: a day without its year with which it begins ("5/11 family meeting").

    Not that of a row, which a gap, an arrow or a second date parts from what it tells ("3/2   methylpred", "5/21-5/23 dexamethasone").
    """
    return (
        date.end <= _HEAD
        and _DAY_ALONE.fullmatch(text, 0, date.end) is not None
        and _OF_A_ROW.match(text, date.end) is None
    )


_HEAD = 16
"""Characters at a note's beginning within which such a date ends."""
_DAY_ALONE = re.compile(r"\s*[\[(*#-]{0,2}\s?\d{1,2}/\d{1,2}")
_OF_A_ROW = re.compile(r"[ ]{2}|\t|[ ]?(?:[-\u2013\u2192]|to\b)")


def _is_aside(text: str, date: DateMention, target: Target) -> bool:
    """Return whether a date begins no story: it stands in the title of the note or in brackets that are closed."""
    title = text.find("\n")
    if date.end <= title <= 160 and title < target.start:
        return True
    opened = text.rfind("(", max(0, date.start - 60), date.start)
    closed = text.find(")", date.end, target.start)
    return opened >= 0 and closed >= 0 and text.find(")", opened, date.start) < 0


_ITEM = re.compile(r"\n(?=[ \t]*(?:[-*#]|\d{1,2}[.)])[ \t])")


def _line_start(text: str, position: int) -> int:
    """Return where the line of a position begins, or, in a very long line, a place before the position."""
    low = max(0, position - REACH)
    return text.rfind("\n", low, position) + 1 or low
