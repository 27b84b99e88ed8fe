"""Why a mistake happened, by stated heuristics; the bucket says where to look first, not what is certain.

==========  ====================================================================================================
bucket      a mistake is put there when
==========  ====================================================================================================
value       it is about a label that is a number (PFT, AGE, WEIGHT, HEIGHT, HLH_FEATURE), an attribute that a
            value gave, or an answer whose evidence lacks the number it needs
look-alike  a mention was invented, or missed although a vocabulary entry matches it (a refusal or missing company
            turned it down), or it was taken for another label
vocabulary  a mention was missed and no entry matches it, or one gold mention was found in two pieces
date        ``historical`` hangs on a date: a date gave it, or its sentence holds a year or "ago"
section     an attribute came from a section, or is missing and no cue of its kind stands in the sentence
scope       any other attribute: a cue reaches too far, not far enough, or is not known
resolver    an answer is wrong although all mentions of the patient's labels it rests on are right
==========  ====================================================================================================

A wrong answer that follows from wrong mentions is put in the bucket most of these are in.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from evaluation.baseline import LABELS_OF as FINDING_LABELS
from evaluation.tool import RuleLookup
from extractor.schema import LABELS

BUCKETS: Final = ("vocabulary", "look-alike", "scope", "section", "date", "value", "resolver")
VALUE_LABELS: Final = ("PFT", "AGE", "WEIGHT", "HEIGHT", "HLH_FEATURE")
LABELS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    **FINDING_LABELS,
    "high_dose_steroid": ("STEROID", "WEIGHT"),
    "I1": ("AGE",),
    "I2": ("CONSENT", "AGE"),
    "I3": ("RHEUM_DISEASE",),
    "I4": ("HLH", "HLH_FEATURE"),
    "I5": ("STEROID_RESPONSE", "STEROID", "HLH", "RHEUM_DISEASE"),
    "E1": ("PRIMARY_HLH",),
    "E2": ("HLH", "HLH_CAUSE", "EBV", "CAR_T", "TCE", "ADC"),
    "E3": ("MALIGNANCY",),
    "E4": ("DRUG_ALLERGY",),
    "E5": FINDING_LABELS["lung_disease"],
}
_DATED = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\bago\b|\bsince\b", re.IGNORECASE)


class Verdict(NamedTuple):
    """A bucket and the reason in a few words."""

    bucket: str
    why: str


def missed(label: str, text: str, other_label: str | None, rules: RuleLookup) -> Verdict:
    """Return the bucket of a gold mention that was not found.

    Args:
        label: its label.
        text: its span.
        other_label: the label under which something was found there.
        rules: the rulebook.
    """
    if label in VALUE_LABELS:
        return Verdict("value", "a number that was not read")
    if other_label:
        return Verdict("look-alike", f"taken for {other_label}")
    entry = rules.entry_in(label, text)
    if entry:
        return Verdict("look-alike", f"{entry} matches but was turned down (refusal or missing company)")
    return Verdict("vocabulary", "no entry matches")


def invented(label: str, within_gold: bool) -> Verdict:
    """Return the bucket of a predicted mention that the gold does not have.

    Args:
        label: its label.
        within_gold: whether it overlaps a gold mention of its label that is paired with another.
    """
    if label in VALUE_LABELS:
        return Verdict("value", "a number that is none of the patient's")
    if within_gold:
        return Verdict("vocabulary", "a second piece of one gold mention")
    return Verdict("look-alike", "the words are no mention here")


def wrong_attribute(name: str, said: bool, cues: Sequence[str], sentence: str, rules: RuleLookup) -> Verdict:
    """Return the bucket of an attribute that differs from the gold.

    Args:
        name: the attribute.
        said: what was predicted.
        cues: ids of the cues that acted on the mention.
        sentence: the sentence it stands in.
        rules: the rulebook.
    """
    if said:
        return _given(name, cues, rules)
    if name == "historical" and _DATED.search(sentence):
        return Verdict("date", "a date in the sentence was not seen as past")
    cue = rules.cue_in(name, sentence)
    if cue:
        return Verdict("scope", f"{cue} stands in the sentence and did not reach it")
    if name in ("historical", "family", "hypothetical"):
        return Verdict("section", "no cue in the sentence; its section should say so")
    return Verdict("scope", "no known cue in the sentence")


def _given(name: str, cues: Sequence[str], rules: RuleLookup) -> Verdict:
    if name == "historical" and "date" in cues:
        return Verdict("date", "a date made it past")
    if "value" in cues:
        return Verdict("value", "a value decided it")
    sections = [c for c in cues if c.split(":")[-1] in rules.section_ids or c.startswith("section")]
    if sections and name in ("historical", "family", "hypothetical"):
        return Verdict("section", f"the section {sections[0]} gave it")
    return Verdict("scope", f"given by {', '.join(cues)}" if cues else "given without a cue")


def wrong_answer(question: str, upstream: Sequence[tuple[str, str]], evidence: Sequence[Mapping[str, Any]]) -> Verdict:
    """Return the bucket of a wrong answer.

    Args:
        question: the question.
        upstream: label and bucket of the patient's wrong mentions.
        evidence: the predicted mentions it rests on.
    """
    labels = LABELS_OF.get(question, LABELS)
    relevant = Counter(bucket for label, bucket in upstream if label in labels)
    if relevant:
        bucket, _ = relevant.most_common(1)[0]
        return Verdict(bucket, f"wrong mentions behind it: {relevant.total()}")
    if any(_lacks_value(row) for row in evidence):
        return Verdict("value", "its evidence lacks the number it needs")
    if question == "E3" and any(_lacks_date(row) for row in evidence):
        return Verdict("date", "its evidence has a date that was not read")
    return Verdict("resolver", "all mentions it rests on are right")


def _lacks_value(row: Mapping[str, Any]) -> bool:
    value = row.get("normalized_value")
    return row["label"] in VALUE_LABELS and "normalized_value" in row and (value is None or math.isnan(value))


def _lacks_date(row: Mapping[str, Any]) -> bool:
    return row["label"] == "MALIGNANCY" and not row.get("date") and bool(_DATED.search(str(row.get("sentence", ""))))
