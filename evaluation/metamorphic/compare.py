"""What differs between the mentions of a text and those of its rewritten form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from evaluation.metamorphic.case import Row, Transformation
from evaluation.metamorphic.variant import Variant
from evaluation.tool import LEARNED
from extractor.schema import ATTRIBUTES

COMPARED = (
    *ATTRIBUTES,
    "concept",
    "date",
    "comparator",
    "value",
    "normalized_value",
    "normalized_unit",
    "result",
    "details",
)
"""Columns that are held against each other, beside label and span; ``unit`` is as written and may change its case."""


class Difference(NamedTuple):
    """One mention on which the two texts do not agree."""

    label: str
    text: str
    start: int
    column: str
    before: Any
    after: Any


def differences(
    transformation: Transformation, variant: Variant, before: Sequence[Row], after: Sequence[Row]
) -> list[Difference]:
    """Return what is not as it must be, at most one entry for each mention and column.

    Args:
        transformation: says what must change.
        variant: the rewritten text.
        before: the mentions of the old text.
        after: the mentions of the new text.
    """
    found: list[Difference] = []
    there = {(m["label"], m["start"], m["end"]): m for m in after}
    expected = set()
    exempt = [variant.span(before[i]["start"], before[i]["end"]) for i in variant.exempt]
    for index, mention in enumerate(before):
        if index in variant.exempt:
            continue
        span = variant.span(mention["start"], mention["end"])
        key = (mention["label"], *(span or (-1, -1)))
        expected.add(key)
        if key not in there:
            found.append(Difference(mention["label"], mention["text"], mention["start"], "mention", "found", "missing"))
        elif transformation.kind == "invariance" or index == variant.target:
            found += _columns(transformation, mention, there[key], index == variant.target)
    if transformation.kind == "invariance":
        found += [
            Difference(m["label"], m["text"], m["start"], "mention", "none", "found")
            for key, m in there.items()
            if key not in expected and not _within(key[1:], [*variant.inserted, *(s for s in exempt if s)])
        ]
    return found


def _columns(transformation: Transformation, old: Row, new: Row, targeted: bool) -> list[Difference]:
    sets = (transformation.sets or {}) if targeted else {}
    free = transformation.free if targeted else frozenset()
    return [
        Difference(old["label"], old["text"], old["start"], column, _plain(old, column), _plain(new, column))
        for column in COMPARED
        if column not in free and _plain(new, column, free) != sets.get(column, _plain(old, column, free))
    ]


def _plain(mention: Row, column: str, free: Collection[str] = ()) -> Any:
    """Return a column's value without what hangs on the place in the text.

    Nor are the clues compared, which tell why and not what, or the age where dates may change: it is one.
    """
    value = mention[column]
    left_out = {"hlh", LEARNED, *({"at_age"} if "date" in free else ())}
    return {k: v for k, v in value.items() if k not in left_out} if column == "details" else value


def _within(span: Sequence[int], stretches: Sequence[tuple[int, int]]) -> bool:
    """Return whether a span touches one of the stretches."""
    return any(low < span[1] and span[0] < high for low, high in stretches)
