"""What a transformation is given, and what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from evaluation.metamorphic.variant import Variant

if TYPE_CHECKING:
    from evaluation.tool import Reader

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A text, what the tool says of it, and what a transformation may ask.

    Args:
        text: a sentence or a whole note.
        mentions: the tool's mentions of it, by the contract's columns.
        note_date: the date of its note.
        reader: the tool.
        seed: of the choices that are left to chance.
    """

    text: str
    mentions: Sequence[Row]
    note_date: str | None
    reader: Reader
    seed: int = 0

    def chance(self, name: str) -> Random:
        """Return random numbers that depend on the text, the transformation and the seed alone."""
        return Random(f"{self.seed}\x1f{name}\x1f{self.text}")


@dataclass(frozen=True)
class Transformation:
    """A way of rewriting.

    Args:
        name: as it stands in tables, ``group.what``.
        kind: ``invariance`` where nothing may change, ``direction`` where one attribute of one mention must.
        over: whether it is given sentences, whole notes or single mentions.
        make: gives the rewritten texts; none where the text does not admit it.
        sets: what must change, and to what, in a ``direction``.
        free: columns that may change with it.
    """

    name: str
    kind: Literal["invariance", "direction"]
    over: Literal["sentence", "note", "mention"]
    make: Callable[[Case], Iterator[Variant]]
    sets: Mapping[str, Any] | None = None
    free: frozenset[str] = frozenset()
