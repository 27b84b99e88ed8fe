"""Which spans of a clean text are mentions: vocabulary matches less look-alikes, longest first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from extractor.rulebook import Rulebook, Term
from extractor.scan import PatternSet
from extractor.sections import Section, section_at


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
    return choose(text, candidates(text, book), book, sentences, sections)


def candidates(text: str, book: Rulebook) -> list[Target]:
    """Return every match of every vocabulary entry in a clean text."""
    return [
        trimmed(text, m.start(), m.end(), book.terms[index])
        for index, m in _term_patterns(book).find(text)
        if m.end() > m.start()
    ]


def trimmed(text: str, start: int, end: int, term: Term) -> Target:
    """Return the target of a match, without the white space around it."""
    while start < end - 1 and text[start].isspace():
        start += 1
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    return Target(start, end, term)


@lru_cache(maxsize=8)
def _term_patterns(book: Rulebook) -> PatternSet:
    return PatternSet([term.pattern for term in book.terms])


@lru_cache(maxsize=8)
def _refusal_patterns(book: Rulebook) -> PatternSet:
    return PatternSet([look_alike.pattern for look_alike in book.look_alikes])


def _refused(text: str, book: Rulebook, labels: set[str]) -> Iterator[tuple[str, int, int]]:
    """Yield (label, start, end) of the look-alikes of some labels."""
    for index, match in _refusal_patterns(book).find(text):
        label = book.look_alikes[index].label
        if label in labels:
            yield label, match.start(), match.end()


def choose(
    text: str,
    found: Iterable[Target],
    book: Rulebook,
    sentences: Sequence[tuple[int, int]],
    sections: list[Section] | None = None,
) -> list[Target]:
    """Return the targets that stand: company right, no look-alike, the longest of each label."""
    standing: dict[str, list[Target]] = {}
    for target in found:
        if _company_is_right(text, target, sentences, sections or []):
            standing.setdefault(target.term.label, []).append(target)
    if not standing:
        return []
    refused: dict[str, list[tuple[int, int]]] = {}
    for label, start, end in _refused(text, book, set(standing)):
        refused.setdefault(label, []).append((start, end))
    for label, spans in refused.items():
        standing[label] = [t for t in standing[label] if not any(s < t.end and t.start < e for s, e in spans)]
    kept = [t for targets in standing.values() for t in _longest(targets, book)]
    return sorted(kept, key=lambda t: (t.start, t.end, t.term.label))


def _company_is_right(text: str, target: Target, sentences: Sequence[tuple[int, int]], sections: list[Section]) -> bool:
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
        return False
    return not_near is None or not_near.search(around) is None


def _longest(targets: list[Target], book: Rulebook) -> list[Target]:
    """Return the targets of one label without overlaps: longer ones first, then those of the earlier rule."""
    kept: list[Target] = []
    for target in sorted(targets, key=lambda t: (t.start - t.end, t.start, book.rank(t.term))):
        if not any(k.start < target.end and target.start < k.end for k in kept):
            kept.append(target)
    return kept
