"""Which date belongs to a mention, and whether it puts the mention before the present course of illness."""

from __future__ import annotations

import re
from collections.abc import Sequence

from extractor.dates import DateMention, parse_date
from extractor.durations import DAY_NAMED
from extractor.matching import Target
from extractor.schema import Note
from extractor.storydates import StoryDates

HISTORICAL_AFTER_DAYS = 30
"""An event dated this many days before its note lies before the present course of illness."""


_CLAUSE = re.compile(r"[;\n]|\.\s|,\s(?:and|then|now|but)\b|\b(?:but|however|now|then)\b", re.IGNORECASE)


def nearest_date(
    text: str, target: Target, company: Sequence[Target], dates: Sequence[DateMention], sentence_start: int
) -> DateMention | None:
    """Return the date that belongs to a mention: the nearest in its clause, a following one preferred.

    A date with which the sentence begins ("In 2015 she was admitted ...") is that of all that has no nearer one.

    Args:
        text: clean text.
        target: the mention.
        company: all mentions of the sentence.
        dates: the sentence's dates, in order.
        sentence_start: where the sentence begins.
    """
    best: tuple[float, DateMention] | None = None
    label, alone = target.term.label, len(dates) == 1
    for date in dates:
        if date.end <= target.start:
            between, weight = text[date.end : target.start], 1.6
        elif date.start >= target.end:
            between, weight = text[target.end : date.start], 1.0
        else:
            continue
        if len(between) > 110 or (date.end <= target.start and (_NOW.search(between) or _is_over(text, date, target))):
            continue
        cost = len(between) * weight + 40 * len(_CLAUSE.findall(between))
        others = sum(
            1
            for t in company
            if t.term.label == target.term.label
            and min(date.end, target.end) <= t.start
            and t.end <= max(date.start, target.start)
        )
        cost += 0 if alone and label in LISTED else 30 * others
        cost += 40 if date.end <= target.start and others == 0 and _of_another(text, date, target, company) else 0
        if cost <= 130 and (best is None or cost < best[0]):
            best = (cost, date)
    if best is None:
        before = [d for d in dates if d.end <= target.start]
        if len(before) == 1 and _LEAD.fullmatch(text, sentence_start, before[0].start):
            return before[0]
    return best[1] if best else None


_RIGHT_BEHIND = re.compile(r"[\s,(]{0,2}(?:in\s|\bdx\s|diagnosed\s(?:in\s)?)?")


def _of_another(text: str, date: DateMention, target: Target, company: Sequence[Target]) -> bool:
    """Return whether a date before a mention stands right behind another one of its label ("colon cancer 2012, liver metastasis")."""
    return any(
        t.term.label == target.term.label
        and t.end <= date.start
        and date.start - t.end < _BESIDE
        and _RIGHT_BEHIND.fullmatch(text, t.end, date.start)
        for t in company
    )


_BESIDE = 18
"""Characters within which a date behind a mention is told as its own."""


_SINCE = re.compile(r"\bsince\s(?:\w{3,6}\s)?$", re.IGNORECASE)
_ASIDE = 8
"""Characters that stand beside a date in its brackets where these tell something of their own."""


def _is_over(text: str, date: DateMention, target: Target) -> bool:
    """Return whether a date before a mention tells of something else: since when something lasts, or what brackets hold ("(stopped it in Dec) now fever")."""
    if _SINCE.search(text, max(0, date.start - 14), date.start):
        return True
    closed = text.find(")", date.end, target.start)
    if closed < 0 or "(" in text[date.end : closed]:
        return False
    opened = text.rfind("(", max(0, date.start - 90), date.start)
    low = opened + 1 if opened >= 0 else max(0, date.start - 90)
    return ")" not in text[low : date.start] and closed - low - (date.end - date.start) > _ASIDE


_NOW = re.compile(r"\b(?:now|currently|today|presently)\b", re.IGNORECASE)


LISTED = frozenset({"PFT", "HLH_FEATURE", "_LAB"})
"""Labels of results that are listed behind one date."""


_LEAD = re.compile(
    r"\W{0,8}(?:(?:in|on|by|around|about|since|early|late|mid|during|back\sin)[\s-]){0,2}\W{0,6}", re.IGNORECASE
)


_ONGOING = re.compile(
    r"\b(?:dx|diagnos\w{0,5}|since|active|relapse[ds]?|progress\w{0,6}|on\s(?:treatment|therapy)|surveillance|first)\b",
    re.IGNORECASE,
)


_DATED_PAST = frozenset(
    {"CAR_T", "TCE", "ADC", "STEROID", "EBV", "HLH", "STEROID_RESPONSE", "PFT", "HLH_FEATURE", "WEIGHT"}
    | {"_TRANSPLANT", "_VACCINE", "_HLH_THERAPY", "_HLH_COURSE", "_LAB"}
)
"""Labels of events: a date before the present course makes them past. A disease with a date of diagnosis goes on."""


def ends_disease(
    text: str, note: Note, target: Target, date: DateMention | None, stories: StoryDates, *, active: bool = False
) -> bool:
    """Return whether a date puts a cancer into the past: the date of a row of its course, or a bare year.

    Args:
        text: clean text.
        note: the note.
        target: the mention.
        date: the date that belongs to it, where there is one.
        stories: what tells the date of a row.
        active: whether the cancer is told as active, so that a bare year is that of its diagnosis.
    """
    if target.term.label != "MALIGNANCY":
        return False
    if date is None or (not active and _plain_year(text, target, date)):
        return True
    return stories.of_row(text, note.note_date, target) is not None


def _plain_year(text: str, target: Target, date: DateMention) -> bool:
    """Return whether a cancer stands with a bare year that is no date of diagnosis of a disease that goes on."""
    if target.term.label != "MALIGNANCY" or len(date.iso) != 4:
        return False
    low, high = min(target.start, date.start), max(target.end, date.end)
    return high - low < 90 and not _ONGOING.search(text, max(0, low - 20), high + 12)


def told_as_ongoing(text: str, start: int, end: int) -> bool:
    """Return whether a disease is told as one that goes on, in the stretch from it to its date and about it."""
    return _ONGOING.search(text, max(0, min(start, end) - 20), max(start, end) + 12) is not None


_OPEN_START = re.compile(
    rf"\b(?:since|from|start(?:ed)?(?:\son)?:?|on\s(?:and\soff\s)?since|begun|commenced)\s{{0,2}}{DAY_NAMED}\W{{0,3}}$",
    re.IGNORECASE,
)


_OPEN_END = re.compile(
    r"\s{0,2}(?:[-\u2013\u2192]|to|until|through|->)\s{0,8}(?:$|ongoing|present|now|current\w*|(?:C\d{1,2}(?:D\d{1,2})?\s)?today|continu\w+|date|\?)",
    re.IGNORECASE,
)


_CLOSED = re.compile(r"\s{0,2}(?:-|\u2013|to|until|till|through)\s{0,2}(?:\w{3,9}\s)?(?:\d{1,2}/)?\d", re.IGNORECASE)
"""The end of a span of time behind its beginning ("from 2020 to 2022")."""
_LAST_DOSE = re.compile(
    r"[^.;\n]{0,60}?\b(?:until|till|last)\s(?:the\s|her\s|his\s)?(?:last\s)?(?:dose|cycle|infusion|one)\b",
    re.IGNORECASE,
)
"""What tells behind the beginning of a treatment that it has had its last dose."""
_COURSES = frozenset({"STEROID", "ADC", "TCE", "_HLH_THERAPY"})
"""Labels of treatments that may go on."""


def goes_on(text: str, target: Target, date: DateMention, named: set[str]) -> bool:
    """Return whether a date is only the beginning of a treatment that goes on.

    Args:
        text: clean text.
        target: the mention.
        date: the date that belongs to it.
        named: what the cues around the mention say: attributes and ``current``.
    """
    if target.term.label not in _COURSES or "historical" in named:
        return False
    if "current" in named and (target.term.label == "STEROID" or date.end <= target.start):
        return True
    if _CLOSED.match(text, date.end) or _LAST_DOSE.match(text, date.end):
        return False
    return bool(_OPEN_START.search(text, max(0, date.start - 16), date.start) or _OPEN_END.match(text, date.end))


def is_past(note: Note, date: DateMention, label: str, *, plain_year: bool = False, episode: bool = False) -> bool:
    """Return whether a date puts a mention before the present course of illness.

    Args:
        note: the note, with its date.
        date: the date that belongs to the mention.
        label: the mention's label.
        plain_year: whether the date is a bare year of a cancer.
        episode: whether the mention is a disease that comes and goes.
    """
    if label not in _DATED_PAST and not plain_year and not episode:
        return False
    noted = parse_date(note.note_date)
    if noted is None:
        return len(date.iso) < 10 and not date.relative
    full = parse_date(date.iso)
    if full:
        return (noted - full).days > HISTORICAL_AFTER_DAYS
    if len(date.iso) == 7:
        year, month = int(date.iso[:4]), int(date.iso[5:7])
        return (noted.year - year) * 12 + noted.month - month >= 2
    return int(date.iso[:4]) < noted.year - (2 if plain_year else 0)
