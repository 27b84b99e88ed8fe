"""The order of day and month in which a note writes its dates, where its own dates tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_DATE: Final = re.compile(
    r"(?<![\d/.-])(?P<a>\d{1,2})(?P<sep>[/-])(?P<b>\d{1,2})(?P<year>(?P=sep)(?:(?:19|20)\d\d|\d\d))?(?![\d/%]|[.-]\d)"
    r"(?!\s?(?:mm|cm|mg|kPa|\(?cpap|cmH|hpf|criteria|items|points|pain|weeks?\b|months?\b|/))",
    re.IGNORECASE,
)
_RANGE: Final = re.compile(r"\s?(?:->|→|-|–|to|till|until)\s?", re.IGNORECASE)
_ENOUGH: Final = 2
"""Dates without a year that must tell the same order: one alone may be a pressure or a score."""


@lru_cache(maxsize=2)
def day_first(text: str) -> bool | None:
    """Return whether a note writes the day before the month; ``None`` where its dates do not tell, or contradict.

    Args:
        text: the whole clean text.
    """
    votes = {True: 0, False: 0}
    for order, weight in _votes(text):
        votes[order] += weight
    if min(votes.values()):
        return None
    return next((order for order, count in votes.items() if count >= _ENOUGH), None)


def _votes(text: str) -> Iterator[tuple[bool, int]]:
    """Yield the order that each date tells which can be read in one order only, with its weight."""
    before: re.Match[str] | None = None
    for m in _DATE.finditer(text):
        a, b = int(m["a"]), int(m["b"])
        in_range = before is not None and _RANGE.fullmatch(text, before.end(), m.start()) is not None
        before = m
        if (
            min(a, b) < 1
            or min(a, b) > _MONTHS
            or not _MONTHS < max(a, b) <= _DAYS
            or (m["sep"] == "-" and not m["year"])
            or (b in DURATIONS and not m["year"])
        ):
            continue
        yield a > _MONTHS, _ENOUGH if m["year"] or in_range else 1


DURATIONS: Final = frozenset({7, 12})
"""Denominators of notations for days and months ("14/7 of prednisolone", "for 18/12")."""
_MONTHS: Final = 12
_DAYS: Final = 31
