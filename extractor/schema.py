"""The typed rows that travel through the house: notes, mentions and answers."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

ATTRIBUTES: Final = ("negated", "historical", "hypothetical", "uncertain", "family")
"""The five attributes of a mention, in the order in which they are shown."""

STATUSES: Final = ("met", "possible", "not_met", "not_documented")
KINDS: Final = ("finding", "inclusion", "exclusion")
CONFIDENCES: Final = ("direct", "inferred", "conflicting")
SCREENS: Final = ("excluded", "review", "eligible_so_far")

LABELS: Final = (
    "EBV",
    "CAR_T",
    "TCE",
    "ADC",
    "MALIGNANCY",
    "LUNG_DISEASE",
    "PFT",
    "STEROID",
    "HLH",
    "HLH_CAUSE",
    "HLH_FEATURE",
    "PRIMARY_HLH",
    "RHEUM_DISEASE",
    "STEROID_RESPONSE",
    "DRUG_ALLERGY",
    "AGE",
    "WEIGHT",
    "HEIGHT",
    "CONSENT",
)
"""Labels of the annotation guideline; the first eight are the main ones."""
RESOLVER_LABELS: Final = (
    "_HLH_CRITERIA",
    "_BIRTH_DATE",
    "_STUDY",
    "_TRANSPLANT",
    "_VACCINE",
    "_HLH_THERAPY",
    "_HLH_COURSE",
    "_LAB",
    "_OTHER_ALLERGY",
)
"""Statements that are no mentions of the guideline but that the resolver needs; only those that an answer cites leave the program."""
MAIN_LABELS: Final = LABELS[:8]


@dataclass(frozen=True, slots=True)
class Note:
    """One clinical note as it was given.

    Args:
        patient_id: the patient's id, kept as text.
        note_id: the note's id, unique within a run.
        text: the note exactly as read.
        note_date: ISO date or ``datetime.date``; ``None`` where unknown.
        note_type: free-text title or type of the note.
        extra: further columns, passed through untouched.
        date_shift: days that were added to ``note_date`` and to the dates in the text when the note was
            de-identified; ``screen`` and ``Screener`` take them off again before they answer.
    """

    patient_id: str
    note_id: str
    text: str
    note_date: str | None = None
    note_type: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    date_shift: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.note_date, dt.datetime):
            object.__setattr__(self, "note_date", self.note_date.date().isoformat())
        elif isinstance(self.note_date, dt.date):
            object.__setattr__(self, "note_date", self.note_date.isoformat())


@dataclass(frozen=True, slots=True)
class Mention:
    """One span of a note that speaks of a label of the guideline, with all the contract's columns.

    ``start`` and ``end`` count Unicode code points into the note as given, end exclusive, and
    ``text == note[start:end]`` always holds.
    """

    patient_id: str
    note_id: str
    note_date: str | None
    mention_id: str
    label: str
    concept: str
    text: str | None
    start: int
    end: int
    section: str | None
    sentence_start: int
    sentence_end: int
    negated: bool
    historical: bool
    hypothetical: bool
    uncertain: bool
    family: bool
    cues: tuple[str, ...]
    date: str | None
    comparator: str | None
    value: float | None
    unit: str | None
    normalized_value: float | None
    normalized_unit: str | None
    result: str | None
    details: Mapping[str, Any]
    rule: str

    @property
    def asserted(self) -> bool:
        """Whether the mention is none of negated, hypothetical, uncertain, family."""
        return not (self.negated or self.hypothetical or self.uncertain or self.family)

    def row(self) -> dict[str, Any]:
        """Return the mention as a row of ``mentions.parquet`` (``details`` as JSON)."""
        row = {f.name: getattr(self, f.name) for f in fields(self)}
        row["cues"] = list(self.cues)
        row["details"] = json.dumps(dict(self.details), ensure_ascii=False, sort_keys=True)
        return row


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question of a trial for one patient, with its reason and evidence."""

    patient_id: str
    trial: str
    question: str
    kind: str
    status: str
    confidence: str
    rationale: str
    evidence: tuple[str, ...] = ()
    origin: str = "tool"

    def row(self) -> dict[str, Any]:
        """Return the answer as a row of ``answers.parquet``."""
        row = {f.name: getattr(self, f.name) for f in fields(self)}
        row["evidence"] = list(self.evidence)
        return row


MENTION_COLUMNS: Final = tuple(f.name for f in fields(Mention))
ANSWER_COLUMNS: Final = tuple(f.name for f in fields(Answer))
