"""Insertions that must change one attribute of one mention, and nothing else of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from evaluation.metamorphic.case import Case, Row, Transformation
from evaluation.metamorphic.phrases import phrases
from evaluation.metamorphic.variant import Edit, Piece, Variant, edited
from extractor.schema import ATTRIBUTES

_BEFORE = re.compile(r"(?:(?:\A|\n)[ \t]*(?:[-*] |\d{1,2}[.)] )?|[;,.:] )\Z")
_BEHIND = re.compile(r"\s*(?:\Z|[.;,](?:\s|\Z))")


def plain(mention: Row) -> bool:
    """Return whether a mention bears no attribute, result or date that an insertion could run into."""
    return not any(mention[a] for a in ATTRIBUTES) and mention["result"] is None and mention["date"] is None


def _kind(mention: Row) -> str | None:
    kind: str | None = next((k for k, labels in phrases()["labels"].items() if mention["label"] in labels), None)
    if kind == "virus":
        return kind if mention["details"].get("test") in ("pcr", "virus") else None
    return kind


def _phrases(attribute: str, mention: Row) -> list[list[str]]:
    found: list[list[str]] = phrases()["direction"][attribute].get(_kind(mention), [])
    return found


def inserted(attribute: str) -> Callable[[Case], Iterator[Variant]]:
    """Return the insertion of cues around mentions that are a clause or an item of their own in a sentence."""

    def make(case: Case) -> Iterator[Variant]:
        chance = case.chance(attribute)
        for index, mention in enumerate(case.mentions):
            start, end = mention["start"], mention["end"]
            alone = _BEFORE.search(case.text[:start]) and _BEHIND.match(case.text, end)
            choices = _phrases(attribute, mention)
            if not (alone and choices and plain(mention)):
                continue
            before, behind = chance.choice(choices)
            before = before[:1].upper() + before[1:] if start == 0 else before
            edits = [Edit(start, start, before)] * bool(before) + [Edit(end, end, behind)] * bool(behind)
            yield edited(case.text, edits, about=f"{before}_{behind}", target=index)

    return make


def framed(attribute: str) -> Callable[[Case], Iterator[Variant]]:
    """Return the sentences made of a cue and a mention alone, from the plain sentence with that mention."""

    def make(case: Case) -> Iterator[Variant]:
        if len(case.mentions) != 1 or not plain(case.mentions[0]) or case.reader.asks_company(case.mentions[0]):
            return  # a word that counts in the company of others only says nothing alone
        mention = case.mentions[0]
        start, end = mention["start"], mention["end"]
        for before, behind in _phrases(attribute, mention):
            pieces = (Piece(before[:1].upper() + before[1:]), Piece(mention["text"], (start, end)), Piece(f"{behind}."))
            yield Variant(pieces, about=f"{before}_{behind}", target=0)

    return make


def _direction(attribute: str, **also: Any) -> Iterator[Transformation]:
    sets = {attribute: True, **also}
    free = frozenset({"date", "result", "details"} if attribute == "negated" else {"date"})
    if attribute == "uncertain":
        free |= {"result"}
    yield Transformation(f"{attribute}.inserted", "direction", "sentence", inserted(attribute), sets, free)
    yield Transformation(f"{attribute}.framed", "direction", "mention", framed(attribute), sets, free)


DIRECTION = tuple(t for attribute in ATTRIBUTES for t in _direction(attribute))
