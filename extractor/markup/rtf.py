"""RTF as people see it: paragraphs as lines, tables as cells and rows, escapes decoded in the font's own code page.

Written after Microsoft's Rich Text Format specification 1.9.1; what matters here is plain text, so everything
that only formats is passed over.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from extractor.markup.plain import Builder, Plain, names

_TOKEN: Final = re.compile(
    r"\\(?:'(?P<hex>[0-9A-Fa-f]{2})|(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})?[ ]?|(?P<sign>[^A-Za-z]|\Z))"
    r"|(?P<brace>[{}])|(?P<line>[\r\n\x00]+)|(?P<text>[^\\{}\r\n\x00]+)",
    re.DOTALL,
)
_LEFT_OUT: Final = names(
    "colortbl stylesheet info pict objdata object listtable listoverridetable rsidtbl generator themedata xmlnstbl "
    "colorschememapping latentstyles datastore fldinst filetbl revtbl pgptbl nonshppict mmathpr bkmkstart bkmkend "
    "falt panose fname do template operator annotation atnid atnauthor atrfstart atrfend xe tc"
)
"""Destinations without text of the note."""
_BREAKS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("par", "line", "softline", "sect", "page", "column"), "\n"),
    **dict.fromkeys(("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"), "\n"),
    **dict.fromkeys(("footnote", "shptxt"), "\n"),
    **dict.fromkeys(("row", "nestrow"), "\n\n"),
    **dict.fromkeys(("cell", "nestcell", "tab"), "\t"),
}
_SIGNS: Final[Mapping[str, str]] = {
    "emdash": "\u2014",
    "endash": "\u2013",
    "bullet": "\u2022",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
}
_ESCAPED: Final[Mapping[str, str]] = {"\\": "\\", "{": "{", "}": "}", "~": "\u00a0", "_": "\u2011"}
_CODE_PAGES: Final[Mapping[str, str]] = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850", "ansi": "cp1252"}
_CHARSETS: Final[Mapping[int, str]] = {
    0: "cp1252",
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    134: "gbk",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    255: "cp437",
}
_SYMBOL: Final[Mapping[int, str]] = {
    **{ord(a): b for a, b in zip("abgdmS", "αβγδμΣ", strict=True)},
    **{0xA3: "≤", 0xA5: "∞", 0xAE: "→", 0xAC: "←", 0xAD: "↑", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×"},
    0xB7: "•",
}
_WINGDINGS: Final[Mapping[int, str]] = {
    **dict.fromkeys((0x6C, 0x6E, 0x75, 0x76, 0x9F, 0xA7, 0xD8), "•"),
    **dict.fromkeys((0x6F, 0x70, 0x71, 0x72, 0xA8), "☐"),
    **dict.fromkeys((0xFC, 0xFE), "☑"),
    **dict.fromkeys((0xFB, 0xFD), "☒"),
    **{0xE0: "→", 0xE8: "→"},
}
"""What the two fonts show that notes are written with; their other signs are left out."""
_PRIVATE: Final = range(0xF000, 0xF100)
"""Where Word puts the characters of such fonts."""
_HIDING: Final = frozenset({"v", "deleted", "strike", "striked"})


def is_rtf(note: str) -> bool:
    """Return whether a note is RTF by its first characters."""
    return note[:64].lstrip("\ufeff \t\r\n\x00").startswith("{\\rtf")


def read_rtf(note: str) -> Plain:
    """Return the words of an RTF note.

    Args:
        note: the note as given.
    """
    return _Reader(note).read()


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits from the one around it.

    Args:
        destination: ``text``, ``fonts`` or ``none`` (nothing of it is kept).
        font: number of the font; ``None`` for the document's own.
        fallback: characters behind a ``\\u`` that stand in for it.
        hidden: names of what hides the text now.
        raised: whether superscript begins.
    """

    destination: str = "text"
    font: int | None = None
    fallback: int = 1
    hidden: frozenset[str] = frozenset()
    raised: bool = False


@dataclass
class _Reader:
    """One pass over a note."""

    note: str
    state: _State = field(default_factory=_State)
    groups: list[_State] = field(default_factory=list)
    codec: str = "cp1252"
    default_font: int | None = None
    fonts: dict[int, str | Mapping[int, str]] = field(default_factory=dict)
    skip: int = 0
    lead: tuple[bytes, int] | None = None
    high: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        self.out = Builder(self.note)

    def read(self) -> Plain:
        at = 0
        while (token := _TOKEN.match(self.note, at)) is not None:
            at = token.end()
            kind = token.lastgroup
            if self.lead and kind not in ("hex", "line"):
                self.lead = None
            if kind == "brace":
                self._brace(token)
            elif kind == "hex":
                self._hex(int(token["hex"], 16), token)
            elif kind == "sign":
                self._escaped(token)
            elif kind == "text":
                self._text(*token.span())
            elif kind != "line":
                at += self._word(token["word"], token["number"], token)
        return self.out.plain()

    @property
    def _silent(self) -> bool:
        return self.state.destination != "text" or bool(self.state.hidden)

    def _brace(self, token: re.Match[str]) -> None:
        self.skip = 0
        if token["brace"] == "{":
            self.groups.append(self.state)
        elif self.groups:
            self.state = self.groups.pop()

    def _word(self, word: str, number: str | None, token: re.Match[str]) -> int:
        """Do what a control word says; return how many characters after it are data of its own."""
        if word == "bin":
            return max(0, int(number or 0))
        if word == "u" and number:
            self._unicode(int(number), *token.span())
        elif self._sets(word, number):
            pass
        elif word in _BREAKS:
            self._put(_BREAKS[word], *token.span())
        elif word in _SIGNS:
            self._put(_SIGNS[word], *token.span())
        return 0

    def _sets(self, word: str, number: str | None) -> bool:
        """Take note of what a control word sets for the text to come; return whether it sets anything."""
        on, state = number != "0", self.state
        if word.lower() in _LEFT_OUT:
            self.state = replace(state, destination="none")
        elif word == "fonttbl":
            self.state = replace(state, destination="fonts" if state.destination == "text" else "none")
        elif word == "f" and number:
            self.state = replace(state, font=int(number))
        elif word == "fcharset" and number and state.destination == "fonts" and state.font is not None:
            self.fonts.setdefault(state.font, _SYMBOL if number == "2" else _CHARSETS.get(int(number), self.codec))
        elif word == "uc":
            self.state = replace(state, fallback=max(0, int(number or 1)))
        elif word in _HIDING:
            hidden = state.hidden | {word} if on else state.hidden - {word}
            self.state = replace(state, hidden=frozenset(hidden))
        elif word in ("super", "up"):
            self.state = replace(state, raised=on)
        elif word in ("nosupersub", "sub", "dn"):
            self.state = replace(state, raised=False)
        elif word == "plain":
            self.state = replace(state, font=None, hidden=frozenset(), raised=False)
        elif word == "deff" and number:
            self.default_font = int(number)
        elif word == "ansicpg" and number:
            self.codec = _known(f"cp{number}", self.codec)
        elif word in _CODE_PAGES:
            self.codec = _CODE_PAGES[word]
        else:
            return False
        return True

    def _encoding(self) -> str | Mapping[int, str]:
        font = self.default_font if self.state.font is None else self.state.font
        return self.codec if font is None else self.fonts.get(font, self.codec)

    def _escaped(self, token: re.Match[str]) -> None:
        sign = token["sign"]
        if sign == "*":
            # what is only for readers that know it; Word's other form of the same text stands beside it
            self.state = replace(self.state, destination="none")
        elif sign in "\r\n" and sign:
            self._put("\n", *token.span())
        elif sign in _ESCAPED:
            if self._skipped(token.end()):
                return
            self._put(_ESCAPED[sign], *token.span())

    def _skipped(self, end: int) -> bool:
        """Return whether a character only stands in for the ``\\u`` before it, and so belongs to that."""
        if not self.skip:
            return False
        self.skip -= 1
        if not self._silent:
            self.out.stretch(end)
        return True

    def _text(self, start: int, end: int) -> None:
        if self.skip:
            taken = min(self.skip, end - start)
            self.skip, start = self.skip - taken, start + taken
            if not self._silent:
                self.out.stretch(start)
        if start == end:
            return
        if self.state.destination == "fonts":
            self._name(self.note[start:end])
            return
        signs = self._encoding()
        if isinstance(signs, str):
            self._raise(self.note[start], start)
            if not self._silent:
                self.out.copy(start, end)
            return
        for at in range(start, end):
            char = self.note[at]
            self._put(signs.get(ord(char), char if signs is _SYMBOL and ord(char) < 0x80 else ""), at, at + 1)

    def _name(self, name: str) -> None:
        """Take note of a font by its name, where its signs are not letters."""
        if self.state.font is not None and name.lower().startswith("wingdings"):
            self.fonts[self.state.font] = _WINGDINGS

    def _hex(self, byte: int, token: re.Match[str]) -> None:
        if self._skipped(token.end()) or self.state.destination == "fonts":
            return
        signs = self._encoding()
        if not isinstance(signs, str):
            self._put(signs.get(byte, ""), *token.span())
            return
        data, start = (self.lead[0] + bytes([byte]), self.lead[1]) if self.lead else (bytes([byte]), token.start())
        text = codecs.getincrementaldecoder(signs)("replace").decode(data)
        self.lead = None if text else (data, start)
        self._put(text, start, token.end())

    def _unicode(self, number: int, start: int, end: int) -> None:
        self.skip = self.state.fallback
        code = number + 0x10000 if number < 0 else number
        if 0xD800 <= code < 0xDC00:
            self.high = (code, start)
            return
        if self.high and 0xDC00 <= code < 0xE000:
            code, start = 0x10000 + ((self.high[0] - 0xD800) << 10) + code - 0xDC00, self.high[1]
        self.high = None
        if code in _PRIVATE:
            signs = self._encoding()
            table = _SYMBOL if isinstance(signs, str) else signs
            self._put(table.get(code - 0xF000, ""), start, end)
        elif code < 0x110000:
            self._put(chr(code), start, end)

    def _raise(self, char: str, at: int) -> None:
        """Put the sign of a power before raised digits."""
        if self.state.raised:
            if (char.isdigit() or char in "-+\u2212") and self.out.last:
                self._put("^", at, at + 1)
            self.state = replace(self.state, raised=False)

    def _put(self, text: str, start: int, end: int) -> None:
        if not self._silent and text:
            self.out.put(text, start, end)


def _known(codec: str, otherwise: str) -> str:
    try:
        codecs.lookup(codec)
    except LookupError:
        return otherwise
    return codec
