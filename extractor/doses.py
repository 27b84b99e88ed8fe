"""Steroid doses beside a drug's name: dose, unit, frequency, route, duration, taper."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from extractor.durations import DAY_NAMED, MONTHS, NUMBER_WORDS, days_ahead, days_counted, days_stated
from extractor.numbers import to_float

REACH = 130
"""Characters around a drug's name in which its dose is looked for."""

_SURFACE_REACH = 240
"""Characters before a drug's name in which the body surface may be told, in a sentence before as well."""

_N = r"\d{1,3}(?:[ ,]\d{3})+(?!\d)|\d+(?:[.,]\d+)?"
_DOSE = re.compile(
    rf"(?<![\d./^-])(?P<n>{_N})(?:\s?(?:-|to)\s?(?P<n2>{_N}))?\s?(?P<u>mg|milligrams?|grams?|gm|g|mcg|ug)(?![A-Za-z])"
    r"(?P<kg>\s?(?:/|per\s)\s?kg)?(?P<m2>\s?(?:/|per\s)\s?(?:m2|m\^2|sqm|bsa))?(?P<day>\s?(?:/|per\s|a\s)\s?(?:d(?:ay)?|24\s?h(?:ours|rs|r)?|die)\b)?",
    re.IGNORECASE,
)
_WORD_GRAM = re.compile(r"(?<![A-Za-z])(?P<n>one|two|a|half\sa)(?=\s(?:g|gm|gram)s?\b)", re.IGNORECASE)
_GRAMS = {"one": "1", "a": "1", "two": "2", "half a": "0.5"}
_BARE_BEFORE = re.compile(
    r"(?<![\d./:-])(?P<n>\d{1,4}(?:[.,]\d)?)\s(?:of\s(?:the\s)?|po\s|iv\s|oral\s|daily\s)?$", re.IGNORECASE
)
_BARE = re.compile(
    r"[ \t]{0,3}(?:at\s(?!\d{4})|of\s|to\s|was\s)?(?P<n>(?!(?:19[5-9]|20[0-4])\d\b)\d{1,4}(?:[.,]\d)?)(?![\d./%^]|\s?(?:%|days?(?!\s\d)|d\b|weeks?|wks?|months?|mos?|years?|yrs?|y\b|x10|times(?!\s(?:[2-7]|two|three|four|five|six|seven)\b)|courses?|cycles?|pulses?|doses?|ml|/))",
    re.IGNORECASE,
)
_SERIES = re.compile(
    r"[ \t:]{0,3}(?P<doses>\d{2,4}(?:\s?mg)?(?:\s?(?:/|,|-|then|->|>)\s?\d{2,4}(?:\s?mg)?){2,5})"
    r"(?=[^.;\n]{0,16}\b(?:days?|consecutive|successive|daily|mornings)\b)",
    re.IGNORECASE,
)
"""A dose for each of some days in a row ("500 / 250 / 125 on three consecutive days")."""
_FROM_TO = re.compile(
    r"[^.;:\n\d]{0,20}\bfrom\s(?P<n>\d{1,3}(?:[.,]\d)?)\sto\s\d{1,3}(?![\d/-]|\s?(?:-|/))", re.IGNORECASE
)
"""A dose that was changed, in bare numbers ("went from 8 to 2"): the one before."""
_PER_DAY: tuple[tuple[str, float], ...] = (
    (r"q(?:\.|\s)?\s?4\s?(?:h(?:ou)?rs?|h|hrly)?\b|every\s(?:4|four)\s?h(?:(?:ou)?rs?)?\b|4[- ]hourly", 6),
    (r"q(?:\.|\s)?\s?6\s?(?:h(?:ou)?rs?|h|hrly)?\b|every\s(?:6|six)\s?h(?:(?:ou)?rs?)?\b|6[- ]hourly|qid|q\.i\.d\.?|qds|4\s?x\s?(?:/|per|a)\s?d(?:ay|ie)?|(?:x|times)\s?4\s?(?:/|per|a)\s?d(?:ay|ie)?|four\stimes\s(?:a\sday|daily)|four\sdoses\sa\sday", 4),
    (r"q(?:\.|\s)?\s?8\s?(?:h(?:ou)?rs?|h|hrly)?\b|every\s(?:8|eight)\s?h(?:(?:ou)?rs?)?\b|8[- ]hourly|tid|t\.i\.d\.?|tds|3\s?x\s?(?:/|per|a)\s?d(?:ay|ie)?|(?:x|times)\s?3\s?(?:/|per|a)\s?d(?:ay|ie)?|(?:three\stimes|thrice)\s(?:a\sday|daily)", 3),
    (r"q(?:\.|\s)?\s?12\s?(?:h(?:ou)?rs?|h|hrly)?\b|every\s(?:12|twelve)\s?h(?:(?:ou)?rs?)?\b|12[- ]hourly|bid|b\.i\.d\.?|bd|twice\s(?:a\sday|daily|per\sday)|2\s?x\s?(?:/|per|a)\s?d(?:ay|ie)?|(?:x|times)\s?2\s?(?:/|per|a)\s?d(?:ay|ie)?|1-0-1", 2),
    (r"qod|every\sother\sday|alternate\sdays|eod|q\s?48\s?h|every\s2(?:nd)?\sdays?", 0.5),
    (r"weekly|wkly|once\sa\sweek|per\sweek|q\s?(?:wk|week|1w|w)\b|/\s?w(?:k|eek)\b|every\sweek|days?\s1,\s?8,\s?15", 1 / 7),
    (r"(?<![A-Za-z])(?:qd|q\.d\.?|od|o\.d\.?|once\s(?:daily|a\sday)|daily|q\s?day|qam|qhs|every\s(?:day|morning|24\sh(?:ou)?rs)|q\s?24\s?h?|per\sday|a\sday|/\s?d(?:ay)?|1\s?x\s?(?:/|per)?\s?d(?:ay)?|die|mane|each\smorning|in\sthe\smorning|am)", 1),
)  # fmt: skip
_FREQUENCIES = tuple((re.compile(rf"(?<![A-Za-z])(?:{p})(?![A-Za-z])", re.IGNORECASE), n) for p, n in _PER_DAY)
_ONE_OF = re.compile(
    r"(?:(?:single|one|1|stat)\s(?:\w+\s)?dose\sof\s(?:\w+\s)?|(?<![A-Za-z])once\s(?:\w+\s)?)$", re.IGNORECASE
)
_SINCE = re.compile(
    rf"(?<![A-Za-z])(?:since|from|start(?:ed|ing)?(?:\son)?:?|begun(?:\son)?|commenced(?:\son)?|use\ssince)\s{{1,2}}{DAY_NAMED}(?=\[?\*{{0,2}}\d|(?:{MONTHS})[a-z]{{0,6}}\s\d)",
    re.IGNORECASE,
)
_STILL = re.compile(
    rf"(?<![A-Za-z])on\s{DAY_NAMED}\d[\d/.-]{{2,9}}(?:\sand|,|\s\()\s?(?:(?:is|remains|has\sbeen|he|she)\s){{0,2}}still\s(?:on|going|running|receiving|getting)(?![A-Za-z])",
    re.IGNORECASE,
)
"""A day on which the drug was begun and since when it goes on ("on 1/2 and still on it")."""
_STOPPED = re.compile(
    r"(?<![A-Za-z])(?:stop\w{0,4}|off|ended|finished|complet\w{0,4}|discontinued|until|till)(?![A-Za-z])", re.IGNORECASE
)
_SURFACE = re.compile(
    r"(?<![A-Za-z])(?:BSA|body\ssurface(?:\sarea)?)\s{0,2}(?:of\s|is\s|[:=~])?\s{0,2}(?P<n>[012][.,]\d{1,2})(?!\d)",
    re.IGNORECASE,
)
_ROUTE = re.compile(
    r"(?<![A-Za-z])(?P<iv>i\.?v\.?|intravenous(?:ly)?|ivgtt|iv\s?drip|infus\w{0,6})(?![A-Za-z])|(?<![A-Za-z])(?P<po>p\.?o\.?|oral(?:ly)?|by\smouth|tab(?:let)?s?|enteral|ngt?)(?![A-Za-z])|(?<![A-Za-z])(?P<im>i\.?m\.?|intramuscular(?:ly)?)(?![A-Za-z])",
    re.IGNORECASE,
)
_TAPER = re.compile(r"taper\w{0,4}|wean\w{0,4}|\d\s?(?:->|-->|>)\s?\d|reduc\w{0,5}|decreas\w{0,5}", re.IGNORECASE)
_PULSE = re.compile(
    r"(?<![A-Za-z])(?:pulstherap\w{1,3}|sto(?:ss|\u00df)therap\w{1,3}|pulse[sd]?|pulsed?[-\s]dose|puls(?:ing|e[-\s]therapy)|bolus(?:es)?)(?![A-Za-z])",
    re.IGNORECASE,
)
_HIGH = re.compile(r"(?<![A-Za-z])(?:high[-\s]dose[s]?|HD|large\sdoses?)(?![A-Za-z])", re.IGNORECASE)
_CHAIN = re.compile(
    rf"[ \t]{{0,3}}(?:at\s|of\s|taper(?:ed)?:?\s|from\s)?(?P<n>{_N})\s?(?:mg)?\s?(?:->|-->|\u2192|>|\u2013>)\s?(?:{_N})(?![\d%])",
    re.IGNORECASE,
)
"""Steps of a taper, highest first: the first one is the dose."""
_TIMES_BEFORE = re.compile(r"(?<![\d.,])(?P<c>[2-6])\s?[x\u00d7*]\s?$", re.IGNORECASE)
_PULSE_SIZE = 250
"""Milligrams from which a dose is that of a day: so many times as much is so many days."""
_TWO_PARTS = re.compile(
    rf"\s?(?:in\sthe\s|each\s|every\s)?(?:mornings?|mane|qam|am|a\.m\.)\s?(?:and|,|\+|/|&|plus)\s?(?P<n>{_N})\s?mg\s(?:in\sthe\s|at\s|each\s|every\s)?"
    r"(?:evenings?|nights?|noon|midday|afternoons?|bed\s?time|nocte|qpm|qhs|pm|p\.m\.|lunch)",
    re.IGNORECASE,
)
_TABLETS = re.compile(
    r"\s?(?:tab(?:let)?s?|caps?(?:ules?)?)?[\s,;:.-]{0,3}(?:(?:take|sig|give|use)\b:?\s)?(?P<c>\d(?:\.5)?|one|two|three|four|five|six|eight|ten)\s(?:tab(?:let)?s?|caps?(?:ules?)?)\b"
    rf"(?:\s\(?(?P<n>{_N})\s?mg)?",
    re.IGNORECASE,
)
_OTHERS_DOSE = re.compile(
    r"[,;]\s{1,2}(?:and\s|plus\s|then\s)?(?!(?:at|on|in|iv|po|im|now|then|total|dose|doses|dosed|daily|oral|orally|given|giving|about|approx|up|down|"
    r"current|currently|today|yesterday|max|maximum|initial|initially|start|started|starting|from|to|was|is|last|taper|tapered|tapering|reduced|increased|"
    r"loading|maintenance|single|first|second|third|each|every|once|twice|pulse|pulsed|bolus|high|low|stat|equivalent|wean|weaned|weaning|home|usual|"
    r"tablets?|tabs?|caps?|receiving|received|taking|took|finished|stopped|since|week|day|night|morning|evening)\b)"
    r"[a-z][a-z-]{2,24}\s(?:(?:iv|po|oral|sodium|mofetil|acid)\s)?$",
    re.IGNORECASE,
)
"""Behind the steroid a comma and another word right before the dose: it is that drug's ("prednisone, mycophenolate 750 mg")."""
_PREMED = re.compile(r"(?<![a-z])pre-?med(?:s|icated|ication|icate)?(?![a-z])", re.IGNORECASE)
_PREMED_REACH = 40
_DOSES_COUNTED = re.compile(r"(?<![\d.])(?P<c>\d{1,2})\s(?:\w{2,6}\s)?doses\b", re.IGNORECASE)
_DIVIDED = re.compile(r"divided|div\.?\s|in\s(?:two|2|three|3|four|4)\sdoses", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dose:
    """A steroid dose as written.

    Args:
        amount: dose as written, in ``unit``.
        unit: ``mg`` (grams are converted).
        per: ``kg``, ``m2`` or ``None``.
        per_day: administrations a day, ``None`` where not stated.
        total_is_daily: whether the amount is the day's total.
        days: consecutive days stated, ``None`` where not.
        route: ``iv``, ``po``, ``im`` or ``None``.
    """

    amount: float | None = None
    unit: str = "mg"
    per: str | None = None
    per_day: float | None = None
    total_is_daily: bool = False
    days: float | None = None
    route: str | None = None
    pulse: bool = False
    high: bool = False
    taper: bool = False
    also_mg: float | None = None
    since: bool = False

    @property
    def daily(self) -> float | None:
        """Amount a day in mg, mg/kg or mg/m2; once a day is taken where no frequency is stated."""
        if self.amount is None:
            return None
        if self.total_is_daily or self.per_day is None:
            return self.amount
        return self.amount * self.per_day

    def details(self) -> dict[str, Any]:
        """Return the facts for a mention's ``details``, unknown ones left out."""
        facts: dict[str, Any] = {
            "dose": self.amount,
            "dose_unit": f"mg/{self.per}" if self.per else "mg" if self.amount is not None else None,
            "per_day": self.per_day,
            "daily": self.daily,
            "days": self.days,
            "route": self.route,
            "pulse": self.pulse or None,
            "high_dose": self.high or None,
            "taper": self.taper or None,
            "also_mg": self.also_mg,
            "since": self.since or None,
        }
        return {k: v for k, v in facts.items() if v is not None}


def _milligrams(match: re.Match[str], group: str = "n") -> float:
    value = to_float(match[group])
    unit = match["u"].lower()
    if unit in ("g", "gm") or unit.startswith("gram"):
        return value * 1000
    return value / 1000 if unit in ("mcg", "ug") else value


_COMMON_YEAR = 2023
"""A year without a leap day, for spans of days whose year is not known."""


def read_dose(text: str, low: int, start: int, end: int, high: int, year: int | None = None) -> Dose:
    """Return the dose of the steroid named at ``start:end``.

    Args:
        text: clean text.
        low: how far to the left the dose may stand (the sentence, another drug).
        start: where the name begins.
        end: where it ends.
        high: how far to the right.
        year: the year of the note, for the length of February.
    """
    low, high = max(low, start - 60), min(high, end + REACH)
    behind = _WORD_GRAM.sub(lambda m: _GRAMS[m["n"].lower()].rjust(len(m["n"])), text[end:high])
    match = _DOSE.search(behind)
    if match is not None and _OTHERS_DOSE.search(behind[: match.start()]):
        match = None
    before = None
    if match is None or match.start() > 45:
        candidates = list(_DOSE.finditer(text[low:start]))
        if candidates and len(text[low:start]) - candidates[-1].end() <= 32:
            between = text[low + candidates[-1].end() : start]
            before = None if "," in between or ";" in between else candidates[-1]
    amount = per = None
    daily = False
    also = None
    if before is not None:
        match, window = before, text[low + before.end() : start] + " " + behind
    elif match is not None:
        window = behind[match.end() :]
        head = behind[: match.start()]
        window = f"{head} {window}"
        second = _DOSE.search(behind, match.end())
        if (match["kg"] or match["m2"]) and second and not second["kg"] and second.start() - match.end() < 22:
            also = _milligrams(second)
    else:
        window = behind
    if match is not None:
        amount = _milligrams(match, "n2" if match["n2"] else "n")
        per = "kg" if match["kg"] else "m2" if match["m2"] else None
        daily = bool(match["day"])
        amount, daily = _whole(text, match, before is not None, low if before is not None else end, amount, daily)
        chain = _CHAIN.match(behind)
        if chain and before is None and per is None and chain.start("n") <= match.start():
            amount = to_float(chain["n"])
    else:
        bare = _BARE.match(behind) or _FROM_TO.match(behind)
        in_front = _BARE_BEFORE.search(text[low:start])
        if bare and to_float(bare["n"]) >= 1:
            amount = to_float(bare["n"])
            window = behind[bare.end() :]
        elif in_front and to_float(in_front["n"]) >= 1:
            amount = to_float(in_front["n"])
    around = text[low:start] + " " + behind
    per_day = _frequency(window)
    if per_day is None and before is not None:
        per_day = _frequency(behind[:40])
    if daily or (per_day and _DIVIDED.search(window[:40])):
        daily = True
    near = text[max(low, start - 40) : start] + " | " + behind[:REACH]
    route = _ROUTE.search(near)
    days = days_counted(text[max(low, start - 60) : start], behind)
    if days is None and before is None and match is not None and amount is not None and amount >= _PULSE_SIZE:
        times = _TIMES_BEFORE.search(behind[: match.start()])
        days = float(times["c"]) if times and not match["day"] else None
    days = (
        days
        or days_stated(window if before is None else around, year or _COMMON_YEAR)
        or (1.0 if _ONE_OF.search(text[low:start]) else None)
    )
    days = days or days_ahead(text[max(low, start - 32) : start], year or _COMMON_YEAR)
    counted = _DOSES_COUNTED.search(window)
    if days and per_day and per_day > 1 and counted and float(counted["c"]) == days:
        days = max(1.0, days / per_day)  # "40 mg q12h, 4 doses" are two days
    if days is None and per_day is None and route and route.lastgroup == "im":
        days = 1.0  # a depot is given once
    if days is None and per_day is None and _PREMED.search(text[max(low, start - _PREMED_REACH) : start]):
        days = 1.0  # so is what is given before another drug
    series = _SERIES.match(behind)
    if series:
        doses = [float(n) for n in re.findall(r"\d{2,4}", series["doses"])]
        amount, per, per_day, daily, days = min(doses), None, None, True, float(len(doses))
    return Dose(
        amount=amount,
        per=per,
        per_day=per_day,
        total_is_daily=daily,
        days=days,
        route=route.lastgroup if route else None,
        pulse=bool(_PULSE.search(text[max(low, start - 30) : start] + " | " + behind[:60])),
        high=bool(_HIGH.search(text[max(low, start - 30) : start] + " | " + behind[:20])),
        taper=bool(_TAPER.search(behind[:80])),
        also_mg=also
        if also or per != "m2" or amount is None
        else _by_surface(text[max(0, start - _SURFACE_REACH) : high], amount),
        since=bool(_SINCE.search(behind[:80]) or _STILL.search(behind[:80])) and not _STOPPED.search(behind[:REACH]),
    )


def _whole(
    text: str, match: re.Match[str], in_front: bool, offset: int, amount: float, daily: bool
) -> tuple[float, bool]:
    """Return the dose of a day, and that it is one, where a dose is told in parts or in tablets.

    Args:
        text: clean text.
        match: the first dose.
        in_front: whether it stands before the drug's name.
        offset: where the searched stretch begins in the text.
        amount: the first dose in mg.
        daily: whether it is already the day's.
    """
    if match["kg"] or match["m2"]:
        return amount, daily
    behind = text[offset + match.end() : offset + match.end() + 60]
    parts = _TWO_PARTS.match(behind)
    if parts:
        return amount + to_float(parts["n"]), True
    times = _TIMES_BEFORE.search(text[max(0, offset + match.start() - 5) : offset + match.start()])
    if times and not in_front and amount >= _PULSE_SIZE and not daily:
        return amount, True  # "3 x 1000 mg" is three days
    if times and not in_front:
        return amount * int(times["c"]), True
    tablets = _TABLETS.match(behind)
    if tablets:
        count = float(NUMBER_WORDS.get(tablets["c"].lower(), 0) or tablets["c"])
        return (to_float(tablets["n"]) if tablets["n"] else amount * count), daily
    return amount, daily


def _by_surface(around: str, amount: float) -> float | None:
    """Return the dose in mg of a dose per m2, where the body surface stands beside it."""
    m = _SURFACE.search(around)
    return round(amount * to_float(m["n"]), 2) if m else None


def _frequency(window: str) -> float | None:
    """Return administrations a day from the first frequency word in a window of text."""
    best: tuple[int, float] | None = None
    for regex, n in _FREQUENCIES:
        m = regex.search(window[:60])
        if m and (best is None or m.start() < best[0]):
            best = (m.start(), n)
    return best[1] if best else None
