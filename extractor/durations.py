"""How many days in a row a drug was given: words of duration, dates, spans and lists of dates, all in a window of text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from itertools import pairwise

from extractor.numbers import ORDINALS, WORDS

NUMBER_WORDS = WORDS | {"a": 1}


_W = r"(?P<c>\d{1,3}|" + "|".join(NUMBER_WORDS) + r")"


_DURATION = re.compile(
    rf"(?:(?P<x>[x*]|for|over|during|times)\s?(?:the\slast\s|a\stotal\sof\s|another\s|about\s|~\s?)?)?(?<![\d./A-WYZa-wyz]){_W}[\s-]{{0,2}}(?:(?:consecutive|successive|full|more|whole|straight|daily|further)\s)?(?P<u>d(?:ays?)?|/7|w(?:ee)?ks?|fortnights?|w|/52|months?|mos?|mths?|/12|doses|dose|pulses|infusions|nights|mornings|evenings)(?![A-Za-z])",
    re.IGNORECASE,
)


_TIMES = re.compile(
    r"(?<![A-Za-z0-9])(?:x|\*|times)\s?(?P<c>\d{1,2}|one|two|three|four|five|six|seven)"
    r"(?![\dA-Za-z]|[.,]\d|\s?(?:/|mg|g\b|10|cycles?|per|a\sday|d(?:ay)?\b|h(?:ours|rs|r)?\b|daily|w(?:ee)?ks?\b|mo(?:nth)?s?\b))",
    re.IGNORECASE,
)


_HOURS = re.compile(
    r"(?<![A-Za-z])(?:x|for|over\sthe\slast|during)\s?(?P<c>\d{2,3})\s?h(?:ours|rs|r)?(?![A-Za-z])", re.IGNORECASE
)


_ONCE = re.compile(
    r"(?<![A-Za-z])(?:x\s?1(?![\d.]|\s?(?:w(?:ee)?k|mo(?:nth)?s?\b|d(?:ay)?s?\b|h))|once(?!\s(?:a|daily|weekly|per|every|monthly|in))|(?:one|1|single|stat|one-off|first|1st)\s(?:\w+\s)?dose(?!s)|"
    r"dose\s?#?1\b|stat\b|one[- ]time|pre-?med\w{0,10}|(?:with\s)?(?:each|every)\s(?:step\s|ramp\s)?(?:cycle|infusion|dose)\b|(?:given|gave)\sin\s(?:the\s)?(?:office|ED|ER|A&E|clinic|ambulance|triage)|in\sthe\s(?:ED|ER|ambulance)|(?:that|the\ssame|one)\sday\sonly)",
    re.IGNORECASE,
)


_BESIDE_DOSE = 6
"""Characters behind a dose within which "once" is said of it, whatever lengths of time follow for other drugs."""


_DASH_SPAN = re.compile(
    r"(?<![\d-])(?P<m1>\d{1,2})-(?P<d1>\d{1,2})\s?(?:~|to|until|till)\s?(?P<m2>\d{1,2})-(?P<d2>\d{1,2})(?![\d-])",
    re.IGNORECASE,
)


MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"


DAY_NAMED = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s)?"
"""The day of the week that may stand before a date."""


_NAMED_SPAN = re.compile(
    rf"(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s(?P<m1>{MONTHS})[a-z]{{0,6}}\W{{0,3}}(?:-|to|until|till|through|still\s(?:on|at)\b[^.;]{{0,24}}?(?:on|at))\s"
    rf"(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s(?P<m2>{MONTHS})",
    re.IGNORECASE,
)


_MONTH_FIRST_SPAN = re.compile(
    rf"(?<![A-Za-z])(?P<m1>{MONTHS})[a-z]{{0,6}}\s(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s?(?:-|\u2013|to|until|till|through|thru)\s?"
    rf"(?P<m2>{MONTHS})[a-z]{{0,6}}\s(?P<d2>\d{{1,2}})(?![\d/:])",
    re.IGNORECASE,
)
"""A span of which both days stand behind their months ("June 6 through June 12")."""


_DAY_SPAN = re.compile(
    r"(?<![A-Za-z])(?:days?|d)\s?[+]?(?P<a>\d{1,3})\s?(?:-|to|through|thru)\s?(?:d(?:ay)?\s?)?[+]?(?P<b>\d{1,3})(?![\d/])",
    re.IGNORECASE,
)


_DAY_NUMBERS = re.compile(
    r"(?<![A-Za-z])(?:days?|d)\s?(?P<first>\d{1,2})(?P<more>(?:\s?(?:,|and|&|\+|,\s?and)\s?(?:d(?:ay)?\s?)?\d{1,2}(?!\d|/\d|\.\d|\s?m?g\b))+)",
    re.IGNORECASE,
)
"""The days of a course by their numbers ("days 1, 2 and 3")."""


_DAY_OF = re.compile(
    r"(?<![A-Za-z])(?:day|d)\s?#?(?P<a>\d{1,2})(?:\s?(?:of|/)\s?(?P<b>\d{1,2}))?(?!\d|\s?[-/+]\s?\d)", re.IGNORECASE
)


_ORDINAL = rf"(?P<ord>\d{{1,2}}(?:st|nd|rd|th)|{'|'.join(ORDINALS)})"
_NTH_OF = re.compile(
    rf"(?<![A-Za-z\d.,/-])(?:(?:day|d)\s?#?(?P<a>\d{{1,2}})|{_ORDINAL}\s(?P<u>day|week|month))\s(?:of\s|on\s)"
    r"(?:(?:his|her|the|their|IV|i\.v\.|intravenous|oral|pulsed?|high-dose)\s){0,3}(?:\d[\d.,]{0,5}\s?m?g\s(?:of\s)?)?$",
    re.IGNORECASE,
)
"""Which day of a course it is, before the drug's name ("currently day 6 of", "in her third week of")."""


_IS_NTH = re.compile(
    rf"(?<![A-Za-z])(?:today|now|currently)\s(?:is\s|on\s|in\s|at\s)?(?:(?:the|his|her|their)\s)?{_ORDINAL}\s(?P<u>day|week|month)(?![A-Za-z])",
    re.IGNORECASE,
)
"""Which day of a course today is ("today is the fifth day")."""


_LAST_UNIT = re.compile(
    r"(?<![A-Za-z])(?:(?:for|over|during|throughout)\s(?:the\s)?(?:past|last|whole|entire)|since\slast)\s(?P<u>week|month|fortnight)(?![A-Za-z])",
    re.IGNORECASE,
)
"""A stretch up to today without a number ("for the past week")."""


_STOPPED_AFTER = re.compile(
    rf"(?<![A-Za-z])(?:stopped|discontinued|ceased|ended|abandoned|halted|given\sup|d/c'?d|withdrawn)\s(?:\w+\s)?after\s(?:only\s|just\s)?{_W}[\s-](?P<u>days?|doses?|weeks?)(?![A-Za-z])",
    re.IGNORECASE,
)
"""How long a course had gone on when it was stopped."""


_GIVEN_OF = re.compile(
    r"(?<![A-Za-z])(?:dose|pulse|infusion)\s?(?:no\.?\s?|number\s|#)?(?P<a>\d)\s?(?:of|/)\s?(?P<b>\d)(?!\d|\s?[-/]\s?\d)",
    re.IGNORECASE,
)
"""Which of the planned administrations was given ("dose 3 of 3")."""


_ON_A_DAY = re.compile(r"\b(?:on|since|started|begun|given|stopped|to|thru|through|by|dated|last)\s$", re.IGNORECASE)
"""Words behind which figures with a stroke are a day and no length of time ("on 8/12", against "for 8/12", eight months)."""


_UNTIL = re.compile(
    r"\b(?:by|until|till|before|after|from|since|within|hospital|admission|illness|inpatient|ICU)\s?$", re.IGNORECASE
)
"""Words by which a day is that of an effect or of a limit ("afebrile by day 2"), and not the day of a course."""


_DATE_SPAN = re.compile(
    r"(?<!\d)(?P<d1>\d{1,2})(?:[./](?P<m1>\d{1,2}))?[./]?(?:[./]?(?P<y1>\d{2,4}))?\s?(?:-|to|until|through|thru|till)\s?(?P<d2>\d{1,2})[./](?P<m2>\d{1,2})",
    re.IGNORECASE,
)


_COLUMNS = re.compile(
    r"(?<![\d/.])(?P<d1>\d{1,2})[./](?P<m1>\d{1,2})(?:[./](?:\d{4}|\d{2}))?[ \t]{2,12}(?P<d2>\d{1,2})[./](?P<m2>\d{1,2})(?![\d])"
)
"""The start and the stop of a drug in two columns of a chart."""


_MONTH_SPAN = re.compile(
    rf"(?<!\d)(?P<a>\d{{1,2}})\s?(?:-|to)\s?(?P<b>\d{{1,2}})\s?(?:{MONTHS})"
    rf"|(?<![A-Za-z])(?:{MONTHS})[a-z]{{0,6}}\s(?P<a2>\d{{1,2}})\s?(?:-|to|through|thru|until|till)\s?(?P<b2>\d{{1,2}})(?![\d/.])",
    re.IGNORECASE,
)


_AND = r"\s?(?:[,;]|and|then|&|\+)\s?(?:(?:and|then)\s)?(?:again\s)?(?:on\s)?"
"""What joins the days of a list."""


_DAY_LIST = re.compile(
    rf"(?<![\d/.])(?P<slashed>\d{{1,2}}/\d{{1,2}}(?:(?:/\d{{2,4}})?{_AND}\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?)+)(?![\d/])"
    rf"|(?<![\d/.])(?P<named>\d{{1,2}}\s(?:{MONTHS})[a-z]{{0,6}}(?:{_AND}\d{{1,2}}\s(?:{MONTHS})[a-z]{{0,6}})+)"
    rf"|(?<![\d/.])(?P<days>\d{{1,2}}(?:(?:st|nd|rd|th)?{_AND}\d{{1,2}})+)(?:st|nd|rd|th)?[\s-](?:of\s)?(?:{MONTHS})"
    rf"|(?<![\d/.])(?P<ordinals>\d{{1,2}}(?:st|nd|rd|th)(?:{_AND}\d{{1,2}}(?:st|nd|rd|th))+)"
    rf"|(?<![A-Za-z])(?:{MONTHS})[a-z]{{0,6}}\s(?P<after>\d{{1,2}}(?:(?:st|nd|rd|th)?{_AND}\d{{1,2}})+)(?:st|nd|rd|th)?(?!\s?mg|[\d.:/])",
    re.IGNORECASE,
)


_ISO_SPAN = re.compile(
    r"(?P<y1>\d{4})[.-](?P<m1>\d{1,2})[.-](?P<d1>\d{1,2})\s?(?:-|to|until)\s?(?:\d{4}[.-])?(?P<m2>\d{1,2})[.-](?P<d2>\d{1,2})",
    re.IGNORECASE,
)


def _count(written: str) -> float:
    """Return a number in figures or words; a word that is none counts as one."""
    return float(NUMBER_WORDS.get(written.lower(), 0) or (written if written.isdigit() else 1))


def _days_in(unit: str) -> int:
    """Return the days of a unit of time; a dose, a night and the like are taken for a day."""
    unit = unit.lower()
    if unit.startswith("fortnight"):
        return 14
    if unit.startswith("w") or unit == "/52":
        return 7
    return 30 if unit == "/12" or (unit.startswith("m") and not unit.startswith("morn")) else 1


def days_stated(window: str, year: int) -> float | None:
    """Return the consecutive days stated in a window of text, or nothing where none are.

    Args:
        window: the text behind or around a dose.
        year: the year of dates that name none.
    """
    window = window[:110]
    found: list[tuple[int, float]] = []
    m = _DAY_NUMBERS.search(window)
    if m:
        found.append((m.start(), longest_run([int(n) for n in re.findall(r"\d{1,2}", m.group())])))
    m = _DAY_SPAN.search(window)
    if m and int(m["b"]) >= int(m["a"]):
        found.append((m.start(), int(m["b"]) - int(m["a"]) + 1))
    for m in _DURATION.finditer(window):
        if m["c"].lower() == "a" and (m["x"] or "").lower().split()[:1] not in (["for"], ["over"], ["during"]):
            continue  # "three times a day"
        if (
            re.match(
                r"\s?(?:ago|later|after|before|prior|earlier|post)\b", window[m.end() : m.end() + 9], re.IGNORECASE
            )
            or (
                not m["x"]
                and re.search(r"(?:after|over|every|in|within|at|until|from|q)\s?$", window[: m.start()], re.IGNORECASE)
            )
            or (m["u"].startswith("/") and _ON_A_DAY.search(window[: m.start()]))
        ):
            continue
        found.append((m.start(), _count(m["c"]) * _days_in(m["u"])))
        break
    if (m := _LAST_UNIT.search(window)) is not None:
        found.append((m.start(), float(_days_in(m["u"]))))
    if (m := _STOPPED_AFTER.search(window)) is not None:
        found = [(m.start(), _count(m["c"]) * _days_in(m["u"]))]
    m = _TIMES.search(window)
    if m:
        found.append((m.start(), _count(m["c"])))
    m = _HOURS.search(window)
    if m:
        found.append((m.start(), float(m["c"]) / 24))
    m = _DASH_SPAN.search(window)
    if m:
        found.append((m.start(), _span_days(int(m["d1"]), int(m["m1"]), int(m["d2"]), int(m["m2"]), year)))
    m = _NAMED_SPAN.search(window) or _MONTH_FIRST_SPAN.search(window)
    if m:
        months = [MONTHS.split("|").index(m[g].title()) + 1 for g in ("m1", "m2")]
        found.append((m.start(), _span_days(int(m["d1"]), months[0], int(m["d2"]), months[1], year) % 365))
    m = _ISO_SPAN.search(window)
    if m:
        found.append((m.start(), _span_days(int(m["d1"]), int(m["m1"]), int(m["d2"]), int(m["m2"]), int(m["y1"]))))
    else:
        m = _MONTH_SPAN.search(window)
        if m:
            a, b = int(m["a"] or m["a2"]), int(m["b"] or m["b2"])
            if b >= a:
                found.append((m.start(), b - a + 1))
        m = _DATE_SPAN.search(window)
        if m:
            days = _slash_span(m, year)
            if days:
                found.append((m.start(), days))
    m = _COLUMNS.search(window)
    if m and (days := _slash_span(m, year)):
        found.append((m.start(), days))
    m = _DAY_LIST.search(window)
    if m:
        found = [f for f in found if not m.start() <= f[0] < m.end()] + [(m.start(), _listed_days(m, year))]
    if not found and (days := _weekdays(window)):
        found.append((0, days))
    if not found and (m := _GIVEN_OF.search(window)):
        found.append((m.start(), float(m["a"])))
    if not found and (m := _IS_NTH.search(window)):
        found.append((m.start(), _nth(m)))
    if not found:
        m = next((m for m in _DAY_OF.finditer(window) if not _UNTIL.search(window[: m.start()])), None)
        if m:
            found.append((m.start(), float(m["a"])))
    m = _ONCE.search(window)
    if m and (not found or (m.start() <= _BESIDE_DOSE and m.start() < min(found)[0])):
        found.append((m.start(), 1.0))
    return min(found)[1] if found else None


_COUNTED = re.compile(
    rf"(?<![A-Za-z\d.,/-])(?:(?P<one>single|solitary|lone)|{_W})\s(?:(?:\d[\d.,]{{0,5}}\s?m?g|consecutive|successive|daily|full|further|more|once-daily|IV|i\.v\.|intravenous|high-dose|big|morning)\s){{0,3}}"
    r"(?P<u>pulse|dose|infusion|bolus|day|shot|injection|drip)(?:s|es)?\s(?:each\s)?(?:of\s)?(?:(?:the|IV|i\.v\.|intravenous|pulsed?|high-dose|parenteral)\s){0,2}(?:\d[\d.,]{0,5}\s?m?g\s(?:of\s|doses\sof\s)?)?(?:(?:IV|i\.v\.|intravenous)\s)?$",
    re.IGNORECASE,
)
"""Administrations counted before the drug's name ("three daily pulses of intravenous")."""


_COURSE_OF = re.compile(
    rf"(?<![A-Za-z\d.,/-]){_W}[\s-]days?\s(?:(?:long|pulse|short|full)\s)?(?:course|pulse|burst|trial|run|cure|cycle|block|regimen)\s(?:of\s)?(?:(?:IV|i\.v\.|intravenous|oral|pulsed?|high-dose)\s){{0,2}}(?:\d[\d.,]{{0,5}}\s?m?g\s(?:of\s)?)?$",
    re.IGNORECASE,
)
"""The length of a course before the drug's name ("a 3-day course of")."""


_GIVEN_ONCE = re.compile(
    r"(?<![A-Za-z])(?:single|solitary|lone|one-off)\s(?:\d[\d.,]{0,5}\s?m?g\s)?(?:(?:IV|intravenous|pulse|stat)\s)?$",
    re.IGNORECASE,
)
_ADMINISTRATION = re.compile(
    r"\s(?:(?:IV|intravenous|pulse)\s)?(?:infusion|pulse|bolus|shot|injection|drip|dose)(?![a-z])", re.IGNORECASE
)


def days_counted(ahead: str, behind: str) -> float | None:
    """Return the administrations that are counted before a drug's name, taken as days ("four consecutive infusions of").

    Args:
        ahead: the text before the drug.
        behind: the text behind it.
    """
    if _GIVEN_ONCE.search(ahead) and _ADMINISTRATION.match(behind):
        return 1.0
    nth = _NTH_OF.search(ahead)
    if nth is not None:
        return float(nth["a"]) if nth["a"] else _nth(nth)
    m = _COUNTED.search(ahead) or _COURSE_OF.search(ahead)
    if m is None:
        return None
    if m.groupdict().get("one"):
        return 1.0
    count = _count(m["c"])
    return count if count > 1 or m["c"].lower() in ("one", "1") else None


def _nth(m: re.Match[str]) -> float:
    """Return the days of a course of which it is the so manieth day, week or month: of that day itself, and of the whole ones before."""
    word = m["ord"].lower()
    number = ORDINALS.get(word) or int(re.sub(r"\D", "", word))
    days = _days_in(m["u"])
    return float(number if days == 1 else (number - 1) * days + 1)


_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile(
    r"(?<![A-Za-z])(?P<d>mon|tue|wed|thu|fri|sat|sun)(?:day|s|sday|nesday|rs|rsday|urday|r)?(?![A-Za-z])", re.IGNORECASE
)
_WEEKDAY_GAP = 18
_THROUGH = re.compile(r"\W{0,3}(?:-|to|through|thru|until|till)\W{0,3}", re.IGNORECASE)


def _weekdays(window: str) -> float | None:
    """Return how many weekdays follow one another in a list or a span of them ("Mon, Tue, Wed", "Mon-Wed")."""
    found = list(_WEEKDAY.finditer(window))
    numbers, best = [_WEEK.index(m["d"].lower()) for m in found], 1
    run = 1
    for i in range(1, len(found)):
        between = window[found[i - 1].end() : found[i].start()]
        step = (numbers[i] - numbers[i - 1]) % 7
        if _THROUGH.fullmatch(between):
            run += step
        elif step == 1 and len(between) <= _WEEKDAY_GAP:
            run += 1
        else:
            run = 1
        best = max(best, run)
    return float(best) if best > 1 else None


def days_ahead(ahead: str, year: int) -> float | None:
    """Return the days of a span of dates with which the row of a drug begins ("5/21-5/23  dexamethasone 20 mg").

    Args:
        ahead: the text before the drug.
        year: the year of dates that name none.
    """
    m = _ISO_SPAN.search(ahead)
    if m:
        return _span_days(int(m["d1"]), int(m["m1"]), int(m["d2"]), int(m["m2"]), int(m["y1"]))
    m = _DATE_SPAN.search(ahead) or _COLUMNS.search(ahead)
    return _slash_span(m, year) if m else None


def _span_days(d1: int, m1: int, d2: int, m2: int, year: int) -> float:
    """Return the days from one day of a year to another, both counted, of the next year where that would lie before."""
    try:
        first, last = dt.date(year, m1, d1), dt.date(year, m2, d2)
    except ValueError:
        return float((m2 - m1) * 30 + d2 - d1 + 1)
    days = (last - first).days + 1
    return float(days if days > 0 else days + 365)


def _listed_days(m: re.Match[str], year: int) -> float:
    """Return how many of the days of a list ("3/1, 3/2 and 3/3", "5, 6 and 7 March") follow one another."""
    if listed := m["days"] or m["after"] or m["ordinals"]:
        return longest_run([int(n) for n in re.findall(r"\d{1,2}", listed)])
    if m["named"]:
        months = MONTHS.lower().split("|")
        found = re.findall(rf"(\d{{1,2}})\s({MONTHS})", m["named"], re.IGNORECASE)
        try:
            return longest_run(
                [dt.date(year, months.index(name.lower()) + 1, int(day)).toordinal() for day, name in found]
            )
        except ValueError:
            return float(len(found))
    pairs = [(int(a), int(b)) for a, b in re.findall(r"(?<![\d/])(\d{1,2})/(\d{1,2})", m["slashed"])]
    runs = []
    for month_first in (True, False):
        try:
            dates = [dt.date(year, *(p if month_first else p[::-1])).toordinal() for p in pairs]
        except ValueError:
            continue
        runs.append(longest_run(dates))
    return max(runs, default=float(len(pairs)))


def longest_run(days: Sequence[int]) -> float:
    """Return how many of some days, counted as numbers and in order, follow one another."""
    best = run = 1
    for before, day in pairwise(days):
        run = run + 1 if day == before + 1 else 1
        best = max(best, run)
    return float(best)


def _slash_span(m: re.Match[str], year: int) -> float | None:
    """Return the days of ``10/5-10/7`` (month first) or ``04.07.-09.07.`` (day first), whichever is short and right."""
    a, b = int(m["d1"]), int(m["m1"]) if m["m1"] else None
    c, d = int(m["d2"]), int(m["m2"])
    if b is None:
        return float(c - a + 1) if 0 <= c - a <= 60 else None
    options = [_span_days(b, a, d, c, year), _span_days(a, b, c, d, year)]
    fitting = [o for o in options if 1 <= o <= 120]
    return min(fitting) if fitting else None
