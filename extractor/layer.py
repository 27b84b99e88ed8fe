"""Sums clues up through a layer of units, and tells what each clue had a share in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import mul

from extractor.learnedshapes import Layer


class LayerOfUnits:
    """What the units of a layer say of a mention by its clues.

    Sums are made without numpy, which the extractor does without: a mention has some eighty clues, too few for it to pay.

    Args:
        layer: the weights.
    """

    def __init__(self, layer: Layer) -> None:
        self._steps = layer.clues
        self._step = layer.step
        self._start = layer.start
        self._said = layer.said
        self._columns = tuple(zip(*layer.said, strict=True))

    def scores(self, clues: Mapping[str, float]) -> list[float]:
        """Return what the units say for each attribute, in log odds.

        Args:
            clues: the clues to a mention, with their strength.
        """
        sums = self._sums(*self._known(clues))
        speaking = [each if each > 0 else 0.0 for each in sums]
        return [sum(map(mul, speaking, column)) for column in self._columns]

    def shares(self, clues: Mapping[str, float], attribute: int) -> Iterator[tuple[str, float]]:
        """Yield each clue with its share in what is said for an attribute.

        With the units that speak held fixed the score is a sum over clues: the share is the clue's summand.

        Args:
            clues: the clues to a mention, with their strength.
            attribute: its place.
        """
        rows, strengths = self._known(clues)
        said = [row[attribute] * self._step for row in self._said]
        heard = [each if total > 0 else 0.0 for each, total in zip(said, self._sums(rows, strengths), strict=True)]
        names = (clue for clue in clues if clue in self._steps)
        for name, row, strength in zip(names, rows, strengths, strict=True):
            yield name, strength * sum(map(mul, heard, row))

    def _sums(self, rows: Sequence[Sequence[int]], strengths: Sequence[float]) -> Sequence[float]:
        """Return the sum of each unit."""
        if not rows:
            return self._start
        step = self._step
        units = zip(self._start, zip(*rows, strict=True), strict=True)
        return [start + step * sum(map(mul, strengths, weights)) for start, weights in units]

    def _known(self, clues: Mapping[str, float]) -> tuple[list[Sequence[int]], list[float]]:
        """Return the weights of those clues that have any, and the strengths of these."""
        known = self._steps
        told = [(known[clue], strength) for clue, strength in clues.items() if clue in known]
        return [weights for weights, _ in told], [strength for _, strength in told]
