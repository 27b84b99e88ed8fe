"""What the shapes of all rule files have in common: ids, labels, and words told by terms and patterns, checked by pydantic."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from extractor.ruleparts import labels_named, standing_alone
from extractor.schema import LABELS, RESOLVER_LABELS
from extractor.terms import TermError, term_pattern

Id = Annotated[str, Field(pattern=r"^[a-z0-9]+([._][a-z0-9]+)*$")]


def _known_label(label: str) -> str:
    if label not in LABELS + RESOLVER_LABELS:
        raise ValueError(f"{label} is no label of the annotation guideline")
    return label


Label = Annotated[str, AfterValidator(_known_label)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Matching(Strict):
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
    def patterns_compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
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
    def _something_to_match(self) -> Matching:
        if not (self.terms or self.cased or self.patterns):
            raise ValueError("needs terms, cased or patterns")
        return self


class Words(Strict):
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
        return Matching.patterns_compile(patterns)
