"""What a test, a form or a check box says of a mention: negative, positive, pending, no, yes.

Results stand behind their test ("EBV PCR: not detected", "EBV, CMV and HSV negative", a cell of a
table) or before it ("negative for EBV"). Words of results, and the words that may stand between a
test and its result, are data (``rules/results.yaml``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from extractor.rulefiles import Connector, ResultRule
from extractor.terms import alternation

REACH = 140
"""Characters behind or before a mention in which its result is looked for."""

_BOX = re.compile(
    r"\[[ \t]{0,2}(?P<a>[xX*+vV\u2713]?)[ \t]{0,2}\]|\((?P<b>[xX ])\)|(?<![A-Za-z0-9_])_{1,2}(?P<c>[xX]?)_{1,2}(?![A-Za-z0-9_])"
)
_COLUMNS = re.compile(
    r"[^\[\]\n]{0,60}?[ \t]{2,60}(?P<boxes>\[[ \t]?[xX]?[ \t]?\](?:[ \t]{1,14}\[[ \t]?[xX]?[ \t]?\]){1,3})(?=[ \t]{2,}|[ \t]*$|[ \t]*\n)"
)
_NO = re.compile(r"(?:no|n|none|nil|neg(?:ative)?|absent|denies|never)\b", re.IGNORECASE)
_YES = re.compile(r"(?:yes|y|pos(?:itive)?|present)\b", re.IGNORECASE)
_UNKNOWN = re.compile(r"(?:unk(?:nown)?|n/?a|not\s(?:sure|known|done|assessed|applicable)|unsure|\?)", re.IGNORECASE)
_OPTION = re.compile(
    r"[ \t:?/|,-]{0,6}(?P<word>yes|no|unk(?:nown)?|n/?a|y|n|none|pos(?:itive)?|neg(?:ative)?)\b[ \t]{0,2}(?=\[|\()",
    re.IGNORECASE,
)


class Result(NamedTuple):
    """What is said of a mention: the rule's result, where its words stand, and the rule's id."""

    result: str
    start: int
    end: int
    rule: str


@dataclass(frozen=True)
class ResultFinder:
    """Finds the result of a mention.

    Args:
        rules: result words.
        connectors: what may stand between a test and its result.
    """

    rules: tuple[ResultRule, ...]
    connectors: tuple[Connector, ...]

    @cached_property
    def _regexes(self) -> tuple[tuple[ResultRule, re.Pattern[str]], ...]:
        return tuple(
            (
                r,
                re.compile(
                    alternation(r.terms, r.cased)
                    + ("|" + "|".join(f"(?:{p})" for p in r.patterns) if r.patterns else "")
                    if r.terms or r.cased
                    else "|".join(f"(?:{p})" for p in r.patterns),
                    re.IGNORECASE,
                ),
            )
            for r in self.rules
        )

    @cached_property
    def _between(self) -> dict[str, re.Pattern[str]]:
        return {result: self._connecting(result) for result in {r.result for r in self.rules}}

    def _connecting(self, result: str) -> re.Pattern[str]:
        words = "|".join(
            alternation(c.terms, c.cased, c.patterns) for c in self.connectors if not c.results or result in c.results
        )
        return re.compile(rf"(?:{words}|[\s,:()/&=+*\"'#?-]|\.(?=\d))*", re.IGNORECASE)

    def allowed(self, label: str) -> list[tuple[ResultRule, re.Pattern[str]]]:
        """Return the rules that may speak of a label."""
        return [(r, x) for r, x in self._regexes if (label in r.labels if r.labels else label not in r.not_labels)]

    def find(self, text: str, sentence: tuple[int, int], start: int, end: int, label: str) -> Result | None:
        """Return what is said of the mention at ``start:end``, if anything.

        Args:
            text: clean text.
            sentence: the mention's sentence.
            start: where the mention begins.
            end: where it ends.
            label: its label.
        """
        return self._behind(text, sentence, end, label) or self._before(text, sentence, start, label)

    def _behind(self, text: str, sentence: tuple[int, int], end: int, label: str) -> Result | None:
        stop = min(sentence[1], end + REACH)
        first: Result | None = None
        for rule, regex in self.allowed(label):
            if rule.before:
                continue
            m = regex.search(text, end, stop)
            if m and (first is None or (m.start(), -m.end()) < (first.start, -first.end)):
                first = Result(rule.result, m.start(), m.end(), rule.id)
        if first and self._between[first.result].fullmatch(text, end, first.start):
            return (self._settled(text, first, stop, label) or first) if first.result == "pending" else first
        return None

    def _settled(self, text: str, pending: Result, stop: int, label: str) -> Result | None:
        """Return the result that follows words of waiting ("sent 10/2: not detected"), if one does."""
        for rule, regex in self.allowed(label):
            if rule.before or rule.result in ("pending", "yes"):
                continue
            m = regex.search(text, pending.end, stop)
            if m and self._between[rule.result].fullmatch(text, pending.end, m.start()):
                return Result(rule.result, m.start(), m.end(), rule.id)
        return None

    def _before(self, text: str, sentence: tuple[int, int], start: int, label: str) -> Result | None:
        low = max(sentence[0], start - REACH)
        last: Result | None = None
        for rule, regex in self.allowed(label):
            if not rule.before:
                continue
            for m in regex.finditer(text, low, start):
                if last is None or (m.end(), m.end() - m.start()) > (last.end, last.end - last.start):
                    last = Result(rule.result, m.start(), m.end(), rule.id)
        if last and self._between[last.result].fullmatch(text, last.end, start):
            return last
        return None


def check_box(text: str, start: int, end: int) -> Result | None:
    """Return what a check box says of the mention at ``start:end``, if one belongs to it.

    A row of options behind the mention ("asthma [ ] yes [x] no") wins over a box before it
    ("[x] asthma").
    """
    line_end = _line_end(text, end)
    columns = _COLUMNS.match(text, end, line_end)
    if columns is not None:
        return _column_ticked(columns)
    options = _options(text, end, line_end)
    if options is not None:
        return options
    line_start = max(text.rfind("\n", 0, start) + 1, start - REACH)
    behind = _box_behind(text, line_start, start, end, line_end)
    if behind is not None:
        return behind
    boxes = list(_BOX.finditer(text, line_start, start))
    if boxes:
        box = boxes[-1]
        between = text[box.end() : start]
        if re.search(r"[ \t]{3,}\S", between.lstrip()) or re.search(r"[:;.]\s", between):
            return None
        if _NO.match(between.strip()) or _YES.match(between.strip()) or _UNKNOWN.match(between.strip()):
            return None
        return Result("yes" if _ticked(box) else "no", box.start(), box.end(), "checkbox")
    return None


def _column_ticked(columns: re.Match[str]) -> Result:
    """Return the answer of a row of bare boxes; their columns are yes, no and unknown, as on printed forms."""
    ticked = [i for i, box in enumerate(_BOX.finditer(columns["boxes"])) if _ticked(box)]
    answer = ("yes", "no", "unknown", "unknown")[min(ticked[0], 3)] if ticked else "unknown"
    return Result(answer, columns.start("boxes"), columns.end("boxes"), "checkbox")


def _box_behind(text: str, line_start: int, start: int, end: int, line_end: int) -> Result | None:
    """Return the box behind a mention where the boxes of its row stand behind their words ("Asthma [ ]  COPD [x]")."""
    row_start = max(text.rfind(":", line_start, start) + 1, line_start)
    first = _BOX.search(text, row_start, line_end)
    if (
        first is None
        or not re.search(r"[A-Za-z]", text[row_start : first.start()])
        or (
            first.start() < end > row_start
            and first.end() <= start
            and not re.search(r"[A-Za-z]", text[row_start : first.start()])
        )
    ):
        return None
    box = _BOX.search(text, end, min(line_end, end + 24))
    if box is None or not re.fullmatch(r"[\s/A-Za-z-]{0,18}", text[end : box.start()]):
        return None
    return Result("yes" if _ticked(box) else "no", box.start(), box.end(), "checkbox")


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _ticked(box: re.Match[str]) -> bool:
    return bool((box["a"] or box["b"] or box["c"] or "").strip())


def _options(text: str, end: int, line_end: int) -> Result | None:
    """Return the ticked option of a row such as ``[ ] yes [x] no`` or ``Yes [ ] No [x]`` behind a mention."""
    first = _BOX.search(text, end, min(line_end, end + 60))
    if (
        first is None
        or ";" in text[end : first.start()]
        or (
            re.search(r"\S[ \t]{3,}$", text[end : first.start()])
            and not re.match(r"[ \t]{0,2}(?:yes|no|y|n|unk)\b", text[first.end() : first.end() + 8], re.IGNORECASE)
        )
    ):
        return None
    words_first = _OPTION.match(text, max(end, text.rfind(" ", end, first.start() - 1)) if first.start() > end else end)
    position, ticked, seen = first.start(), None, 0
    if words_first and words_first.end() == first.start():
        pattern = re.compile(r"[ \t]{0,6}(?P<word>[A-Za-z/]+)[ \t]{0,2}(?P<box>\[.{0,3}?\]|\(.?\))")
        position = words_first.start("word")
    else:
        pattern = re.compile(
            r"[ \t]{0,6}(?P<box>\[.{0,3}?\]|\(.?\)|_+[xX]?_+)[ \t]{0,2}(?P<word>[A-Za-z/?]+(?:\s(?:known|done|sure))?)"
        )
    while m := pattern.match(text, position, line_end):
        word = m["word"]
        answer = (
            "no"
            if _NO.fullmatch(word)
            else "yes"
            if _YES.fullmatch(word)
            else "unknown"
            if _UNKNOWN.match(word)
            else None
        )
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
