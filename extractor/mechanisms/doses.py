"""Was a drug given in a high dose for long enough? Doses, days and weight are put together, and the sum is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

from extractor.durations import longest_run
from extractor.mechanisms.base import Chart, Verdict, against, first, full_date, interval, quote
from extractor.mechanisms.people import age_at
from extractor.schema import Mention
from extractor.trial import DoseCourse

_ORDER = {"met": 0, "possible": 1, "not_met": 2}


@dataclass(frozen=True, slots=True)
class Course:
    """What one mention says of a course: its status and the sum behind it."""

    mention: Mention
    status: str
    sum: str
    size: str | None


def dose_course(chart: Chart, rule: DoseCourse) -> Verdict:
    """Return whether a high-dose course was given."""
    mentions = [m for m in chart.of(rule.label) if not m.family]
    given = [m for m in mentions if not m.negated and (not m.hypothetical or _presupposed(chart, m))]
    given = [m for m in given if rule.route is None or m.details.get("route") in (None, rule.route)]
    courses = [c for c in (_course(chart, rule, m, given) for m in given) if c is not None]
    if courses:
        best = min(courses, key=lambda c: _ORDER[c.status])
        same = [c.mention for c in courses if c.status == best.status and c is not best]
        unclear = best.status == "possible" or best.mention.uncertain
        denials = [m for m in mentions if m.negated and _denies_all(m)] if best.status == "met" else []
        return Verdict(
            best.status,
            f"{best.sum}{against(denials)}.",
            first([best.mention, *same, *denials[-1:]], 6),
            "conflicting" if denials else "inferred" if unclear else "direct",
            frozenset(c.mention.mention_id for c in courses if c.size == "low"),
        )
    denied = [m for m in mentions if m.negated]
    if denied and len(denied) == len([m for m in mentions if not m.hypothetical]):
        return Verdict("not_met", f"Systemic corticosteroids are denied: {quote(denied[0])}.", first(denied))
    if given:
        return Verdict(
            "possible", f"Corticosteroids are documented without a dose: {quote(given[0])}.", first(given), "inferred"
        )
    planned = [m for m in mentions if m.hypothetical]
    if planned:
        return Verdict(
            "not_documented", f"Corticosteroids are only planned or conditional: {quote(planned[0])}.", first(planned)
        )
    return Verdict("not_documented", "The notes say nothing about systemic corticosteroids.")


def _presupposed(chart: Chart, mention: Mention) -> bool:
    """Return whether a stated response presupposes that the drug was given ("refractory to pulse methylprednisolone")."""
    return any(
        r.asserted and r.note_id == mention.note_id and r.start <= mention.start and mention.end <= r.end
        for r in chart.of("STEROID_RESPONSE")
    )


def _denies_all(mention: Mention) -> bool:
    """Return whether steroids as a class are denied, and not only a stop or a single drug."""
    return mention.concept in ("glucocorticoid", "steroids") and not mention.historical


def _course(chart: Chart, rule: DoseCourse, m: Mention, given: list[Mention]) -> Course | None:
    details = m.details
    days = details.get("days") or _days_since(chart, m) or _days_over_notes(chart, m, given)
    pulse = bool(details.get("pulse"))
    size, amount = _size(chart, rule, m)
    name = " ".join((m.text or m.concept).split())
    how_long = f"{days:g} d" if days else "days not stated"
    text = f"{name} {amount}, {how_long}" if amount else f"{name}, {how_long}"
    if size is None and details.get("low_dose"):
        size, text = "low", f"{name}, a low dose by name"
    if size is None:
        status = _undosed(pulse, bool(details.get("high_dose")), days, rule)
        if status is None:
            return None
    elif size == "low" or (days is not None and days < rule.days):
        status = "not_met"
    elif size == "high":
        status = "met" if days or pulse else "possible"
    else:
        status = "possible"
    if m.uncertain and status == "met":
        status = "possible"
    needed = f"asked for: {rule.per_kg_per_day:g} mg/kg/d {rule.name} for {rule.days} d"
    word = " (called a pulse)" if pulse else ""
    return Course(m, status, f"{text}{word}; {needed}", size)


def _undosed(pulse: bool, high: bool, days: float | None, rule: DoseCourse) -> str | None:
    """Return what a course without a usable dose says."""
    if pulse:
        return "not_met" if days is not None and days < rule.days else "met"
    if days is not None and days < rule.days:
        return "not_met"
    return "possible" if high else None


def _size(chart: Chart, rule: DoseCourse, m: Mention) -> tuple[str | None, str]:
    """Return whether the daily dose is high, low or unclear, and the sum in words."""
    details = m.details
    daily = details.get("daily")
    drug = str(details.get("drug", ""))
    factor = rule.equivalents.get(drug)
    if daily is None or factor is None:
        return None, ""
    unit = str(details.get("dose_unit", "mg"))
    if unit == "mg/kg":
        per_kg = daily * factor
        said = f"{daily:g} mg/kg/d = {per_kg:.3g} mg/kg/d {rule.name}"
        weight = chart.weight
        total = per_kg * weight.normalized_value if weight and weight.normalized_value else None
        size = "high" if per_kg >= rule.per_kg_per_day - 1e-9 else "low"
        return _limited(chart, rule, size, total), said
    if unit == "mg/m2":
        surface = _surface(chart)
        if details.get("also_mg"):
            daily = float(details["also_mg"])
        elif surface:
            daily = daily * surface
        else:
            return "unclear", f"{daily:g} mg/m2/d, body surface not known"
    total = daily * factor
    said = f"{daily:g} mg/d" if factor == 1 else f"{daily:g} mg/d = {total:.4g} mg/d {rule.name}"
    weight = chart.weight
    if weight is not None and weight.normalized_value:
        per_kg = total / weight.normalized_value
        size = "high" if per_kg >= rule.per_kg_per_day - 1e-9 else "low"
        return _limited(chart, rule, size, total), f"{said}; {weight.normalized_value:g} kg -> {per_kg:.3g} mg/kg/d"
    if total >= rule.unweighted_met:
        return "high", f"{said}, high at any weight"
    if total < rule.unweighted_low:
        return "low", f"{said}, low at any weight"
    return "unclear", f"{said}, weight not known"


def _limited(chart: Chart, rule: DoseCourse, size: str, total: float | None) -> str:
    """Return the size of a dose by the limits for the patient's age and weight; an age that straddles one leaves it open."""
    found = age_at(chart)
    weight = chart.weight.normalized_value if chart.weight else None
    for limit in rule.limits:
        ages = () if found is None else found[:2]
        of_age = [limit.age_from <= a < limit.age_below for a in ages]
        if not any(of_age) or (limit.weight_from and (weight is None or weight < limit.weight_from)):
            continue
        enough = total is not None and total >= limit.per_day - 1e-9
        if limit.role == "needed" and size == "high" and not enough:
            return "unclear"
        if limit.role == "suffices" and size == "low" and enough:
            return "high" if all(of_age) else "unclear"
    return size


def _surface(chart: Chart) -> float | None:
    """Return the body surface in m2 by Mosteller (N Engl J Med 1987;317:1098), where weight and height are known."""
    if chart.weight and chart.height and chart.weight.normalized_value and chart.height.normalized_value:
        return math.sqrt(chart.weight.normalized_value * chart.height.normalized_value / 3600)
    return None


def _days_since(chart: Chart, m: Mention) -> float | None:
    """Return the days, at the least, from a stated start to the note that says that the course goes on."""
    noted = full_date(chart.noted(m))
    if not m.details.get("since") or noted is None:
        return None
    starts = [span[1] for iso in _readings(m) if (span := interval(iso)) is not None and span[1] <= noted]
    return float((noted - max(starts)).days + 1) if starts else None


def _readings(m: Mention) -> list[str | None]:
    """Return the dates that a mention may mean: a day and a month that may be read in either order give two."""
    day = full_date(m.date)
    if not m.details.get("date_ambiguous") or day is None or day.day > _MONTHS:
        return [m.date]
    swapped = [f"{year:04d}-{day.day:02d}-{day.month:02d}" for year in (day.year, day.year + 1)]
    return [m.date, *swapped]


_MONTHS = 12


_LIKE = 0.05
"""The part of a dose by which two of the same course may differ (a dose per kilogram is rounded)."""


def _total(chart: Chart, m: Mention) -> tuple[str, float]:
    """Return the dose of a day in mg where that is known, else as it is written, with its unit."""
    unit, daily = str(m.details.get("dose_unit", "mg")), float(m.details["daily"] or 0)
    if m.details.get("also_mg"):
        return "mg", float(m.details["also_mg"])
    weight = chart.weight.normalized_value if chart.weight else None
    return ("mg", daily * weight) if unit == "mg/kg" and weight else (unit, daily)


def _alike(one: tuple[str, float], other: tuple[str, float]) -> bool:
    """Return whether two doses of a day are the same, as written or but for rounding."""
    return one[0] == other[0] and abs(one[1] - other[1]) <= _LIKE * max(one[1], other[1])


def _days_over_notes(chart: Chart, m: Mention, given: list[Mention]) -> float | None:
    """Return the days over which the same drug is given in a like dose: that dated notes span, or that dated rows list."""
    if m.details.get("daily") is None:
        return None
    alike = [
        o
        for o in given
        if o.details.get("drug") == m.details.get("drug")
        and o.details.get("daily") is not None
        and _alike(_total(chart, o), _total(chart, m))
        and not o.historical
    ]
    noted = sorted({d for o in alike if not o.date and (d := full_date(chart.noted(o))) is not None})
    spans = [float((noted[-1] - noted[0]).days + 1)] if len(noted) > 1 and (noted[-1] - noted[0]).days < 21 else []
    listed = sorted({d.toordinal() for o in alike if o.date and (d := full_date(o.date)) is not None})
    run = longest_run(listed)
    return max([*spans, *([run] if run > 1 else [])], default=None)
