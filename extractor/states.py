"""The attributes of a mention while they are worked out, and what results, sections and links say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from extractor.causes import Link
from extractor.results import Result
from extractor.ruleshapes import SectionRule

_DISEASES = frozenset(
    {"MALIGNANCY", "LUNG_DISEASE", "RHEUM_DISEASE", "HLH", "HLH_CAUSE", "HLH_FEATURE", "DRUG_ALLERGY"}
)


@dataclass(slots=True)
class State:
    """The attributes of a mention while they are being worked out."""

    negated: bool = False
    historical: bool = False
    hypothetical: bool = False
    uncertain: bool = False
    family: bool = False
    cues: list[str] = field(default_factory=list)
    result: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


def apply_link(state: State, link: Link) -> None:
    """Let the words that link a cause to HLH deny the link or leave it open.

    Args:
        state: the attributes so far of the cause; they are changed.
        link: the link.
    """
    if link.found_by:
        state.details["found_by"] = link.found_by
    if link.denied and not state.negated:
        state.negated, state.uncertain = True, False
        state.cues.append("cause.denied")
    elif link.doubtful and not state.negated and not state.uncertain:
        state.uncertain = True
        state.cues.append("cause.doubt")


def apply_result(state: State, result: Result) -> None:
    """Let a result or a form's answer speak.

    Args:
        state: the attributes so far; they are changed.
        result: what was found behind, before or around the mention.
    """
    state.cues.append(result.rule)
    if result.result == "not_done":
        state.details["not_done"] = True
    if result.result in ("no", "negative", "not_done", "not_taken"):
        state.negated, state.uncertain, state.hypothetical = True, False, False
        state.result = "negative" if result.result == "negative" else None
    elif result.result == "past":
        state.historical = True
    elif result.result == "yes":
        state.uncertain = state.negated = False
    elif result.result == "positive":
        state.result, state.negated = "positive", False
    elif result.result == "low_level":
        state.result = "low_level"
        state.negated = False
    elif result.result == "equivocal":
        state.result, state.uncertain = "equivocal", True
    elif result.result in ("pending", "to_start"):
        state.hypothetical = True
    elif result.result in ("unknown", "doubted"):
        state.uncertain = True


def names_disease(label: str, details: Mapping[str, Any]) -> bool:
    """Return whether a mention of a label of tests names the disease itself, which is not sent and not done.

    Args:
        label: the mention's label.
        details: what its rule says of it.
    """
    return (label == "EBV" and details.get("test") in ("disease", "mono")) or (
        label == "PRIMARY_HLH" and details.get("kind") == "name"
    )


def settle(state: State, label: str, details: Mapping[str, Any]) -> None:
    """Keep, of attributes that exclude each other, the one that holds.

    What is denied is neither planned nor doubted; a treatment or test to come is planned and not doubted, a disease doubted and
    not planned (annotation guideline, section 2; hand-made annotations never have both).

    Args:
        state: the attributes; they are changed.
        label: the mention's label.
        details: what its rule says of it: the name of a disease, or a test for it.
    """
    if state.negated and state.hypothetical:
        ordered = label in ("PRIMARY_HLH", "CONSENT")  # "no panel sent as yet", "has not signed yet"
        state.negated, state.hypothetical = not ordered, ordered
        if ordered:
            state.details["not_done"] = True
    if state.negated:
        state.uncertain = False
    if state.hypothetical and state.uncertain:
        doubted = label in _DISEASES or names_disease(label, details)
        state.hypothetical, state.uncertain = not doubted, doubted


def apply_section(state: State, rule: SectionRule, label: str, named: set[str]) -> None:
    """Let the section of a mention speak where its sentence does not say otherwise.

    Args:
        state: the attributes so far; they are changed.
        rule: the section's rule.
        label: the mention's label.
        named: what the cues around the mention say: attributes, ``current`` and ``patient``.
    """
    if label in rule.not_labels or (rule.labels and label not in rule.labels):
        return
    for attribute in rule.attributes:
        if attribute == "historical" and ("current" in named or state.hypothetical):
            continue
        if attribute == "hypothetical" and (
            "current" in named or state.negated or state.uncertain or "historical" in named or state.result
        ):
            continue
        if attribute == "family" and "patient" in named:
            continue
        if not getattr(state, attribute):
            setattr(state, attribute, True)
            state.cues.append(f"section:{rule.id}")
