"""The words of a marked-up note, each character with the place it comes from."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plain:
    """What a reader sees of a marked-up note, and the way back.

    Args:
        text: the words, without tags and escapes.
        starts: for each character of the text where what it stands for begins in the note.
        ends: where that ends, exclusive; an entity or escape has several characters there.
    """

    text: str
    starts: array[int]
    ends: array[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets in the note of a stretch of the text; tags inside of it belong to it."""
        if start >= len(self.text):
            last = self.ends[-1] if self.ends else 0
            return last, last
        return self.starts[start], self.ends[end - 1] if end > start else self.starts[start]

    def inside(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets in the text of a stretch of the note."""
        return bisect_left(self.starts, start), bisect_left(self.starts, end)

    def between(self, start: int, end: int) -> str:
        """Return the words that stand in a stretch of the note."""
        low, high = self.inside(start, end)
        return self.text[low:high]


def names(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


class Builder:
    """Collects the words of a note in order.

    Args:
        note: the note as given.
    """

    def __init__(self, note: str) -> None:
        self._note = note
        self._pieces: list[str] = []
        self._starts, self._ends = array("q"), array("q")

    @property
    def last(self) -> str:
        """The last character so far, ``""`` before the first."""
        return self._pieces[-1][-1] if self._pieces else ""

    def copy(self, start: int, end: int) -> None:
        """Take a stretch of the note as it stands."""
        if end > start:
            self._pieces.append(self._note[start:end])
            self._starts.extend(range(start, end))
            self._ends.extend(range(start + 1, end + 1))

    def put(self, text: str, start: int, end: int) -> None:
        """Put characters in place of a stretch of the note."""
        if text:
            self._pieces.append(text)
            self._starts.extend([start] * len(text))
            self._ends.extend([end] * len(text))

    def stretch(self, end: int) -> None:
        """Let what the last character stands for end later in the note."""
        if self._ends:
            self._ends[-1] = end

    def plain(self) -> Plain:
        """Return the words with their places."""
        return Plain("".join(self._pieces), self._starts, self._ends)
