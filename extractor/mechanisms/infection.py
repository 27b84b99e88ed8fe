"""Is an infection active now? Each test's result has a meaning; the latest dated statement wins."""

from __future__ import annotations

from extractor.mechanisms.base import Chart, Verdict, days_between, first, quote
from extractor.schema import Mention
from extractor.trial import InfectionNow

_STRENGTH = {"active": 3, "possible": 2, "negative": 1}


def infection_now(chart: Chart, rule: InfectionNow) -> Verdict:
    """Return whether the infection is active at the reference date."""
    mentions = [m for m in chart.of(rule.label) if not m.family]
    causes = {(m.note_id, m.start, m.end): m.asserted for m in chart.of("HLH_CAUSE") if m.asserted or m.uncertain}
    read = [(m, _meaning(m, rule, causes.get((m.note_id, m.start, m.end)))) for m in mentions]
    told = [(m, s) for m, s in read if s is not None]
    current = [(m, s) for m, s in told if s != "past"]
    past = [m for m, s in told if s == "past"]
    over = _told_as_over(chart, rule, current, past)
    if over:
        return Verdict(
            "not_met",
            f"Told as past by the latest statement: {quote(over[-1])}; active earlier: {quote(current[-1][0])}.",
            first([*reversed(over), *(m for m, s in reversed(current) if s == "active")]),
            "inferred",
        )
    if current:
        latest = max(_day(chart, m) for m, _ in current)
        group = _group(chart, rule, current, latest)
        state = max((s for _, s in group), key=lambda s: _STRENGTH[s])
        chosen = [m for m, s in group if s == state]
        if state == "active" and _only_early_with_late(rule, chosen, read):
            return Verdict(
                "possible",
                f"Early antibody positive, {quote(chosen[0])}, with late antibody positive too and no quantitative test.",
                first([*chosen, *past]),
                "inferred",
            )
        earlier = [m for m, s in current if s == "active" and _day(chart, m) < latest and m not in chosen]
        against = [m for m, s in group if _day(chart, m) == latest and _STRENGTH[s] < _STRENGTH[state]]
        return _state_verdict(state, chosen, earlier, past, [m for m in against if _day(chart, chosen[0]) != latest])
    if past:
        return Verdict("not_met", f"Only past infection is documented: {quote(past[0])}.", first(past), "inferred")
    pending = [m for m in mentions if m.hypothetical]
    if pending:
        return Verdict(
            "not_documented",
            f"No result yet: {quote(pending[-1])} is pending, planned or conditional.",
            first(reversed(pending)),
        )
    if mentions:
        return Verdict(
            "not_documented", f"{quote(mentions[0])} is mentioned without a result.", first(mentions), "inferred"
        )
    return Verdict("not_documented", f"The notes say nothing about {rule.label}.")


_SAME_ILLNESS = 30
"""Days within which statements speak of one illness."""
_OVER_AFTER = 45
"""Days after which a disease told as past is over, and not only earlier in its course."""


def _told_as_over(
    chart: Chart, rule: InfectionNow, current: list[tuple[Mention, str]], past: list[Mention]
) -> list[Mention]:
    """Return the later statements that tell as past an infection that was active before ("the glandular fever in May")."""
    if not current or any(s != "active" and m.result != "low_level" for m, s in current[-1:]):
        return []
    latest = max(_day(chart, m) for m, _ in current)
    later = [
        m
        for m in past
        if m.historical
        and (m.details.get("test") in rule.diseases or (m.details.get("test") == rule.quantitative and not m.result))
    ]
    gaps = [(m, days_between(latest, chart.noted(m) or "")) for m in later]
    return [m for m, days in gaps if days is not None and days > _OVER_AFTER]


def _group(
    chart: Chart, rule: InfectionNow, current: list[tuple[Mention, str]], latest: str
) -> list[tuple[Mention, str]]:
    """Return the statements that decide: those of the latest day, and of the same illness those that these cannot undo.

    An antibody's negative does not undo a genome that was found, nor does a doubt about the cause undo a test.
    """
    group = [(m, s) for m, s in current if _day(chart, m) == latest]
    if any(s == "active" for _, s in group):
        return group
    weak = all(s == "negative" and m.details.get("test") in rule.antibodies for m, s in group)
    doubt = all(s == "possible" and m.result is None for m, s in group)
    if not weak and not doubt:
        return group
    within = [
        (m, s)
        for m, s in current
        if (days := days_between(_day(chart, m), latest)) is not None and 0 < days <= _SAME_ILLNESS
    ]
    genome = [(m, s) for m, s in within if m.details.get("test") not in rule.antibodies and m.result]
    if not genome:
        return group
    newest = max(_day(chart, m) for m, _ in genome)
    kept = [(m, s) for m, s in genome if _day(chart, m) == newest and s in ("active", "possible")]
    return group + [(m, s) for m, s in kept if weak or s == "active"]


def _state_verdict(
    state: str, chosen: list[Mention], earlier: list[Mention], past: list[Mention], against: list[Mention]
) -> Verdict:
    words = ", ".join(quote(m) for m in chosen[:3])
    if against:
        return Verdict(
            "met" if state == "active" else "possible",
            f"{words} in the same illness; a later statement does not undo it: {quote(against[-1])}.",
            first([*chosen, *against]),
            "conflicting",
        )
    if state == "active":
        return Verdict("met", f"Active infection by the latest statement: {words}.", first(chosen))
    if state == "possible":
        return Verdict(
            "possible",
            f"Uncertain, equivocal or low level by the latest statement: {words}.",
            first(chosen),
            "inferred",
        )
    before = f"; an earlier statement was positive: {quote(earlier[-1])}" if earlier else ""
    return Verdict(
        "not_met",
        f"Latest statement negative: {words}{before}.",
        first([*chosen, *earlier[-1:], *past[:1]]),
        "conflicting" if earlier else "direct",
    )


def _day(chart: Chart, mention: Mention) -> str:
    return str(mention.details.get("repeat_on") or chart.dated(mention))


_PAST_RESULT = "result.past_infection"
"""Cue of a test that is read as a past infection."""


def _meaning(mention: Mention, rule: InfectionNow, is_cause: bool | None) -> str | None:
    """Return what a mention says of the infection: active, past, negative, possible or nothing.

    Args:
        mention: the mention.
        rule: what the tests mean.
        is_cause: whether it is the stated cause of HLH, false where that is in doubt, ``None`` where it is none.
    """
    table = rule.tests.get(str(mention.details.get("test", "")), {})
    if mention.details.get("not_done") or (mention.hypothetical and not mention.negated):
        return None
    again = mention.details.get("repeat")
    if again in table:
        return table[again]
    if mention.negated:
        return table.get("negative")
    if mention.details.get("test") in rule.tissue_tests and mention.historical:
        return None
    if mention.result and mention.result in table:
        state = table[mention.result]
        if state == "active" and mention.historical and "historical" in table:
            return "past"
        return "possible" if mention.uncertain and state == "active" else state
    if mention.uncertain:
        return "possible" if "positive" in table and table["positive"] != "past" else None
    if mention.historical:
        return "past" if _PAST_RESULT in mention.cues else table.get("historical")
    if is_cause is not None and "cause" in table:
        return table["cause"] if is_cause else "possible"
    return table.get("stated")


def _only_early_with_late(rule: InfectionNow, chosen: list[Mention], read: list[tuple[Mention, str | None]]) -> bool:
    """Return whether an early antibody alone speaks for activity while the late one is positive and no quantitative test is done."""
    early = all(m.details.get("test") == rule.early for m in chosen)
    late = any(m.details.get("test") == rule.late and s == "past" for m, s in read)
    quantitative = any(m.details.get("test") == rule.quantitative and s is not None for m, s in read)
    return early and late and not quantitative
