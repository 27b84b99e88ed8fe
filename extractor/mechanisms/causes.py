"""Response to treatment, and what a disease is attributed to."""

from __future__ import annotations

from extractor.mechanisms.base import Chart, Verdict, first, quote
from extractor.trial import Attribution, Response


def response(chart: Chart, rule: Response) -> Verdict:
    """Return whether the treatment failed, tied to the question whether it was given as asked."""
    mentions = [m for m in chart.of(rule.label) if not m.family and not m.hypothetical]
    failed = [m for m in mentions if m.details.get("response") == "failure" and not m.negated and not m.uncertain]
    doubtful = [m for m in mentions if m.details.get("response") == "failure" and m.uncertain and not m.negated]
    responded = [m for m in mentions if (m.details.get("response") == "responded") != m.negated]
    given = chart.verdicts[rule.given]
    if failed:
        if given.status == "met":
            return Verdict(
                "met",
                f"Failure is stated, {quote(failed[-1])}, on a high-dose course: {given.rationale}",
                first([failed[-1], *given.evidence[:2], *failed[:-1]]),
                "inferred",
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


def attribution(chart: Chart, rule: Attribution) -> Verdict:
    """Return whether the disease is attributed to one of the kinds of cause asked for."""
    named = [m for m in chart.of(rule.label) if not m.family and not m.hypothetical]
    present = [m for m in named if not m.negated]
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
    if by_definition:
        return Verdict(
            "met",
            f"HLH induced by treatment by definition: {quote(by_definition[0])}.",
            first([*by_definition, *stated]),
        )
    if stated:
        return Verdict("met", f"HLH is attributed to {quote(stated[0])}.", first([*stated, *present[:1]]))
    doubtful = [
        m for m in causes if m.uncertain and (m.concept in rule.kinds_met or m.details.get("kind") in rule.kinds_met)
    ]
    infection = chart.verdicts.get(rule.infection)
    exposed = [q for q in rule.exposures if chart.verdicts[q].status == "met"]
    if infection and infection.status in ("met", "possible"):
        return Verdict(
            "possible",
            f"HLH and {rule.infection.replace('_', ' ')} {infection.status}, without a stated cause.",
            first([*present[:1], *infection.evidence[:2]]),
            "inferred",
        )
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
    other = [
        m for m in causes if not m.negated and (m.concept in rule.kinds_not or m.details.get("kind") in rule.kinds_not)
    ]
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
    ruled_out = [m for m in causes if m.negated]
    if other and ruled_out:
        return Verdict(
            "not_met",
            f"HLH is attributed to {quote(other[0])}; {quote(ruled_out[0])} is excluded.",
            first([*other, *ruled_out]),
            "inferred",
        )
    if other:
        return Verdict(
            "not_documented",
            f"HLH is attributed to {quote(other[0])}; infection and treatment as triggers are not spoken of.",
            first(other),
            "inferred",
        )
    return Verdict("not_documented", "The notes do not say what HLH is due to.", first(present[:1]))
