"""Response to treatment, and what a disease is attributed to."""

from __future__ import annotations

from extractor.mechanisms.base import Chart, Verdict, against, days_between, first, only_learned, quote
from extractor.mechanisms.ever import _excluded_later
from extractor.schema import Mention
from extractor.trial import Attribution, Response


def response(chart: Chart, rule: Response) -> Verdict:
    """Return whether the treatment failed, tied to the question whether it was given as asked."""
    mentions = [m for m in chart.of(rule.label) if not m.family and not m.hypothetical]
    told = {m.mention_id: _told_response(m) for m in mentions}
    failures = [m for m in mentions if told[m.mention_id] == "failure"]
    failed = [m for m in failures if not (m.uncertain or only_learned(m))]
    doubtful = [m for m in failures if m not in failed]
    responded = [m for m in mentions if told[m.mention_id] == "responded"]
    given = chart.verdicts[rule.given]
    elsewhere = [m for m in failed if _on_another_course(chart, m, given)]
    if elsewhere and elsewhere == failed:
        return Verdict(
            "not_met",
            f"Failure is stated, {quote(failed[-1])}, but of another course in a low dose.",
            first([*reversed(failed), *given.evidence[:1]]),
            "inferred",
        )
    failed = [m for m in failed if m not in elsewhere]
    if failed:
        if given.status == "met":
            return Verdict(
                "met",
                f"Failure is stated, {quote(failed[-1])}{against(responded, 'a response too')}, on a high-dose course: {given.rationale}",
                first([failed[-1], *given.evidence[:2], *failed[:-1], *responded[-1:]], 6),
                "conflicting" if responded else "inferred",
            )
        if given.status == "not_met":
            return Verdict(
                "not_met",
                f"Failure is stated, {quote(failed[-1])}, but not on a high dose: {given.rationale}",
                first([failed[-1], *given.evidence[:2], *failed[:-1]]),
                "inferred",
            )
        return Verdict(
            "possible",
            f"Failure is stated, {quote(failed[-1])}, but a high-dose course is {given.status.replace('_', ' ')}.",
            first([*reversed(failed)]),
            "inferred",
        )
    if doubtful:
        return Verdict(
            "possible", f"Failure is suspected: {quote(doubtful[-1])}.", first([*reversed(doubtful)]), "inferred"
        )
    if responded:
        return Verdict("not_met", f"A response is stated: {quote(responded[-1])}.", first([*reversed(responded)]))
    return Verdict("not_documented", "The notes do not say how the disease responded to corticosteroids.")


_SAME_ILLNESS = 30
"""Days within which a failure may be that of a high-dose course told in another note."""


def _on_another_course(chart: Chart, failure: Mention, given: Verdict) -> bool:
    """Return whether a failure is told beside courses that are all known to be low, far from the high-dose one.

    Dependence is on the dose that is told beside it, however near the high-dose course lies.
    """
    if given.status != "met":
        return False
    beside = [
        m
        for m in chart.of("STEROID")
        if (m.note_id, m.sentence_start) == (failure.note_id, failure.sentence_start) and m.details.get("daily")
    ]
    if not beside or not all(m.mention_id in given.low for m in beside):
        return False
    if failure.concept == "dependent":
        return True
    days = [days_between(chart.dated(m), chart.dated(failure)) for m in given.evidence[:1]]
    return all(m.note_id != failure.note_id for m in given.evidence[:1]) and all(
        d is not None and d > _SAME_ILLNESS for d in days
    )


def _told_response(mention: Mention) -> str | None:
    """Return what a mention says of the response; a denied one says the opposite ("not refractory")."""
    said = mention.details.get("response")
    if said not in ("failure", "responded") or not mention.negated:
        return said
    return "responded" if said == "failure" else "failure"


def attribution(chart: Chart, rule: Attribution) -> Verdict:
    """Return whether the disease is attributed to one of the kinds of cause asked for."""
    named = [m for m in chart.of(rule.label) if not m.family and not m.hypothetical]
    present = [m for m in named if m.asserted or (m.uncertain and not _excluded_later(m, named))]
    if not present:
        return Verdict(
            "not_documented",
            "HLH is not documented, so no cause is asked for."
            if not named
            else f"HLH is excluded: {quote(named[-1])}.",
            first(named),
        )
    by_definition = [m for m in present if m.concept in rule.concepts_met and not m.uncertain]
    causes = [m for m in chart.of(rule.cause) if not m.family and not m.hypothetical]
    stated = [
        m
        for m in causes
        if (m.asserted and m.concept in rule.kinds_met) or (m.asserted and m.details.get("kind") in rule.kinds_met)
    ]
    stated = [m for m in stated if m.concept != "malignancy" or "malignancy" in rule.kinds_met]
    told_otherwise = any(m.asserted and m.concept in rule.kinds_not and not only_learned(m) for m in causes)
    guessed = [m for m in stated if only_learned(m) and not told_otherwise]
    stated = [m for m in stated if not only_learned(m)]
    if by_definition:
        return Verdict(
            "met",
            f"HLH induced by treatment by definition: {quote(by_definition[0])}.",
            first([*by_definition, *stated]),
        )
    if stated:
        return Verdict("met", f"HLH is attributed to {quote(stated[0])}.", first([*stated, *present[:1]]))
    doubtful = [
        m
        for m in causes
        if m in guessed or (m.uncertain and (m.concept in rule.kinds_met or m.details.get("kind") in rule.kinds_met))
    ]
    doubtful = [m for m in doubtful if not _excluded_later(m, causes)]
    either = _either(rule, present, doubtful, causes)
    if either:
        said = " or ".join(quote(m) for m in either)
        return Verdict("met", f"HLH is attributed to one or the other of {said}.", first(either), "inferred")
    infection = chart.verdicts.get(rule.infection)
    exposed = [q for q in rule.exposures if chart.verdicts[q].status == "met"]
    if infection and infection.status in ("met", "possible"):
        return Verdict(
            "possible",
            f"HLH and {rule.infection.replace('_', ' ')} {infection.status}, without a stated cause.",
            first([*present[:1], *infection.evidence[:2]]),
            "inferred",
        )
    other = [
        m for m in causes if not m.negated and (m.concept in rule.kinds_not or m.details.get("kind") in rule.kinds_not)
    ]
    ruled_out = [m for m in causes if m.negated]
    named_cause = [m for m in other if m.asserted]
    if exposed and named_cause and ruled_out:
        return _caused_otherwise(named_cause, ruled_out)
    if exposed:
        return Verdict(
            "possible",
            f"HLH and {exposed[0].replace('_', ' ')}, without a stated cause.",
            first([*present[:1], *chart.verdicts[exposed[0]].evidence[:2]]),
            "inferred",
        )
    if doubtful:
        return Verdict(
            "possible", f"HLH may be due to {quote(doubtful[0])}.", first([*doubtful, *present[:1]]), "inferred"
        )
    negative = infection is not None and infection.status == "not_met"
    if other and negative:
        return Verdict(
            "not_met",
            f"HLH is attributed to {quote(other[0])}, and EBV is negative.",
            first([*other, *infection.evidence[:2]] if infection else other),
            "inferred",
        )
    if negative and infection:
        return Verdict(
            "not_met",
            "EBV is negative and no other trigger is documented.",
            first([*infection.evidence[:2], *present[:1]]),
            "inferred",
        )
    if other and ruled_out:
        return _caused_otherwise(other, ruled_out)
    if other:
        return Verdict(
            "not_documented",
            f"HLH is attributed to {quote(other[0])}; infection and treatment as triggers are not spoken of.",
            first(other),
            "inferred",
        )
    return Verdict("not_documented", "The notes do not say what HLH is due to.", first(present[:1]))


def _caused_otherwise(other: list[Mention], ruled_out: list[Mention]) -> Verdict:
    """Return the verdict on a disease that has a cause of another kind, those asked for being excluded."""
    return Verdict(
        "not_met",
        f"HLH is attributed to {quote(other[0])}; {quote(ruled_out[0])} is excluded.",
        first([*other, *ruled_out]),
        "inferred",
    )


def _either(rule: Attribution, present: list[Mention], doubtful: list[Mention], causes: list[Mention]) -> list[Mention]:
    """Return the alternatives between which the notes leave the cause open, where each of them is of the kind asked for."""
    forms = [m for m in present if m.concept in rule.concepts_met and m.uncertain]
    for form in forms:
        beside = [m for m in doubtful if (m.note_id, m.sentence_start) == (form.note_id, form.sentence_start)]
        others = [
            m
            for m in causes
            if (m.note_id, m.sentence_start) == (form.note_id, form.sentence_start) and m not in beside
        ]
        if beside and not others:
            return [form, *beside]
    return []
