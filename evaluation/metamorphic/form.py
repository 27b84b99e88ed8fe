"""Rewritings of form: case, white space, line ends, bullets, punctuation. No word changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from evaluation.metamorphic.case import Case, Transformation
from evaluation.metamorphic.variant import Edit, Variant, edited

_WORD = re.compile(r"[A-Za-z][A-Za-z']*")
_SPACE = re.compile(r"(?<=\S) (?=\S)")
_GAP = re.compile(r"\t| {3}|\||\[ |\[\*\*|[✓√☐☑☒\n]")
_BULLET = re.compile(r"(?m)^([ \t]*)([-*])(?= )")
_ITEM = re.compile(r"[\s]*(?:[-*+#>=~•→]|\(?\w{1,4}[.)]\s|\[|_{2}|\d)")
_PARAGRAPH = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|\Z))+")
_SAID_BY_CASE = re.compile(r"\n|[.?!]['\")\]]*\s+[^A-Za-z]{0,4}[a-z]|\.\.|[.?!](?=[A-Z])")
WIDTHS = (60, 72, 100)
"""Widths at which prose is wrapped anew; a note's own lines below 58 characters are read as lines of a form by design."""


def _cased(name: str, change: Callable[[str], str]) -> Callable[[Case], Iterator[Variant]]:
    """Return the change of case of every word but those whose capitals are their meaning.

    Not admitted are sentences in which a small letter tells that a stop or a line break ends nothing. A rule may ask for capitals (``cased``: MAS the syndrome, ALL the leukaemia); a word stays as it is where it spells
    such a term as it stands, or would spell one in its new case.
    """

    def make(case: Case) -> Iterator[Variant]:
        if _SAID_BY_CASE.search(case.text):
            return
        meant = case.reader.cased_words
        edits: list[Edit] = []
        for m in _WORD.finditer(case.text):
            new = change(m.group())
            if (
                new != m.group()
                and len(new) == len(m.group())
                and not ({m.group(), new, m.group().split("'")[0], new.split("'")[0]} & meant)
            ):
                edits.append(Edit(m.start(), m.end(), new))
        if edits:
            yield edited(case.text, edits, about=name)

    return make


def _lowered(word: str) -> str:
    """Return a word in small letters; the first letter of a sentence is lost with it, which no reader minds."""
    return word.lower()


def wrapped(case: Case) -> Iterator[Variant]:
    """Break a sentence of prose at other widths; tables and list items are no prose."""
    if _GAP.search(case.text):
        return
    spaces = [(m.start(), m.end()) for m in _SPACE.finditer(case.text)]
    for width in WIDTHS:
        edits: list[Edit] = []
        line = 0
        for i, (start, end) in enumerate(spaces):
            following = spaces[i + 1][0] if i + 1 < len(spaces) else len(case.text.rstrip())
            ends = start - line + 1 + following - end
            if ends > width and not _ITEM.match(case.text[end : end + 6]) and case.text[start - 1] != ":":
                edits.append(Edit(start, end, "\n"))
                line = end
        if edits:
            yield edited(case.text, edits, about=f"width {width}")


def wrapped_note(case: Case) -> Iterator[Variant]:
    """Wrap the paragraphs of prose of a note at other widths."""
    for width in WIDTHS:
        edits: list[Edit] = []
        for m in _PARAGRAPH.finditer(case.text):
            lines = m.group().rstrip("\n").split("\n")
            if (
                len(lines) < 2
                or not all(_is_prose(line, lines[0]) for line in lines[:-1])
                or _GAP.search(" ".join(lines))
            ):
                continue
            if any(_ITEM.match(line) or ":" in line for line in lines):
                continue
            edits += _rewrapped(case.text, m.start(), m.start() + len("\n".join(lines)), width)
        if edits:
            yield edited(case.text, edits, about=f"width {width}")


def _is_prose(line: str, first: str) -> bool:
    return len(line) >= 58 and abs(len(line) - len(first)) < 25


def _rewrapped(text: str, start: int, end: int, width: int) -> Iterator[Edit]:
    line = 0
    for m in re.finditer(r"(\S+)(\s+|\Z)", text[start:end]):
        if line and line + 1 + len(m.group(1)) > width and not _ITEM.match(m.group(1)):
            new, line = "\n", len(m.group(1))
        else:
            new, line = " ", line + (line > 0) + len(m.group(1))
        if m.start():
            gap = re.search(r"\s+\Z", text[start : start + m.start()])
            if gap and gap.group() != new:
                yield Edit(start + gap.start(), start + m.start(), new)


def _spaced(name: str, new: str) -> Callable[[Case], Iterator[Variant]]:
    def make(case: Case) -> Iterator[Variant]:
        edits = [Edit(m.start(), m.end(), new) for m in _SPACE.finditer(case.text)]
        if edits:
            yield edited(case.text, edits, about=name)

    return make


def doubled(case: Case) -> Iterator[Variant]:
    """Strike every space of a line twice; in lines of less than four words two spaces may part a field from its content."""
    edits = []
    for line in re.finditer(r"[^\n]+", case.text):
        gaps = list(_SPACE.finditer(case.text, line.start(), line.end()))
        if len(gaps) > 2:
            edits += [Edit(gap.start(), gap.end(), "  ") for gap in gaps]
    if edits:
        yield edited(case.text, edits, about="two spaces")


def _framed(before: str, behind: str, about: str) -> Callable[[Case], Iterator[Variant]]:
    def make(case: Case) -> Iterator[Variant]:
        yield edited(case.text, [Edit(0, 0, before), Edit(len(case.text), len(case.text), behind)], about=about)

    return make


def crlf(case: Case) -> Iterator[Variant]:
    """End lines as Windows does."""
    edits = [Edit(m.start(), m.end(), "\r\n") for m in re.finditer(r"\r?\n", case.text)]
    if edits:
        yield edited(case.text, edits, about="CRLF")


def bullets(case: Case) -> Iterator[Variant]:
    """Change the sign before list items."""
    for sign in ("-", "*", "•"):
        edits = [Edit(m.start(2), m.end(2), sign) for m in _BULLET.finditer(case.text) if m.group(2) != sign]
        if edits:
            yield edited(case.text, edits, about=f"bullet {sign}")


def listed(case: Case) -> Iterator[Variant]:
    """Make a sentence an item of a list."""
    if not _ITEM.match(case.text):
        for sign in ("-", "*", "•"):
            yield edited(case.text, [Edit(0, 0, f"{sign} ")], about=f"bullet {sign}")


def unstopped(case: Case) -> Iterator[Variant]:
    """Leave out the full stop at the end."""
    bare = case.text.rstrip()
    if re.search(r"[A-Za-z0-9)]\.$", bare) and not re.search(r"\b(?:[A-Za-z]\.|\w{1,3}\.)$", bare):
        yield edited(case.text, [Edit(len(bare) - 1, len(bare), "")], about="no full stop")


FORM = (
    Transformation("case.upper", "invariance", "sentence", _cased("capitals", str.upper)),
    Transformation("case.lower", "invariance", "sentence", _cased("small letters", _lowered)),
    Transformation("case.title", "invariance", "sentence", _cased("title case", str.capitalize)),
    Transformation("space.wrap", "invariance", "sentence", wrapped),
    Transformation("space.wrap_note", "invariance", "note", wrapped_note),
    Transformation("space.double", "invariance", "sentence", doubled),
    Transformation("space.no_break", "invariance", "sentence", _spaced("no-break spaces", "\u00a0")),
    Transformation("space.double_note", "invariance", "note", doubled),
    Transformation("space.indent", "invariance", "sentence", _framed("    ", "  \n", "indented")),
    Transformation("space.tab_indent", "invariance", "sentence", _framed("\t", "\t\n", "tab before and behind")),
    Transformation("space.crlf", "invariance", "sentence", crlf),
    Transformation("space.crlf_note", "invariance", "note", crlf),
    Transformation("list.bullets", "invariance", "note", bullets),
    Transformation("list.item", "invariance", "sentence", listed),
    Transformation("stop.removed", "invariance", "sentence", unstopped),
)
