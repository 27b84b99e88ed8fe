"""Values of mentions: lung function, viral loads, HLH-2004 items, age, weight, height, steroid doses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from extractor.doses import read_dose
from extractor.numbers import Number, numbers
from extractor.pfttable import cell_under
from extractor.units import normalize

_UNIT = re.compile(
    r"[ \t]{0,3}(?P<unit>(?:x\s?10\s?\^?\s?\d{1,2}|10\^\d{1,2}|x\s?10)?\s?/?(?:ng/mL|ug/L|mcg/L|ug/mL|ng/dL|mg/dL|mg/L|pg/mL|g/dL|gm/dL|g/L|mg%|gm%|G/L|Gpt/L|g%|mmol/L|mmol|umol/L|pmol/L|K/uL|K/mm3|K/mcL|ukat/L|"
    r"U/mL|IU/mL|units/mL|U/L|IU/L|kU/L|/uL|/mm3|/mm\^3|/cmm|/mcL|uL|mm3|cells/uL|cells/mm3|copies/mL|cop/mL|cps/mL|copies|L|k(?![A-Za-z/]))|\u00b0?\s?[CF]\b|%)(?![A-Za-z])",
    re.IGNORECASE,
)
_POWER = re.compile(
    r"[ \t]{0,3}(?:[x*][ \t]?10[ \t]?\^?[ \t]?\d{1,2}|(?<![\d.,])10\^\d{1,2})(?=[ \t]?(?:/|L\b|uL\b|mm|cells|$|[.,;)\n]))|[ \t]{0,3}(?:K|cells)?/?[ \t]?mm\^?3",
    re.IGNORECASE,
)
"""The power of ten of a unit behind a value: its digits are no value."""
_FLAG = re.compile(
    r"[ \t]{0,8}\(?(?P<flag>HH|LL|H|L|high|low|elevated|raised|decreased|reduced|normal|\*|\u2191{1,3}|\u2193{1,3})\b\)?(?!\s?(?:range\s?)?[<>:]?=?\s?\d)",
    re.IGNORECASE,
)
_REF = re.compile(
    r"(?:ref(?:erence)?|normal|nl|n|nr|range|rr|uln|<|cut-?off)[^)\n;]{0,16}?(?P<low>\d[\d,.]*)?\s?(?:-|to|<=|<)\s?(?P<high>\d[\d,.]*)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Value:
    """A mention's value as written and in the canonical unit."""

    comparator: str | None = None
    value: float | None = None
    unit: str | None = None
    normalized_value: float | None = None
    normalized_unit: str | None = None
    result: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


def unit_behind(text: str, position: int) -> str | None:
    """Return the unit that stands behind a number, if any."""
    m = _UNIT.match(text, position)
    return re.sub(r"\s", "", m["unit"]) if m else None


def _last_number(text: str, start: int, end: int) -> Number | None:
    found = numbers(text, start, end)
    return found[-1] if found else None


def read_pft(text: str, start: int, end: int, test: str | None = None) -> Value:
    """Return the value of a lung-function mention: FVC in percent predicted, FEV1/FVC in percent.

    Args:
        text: clean text.
        start: where the mention begins.
        end: where it ends.
        test: ``fvc`` or ``fev1_fvc`` where the mention does not name its test.
    """
    name = re.match(
        r"(?:pre-?BD\s|post-?BD\s|%\s?)?(?:ratio\sof\sFEV\W{0,2}1\s\w+\s(?:F?VC|forced\svital\scapacity)|forced\sexpiratory\svolume[^\d]{0,60}forced\svital\scapacity|FEV\W{0,3}1\s?(?:/|:|to|-|over|%)\s?(?:F?VC)|FEV1%|Tiffeneau|FVC|forced\svital\scapacity|ratio)",
        text[start:end],
        re.IGNORECASE,
    )
    at = start + (name.end() if name else 0)
    ratio = "FEV" in text[start:at].upper() or "tiff" in text[start:at].lower() or "ratio" in text[start:at].lower()
    ratio = ratio or (test == "fev1_fvc" and not name)
    found = numbers(text, at, end)
    if not found:
        return Value()
    bracketed = re.search(r"\d[.,]\d{1,2}\s?L?\s?\((\d{2,3}(?:[.,]\d)?)\)", text[at:end], re.IGNORECASE)
    named = re.match(r"(?:\s\(FVC\))?\s?\(?%\)?\s{0,3}[:=]?\s{0,3}(?=\d)|\s?%?\s?pred", text[at:end], re.IGNORECASE)
    if not ratio and (bracketed or ((named and "%" in named[0]) or (named and "pred" in named[0].lower()))):
        number = found[-1]
        return Value(number.comparator, number.value, "% predicted", number.value, "% predicted", None, {"test": "fvc"})
    cell = cell_under(text, start, percent=not ratio) if _ROW.search(text, at, end) else None
    if cell is not None:
        return _pft_cell(cell.value, ratio=ratio)
    percents = [
        n for n in found if re.match(r"\s?(?:%|percent|pct|per\scent|pred)", text[n.end : n.end + 9], re.IGNORECASE)
    ]
    if ratio:
        number = (percents or found)[-1]
        value = number.value * 100 if number.value <= 1.3 else number.value
        return Value(
            number.comparator,
            number.value,
            "%" if number.value > 1.3 else "ratio",
            round(value, 4),
            "%",
            None,
            {"test": "fev1_fvc"},
        )
    if percents:
        moved = len(percents) > 1 and re.search(r"\bto\b|->", text[percents[0].end : percents[-1].start])
        number = percents[-1] if moved else percents[0]
        return Value(number.comparator, number.value, "% predicted", number.value, "% predicted", None, {"test": "fvc"})
    number = found[-1]
    if number.value <= 12:  # a change behind the percentages ("2,37 60 +3")
        number = next((n for n in found if 12 < n.value <= 200), number)
    if number.value > 12:  # litres never are
        return Value(number.comparator, number.value, "% predicted", number.value, "% predicted", None, {"test": "fvc"})
    return Value(number.comparator, number.value, "L", None, None, None, {"test": "fvc"})


_ROW = re.compile(r"[ \t]{2,}[-\d]")


def _pft_cell(number: float, *, ratio: bool) -> Value:
    """Return the value of a table's cell."""
    if not ratio:
        return Value("=", number, "% predicted", number, "% predicted", None, {"test": "fvc"})
    percent = number * 100 if number <= 1.3 else number
    unit = "%" if number > 1.3 else "ratio"
    return Value("=", number, unit, round(percent, 4), "%", None, {"test": "fev1_fvc"})


_CD25 = re.compile(
    r"CD[\s-]?25|IL[\s-]?2(?:[\s-]?R(?:eceptor)?(?:[\s-]?(?:a(?:lpha)?|\u03b1))?)?(?![\d])", re.IGNORECASE
)
"""The figures of the name, which belong to no value ("sCD25 600 U/mL" is not 25,600)."""
_IN_THOUSANDS = ("ferritin", "scd25", "platelets")
_DOTTED_THOUSANDS = re.compile(r"[<>=~ ]{0,3}\d{1,3}\.\d{3}")
"""What is never given to three decimals: the dot parts thousands ("ferritin 11.200 ng/mL")."""


def read_item(text: str, start: int, end: int, sentence_end: int, details: Mapping[str, Any]) -> Value:
    """Return the value of an HLH-2004 item, converted to the item's unit; a flag or range beside it is kept."""
    item = details.get("item", "")
    if details.get("state"):
        return Value(details={"state": details["state"]})
    if item == "scd25":
        start = max((name.end() for name in _CD25.finditer(text, start, end)), default=start)
    power = _POWER.search(text, start, end)
    if power and numbers(text, start, power.start()):
        found = numbers(text, start, power.start())
    else:
        found = numbers(text, start, end)
    if (
        item
        in ("hb", "platelets", "neutrophils", "ferritin", "fibrinogen", "triglycerides", "scd25", "temperature", "ast")
        and found
    ):
        number = found[-1] if details.get("last_number", True) else found[0]
        if item in _IN_THOUSANDS and _DOTTED_THOUSANDS.fullmatch(text, number.start, number.end):
            number = number._replace(value=number.value * 1000)
        unit = unit_behind(text, number.end)
        converted = normalize(item, number.value, unit) or (
            normalize(item, number.value, None) if item != "scd25" else None
        )
        value = Value(number.comparator, number.value, unit, *(converted or (None, None)))
        if len(found) > 1 and _ROW.search(text, start, end):
            row = [normalize(item, n.value, unit_behind(text, n.end) or unit) for n in found]
            value.details["row"] = [v[0] for v in row if v is not None]
        unit_end = number.end + (len(unit) + 2 if unit else 0)
        behind = text[unit_end : min(sentence_end, unit_end + 60)]
        flag = _FLAG.match(behind) or _FLAG.match(text[number.end : number.end + 12])
        if flag:
            word = flag["flag"].lower()
            value.details["flag"] = (
                "high"
                if word[0] in "he\u2191" or word in ("raised",)
                else "low"
                if word[0] in "ld\u2193" or word == "reduced"
                else "normal"
            )
        reference = _REF.search(behind)
        if reference and reference["high"]:
            try:
                limit = float(reference["high"].replace(",", "").rstrip("."))
                value.details.setdefault("flag", "high" if number.value > limit else "normal")
            except ValueError:
                pass
        return value
    return Value()


_FOUND = re.compile(r"(?<!not\s)(?<!none\s)(?<!if\s)\b(?:detected|positive)\b", re.IGNORECASE)
"""Words behind a load below a limit by which the virus was found all the same."""


_BARE_GAP = re.compile(
    r"[\s:=~(]{1,4}(?:(?:of|is|was|at|now|still|up\sto|level|count|rose\sto|rising\sto|fell\sto|down\sto|peaked\sat|peak)\s){0,3}",
    re.IGNORECASE,
)
_NO_LOAD = re.compile(r"\s?(?:/|-|:|%|\.\d|h\b|hrs?\b|am\b|pm\b|days?|weeks?|mg|mL\b|fold|x\b)", re.IGNORECASE)
_LEAST_BARE = 100
"""A number without a unit behind a viral load is one from here on."""


def _bare_load(text: str, end: int, number: Number) -> Value | None:
    """Return the viral load that stands without a unit right behind the name of a quantitative test."""
    year = 1900 <= number.value < 2100 and "," not in text[number.start : number.end]
    if number.value < _LEAST_BARE or year or number.comparator in ("<", "<="):
        return None
    gap = _BARE_GAP.match(text, end)
    behind_gap = gap is not None and number.start <= gap.end() < number.end and text[gap.end()].isdigit()
    if not behind_gap or _NO_LOAD.match(text, number.end):
        return None
    return Value(number.comparator, number.value, None, number.value, "copies/mL", "positive")


def read_load(text: str, end: int, sentence_end: int, *, bare: bool = False) -> Value | None:
    """Return the viral load behind a test's name, if a number with a unit of viral load stands there.

    Args:
        text: clean text.
        end: where the name ends.
        sentence_end: where its sentence ends, or the next test begins.
        bare: whether the test is a quantitative one, whose number may stand without a unit.
    """
    stop = min(sentence_end, end + 110)
    for number in numbers(text, end, stop):
        m = re.compile(
            r"[ \t]{0,14}(?:x10\^?\d\s?)?(?P<u>million|mio\b|copies|cop\b|cps|IU|c/mL|gEq|GE/|geq|log(?:10)?)",
            re.IGNORECASE,
        ).match(text, number.end)
        if number.value == 10 and re.search(r"log\s?$", text[end : number.start], re.IGNORECASE):
            continue  # the 10 of log10
        log_before = re.search(r"log(?:\s?10)?\s?$", text[end : number.start], re.IGNORECASE)
        between = text[end : number.start]
        if ";" in between or _OTHER_VIRUS.search(between):
            return None
        if not m and not log_before:
            if bare and (load := _bare_load(text, end, number)):
                return load
            continue
        if (
            re.fullmatch(r"\d{1,3}\.\d{3}", text[number.start : number.end].strip())
            and m
            and not m["u"].lower().startswith("log")
        ):
            number = number._replace(
                value=float(round(number.value * 1000))
            )  # no half copies: the point parts thousands
        log = bool(log_before) or (m is not None and m["u"].lower().startswith("log"))
        said = text[number.end : min(stop, number.end + 30)]
        unit = "IU/mL" if re.match(r"[^;,.]{0,20}?\bIU", said, re.IGNORECASE) else "copies/mL"
        if m and m["u"].lower().startswith("mi"):
            number = number._replace(value=number.value * 1e6)
        copies = 10.0**number.value if log and number.value < 12 else number.value
        comparator = number.comparator
        reference = re.search(r"<\s?(?P<n>\d[\d,]*)", text[number.end : min(sentence_end, number.end + 50)])
        result = "positive"
        if comparator in ("<", "<=") or copies == 0:
            result = "low_level" if _FOUND.search(said) else "negative"
        elif (
            (reference and copies < float(reference["n"].replace(",", "")))
            or _LOW_LOAD.match(text, number.end)
            or _BELOW_LIMIT.match(text, number.end, min(sentence_end, number.end + 90))
        ):
            result = "low_level"
        return Value(
            comparator,
            number.value,
            f"log10 {unit}" if log else unit,
            round(copies, 3),
            unit,
            result,
        )
    return None


_OTHER_VIRUS = re.compile(r"\b(?:CMV|HHV|HIV|HBV|HCV|BK|adeno)\b", re.IGNORECASE)
"""Another test, of which the number behind it is."""
_BELOW_LIMIT = re.compile(
    rf"(?:(?!{_OTHER_VIRUS.pattern})[^;\n]){{0,60}}?\b(?:below|under|beneath)\s(?:(?:the|lab'?s?|our|its|assay'?s?|lower|laboratory'?s?)\s){{0,3}}"
    r"(?:LLOQ|LOQ|limit|quant\w{0,9}|range\sof\squant\w{0,9})",
    re.IGNORECASE,
)
"""A viral load that is said to lie below what the assay can quantify."""
_LOW_LOAD = re.compile(
    r"[^;.\n]{0,16}?(?:copies|cop|IU|c|log10?)(?:/m[lL])?[\s,(:-]{1,4}(?:very\s)?low[\s-](?:level|positive|grade)",
    re.IGNORECASE,
)
"""A viral load that is called low behind its unit."""
_AGE = re.compile(r"(?P<n>\d{1,3}(?:[.,]\d)?)")
_PARTS_OF_YEAR = {"m": ("months", 12.0), "w": ("weeks", 52.18), "d": ("days", 365.25)}
_YOUNG = re.compile(
    r"(?P<n>\d{1,3})[\s-]?(?P<u>months?|mos?|mths?|m|weeks?|wks?|days?)[\s-](?:old|of\sage)|(?P<n2>\d{1,3})\s?(?P<u2>m/o|mo)\b",
    re.IGNORECASE,
)
_YEARS_AND_MONTHS = re.compile(
    r"(?P<y>\d{1,3})[\s-]?(?:years?|yrs?|y)[\s,-]{0,2}(?:and\s)?(?P<m>\d{1,2})[\s-]?(?:months?|mos?|mths?|ms?)\b",
    re.IGNORECASE,
)
_TEENS = ("sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_AGE_WORDS = {
    **{word: 16 + i for i, word in enumerate(_TEENS)},
    **{word: 20 + 10 * i for i, word in enumerate(_TENS)},
    **{word: i for i, word in enumerate(_ONES)},
}


def read_age(text: str, start: int, end: int) -> Value:
    """Return an age in years."""
    words = re.findall(r"[a-z]+", text[start:end].lower())
    m = _AGE.search(text, start, end)
    if m:
        years = float(m["n"].replace(",", "."))
    else:
        parts = [_AGE_WORDS[w] for w in words if w in _AGE_WORDS]
        if not parts:
            return Value()
        years = float(sum(parts))
    both = _YEARS_AND_MONTHS.search(text, start, end)
    if both:
        years = round(int(both["y"]) + int(both["m"]) / 12, 2)
        return Value("=", years, "years", years, "years")
    young = _YOUNG.search(text, start, end)
    if young:
        unit, in_a_year = _PARTS_OF_YEAR[(young["u"] or young["u2"])[0].lower()]
        return Value("=", years, unit, round(years / in_a_year, 2), "years")
    return Value("=", years, "years", years, "years")


def read_weight(text: str, start: int, end: int) -> Value:
    """Return a weight in kilograms; a bare number is taken as kilograms."""
    stones = re.match(r"(\d{1,2})\s?st(?:one)?s?\s(\d{1,2})", text[start:end], re.IGNORECASE)
    if stones:
        pounds_in_all = int(stones[1]) * 14 + int(stones[2])
        return Value("=", float(pounds_in_all), "lb", round(pounds_in_all * 0.45359237, 2), "kg")
    number = _last_number(text, start, end)
    if number is None:
        return Value()
    pounds = re.search(r"lbs?|pounds?|#", text[start:end], re.IGNORECASE)
    kilograms = number.value * 0.45359237 if pounds else number.value
    return Value(number.comparator, number.value, "lb" if pounds else "kg", round(kilograms, 2), "kg")


def read_height(text: str, start: int, end: int) -> Value:
    """Return a height in centimetres, from cm, m, feet and inches."""
    piece = text[start:end]
    feet = re.search(r"(\d)\s?(?:'|ft|feet|foot)\s?-?\s?(\d{1,2}(?:\.\d)?)?", piece, re.IGNORECASE)
    if feet:
        cm = (int(feet[1]) * 12 + float(feet[2] or 0)) * 2.54
        return Value("=", round(cm / 2.54, 1), "in", round(cm, 1), "cm")
    number = _last_number(text, start, end)
    if number is None:
        return Value()
    if re.search(r"in(?:ch(?:es)?)?\b|\"", piece[number.end - start :], re.IGNORECASE):
        return Value("=", number.value, "in", round(number.value * 2.54, 1), "cm")
    cm = number.value * 100 if number.value < 3 else number.value
    return Value("=", number.value, "m" if number.value < 3 else "cm", round(cm, 1), "cm")


def read_steroid(
    text: str, low: int, start: int, end: int, high: int, details: Mapping[str, Any], year: int | None = None
) -> Value:
    """Return a steroid dose; its daily prednisone equivalent is the normalized value where drug and dose are known."""
    dose = read_dose(text, low, start, end, high, year)
    facts = dose.details()
    if details.get("pulse"):
        facts["pulse"] = True
    if re.search(r"high[-\s]dose", text[start:end], re.IGNORECASE):
        facts["high_dose"] = True
    value = Value(details=facts)
    if dose.amount is not None:
        value.comparator, value.value, value.unit = "=", dose.amount, f"mg/{dose.per}" if dose.per else "mg"
        factor = details.get("prednisone_mg")
        if factor and dose.daily is not None:
            value.normalized_value = round(dose.daily * float(factor), 3)
            value.normalized_unit = f"mg/{dose.per}/d prednisone" if dose.per else "mg/d prednisone"
    return value


def read_count(words: str) -> int:
    """Return the numerator of a statement such as ``6/8`` or ``five of the eight``."""
    m = re.match(r"\s*(\d|[a-z]+)", words.lower())
    token = m[1] if m else "0"
    return int(token) if token.isdigit() else int(_AGE_WORDS.get(token, 0))
