"""The clues by which the words of a sentence are told to be part of a mention or not.

Like the clues to attributes they know neither case nor white space, nor what stands outside of the sentence; a mention that the
rules found nearby counts as its label, whatever it is called.

Each kind of clue has a finder: to learn, it gives the clue's name; to read, the place of its weights, for which no name is put
together, since a sentence has some thirty clues for each word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from extractor.matching import Target

WORD: Final = re.compile(r"[A-Za-z]+|\d+(?:[.,]\d+)*|[^\sA-Za-z\d]")
_REACH: Final = 3
"""Words on either side whose place counts."""
_AROUND: Final = 6
"""Words on either side that count wherever they stand."""
_SHORT: Final = 2
"""Words of so many letters count at their place alone."""
_BETWEEN: Final = 12
"""Words between a possible cause and HLH that are looked at."""
_FAR: Final = 6
"""Words between them from which on it is all the same how many."""
_GAP: Final = 3
"""So many words between them count together."""
_START, _END = "^", "$"
_FIRST: Final = frozenset("-*+>")
_LAST: Final = frozenset(".;,!")
"""Signs that begin or end a sentence and say nothing of its words."""
KINDS: Final = (
    *("", "w", "-", "^", "~", "[", "=", "cause ", "<[", ">[", "hlh"),
    *(f"{side}{place}" for side in "<>" for place in range(_REACH)),
    *("<<", ">>", "<<<", ">>>", "<>"),
)
"""With what clues of each kind begin."""


class Token(NamedTuple):
    """A word, number or sign of a sentence.

    Args:
        start: where it begins in the clean text.
        end: where it ends.
        word: in small letters; a number is ``#``.
    """

    start: int
    end: int
    word: str


class Unit(NamedTuple):
    """What counts as one word for the words around it: a word, or all words of a mention.

    Args:
        first: its first token.
        last: the one behind its last.
        name: the word, or the mention's label in brackets.
    """

    first: int
    last: int
    name: str


Finder = Callable[[Any], Any]
"""Gives what stands for a clue, by its words; nothing for one that says nothing."""


class Clues:
    """Finds the clues to words.

    Args:
        finders: for each kind of clue what stands for a clue by its words.
    """

    def __init__(self, finders: Mapping[str, Finder]) -> None:
        self._find = finders
        self._before = [finders[f"<{place}"] for place in range(_REACH)]
        self._behind = [finders[f">{place}"] for place in range(_REACH)]
        self._own = lru_cache(maxsize=1 << 15)(self._of_word)
        self._bias = finders[""]("")

    def of(self, tokens: Sequence[Token], targets: Sequence[Target], linked: Sequence[Target] = ()) -> list[list[Any]]:
        """Return the clues of each token of a sentence.

        Args:
            tokens: its tokens.
            targets: the spans that the rules take for mentions in it, by start.
            linked: those of them that the rules take for causes of HLH.
        """
        runs = _runs(tokens, targets)
        units = _units(tokens, runs)
        words = [t.word for t in tokens]
        names = [unit.name for unit in units]
        marks = self._marks(len(tokens), runs, linked)
        causes = self._toward_hlh(units)
        first = self._find["^"](names[0]) if names else None
        clues: list[list[Any]] = []
        for k, unit in enumerate(units):
            outside_before = names[max(0, k - _AROUND) : k][::-1]
            outside_behind = names[k + 1 : k + 1 + _AROUND]
            beside = causes.get(k, ())
            for i in range(unit.first, unit.last):
                before = words[unit.first : i][::-1] + outside_before
                behind = words[i + 1 : unit.last] + outside_behind
                found = [self._bias, first, *self._own(words[i]), *marks[i], *beside]
                self._around(words[i], before, behind, found)
                clues.append([each for each in found if each is not None])
        return clues

    def _around(self, word: str, before: list[str], behind: list[str], found: list[Any]) -> None:
        """Add the clues in the words on either side, nearest first."""
        find = self._find
        around = {each for each in before[: 2 * _AROUND] if len(each) > _SHORT}
        around.update(each for each in behind if len(each) > _SHORT)
        found += map(find["~"], around)
        before = [*before[:_REACH], _START, _START, _START]
        behind = [*behind[:_REACH], _END, _END, _END]
        for place in range(_REACH):
            found.append(self._before[place](before[place]))
            found.append(self._behind[place](behind[place]))
        found.append(find["<<"]((before[0], word)))
        found.append(find[">>"]((word, behind[0])))
        found.append(find["<<<"]((before[1], before[0])))
        found.append(find[">>>"]((behind[0], behind[1])))
        found.append(find["<>"]((before[0], behind[0])))

    def _of_word(self, word: str) -> tuple[Any, ...]:
        """Return the clues in a word itself."""
        own = self._find["w"](word)
        if not word[0].isalpha():
            return (own,)
        part = self._find["-"]
        return (own, part(f"-{word[-3:]}"), part(f"-{word[-4:]}"), part(f"{word[:3]}-"), part(f"{word[:4]}-"))

    def _marks(self, size: int, runs: Sequence[tuple[int, int, Target]], linked: Sequence[Target]) -> list[list[Any]]:
        """Return for each token the clues in what the rules take it and its neighbours for."""
        find = self._find
        marks: list[list[Any]] = [[] for _ in range(size)]
        for first, last, target in runs:
            label = target.term.label
            is_cause = target in linked
            for i in range(first, last):
                place = "B" if i == first else "I"
                mark = f"{label}]{place}"
                marks[i] += (find["["](mark), find["="](target.term.entry.id))
                if is_cause:
                    marks[i].append(find["cause "](place))
                if i + 1 < size:
                    marks[i + 1].append(find["<["](mark))
                if i:
                    marks[i - 1].append(find[">["](mark))
        return marks

    def _toward_hlh(self, units: Sequence[Unit]) -> dict[int, list[Any]]:
        """Return for the units with a mention what stands between them and the nearest HLH, and on which side that is."""
        heads = [k for k, unit in enumerate(units) if unit.name == "[HLH]"]
        say = self._find["hlh"]
        found: dict[int, list[Any]] = {}
        for k, unit in enumerate(units):
            if unit.name[0] != "[" or len(unit.name) == 1 or unit.name == "[HLH]":
                continue
            if not heads:
                found[k] = [say(" no")]
                continue
            head = min(heads, key=lambda h: abs(h - k))
            low, high = sorted((head, k))
            side = "<" if head < k else ">"
            between = [u.name for u in units[low + 1 : high]]
            found[k] = [say(side), say(f"{side}{min(len(between), _FAR)}")]
            if len(between) <= _BETWEEN:
                found[k] += [say(f"{side}{each}") for each in sorted(set(between))]
            if len(between) <= _GAP:
                found[k].append(say(f"{side} {' '.join(between)}"))
        return found


def _named(kind: str) -> Finder:
    """Return what puts together the name of a clue of a kind."""
    if kind == "-":
        return str
    return lambda words: kind + (" ".join(words) if isinstance(words, tuple) else words)


NAMES: Final = Clues({kind: _named(kind) for kind in KINDS})
"""Gives clues by their names."""


def by_place(names: Mapping[str, int]) -> Clues:
    """Return what gives clues by their places.

    Args:
        names: the place of each clue.
    """
    tables: dict[str, dict[Any, int]] = {kind: {} for kind in KINDS}
    for name, place in names.items():
        for kind, words in _parted(name):
            tables[kind][words] = place
    return Clues({kind: table.get for kind, table in tables.items()})


def _parted(name: str) -> list[tuple[str, Any]]:
    """Return the kinds of clue that a name may be of, with the words of each."""
    found: list[tuple[str, Any]] = []
    for kind in KINDS:
        if kind == "-" and (name[:1] == "-" or name[-1:] == "-"):
            found.append((kind, name))
        elif kind != "-" and name.startswith(kind) and (kind or not name):
            words = name[len(kind) :]
            pair = tuple(words.split(" "))
            if kind in _PAIRS and len(pair) == 2:
                found.append((kind, pair))
            elif kind not in _PAIRS:
                found.append((kind, words))
    return found


_PAIRS: Final = ("<<", ">>", "<<<", ">>>", "<>")


def tokens_of(text: str, start: int, end: int) -> list[Token]:
    """Return the tokens of a sentence of clean text, but for the signs of lists before it and of its end.

    Args:
        text: clean text.
        start: where the stretch begins.
        end: where it ends.
    """
    found = [Token(m.start(), m.end(), _normal(m.group())) for m in WORD.finditer(text, start, end)]
    while found and found[-1].word in _LAST:
        found.pop()
    first = 0
    while first < len(found) and found[first].word in _FIRST:
        first += 1
    return found[first:]


def _normal(word: str) -> str:
    return "#" if word[0].isdigit() else word.lower()


def _runs(tokens: Sequence[Token], targets: Sequence[Target]) -> list[tuple[int, int, Target]]:
    """Return (first, last) of the tokens of each target that has any, with the target."""
    runs = []
    for target in targets:
        places = [i for i, t in enumerate(tokens) if t.start < target.end and target.start < t.end]
        if places:
            runs.append((places[0], places[-1] + 1, target))
    return runs


def _units(tokens: Sequence[Token], runs: Sequence[tuple[int, int, Target]]) -> list[Unit]:
    """Return the units of a sentence: the longest mention at a place is one, any other word by itself."""
    starts: dict[int, tuple[int, str]] = {}
    for first, last, target in runs:
        if last > starts.get(first, (0, ""))[0]:
            starts[first] = (last, f"[{target.term.label}]")
    units, i = [], 0
    while i < len(tokens):
        last, name = starts.get(i, (i + 1, tokens[i].word))
        units.append(Unit(i, last, name))
        i = last
    return units
