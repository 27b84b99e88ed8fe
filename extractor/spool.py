"""A list that does not fill the memory: what is over a few megabytes waits in an unnamed temporary file."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Collection, Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_IN_MEMORY: Final = 4 << 20
_LENGTH: Final = struct.Struct("<Q")


class Spool(Collection[T], Generic[T]):
    """Items in the order in which they were added; they can be read any number of times.

    The temporary file has no name and is its owner's alone, so nobody else writes what is unpickled here.

    Args:
        items: the first items.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - lives as long as the list
        self._count = self._end = 0
        for item in items:
            self.append(item)

    def append(self, item: T) -> None:
        """Add an item at the end."""
        data = pickle.dumps(item, protocol=pickle.HIGHEST_PROTOCOL)
        self._file.seek(self._end)
        self._file.write(_LENGTH.pack(len(data)) + data)
        self._end += _LENGTH.size + len(data)
        self._count += 1

    def __del__(self) -> None:
        """Give the memory and the disk back."""
        self._file.close()

    def __len__(self) -> int:
        """Return how many items there are."""
        return self._count

    def __iter__(self) -> Iterator[T]:
        """Yield all items; other readers and writers may be at work meanwhile."""
        at = 0
        while at < self._end:
            self._file.seek(at)
            (size,) = _LENGTH.unpack(self._file.read(_LENGTH.size))
            item: T = pickle.loads(self._file.read(size))
            at += _LENGTH.size + size
            yield item

    def __contains__(self, item: object) -> bool:
        """Return whether an item is there, by reading all."""
        return any(item == other for other in self)
