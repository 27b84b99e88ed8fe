"""Abbreviations that a note makes for itself: "extraskeletal myxoid chondrosarcoma (EMC)", and EMC from there on.

Which letters an abbreviation takes from its long form is told as Schwartz and Hearst do (Pac Symp Biocomput 2003:451-462):
read from behind, each letter is found in the long form, the first one at the beginning of a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from extractor.rulebook import Term

LABELS: Final = frozenset(
    {"EBV", "CAR_T", "TCE", "ADC", "MALIGNANCY", "LUNG_DISEASE", "STEROID", "HLH", "PRIMARY_HLH", "RHEUM_DISEASE"}
)
"""Labels of names of diseases and drugs, which are abbreviated."""
MOST: Final = 200
"""Abbreviations of one note that are followed up."""
_DEFINED: Final = re.compile(r"\s?\(\s?[\"'“]?(?:i\.e\.\s)?(?P<short>[A-Z][A-Za-z0-9-]{1,8})[\"'”]?\s?[);,]")
_WORDS_BEFORE: Final = re.compile(r"(?:[A-Za-z-]+\s){1,3}$")
_REACH: Final = 50


class Named(Protocol):
    """A name in a text: where it stands, and its entry."""

    @property
    def start(self) -> int:
        """Where it begins."""

    @property
    def end(self) -> int:
        """Where it ends."""

    @property
    def term(self) -> Term:
        """Its entry."""


def defined_in(text: str, found: Iterable[Named]) -> Iterator[tuple[int, int, Term]]:
    """Yield the places of a note at which an abbreviation stands that the note itself has made, each with the entry of its long form.

    Args:
        text: clean text.
        found: names found in it, in any order.
    """
    short_forms: dict[str, tuple[int, Term]] = {}
    for name in found:
        if len(short_forms) >= MOST:
            break
        if name.term.label not in LABELS or name.term.entry.near or name.term.entry.near_labels:
            continue
        m = _DEFINED.match(text, name.end)
        if m is None or not _is_short_form(m["short"]):
            continue
        before = _WORDS_BEFORE.search(text, max(0, name.start - _REACH), name.start)
        long_form = text[before.start() if before else name.start : name.end]
        known = short_forms.get(m["short"])
        if _abbreviates(m["short"], long_form) and (known is None or name.end - name.start > known[0]):
            short_forms[m["short"]] = (name.end - name.start, name.term)
    if short_forms:
        longest = sorted(short_forms, key=len, reverse=True)
        places = re.compile(rf"(?<![A-Za-z0-9-])(?:{'|'.join(map(re.escape, longest))})(?![A-Za-z0-9])")
        for m in places.finditer(text):
            yield m.start(), m.end(), short_forms[m.group()][1]


def _is_short_form(short: str) -> bool:
    return sum(c.isupper() for c in short) >= _CAPITALS


_CAPITALS: Final = 2


def _abbreviates(short: str, long_form: str) -> bool:
    """Return whether a short form takes its letters from a long form, in order, and its first from the head of a word."""
    low, at = long_form.lower(), len(long_form)
    letters = [c for c in short.lower() if c.isalnum()]
    for place, letter in reversed(list(enumerate(letters))):
        at = low.rfind(letter, 0, at)
        while at > 0 and place == 0 and low[at - 1].isalnum():
            at = low.rfind(letter, 0, at)
        if at < 0:
            return False
    return True
