"""Dates of events that stand further off than a mention's own sentence, and years that are dates of no event.

An episode that is dated before the encounter is past throughout its narrative (annotation guideline, section 5). Its date is that
with which its row begins ("03/2023  axi-cel infused. CRS, treated with dexamethasone"), or the last one before the mention in its
paragraph or list item, so long as nothing in between says that the story has come to the present.
"""

from __future__ import annotations

import re

from extractor.dates import DateMention, find_dates
from extractor.matching import Target

REACH = 400
"""Characters before a mention in which the date of its story is looked for."""
_OF_ROWS = frozenset(
    {"CAR_T", "TCE", "ADC", "STEROID", "EBV", "HLH", "STEROID_RESPONSE", "PFT", "HLH_FEATURE", "WEIGHT", "MALIGNANCY"}
    | {"HLH_CAUSE"}
)
"""Labels of what a dated row may report."""
_OF_STORIES = _OF_ROWS - {"MALIGNANCY", "WEIGHT"}
"""Labels of what is past in the narrative of a past episode; a disease goes on, and a weight is mostly today's."""
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_ROW_LEAD = re.compile(
    r"[ \t]*(?:[-*+>#|][ \t]*|\(?\d{1,2}[.):]?[ \t]+|[1-9](?:st|nd|rd|th|L)[ \t]+|(?:line|cycle|L)[ \t]?\d[:.]?[ \t]+)?"
    r"(?:(?:in|since|on|from|early|late|mid|spring|summer|fall|autumn|winter)[ \t])?"
    rf"(?=[\d'(\[*]|{_MONTH})[^\s:|\t]{{1,12}}(?:[ \t]?[-/,.][ \t]?[^\s:|\t]{{1,12}}|[ \t][^\s:|\t]{{2,9}}){{0,2}}"
    r"(?=[ \t]*[:|\t]|[ \t]|$)",
    re.IGNORECASE,
)
_NOW = re.compile(
    r"\b(?:now|current(?:ly)?|today|ongoing|present(?:ly)?|still|since|this\s(?:admission|visit|week|morning))\b",
    re.IGNORECASE,
)
_PRESENT = re.compile(
    r"\b(?:now|current(?:ly)?|today|tonight|ongoing|present(?:ly|s|ed|ing)?|still|since|this|plan|recommend|continue[sd]?|cont|will|dx|"
    r"diagnosed|recently|last|admitted|admission|on\sexam\w*|started|vitals?|meds?|medications?|ROS|obs|BP|HR)\b|:|[ ]{3}|[\t|]",
    re.IGNORECASE,
)
_ONSET = re.compile(
    r"(?:\bdx'?d?|diagnos\w+|since|onset|known|born|until)\W{0,4}(?:in|on|with|age|\w+)?\W*$", re.IGNORECASE
)
_BORN = re.compile(r"\b(?:born|b\.|DOB|D\.O\.B\.|geb\.?|birth)\W{0,3}(?:(?:on|in|date|year)\W{0,3})?$", re.IGNORECASE)
_NAMED_BY_YEAR = re.compile(
    r"(?:\bHLH|ACR|EULAR|ASTCT|WHO|GLI|GOLD|PRINTO|ISHLT|Yamaguchi|Lugano|ATS|ERS|Ravelli|criteria|classification)[\s/(-]{0,3}$|[<>=]\s?$",
    re.IGNORECASE,
)
_NAMES_RULES = re.compile(
    r"\W{0,2}(?:\w+\s){0,2}(?:criteria|classif\w*|guidelines?|definition|consensus|wording|grading|protocol)\b"
    r"|\s?(?:ng|[um]g|mcg|[kMI]?U/|pg|g/|/\s?[um]l|cells|kcal|ml\b)",
    re.IGNORECASE,
)


def is_of_event(text: str, date: DateMention) -> bool:
    """Return whether a date is that of an event: no birth date, no year in the name of criteria, no value that looks like a year.

    Args:
        text: clean text.
        date: a date in it.
    """
    before = text[max(0, date.start - 24) : date.start]
    if _BORN.search(before):
        return False
    return len(date.iso) != 4 or not (
        _NAMED_BY_YEAR.search(before) or _NAMES_RULES.match(text, date.end, date.end + 40)
    )


def date_of_story(text: str, note_date: str | None, target: Target) -> DateMention | None:
    """Return the date of the row or of the narrative in which a mention stands, if it has one.

    Args:
        text: clean text.
        note_date: ISO date of the note.
        target: the mention, whose own sentence holds no date for it.
    """
    if target.term.label not in _OF_ROWS:
        return None
    return date_of_row(text, note_date, target) or _of_paragraph(text, note_date, target)


def _events(text: str, start: int, end: int, note_date: str | None) -> list[DateMention]:
    return [d for d in find_dates(text, start, end, note_date) if is_of_event(text, d)]


def date_of_row(text: str, note_date: str | None, target: Target) -> DateMention | None:
    """Return the date with which the row of a mention begins, if nothing behind it says that it reaches to the present.

    Args:
        text: clean text.
        note_date: ISO date of the note.
        target: the mention.
    """
    line = _line_start(text, target.start)
    for _ in range(3):  # a row may go on in further lines, indented
        lead = _ROW_LEAD.match(text, line, target.start)
        found = _events(text, line, lead.end(), note_date) if lead else []
        if lead and found:
            return None if _NOW.search(text, lead.end(), target.start) else found[-1]
        indent = len(text[line : line + 40]) - len(text[line : line + 40].lstrip(" "))
        above = _line_start(text, max(0, line - 1))
        if indent < 6 or above == line or not text[above : line - 1].strip():
            return None
        line = above
    return None


def _of_paragraph(text: str, note_date: str | None, target: Target) -> DateMention | None:
    if target.term.label not in _OF_STORIES:
        return None
    low = max(0, target.start - REACH)
    low = max(low, text.rfind("\n\n", low, target.start))
    for item in _ITEM.finditer(text, low, target.start):
        low = item.end()
    found = [d for d in _events(text, low, target.start, note_date) if not _is_aside(text, d, target)]
    if not found or _ONSET.search(text, max(0, found[-1].start - 30), found[-1].start):
        return None
    return None if _PRESENT.search(text, found[-1].end, target.start) else found[-1]


def _is_aside(text: str, date: DateMention, target: Target) -> bool:
    """Return whether a date begins no story: it stands in the title of the note, in brackets that are closed, or at a test's result."""
    title = text.find("\n")
    if date.end <= title <= 160 and title < target.start:
        return True
    opened = text.rfind("(", max(0, date.start - 60), date.start)
    closed = text.find(")", date.end, target.start)
    if opened >= 0 and closed >= 0 and text.find(")", opened, date.start) < 0:
        return True
    return bool(_RESULT_BEHIND.match(text, date.end))


_RESULT_BEHIND = re.compile(
    r"[\s:=-]{0,3}(?:neg|pos|undetect|not\s(?:det|seen)|[<>]\s?\d|normal|clear\b)", re.IGNORECASE
)
_ITEM = re.compile(r"\n(?=[ \t]*(?:[-*#]|\d{1,2}[.)])[ \t])")


def _line_start(text: str, position: int) -> int:
    """Return where the line of a position begins, or, in a very long line, a place before the position."""
    low = max(0, position - REACH)
    return text.rfind("\n", low, position) + 1 or low
