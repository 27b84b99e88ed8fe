"""HTML and XML as people see it: blocks as lines, tables as cells and rows, entities decoded, scripts left out.

The tags are told apart by one expression and not by ``html.parser``: that gives a line and a column instead of
offsets, differs between patch releases in what it makes of a stray ``<``, and drops the text behind one. A
test compares both on well-formed pages.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from extractor.markup.plain import Builder, Plain, names

_SURE: Final = re.compile(
    r"</[a-z][\w:.-]*\s*>|<(?:!doctype\s|html[\s>]|\?xml\s|br\s*/?>|p>|(?:p|div|span|table|td|font|input|img)\s[a-z-]+\s*=)"
    r"|&(?:amp|lt|gt|nbsp|quot|apos|#\d{2,6}|#x[0-9a-f]{2,5});",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(
    r"""(?P<comment><!--)
    |(?P<cdata><!\[CDATA\[|\]\]>)
    |(?P<other><[!?][^<>]*>)
    |<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]*)(?P<rest>(?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|"[^"]{0,300}+"|'[^']{0,300}+'|["'])*+)>
    |(?P<entity>&(?:(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|(?:amp|lt|gt|nbsp|quot|\#\d{2,6})(?![A-Za-z0-9;])))
    """,
    re.VERBOSE,
)
_GAP: Final = re.compile(r"[ \t\r\n\f]+")
_PAGE: Final = re.compile(r"<(?:!doctype\s|html[\s>]|body[\s>]|\?xml\s)", re.IGNORECASE)
_CHECKED: Final = re.compile(r"\bchecked\b", re.IGNORECASE)
_BOX: Final = re.compile(r"\btype\s*=\s*[\"']?(?:checkbox|radio)\b", re.IGNORECASE)
_SELECTED: Final = re.compile(r"\bselected\b", re.IGNORECASE)
_PRE_STYLE: Final = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_POWER: Final = re.compile(r"\s*(?:[-+\u2212\d]|&minus;)")

_LEFT_OUT: Final = frozenset({"script", "style", "head", "template", "object", "iframe", "svg", "del", "s", "strike"})
"""Elements whose content nobody is to read; what is struck out was taken back by its author."""
_PARAGRAPHS: Final = names("p h1 h2 h3 h4 h5 h6 tr table blockquote hr caption paragraph title text section article")
_LINES: Final = names(
    "div li ul ol dl dt dd pre body html center form fieldset legend header footer main nav aside address thead tbody "
    "tfoot item list figure figcaption option select textarea br"
)
_ALONE: Final = _PARAGRAPHS | _LINES | names("td th b i u font span img input wbr meta link col a small big")
"""Tags that may stand without attributes and without an end; any other such thing is text, like ``<ULN>``."""
_EMPTY: Final = names("br hr img input col meta link wbr")
_PLACEHOLDERS: Final = frozenset({"address", "title", "text", "section", "item", "list", "header", "footer"})
"""Names that de-identified text also uses for what was taken out; they are tags only where they are closed."""
_WRAPPED: Final = 2
"""A fragment with more line ends per block than this is text with tags in it: its line ends are kept."""


def is_html(note: str) -> bool:
    """Return whether a note holds HTML or XML tags or entities; a ``<`` or ``&`` alone is text."""
    return ("<" in note or "&" in note) and _SURE.search(note) is not None


def read_html(note: str) -> Plain:
    """Return the words of an HTML note.

    Args:
        note: the note as given.
    """
    return _Reader(note).read()


@lru_cache(maxsize=64)
def _end_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{re.escape(name)}\s*>", re.IGNORECASE)


@dataclass
class _Line:
    """What is to come before the next word: line ends or a space, with the place that they stand for."""

    breaks: int = 0
    space: bool = False
    place: tuple[int, int] = (0, 0)


@dataclass
class _Table:
    """Cells so far in the current row of a table, and whether nothing stands in the current one yet."""

    cells: int = 0
    fresh: bool = False


@dataclass
class _Kept:
    """The element whose line ends are kept, and how deep elements of its name are nested."""

    name: str = ""
    depth: int = 0


@dataclass
class _Reader:
    """One pass over a note."""

    note: str
    out: Builder = field(init=False)
    line: _Line = field(default_factory=_Line)
    tables: list[_Table] = field(default_factory=lambda: [_Table()])
    kept: _Kept = field(default_factory=_Kept)
    unclosed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.out = Builder(self.note)
        names = re.findall(r"</([A-Za-z][\w:.-]*)", self.note)
        self.closed = {name.lower() for name in names}
        self.xml = self.note.lstrip("\ufeff \t\r\n").startswith("<?xml")
        self.keeps_lines = self._keeps_lines()

    def _keeps_lines(self) -> bool:
        """Return whether line ends outside of ``pre`` mean something: not in pages, but in text with a few tags."""
        if _PAGE.search(self.note):
            return False
        blocks = sum(
            1 for m in re.finditer(r"<([A-Za-z][A-Za-z0-9]*)", self.note) if m[1].lower() in _PARAGRAPHS | _LINES
        )
        return self.note.count("\n") + self.note.count("\r") > _WRAPPED * blocks

    def read(self) -> Plain:
        at = 0
        while (token := _TOKEN.search(self.note, at)) is not None:
            end = self._token(token)
            if end is None:  # no tag after all
                self._words(at, token.start() + 1)
                at = token.start() + 1
                continue
            self._words(at, token.start())
            if token["name"]:
                self._tag(token)
            elif token["entity"]:
                self._entity(token)
            at = end
        self._words(at, len(self.note))
        return self.out.plain()

    def _token(self, token: re.Match[str]) -> int | None:
        """Return where a token with all that is left out with it ends, ``None`` where it is text."""
        if token["comment"]:
            return self._after("-->", token.end())
        name = (token["name"] or "").lower()
        if not name:
            return token.end()
        if not self._is_tag(name, token):
            return None
        if token["close"] or token["rest"].endswith("/") or not self._left_out(name, token["rest"]):
            return token.end()
        return self._after(name, token.end()) or token.end()

    def _after(self, what: str, start: int) -> int | None:
        """Return the end of what closes a comment or an element; it is looked for once where there is none."""
        if what in self.unclosed:
            return None
        if what == "-->":
            end = self.note.find(what, start) + 3
        else:
            match = _end_of(what).search(self.note, start)
            end = match.end() if match else 2
        if end < start:
            self.unclosed.add(what)
            return None
        return end

    def _is_tag(self, name: str, token: re.Match[str]) -> bool:
        if token["close"] or self.xml or name in self.closed or ":" in name or "=" in token["rest"]:
            return True
        return name in _ALONE and name not in _PLACEHOLDERS and not token["rest"].strip(" \t\r\n/")

    def _left_out(self, name: str, rest: str) -> bool:
        if name == "option":
            return not _SELECTED.search(rest)
        return name in _LEFT_OUT and not (self.xml and name == "s")  # there it marks sentences

    def _tag(self, token: re.Match[str]) -> None:
        name, place = token["name"].lower(), token.span()
        opens = not token["close"]
        self._keep(name, token["rest"], opens)
        if name in ("td", "th"):
            self._cell(opens, place)
        elif name == "br":
            if opens:
                self._break(self.line.breaks + 1, place)
        elif name in _PARAGRAPHS:
            self._break(2, place)
        elif name in _LINES:
            self._break(1, place)
        self._table(name, opens)
        if opens:
            self._sign(name, token)

    def _keep(self, name: str, rest: str, opens: bool) -> None:
        """Follow where line ends are kept: in ``pre`` and wherever a style says so."""
        if not self.kept.depth:
            if (
                opens
                and name not in _EMPTY
                and not rest.endswith("/")
                and (name in ("pre", "textarea") or _PRE_STYLE.search(rest))
            ):
                self.kept = _Kept(name, 1)
        elif name == self.kept.name:
            self.kept.depth += 1 if opens else -1

    def _table(self, name: str, opens: bool) -> None:
        if name == "table" and opens:
            self.tables.append(_Table())
        elif name == "table" and len(self.tables) > 1:
            self.tables.pop()
        elif name == "tr":
            self.tables[-1] = _Table()

    def _cell(self, opens: bool, place: tuple[int, int]) -> None:
        """Part cells by tabs; blocks at the beginning or end of a cell do not part the row."""
        table = self.tables[-1]
        if not opens:
            self.line = _Line()
            return
        if table.cells:
            self.line = _Line()
            self.out.put("\t", *place)
        elif self.line.breaks:
            self._flush()
        table.cells, table.fresh = table.cells + 1, True

    def _sign(self, name: str, token: re.Match[str]) -> None:
        """Put what a tag itself says: a list item, a box to tick, a power."""
        if name in ("li", "item"):
            self._flush()
            self.out.put("- ", *token.span())
        elif name == "input" and _BOX.search(token["rest"]):
            self._flush()
            self.out.put("[x] " if _CHECKED.search(_unquoted(token["rest"])) else "[ ] ", *token.span())
        elif name == "sup" and self.out.last and _POWER.match(self.note, token.end()):
            self.line = _Line()
            self.out.put("^", *token.span())

    def _break(self, count: int, place: tuple[int, int]) -> None:
        if not self.out.last or self.tables[-1].fresh:
            return
        if not self.line.breaks:
            self.line = _Line(count, False, place)
        else:
            self.line.breaks = min(max(self.line.breaks, count), 3)

    def _flush(self) -> None:
        line, self.tables[-1].fresh = self.line, False
        if line.breaks:
            self.out.put("\n" * line.breaks, *line.place)
        elif line.space:
            self.out.put(" ", *line.place)
        if line.breaks or line.space:
            self.line = _Line()

    def _entity(self, token: re.Match[str]) -> None:
        self._flush()
        self.out.put(html.unescape(token["entity"].rstrip(";") + ";"), *token.span())

    def _words(self, start: int, end: int) -> None:
        """Take text between tags; outside of ``pre`` any white space is one space."""
        if self.kept.depth or self.keeps_lines:
            if end > start:
                self._flush()
                self.out.copy(start, end)
            return
        at = start
        for gap in _GAP.finditer(self.note, start, end):
            self._run(at, gap.start())
            at = gap.end()
            if self.out.last not in ("", "\n", "\t", " ") and not self.line.breaks and not self.tables[-1].fresh:
                self.line = _Line(0, True, gap.span())
        self._run(at, end)

    def _run(self, start: int, end: int) -> None:
        if end > start:
            self._flush()
            self.out.copy(start, end)


def _unquoted(rest: str) -> str:
    """Return a tag's attributes without their values, but with what is said without quotes."""
    return re.sub(r"=\s*(?:\"(?!checked)[^\"]*\"|'(?!checked)[^']*')", "", rest, flags=re.IGNORECASE)
