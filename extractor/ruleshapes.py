"""Shapes of the rule files: what keys each kind of rule has, checked by pydantic, and how pieces of patterns are put together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from extractor.ruleparts import PartError, checked_alone, labels_named, standing_alone, taken_in, unused
from extractor.schema import LABELS, RESOLVER_LABELS
from extractor.terms import TermError, term_pattern

Role = Literal["preceding", "following", "both", "pseudo", "termination"]
PartName = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+([._][a-z0-9]+)*$")]


def _known_label(label: str) -> str:
    if label not in LABELS + RESOLVER_LABELS:
        raise ValueError(f"{label} is no label of the annotation guideline")
    return label


Label = Annotated[str, AfterValidator(_known_label)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Matching(_Strict):
    """What terms, case-sensitive terms and patterns have in common."""

    terms: tuple[str, ...] = ()
    cased: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    @field_validator("terms", "cased")
    @classmethod
    def _terms_are_written_well(cls, terms: tuple[str, ...]) -> tuple[str, ...]:
        for term in terms:
            try:
                re.compile(term_pattern(term))
            except (TermError, re.error) as error:
                raise ValueError(str(error)) from None
        return terms

    @field_validator("patterns")
    @classmethod
    def _patterns_compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            for label in labels_named(pattern):
                _known_label(label)
            try:
                compiled = re.compile(standing_alone(pattern), re.IGNORECASE)
            except re.error as error:
                raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from None
            if compiled.match(""):
                raise ValueError(f"the pattern {pattern!r} matches the empty text")
        return patterns

    @model_validator(mode="after")
    def _something_to_match(self) -> _Matching:
        if not (self.terms or self.cased or self.patterns):
            raise ValueError("needs terms, cased or patterns")
        return self


class Entry(_Matching):
    """A vocabulary entry: one concept of one label and all the ways it is written."""

    id: Id
    concept: str
    near: tuple[str, ...] = ()
    near_before: int = Field(default=0, ge=0, le=400)
    near_labels: tuple[Label, ...] = ()
    """Labels of which a name in the same sentence is company too, by whatever name."""
    near_labels_within: int = Field(default=0, ge=0, le=5000)
    """Characters before and behind within which such a name is company, in place of the sentence."""
    of_nearest: Label | None = None
    """The label that the last treatment named before the mention must have: an effect is that of the drug named last."""
    not_near: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    """Words with which a match may begin that lead to the mention and are no part of it."""
    column: tuple[str, ...] = ()
    """What the entry is called at the head of a table's column."""
    details: dict[str, Any] = {}
    misspellings: bool = False
    source: str
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)

    @field_validator("near", "not_near", "lead", "column")
    @classmethod
    def _near_compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return _Matching._patterns_compile(patterns) if patterns else patterns


class Refusal(_Matching):
    """A look-alike: a mention of the file's label that overlaps such a match is no mention."""

    id: Id
    source: str
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)


class Vocabulary(_Strict):
    """One vocabulary file."""

    label: Label
    description: str
    parts: dict[PartName, Annotated[str, AfterValidator(checked_alone)]] = {}
    """Pieces of patterns by name; ``(?&name)`` takes one into a pattern of this file, or into another piece."""
    entries: tuple[Entry, ...]
    refuse: tuple[Refusal, ...] = ()
    false_friends: tuple[str, ...] = ()
    """Words that look like misspelled names of this file and are none."""

    @model_validator(mode="before")
    @classmethod
    def _put_together(cls, data: Any) -> Any:
        """Take the parts into the patterns that name them, so that patterns are checked as they will be matched."""
        if not isinstance(data, dict):
            return data
        parts = data.get("parts", {})
        if not (isinstance(parts, dict) and all(isinstance(text, str) for pair in parts.items() for text in pair)):
            return {**data, "entries": (), "refuse": ()}  # faults of the parts' shape are told first, and alone
        rooms = {room: data[room] for room in ("entries", "refuse") if isinstance(data.get(room), list)}
        faults = list(_part_faults(parts, rooms))
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return {**data, **{room: [_with_parts(rule, parts) for rule in rules] for room, rules in rooms.items()}}


def _patterns_of(rule: Any) -> Iterator[tuple[tuple[str, int], str]]:
    """Yield the patterns of a rule as read, each with where it stands."""
    for key in _OF_PATTERNS if isinstance(rule, dict) else ():
        for i, pattern in enumerate(rule[key] if isinstance(rule.get(key), list) else ()):
            if isinstance(pattern, str):
                yield (key, i), pattern


def _with_parts(rule: Any, parts: dict[str, str]) -> Any:
    """Return a rule as read, with the parts that its patterns name taken in."""
    new: dict[str, list[Any]] = {}
    for (key, i), pattern in _patterns_of(rule):
        new.setdefault(key, list(rule[key]))[i] = taken_in(pattern, parts)
    return {**rule, **new} if new else rule


def _part_faults(parts: dict[str, str], rooms: dict[str, list[Any]]) -> Iterator[InitErrorDetails]:
    """Yield parts that are missing, run in a circle or are named by nothing, each with where it stands."""
    written: dict[tuple[str | int, ...], str] = {
        (room, i, *where): pattern
        for room, rules in rooms.items()
        for i, rule in enumerate(rules)
        for where, pattern in _patterns_of(rule)
    }
    pieces: dict[tuple[str | int, ...], str] = {("parts", name): part for name, part in parts.items()}
    told: dict[tuple[str | int, ...], str] = {
        ("parts", name): "no pattern takes it in; remove it" for name in unused(parts, written.values())
    }
    for where, pattern in {**pieces, **written}.items():
        part = str(where[1]) if where in pieces else None
        try:
            taken_in(pattern, parts, (part,) if part else ())
        except PartError as error:
            if error.part == part:  # a fault within another part is told there
                told[where] = str(error)
    for where, message in told.items():
        yield {"type": PydanticCustomError("part", "{message}", {"message": message}), "loc": where, "input": None}


_OF_PATTERNS: Final = ("patterns", "near", "not_near", "lead", "column")


class Cue(_Matching):
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


class CueFile(_Strict):
    """The file of context cues."""

    description: str
    cues: tuple[Cue, ...]


class SectionRule(_Matching):
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
        return _Matching._patterns_compile(patterns)


class SectionFile(_Strict):
    """The file of sections."""

    description: str
    sections: tuple[SectionRule, ...]


class ResultRule(_Matching):
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
        return _Matching._patterns_compile(patterns) if patterns else patterns


class Connector(_Matching):
    """Words that may stand between a test and its result without parting them; ``results`` limits them to some."""

    id: Id
    results: tuple[str, ...] = ()


class CourseRule(_Matching):
    """Words beside a mention that tell the course of the disease, kept in the mention's ``details``."""

    id: Id
    labels: tuple[Label, ...]
    details: dict[str, Any]
    source: str = "unverified"
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)

    def __hash__(self) -> int:
        return hash(self.id)


class CourseFile(_Strict):
    """The file of courses of disease."""

    description: str
    courses: tuple[CourseRule, ...]


class _Words(_Strict):
    """Words of a kind that patterns alone tell, with where they come from and examples of both sides."""

    id: Id
    kind: str
    patterns: tuple[str, ...] = Field(min_length=1)
    source: str
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)

    @field_validator("patterns")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return _Matching._patterns_compile(patterns)


class GeneralRule(_Words):
    """Words that tell a statement of general knowledge from one about this patient."""

    kind: Literal[
        "reference", "superscript", "statement", "other", "strong", "weak", "literature", "case", "backmatter"
    ]


class GeneralFile(_Strict):
    """The file of statements that are not of the patient."""

    description: str
    general: tuple[GeneralRule, ...]


class DateRule(_Words):
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


class DateFile(_Strict):
    """The file of words around dates."""

    description: str
    dates: tuple[DateRule, ...]


class PersonRule(_Words):
    """Words for persons: relatives and others by gender, the patient, professionals, and what tells the patient's gender."""

    kind: Literal[
        "man", "woman", "other", "patient", "professional", "acts_behind",
        "patient_is_a_man", "patient_is_a_woman", "his", "her",
    ]  # fmt: skip


class PersonFile(_Strict):
    """The file of persons."""

    description: str
    persons: tuple[PersonRule, ...]


class CauseRule(_Strict):
    """One piece of the grammar by which notes say what HLH is due to."""

    id: Id
    role: Literal[
        "part", "is_cause", "cause_of_hlh", "company", "denied", "denied_before", "hedged", "behind_hlh", "before_hlh", "induced",
        "doubt", "doubt_behind", "headless", "cause_of", "named", "with", "as_cause", "attributing", "to", "secondary",
        "generic", "list", "post", "after_secondary",
    ]  # fmt: skip
    means: str
    pattern: str
    source: str
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The one pattern, as other rules have several."""
        return (self.pattern,)

    @field_validator("pattern")
    @classmethod
    def _compile(cls, pattern: str) -> str:
        return checked_alone(pattern)


class CauseFile(_Strict):
    """The file of how causes of HLH are told."""

    description: str
    causes: tuple[CauseRule, ...]


def cause_parts(rules: Iterable[CauseRule]) -> dict[str, str]:
    """Return the pattern of each part, by the last word of its rule's id.

    Args:
        rules: rules of causes.
    """
    return {part_name(rule): rule.pattern for rule in rules if rule.role == "part"}


def part_name(rule: CauseRule) -> str:
    """Return the name by which patterns of causes take a part in."""
    return rule.id.rpartition(".")[2]


def put_together(rules: Iterable[CauseRule]) -> dict[str, str]:
    """Return the pattern of each role, with the parts that it names taken in; rules of one role stand side by side.

    Args:
        rules: rules of causes.

    Raises:
        PartError: a part that no rule has, or parts that take one another in.
    """
    rules = list(rules)
    parts = cause_parts(rules)
    found: dict[str, list[str]] = {}
    for rule in rules:
        if rule.role != "part":
            found.setdefault(rule.role, []).append(f"(?:{taken_in(rule.pattern, parts)})")
    return {role: "|".join(patterns) for role, patterns in found.items()}


class ResultFile(_Strict):
    """The file of results: their words, and what may stand between a test and its result."""

    description: str
    results: tuple[ResultRule, ...]
    connectors: tuple[Connector, ...]
