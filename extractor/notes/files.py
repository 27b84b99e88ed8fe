"""Bytes from disk: gzip and zstd as they are, encodings told apart, binary files recognised."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

from extractor.notes.meter import CountedFile

DAMAGED: Final = (OSError, EOFError, zlib.error)
"""What reading a broken or compressed file may raise midway."""
PACKED: Final = (".gz", ".zst")
_HEAD: Final = 8192
_BUFFER: Final = 1 << 16
_CONTROL: Final = bytes(set(range(32)) - set(b"\t\n\x0b\x0c\r\x1b"))
_MOST_CONTROL: Final = 0.1
_MAGIC: Final = {
    b"%PDF": "a PDF; save it as plain text",
    b"{\\rtf": "RTF; save it as plain text",
    b"PK\x03\x04": "a zip, Word or Excel file; save it as plain text or CSV",
    b"\xd0\xcf\x11\xe0": "an old Word or Excel file; save it as plain text or CSV",
    b"\x89PNG": "a picture; give its text",
    b"\xff\xd8\xff": "a picture; give its text",
    b"PAR1": "a Parquet file; let its name end in .parquet",
}
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class UnreadableError(OSError):
    """A file that cannot be read for a reason the system does not tell; the message is the reason."""


def open_bytes(path: Path) -> io.BufferedReader:
    """Open a file for reading, unpacked where it is gzip or zstd, whatever its name.

    Raises:
        OSError: it cannot be opened or is no regular file.
    """
    if path.exists() and not path.is_file():
        raise UnreadableError("is no regular file; name a file")
    raw: io.BufferedReader = io.BufferedReader(CountedFile(path), _BUFFER)
    head = raw.peek(4)[:4]
    if head == b"\x28\xb5\x2f\xfd":
        return io.BufferedReader(_Zstd(raw))
    if head[:2] == b"\x1f\x8b":
        return io.BufferedReader(_Gzip(raw))
    return raw


class _Gzip(gzip.GzipFile):
    """A gzip file that closes the file beneath too."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        super().__init__(fileobj=raw, mode="rb")

    def close(self) -> None:
        """Close both."""
        super().close()
        self._raw.close()


class _Zstd(io.RawIOBase):
    """A zstd file as a stream; unlike zstandard's own it tells when the file is cut off."""

    def __init__(self, raw: BinaryIO) -> None:
        import zstandard

        self._raw, self._ready = raw, b""
        self._failure: type[Exception] = zstandard.ZstdError
        self._new: Callable[[], Any] = lambda: zstandard.ZstdDecompressor().decompressobj()
        self._frame: Any = None

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer and return how many bytes were put there, 0 at the end."""
        while not self._ready:
            if not self._more():
                return 0
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _more(self) -> bool:
        spare = self._frame.unused_data if self._frame is not None and self._frame.eof else b""
        packed = spare or self._raw.read(1 << 17)
        if not packed:
            if self._frame is not None and not self._frame.eof:
                raise EOFError
            return False
        if self._frame is None or self._frame.eof:
            self._frame = self._new()
        try:
            self._ready = self._frame.decompress(packed)
        except self._failure:
            raise zlib.error from None
        return True

    def close(self) -> None:
        """Close the file beneath too."""
        self._raw.close()
        super().close()


def plain_name(path: Path) -> str:
    """Return a file's name without the suffix of its packing."""
    return path.stem if path.suffix.lower() in PACKED else path.name


def binary_kind(head: bytes) -> str | None:
    """Return what a binary file is and what to do about it, ``None`` for text.

    Args:
        head: the file's first bytes.
    """
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return f"is {kind}"
    if any(head.startswith(mark) for mark, _ in _MARKS):
        return None
    odd = len(head) - len(head.translate(None, _CONTROL))
    if odd > _MOST_CONTROL * len(head):
        return "is a binary file, or UTF-16 without a byte order mark; save it as plain text in UTF-8"
    return None


def encoding_of(head: bytes) -> str:
    """Return the encoding that a byte order mark tells, else UTF-8."""
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "utf-8")


def decode(data: bytes) -> str:
    """Return a file's text with its line ends untouched; a byte order mark is no part of it.

    Raises:
        ValueError: empty, binary or in no known encoding; the message is the reason.
    """
    if not data:
        raise ValueError("the file is empty; fill it in or take it away")
    binary = binary_kind(data[:_HEAD])
    if binary:
        raise ValueError(binary)
    try:
        return data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        raise ValueError(not_utf8(error.start)) from None


def not_utf8(position: int) -> str:
    """Return the reason for bytes that are not UTF-8.

    Args:
        position: the first such byte, counted from 0.
    """
    return f"is not UTF-8 at byte {position + 1}; save it as UTF-8"


def why_unread(error: BaseException) -> str:
    """Return the reason for a file that cannot be opened or read to its end, without its content."""
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        return "is damaged or cut off; copy it again"
    what = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"cannot be read ({what}); mend its path or its permissions"
