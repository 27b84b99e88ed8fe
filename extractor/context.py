"""Context cues in a sentence and the mentions they govern: medspaCy's ConText, on plain text.

The reference pipeline runs medspaCy's own ``ConText``; this module computes the same edges (cue ->
mention) on the text of one sentence without spaCy; those of both are then held to the cues' own limits
(:mod:`extractor.reach`). The algorithm is ConText's (Harkema et al., J Biomed Inform 2009, doi:10.1016/j.jbi.2009.05.002), as
medspaCy implements it: a cue governs its sentence in its direction up to a termination or a cue of its own
kind. Cues within longer cues are taken out beforehand by :func:`shadows`, in both.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from extractor.matching import Target
from extractor.ruleshapes import Cue
from extractor.scan import PatternSet
from extractor.terms import alternation, parts_of, whole_words
from extractor.tokens import token_bounds

DIRECTIONS = {
    "preceding": "FORWARD",
    "following": "BACKWARD",
    "both": "BIDIRECTIONAL",
    "pseudo": "PSEUDO",
    "termination": "TERMINATE",
}


class CueMatch(NamedTuple):
    """A cue found in clean text."""

    start: int
    end: int
    cue: Cue


class Edge(NamedTuple):
    """A cue that governs a mention; ``target`` is the mention's index."""

    target: int
    cue: CueMatch


@dataclass(frozen=True)
class ContextRule:
    """A cue made ready: its expression and what ConText needs to know of it."""

    cue: Cue

    @cached_property
    def pattern(self) -> str:
        """The cue as one regular expression."""
        return _loose_edges(self.cue)

    @cached_property
    def parts(self) -> list[str]:
        """The expressions of which it is made, in the order in which they are tried."""
        words = [whole_words([p]) for p in parts_of(self.cue.terms, self.cue.cased)]
        return words + [f"(?a:(?:{p}))" for p in self.cue.patterns]

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile(self.pattern, re.IGNORECASE)

    @cached_property
    def kinds(self) -> tuple[frozenset[str], frozenset[str]]:
        """The labels that the cue may govern, and those it may not."""
        return frozenset(self.cue.labels), frozenset(self.cue.not_labels)

    @cached_property
    def direction(self) -> str:
        """ConText's name for the cue's role; a termination of some kinds only is a pseudo cue that ends them."""
        if self.cue.role == "termination" and self.cue.ends:
            return "PSEUDO"
        return DIRECTIONS[self.cue.role]

    @cached_property
    def ends(self) -> bool:
        """Whether the cue only ends others; its scope is a token on each side, else it would end nothing before another end."""
        return self.cue.role == "termination"

    @cached_property
    def category(self) -> str:
        """ConText's category; pseudo cues and terminations have categories of their own."""
        if self.cue.role == "pseudo":
            return "PSEUDO"
        if self.cue.role == "termination":
            return "END " + " ".join(sorted(self.cue.ends)).upper() if self.cue.ends else "TERMINATE"
        return self.cue.category.upper()


def _loose_edges(cue: Cue) -> str:
    """Return the cue's expression; signs such as ``(-)`` and ``?`` need no word edge on their sign's side."""
    if not cue.patterns:
        return alternation(cue.terms, cue.cased)
    pattern = alternation(cue.terms, cue.cased) if cue.terms or cue.cased else ""
    signs = "|".join(f"(?:{p})" for p in cue.patterns)
    return f"(?a:{pattern}|{signs})" if (cue.terms or cue.cased) else f"(?a:{signs})"


def ends_of(category: str, rules: Sequence[ContextRule]) -> set[str]:
    """Return the categories of terminations that end cues of a category."""
    return {r.category for r in rules if r.cue.role == "termination" and category.lower() in r.cue.ends}


class _Scope:
    """A cue with its scope in token indices, as ConText keeps it."""

    __slots__ = ("end", "match", "rule", "scope_end", "scope_start", "start")

    def __init__(self, match: CueMatch, rule: ContextRule, start: int, end: int, last: int) -> None:
        self.match, self.rule, self.start, self.end = match, rule, start, end
        direction = rule.direction
        self.scope_start = end if direction == "FORWARD" else max(0, start - 1) if rule.ends else 0
        self.scope_end = start if direction == "BACKWARD" else min(end + 1, last) if rule.ends else last


def within_sentences(
    rule: ContextRule, text: str, span: tuple[int, int], starts: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield a cue's place or, where it runs on into another sentence, the places of the same cue that do not.

    "placed in", at the end of a line, and "Childhood: asthma" on the next: "in childhood" is no cue, "Childhood" is.

    Args:
        rule: the cue; its expression is compiled where it is needed only.
        text: the clean text.
        span: where it was found.
        starts: where sentences begin, in order.
    """
    at, end = span
    while at < end:
        border = bisect_right(starts, at)
        border = starts[border] if border < len(starts) else len(text)
        last = span[1] if at == span[0] else _end_at(rule.regex, text, at)
        if at < last <= border:
            yield at, last
            at = last
        else:
            at = border if last > border else at + 1


def _end_at(regex: re.Pattern[str], text: str, at: int) -> int:
    """Return where a match at a place ends; the place itself where there is none."""
    match = regex.match(text, at)
    return match.end() if match else at


def _overlaps(a0: int, a1: int, b0: int, b1: int) -> bool:
    """Return medspaCy's test of overlap, which is not symmetric."""
    return a0 <= b0 < a1 or a0 < b1 <= a1


@dataclass(frozen=True)
class ContextEngine:
    """Finds edges between cues and mentions within a sentence.

    Args:
        cues: the cues of the rulebook.
    """

    cues: tuple[Cue, ...]

    @cached_property
    def rules(self) -> tuple[ContextRule, ...]:
        """The cues made ready, in the order of the file."""
        return tuple(ContextRule(cue) for cue in self.cues)

    @cached_property
    def _patterns(self) -> PatternSet:
        return PatternSet([rule.parts for rule in self.rules])

    @cached_property
    def _ends(self) -> dict[str, set[str]]:
        return {c: ends_of(c, self.rules) for c in {r.category for r in self.rules}}

    def cues_in(self, text: str, start: int, end: int, starts: Sequence[int] = ()) -> list[tuple[int, int, int]]:
        """Return (start, rule, end) of the cues that begin in a stretch of clean text, in order.

        Args:
            text: the clean text.
            start: where the stretch begins.
            end: where it ends.
            starts: where the sentences in it begin, in order.
        """
        return sorted(
            (first, index, last)
            for index, m in self._patterns.find(text, start, end)
            for first, last in within_sentences(self.rules[index], text, m.span(), starts)
        )

    def all_in(
        self, text: str, start: int, end: int, cues: Sequence[tuple[int, int, int]] | None = None
    ) -> list[CueMatch]:
        """Return the cues of one sentence, whether they govern anything or not.

        Args:
            text: the clean text.
            start: where the sentence begins.
            end: where it ends.
            cues: the cues of the stretch that holds it, where they were looked for already.
        """
        known = cues if cues is not None else self.cues_in(text, start, end)
        inside = known[bisect_left(known, (start, 0, 0)) : bisect_left(known, (end, 0, 0))]
        return [CueMatch(first, last, self.rules[index].cue) for first, index, last in inside if last <= end]

    def edges(
        self,
        text: str,
        start: int,
        end: int,
        targets: Sequence[Target],
        cues: Sequence[tuple[int, int, int]] | None = None,
    ) -> list[Edge]:
        """Return the edges of one sentence.

        Args:
            text: the clean text.
            start: where the sentence begins.
            end: where it ends.
            targets: the mentions that begin in it.
            cues: the cues of the stretch that holds it, where they were looked for already.
        """
        known = cues if cues is not None else self.cues_in(text, start, end)
        inside = known[bisect_left(known, (start, 0, 0)) : bisect_left(known, (end, 0, 0))]
        # a cue that runs on into the next sentence is none
        found = [(s, e, self.rules[i]) for i, s, e in sorted((i, s, e) for s, i, e in inside if e <= end)]
        if not found:
            return []
        tokens = token_bounds(text, start, end)
        last = len(tokens)
        spans = [
            _Scope(CueMatch(s, e, rule.cue), rule, _token_at(tokens, s), bisect_left(tokens, e), last)
            for s, e, rule in found
        ]
        spans = [
            s
            for s in spans
            if not any(shadows(o.rule.cue, (o.start, o.end), s.rule.cue, (s.start, s.end)) for o in spans)
        ]
        scopes = [s for s in spans if s.end > s.start]
        self._limit(scopes)
        return self._link(tokens, end, scopes, targets)

    def _limit(self, scopes: list[_Scope]) -> None:
        for i, first in enumerate(scopes):
            for second in scopes[i + 1 :]:
                self._limit_one(first, second)
                self._limit_one(second, first)

    def _limit_one(self, scope: _Scope, other: _Scope) -> None:
        if not _overlaps(scope.scope_start, scope.scope_end, other.scope_start, other.scope_end):
            return
        direction, category = scope.rule.direction, scope.rule.category
        if direction == "TERMINATE":
            return
        same = other.rule.category == category
        if other.rule.direction != "TERMINATE" and not same and other.rule.category not in self._ends[category]:
            return
        if same and scope.rule.kinds != other.rule.kinds:
            return
        if direction in ("FORWARD", "BIDIRECTIONAL") and other.start > scope.start:
            scope.scope_end = min(scope.scope_end, other.start)
        if direction in ("BACKWARD", "BIDIRECTIONAL") and other.end < scope.end:
            scope.scope_start = max(scope.scope_start, other.end)

    @staticmethod
    def _link(tokens: list[int], end: int, scopes: list[_Scope], targets: Sequence[Target]) -> list[Edge]:
        edges = []
        for index, target in enumerate(targets):
            first, last = _token_at(tokens, target.start), bisect_left(tokens, target.end)
            last += target.end > end  # a mention that runs over the sentence's end ends behind its last token
            for scope in scopes:
                if scope.rule.direction in ("TERMINATE", "PSEUDO"):
                    continue
                if _overlaps(scope.start, scope.end, first, last) or not _allows(scope.rule.cue, target.term.label):
                    continue
                if _overlaps(scope.scope_start, scope.scope_end, first, last):
                    edges.append(Edge(index, scope.match))
        return edges


def _allows(cue: Cue, label: str) -> bool:
    return label in cue.labels if cue.labels else label not in cue.not_labels


def _token_at(tokens: list[int], position: int) -> int:
    """Return the index of the token that holds a position."""
    i = bisect_left(tokens, position)
    return i if i < len(tokens) and tokens[i] == position else max(0, i - 1)


def shadows(outer: Cue, outer_span: tuple[int, int], inner: Cue, inner_span: tuple[int, int]) -> bool:
    """Return whether a cue takes another's words away from it.

    A longer cue shadows the cues within it ("not a candidate for" is no "candidate for"); a pseudo cue shadows
    cues of its own category, also of its own length; terminations shadow nothing. Cues that govern no label in common
    leave each other alone.
    """
    if outer is inner or not (outer_span[0] <= inner_span[0] and inner_span[1] <= outer_span[1]):
        return False
    if _apart(outer, inner):
        return False
    if outer.role == "termination":
        return False
    if outer.role == "pseudo":
        return inner.role != "pseudo" and outer.category in (inner.category, "any")
    return outer_span[1] - outer_span[0] > inner_span[1] - inner_span[0]


def _apart(one: Cue, other: Cue) -> bool:
    """Return whether no label may be governed by both of two cues."""
    if one.labels and other.labels:
        return not set(one.labels) & set(other.labels)
    return bool(
        (one.labels and set(one.labels) <= set(other.not_labels))
        or (other.labels and set(other.labels) <= set(one.not_labels))
    )
