"""Misspelled long names: words within one or two edits of a vocabulary word, by deletion of letters.

The method is symmetric deletion (Garbe, SymSpell, 2012): a word and a vocabulary word within k edits share a
string that both become by deleting at most k letters. Only words of entries that allow it (``misspellings: true``) are
candidates, only where the first letter is right, and never where the word is a vocabulary word or a listed false friend.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, product
from typing import NamedTuple

from extractor.kept import kept
from extractor.rulebook import Rulebook, Term

SHORTEST = 8
"""Letters a name must have to be read with one edit."""
LONG = 11
"""Letters a name must have to be read with two edits."""
AROUND = 90
"""Characters around a misspelled word in which its entry's expression is tried."""
_WORD = re.compile(r"[A-Za-z]{7,24}")
_NAME = re.compile(r"[A-Za-z]{8,24}")
_GROUP = re.compile(r"\{([A-Za-z|]*)\}")
_KEPT = 60_000
"""Words of which it is remembered whether they are right."""
_PIECE = 100_000
"""Characters whose words are gathered at once."""
_LETTERS = bytes(ord(chr(b).lower()) if b < 128 and chr(b).isalpha() else 32 for b in range(256))


class Correction(NamedTuple):
    """The vocabulary word that a misspelled word stands for, and the entries that hold it."""

    word: str
    terms: tuple[int, ...]


class Misspelled(NamedTuple):
    """A match of an entry on a misspelled word: where it stands in the text, and the entry's number."""

    start: int
    end: int
    term: int


def words_of(term: str) -> set[str]:
    """Return the long words of a term of a rule file, its spelling variants written out."""
    found: set[str] = set()
    for piece in re.split(r"[\s/()-]+", re.sub(r"\((?!s\))[^()]*\)", " ", term).replace("(s)", "")):
        groups = _GROUP.findall(piece)
        if len(groups) > 3:
            continue
        skeleton = _GROUP.sub("\0", piece)
        for choice in product(*(g.split("|") for g in groups)):
            word = skeleton
            for part in choice:
                word = word.replace("\0", part, 1)
            found.update(m.lower() for m in _NAME.findall(word))
    return found


def deletions(word: str, most: int) -> Iterator[str]:
    """Yield the strings that a word becomes by deleting at most some letters, never the first."""
    yield word
    for count in range(1, most + 1):
        for places in combinations(range(1, len(word)), count):
            yield "".join(c for i, c in enumerate(word) if i not in places)


def distance(a: str, b: str, most: int) -> int:
    """Return the optimal string alignment distance of two words, or ``most + 1`` where it is larger."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        now = [i]
        for j, y in enumerate(b, start=1):
            cost = min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y))
            if before and i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        if min(now) > most:
            return most + 1
        before, last = last, now
    return last[-1]


def _piece_end(text: str, low: int) -> int:
    """Return where a piece of text ends, which is between two words."""
    high = text.find(" ", low + _PIECE)
    return len(text) if high < 0 else high


@dataclass(eq=False)
class Speller:
    """Finds misspelled names of a rulebook.

    Args:
        book: the rules.
    """

    book: Rulebook
    _seen: dict[str, Correction | None] = field(default_factory=dict)
    _right: set[bytes] = field(default_factory=set)

    @cached_property
    def _derived(self) -> tuple[dict[str, tuple[int, ...]], frozenset[str], dict[str, list[str]]]:
        """Names with their entries, words that stand as they are, and names by what is left of them without some letters."""
        sources = [
            self.book.digest,
            *(f"{t.label}{t.entry.terms}{t.entry.cased}{t.entry.misspellings}" for t in self.book.terms),
        ]
        names, known, index = kept(
            "names",
            sources,
            ("misspellings",),
            lambda: [self._names_made(), sorted(self._known_made()), self._index_made()],
        )
        return {word: tuple(places) for word, places in names.items()}, frozenset(known), index

    @property
    def _names(self) -> dict[str, tuple[int, ...]]:
        return self._derived[0]

    @property
    def _known(self) -> frozenset[str]:
        return self._derived[1]

    @property
    def _index(self) -> dict[str, list[str]]:
        return self._derived[2]

    def _names_made(self) -> dict[str, tuple[int, ...]]:
        names: dict[str, list[int]] = {}
        for i, term in enumerate(self.book.terms):
            if term.entry.misspellings:
                for word in {w for t in term.entry.terms for w in words_of(t)}:
                    names.setdefault(word, []).append(i)
        return {word: tuple(places) for word, places in names.items()}

    def _known_made(self) -> frozenset[str]:
        """Words that stand as they are: those of all entries and refusals, and the listed false friends."""
        written = [t for term in self.book.terms for t in (*term.entry.terms, *term.entry.cased)]
        written += [t for look_alike in self.book.look_alikes for t in look_alike.refusal.terms]
        words = {m.lower() for t in written for m in _WORD.findall(_GROUP.sub("", t))}
        known = words | set(self._names_made()) | {w for t in written for w in words_of(t)}
        return frozenset(known | {w + "s" for w in known} | set(self.book.false_friends))

    def _index_made(self) -> dict[str, list[str]]:
        index: dict[str, list[str]] = {}
        for word in self._names_made():
            for shorter in set(deletions(word, self._edits(word))):
                index.setdefault(shorter, []).append(word)
        return index

    @staticmethod
    def _edits(word: str) -> int:
        return 2 if len(word) >= LONG else 1

    def correction(self, word: str) -> Correction | None:
        """Return the name that a lower-case word is a misspelling of, if it is of one alone."""
        if word in self._seen:
            return self._seen[word]
        if len(self._seen) >= _KEPT:
            self._seen.clear()
        found = self._seen[word] = None if word in self._known else self._correct(word)
        return found

    def _correct(self, word: str) -> Correction | None:
        candidates = {n for d in set(deletions(word, self._edits(word))) for n in self._index.get(d, ())}
        best: list[tuple[int, str]] = []
        for name in candidates:
            edits = distance(word, name, self._edits(name))
            if edits <= self._edits(name):
                best.append((edits, name))
        if not best:
            return None
        least = min(best)[0]
        names = [name for edits, name in best if edits == least]
        if len({self._names[n] for n in names}) > 1:
            return None
        return Correction(names[0], self._names[names[0]])

    def find(self, text: str) -> Iterator[Misspelled]:
        """Yield matches of entries on misspelled words of a clean text.

        Args:
            text: clean text.
        """
        if not self._names:
            return
        low = 0
        while low < len(text):
            high = _piece_end(text, low)
            if self._may_be_misspelled(text[low:high]):
                yield from self._between(text, low, high)
            low = high

    def _between(self, text: str, low: int, high: int) -> Iterator[Misspelled]:
        """Yield the matches on misspelled words of a piece of text."""
        seen = self._seen
        for match in _WORD.finditer(text, low, high):
            word = match.group().lower()
            fix = seen[word] if word in seen else self.correction(word)
            if fix is not None:
                yield from self._matches(text, match.start(), match.end(), fix)

    def _may_be_misspelled(self, text: str) -> bool:
        """Return whether some word of a text is to be put right; words once found to be right are not looked at again."""
        new = set(text.encode("ascii", "replace").translate(_LETTERS).split()).difference(self._right)
        if not new:
            return False
        if len(self._right) >= _KEPT:
            self._right.clear()
        right = [w for w in new if len(w) < 7 or not any(self.correction(m) for m in _WORD.findall(w.decode()))]
        self._right.update(right)
        return len(right) < len(new)

    def _matches(self, text: str, start: int, end: int, fix: Correction) -> Iterator[Misspelled]:
        """Yield the entries' matches over a word, tried on the text with the word put right."""
        low = max(0, start - AROUND)
        repaired = text[low:start] + fix.word + text[end : end + AROUND]
        at, shift = start - low, len(fix.word) - (end - start)
        for index in fix.terms:
            term: Term = self.book.terms[index]
            for m in term.regex.finditer(repaired):
                if m.start() <= at and at + len(fix.word) <= m.end():
                    yield Misspelled(low + m.start(), low + m.end() - shift, index)
                    break
