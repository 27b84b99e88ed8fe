"""The shape of the file of learned weights, checked by pydantic."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from extractor.ruleshapebase import Strict
from extractor.schema import ATTRIBUTES

_SIZE = len(ATTRIBUTES)
SOURCES: Final = ("cue", "result", "section", "date", "person", "list", "other")
"""From where the rules have an attribute; each is trusted in its own measure."""
_MIXED = 1 + len(SOURCES)
Weight = tuple[Annotated[int, Field(ge=0, lt=_SIZE)], float]
"""The place of an attribute and what a clue says for it, in log odds."""


class LearnedFile(Strict):
    """Weights of the second reading of attributes.

    Args:
        made_from: what they were learned from, in words and counts.
        start: log odds of each attribute without any clue.
        mix: for each attribute, the weight of the clues' sum, and what is added where the rules have it from each of ``SOURCES``.
        mix_start: for each attribute, what is added to these.
        threshold: probability above which an attribute is given.
        clues: for each clue, its weights.
    """

    made_from: dict[str, str | int | float]
    start: tuple[float, ...] = Field(min_length=_SIZE, max_length=_SIZE)
    mix: tuple[Annotated[tuple[float, ...], Field(min_length=_MIXED, max_length=_MIXED)], ...] = Field(
        min_length=_SIZE, max_length=_SIZE
    )
    mix_start: tuple[float, ...] = Field(min_length=_SIZE, max_length=_SIZE)
    threshold: float = Field(gt=0, lt=1)
    clues: dict[str, tuple[Weight, ...]]
