"""How much of the input has been read, for the time that is left; never what was read."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from extractor.notes.issues import InputError
from extractor.notes.places import is_address, places_of

_CURRENT: ContextVar[Meter | None] = ContextVar("meter", default=None)


class Meter:
    """Counts the bytes read from the files of a run.

    Args:
        total: bytes that there are to read, ``None`` where nobody knows.
    """

    def __init__(self, total: int | None) -> None:
        self._total, self._read = total, 0

    def add(self, count: int) -> None:
        """Take notice of bytes read."""
        self._read += count

    @property
    def share(self) -> float | None:
        """How much of all has been read, from 0 to 1."""
        return min(1.0, self._read / self._total) if self._total else None

    @contextmanager
    def running(self) -> Iterator[Meter]:
        """Count what this thread reads from now on."""
        token = _CURRENT.set(self)
        try:
            yield self
        finally:
            _CURRENT.reset(token)


def size_of(inputs: Iterable[Any]) -> int | None:
    """Return how many bytes the inputs have, ``None`` where one of them is no file or folder.

    Args:
        inputs: files, folders and other sources of notes.
    """
    total = 0
    for given in inputs:
        if not isinstance(given, str | Path) or is_address(given):
            return None
        try:
            total += sum(map(_size, places_of(given)))
        except (OSError, ValueError, InputError):  # told where it is read
            continue
    return total


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size
    with os.scandir(path) as entries:
        return sum(e.stat().st_size for e in entries if e.is_file() and not e.name.startswith("."))


class CountedFile(io.FileIO):
    """A file whose reading is counted by the meter of the run."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._meter = _CURRENT.get()

    def readinto(self, buffer: Any) -> int | None:
        """Fill a buffer and return how many bytes were put there."""
        count = super().readinto(buffer)
        if self._meter and count:
            self._meter.add(count)
        return count

    def readall(self) -> bytes:
        """Return all bytes to the end."""
        data = super().readall()
        if self._meter:
            self._meter.add(len(data))
        return data
