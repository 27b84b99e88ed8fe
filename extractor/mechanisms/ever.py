"""Was there ever such a thing? Presence beats absence; suspicions may be excluded and claims corrected later."""

from __future__ import annotations

from extractor.mechanisms.base import Chart, Verdict, first, quote
from extractor.mechanisms.window import Place, place
from extractor.schema import Mention
from extractor.trial import Ever, Threshold

CORRECTION = "correct."
"""Cue ids that begin so correct an earlier claim ("entered in error")."""


def ever(chart: Chart, rule: Ever) -> Verdict:
    """Return the answer to "was there ever": asserted, else suspected, else denied, else not documented."""
    mentions = [m for m in chart.of(*rule.labels) if not rule.concepts or m.concept in rule.concepts]
    mentions = [m for m in mentions if _counts(m, rule)]
    own = [m for m in mentions if not m.family]
    corrected = _corrected(own)
    claimed = [m for m in own if m.asserted and m.mention_id not in corrected and not _is_weak(m, rule)]
    current = _going_on(claimed, own) if rule.now else claimed
    places = {m.mention_id: place(chart, m, rule) for m in current}
    certain = [m for m in current if m.concept not in rule.possible_concepts]
    asserted = [m for m in certain if places[m.mention_id] == "inside"]
    open_claims = [m for m in current if m not in asserted and places[m.mention_id] != "outside"]
    beyond, within = _values(chart, rule.values)
    if asserted or beyond:
        strongest = sorted(asserted, key=lambda m: (m.historical, not m.date)) if asserted else []
        return _met(rule, strongest, beyond, own)
    if open_claims:
        return _open(rule, open_claims, places)
    doubts = _open_doubts(chart, rule, own, corrected)
    if doubts:
        return _suspected(rule, doubts)
    relatives = [m for m in mentions if m.family and not m.negated and not m.hypothetical]
    if rule.family_is and relatives:
        return Verdict(
            rule.family_is, f"{rule.name} in a relative: {quote(relatives[0])}.", first(relatives), "inferred"
        )
    if claimed:
        why = "is over" if claimed[-1] not in current else "lies outside the window"
        return Verdict("not_met", f"{rule.name} {why}: {quote(claimed[-1])}.", first([*reversed(claimed)]), "inferred")
    denied = [m for m in own if m.negated and not _not_sent(m, rule)] + within
    if denied:
        return _denied(rule, denied, corrected, own)
    planned = [m for m in own if m.hypothetical]
    if planned:
        return Verdict(
            "not_documented",
            f"{rule.name} is only planned, considered or conditional: {quote(planned[0])}.",
            first(planned),
            "inferred",
        )
    if relatives:
        return Verdict(
            "not_documented", f"{rule.name} is only documented in relatives: {quote(relatives[0])}.", first(relatives)
        )
    return Verdict("not_documented", f"The notes say nothing about {rule.name}.")


def _open_doubts(chart: Chart, rule: Ever, own: list[Mention], corrected: set[str]) -> list[Mention]:
    """Return the suspicions that nothing later excludes."""
    doubts = [m for m in own if m.uncertain or (m.asserted and _is_weak(m, rule) and m.mention_id not in corrected)]
    doubts = [m for m in doubts if not m.hypothetical and not _excluded_later(m, own, rule.excluding_kinds)]
    return [m for m in doubts if place(chart, m, rule) != "outside" and not (rule.now and m.historical)]


def _suspected(rule: Ever, doubts: list[Mention]) -> Verdict:
    """Return the answer where a thing is suspected and no more."""
    firm = [m for m in doubts if not _is_weak(m, rule) and m.details.get("kind") not in rule.weak_kinds]
    firm = [m for m in firm if m.result != "equivocal"]  # a variant of unknown significance is no suspicion
    said = ", ".join(quote(m) for m in (firm or doubts)[:3])
    if rule.uncertain_is == "met" and firm:
        evidence = first([*firm, *(m for m in doubts if m not in firm)])
        return Verdict("met", f"{rule.name} is suspected: {said}; a suspicion is enough here.", evidence, "inferred")
    if rule.uncertain_is == "met":
        return Verdict("possible", f"{rule.name} is left open: {said}.", first(doubts), "inferred")
    return Verdict(rule.uncertain_is, f"{rule.name} is suspected but not confirmed: {said}.", first(doubts), "inferred")


def _is_weak(mention: Mention, rule: Ever) -> bool:
    """Return whether the words beside a mention leave it open ("unlikely", "of uncertain significance")."""
    return bool(rule.weak_kinds) and mention.details.get("doubt") == "weak" and mention.result != "positive"


def _not_sent(mention: Mention, rule: Ever) -> bool:
    """Return whether a test was not done, which denies nothing."""
    return bool(mention.details.get("not_done")) and mention.details.get("kind") in rule.needs_result


def _counts(mention: Mention, rule: Ever) -> bool:
    """Return whether a mention can answer: a gene or a panel says nothing without its result."""
    if mention.details.get("kind") not in rule.needs_result:
        return True
    return (
        mention.negated
        or mention.result in ("positive", "equivocal")
        or (mention.uncertain and mention.result == "equivocal")
    )


def _going_on(claimed: list[Mention], own: list[Mention]) -> list[Mention]:
    """Return the claims that hold now: those that are their concept's latest statement and are not in the past."""
    latest = {m.concept: m for m in own if not m.hypothetical}
    return [m for m in claimed if latest[m.concept] is m and not m.historical]


def _open(rule: Ever, claims: list[Mention], places: dict[str, Place]) -> Verdict:
    """Return the answer where what is documented may or may not be what is asked for."""
    undated = [m for m in claims if places[m.mention_id] == "unclear"]
    why = "may or may not lie within the window" if undated else "may or may not be what the criterion means"
    shown = undated or claims
    return Verdict(
        "possible", f"{rule.name} is documented but {why}: {quote(shown[-1])}.", first([*reversed(shown)]), "inferred"
    )


def _corrected(mentions: list[Mention]) -> set[str]:
    """Return ids of claims that a later statement takes back."""
    out: set[str] = set()
    for i, mention in enumerate(mentions):
        if mention.negated and (
            mention.details.get("corrected") or any(c.startswith(CORRECTION) for c in mention.cues)
        ):
            out.update(m.mention_id for m in mentions[:i] if m.concept == mention.concept)
    return out


def _excluded_later(doubt: Mention, mentions: list[Mention], excluding: tuple[str, ...] = ()) -> bool:
    """Return whether a later statement denies the same thing, or the whole class."""
    at = mentions.index(doubt)
    if (
        doubt.result == "equivocal"
    ):  # the other genes, in which nothing is found, do not undo a variant; the whole panel does
        mentions = [m for m in mentions if m is doubt or not _is_other_test(m, doubt)]
        at = mentions.index(doubt)
    return any(
        m.negated
        and (m.concept == doubt.concept or _related(m, doubt) or m.details.get("kind") in excluding)
        and not m.details.get("not_done")
        for m in mentions[at + 1 :]
    ) or any(
        m.negated
        and m.details.get("kind") in excluding
        and not m.details.get("not_done")
        and (m.note_id, m.sentence_start) == (doubt.note_id, doubt.sentence_start)
        for m in mentions[:at]
    )


def _is_other_test(mention: Mention, doubt: Mention) -> bool:
    """Return whether a mention is another test of the same kind in the same note, without a finding."""
    same = (mention.note_id, mention.details.get("kind")) == (doubt.note_id, doubt.details.get("kind"))
    return same and mention.result == "negative"


def _related(denial: Mention, doubt: Mention) -> bool:
    """Return whether a denial speaks of the doubt's class or family; what is found in no kind of blood cancer is none of them."""
    if denial.details.get("group") == "class" or denial.details.get("kind") == "class":
        return True
    if denial.details.get("group") == "haematological" and denial.note_id != doubt.note_id:
        return doubt.details.get("group") in ("haematological", "class")
    family = denial.details.get("family")
    return family is not None and family == doubt.details.get("family")


def _values(chart: Chart, thresholds: tuple[Threshold, ...]) -> tuple[list[Mention], list[Mention]]:
    """Return values beyond a threshold and values on the healthy side of all."""
    beyond, within = [], []
    for mention in chart.mentions:
        for threshold in thresholds:
            if mention.label != threshold.label or mention.details.get("test") != threshold.test:
                continue
            if mention.normalized_value is None or mention.family or mention.hypothetical:
                continue
            if threshold.holds(mention.normalized_value, mention.comparator):
                beyond.append(mention)
            else:
                within.append(mention)
    return beyond, within


def _met(rule: Ever, asserted: list[Mention], beyond: list[Mention], own: list[Mention]) -> Verdict:
    facts = [quote(m) for m in asserted[:3]]
    for mention in beyond[:2]:
        threshold = next(t for t in rule.values if t.test == mention.details.get("test"))
        facts.append(f"{quote(mention)} is {threshold.comparator} {threshold.threshold:g} {threshold.unit}".rstrip())
    denied = [m for m in own if m.negated]
    conflict = (
        f"; elsewhere denied: {quote(denied[0])}"
        if denied and asserted and any(d.concept == a.concept for d in denied for a in asserted)
        else ""
    )
    confidence = "conflicting" if conflict else "direct" if asserted else "inferred"
    past = " (past)" if asserted and all(m.historical for m in asserted) and not beyond else ""
    return Verdict(
        "met",
        f"{rule.name} is documented{past}: {'; '.join(facts)}{conflict}.",
        first([*asserted, *beyond, *denied[:1]], 6),
        confidence,
    )


def _denied(rule: Ever, denied: list[Mention], corrected: set[str], own: list[Mention]) -> Verdict:
    said = ", ".join(quote(m) for m in denied[:3])
    normal = [m for m in denied if m.label in {t.label for t in rule.values} and not m.negated]
    if len(normal) == len(denied):
        return Verdict("not_met", f"Only normal values are documented: {said}.", first(denied), "inferred")
    narrow = len({m.concept for m in denied if m.negated}) == 1 and len(denied) == 1
    note = "; only this was denied" if narrow else ""
    earlier = [m for m in own if m.mention_id in corrected or m.uncertain]
    took_back = f"; earlier {quote(earlier[0])} was excluded or corrected" if earlier else ""
    return Verdict(
        "not_met",
        f"{rule.name} is denied or excluded: {said}{note}{took_back}.",
        first(denied),
        "inferred" if narrow or took_back else "direct",
    )
