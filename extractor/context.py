"""Context cues in a sentence and the mentions they govern: medspaCy's ConText, on plain text.

The reference pipeline runs medspaCy's own ``ConText``; this module computes the same edges (cue ->
mention) on the text of one sentence without spaCy, and refines the edges of both with the same
function. The algorithm is ConText's (Harkema et al., J Biomed Inform 2009, doi:10.1016/j.jbi.2009.05.002), as
medspaCy implements it: a cue governs its sentence in its direction up to a termination or a cue of its own
kind. Cues within longer cues are taken out beforehand by :func:`shadows`, in both.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
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

    def cues_in(self, text: str, start: int, end: int) -> list[tuple[int, int, int]]:
        """Return (start, rule, end) of the cues that begin in a stretch of clean text, in order."""
        return sorted(
            (m.start(), index, m.end()) for index, m in self._patterns.find(text, start, end) if m.end() > m.start()
        )

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
        return self._link(tokens, scopes, targets)

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
    def _link(tokens: list[int], scopes: list[_Scope], targets: Sequence[Target]) -> list[Edge]:
        edges = []
        for index, target in enumerate(targets):
            first, last = _token_at(tokens, target.start), bisect_left(tokens, target.end)
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


_WORD = re.compile(r"[A-Za-z0-9]+")
_PARTING = re.compile(r"[,;:.)]")
_PARTED = re.compile(r"[;:]|,\s*\S+\s+\S")
_LISTED = re.compile(r"[\w\s,/&'-]{1,60}")
_JOINED = re.compile(r"[a-z&/]", re.IGNORECASE)
_PLURAL = re.compile(r"\b(?:were|are|have|all|both)\b", re.IGNORECASE)
_COORDINATED = re.compile(
    r"\W{0,4}(?:(?:and|or|nor|and/or|as well as|plus|vs|versus|&)\W{1,2})?(?:an?\s|the\s|any\s|of\s|for\s)?\W{0,3}",
    re.IGNORECASE,
)


def refine(text: str, targets: Sequence[Target], edges: Sequence[Edge]) -> list[Edge]:
    """Return the edges that stand by the cues' own limits.

    ``close`` cues reach over no punctuation, ``max_scope`` counts the words between cue and mention; ``nearest`` keeps the mentions next to the
    cue and those coordinated with them ("EBV and CMV PCR were negative").
    """
    kept = []
    reach = list(accumulate((t.end for t in targets), max))
    by_cue: dict[tuple[int, int, str], list[int]] = {}
    for edge in edges:
        by_cue.setdefault((edge.cue.start, edge.cue.end, edge.cue.cue.id), []).append(edge.target)
    for edge in edges:
        cue, target = edge.cue, targets[edge.target]
        before = cue.end <= target.start
        between = text[cue.end : target.start] if before else text[target.end : cue.start]
        if before and (_bracket_closed(text, cue, between) or _list_over(text, cue, target, between)):
            continue
        if cue.cue.category in ("uncertain", "hypothetical") and target.start < cue.start and cue.end <= target.end:
            continue  # a word of the name itself: "HLH-like syndrome"
        if cue.cue.max_scope is not None and len(_WORD.findall(between)) > cue.cue.max_scope:
            continue
        if cue.cue.close and _PARTING.search(between):
            continue
        listed = cue.cue.category == "negated" and _ENDS_LIST.fullmatch(between) is not None
        if (
            cue.cue.nearest
            and not before
            and not listed
            and _parted(between, by_cue[cue.start, cue.end, cue.cue.id], targets)
        ):
            continue
        if cue.cue.nearest and not _is_nearest(text, targets, by_cue[cue.start, cue.end, cue.cue.id], edge):
            continue
        if not before and cue.cue.category == "uncertain" and _NEXT_ITEM.search(between):
            continue
        if cue.cue.category == "uncertain" and (
            _qualifies(text, edge.target, targets, reach) or (not before and _is_setting(text, edge.target, targets))
        ):
            continue
        kept.append(edge)
    return _own_predicates(text, targets, kept)


_NEW_CLAUSE = re.compile(r",\s(?:and|but|or)\b", re.IGNORECASE)
_SINGULAR = re.compile(r"(?:is|was|has)\b", re.IGNORECASE)
"""Behind a comma with "and" a predicate in the singular is that of the last thing alone ("has lupus, and infection has been ruled out")."""
_ENDS_LIST = re.compile(
    r"(?:,\s[\w/-]+(?:\s[\w/-]+)?){1,5},?\s(?:and|or|&)\s(?:(?!no\b|has\b|had\b|is\b)[\w/-]+\s){1,3}", re.IGNORECASE
)
"""The rest of a list that ends with "and" before its predicate ("EBV, CMV and other infections were excluded")."""
_NEXT_ITEM = re.compile(
    r",\s*(?!which\b|that\b|also\b|now\b|then\b|later\b|initially\b|and\b|or\b|but\b)[A-Za-z]{4,}\s+$"
)
_COMPOUND = re.compile(r"[\s-]{1,2}")
_JOINED_ON = re.compile(r"[\s-]{1,2}(?:associated|related|triggered|driven|induced)\b")


def _qualifies(text: str, index: int, targets: Sequence[Target], reach: Sequence[int]) -> bool:
    """Return whether a rheumatic disease only says what kind of thing is doubted ("query RA-ILD").

    Args:
        text: the clean text.
        index: which of the mentions it is.
        targets: the mentions, in order.
        reach: for each the end of the mention that reaches furthest up to it.
    """
    target = targets[index]
    if target.term.label != "RHEUM_DISEASE":
        return False
    behind = bisect_right(targets, target.start, key=_start)
    if reach[behind - 1] > target.end or _JOINED_ON.match(text, target.end):
        return True
    joined = _COMPOUND.match(text, target.end)
    if joined is None:
        return False
    upto = bisect_right(targets, joined.end(), key=_start)
    return any(t.start > target.end for t in targets[behind:upto])


_SETTING = re.compile(
    r"-|\s(?:complicating|on\stop\sof|secondary\sto|due\sto|caused\sby|triggered\sby|in|on|from|with|of)\s(?:(?:a|an|the|her|his|known|active)\s){0,2}",
    re.IGNORECASE,
)


def _is_setting(text: str, index: int, targets: Sequence[Target]) -> bool:
    """Return whether a rheumatic disease is only the setting of the HLH that is doubted ("MAS on top of SLE until proven otherwise").

    Args:
        text: the clean text.
        index: which of the mentions it is.
        targets: the mentions, in order.
    """
    target = targets[index]
    before = next((t for t in reversed(targets[:index]) if t.end <= target.start), None)
    return (
        target.term.label == "RHEUM_DISEASE"
        and before is not None
        and before.term.label == "HLH"
        and _SETTING.fullmatch(text, before.end, target.start) is not None
    )


def _start(target: Target) -> int:
    return target.start


def _own_predicates(text: str, targets: Sequence[Target], edges: list[Edge]) -> list[Edge]:
    """Return the edges without negations that a later item of their list no longer bears, since it has a predicate of its own.

    "No reversibility, asthma unlikely": what follows the comma is doubted, not denied.
    """
    predicated = {
        e.target
        for e in edges
        if e.cue.cue.category == "uncertain" and e.cue.cue.role == "following" and e.cue.start >= targets[e.target].end
    }
    return [
        e
        for e in edges
        if not (
            e.target in predicated
            and e.cue.cue.category == "negated"
            and e.cue.end <= targets[e.target].start
            and "," in text[e.cue.end : targets[e.target].start]
        )
    ]


def _bracket_closed(text: str, cue: CueMatch, between: str) -> bool:
    """Return whether a cue stands in brackets that close before the mention ("7.1 (s/p 2 units), ferritin").

    A cue that fills its brackets alone qualifies what follows: "(possible) lymphoma".
    """
    depth = 0
    for at, sign in enumerate(between):
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if depth < 0:
                opened = _OPENED.search(text, max(0, cue.start - 160), cue.start)
                return opened is not None and not (opened[1].strip() == "" and between[:at].strip(" .") == "")
    return False


_OPENED = re.compile(r"\(([^()]*)$")
_AFFIRMED = re.compile(
    r",\s*(?:and\s+|but\s+|with\s+)?(?:known|stable|unchanged|mild(?:ly)?|moderate|severe|worse(?:ning|ned)?|persist(?:ent|ing)|chronic|increas(?:ed|ing)|"
    r"decreas(?:ed|ing)|elevated|ongoing|continued|progressive|positive|likely|probabl[ey]|possibl[ey]|suspected|underlying|\+|\?)(?=[\s\w?])",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(r"[^.;:()]{0,120}?\b(?:or|nor)\b", re.IGNORECASE)
_NEGATED_ITEM = re.compile(r"\bno\s[^,;.:]{1,40},\s*(?:and\s+)?$", re.IGNORECASE)


def _list_over(text: str, cue: CueMatch, target: Target, between: str) -> bool:
    """Return whether the list of things denied has ended before a mention.

    A list closed by "or" is denied throughout. Without it, an item that is called known, stable, worse or the like is affirmed, and
    where each item has its own "no" ("no effusion, no mass, and ILD"), an item without one is affirmed too.
    """
    if cue.cue.category != "negated" or cue.cue.role != "preceding" or "," not in between:
        return False
    if _ALTERNATIVE.match(text, target.end) or re.search(r"\b(?:or|nor)\b", between[between.find(",") :]):
        return False
    if _AFFIRMED.search(between + text[target.start : target.start + 1]):
        return True
    own = text[cue.start : cue.end].lower()
    return own.startswith("no") and _NEGATED_ITEM.search(text, max(0, cue.start - 60), cue.start) is not None


def _parted(between: str, governed: Sequence[int], targets: Sequence[Target]) -> bool:
    """Return whether a comma and further words part a mention from a cue behind it ("asthma, rash resolved")."""
    if len({(targets[i].start, targets[i].end) for i in governed}) > 1 and len(between) > 60:
        return bool(re.search(r"[;:]", between))
    bare = re.sub(r"\([^()]*\)|,\s(?:which|that)\b", "", between)
    return bool(_PARTED.search(bare)) and not (len(governed) > 1 and _LISTED.fullmatch(bare))


def _is_nearest(text: str, targets: Sequence[Target], governed: list[int], edge: Edge) -> bool:
    """Return whether only coordination stands between the cue and the mention, other mentions left out."""
    cue, target = edge.cue, targets[edge.target]
    before = cue.end <= target.start
    low, high = (cue.end, target.start) if before else (target.end, cue.start)
    others = sorted(
        (targets[i].start, targets[i].end) for i in governed if targets[i].start >= low and targets[i].end <= high
    )
    if not others:
        return True
    edges = [low, *[x for pair in others for x in pair], high]
    gaps = [text[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2)]
    inner = gaps[1:] if before else gaps[:-1]
    if not all(_COORDINATED.fullmatch(gap) for gap in inner):
        return False
    closest = inner[0] if before else inner[-1]
    if not before and len(inner) == 1 and _NEW_CLAUSE.match(closest) and _SINGULAR.match(text, cue.start, cue.end):
        return False
    return before or bool(_JOINED.search(closest)) or bool(_PLURAL.search(text[cue.start : cue.end]))
