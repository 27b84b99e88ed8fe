"""Dates in clinical text: absolute, partial, relative; ISO, US, European and Chinese orders.

A date that can be read in two orders is read in the order that the note's other dates tell; where they tell none it keeps its
ambiguity: only the year (and the month where both readings agree) is stated. Dates without a year take the year of the note, or the year before where that would lie after it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from extractor.dateorder import DURATIONS, day_first
from extractor.numbers import WORDS

SOON_DAYS = 45
"""A date without a year lies at most this many days after its note; otherwise it means the year before."""

JUST_BEFORE = 14
"""A date that can be read in two orders is one of the last days before its note rather than one of months ago."""

_MONTHS = {
    m: i
    for i, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for m in names.split()
}
_MONTH = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_NUMBERS = WORDS | {"a": 1, "an": 1, "several": 3, "few": 3, "couple": 2, "twenty": 20}
_COUNT = r"(?:\d{1,3}(?:\.\d)?|" + "|".join(_NUMBERS) + r"|a\s(?:few|couple(?:\sof)?))"
_YEAR = r"(?:19[4-9]\d|20[0-4]\d)"
_E = r"(?<![\d/.-])"
_F = r"(?![\d/]|[.-]\d)"
_PATTERN = re.compile(
    rf"""
    (?P<iso>{_E}(?P<iy>{_YEAR})[-./](?P<im>\d{{1,2}})[-./](?P<id>\d{{1,2}}){_F})
  | (?P<cn>(?P<cy>{_YEAR})\s?年\s?(?P<cm>\d{{1,2}})\s?月(?:\s?(?P<cd>\d{{1,2}})\s?日)?)
  | (?P<num>{_E}(?P<na>\d{{1,2}})(?P<sep>[-./])(?P<nb>\d{{1,2}})(?P=sep)(?P<ny>{_YEAR}|\d{{2}}){_F})
  | (?P<compact>(?<![\w.\#/-])(?P<ky>20[0-4]\d|19[5-9]\d)(?P<km>0[1-9]|1[0-2])(?P<kd>0[1-9]|[12]\d|3[01])(?![\w-]|\.\d))
  | (?P<half>\bhalf\sa\syear\s(?:ago|earlier|before))
  | (?P<dmy>\b(?P<dd>\d{{1,2}})(?:st|nd|rd|th)?[\s-](?:of\s)?(?P<dm>{_MONTH})[,]?[\s-]{{1,2}}(?P<dy>{_YEAR}|'?\d{{2}})\b)
  | (?P<mdy>\b(?P<mm>{_MONTH})[\s-](?P<md>\d{{1,2}})(?:st|nd|rd|th)?,?[\s-]{{1,2}}(?P<my>{_YEAR}|'\d{{2}})\b)
  | (?P<my2>\b(?P<m2>{_MONTH})[,\s-]{{1,2}}(?:of\s)?(?P<y2>{_YEAR}|'\d{{2}})\b)
  | (?P<ym>{_E}(?P<y3>{_YEAR})[-./](?P<m3>0?[1-9]|1[0-2]){_F}-?(?![\d]))
  | (?P<ym2>{_E}(?P<m4>0?[1-9]|1[0-2])[-./](?P<y4>{_YEAR}){_F})
  | (?P<mrange>{_E}(?P<r1>1[0-2]|0?[1-9])\s?-\s?(?P<r2>1[0-2]|0?[1-9])/(?P<ry>20[0-4]\d|[12]\d)(?![\d/]))
  | (?P<rel>\b(?P<rn>{_COUNT})\s?[-+]?\s?(?P<ru>days?|weeks?|wks?|months?|mos?|mths?|years?|yrs?|decades?|winters?|summers?|autumns?|y|d|w|/7|/52|/12)\s(?P<rh>and\sa\shalf\s)?(?:ago|back|prior(?!\sto)|earlier|previously|before\sadmission)\b)
  | (?P<rel2>\b(?P<rn2>\d{{1,2}})(?P<ru2>/7|/52|/12)\sago\b)
  | (?P<last>\blast\s(?P<lu>year|month|week|night)|\byesterday\b)
  | (?P<yrange>{_E}{_YEAR}(?:\s?[-\u2013]\s?(?:(?P<yend>{_YEAR})|(?P<yend2>\d{{2}}))|/(?P<yend3>\d{{2}}))(?![\d/:%-]|[.,]\d|\s?(?:mg|mL|copies|IU|ng|ug|g\b)))
  | (?P<y>(?:(?<![\d/.,<>-])|(?<=mid-)|(?<=late-)|(?<=early-))(?<![<>]\s)(?P<yy>{_YEAR})(?![\d/]|[.,-]\d|\s?(?:mg|mL|ml|[unp]g|mcg|cells|copies|IU|U/|g\b|x\s?10)|\s?[+&]\s?\d{{4}}
      |\s(?:classification|criteri(?:a|on)|guidelines?|consensus|definition|recommendations?|(?:E?ULAR|ACR|WHO|EULAR/ACR|ACR/EULAR)\b)))
  | (?P<yq>(?<![\w])'(?P<yq2>\d{{2}})(?!\d|\w))
  | (?P<dotted>(?:(?<=since\s)|(?<=from\s)|(?<=on\s)|(?<=until\s)|(?<=till\s)|(?<=to\s)|(?<=by\s)|(?<=the\s)|(?<=\())(?P<d9>[0-3]?\d)\.(?P<m9>0?[1-9]|1[0-2])\.(?!\d|\s?\d{{2,4}}(?!\d)))
  | (?P<md2>(?<![\d/.-])(?!2/2\b|[0-8]/8\b)(?P<a5>\d{{1,2}})/(?P<b5>\d{{1,2}})(?![\d/]|\s?(?:mg|criteria|items|points|hpf|HPF|\d(?!\d{{3,5}}(?!\d)|\d{{0,2}},\d{{3}}))|\s?of\b)(?=[\s,;:)\]-]|\.(?!\d)|$))
  | (?P<dm6>\b(?P<d6>\d{{1,2}})(?:st|nd|rd|th)?[\s-](?P<m6>{_MONTH})\b(?!\s?\d{{2}}))
  | (?P<md7>\b(?P<m7>{_MONTH})\s(?P<d7>\d{{1,2}})(?:st|nd|rd|th)?\b(?![\d/%.]|\s?(?:mg|%|:)))
  | (?P<m8>\b(?P<mm8>{_MONTH})\b(?=[\s,;.)]|-[A-Z]|$))
    """,
    re.VERBOSE | re.IGNORECASE,
)


_WORDS = "|".join(
    sorted({m[:3] for m in _MONTHS} | set(_NUMBERS) | {"last", "yesterday", "half"}, key=lambda w: (-len(w), w))
)
_BEGINS = re.compile(rf"(?<!\d)\d|'(?=\d)|\b(?:{_WORDS})", re.IGNORECASE)
_BEGINS_CHINESE = re.compile(rf"[\d']|\b(?:{_WORDS})", re.IGNORECASE)
"""Where a date can begin, so that the long expression is tried nowhere else."""


@dataclass(frozen=True, slots=True)
class DateMention:
    """A date in a text: offsets, ISO (partial as ``2021`` or ``2021-03``) and whether its order is ambiguous."""

    start: int
    end: int
    iso: str
    ambiguous: bool = False
    relative: bool = False


def _valid(year: int, month: int | None = None, day: int | None = None) -> str | None:
    if month is None:
        return f"{year:04d}"
    if not 1 <= month <= 12:
        return None
    if day is None:
        return f"{year:04d}-{month:02d}"
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None


def _year(text: str) -> int:
    digits = int(text.lstrip("'"))
    if digits >= 100:
        return digits
    return 2000 + digits if digits < 50 else 1900 + digits


def _month(text: str) -> int:
    return _MONTHS[text.lower().rstrip(".")]


def parse_date(iso: str | None) -> dt.date | None:
    """Return the full date of an ISO text, ``None`` for a partial one or none."""
    if not iso or len(iso) < 10:
        return None
    try:
        return dt.date.fromisoformat(iso[:10])
    except ValueError:
        return None


def _numeric(a: int, b: int, year: int, sep: str, text: str) -> tuple[str, bool] | None:
    """Return a day-month or month-day date; dots are European, otherwise both orders may hold."""
    european, american = _valid(year, b, a), _valid(year, a, b)
    if sep == "." and european:
        return european, False
    if european and american and european != american:
        order = day_first(text)
        return (f"{year:04d}", True) if order is None else (european if order else american, False)
    found = american or european
    return (found, False) if found else None


def _without_year(a: int, b: int, note: dt.date | None, text: str) -> tuple[str | None, bool]:
    """Return a date of two numbers, and whether its order is open: the American one then, unless the other lies just before the note."""
    if a == b or a > 12 or b > 12:
        return (_yearless(a, b, note) if a <= 12 else _yearless(b, a, note)), False
    american, european = _yearless(a, b, note), _yearless(b, a, note)
    order = day_first(text)
    if order and b in DURATIONS and note and european and european > note.isoformat():
        return None, False  # "ventilated 9/7": for nine days
    if order is not None:
        return (european if order else american), False
    days = {day: (note - parsed).days for day in (american, european) if note and (parsed := parse_date(day))}
    if 0 <= days.get(european, -1) <= JUST_BEFORE and not 0 <= days.get(american, -1) <= SOON_DAYS:
        return european, True
    return american or european, True


def _yearless(month: int, day: int | None, note: dt.date | None) -> str | None:
    if note is None:
        return None
    soon = (note + dt.timedelta(days=SOON_DAYS)).isoformat()
    for year in (note.year + 1, note.year, note.year - 1):
        iso = _valid(year, month, day)
        if iso and iso <= soon:
            return iso
    return None


def _number(text: str) -> float:
    words = text.lower().split()
    if words[0] == "a" and len(words) > 1:
        words = words[1:]
    return float(words[0]) if words[0][0].isdigit() else float(_NUMBERS[words[0]])


def _relative(count: float, unit: str, note: dt.date | None) -> str | None:
    """Return the date a number of days, weeks, months or years before the note, as exact as the unit."""
    if note is None:
        return None
    unit = unit.lower()
    if unit.startswith("decade"):
        return f"{note.year - round(10 * count):04d}"
    if unit.startswith("d") or unit == "/7":
        return (note - dt.timedelta(days=count)).isoformat()
    if (unit.startswith("w") and not unit.startswith("winter")) or unit == "/52":
        return (note - dt.timedelta(weeks=count)).isoformat()
    if unit.startswith("m") or unit == "/12":
        months = note.year * 12 + note.month - 1 - round(count)
        return _valid(months // 12, months % 12 + 1)
    return f"{note.year - round(count):04d}"


def find_dates(text: str, start: int, end: int, note_date: str | None) -> list[DateMention]:
    """Return the dates in a stretch of clean text.

    Args:
        text: clean text.
        start: where to begin.
        end: where to stop.
        note_date: ISO date of the note; without it dates that lack a year are left out.
    """
    note = parse_date(note_date)
    found = []
    done = start
    begins = _BEGINS if text.find("年", start, end) < 0 else _BEGINS_CHINESE
    for begin in begins.finditer(text, start, end):
        at = begin.start()
        m = _PATTERN.match(text, at, end) if at >= done else None
        if m is None:
            continue
        done = m.end()
        date = _read(m, note)
        if date is not None:
            found.append(date)
    return found


class NoteDates:
    """The dates of a note, each read once: stories ask for those of the same stretches again and again.

    Args:
        text: clean text.
        note_date: ISO date of the note.
    """

    def __init__(self, text: str, note_date: str | None) -> None:
        self._text, self._note_date = text, note_date
        self._blocks: dict[int, list[DateMention]] = {}

    def between(self, start: int, end: int) -> list[DateMention]:
        """Return the dates that lie in a stretch.

        Args:
            start: where it begins.
            end: where it ends.
        """
        found: list[DateMention] = []
        done = start
        for number in range(start // _BLOCK, (end - 1) // _BLOCK + 1):
            for date in self._block(number):
                if done <= date.start and date.end <= end:
                    found.append(date)
                    done = date.end
        return found

    def _block(self, number: int) -> list[DateMention]:
        """Return the dates that begin in a block of text."""
        known = self._blocks.get(number)
        if known is None:
            if len(self._blocks) >= _BLOCKS:
                self._blocks.clear()  # mentions are asked for in order
            stop = (number + 1) * _BLOCK
            found = find_dates(self._text, number * _BLOCK, stop + _LONGEST, self._note_date)
            known = self._blocks[number] = [date for date in found if date.start < stop]
        return known


_BLOCK = 400
"""Characters whose dates are read at once."""
_BLOCKS = 100
"""Blocks of which the dates are remembered."""
_LONGEST = 60
"""Characters that a date has at most."""
_MONTH_IS_NEXT = re.compile(
    r"(?:\b(?:in|since|of|from|until|till|to|through|by|before|after|during|around|last|next|this|early|late|mid|end)|[-/–])\s?$",
    re.IGNORECASE,
)
_VERB_IS_NEXT = re.compile(
    r"\s(?:also|not|still|well|be|have|need|want|take|start|continue|return|use|benefit|require|reflect|represent|"
    r"consider|indicate|suggest|include|receive|resume|help|cause|become|come|get|give|go|stop|try)\b",
    re.IGNORECASE,
)


def _names_month(m: re.Match[str]) -> bool:
    """Return whether a name of a month without day and year is one: ``may`` is a verb more often than not."""
    name = m["mm8"].rstrip(".")
    if name.lower() not in ("may", "mar", "jan"):
        return True
    if _VERB_IS_NEXT.match(m.string, m.end()):
        return False
    if name.lower() != "mar" and _MONTH_IS_NEXT.search(m.string, max(0, m.start() - 10), m.start()):
        return True  # "from MAR" is the list of drugs given
    return name.istitle()


_FROM_YEAR = 12
"""A range's second number up to this one may be a month ("2021-03") and is no year."""


def _end_of_range(m: re.Match[str]) -> str | None:
    """Return the last year of a range of years ("1992-1994", "2013-15"): an event lasts until then."""
    first = int(m.group()[:4])
    short = m["yend2"] or m["yend3"]
    last = int(m["yend"]) if m["yend"] else first // 100 * 100 + int(short)
    if last <= first or (short and int(short) <= _FROM_YEAR):
        return None
    return _valid(last)


def _read(m: re.Match[str], note: dt.date | None) -> DateMention | None:
    g = m.groupdict()
    iso: str | None = None
    ambiguous = relative = False
    if g["iso"]:
        iso = _valid(int(g["iy"]), int(g["im"]), int(g["id"]))
    elif g["cn"]:
        iso = _valid(int(g["cy"]), int(g["cm"]), int(g["cd"]) if g["cd"] else None)
    elif g["num"]:
        read = _numeric(int(g["na"]), int(g["nb"]), _year(g["ny"]), g["sep"], m.string)
        iso, ambiguous = read if read else (None, False)
    elif g["compact"]:
        iso = _valid(int(g["ky"]), int(g["km"]), int(g["kd"]))
    elif g["half"]:
        iso, relative = _relative(6, "months", note), True
    elif g["dmy"]:
        iso = _valid(_year(g["dy"]), _month(g["dm"]), int(g["dd"]))
    elif g["mdy"]:
        iso = _valid(_year(g["my"]), _month(g["mm"]), int(g["md"]))
    elif g["my2"]:
        iso = _valid(_year(g["y2"]), _month(g["m2"]))
    elif g["ym"]:
        iso = _valid(int(g["y3"]), int(g["m3"]))
    elif g["ym2"]:
        iso = _valid(int(g["y4"]), int(g["m4"]))
    elif g["mrange"]:
        iso = _valid(_year(g["ry"]), int(g["r2"]))
    elif g["rel"]:
        iso, relative = _relative(_number(g["rn"]) + (0.5 if g["rh"] else 0), g["ru"], note), True
    elif g["rel2"]:
        iso, relative = _relative(float(g["rn2"]), g["ru2"], note), True
    elif g["last"]:
        unit = (g["lu"] or "day").lower()
        iso, relative = _relative(1, "d" if unit in ("day", "night") else unit, note), True
    elif g["yrange"]:
        iso = _end_of_range(m)
    elif g["y"]:
        iso = _valid(int(g["yy"]))
    elif g["yq"]:
        iso = _valid(_year(g["yq2"]))
    elif g["dotted"]:
        iso = _yearless(int(g["m9"]), int(g["d9"]), note)
    elif g["md2"]:
        iso, ambiguous = _without_year(int(g["a5"]), int(g["b5"]), note, m.string)
    elif g["dm6"]:
        iso = _yearless(_month(g["m6"]), int(g["d6"]), note)
    elif g["md7"]:
        iso = _yearless(_month(g["m7"]), int(g["d7"]), note)
    elif g["m8"]:
        if not _names_month(m):
            return None
        iso = _yearless(_month(g["mm8"]), None, note)
    return DateMention(m.start(), m.end(), iso, ambiguous, relative) if iso else None
