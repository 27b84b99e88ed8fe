"""Which encoding text has: a byte order mark tells, else UTF-8, else what Windows and older systems wrote."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from extractor.notes.issues import NoteIssue

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
OLDER: Final = ("cp1252", "latin-1")
"""What bytes that are not UTF-8 are read as; the first has no meaning for a few bytes, the second for all."""
GUESSED: Final = "; if letters look wrong, name the encoding with --encoding"
"""How each warning of a guess ends; of a file it is told once."""
WRONG_BYTE: Final = re.compile("[\udc80-\udcff]")
"""How Python's surrogateescape shows a byte that is not of the encoding; right text never decodes to these."""
_BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")
_MOST_ODD: Final = 0.02
"""Share of characters that text does not have, beyond which bytes are no text."""
_NULS: Final = 0.4
"""Of Western text in UTF-16 nearly every other byte is NUL; of any other text none."""


class DamagedError(ValueError):
    """Bytes that are not of the encoding that the text around them has; the message is the reason."""


def by_mark(head: bytes) -> str | None:
    """Return the encoding that a byte order mark tells."""
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)


def without_mark(head: bytes) -> str | None:
    """Return the UTF-16 that text without a byte order mark is in, ``None`` for anything else."""
    half = len(head) // 2
    if not half:
        return None
    first, second = (head[i : half * 2 : 2].count(0) / half for i in (0, 1))
    if max(first, second) <= _NULS or min(first, second) >= _NULS / 8:
        return None
    encoding = "utf-16-le" if second > first else "utf-16-be"
    odd = len(_NO_TEXT.findall(head[: half * 2].decode(encoding, "replace")))
    return encoding if odd <= half * _MOST_ODD else None


def is_wide(encoding: str) -> bool:
    """Return whether an encoding has several bytes for every character, so that NUL bytes are no fault."""
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


@dataclass
class Script:
    """The encoding of one file, with what had to be guessed.

    Args:
        source: the file, for messages.
        head: its first bytes.
        forced: the encoding that the user names; nothing is guessed then.
    """

    source: str
    head: bytes
    forced: str | None = None
    encoding: str = field(init=False)
    _told: set[str] = field(default_factory=set, init=False)
    _new: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        marked = by_mark(self.head)
        unmarked = None if self.forced or marked else without_mark(self.head)
        self.encoding = self.forced or marked or unmarked or "utf-8"
        if self.forced and marked and codecs.lookup(self.forced).name == "utf-8":
            self.encoding = "utf-8-sig"
        if unmarked:
            self._tell(unmarked, f"has no byte order mark and is read as {unmarked}")

    @property
    def errors(self) -> str:
        """How a decoder is to treat bytes that are not of the encoding: ``mended`` sees to them later."""
        return "strict" if is_wide(self.encoding) else "surrogateescape"

    def mended(self, text: str) -> str:
        """Return text in which bytes that are not UTF-8 are read in an older encoding.

        Args:
            text: as decoded with ``encoding`` and ``errors``.

        Raises:
            DamagedError: the user named the encoding, or other characters of the text are UTF-8, so a byte is damaged.
        """
        wrong = WRONG_BYTE.search(text)
        if wrong is None:
            return text
        if self.forced or by_mark(self.head) or _BEYOND_ASCII.search(text):
            name = self.forced or "UTF-8"
            encoding = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
            position = len(text[: wrong.start()].encode(encoding, "surrogateescape")) + 1
            raise DamagedError(f"is not {name} at its byte {position}; mend it, or name another --encoding")
        data = text.encode("ascii", "surrogateescape")
        for older in OLDER:
            try:
                read = data.decode(older)
            except UnicodeDecodeError:
                continue
            self._tell(older, f"is not UTF-8 and is read as {older}")
            return read
        raise AssertionError("latin-1 reads any byte")

    def _tell(self, encoding: str, what: str) -> None:
        if encoding not in self._told:
            self._told.add(encoding)
            self._new.append(f"{what}{GUESSED}")

    def warnings(
        self, row: int | None = None, patient: str | None = None, note: str | None = None
    ) -> Iterator[NoteIssue]:
        """Yield a warning for each encoding that was guessed since the last call."""
        while self._new:
            yield NoteIssue(self.source, row, self._new.pop(0), patient, note, kind="warning")
