"""Shapes of the vocabulary files, and how named pieces are taken into their patterns before these are checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from extractor.ruleparts import PartError, checked_alone, taken_in, unused
from extractor.ruleshapebase import Id, Label, Matching, Strict

PartName = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
OF_PATTERNS: Final = ("patterns", "near", "not_near", "lead", "column")
"""Fields of entries and refusals that hold patterns."""


class Entry(Matching):
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
    details: dict[str, Any] = Field(default_factory=dict)
    misspellings: bool = False
    source: str
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)

    @field_validator("near", "not_near", "lead", "column")
    @classmethod
    def _near_compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return Matching.patterns_compile(patterns) if patterns else patterns


class Refusal(Matching):
    """A look-alike: a mention of the file's label that overlaps such a match is no mention."""

    id: Id
    source: str
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)


class Vocabulary(Strict):
    """One vocabulary file."""

    label: Label
    description: str
    parts: dict[PartName, Annotated[str, AfterValidator(checked_alone)]] = Field(default_factory=dict)
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
    for key in OF_PATTERNS if isinstance(rule, dict) else ():
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
