"""Which spans of a clean text are mentions: vocabulary matches less look-alikes, longest first."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

from extractor.abbreviations import defined_in
from extractor.columns import under_names
from extractor.misspellings import Speller
from extractor.rulebook import Rulebook, Term
from extractor.scan import PatternSet
from extractor.sections import Section, section_at
from extractor.tokens import without_space

REFUSAL_REACH = 300
"""Characters before a mention in which a look-alike that covers it begins."""


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
        sentences: (start, end) of every sentence, in order; those that hold a match will do.
        sections: the sections, whose headers are part of a mention's company.

    Returns:
        Targets by start, then end, then label; none of one label overlaps another of it.
    """
    return choose(text, candidates(text, book), book, sentences, sections)


def candidates(text: str, book: Rulebook) -> list[Target]:
    """Return every match of every vocabulary entry in a clean text, by start."""
    found = [
        trimmed(text, m.start(), m.end(), book.terms[index])
        for index, m in _patterns(book).find(text)
        if m.end() > m.start()
    ]
    found += unmatched(text, book, found)
    found.sort(key=_start)
    return found


def unmatched(text: str, book: Rulebook, found: Sequence[Target]) -> list[Target]:
    """Return the candidates that no expression finds by itself: misspelled names, numbers under a column's name, and a note's own abbreviations.

    Args:
        text: clean text.
        book: the rules.
        found: the candidates that expressions find.
    """
    others = misspelled(text, book) + [Target(*under) for under in under_names(text, book)]
    return others + [Target(*place) for place in defined_in(text, found)]


def misspelled(text: str, book: Rulebook) -> list[Target]:
    """Return the matches of vocabulary entries on misspelled names."""
    return [trimmed(text, m.start, m.end, book.terms[m.term]) for m in _speller(book).find(text)]


def trimmed(text: str, start: int, end: int, term: Term) -> Target:
    """Return the target of a match, without the words that lead to it and the white space around it."""
    if term.lead is not None and (lead := term.lead.match(text, start, end)) is not None:
        start = lead.end()
    return Target(*without_space(text, start, end), term)


@lru_cache(maxsize=8)
def _patterns(book: Rulebook) -> PatternSet:
    """Return the patterns of the vocabulary entries."""
    return PatternSet([term.parts for term in book.terms])


@lru_cache(maxsize=8)
def _speller(book: Rulebook) -> Speller:
    return Speller(book)


@lru_cache(maxsize=8)
def _refusals(book: Rulebook) -> dict[str, PatternSet]:
    """Return for each label the patterns of its look-alikes."""
    found: dict[str, list[list[str]]] = {}
    for look_alike in book.look_alikes:
        found.setdefault(look_alike.label, []).append(look_alike.parts)
    return {label: PatternSet(patterns) for label, patterns in found.items()}


def _unrefused(text: str, book: Rulebook, label: str, targets: list[Target]) -> list[Target]:
    """Return the targets of a label, given by start, that no look-alike overlaps; only places near a target are looked at."""
    patterns = _refusals(book).get(label)
    if patterns is None:
        return targets
    stretches: list[list[int]] = []
    for target in targets:
        start, end = max(0, target.start - REFUSAL_REACH), target.end
        if stretches and start <= stretches[-1][1]:
            stretches[-1][1] = max(end, stretches[-1][1])
        else:
            stretches.append([start, end])
    spans = [m.span() for start, end in stretches for _, m in patterns.find(text, start, end)]
    if not spans:
        return targets
    spans.sort()
    widest = max(end - start for start, end in spans)
    return [t for t in targets if not _overlapped(t, spans, widest)]


def _overlapped(target: Target, spans: list[tuple[int, int]], widest: int) -> bool:
    """Return whether a target overlaps one of the spans, which are in order and no wider than told."""
    i = bisect_right(spans, (target.start - widest, 0))
    while i < len(spans) and spans[i][0] < target.end:
        if spans[i][1] > target.start:
            return True
        i += 1
    return False


def choose(
    text: str,
    found: Sequence[Target],
    book: Rulebook,
    sentences: Sequence[tuple[int, int]],
    sections: list[Section] | None = None,
) -> list[Target]:
    """Return the targets that stand: company right, no look-alike, the longest of each label.

    Args:
        text: clean text.
        found: the candidates, by start.
        book: the rules.
        sentences: those that hold a candidate, in order.
        sections: the sections.

    Returns:
        Targets by start, then end, then label.
    """
    standing: dict[str, list[Target]] = {}
    named = [t for t in found if not t.term.entry.near]
    treatments = [t for t in found if t.term.label in _TREATMENTS]
    for target in found:
        if _is_of_nearest(text, target, treatments) and _company_is_right(
            text, target, sentences, sections or [], named
        ):
            standing.setdefault(target.term.label, []).append(target)
    kept: list[Target] = []
    while standing:
        label, targets = standing.popitem()
        kept += _longest(_unrefused(text, book, label, targets), book)
    for key in (attrgetter("term.label"), attrgetter("end"), attrgetter("start")):
        kept.sort(key=key)  # one after the other: a key of three takes as much memory as the mention
    return kept


def _company_is_right(
    text: str,
    target: Target,
    sentences: Sequence[tuple[int, int]],
    sections: list[Section],
    named: Sequence[Target],
) -> bool:
    """Return whether the words around a mention fit it: its sentence and the header of its section."""
    near, not_near = target.term.near, target.term.not_near
    if near is None and not_near is None:
        return True
    start, end = sentence_of(sentences, target.start)
    around = text[start : target.start] + " \n " + text[target.end : max(end, target.end)]
    section = section_at(sections, target.start)
    if section and section.body < target.start:
        stop = "." if _goes_on_elsewhere(text, section.body, start, end, target) else ""
        around = f"{text[section.start : section.body]}{stop} \n {around}"
    if near is not None and near.search(around) is None:
        reach = target.term.entry.near_before
        before = (
            f"{text[max(0, start - reach) : target.start]} \n "  # ends as what precedes a mention in its sentence does
        )
        wide = target.term.entry.near_labels_within
        stretch = (max(0, target.start - wide), target.end + wide) if wide else (start, end)
        if not (reach and near.search(before)) and not _is_named(target, *stretch, named):
            return False
    return not_near is None or not_near.search(around) is None


_TREATMENTS: Final = frozenset({"STEROID", "DRUG_ALLERGY", "_HLH_THERAPY", "CAR_T", "TCE", "ADC"})
"""Labels whose entries name drugs; a drug of an allergy list is one by whatever company it stands in."""
_CREDITED: Final = 110
"""Characters before the words of an effect in which the treatment is named that it is of."""


_DUE_TO: Final = re.compile(r"\s(?:on|with|after|to|under|following|since|from)\s(?:\w{1,12}\s){0,2}", re.IGNORECASE)
"""What stands between an effect and the treatment behind it that it is of ("fever resolved on meropenem")."""
_BEHIND: Final = 40
"""Characters behind them in which it may be named too ("fever gone on day 3 of dexamethasone")."""


def _is_of_nearest(text: str, target: Target, treatments: Sequence[Target]) -> bool:
    """Return whether the last treatment before the words of an effect is one of the label that these are said of.

    Args:
        text: clean text.
        target: the candidate.
        treatments: the names of treatments, by start.
    """
    wanted = target.term.entry.of_nearest
    if wanted is None:
        return True
    last = bisect_left(treatments, target.start, key=_start)
    behind = [t for t in treatments[last : last + 4] if t.start >= target.end]
    if behind and _DUE_TO.fullmatch(text, target.end, behind[0].start):
        return any(t.term.label == wanted and t.start < behind[0].end for t in behind)
    before = [t for t in treatments[max(0, last - 8) : last] if t.end <= target.start]
    if not before or target.start - before[-1].end > _CREDITED or "\n\n" in text[before[-1].end : target.start]:
        return True
    nearest = before[-1]
    beside = [*before, *treatments[last : last + 4]]
    return any(
        t.term.label == wanted
        and ((t.start < nearest.end and nearest.start < t.end) or 0 <= t.start - target.end <= _BEHIND)
        for t in beside
    )


def _goes_on_elsewhere(text: str, body: int, start: int, end: int, target: Target) -> bool:
    """Return whether sentences have ended between a header and a sentence that is no item of a list ("Penicillin. Sulfa.", or a line's first word).

    Lists without a header of their own behind them ("Allergies: none. Add tacrolimus? vs rituximab.") are then not taken for that
    header's: it stays company for what only has to be named, but its reach has ended.
    """
    line = text.rfind("\n", body, target.start) + 1
    if _SENTENCE_END.search(text, body, start) is None or (
        line > body and not text[line : target.start].strip(" \t-*•·.)1234567890")
    ):
        return False
    return len(text[start:end].split()) > _WORDS_OF_ITEM


_SENTENCE_END: Final = re.compile(r"[.!?]\s|\S[ \t]*\n")
_WORDS_OF_ITEM: Final = 4
"""An item of a list has at most so many words."""


def _is_named(target: Target, start: int, end: int, named: Sequence[Target]) -> bool:
    """Return whether a stretch of text names something of a label that is company for a mention.

    Only names that need no company themselves count, or two doubtful ones would vouch for each other; they are in order.
    """
    labels = target.term.entry.near_labels
    if not labels:
        return False
    inside = named[bisect_left(named, start, key=_start) : bisect_left(named, end, key=_start)]
    return any(t.term.label in labels and (t.end <= target.start or target.end <= t.start) for t in inside)


def _start(target: Target) -> int:
    return target.start


def _longest(targets: list[Target], book: Rulebook) -> list[Target]:
    """Return the targets of one label, given by start, without overlaps: longer ones first, then those of the earlier rule."""
    kept: list[Target] = []
    group: list[Target] = []
    reach = -1
    for target in targets:  # only those that hang together can overlap
        if target.start >= reach and group:
            kept += _longest_of(group, book)
            group = []
        group.append(target)
        reach = max(reach, target.end)
    return kept + _longest_of(group, book)


def _longest_of(targets: list[Target], book: Rulebook) -> list[Target]:
    if len(targets) < 2:
        return targets
    kept: list[Target] = []
    for target in sorted(targets, key=lambda t: (t.start - t.end, t.start, book.rank(t.term))):
        if not any(k.start < target.end and target.start < k.end for k in kept):
            kept.append(target)
    return kept
