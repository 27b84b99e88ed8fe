"""Sentences of clinical text: real sentences, wrapped lines, list items, table rows, template lines.

Whether a place is a boundary is decided from the characters around it alone (the line before, the
beginning of the line after), so a part of a note can be split without reading the rest.
"""

from __future__ import annotations

import re

from extractor.sections import Section

WRAP_WIDTH = 58
"""A line at least this long is taken to be wrapped when it ends without punctuation."""
MAX_SENTENCE = 1200
"""Longer stretches without any boundary are cut at white space."""

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
_ABBREVIATION = re.compile(
    r"(?:^|[^A-Za-z.])(?:" + "|".join(re.escape(a) for a in _ABBREVIATIONS) + r")\.$", re.IGNORECASE
)
_PLAIN_WORD = re.compile(
    r"(?:^|[\s(/-])(?:[a-z]{5,}|(?!(?:temp|tabs?|caps|neuro|card|abdo|spec|conj|plat|biol|prev|resp|incl|dept|susp|poss|prob|diff|hosp|cont|inst|pref|post)$)[a-z]{4}"
    r"|ok|neg|pos|now|old|ago|nl|wnl|tid|bid|qd|\d{1,3}\s?(?:d|h|wk|mo|yr|mg|kg|%))$|\)$|\d{2,}$"
)
_INITIAL = re.compile(r"(?:^|[^A-Za-z0-9/])(?<!\d\s)[A-Z]\.$|(?:^|[\n,;:(])[ \t]*\d{1,2}\.$")
_STOP = re.compile(r"[.!?]['\")\]]{0,2}(?:[ \t]+|(?=,[ \t]{0,3}[A-Z0-9])|(?=[A-Z][a-z]{2,}))|\.,[ \t]*|\n")
_LIST_LEAD = re.compile(
    r"[ \t]*(?:[-*+#>=~]{1,3}[ \t]|[-*+#](?=[A-Za-z\[])|\(?(?:\d{1,2}|[a-zA-Z]|[ivxIVX]{1,4})[.)][ \t]|\[[ xX*]{0,3}\]|\([ xX]\)|_{2,}|\d{1,2}[ \t]{2,}|->|\|)"
)
_FIELD_LEAD = re.compile(r"[ \t]*[A-Z][A-Za-z0-9/&'()#. -]{0,40}(?::|[ \t]{3,}|\?[ \t])")
_GOES_ON = re.compile(
    r"(?:[,/&(-]|\b(?:and|or|of|with|for|the|a|an|to|in|on|at|by|from|no|not|was|were|is|are|has|had|have|than|as|which|that|who|his|her|their|"
    r"without|after|before|since|until|per|via|into|her|this|these|new|mild|possible|probable|history|positive|negative|status|post|received|"
    r"treated|started|including|showed|shows|showing|denies|denied|given|AND|OR|OF|WITH|FOR|THE|TO|IN))[ \t]*$"
)
_OPEN_BRACKET = re.compile(r"\([^()]{0,120}$")
_CLOSES = re.compile(r"[^()\n]{0,120}\)")
_LINKING = re.compile(
    "had|has|have|was|were|is|are|be|been|and|or|nor|but|of|with|without|for|to|in|on|at|by|from|who|which|that|"
    "than|then|as|when|because|although|while|since|until|after|before|during|not|did|does|do|will|would|can|could|may|might|should|the|a|an"
)
"""Words that go on with a sentence at the beginning of a line."""
_FORM_ANSWER = re.compile(r"(?:yes|no|y|n|none|unk(?:nown)?|n/?a)\b", re.IGNORECASE)
_TABLE_GAP = re.compile(r"\S[ \t]{3,}\S")
_DATE_LEAD = re.compile(r"[ \t]*(?:\d{1,4}[./-]\d{1,4}(?:[./-]\d{2,4})?|\d{4}|since \d{4})[ \t:–-]")


def _line_break_is_boundary(text: str, at: int) -> bool:
    """Return whether the line break at a position ends a sentence."""
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
        return not re.match(r"[ \t]{0,12}[<>=~a-z\d]", head) or bool(_FIELD_LEAD.match(head))
    if line.endswith((".", "!", "?", ";")):
        return not (_ABBREVIATION.search(line) and head.lstrip()[:1].islower())
    if _TABLE_GAP.search(line) or _TABLE_GAP.search(head[:80]):
        return True
    first = head.lstrip()[:1]
    if _GOES_ON.search(line):
        return bool(_FIELD_LEAD.match(head)) and not first.islower()
    if _FIELD_LEAD.match(head):
        return True
    if len(line) >= WRAP_WIDTH and not (_DATE_LEAD.match(head) and _DATE_LEAD.match(line)):
        return False
    if first not in "(,;)/&+" and _had_room(text, line_start, line, head):
        return True
    if first.islower() or first in "(,;)/&+":
        return _is_short_item(line) and _is_short_item(head.rstrip()) and first not in "(,;)"
    return True


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


def find_sentences(text: str, sections: list[Section]) -> list[tuple[int, int]]:
    """Return (start, end) of the sentences of a clean text; together they cover it without gaps.

    Args:
        text: clean text.
        sections: its sections; a header always begins a sentence, and so does its body where the
            header stands alone.
    """
    starts = {0}
    for match in _STOP.finditer(text):
        at = match.start()
        if text[at] == "\n":
            if _line_break_is_boundary(text, at):
                starts.add(match.end())
        elif match.group().startswith(".,"):
            starts.add(match.end())
        else:
            before = text[max(0, at - 14) : at + 1]
            following = text[match.end() : match.end() + 1]
            if text[at] == "." and (_ABBREVIATION.search(before) or _INITIAL.search(before)):
                continue
            if text[at] == "?" and (not following.isupper() or _FORM_ANSWER.match(text, match.end())):
                continue  # "?ILD", "asthma? no" go on
            if following and (not following.islower() or _PLAIN_WORD.search(text, max(0, at - 14), at)):
                starts.add(match.end())
    starts.update(section.start for section in sections)
    ordered = sorted(_skip_space(text, s) for s in starts)
    bounds = [0]
    for start in ordered:
        while start - bounds[-1] > MAX_SENTENCE:
            cut = text.rfind(" ", bounds[-1] + MAX_SENTENCE // 2, bounds[-1] + MAX_SENTENCE)
            bounds.append(cut + 1 if cut > 0 else bounds[-1] + MAX_SENTENCE)
        if start > bounds[-1] and start < len(text):
            bounds.append(start)
    while len(text) - bounds[-1] > MAX_SENTENCE:
        cut = text.rfind(" ", bounds[-1] + MAX_SENTENCE // 2, bounds[-1] + MAX_SENTENCE)
        bounds.append(cut + 1 if cut > 0 else bounds[-1] + MAX_SENTENCE)
    return [(s, e) for s, e in zip(bounds, [*bounds[1:], len(text)], strict=True) if e > s] or [(0, len(text))]


def _skip_space(text: str, position: int) -> int:
    """Return the first position from here on that is no white space."""
    while position < len(text) and text[position].isspace():
        position += 1
    return position
