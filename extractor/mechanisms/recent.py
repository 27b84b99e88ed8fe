"""Was a disease active, diagnosed or treated within some years before the reference date?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from extractor.mechanisms.base import Chart, Verdict, against, first, interval, quote, years_before
from extractor.mechanisms.ever import _corrected, _excluded_later
from extractor.mechanisms.people import age_at
from extractor.schema import Mention
from extractor.trial import RecentDisease

_ORDER = {"met": 0, "possible": 1, "not_met": 2}


@dataclass(frozen=True, slots=True)
class _Case:
    status: str
    reason: str
    mentions: tuple[Mention, ...]


def recent_disease(chart: Chart, rule: RecentDisease) -> Verdict:
    """Return whether the disease counts as recent, its exceptions left out."""
    own = [m for m in chart.of(rule.label) if not m.family and not m.hypothetical]
    treated = _recent_treatment(chart, rule)
    corrected = _corrected(own)
    asserted = [m for m in own if m.asserted and m.mention_id not in corrected]
    if asserted:
        cases = [_case(chart, rule, group) for group in _groups(asserted, rule)]
        worst = min(cases, key=lambda c: _ORDER[c.status])
        if treated and worst.status != "met":
            return Verdict(
                "met",
                f"{quote(worst.mentions[0])} was treated within {rule.years:g} years: {quote(treated)}.",
                (worst.mentions[0], treated),
                "inferred",
            )
        named = {m.concept for m in worst.mentions}
        denials = [m for m in own if m.negated and m.concept in named] if worst.status == "met" else []
        others = [m for c in cases if c is not worst for m in c.mentions[:1]]
        return Verdict(
            worst.status,
            f"{worst.reason}{against(denials)}.",
            first([*worst.mentions, *others, *denials[-1:]], 6),
            "conflicting" if denials else "direct" if worst.status == "met" else "inferred",
        )
    suspected = [m for m in own if m.uncertain and not _excluded_later(m, own)]
    doubtful = [m for m in suspected if not _lies_before(chart, rule, m)]
    if suspected and not doubtful:
        return Verdict(
            "not_met",
            f"{quote(suspected[-1])} was only suspected, more than {rule.years:g} years before the reference date.",
            first([*reversed(suspected)]),
            "inferred",
        )
    if doubtful:
        return Verdict(
            "possible", f"{rule.name} is suspected: {quote(doubtful[-1])}.", first([*reversed(doubtful)]), "inferred"
        )
    denied = [m for m in own if m.negated]
    if denied:
        return Verdict(
            "not_met", f"{rule.name} is denied or excluded: {quote(denied[-1])}.", first([*reversed(denied)])
        )
    return Verdict("not_documented", f"The notes say nothing about {rule.name} of the patient.")


def _lies_before(chart: Chart, rule: RecentDisease, mention: Mention) -> bool:
    """Return whether a mention is dated wholly before the years asked for."""
    span = interval(mention.date)
    return span is not None and chart.reference is not None and span[1] < years_before(chart.reference, rule.years)


def _recent_treatment(chart: Chart, rule: RecentDisease) -> Mention | None:
    """Return a treatment of the disease that was given within the years asked for, if one is documented."""
    if chart.reference is None or not rule.treatments:
        return None
    edge = years_before(chart.reference, rule.years)
    for m in chart.of(*rule.treatments):
        span = interval(m.date)
        if m.asserted and span is not None and span[0] >= edge and (m.date or "") <= (chart.noted(m) or m.date or ""):
            return m
    return None


def _groups(mentions: Sequence[Mention], rule: RecentDisease) -> list[list[Mention]]:
    """Return the mentions by disease; class words and metastases join the other diseases where there is one."""
    excepted = {c for exception in rule.exceptions for c in exception.concepts}
    named: dict[str, list[Mention]] = {}
    loose: list[Mention] = []
    for m in mentions:
        if m.details.get("group") == "class" or m.concept in ("malignancy", "metastasis", "carcinoma"):
            loose.append(m)
        else:
            site = m.concept if m.concept in excepted else m.details.get("site") or m.concept
            named.setdefault(str(site), []).append(m)
    if not named:
        return [loose]
    spread = [m for m in loose if _is_active(m) or (m.concept == "metastasis" and m.date)]
    for group in named.values():
        group += spread if len(named) == 1 else []
    return list(named.values())


def _is_active(m: Mention) -> bool:
    return m.details.get("activity") == "active" and not m.details.get("watched")


def _case(chart: Chart, rule: RecentDisease, group: Sequence[Mention]) -> _Case:
    words = quote(group[0])
    group_tuple = tuple(group)
    exception = _exception(rule, group)
    if exception:
        return _Case("not_met", f"{words} is one of the exceptions ({exception})", group_tuple)
    active = next((m for m in group if _is_active(m)), None)
    if active:
        return _Case("met", f"{quote(active)} is active", _led_by(active, group))
    dated = [
        (m, iv)
        for m in group
        if (iv := _when(chart, m)) is not None and (m.date or "") <= (chart.noted(m) or m.date or "")
    ]
    cured = [m for m in group if m.details.get("activity") == "cured"]
    going_on = [
        m
        for m in group
        if (not m.historical or m.details.get("watched"))
        and not m.details.get("treated")
        and m.details.get("group") == "haematological"
    ]
    if going_on and not cured:
        return _Case(
            "met",
            f"{quote(going_on[0])} goes on: no remission and no end of it is documented",
            _led_by(going_on[0], group),
        )
    if chart.reference is None:
        return _Case("possible", f"{words}: without a reference date the interval is not known", group_tuple)
    edge = years_before(chart.reference, rule.years)
    if dated:
        inside = [m for m, (low, _) in dated if low >= edge]
        outside = [m for m, (_, high) in dated if high < edge]
        if inside:
            if cured and _localised(group):
                return _Case(
                    "possible",
                    f"{quote(inside[0])} lies within {rule.years:g} years, treated with curative intent and without evidence of disease: an oncologist decides",
                    _led_by(inside[0], group),
                )
            return _Case(
                "met",
                f"{quote(inside[0])} lies within {rule.years:g} years before {chart.reference.isoformat()}",
                _led_by(inside[0], group),
            )
        if len(outside) == len(dated):
            return _Case(
                "not_met",
                f"{quote(outside[0])} lies more than {rule.years:g} years before {chart.reference.isoformat()} and nothing says that it is active",
                group_tuple,
            )
        return _Case(
            "possible",
            f"{quote(dated[0][0])} may or may not lie within {rule.years:g} years before {chart.reference.isoformat()}",
            group_tuple,
        )
    current = [m for m in group if not m.historical]
    if current and not cured:
        return _Case(
            "met", f"{quote(current[0])} is documented as present", (*current, *[m for m in group if m not in current])
        )
    return _Case("possible", f"{words} is in the past, at an unknown date", group_tuple)


def _when(chart: Chart, mention: Mention) -> tuple[dt.date, dt.date] | None:
    """Return the first and the last day that a mention may be of: by its date, or by the age the patient had then."""
    span = interval(mention.date)
    at_age, now = mention.details.get("at_age"), age_at(chart)
    if span is not None or at_age is None or now is None or chart.reference is None or at_age > now[0]:
        return span
    return years_before(chart.reference, now[1] - at_age + 1), years_before(chart.reference, now[0] - at_age - 1)


def _led_by(leader: Mention, group: Sequence[Mention]) -> tuple[Mention, ...]:
    """Return the mentions of a disease, the one that decides first."""
    return (leader, *(m for m in group if m is not leader))


def _localised(group: Sequence[Mention]) -> bool:
    return not any(m.details.get("group") == "haematological" or m.concept == "metastasis" for m in group)


def _exception(rule: RecentDisease, group: Sequence[Mention]) -> str | None:
    """Return the exception that covers a disease, if one does."""
    concepts = {m.concept for m in group}
    for exception in rule.exceptions:
        if not concepts <= set(exception.concepts) | {"malignancy", "carcinoma"} or not concepts & set(
            exception.concepts
        ):
            continue
        active = any(_is_active(m) for m in group)
        treated = any(m.details.get("treated") or m.details.get("activity") == "cured" for m in group)
        watched = any(m.details.get("watched") for m in group)
        if exception.needs == "none" or (exception.needs == "treated" and treated and not active):
            return "adequately treated"
        if exception.needs == "untreated_localised" and watched and not any(m.concept == "metastasis" for m in group):
            return "localised, without need of treatment"
    return None
