"""Shapes of the rule files beside vocabulary and causes: what keys each kind of rule has, checked by pydantic."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from extractor.ruleshapebase import Id, Label, Matching, Strict, Words

Role = Literal["preceding", "following", "both", "pseudo", "termination"]


class Cue(Matching):
    """A context cue: words that give a mention an attribute, or that end or feign such words."""

    id: Id
    category: Literal["negated", "historical", "hypothetical", "uncertain", "family", "current", "patient", "any"]
    role: Role
    ends: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    not_labels: tuple[Label, ...] = ()
    max_scope: int | None = Field(default=None, ge=0)
    nearest: bool = False
    close: bool = False
    relatives: bool = False
    condition: bool = False
    source: str = "unverified"
    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_kind_of_labels(self) -> Cue:
        if self.labels and self.not_labels:
            raise ValueError("labels and not_labels exclude each other")
        return self

    @model_validator(mode="after")
    def _examples(self) -> Cue:
        if not (self.match and self.no_match):
            raise ValueError("needs at least one example in match and one in no_match")
        return self


class CueFile(Strict):
    """The file of context cues."""

    description: str
    cues: tuple[Cue, ...]


class SectionRule(Matching):
    """A section: its headers and what standing in it means for a mention.

    ``labels_within`` are labels with a colon that belong to it ("Mother: ..."); another one ends it.
    """

    id: Id
    attributes: tuple[Literal["historical", "hypothetical", "family", "uncertain", "negated"], ...] = ()
    labels: tuple[Label, ...] = ()
    not_labels: tuple[Label, ...] = ()
    labels_within: tuple[str, ...] = ()
    source: str = "unverified"
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)

    @field_validator("labels_within")
    @classmethod
    def _labels_compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return Matching.patterns_compile(patterns)


class SectionFile(Strict):
    """The file of sections."""

    description: str
    sections: tuple[SectionRule, ...]


class ResultRule(Matching):
    """Words of a test result, a form's answer or a drug's status, standing behind or before what they answer."""

    id: Id
    result: Literal[
        "negative", "positive", "low_level", "equivocal", "pending", "not_done", "no", "yes", "past",
        "not_taken", "to_start", "doubted",
    ]  # fmt: skip
    labels: tuple[Label, ...] = ()
    not_labels: tuple[Label, ...] = ()
    before: bool = False
    over: Literal["words", "names"] | None = None
    """What may stand between a mention and these words beside connectors: other words, or other names too."""
    unless_between: tuple[str, ...] = ()
    """With ``over``: words between that part a mention from these words after all."""
    source: str = "unverified"
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)

    @field_validator("unless_between")
    @classmethod
    def _between_compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return Matching.patterns_compile(patterns) if patterns else patterns

    @model_validator(mode="after")
    def _what_stops_it(self) -> ResultRule:
        if bool(self.over) != bool(self.unless_between):
            raise ValueError("over goes with unless_between: a result that reaches over others must say what stops it")
        return self


class Connector(Matching):
    """Words that may stand between a test and its result without parting them; ``results`` limits them to some."""

    id: Id
    results: tuple[str, ...] = ()


class CourseRule(Matching):
    """Words beside a mention that tell the course of the disease, kept in the mention's ``details``.

    With ``onwards`` they may also stand in the sentence behind that of the mention.
    """

    id: Id
    labels: tuple[Label, ...]
    details: dict[str, Any]
    onwards: bool = False
    source: str = "unverified"
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)

    def __hash__(self) -> int:
        return hash(self.id)


class CourseFile(Strict):
    """The file of courses of disease."""

    description: str
    courses: tuple[CourseRule, ...]


class GeneralRule(Words):
    """Words that tell a statement of general knowledge from one about this patient."""

    kind: Literal[
        "reference",
        "superscript",
        "statement",
        "other",
        "strong",
        "weak",
        "literature",
        "case",
        "backmatter",
        "teaching",
        "table",
    ]


class GeneralFile(Strict):
    """The file of statements that are not of the patient."""

    description: str
    general: tuple[GeneralRule, ...]


class DateRule(Words):
    """Words beside a date: what is no date of an event, and what ends the story that a date began.

    ``..._before`` ends where the date begins, ``..._behind`` begins where it ends, ``ends_...`` stands between date and mention;
    ``stage_of_life`` tells an age in place of a date, of which ``age`` is the greatest; ``repeats`` announces a later result
    of the same test, ``other_test`` takes it away, ``of_a_test_behind`` makes the name of a disease that of a test; ``standard`` is the
    name of a protocol with its year.
    """

    kind: Literal[
        "no_event_before", "no_year_before", "no_year_behind", "no_story_before", "no_story_behind", "ends_row", "ends_story",
        "stage_of_life", "repeats", "other_test", "of_a_test_behind", "standard",
    ]  # fmt: skip
    age: int | None = Field(default=None, ge=0, le=120)

    @model_validator(mode="after")
    def _age_of_a_stage(self) -> DateRule:
        if (self.age is not None) != (self.kind == "stage_of_life"):
            raise ValueError("age goes with the kind stage_of_life, and with no other")
        return self


class DateFile(Strict):
    """The file of words around dates."""

    description: str
    dates: tuple[DateRule, ...]


class PersonRule(Words):
    """Words for persons: relatives and others by gender, the patient, professionals, and what tells the patient's gender."""

    kind: Literal[
        "man", "woman", "other", "patient", "professional", "acts_behind",
        "patient_is_a_man", "patient_is_a_woman", "his", "her",
    ]  # fmt: skip


class PersonFile(Strict):
    """The file of persons."""

    description: str
    persons: tuple[PersonRule, ...]


class ResultFile(Strict):
    """The file of results: their words, and what may stand between a test and its result."""

    description: str
    results: tuple[ResultRule, ...]
    connectors: tuple[Connector, ...]
