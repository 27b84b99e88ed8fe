"""Rewritings of words: other names of the same entry of the rules, British and American spelling."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from evaluation.metamorphic.case import Case, Transformation
from evaluation.metamorphic.phrases import phrases
from evaluation.metamorphic.variant import Edit, Variant, edited

NAMES_EACH = 3
"""Other names tried for each mention."""


def other_names(case: Case) -> Iterator[Variant]:
    """Write one mention by another name of its entry: an abbreviation, an expansion, a brand, a synonym."""
    chance = case.chance("names")
    for index, mention in enumerate(case.mentions):
        start, end = mention["start"], mention["end"]
        names = [n for n in case.reader.names(mention) if n.casefold() != mention["text"].casefold()]
        touching = [i for i, m in enumerate(case.mentions) if i != index and m["start"] < end and start < m["end"]]
        if touching:
            continue
        for name in chance.sample(names, min(NAMES_EACH, len(names))):
            yield edited(case.text, [Edit(start, end, name)], about=name)


def _spelling(to: int) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what is to be respelled and how; short parts begin a word, for "hem" is in "chemotherapy" too, and "angioedema" is spelled so everywhere."""
    pairs = {pair[1 - to]: pair[to] for pair in phrases()["spellings"]}
    longest = sorted(pairs, key=len, reverse=True)
    parts = [
        part if len(part) > 6 else f"(?<!angi){part}" if len(part) == 6 else f"(?<![a-z]){part}" for part in longest
    ]
    return re.compile("|".join(parts), re.IGNORECASE), pairs


def _respelled(to: int, about: str) -> Callable[[Case], Iterator[Variant]]:
    def make(case: Case) -> Iterator[Variant]:
        pattern, pairs = _spelling(to)
        edits = []
        for m in re.finditer(r"[A-Za-z]+", case.text):
            new = pattern.sub(lambda part: _like(part.group(), pairs[part.group().lower()]), m.group())
            if new != m.group():
                edits.append(Edit(m.start(), m.end(), new))
        if edits:
            yield edited(case.text, edits, about=about)

    return make


def _like(old: str, new: str) -> str:
    """Return a part of a word in the case of the one whose place it takes."""
    if old.isupper():
        return new.upper()
    return new.capitalize() if old[0].isupper() else new


WORDING = (
    Transformation("words.names", "invariance", "sentence", other_names),
    Transformation("words.british", "invariance", "sentence", _respelled(0, "British spelling")),
    Transformation("words.american", "invariance", "sentence", _respelled(1, "American spelling")),
)
