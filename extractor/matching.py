"""Which spans of a clean text are mentions: vocabulary matches less look-alikes, longest first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from extractor.misspellings import Speller
from extractor.rulebook import Rulebook, Term
from extractor.scan import PatternSet, Place
from extractor.sections import Section, section_at

REFUSAL_REACH = 300
"""Characters before a mention in which a look-alike that covers it begins."""
Scanned = dict[int, list[Place]]
"""For each pattern where its matches can begin."""


class Target(NamedTuple):
    """A span of the clean text matched by a vocabulary entry."""

    start: int
    end: int
    term: Term


def sentence_of(sentences: Sequence[tuple[int, int]], position: int) -> tuple[int, int]:
    """Return the sentence that holds a position; sentences are in order and cover the text."""
    return sentences[max(0, bisect_right(sentences, (position, 1 << 60)) - 1)]


def find_targets(
    text: str, book: Rulebook, sentences: Sequence[tuple[int, int]], sections: list[Section] | None = None
) -> list[Target]:
    """Return the mentions' spans in a clean text.

    Args:
        text: clean text.
        book: the rules.
        sentences: (start, end) of every sentence, in order.
        sections: the sections, whose headers are part of a mention's company.

    Returns:
        Targets by start, then end, then label; none of one label overlaps another of it.
    """
    scanned = scan(text, book)
    return choose(text, candidates(text, book, scanned), book, sentences, sections, scanned)


def candidates(text: str, book: Rulebook, scanned: Scanned | None = None) -> list[Target]:
    """Return every match of every vocabulary entry in a clean text."""
    scanned = scanned or scan(text, book)
    patterns = _patterns(book)
    return [
        trimmed(text, m.start(), m.end(), book.terms[index])
        for index in sorted(scanned)
        if index < len(book.terms)
        for m in patterns.matches(index, text, scanned[index], 0, len(text))
        if m.end() > m.start()
    ] + misspelled(text, book)


def misspelled(text: str, book: Rulebook) -> list[Target]:
    """Return the matches of vocabulary entries on misspelled names."""
    return [trimmed(text, m.start, m.end, book.terms[m.term]) for m in _speller(book).find(text)]


def scan(text: str, book: Rulebook) -> Scanned:
    """Return where matches of vocabulary entries and of look-alikes can begin, by one pass over the text."""
    return _patterns(book).places(text, 0, len(text))


def trimmed(text: str, start: int, end: int, term: Term) -> Target:
    """Return the target of a match, without the white space around it."""
    while start < end - 1 and text[start].isspace():
        start += 1
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    return Target(start, end, term)


@lru_cache(maxsize=8)
def _patterns(book: Rulebook) -> PatternSet:
    """Return the patterns of the vocabulary entries and, behind them, of the look-alikes."""
    return PatternSet([term.pattern for term in book.terms] + [look_alike.pattern for look_alike in book.look_alikes])


@lru_cache(maxsize=8)
def _speller(book: Rulebook) -> Speller:
    return Speller(book)


@lru_cache(maxsize=8)
def _refusals(book: Rulebook) -> dict[str, list[int]]:
    """Return for each label the indices of its look-alikes' patterns."""
    found: dict[str, list[int]] = {}
    for i, look_alike in enumerate(book.look_alikes):
        found.setdefault(look_alike.label, []).append(len(book.terms) + i)
    return found


def _unrefused(text: str, book: Rulebook, scanned: Scanned, label: str, targets: list[Target]) -> list[Target]:
    """Return the targets of a label that no look-alike overlaps; only places near a target are looked at."""
    indices = [i for i in _refusals(book).get(label, ()) if i in scanned]
    for index in indices:
        near = [
            place
            for place in scanned[index]
            if any(place[0] < t.end and t.start - REFUSAL_REACH <= place[1] for t in targets)
        ]
        spans = [m.span() for m in _patterns(book).matches(index, text, near, 0, len(text))] if near else []
        if spans:
            targets = [t for t in targets if not any(s < t.end and t.start < e for s, e in spans)]
        if not targets:
            break
    return targets


def choose(
    text: str,
    found: Iterable[Target],
    book: Rulebook,
    sentences: Sequence[tuple[int, int]],
    sections: list[Section] | None = None,
    scanned: Scanned | None = None,
) -> list[Target]:
    """Return the targets that stand: company right, no look-alike, the longest of each label."""
    standing: dict[str, list[Target]] = {}
    found = list(found)
    for target in found:
        if _company_is_right(text, target, sentences, sections or [], found):
            standing.setdefault(target.term.label, []).append(target)
    if not standing:
        return []
    scanned = scanned if scanned is not None else scan(text, book)
    kept = [
        t
        for label, targets in standing.items()
        for t in _longest(_unrefused(text, book, scanned, label, targets), book)
    ]
    return sorted(kept, key=lambda t: (t.start, t.end, t.term.label))


def _company_is_right(
    text: str,
    target: Target,
    sentences: Sequence[tuple[int, int]],
    sections: list[Section],
    found: Sequence[Target] = (),
) -> bool:
    """Return whether the words around a mention fit it: its sentence and the header of its section."""
    near, not_near = target.term.near, target.term.not_near
    if near is None and not_near is None:
        return True
    start, end = sentence_of(sentences, target.start)
    around = text[start : target.start] + " \n " + text[target.end : max(end, target.end)]
    section = section_at(sections, target.start)
    if section and section.body < target.start:
        around = f"{text[section.start : section.body]} \n {around}"
    if near is not None and near.search(around) is None:
        reach = target.term.entry.near_before
        if not (reach and near.search(text, max(0, start - reach), start)) and not _is_named(target, start, end, found):
            return False
    return not_near is None or not_near.search(around) is None


def _is_named(target: Target, start: int, end: int, found: Sequence[Target]) -> bool:
    """Return whether a stretch of text names something of a label that is company for a mention.

    Only names that need no company themselves count, or two doubtful ones would vouch for each other.
    """
    labels = target.term.entry.near_labels
    return bool(labels) and any(
        t.term.label in labels
        and start <= t.start < end
        and (t.end <= target.start or target.end <= t.start)
        and t.term.near is None
        for t in found
    )


def _longest(targets: list[Target], book: Rulebook) -> list[Target]:
    """Return the targets of one label without overlaps: longer ones first, then those of the earlier rule."""
    kept: list[Target] = []
    for target in sorted(targets, key=lambda t: (t.start - t.end, t.start, book.rank(t.term))):
        if not any(k.start < target.end and target.start < k.end for k in kept):
            kept.append(target)
    return kept
