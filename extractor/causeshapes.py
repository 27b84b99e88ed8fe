"""Shape of the file of causes, and how its pieces are put together to one expression for each role."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, field_validator

from extractor.ruleparts import checked_alone, taken_in
from extractor.ruleshapebase import Id, Strict


class CauseRule(Strict):
    """One piece of the grammar by which notes say what HLH is due to."""

    id: Id
    role: Literal[
        "part", "is_cause", "cause_of_hlh", "company", "denied", "denied_before", "denied_behind", "hedged", "behind_hlh", "before_hlh", "induced",
        "doubt", "doubt_behind", "headless", "cause_of", "named", "with", "as_cause", "attributing", "to", "secondary",
        "generic", "list", "post", "after_secondary", "list_head", "row",
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


class CauseFile(Strict):
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
