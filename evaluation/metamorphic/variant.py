"""A rewritten text with the way from offsets in the old one to offsets in the new one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

Span = tuple[int, int]


class Piece(NamedTuple):
    """A part of the new text; ``old`` is the stretch of the old text that it stands for, ``None`` for what is inserted."""

    text: str
    old: Span | None = None


class Edit(NamedTuple):
    """A stretch of the old text and what is to stand there."""

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class Variant:
    """A rewritten text.

    Args:
        pieces: the new text in order; in the old text their stretches may stand in another one.
        about: what was done, for a reader of a failure.
        target: the index of the mention that is to change; ``None`` where all stay as they are.
        exempt: indices of mentions that the rewriting takes away or changes of itself.
    """

    pieces: tuple[Piece, ...]
    about: str = ""
    target: int | None = None
    exempt: frozenset[int] = field(default_factory=frozenset)

    @cached_property
    def text(self) -> str:
        """The new text."""
        return "".join(piece.text for piece in self.pieces)

    @cached_property
    def _placed(self) -> list[tuple[Span, Span]]:
        """Stretches of the old text with those of the new text that stand for them."""
        placed, at = [], 0
        for piece in self.pieces:
            if piece.old is not None:
                placed.append((piece.old, (at, at + len(piece.text))))
            at += len(piece.text)
        return sorted(placed)

    @cached_property
    def inserted(self) -> list[Span]:
        """The stretches of the new text that stand for nothing in the old one."""
        found, at = [], 0
        for piece in self.pieces:
            if piece.old is None and piece.text:
                found.append((at, at + len(piece.text)))
            at += len(piece.text)
        return found

    def span(self, start: int, end: int) -> Span | None:
        """Return where a span of the old text stands in the new one; ``None`` where it stands no more."""
        first, last = self._holding(start), self._holding(end - 1)
        if first is None or last is None:
            return None
        (old_start, old_end), (new_start, new_end) = first
        alike = old_end - old_start == new_end - new_start
        low = new_start + (start - old_start if alike or start == old_start else 0)
        (old_start, old_end), (new_start, new_end) = last
        alike = old_end - old_start == new_end - new_start
        high = new_end - (old_end - end if alike or end == old_end else 0)
        return (low, high) if low < high else None

    def _holding(self, position: int) -> tuple[Span, Span] | None:
        return next((pair for pair in self._placed if pair[0][0] <= position < pair[0][1]), None)


def edited(
    text: str,
    edits: Iterable[Edit],
    *,
    about: str = "",
    target: int | None = None,
    exempt: Iterable[int] = (),
) -> Variant:
    """Return a text with edits made, which must not overlap.

    Args:
        text: the old text.
        edits: what is to stand where; an edit of no width inserts.
        about: see ``Variant``.
        target: see ``Variant``.
        exempt: see ``Variant``.
    """
    pieces: list[Piece] = []
    at = 0
    for start, end, new in sorted(edits):
        if start > at:
            pieces.append(Piece(text[at:start], (at, start)))
        pieces.append(Piece(new, (start, end) if end > start else None))
        at = end
    if at < len(text):
        pieces.append(Piece(text[at:], (at, len(text))))
    return Variant(tuple(pieces), about, target, frozenset(exempt))


def in_order(text: str, blocks: Sequence[Span], *, about: str = "") -> Variant:
    """Return a text whose blocks stand in the order given."""
    return Variant(tuple(Piece(text[start:end], (start, end)) for start, end in blocks), about)
