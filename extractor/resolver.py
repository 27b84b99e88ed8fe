"""The resolver: a patient's mentions and a trial in, answers with reason and evidence out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from extractor.mechanisms.base import Chart, Verdict
from extractor.mechanisms.causes import attribution, response
from extractor.mechanisms.count import criteria_count
from extractor.mechanisms.doses import dose_course
from extractor.mechanisms.ever import ever
from extractor.mechanisms.infection import infection_now
from extractor.mechanisms.people import age, allergy, consent
from extractor.mechanisms.recent import recent_disease
from extractor.mechanisms.value import lab_value
from extractor.schema import Answer, Mention
from extractor.trial import Combination, SameAs, Trial

_MECHANISMS: Mapping[str, Callable[[Chart, Any], Verdict]] = {
    "ever": ever,
    "infection_now": infection_now,
    "value": lab_value,
    "dose_course": dose_course,
    "age": age,
    "consent": consent,
    "criteria_count": criteria_count,
    "response": response,
    "attribution": attribution,
    "recent_disease": recent_disease,
    "allergy": allergy,
}


def resolve(
    patient_id: str,
    trial: Trial,
    mentions: Sequence[Mention],
    reference: dt.date | None,
    first_seen: Mapping[str, str | None] | None = None,
) -> list[Answer]:
    """Return the answers to all questions of a trial for one patient.

    Args:
        patient_id: the patient.
        trial: the trial.
        mentions: the patient's mentions, in the order of the notes.
        reference: the reference date.
        first_seen: dates on which copied-forward statements first stood, by mention id.
    """
    chart = Chart(mentions=mentions, reference=reference, first_seen=first_seen or {})
    answers = []
    for question in trial.questions:
        verdict = _verdict(chart, question.rule)
        chart.verdicts[question.id] = verdict
        answers.append(
            Answer(
                patient_id=patient_id,
                trial=trial.trial,
                question=question.id,
                kind=question.kind,
                status=verdict.status,
                confidence=verdict.confidence,
                rationale=verdict.rationale,
                evidence=tuple(dict.fromkeys(m.mention_id for m in verdict.evidence)),
            )
        )
    return answers


def published(mentions: Iterable[Mention], answers: Iterable[Answer]) -> list[Mention]:
    """Return the mentions that leave the program: those of the guideline, and the resolver's own that an answer cites.

    Args:
        mentions: a patient's mentions, the resolver's own statements (labels that begin with ``_``) among them.
        answers: the patient's answers.
    """
    cited = {i for answer in answers for i in answer.evidence}
    return [m for m in mentions if not m.label.startswith("_") or m.mention_id in cited]


def _verdict(chart: Chart, rule: Any) -> Verdict:
    if isinstance(rule, SameAs):
        return chart.verdicts[rule.question]
    if isinstance(rule, Combination):
        return _combined(chart, rule)
    return _MECHANISMS[rule.type](chart, rule)


def _combined(chart: Chart, rule: Combination) -> Verdict:
    """Return the answer to a question over other questions; what is not documented stays open."""
    parts = [chart.verdicts[q] for q in rule.questions]
    named = ", ".join(f"{q} {v.status.replace('_', ' ')}" for q, v in zip(rule.questions, parts, strict=True))
    evidence = tuple(m for v in parts for m in v.evidence[:2])
    status = _status_of(rule, [v.status for v in parts])
    capped = " (a part of the criterion cannot be read from notes)" if status == "met" != rule.met_is else ""
    return Verdict(rule.met_is if capped else status, f"From {named}{capped}.", evidence, "inferred")


def _status_of(rule: Combination, statuses: Sequence[str]) -> str:
    ranked = sorted(statuses, key=_ORDER.index, reverse=True)
    if rule.type == "first":
        return next((s for s in statuses if s != "not_documented"), "not_documented")
    if rule.type == "not":
        return _OPPOSITE.get(ranked[0], ranked[0])
    return ranked[{"all": len(ranked), "any": 1, "at_least": rule.count}[rule.type] - 1]


_ORDER = ("not_met", "not_documented", "possible", "met")
_OPPOSITE = {"met": "not_met", "not_met": "met"}


def screen_of(answers: Sequence[Answer]) -> str:
    """Return a patient's roll-up: ``excluded``, ``review`` or ``eligible_so_far``."""
    criteria = [a for a in answers if a.kind != "finding"]
    if any(
        (a.kind == "exclusion" and a.status == "met") or (a.kind == "inclusion" and a.status == "not_met")
        for a in criteria
    ):
        return "excluded"
    if any(a.status in ("possible", "not_documented") for a in criteria):
        return "review"
    return "eligible_so_far"
