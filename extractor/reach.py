"""How far a cue reaches: which edges stand by the cues' own limits, by lists, clauses and brackets, and by what a mention only qualifies.

The edges are those of :mod:`extractor.context` or of medspaCy's ConText; both are held to the same limits.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from extractor.context import CueMatch, Edge
from extractor.matching import Target

_WORD = re.compile(r"[A-Za-z0-9]+")
_PARTING = re.compile(r"[,;:.)]")
_PARTED = re.compile(r"[;:]|,\s*\S+\s+\S")
_LISTED = re.compile(r"[\w\s,/&'-]{1,60}")
_VALUE = re.compile(r"(?<=[A-Za-z]\s)\d{2,}(?:[.,/]\d+)?(?=[\s,;)]|mg|kg|%|cm)")
"""A value, which ends a list of things denied ("no oozing, plt 34, steroids given")."""
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
        if before and cue.cue.category == "negated" and _VALUE.search(text, cue.end, target.start):
            continue
        if cue.cue.category in ("uncertain", "hypothetical") and target.start < cue.start and cue.end <= target.end:
            continue  # a word of the name itself: "HLH-like syndrome"
        if cue.cue.max_scope is not None and len(_WORD.findall(between)) > cue.cue.max_scope:
            continue
        if cue.cue.close and _PARTING.search(between):
            continue
        if (
            cue.cue.nearest
            and not before
            and _parted(between, by_cue[cue.start, cue.end, cue.cue.id], targets)
            and not (cue.cue.category == "negated" and _ENDS_LIST.fullmatch(between))
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
