"""A laboratory value or a sign against a limit: the latest of the window wins, or any of it counts."""

from __future__ import annotations

from typing import Literal

from extractor.mechanisms.base import Chart, Verdict, first, quote
from extractor.mechanisms.window import place
from extractor.schema import Mention
from extractor.trial import LabValue, Threshold
from extractor.units import normalize

Side = Literal["beyond", "within", "unclear"]


def lab_value(chart: Chart, rule: LabValue) -> Verdict:
    """Return whether the value, or the sign that stands for it, lies beyond the limit."""
    told = [(m, side) for m in chart.of(rule.label) if (side := _side(m, rule)) is not None]
    read = [(m, side) for m, side in told if place(chart, m, rule) == "inside"]
    if not read:
        old = [m for m, _ in told]
        words = f"; the latest stands outside the window: {quote(old[-1])}" if old else ""
        return Verdict("not_documented", f"The notes give no {rule.name} for the time asked for{words}.", first(old))
    latest = max(chart.dated(m) for m, _ in read)
    counted = [(m, side) for m, side in read if rule.pick == "any" or chart.dated(m) == latest]
    groups = {side: [m for m, s in counted if s == side] for side in ("beyond", "unclear", "within")}
    status, chosen = next(
        (status, groups[side])
        for status, side in (("met", "beyond"), ("possible", "unclear"), ("not_met", "within"))
        if groups[side]
    )
    before = [m for m, side in read if side == "beyond" and m not in chosen]
    earlier = f"; earlier {quote(before[-1])}" if status == "not_met" and before else ""
    which = "any in the window" if rule.pick == "any" else "latest"
    return Verdict(
        status,
        f"{rule.name} ({which}): {', '.join(quote(m) for m in chosen[:3])}{earlier}; {_asked(rule)}.",
        first([*chosen, *before[-1:]] if earlier else chosen),
        "conflicting" if earlier else "direct" if status != "possible" else "inferred",
    )


def _asked(rule: LabValue) -> str:
    said = [f"{v.comparator} {v.threshold:g} {v.unit}".rstrip() for v in rule.values]
    return "asked for: " + " or ".join([*said, *(s.replace("_", " ") for s in rule.states)])


def _side(mention: Mention, rule: LabValue) -> Side | None:
    """Return on which side of the limit a mention lies, ``None`` where it says nothing of it."""
    if mention.family or mention.hypothetical:
        return None
    item = mention.details.get("item")
    if item in rule.states:
        if mention.negated or mention.details.get("state") == "absent":
            return "within"
        return "unclear" if mention.uncertain else "beyond"
    for threshold in rule.values:
        if item == threshold.item and mention.normalized_value is not None and not mention.negated:
            holds = threshold.model_copy(update={"threshold": _limit(threshold)}).holds(
                mention.normalized_value, mention.comparator
            )
            return "unclear" if holds is None else "beyond" if holds else "within"
    return None


def _limit(threshold: Threshold) -> float:
    """Return a limit in the unit in which values are compared."""
    converted = normalize(threshold.item, threshold.threshold, threshold.unit) if threshold.unit else None
    return converted[0] if converted else threshold.threshold
