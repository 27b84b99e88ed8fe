"""Age, consent and allergy."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

from extractor.mechanisms.base import Chart, Verdict, against, first, full_date, interval, quote
from extractor.schema import Mention
from extractor.trial import Age, Allergy, Consent


def age_at(chart: Chart) -> tuple[float, float, Mention] | None:
    """Return the least and the greatest age in whole years that the patient may have at the reference date."""
    born, told = _born(chart), _told(chart)
    if born is None or told is None:
        return born or told
    low, high = max(born[0], told[0]), min(born[1], told[1])
    return born if low > high else (low, high, told[2] if born[0] < born[1] else born[2])


_NEAR = 2
"""Years by which an age that is only about right may be wrong."""


def _told(chart: Chart) -> tuple[float, float, Mention] | None:
    """Return the age by the notes' own words, carried forward from an old note to the reference date."""
    stated = [m for m in chart.of("AGE") if not (m.negated or m.hypothetical or m.family)]
    stated = [m for m in stated if m.normalized_value is not None]
    sure = [m for m in stated if not m.uncertain]
    ages = [m for m in sure if not m.historical] or sure or stated
    if not ages:
        return None
    latest = ages[-1].note_id
    mention = next(m for m in ages if m.note_id == latest)  # the headline's age, not one of the history's
    low, high = _span(mention)
    noted = full_date(chart.noted(mention) or mention.note_date)
    if noted is None or chart.reference is None or chart.reference <= noted:
        return low, high, mention
    elapsed = (chart.reference - noted).days / 365.2425
    return low + int(elapsed), high + int(elapsed + 0.9999), mention


def _span(mention: Mention) -> tuple[float, float]:
    """Return the least and the greatest age that a mention may mean ("about 80")."""
    years = float(mention.normalized_value or 0)
    return (years - _NEAR, years + _NEAR) if mention.uncertain else (years, years)


def _first_dated(chart: Chart, label: str) -> dt.date | None:
    """Return the first day on which what a label names is documented."""
    days = [d for m in chart.of(label) if m.asserted and (d := full_date(chart.dated(m))) is not None]
    return min(days, default=None)


def _age_on(chart: Chart, day: dt.date) -> tuple[float, float, Mention] | None:
    """Return the least and the greatest age that the patient may have had on a day up to the reference date."""
    born = _born(replace(chart, reference=day))
    found = born or age_at(chart)
    if born or found is None or chart.reference is None or day >= chart.reference:
        return found
    low, high, mention = found
    noted = full_date(chart.noted(mention))
    if noted is not None and noted <= day:
        return age_at(replace(chart, reference=day))
    elapsed = (chart.reference - day).days / 365.2425
    return max(0.0, low - math.ceil(elapsed)), high - int(elapsed), mention


def _born(chart: Chart) -> tuple[float, float, Mention] | None:
    """Return the age by a stated date of birth."""
    births = [m for m in chart.of("_BIRTH_DATE") if not m.family and m.details.get("born")]
    if not births or chart.reference is None:
        return None
    span = interval(str(births[-1].details["born"]))
    if span is None or span[0] > chart.reference:
        return None
    ages = [
        float(chart.reference.year - b.year - ((chart.reference.month, chart.reference.day) < (b.month, b.day)))
        for b in span
    ]
    return min(ages), max(ages), births[-1]


def age(chart: Chart, rule: Age) -> Verdict:
    """Return whether the patient's age lies within the limits at the reference date."""
    day = _first_dated(chart, rule.at) if rule.at else None
    found = _age_on(chart, day) if day else age_at(chart)
    if found is None:
        return Verdict("not_documented", "No age is stated.")
    low, high, mention = found
    asked = f"asked for: {rule.low:g} to {rule.high:g}"
    shown = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    inside = [rule.low <= a < rule.high + 1 for a in (low, high)]
    status = "met" if all(inside) else "not_met" if not any(inside) else "possible"
    if status == "not_met" and rule.possible_low is not None and rule.possible_low <= high < rule.low:
        status = "possible"
        asked += f", in some cohorts from {rule.possible_low:g}"
    when = f"on {day.isoformat()}, when {rule.at} is first dated" if day else "at the reference date"
    return Verdict(
        status,
        f"Age {shown} {when}, from {quote(mention)}; {asked}.",
        (mention,),
        "direct" if low == high else "inferred",
    )


def consent(chart: Chart, rule: Consent) -> Verdict:
    """Return whether consent is documented, of minors with their guardian's."""
    mentions = [m for m in chart.of("CONSENT") if _is_for(chart, m, rule)]
    given = [m for m in mentions if m.details.get("consent") == "given" and not m.negated and not m.hypothetical]
    refused = [
        m
        for m in mentions
        if (m.details.get("consent") == "declined" and not m.hypothetical)
        or (m.details.get("consent") == "given" and m.negated and not m.hypothetical)
    ]
    waiting = [m for m in mentions if m.details.get("consent") in ("open", "planned") or m.hypothetical]
    found = age_at(chart)
    by_guardian = bool(given) and all(m.details.get("guardian") and not m.details.get("subject") for m in given)
    minor = found is not None and (found[0] if by_guardian else found[1]) < rule.minor_below
    if given and (minor or any(m.details.get("guardian") for m in waiting)):
        return _minor(given, [*refused, *waiting])
    if given and not (refused and mentions.index(refused[-1]) > mentions.index(given[-1])):
        return Verdict(
            "met",
            f"Signed consent is documented: {quote(given[-1])}{against(refused, 'declined before')}.",
            first([*reversed(given), *refused[-1:]]),
            "conflicting" if refused else "direct",
        )
    if refused:
        return Verdict(
            "not_met",
            f"Consent was declined: {quote(refused[-1])}{against(given, 'signed before')}.",
            first([*reversed(refused), *given[-1:]]),
            "conflicting" if given else "direct",
        )
    if waiting:
        return Verdict("not_documented", f"Consent is only planned: {quote(waiting[-1])}.", first([*reversed(waiting)]))
    return Verdict("not_documented", "The notes say nothing about consent to this trial.")


def _is_for(chart: Chart, mention: Mention, rule: Consent) -> bool:
    """Return whether a consent is for this trial: the study named last before it, else next behind it, says so."""
    named = [m for m in chart.of("_STUDY") if m.note_id == mention.note_id]
    beside = [m for m in named if mention.sentence_start <= m.start < mention.sentence_end]
    if mention.details.get("other_study") and not any(m.concept in rule.studies for m in beside):
        return False
    before = [m for m in named if m.start < mention.end]
    study = before[-1] if before else named[0] if named else None
    if study is None or study.concept in rule.studies:
        return True
    ours = any(m.concept in rule.studies for m in before)
    return ours and before[-1].end < mention.start - 400


def _minor(given: list[Mention], missing: list[Mention]) -> Verdict:
    """Return the answer for a minor, who needs the guardian's signature beside his own."""
    signers = {who for m in given for who in ("subject", "guardian") if m.details.get(who)}
    if signers == {"subject", "guardian"} and not missing:
        return Verdict("met", f"Subject and guardian both signed: {quote(given[-1])}.", first(given))
    who = " and ".join(sorted(signers)) or "one person"
    return Verdict(
        "possible",
        f"A minor's consent of {who} is documented, the other signature is not: {quote(given[-1])}.",
        first([*given, *missing]),
        "inferred",
    )


def allergy(chart: Chart, rule: Allergy) -> Verdict:
    """Return whether an allergy to the drug, or to one of its class, is documented."""
    mentions = [m for m in chart.of(rule.label) if not m.family]
    hit = [m for m in mentions if m.concept in rule.concepts and not m.negated and not m.hypothetical]
    sure = [m for m in hit if not m.uncertain]
    if sure:
        denials = [m for m in mentions if m.details.get("nkda") or (m.negated and m.concept in rule.concepts)]
        return Verdict(
            "met",
            f"Allergy to {rule.name} is documented: {quote(sure[0])}{against(denials)}.",
            first([*sure, *denials[-1:]]),
            "conflicting" if denials else "direct",
        )
    if hit:
        return Verdict("possible", f"Allergy to {rule.name} is suspected: {quote(hit[0])}.", first(hit), "inferred")
    none = [m for m in mentions if m.details.get("nkda") or m.negated]
    others = [m for m in mentions if m not in none and not m.hypothetical]
    others += [m for m in chart.of(rule.others) if not (m.family or m.negated or m.hypothetical)]
    if others:
        return Verdict(
            "not_met",
            f"Only other allergies are documented: {', '.join(quote(m) for m in others[:3])}.",
            first([*others, *none]),
            "inferred",
        )
    if none:
        return Verdict("not_met", f"No known drug allergies: {quote(none[0])}.", first(none))
    return Verdict("not_documented", "The notes say nothing about allergies.")
