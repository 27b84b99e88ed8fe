"""What a form says of a mention: check boxes, columns of boxes, ticks under a header, and a circled yes or no.

A form's row is one line: its item, the marks that answer it, and remarks behind them. The marks speak of the item alone. Bare
columns mean yes, no and unknown in this order unless a header above names them otherwise.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from extractor.lines import line_around
from extractor.results import Result

HEADER_REACH = 5000
"""Characters above a row in which the header of its columns is looked for."""
REACH = 140
"""Characters before a mention in which its box is looked for."""

_BOX = re.compile(
    r"\[[ \t]{0,2}(?P<a>[xX*+vV\u2713\u221a]?)[ \t]{0,2}\]|\((?P<b>[xX ])\)|(?<![A-Za-z0-9_])_{1,3}(?P<c>[xX])_{1,3}(?![A-Za-z0-9_])"
)
_BARE = r"\[[ \t]?[xX]?[ \t]?\]"
_COLUMNS = re.compile(rf"[ \t](?P<boxes>{_BARE}(?:[ \t]{{1,20}}{_BARE}){{1,3}})(?=[ \t]{{2,}}|[ \t]*$|[ \t]*\n)")
_CIRCLED = re.compile(
    r"(?<![A-Za-z])(?:[\[(<*]{1,2}(?P<yes>Y|yes)[\])>*]{1,2}[ \t]{0,6}[/|]?[ \t]{0,6}(?:N|no)(?![A-Za-z])"
    r"|(?:Y|yes)[ \t]{0,6}[/|]?[ \t]{0,6}[\[(<*]{1,2}(?P<no>N|no)[\])>*]{1,2})",
    re.IGNORECASE,
)
_RUN = re.compile(r"[A-Za-z)]{2,}[ \t]{1,3}[YN](?![A-Za-z])")
_RUN_LETTER = re.compile(r"[ \t]{1,3}([YN])(?![A-Za-z])")
_RUN_LEAST = 4
"""Items with a letter that make a line a run of them."""
_LOOSE_RUN = re.compile(r"[a-z)%\d][ \t]{1,3}[YN](?=[ \t]?(?:[;,.(]|$))")
_LOOSE_LETTER = re.compile(r"(?:[ \t][\w/%<>\u2264.-]{1,12}){0,6}?[ \t]{1,3}([YN])(?=[ \t]?(?:[;,.(]|$))")
"""A letter behind an item and its particulars ("malignancy in last 5 y N; asthma Y (mild)")."""
_LOOSE_RUN_LEAST = 3
"""Items with a letter and a sign behind it that make a line a run of them."""
_WORD_RUN = re.compile(r"[A-Za-z)][ \t]{1,3}(?:yes|no)(?=[ \t]?(?:[,;.]|$))", re.IGNORECASE)
_RUN_WORD = re.compile(r"[ \t]{1,3}(yes|no)(?=[ \t]?(?:[,;.]|$))", re.IGNORECASE)
_WORD_RUN_LEAST = 3
"""Items with a word that make a line a run of them."""
_NEGATIVE_LEAD = re.compile(
    r"\b(?:never\s(?:had|been)|denie[sd]|negative|no\s(?:history|known|hx)|none\sof|absent|without)\b[^\[]{0,40}$",
    re.IGNORECASE,
)
_TICK = re.compile(r"(?:(?<=[ \t]{2})|(?<=\t))(?P<tick>\u221a|\[[xX]\]|[xX+*?](?=[ \t]{2}|[ \t]*$|\t))")
_NO = re.compile(r"(?:no|n|none|nil|neg(?:ative)?|absent|denies|never|nein|non)\b", re.IGNORECASE)
_YES = re.compile(r"(?:yes|y|pos(?:itive)?|present|s\u00ec|si|ja|oui)\b", re.IGNORECASE)
_UNKNOWN = re.compile(r"(?:unk(?:nown)?|n/?a|not\s(?:sure|known|done|assessed|applicable)|unsure|\?)", re.IGNORECASE)
_NOT_DONE = re.compile(r"not\s(?:done|tested|assessed|performed)|nd\b", re.IGNORECASE)
_TASK = re.compile(
    r"\s*(?:re-?)?(?:send|order|check|start|give|call|book|arrange|request|obtain|draw|follow|repeat|refer|discuss|consider|schedule|stop|hold|ask|chase|await|"
    r"collect|get|add|test|taper|wean|continue|resume|restart|monitor|review|confirm|ensure|plan|weekly|daily|monthly|serial|pending|f/u|PJP|whole)\b",
    re.IGNORECASE,
)
"""Words that make a box that of a task, not of an answer."""
_TASK_BEHIND = re.compile(
    r"[^\[\n]{0,40}?\b(?:wean|taper|pending|awaited|to\s(?:be|follow|chase|check|do|send|start|stop)|per\s(?:protocol|HLH|pharm\w*|heme|rheum|onc)|next\s(?:step|dose|visit|week|due)|"
    r"due\s(?:on|in|\d)|q\d|weekly|w/\s?(?:heme|onc|rheum|PCP|ID)|at\sdischarge|until|schedule[d]?)\b",
    re.IGNORECASE,
)
"""Words behind a name beside a box that make it a task."""
_TO_DO = re.compile(r"\b(?:to[ -]?do|still\sto|yet\sto|outstanding|tasks?|jobs?)\b", re.IGNORECASE)
"""Words of a heading under which an empty box is a task."""
_LISTED_LINES = 12
"""Lines above a box in which its heading is looked for."""
_OPTION = re.compile(
    r"(?<!\d)(?<!\d\s)[ \t:?/|,-]{0,6}(?<!\d\s)(?P<word>yes|no|unk(?:nown)?|n/?a|y|n|none|pos(?:itive)?|neg(?:ative)?)\b[ \t]{0,2}(?=\[|\()",
    re.IGNORECASE,
)
_WORD_BOX = re.compile(r"[ \t]{0,6}(?P<word>[A-Za-z/]+)[ \t]{0,2}(?P<box>\[.{0,3}?\]|\(.?\))")
_BOX_WORD = re.compile(
    r"[ \t]{0,6}(?P<box>\[.{0,3}?\]|\(.?\)|_+[xX]?_+)[ \t]{0,2}(?P<word>[A-Za-z/?]+(?:\s(?:known|done|sure))?)"
)


class _Column(NamedTuple):
    """A column of a form's header: where it stands in its line, its cell's number, and what it answers."""

    at: float
    cell: int
    answer: str


def form_answer(text: str, start: int, end: int) -> Result | None:
    """Return what the marks of a form say of the mention at ``start:end``, if they speak of it.

    Args:
        text: clean text.
        start: where the mention begins.
        end: where it ends.
    """
    line_start, line_end = line_around(text, start, end)
    line = text[line_start:line_end]
    coded = _coded(text, line, line_start, start, end)
    if coded is not None:
        return coded
    if not re.search(r"[\[(_\u221a]|[ \t][xX+*?YN](?![A-Za-z])", line):
        return None
    run = _run_answer(line, end - line_start)
    if run is not None:
        return Result(run, end, end + 2, "checkbox")
    marks = [*_CIRCLED.finditer(line), *_COLUMNS.finditer(line)]
    before = [m for m in marks if m.end() <= start - line_start]
    behind = sorted((m for m in marks if m.start() >= end - line_start), key=lambda m: m.start())
    if behind:
        mark = behind[0]
        if mark.re is _CIRCLED:
            return _at("yes" if mark["yes"] else "no", mark, line_start)
        return _column_ticked(text, line_start, mark)
    if before:
        return None  # a remark behind the marks of its row
    ticked = _tick(text, line, line_start, end)
    if ticked is not None:
        return ticked
    if _tick_before(text, line, line_start, start):
        return None
    return _box(text, max(line_start, start - REACH), start, end, line_end)


_CODED = re.compile(
    r"[ \t]*(?P<names>[A-Za-z][\w /&()-]{1,50}?)[ ]?(?:\.{4,}[ \t]*|\t {3,})(?P<codes>[019](?:[ ]/[ ][019]){0,5})(?=[ \t]|$)"
)
"""A field of a form in code: its name, dots, and 0 for no, 1 for yes or 9 for not done; of several names as many codes."""
_CODES = {"0": "no", "1": "yes", "9": "not_done"}
_CODED_LEAST = 3
"""Fields in code near a field that make its figure a code."""
_CODED_REACH = 1500


def _coded(text: str, line: str, line_start: int, start: int, end: int) -> Result | None:
    """Return the code entered for a mention in a form whose answers are codes ("malignancy_ever ...... 0")."""
    field = _CODED.match(line)
    if field is None or end - line_start > field.end("names"):
        return None
    around = text[max(0, line_start - _CODED_REACH) : line_start + _CODED_REACH].split("\n")
    if sum(_CODED.match(each) is not None for each in around) < _CODED_LEAST:
        return None
    codes = field["codes"].split(" / ")
    place = line[: start - line_start].count(" / ") if len(codes) > 1 else 0
    if place >= len(codes):
        return None
    return Result(_CODES[codes[place]], line_start + field.start("codes"), line_start + field.end("codes"), "form.code")


def _run_answer(line: str, end: int) -> str | None:
    """Return the answer behind an item in a run of items that each bear one ("heart N  cancer Y", "fever no, cough yes")."""
    letter = _RUN_LETTER.match(line, end)
    if letter is not None and len(_RUN.findall(line)) >= _RUN_LEAST:
        return "yes" if letter[1] == "Y" else "no"
    loose = _LOOSE_LETTER.match(line, end)
    if loose is not None and len(_LOOSE_RUN.findall(line)) >= _LOOSE_RUN_LEAST:
        return "yes" if loose[1] == "Y" else "no"
    word = _RUN_WORD.match(line, end)
    if word is not None and len(_WORD_RUN.findall(line)) >= _WORD_RUN_LEAST:
        return word[1].lower()
    return None


def _at(answer: str, mark: re.Match[str], offset: int) -> Result:
    return Result(answer, offset + mark.start(), offset + mark.end(), "checkbox")


def _header(text: str, line_start: int) -> list[_Column]:
    """Return the columns of the nearest header above a line that names a yes and a no."""
    above = text[max(0, line_start - HEADER_REACH) : line_start]
    for line in reversed(above.split("\n")[:-1]):
        if not _YES_NO.search(line):
            continue
        columns = []
        for number, cell in enumerate(re.finditer(r"[^\t]+", line) if "\t" in line else _CELL_GAPS.finditer(line)):
            answer = _answer_of(cell.group().strip())
            if answer:
                columns.append(_Column((cell.start() + cell.end()) / 2, number, answer))
        if {"yes", "no"} <= {c.answer for c in columns}:
            return columns
    return []


_YES_NO = re.compile(
    r"\b(?:yes|y|s\u00ec|si|ja|oui)\b.{1,40}\b(?:no|n|nein|non)\b|\b(?:no|n)\b.{1,40}\b(?:yes|y)\b", re.IGNORECASE
)
_CELL_GAPS = re.compile(r"\S+(?:[ ]\S+)*")


def _answer_of(cell: str) -> str | None:
    """Return what a header's cell stands for."""
    words = [w for w in re.split(r"\s*/\s*", cell) if w]
    if words and all(_NO.fullmatch(w) for w in words):
        return "no"
    if words and all(_YES.fullmatch(w) for w in words):
        return "yes"
    if _NOT_DONE.fullmatch(cell):
        return "not_done"
    return "unknown" if _UNKNOWN.fullmatch(cell) else None


def _column_ticked(text: str, line_start: int, columns: re.Match[str]) -> Result:
    """Return the answer of a row of bare boxes."""
    ticked = [i for i, box in enumerate(_BOX.finditer(columns["boxes"])) if _ticked(box)]
    named = [c.answer for c in _header(text, line_start)] or ["yes", "no", "unknown", "unknown"]
    answer = named[min(ticked[0], len(named) - 1)] if ticked else "unknown"
    return Result(answer, line_start + columns.start("boxes"), line_start + columns.end("boxes"), "checkbox")


def _tick(text: str, line: str, line_start: int, end: int) -> Result | None:
    """Return the answer of a single tick that stands under a header's column behind the mention."""
    tick = _TICK.search(line, end - line_start)
    if tick is None or _BOX.search(line, end - line_start, tick.start()):
        return None
    if re.search(r"\S[ \t]{3,}\S", line[end - line_start : tick.start()]):
        return None
    columns = _header(text, line_start)
    if not columns:
        return None
    if "\t" in line:
        number = line.count("\t", 0, tick.start())
        column = min(columns, key=lambda c: abs(c.cell - number))
    else:
        column = min(columns, key=lambda c: abs(c.at - tick.start()))
        if abs(column.at - tick.start()) > 12:
            return None
    return _at("unknown" if tick["tick"] == "?" else column.answer, tick, line_start)


def _tick_before(text: str, line: str, line_start: int, start: int) -> bool:
    """Return whether the mention is a remark behind a tick that stands under a header's column."""
    tick = _TICK.search(line, 0, start - line_start)
    return tick is not None and bool(re.search(r"[A-Za-z]", line[: tick.start()])) and bool(_header(text, line_start))


def _box(text: str, line_start: int, start: int, end: int, line_end: int) -> Result | None:
    """Return what a box beside the mention says; a row of options behind it wins over a box before it."""
    options = _options(text, end, line_end)
    if options is not None:
        return options
    behind = _box_behind(text, line_start, start, end, line_end)
    if behind is not None:
        return behind
    boxes = list(_BOX.finditer(text, line_start, start))
    if not boxes:
        return None
    box = boxes[-1]
    between = text[box.end() : start]
    if re.search(r"[ \t]{3,}\S", between.lstrip()) or re.search(r"[:;.]\s", between):
        return None
    if any(p.match(between.strip()) for p in (_NO, _YES, _UNKNOWN)) or _TASK.match(between):
        return None
    if not _ticked(box) and len(boxes) == 1 and _TASK_BEHIND.match(text, start, line_end):
        return None
    if box["c"] and re.search(r"_{2,}", between):
        return Result("no", box.start(), box.end(), "checkbox")  # a blank beside a ticked one
    first = next(_BOX.finditer(text, line_start, start))
    denied = _NEGATIVE_LEAD.search(text, line_start, first.start()) is not None
    if not _ticked(box) and _under_to_do(text, line_start):
        return Result("pending", box.start(), box.end(), "checkbox")
    return Result("yes" if _ticked(box) != denied else "no", box.start(), box.end(), "checkbox")


def _under_to_do(text: str, line_start: int) -> bool:
    """Return whether the boxes of a list are those of things to do, by the line without a box above them."""
    above = text[max(0, line_start - HEADER_REACH) : line_start].split("\n")[:-1]
    for line in above[: -_LISTED_LINES - 1 : -1]:
        if not _BOX.search(line):
            return _TO_DO.search(line) is not None
    return False


def _box_behind(text: str, line_start: int, start: int, end: int, line_end: int) -> Result | None:
    """Return the box behind a mention where the boxes of its row stand behind their words ("Asthma [ ]  COPD [x]")."""
    row_start = max(text.rfind(":", line_start, start) + 1, line_start)
    first = _BOX.search(text, row_start, line_end)
    if first is None or not re.search(r"[A-Za-z]", text[row_start : first.start()]):
        return None
    box = _BOX.search(text, end, min(line_end, end + 24))
    if box is None or not re.fullmatch(r"[\s/A-Za-z-]{0,18}", text[end : box.start()]):
        return None
    if _stands_nearer_to_the_next(text, box, line_end):
        return None
    return Result("yes" if _ticked(box) else "no", box.start(), box.end(), "checkbox")


def _stands_nearer_to_the_next(text: str, box: re.Match[str], line_end: int) -> bool:
    """Return whether a box belongs to the word behind it by the gaps around it ("[x] lupus   [ ] asthma")."""
    ahead = re.compile(r"[ \t]*(?=[A-Za-z])").match(text, box.end(), line_end)
    gap = box.start() - len(text[: box.start()].rstrip(" \t"))
    return ahead is not None and len(ahead.group()) < gap


def _ticked(box: re.Match[str]) -> bool:
    return bool((box["a"] or box["b"] or box["c"] or "").strip())


def _options(text: str, end: int, line_end: int) -> Result | None:
    """Return the ticked option of a row such as ``[ ] yes [x] no`` or ``Yes [ ] No [x]`` behind a mention."""
    first = _BOX.search(text, end, min(line_end, end + 60))
    if first is None or ";" in text[end : first.start()] or _is_next_item(text, end, first):
        return None
    words_first = _OPTION.match(text, max(end, text.rfind(" ", end, first.start() - 1)) if first.start() > end else end)
    if words_first and words_first.end() == first.start():
        pattern, position = _WORD_BOX, words_first.start("word")
    else:
        pattern, position = _BOX_WORD, first.start()
    ticked, seen = None, 0
    while m := pattern.match(text, position, line_end):
        answer = _option(m["word"])
        if answer is None:
            break
        seen += 1
        box = _BOX.fullmatch(m["box"])
        if box and _ticked(box):
            ticked = Result(answer, m.start(), m.end(), "checkbox")
        position = m.end()
    if not seen:
        return None
    return ticked or Result("unknown", first.start(), first.end(), "checkbox")


def _is_next_item(text: str, end: int, box: re.Match[str]) -> bool:
    """Return whether a box behind a gap of spaces is the next item's, not an option of this one."""
    return bool(re.search(r"\S[ \t]{3,}$", text[end : box.start()])) and not re.match(
        r"[ \t]{0,2}(?:yes|no|y|n|unk)\b", text[box.end() : box.end() + 8], re.IGNORECASE
    )


def _option(word: str) -> str | None:
    if _NO.fullmatch(word):
        return "no"
    if _YES.fullmatch(word):
        return "yes"
    if word.lower() in ("pending", "awaited"):
        return "pending"
    return "unknown" if _UNKNOWN.match(word) else None
