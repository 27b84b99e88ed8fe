"""The clues to a mention's attributes that stand in its sentence: words, cues, section and date, as a model takes them.

Nothing outside of the mention's sentence is looked at, case and line breaks say nothing, and other mentions stand in the
clues as their labels, so that what a model learns of one drug it knows of every other.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from extractor.context import CueMatch
from extractor.dates import NoteDates, parse_date
from extractor.matching import Target
from extractor.schema import Mention

LEFT: Final = 25
RIGHT: Final = 15
"""Words before and behind a mention that are clues."""
PAIRS_LEFT: Final = 8
PAIRS_RIGHT: Final = 6
"""Words before and behind it whose pairs are."""
BESIDE: Final = 3
"""Words on each side whose distance counts exactly."""
ENDINGS: Final = 8
"""Words on each side whose endings count."""
DATES_BEFORE: Final = 300
DATES_BEHIND: Final = 100
DATES_BESIDE: Final = 20
"""Characters before and behind a mention within which dates are, and right before it."""
SIZES: Final = (1, 4, 9)
"""Words beside the mention from which on its sentence is a longer one."""
AGES: Final = (0, 3, 14, 30, 90, 365)
"""Days that a date lies before its note."""
_DISTANCES: Final = (1, 3, 6, 12)
_STOPS: Final = frozenset(".;:")
_WORD: Final = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?|\d+(?:[.,]\d+)*|[^\w\s]")
_ITEM: Final = re.compile(r"\s*(?:[-*•–]|\d{1,2}[.)])(?=\s)")
"""The sign of an item of a list, which says nothing."""
_YEAR: Final = re.compile(r"(?:19|20)\d\d")


class Word(NamedTuple):
    """A word of a sentence, or another mention in it, as a clue."""

    start: int
    end: int
    name: str


class SentenceClues:
    """The clues in a sentence.

    Args:
        text: clean text.
        sentence: where the sentence begins and ends.
        company: its mentions, in order.
        cues: the cues in it, in order, whether they govern anything or not.
        dates: the dates of its note.
    """

    def __init__(
        self,
        text: str,
        sentence: tuple[int, int],
        company: Sequence[Target],
        cues: Sequence[CueMatch],
        dates: NoteDates,
    ) -> None:
        self._text, self._sentence, self._dates = text, sentence, dates
        self._words = list(_words(text, sentence, company))
        if self._words and self._words[-1].name == ".":
            self._words.pop()  # hurried writers leave it out
        self._starts = [word.start for word in self._words]
        told = (c for c in cues if c.cue.role != "pseudo" and not text[c.start : c.end].isspace())
        self._cues = sorted(told, key=_start)

    def of(self, target: Target, mention: Mention, told: Iterable[str]) -> dict[str, float]:
        """Return the clues to one mention, each with its strength.

        Args:
            target: where it stands in the clean text.
            mention: the mention as the rules have it.
            told: which attributes the rules give it, each with its source.
        """
        label, section = mention.label, mention.section
        first = bisect_left(self._starts, target.start)
        if first and self._words[first - 1].end > target.start:
            first -= 1
        last = bisect_left(self._starts, target.end)
        before = [word.name for word in self._words[max(0, first - LEFT) : first]][::-1]
        behind = [word.name for word in self._words[last : last + RIGHT]]
        clues = {f"rules: {said}": 1.0 for said in told}
        clues |= {f"label={label}": 1.0, f"concept={mention.concept}": 1.0, f"section={section}": 1.0}
        clues[f"{label} in {section}"] = 1.0
        clues[f"{bisect_left(SIZES, len(before) + len(behind))} in {section}"] = 1.0
        _add_side(clues, "<", before, PAIRS_LEFT)
        _add_side(clues, ">", behind, PAIRS_RIGHT)
        opening = [word.name for word in self._words[: min(2, first)]]
        for count in range(1, len(opening) + 1):
            clues["^" + " ".join(opening[:count])] = 1.0
        for name in before + behind:
            clues["~" + name] = 0.5
        self._add_cues(clues, target, set(mention.cues))
        _add_age(clues, mention)
        self._add_dates(clues, target, parse_date(mention.note_date))
        return clues

    def _add_cues(self, clues: dict[str, float], target: Target, governing: set[str]) -> None:
        """Add the nearest cue of each kind on each side, how far it is, what stands between, and whether the rules let it govern.

        Args:
            clues: the clues so far; they are added to.
            target: the mention.
            governing: ids of the cues that govern it.
        """
        nearest: dict[str, tuple[int, str]] = {}
        first, last = bisect_left(self._starts, target.start), bisect_left(self._starts, target.end)
        low = self._starts[max(0, first - LEFT)] if self._starts else target.start
        for at in range(bisect_left(self._cues, low, key=_start), len(self._cues)):
            cue = self._cues[at]
            where = bisect_left(self._starts, cue.start)
            if where > last + RIGHT:
                break
            if cue.end <= target.start:
                side, between = "<", self._words[bisect_left(self._starts, cue.end) : first]
            elif cue.start >= target.end:
                side, between = ">", self._words[last:where]
            else:
                side, between = "=", []
            name = f"{side}{cue.cue.role}:{cue.cue.category}{'!' if cue.cue.id in governing else ''}"
            if name not in nearest or len(between) < nearest[name][0]:
                signs = {word.name for word in between}
                nearest[name] = len(between), "stop" if signs & _STOPS else "," if "," in signs else ""
        for name, (distance, mark) in nearest.items():
            clues[f"{name} {mark}"] = 1.0
            clues[f"{name} {mark}{bisect_left(_DISTANCES, distance)}"] = 1.0

    def _add_dates(self, clues: dict[str, float], target: Target, note: dt.date | None) -> None:
        """Add how old the last date before a mention, in its paragraph, and the first one behind it, in its sentence, are."""
        low = max(self._text.rfind("\n\n", 0, target.start), target.start - DATES_BEFORE, 0)
        before = [d for d in self._dates.between(low, target.start) if d.end <= target.start]
        if before:
            inside = "" if before[-1].start >= self._sentence[0] else "earlier "
            _add_days(clues, f"{inside}date before", before[-1].iso, note)
            if not inside and target.start - before[-1].end <= DATES_BESIDE:
                _add_days(clues, "date beside", before[-1].iso, note)
        high = min(self._sentence[1], target.end + DATES_BEHIND)
        behind = [d for d in self._dates.between(target.end, high) if d.start >= target.end]
        if behind:
            _add_days(clues, "date behind", behind[0].iso, note)


def _start(cue: CueMatch) -> int:
    return cue.start


def _words(text: str, sentence: tuple[int, int], company: Sequence[Target]) -> Iterator[Word]:
    """Yield the words of a sentence, each mention as one word; of those that overlap the first stands."""
    at, end = sentence
    sign = _ITEM.match(text, at, end)
    at = sign.end() if sign else at
    for target in company:
        if target.start < at:
            continue
        yield from _plain_words(text, at, target.start)
        yield Word(target.start, target.end, f"[{target.term.label}]")
        at = target.end
    yield from _plain_words(text, at, end)


def _plain_words(text: str, start: int, end: int) -> Iterator[Word]:
    for match in _WORD.finditer(text, start, end):
        yield Word(match.start(), match.end(), _name(match[0]))


def _name(word: str) -> str:
    """Return a word in small letters; of a number only its kind."""
    if not word[0].isdigit():
        return word.lower()
    if _YEAR.fullmatch(word):
        return "#year"
    return "#." if "." in word else f"#{min(len(word), 3)}"


def _add_side(clues: dict[str, float], side: str, words: Sequence[str], pairs: int) -> None:
    """Add the words on one side of a mention, the nearest first.

    Args:
        clues: the clues so far; they are added to.
        side: the sign of the side.
        words: its words.
        pairs: so many of them make pairs.
    """
    for distance, word in enumerate(words):
        clues.setdefault(side + word, 1 / (1 + 0.1 * distance))
        if distance < BESIDE:
            clues[f"{side}{distance + 1} {word}"] = 1.0
        if distance < ENDINGS and len(word) > 4 and word.isalpha():
            clues[f"{side}-{word[-3:]}"] = 1.0
    for near, far in pairwise(words[: pairs + 1]):
        clues[f"{side}{far} {near}" if side == "<" else f"{side}{near} {far}"] = 1.0


def _add_age(clues: dict[str, float], mention: Mention) -> None:
    """Add how long before its note a mention's date lies; of a year or month its middle is taken."""
    if mention.date is None:
        clues["no date"] = 1.0
    else:
        _add_days(clues, "date", mention.date, parse_date(mention.note_date), mention.label)


def _add_days(clues: dict[str, float], name: str, iso: str, note: dt.date | None, label: str = "") -> None:
    """Add how many days a date lies before its note; of a year or month its middle is taken.

    Args:
        clues: the clues so far; they are added to.
        name: what the date is called.
        iso: the date, ISO, partial ones too.
        note: the date of the note.
        label: a label that the clue is told for too.
    """
    clues[name] = 1.0
    day = parse_date(f"{iso}-06-15" if len(iso) == 4 else f"{iso}-15"[:10])
    if day is None or note is None:
        return
    days = (note - day).days
    for limit in AGES:
        if days > limit:
            clues[f"{name}>{limit}"] = 1.0
            if label:
                clues[f"{label} {name}>{limit}"] = 1.0
