"""The shape of the file of learned weights, checked by pydantic."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from extractor.ruleshapebase import Strict
from extractor.schema import ATTRIBUTES, LABELS

_SIZE = len(ATTRIBUTES)
SOURCES: Final = ("cue", "result", "section", "date", "person", "list", "other")
"""From where the rules have an attribute; each is trusted in its own measure."""
_MIXED = 1 + len(SOURCES)
Weight = tuple[Annotated[int, Field(ge=0, lt=_SIZE)], float]
"""The place of an attribute and what a clue says for it, in log odds."""
STEPS: Final = 127
"""The weights of a layer's clues are whole steps from minus to plus this many."""
_Said = Annotated[tuple[float, ...], Field(min_length=_SIZE, max_length=_SIZE)]
_Steps = tuple[Annotated[int, Field(ge=-STEPS, le=STEPS)], ...]


class Layer(Strict):
    """A layer of units between clues and attributes: each sums up clues, and speaks for attributes when the sum is above zero.

    What clues say together, and neither alone, is said here (a multilayer perceptron with rectified units).

    Args:
        step: one step of the weights of clues.
        start: the sum of each unit without any clue.
        said: for each unit, what it says for each attribute per sum, in log odds.
        clues: for each clue, its weight in each unit, in steps.
    """

    step: float = Field(gt=0)
    start: tuple[float, ...]
    said: tuple[_Said, ...]
    clues: dict[str, _Steps]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        units = len(self.start)
        if len(self.said) != units:
            raise ValueError(f"said has {len(self.said)} rows for {units} units")
        wrong = sum(len(steps) != units for steps in self.clues.values())
        if wrong:
            raise ValueError(f"{wrong} clues do not have a weight for each of {units} units")
        return self


class LearnedFile(Strict):
    """Weights of the second reading of attributes.

    Args:
        made_from: what they were learned from, in words and counts.
        start: log odds of each attribute without any clue.
        mix: for each attribute, the weight of the clues' sum, and what is added where the rules have it from each of ``SOURCES``.
        mix_start: for each attribute, what is added to these.
        threshold: probability above which an attribute is given.
        clues: for each clue, its weights.
        layer: units that sum up clues before they speak; what they say is added to the clues' own weights.
    """

    made_from: dict[str, str | int | float]
    start: tuple[float, ...] = Field(min_length=_SIZE, max_length=_SIZE)
    mix: tuple[Annotated[tuple[float, ...], Field(min_length=_MIXED, max_length=_MIXED)], ...] = Field(
        min_length=_SIZE, max_length=_SIZE
    )
    mix_start: tuple[float, ...] = Field(min_length=_SIZE, max_length=_SIZE)
    threshold: float = Field(gt=0, lt=1)
    clues: dict[str, tuple[Weight, ...]] = Field(default_factory=dict)
    layer: Layer | None = None


_Three = tuple[float, float, float]


class ChainWeights(Strict):
    """Weights of the chain of tags (outside, begin, inside) of one label.

    Args:
        transitions: for each tag what speaks for each tag behind it, in log odds.
        clues: for each clue to a word what it says for begin and for inside, against outside, in log odds.
    """

    transitions: tuple[_Three, _Three, _Three]
    clues: dict[str, tuple[float, float]]


class Kinds(Strict):
    """Which of two kinds a mention is of that no rule knows, by its words.

    Args:
        detail: the detail of a mention that names its kind.
        kinds: the two kinds.
        start: log odds of the second against the first without any word.
        sure: log odds from which on a kind is told.
        words: for each word what it says for the second kind, in log odds.
    """

    detail: str
    kinds: tuple[str, str]
    start: float
    sure: float = Field(ge=0)
    words: dict[str, float]


class SpanFile(Strict):
    """Weights of the second reading of where mentions are.

    Args:
        made_from: what they were learned from, in words and counts.
        keep: probability below which the words of a rule's mention are none.
        add: probability from which on words are a mention that no rule found.
        labels: for each label its weights.
        kinds: for some labels of which kind a mention is.
    """

    made_from: dict[str, str | int | float]
    keep: float = Field(ge=0, lt=1)
    add: float = Field(gt=0, le=1)
    labels: dict[str, ChainWeights]
    kinds: dict[str, Kinds] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Self:
        unknown = sorted((self.labels.keys() | self.kinds.keys()) - set(LABELS))
        if unknown:
            raise ValueError(f"there is no label {unknown[0]}")
        return self
