"""Lines of clinical text: where one is wrapped and goes on in the next, and gaps that are only spaces struck twice.

Whether a line goes on is decided from the line and the beginning of the next alone.
"""

from __future__ import annotations

import re

WRAP_WIDTH = 58
"""A line at least this long is taken to be wrapped when it ends without punctuation."""
_ALMOST = 44
"""A line of this length is wrapped too where the next word would have made it longer than ``WRAP_WIDTH``."""
ROOM = 4
"""Characters that must be left in a line, besides its next word, before it is taken to have ended on purpose."""

_ABBREVIATIONS = [
    "dr",
    "mr",
    "mrs",
    "ms",
    "prof",
    "st",
    "vs",
    "approx",
    "ca",
    "cf",
    "eg",
    "e.g",
    "ie",
    "i.e",
    "resp",
    "incl",
    "esp",
    "no",
    "nr",
    "fig",
    "figs",
    "al",
    "dept",
    "ref",
    "est",
    "avg",
    "susp",
    "poss",
    "prob",
    "diff",
    "bzw",
]
ABBREVIATION = re.compile(
    r"(?:^|[^A-Za-z.])(?:" + "|".join(re.escape(a) for a in _ABBREVIATIONS) + r")\.$", re.IGNORECASE
)
_LIST_LEAD = re.compile(
    r"[ \t]*(?:[-*+#>=~]{1,3}[ \t]|[-*+#](?=[A-Za-z\[])|\(?(?:\d{1,2}|[a-zA-Z]|[ivxIVX]{1,4})[.)][ \t]|\[[ xX*]{0,3}\]|\([ xX]\)|_{2,}|\d{1,2}[ \t]{2,}|->|\|)"
)
_FIELD_LEAD = re.compile(r"[ \t]*[A-Z][A-Za-z0-9/&'()#. -]{0,40}(?::|[ \t]{3,}|\?[ \t])")
_SMALL_FIELD_LEAD = re.compile(
    r"[ \t]+(?!(?:the|an?|and|or|of|with|to|as|for|in|on|by|at|is|was|were|that|this|these|it|he|she|following|follows?|results?|values?|"
    r"namely|include[sd]?|including|incl|i\.e|e\.g|below|above|impression|mg|ml|g)\b)"
    r"[a-z][a-z0-9/&'-]{1,18}(?:[ \t][a-z0-9/&'-]{1,14}){0,1}:[ \t]"
)
"""The name of a field in small letters at the beginning of an indented line ("  lungs: clear")."""
_UNOPENED = re.compile(r"[^(\n:]*\)")
_GOES_ON = re.compile(
    r"(?:[,/&(-]|\b(?:and|or|of|with|for|the|a|an|to|in|on|at|by|from|no|not|was|were|is|are|has|had|have|than|as|which|that|who|his|her|their|"
    r"without|after|before|since|until|per|via|into|her|this|these|new|mild|possible|probable|history|positive|negative|status|post|received|"
    r"treated|started|including|showed|shows|showing|denies|denied|given|AND|OR|OF|WITH|FOR|THE|TO|IN))[ \t]*$"
)
# a line that is a heading, though its last word might want another
_HEADING = re.compile(
    r"[ \t]*(?:[-*#]{1,3}[ \t]?)?[A-Z][\w/&'-]*(?:[ \t][\w/&'-]+){0,3}[ \t](?i:history|hx|status)[ \t]*\Z"
)
_ANSWER = re.compile(r"[:?=][ \t]*(?:no|not|positive|negative)[ \t]*\Z", re.IGNORECASE)
"""A line that ends with the answer of a form ("Lymphoma: no")."""
_TABLE_GAP = re.compile(r"\S[ \t]{3,}\S")
_DATE_LEAD = re.compile(r"[ \t]*(?:\d{1,4}[./-]\d{1,4}(?:[./-]\d{2,4})?|\d{4}|since \d{4})[ \t:–-]")
_OPEN_BRACKET = re.compile(r"\([^()]{0,120}$")
_CLOSES = re.compile(r"[^()\n]{0,120}\)")
_LINKING = re.compile(
    "had|has|have|was|were|is|are|be|been|and|or|nor|but|of|with|without|for|to|in|on|at|by|from|who|which|that|"
    "than|then|as|when|because|although|while|since|until|after|before|during|not|did|does|do|will|would|can|could|may|might|should|the|a|an"
)
"""Words that go on with a sentence at the beginning of a line."""
_FIRST_WORD = re.compile(r"[ \t]*(\S+)")
_CAPITALS = re.compile(r"[ \t]*[A-Z][A-Z /&'()-]{2,40}:?[ \t]*\Z")
_BEGINS = re.compile(r"[A-Z][a-z]")
_DAY = re.compile(r"\d(?:st|nd|rd|th)?$")
_LETTER_SMALL = re.compile(r"[a-z]")


LINE_REACH = 1500
"""Characters of a line before and behind a place that are looked at; in a note without line breaks the line is the note."""


def line_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the line of a stretch of text begins and ends, or, in a very long line, places before and behind it.

    Args:
        text: clean text.
        start: where the stretch begins.
        end: where it ends.
    """
    floor, ceiling = max(0, start - LINE_REACH), min(len(text), end + LINE_REACH)
    line_end = text.find("\n", end, ceiling)
    return text.rfind("\n", floor, start) + 1 or floor, ceiling if line_end < 0 else line_end


def break_ends_sentence(text: str, at: int) -> bool:
    """Return whether the line break at a position ends a sentence.

    Args:
        text: clean text.
        at: where the line break stands.
    """
    line_start = text.rfind("\n", max(0, at - 400), at) + 1 or max(0, at - 400)
    line = text[line_start:at].rstrip()
    following = text[at + 1 : at + 1 + 160]
    head = following.split("\n", 1)[0]
    if not head.strip() or not line.strip():
        return True
    if _LIST_LEAD.match(head):
        return True
    if _OPEN_BRACKET.search(line) and _CLOSES.match(following) and not line.endswith((".", ";")):
        return False
    if line.endswith(":"):
        return not re.match(r"[ \t]{0,12}[<>=~a-z\d]", head) or _is_field(head)
    if line.endswith((".", "!", "?", ";")):
        return not (ABBREVIATION.search(line) and head.lstrip()[:1].islower())
    if _TABLE_GAP.search(line) or _TABLE_GAP.search(head[:80]):
        return True
    first = head.lstrip()[:1]
    if _wants_more(line, first):
        return _is_field(head) and not first.islower()
    if _is_field(head):
        return True
    if first not in "(,;)/&+" and _had_room(text, line_start, line, head):
        return True
    if first.islower() or first in "(,;)/&+":
        return _is_short_item(line) and _is_short_item(head.rstrip()) and first not in "(,;)"
    return True


def _wants_more(line: str, first: str) -> bool:
    """Return whether a line ends with a word that wants another, and is no heading or answer before a line that begins anew.

    Args:
        line: the line.
        first: the first sign of the next one.
    """
    if _GOES_ON.search(line) is None:
        return False
    return first.islower() or (_HEADING.match(line) is None and _ANSWER.search(line) is None)


def _had_room(text: str, line_start: int, line: str, head: str) -> bool:
    """Return whether the next line's first word would have stood in a line, so that the line was not wrapped but ended."""
    width = len(head.rstrip())
    if line_start:
        above = text.rfind("\n", max(0, line_start - 400), line_start - 1) + 1
        width = max(width, len(text[above:line_start].rstrip()))
    word = head.split(maxsplit=1)[0]
    if _LINKING.fullmatch(word):
        return False
    return len(line) + 1 + len(word) + ROOM <= width


def _is_short_item(line: str) -> bool:
    """Return whether a line is so short that it is an item of its own, not a wrapped line."""
    return len(line.strip()) < 28


def _is_field(head: str) -> bool:
    """Return whether a line begins with the name of a field; a bracket that only closes belongs to the line before."""
    return (_FIELD_LEAD.match(head) or _SMALL_FIELD_LEAD.match(head)) is not None and _UNOPENED.match(head) is None


def superfluous(text: str) -> list[tuple[int, int]]:
    """Return the stretches of white space that say no more than one space, in order.

    These are breaks of wrapped lines with the indentation behind them, and spaces struck twice. Gaps between the
    columns of a table and behind the name of a field stay.

    Args:
        text: clean text.
    """
    found = _wraps(text) if "\n" in text else []
    if "  " in text:
        doubles = _doubles(text, {start for start, _ in found})
        found = sorted([*found, *doubles]) if found else doubles
    return found


def _wraps(text: str) -> list[tuple[int, int]]:
    """Return the breaks of lines that are surely wrapped."""
    found = []
    before, start, at = 0, 0, text.find("\n")
    while at >= 0:
        following = text.find("\n", at + 1)
        end = following if following >= 0 else len(text)
        line, head = text[start:at].rstrip(), text[at + 1 : end]
        space = at + 1 + len(head) - len(head.lstrip())
        stop = start + len(line)
        if "  " in line and _is_struck_twice(line):
            line, head = _DOUBLE.sub(" ", line), _DOUBLE.sub(" ", head)
        if line and head and _is_wrapped(line, head, prose=min(before, len(line)) >= WRAP_WIDTH):
            found.append((stop, space))
        before, start, at = len(line), at + 1, following
    return found


def _is_wrapped(line: str, head: str, *, prose: bool) -> bool:
    """Return whether a line goes on in the next for certain: it is full, or ends with a word that wants another.

    A hyphen at its end is left to the patterns, which take it for part of a word or for none.

    Args:
        line: the line.
        head: the next one.
        prose: whether the line before is as full, as those of a paragraph are.
    """
    if line[-1] in ".!?:|-" or (first := _FIRST_WORD.match(head)) is None:
        return False
    full = len(line) >= WRAP_WIDTH or (len(line) >= _ALMOST and len(line) + 1 + len(first[1]) > WRAP_WIDTH + 1)
    if not _wants_more(line, first[1][0]):
        if not full:
            return False
        if _BEGINS.match(first[1]) and not (prose or len(head) >= WRAP_WIDTH or _DAY.search(line)):
            return False  # two lines of a form may be long by chance; a word that begins something may begin the second
    if _LIST_LEAD.match(head) or _is_field(head) or _TABLE_GAP.search(line) or _TABLE_GAP.search(head[:80]):
        return False
    if _DATE_LEAD.match(head) and _DATE_LEAD.match(line):
        return False
    return not (_CAPITALS.match(head) and _LETTER_SMALL.search(line))


_DOUBLE = re.compile(r"  (?<=\S  )(?=\S)")  # what is looked for first stands first, for ``re`` finds it fastest
_SINGLE = re.compile(r"(?<=\S) (?=\S)")
_FIELD_BEHIND = re.compile(r"[A-Za-z][A-Za-z/]{0,20}(?: [A-Za-z/]{1,20}){0,3}:")
_ONE_WORD = re.compile(r"[\s*#-]*[A-Za-z0-9.)]+\Z")


def _doubles(text: str, taken: set[int]) -> list[tuple[int, int]]:
    """Return the gaps of two spaces that part no columns and stand behind no name of a field."""
    found = []
    place = _DOUBLE.search(text)
    while place is not None:
        start = text.rfind("\n", 0, place.start()) + 1
        end = text.find("\n", place.start())
        end = len(text) if end < 0 else end
        throughout = _is_struck_twice(text[start:end])
        for gap in _DOUBLE.finditer(text, start, end):
            if gap.start() not in taken and _says_nothing(text, start, gap.start(), throughout=throughout):
                found.append(gap.span())
        place = _DOUBLE.search(text, end)
    return found


def _is_struck_twice(line: str) -> bool:
    """Return whether the spaces of a line are struck twice throughout."""
    twice, spaces = line.count("  "), line.count(" ")
    single = spaces - 2 * twice - line.count("   ") - 2 * line.count("\t") - 2
    if twice <= 2 * single:  # there are as many single ones at least, and no more double ones
        return False
    twice = len(_DOUBLE.findall(line))
    return twice > 2 and twice > 2 * len(_SINGLE.findall(line))


def _says_nothing(text: str, line: int, at: int, *, throughout: bool) -> bool:
    """Return whether a gap of two spaces is no more than one space."""
    before, behind = text[at - 1], text[at + 2]
    if throughout or before in ".,;!?":
        return True
    if _FIELD_BEHIND.match(text, at + 2):
        return False
    if before in ":)":
        return True
    if behind.isalpha() and at - line <= LINE_REACH and _ONE_WORD.match(text, line, at):
        return False  # "Allergies  penicillin", "1  asthma"
    return before.islower() and behind.islower()
