"""Is an infection active now? Each test's result has a meaning; the latest dated statement wins."""

from __future__ import annotations

from extractor.mechanisms.base import Chart, Verdict, first, quote
from extractor.schema import Mention
from extractor.trial import InfectionNow

_STRENGTH = {"active": 3, "possible": 2, "negative": 1}


def infection_now(chart: Chart, rule: InfectionNow) -> Verdict:
    """Return whether the infection is active at the reference date."""
    mentions = [m for m in chart.of(rule.label) if not m.family]
    causes = {(m.note_id, m.start, m.end) for m in chart.of("HLH_CAUSE") if m.asserted}
    read = [(m, _meaning(m, rule, (m.note_id, m.start, m.end) in causes)) for m in mentions]
    told = [(m, s) for m, s in read if s is not None]
    current = [(m, s) for m, s in told if s != "past"]
    past = [m for m, s in told if s == "past"]
    if current:
        latest = max(_day(chart, m) for m, _ in current)
        group = [(m, s) for m, s in current if _day(chart, m) == latest]
        state = max((s for _, s in group), key=lambda s: _STRENGTH[s])
        chosen = [m for m, s in group if s == state]
        if state == "active" and _only_early_with_late(rule, chosen, read):
            return Verdict(
                "possible",
                f"Early antibody positive, {quote(chosen[0])}, with late antibody positive too and no quantitative test.",
                first([*chosen, *past]),
                "inferred",
            )
        earlier = [m for m, s in current if s == "active" and _day(chart, m) < latest]
        return _state_verdict(state, chosen, earlier, past)
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


def _state_verdict(state: str, chosen: list[Mention], earlier: list[Mention], past: list[Mention]) -> Verdict:
    words = ", ".join(quote(m) for m in chosen[:3])
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
    return chart.dated(mention)


def _meaning(mention: Mention, rule: InfectionNow, is_cause: bool) -> str | None:
    """Return what a mention says of the infection: active, past, negative, possible or nothing."""
    table = rule.tests.get(str(mention.details.get("test", "")), {})
    if mention.details.get("not_done") or (mention.hypothetical and not mention.negated):
        return None
    if mention.negated:
        return table.get("negative")
    if mention.details.get("test") in rule.tissue_tests and mention.historical:
        return None
    if mention.result and mention.result in table:
        state = table[mention.result]
        if mention.uncertain and state == "active":
            return "possible"
        return "past" if state == "active" and mention.historical and "historical" in table else state
    if mention.uncertain:
        return "possible" if "positive" in table and table["positive"] != "past" else None
    if mention.historical:
        return table.get("historical")
    if is_cause and "cause" in table:
        return table["cause"]
    return table.get("stated")


def _only_early_with_late(rule: InfectionNow, chosen: list[Mention], read: list[tuple[Mention, str | None]]) -> bool:
    """Return whether an early antibody alone speaks for activity while the late one is positive and no quantitative test is done."""
    early = all(m.details.get("test") == rule.early for m in chosen)
    late = any(m.details.get("test") == rule.late and s == "past" for m, s in read)
    quantitative = any(m.details.get("test") == rule.quantitative and s is not None for m, s in read)
    return early and late and not quantitative
