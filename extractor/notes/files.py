"""Bytes from disk: gzip and zstd as they are, encodings told apart, binary files recognised."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

from extractor.notes.encodings import Script, by_mark, is_wide, without_mark
from extractor.notes.meter import CountedFile
from extractor.notes.places import is_remote, open_remote
from extractor.notes.unreadable import UnreadableError

DAMAGED: Final = (OSError, EOFError, zlib.error)
"""What reading a broken or compressed file may raise midway."""
PACKED: Final = (".gz", ".zst")
_HEAD: Final = 8192
_BUFFER: Final = 1 << 16
_REMOTE: Final = 1 << 20
"""Bytes read from a remote place at a time; each reading may be a request."""
_CONTROL: Final = bytes(set(range(32)) - set(b"\t\n\x0b\x0c\r\x1b"))
_MOST_CONTROL: Final = 0.1
_MAGIC: Final = {
    b"%PDF": "a PDF; save it as plain text",
    b"PK\x03\x04": "a zip, Word or Excel file; save it as plain text or CSV",
    b"\xd0\xcf\x11\xe0": "an old Word or Excel file; save it as plain text or CSV",
    b"\x89PNG": "a picture; give its text",
    b"\xff\xd8\xff": "a picture; give its text",
    b"PAR1": "a Parquet file; let its name end in .parquet",
}


def open_bytes(path: Path) -> io.BufferedReader[Any]:
    """Open a file for reading, unpacked where it is gzip or zstd, whatever its name.

    Raises:
        OSError: it cannot be opened or is no regular file.
    """
    if is_remote(path):
        raw: io.BufferedReader[Any] = io.BufferedReader(open_remote(path), _REMOTE)
    else:
        if path.exists() and not path.is_file():
            raise UnreadableError("is no regular file; name a file")
        raw = io.BufferedReader(CountedFile(path), _BUFFER)
    head = raw.peek(4)[:4]
    if head == b"\x28\xb5\x2f\xfd":
        return io.BufferedReader(_Zstd(raw))
    if head[:2] == b"\x1f\x8b":
        return io.BufferedReader(_Gzip(raw))
    return raw


def is_packed(stream: io.BufferedReader[Any]) -> bool:
    """Return whether a stream of ``open_bytes`` unpacks, so that only the way forward is cheap."""
    return isinstance(stream.raw, _Gzip | _Zstd)


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


def binary_kind(head: bytes, encoding: str | None = None) -> str | None:
    """Return what a binary file is and what to do about it, ``None`` for text.

    Args:
        head: the file's first bytes.
        encoding: the encoding that the user names.
    """
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return f"is {kind}"
    if by_mark(head) or (is_wide(encoding) if encoding else without_mark(head)):
        return None
    odd = len(head) - len(head.translate(None, _CONTROL))
    if odd > _MOST_CONTROL * len(head):
        return "is a binary file; save it as plain text in UTF-8"
    return None


def decode(data: bytes, source: str = "", forced: str | None = None) -> tuple[str, Script]:
    """Return a file's text with its line ends untouched, and its encoding; a byte order mark is no part of the text.

    Args:
        data: all bytes of the file.
        source: the file, for warnings.
        forced: the encoding that the user names.

    Raises:
        ValueError: empty, binary or damaged; the message is the reason.
    """
    if not data:
        raise ValueError("the file is empty; fill it in or take it away")
    head = data[:_HEAD]
    binary = binary_kind(head, forced)
    if binary:
        raise ValueError(binary)
    script = Script(source, head, forced)
    try:
        return script.mended(data.decode(script.encoding, script.errors)), script
    except UnicodeError:
        raise ValueError(f"is not the {script.encoding} that it seems to be; save it as UTF-8") from None


def why_unread(error: BaseException) -> str:
    """Return the reason for a file that cannot be opened or read to its end, without its content."""
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        return "is damaged or cut off; copy it again"
    what = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"cannot be read ({what}); mend its path or its permissions"
