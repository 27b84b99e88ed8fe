"""A diagnosis by a count of items, such as HLH by five of the eight items of HLH-2004."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from extractor.mechanisms.base import Chart, Verdict, against, first, full_date, quote
from extractor.schema import Mention
from extractor.trial import CountedItem, CriteriaCount, Threshold


def criteria_count(chart: Chart, rule: CriteriaCount) -> Verdict:
    """Return whether the diagnosis holds by its criteria."""
    named = [m for m in chart.of(rule.label) if not m.family and not m.hypothetical]
    asserted = [m for m in named if m.asserted]
    doubtful = [m for m in named if m.uncertain]
    denied = [m for m in named if m.negated]
    stated = [m for m in chart.of(rule.statement) if not m.negated and not m.hypothetical and not m.family]
    best, fulfilled = _best_window(chart, rule)
    evidence = [m for ms in fulfilled.values() for m in ms[:1]]
    items = ", ".join(f"{name.replace('_', ' ')} {quote(ms[0])}" for name, ms in fulfilled.items())
    counts = [int(m.details["count"]) for m in stated if m.details.get("count") is not None and not m.uncertain]
    claimed = max(counts, default=0)
    says_met = any(m.details.get("met") for m in stated if not m.uncertain)
    said = [
        m for m in stated if not m.uncertain and (m.details.get("met") or (m.details.get("count") or 0) >= rule.needed)
    ]
    excluded = bool(denied) and not asserted and not [d for d in doubtful if named.index(d) > named.index(denied[-1])]
    if asserted and (claimed >= rule.needed or says_met or best >= rule.needed):
        reason = (
            f"the notes state {claimed} of {rule.of}"
            if claimed >= rule.needed
            else "the notes state that the criteria are met"
            if says_met
            else f"{best} of {rule.of} items are documented ({items})"
        )
        return Verdict(
            "met",
            f"{rule.name} is diagnosed, {quote(asserted[-1])}, and {reason}{against(denied)}.",
            first([asserted[-1], *said[-1:], *evidence, *asserted[:-1], *denied[-1:]], 10),
            "conflicting" if denied else "direct" if said else "inferred",
        )
    if (not named and claimed >= rule.needed) or (says_met and not named):
        return Verdict(
            "met",
            f"The notes state {claimed or rule.needed} of {rule.of} criteria: {quote(said[-1])}.",
            first([*reversed(said), *evidence], 9),
            "inferred",
        )
    if asserted or (doubtful and not excluded):
        shown = (asserted or doubtful)[-1]
        word = "diagnosed" if asserted else "suspected"
        count = f"{best} of {rule.of} items are documented" + (f" ({items})" if items else "")
        if claimed:
            count = f"the notes state {claimed} of {rule.of}; {count}"
        return Verdict(
            "possible",
            f"{rule.name} is {word}, {quote(shown)}; {count}; {rule.needed} are needed.",
            first([shown, *stated[-1:], *evidence], 10),
            "inferred",
        )
    if denied:
        return Verdict(
            "not_met", f"{rule.name} is denied or excluded: {quote(denied[-1])}.", first([*reversed(denied)])
        )
    if best >= rule.needed:
        return Verdict(
            "possible",
            f"{rule.name} is not named, but {best} of {rule.of} items are documented ({items}).",
            first(evidence, 9),
            "inferred",
        )
    if claimed:
        return Verdict(
            "possible" if claimed >= rule.needed else "not_documented",
            f"The notes state {claimed} of {rule.of} criteria without a diagnosis.",
            first([*stated[-1:], *evidence]),
            "inferred",
        )
    return Verdict("not_documented", f"The notes do not name {rule.name}.", first(evidence), "direct")


def _best_window(chart: Chart, rule: CriteriaCount) -> tuple[int, dict[str, list[Mention]]]:
    """Return the largest number of items fulfilled within one window, and their evidence."""
    features = [m for m in chart.of(rule.feature) if not m.family and not m.hypothetical and not m.uncertain]
    anchors = sorted({d for m in features if (d := full_date(chart.dated(m))) is not None})
    best: dict[str, list[Mention]] = {}
    for anchor in _anchors(anchors):
        near = [
            m
            for m in features
            if anchor is None or (d := full_date(chart.dated(m))) is None or 0 <= (d - anchor).days <= rule.window_days
        ]
        fulfilled = {name: ms for name, item in rule.items.items() if (ms := _fulfilled(item, near))}
        if len(fulfilled) > len(best):
            best = fulfilled
    return len(best), best


def _fulfilled(item: CountedItem, mentions: Iterable[Mention]) -> list[Mention]:
    """Return the evidence for an item, empty where it is not fulfilled."""
    by_value: dict[str, Mention] = {}
    by_state: list[Mention] = []
    for m in mentions:
        name = m.details.get("item")
        if name in item.states and m.details.get("state") != "absent" and not m.negated:
            by_state.append(m)
        for threshold in item.values:
            if name != threshold.item or m.negated:
                continue
            if _holds(m, threshold):
                by_value.setdefault(threshold.item, m)
    if len(by_value) >= item.needed:
        return list(by_value.values())
    if by_state and item.needed == 1:
        return by_state
    return [m for m in by_state if m.details.get("lines", 1) >= item.needed]


def _holds(m: Mention, threshold: Threshold) -> bool:
    """Return whether a value, or one of its row of a table, or the laboratory's flag lies beyond a threshold."""
    if m.normalized_value is None:
        return bool(threshold.flag) and m.details.get("flag") == threshold.flag
    return bool(threshold.holds(m.normalized_value, m.comparator)) or any(
        threshold.holds(v) for v in m.details.get("row", ())
    )


def _anchors(dates: list[dt.date]) -> list[dt.date | None]:
    """Return the days from which a window may begin; one without a day where nothing is dated."""
    return [*dates] if dates else [None]
