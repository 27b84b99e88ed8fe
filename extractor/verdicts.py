"""What a list of criteria or a ruled table answers to the item that a mention stands in.

Screening paperwork copies the criteria and answers each behind its words ("EX5 asthma, COPD   not met"), in the line below
("3. Malignancy within 5 years" / "NO"), or by a tick under the head of a column ("| asthma | v | | |"). Such an answer is one to
every alternative that the item names where it is a no; a yes leaves open which of them is meant, and says nothing here.
"""

from __future__ import annotations

import re
from typing import Final

from extractor.lines import line_around
from extractor.results import Result

RULE: Final = "form.verdict"
LINES_BELOW: Final = 4
"""Lines from the first of an item on in which its answer is looked for."""
_TABLE_ROWS: Final = 60
_TABLE_CELLS: Final = 3
"""Tabs (bars are tabs in clean text) that make a line the row of a table."""
_CODE = re.compile(
    r"[ \t]*(?:[-*\u2022>][ \t]*)?(?:(?:incl?|excl?|in|ex|ic|ec|[iexcq]|crit(?:erion)?|item)[.#\s-]{0,2}\d{1,2}[a-z]?|#?\d{1,2}[.)]|\d{1,2}(?=[ \t]{1,3}[A-Za-z])|[a-h][.)])"
    r"(?=[.:)|\s-])",
    re.IGNORECASE,
)
"""The number of a criterion at the beginning of its line."""
_NO = r"(?:NO|No|N|NOT MET|Not met|not met|not present|absent|ABSENT|Absent|None(?!\s+of)|NONE|none(?!\s+of)|Does not apply|does not apply|Denied|denied|excluded|Excluded)"
_YES = r"(?:YES|Yes|yes|Y|MET|Met|met|present|Present|PRESENT)"
_OPEN = r"(?:\?{1,2}|UNK|unk|Unk|unknown|Unknown|unclear|tbc|TBC)"
_ANSWER = re.compile(
    rf"(?:(?P<no>{_NO}|no(?=[ \t]*(?:$|[.,;(]|[ \t]{{2}})))|(?P<yes>{_YES})|(?P<open>{_OPEN}))(?![A-Za-z/])"
)
_LINE_OF_ANSWER = re.compile(r"[ \t]+(?:->|=>|>{1,2}|:|A(?:nswer)?:|\u2192)?[ \t]*")
_CELL = re.compile(r"(?:[ ]{2,}|[ ]*\t[ \t]*|[ ]?\.{2,}[ ]*)(?=[^\s.])")
_TOLD_BEHIND = re.compile(
    r"[^.\n\"]{0,60}(?:\.\s(?:Form|Answer|Ans|Response|Entry|CRF)\s?:\s?|[\"\u201d]\s?=\s?)(?P<said>no|No|NO)(?![A-Za-z])"
)
"""A no that is told of an item in the words behind it ("Form: no", "... lung disorder" = No)."""
_TICK = re.compile(r"(?:[vVxX\u2713\u2714\u221a+\u2022]|\[[xXvV]\])")
_HEADS: Final = (
    ("no", re.compile(r"(?:no|n|never|absent|denied|not met|nil|neg(?:ative)?)", re.IGNORECASE)),
    ("yes", re.compile(r"(?:yes|y|now|current(?:ly)?|present|met|active|ongoing|pos(?:itive)?)", re.IGNORECASE)),
    ("past", re.compile(r"(?:in (?:the )?past|past|ever|previous(?:ly)?|former(?:ly)?|resolved|hx)", re.IGNORECASE)),
    ("unknown", re.compile(r"(?:unk(?:nown)?|n/?a|n/?k|\?|unsure|not known)", re.IGNORECASE)),
)
"""What the head of a column of a ruled table answers."""


def verdict(text: str, start: int, end: int) -> Result | None:
    """Return what the paperwork answers to the item in which the mention at ``start:end`` stands, if it does.

    Args:
        text: clean text.
        start: where the mention begins.
        end: where it ends.
    """
    line_start, line_end = line_around(text, start, end)
    line = text[line_start:line_end]
    if line.count("\t") >= _TABLE_CELLS:
        ticked = _ticked(text, line_start, line, end - line_start)
        if ticked is not None:
            return ticked
    said = _TOLD_BEHIND.match(line, end - line_start)
    if said is not None:
        return Result("no", line_start + said.start("said"), line_start + said.end("said"), RULE)
    if _CODE.match(line):
        cell = _CELL.search(line, end - line_start)
        if cell is not None:
            return _answer(line, cell.end(), line_start)
    return _below(text, line_start, line_end)


def _answer(line: str, at: int, offset: int) -> Result | None:
    """Return the answer that begins at a place of a line: a no to all of its item, or that it is open."""
    found = _ANSWER.match(line, at)
    if found is None or found["yes"]:
        return None
    return Result("no" if found["no"] else "unknown", offset + found.start(), offset + found.end(), RULE)


def _below(text: str, line_start: int, line_end: int) -> Result | None:
    """Return the answer in a line below the criterion that a line belongs to."""
    first = line_start
    for _ in range(LINES_BELOW - 1):
        if _CODE.match(text, first):
            break
        if first == 0:
            return None
        first = text.rfind("\n", 0, first - 1) + 1
    else:
        return None
    at = line_end
    for _ in range(LINES_BELOW):
        if at >= len(text):
            return None
        begin, at = at + 1, text.find("\n", at + 1)
        at = len(text) if at < 0 else at
        line = text[begin:at]
        if not line.strip() or _CODE.match(line):
            return None
        lead = _LINE_OF_ANSWER.match(line)
        if lead is not None and _ANSWER.match(line, lead.end()):
            return _answer(line, lead.end(), begin)
    return None


def _ticked(text: str, line_start: int, line: str, end: int) -> Result | None:
    """Return the answer of the column in which the row of a ruled table is ticked, where the mention stands before the tick."""
    cells = _cells(line)
    ticks = [i for i, (at, cell) in enumerate(cells) if at >= end and _TICK.fullmatch(cell)]
    if len(ticks) != 1:
        return None
    head = _head(text, line_start, ticks[0], len(cells))
    if head is None or head == "yes":
        return None
    at, cell = cells[ticks[0]]
    return Result(head, line_start + at, line_start + at + len(cell), RULE)


def _cells(line: str) -> list[tuple[int, str]]:
    """Return the cells between the tabs of a line, each with where its words begin."""
    cells, at = [], 0
    for raw in line.split("\t"):
        words = raw.strip()
        cells.append((at + (raw.index(words) if words else len(raw)), words))
        at += len(raw) + 1
    return cells


def _head(text: str, line_start: int, column: int, width: int) -> str | None:
    """Return what the head of a column answers, from the nearest line above with as many cells that names a no and a yes."""
    at = line_start
    for _ in range(_TABLE_ROWS):
        if at == 0:
            return None
        at, end = text.rfind("\n", 0, at - 1) + 1, at - 1
        cells = _cells(text[at:end])
        if len(cells) == 1:
            return None
        heads = [next((answer for answer, words in _HEADS if words.fullmatch(cell)), None) for _, cell in cells]
        if len(cells) == width and "no" in heads and ("yes" in heads or "past" in heads):
            return heads[column]
    return None
