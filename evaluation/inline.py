"""Inline mark-up for annotating by hand: ``[[LABEL attr attr|span]]``, nested where spans overlap."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from extractor.schema import LABELS

SHORT: Final = {
    "neg": "negated",
    "hist": "historical",
    "hypo": "hypothetical",
    "unc": "uncertain",
    "fam": "family",
}
_OPEN = re.compile(r"\[\[([A-Z_]+)((?: (?:neg|hist|hypo|unc|fam))*)\|")
_SIGN = re.compile(_OPEN.pattern + r"|\]\]")


class InlineError(ValueError):
    """Mark-up that cannot be read; the message names the place, not the text."""


@dataclass(frozen=True, slots=True)
class InlineSpan:
    """A marked span: offsets into the text without mark-up, label and full attribute names."""

    start: int
    end: int
    label: str
    attributes: frozenset[str]


def parse_inline(marked: str) -> tuple[str, list[InlineSpan]]:
    """Return the plain text of a marked text and its spans, by start.

    Raises:
        InlineError: an unknown label, a span never closed, or an empty span.
    """
    plain: list[str] = []
    length = 0
    open_spans: list[tuple[int, str, frozenset[str]]] = []
    spans: list[InlineSpan] = []
    last = 0
    for sign in _SIGN.finditer(marked):
        if sign.group() == "]]" and not open_spans:
            continue  # a bracket of the note's own
        piece = marked[last : sign.start()]
        plain.append(piece)
        length += len(piece)
        last = sign.end()
        if sign.group() != "]]":
            label, attributes = sign.group(1), sign.group(2).split()
            if label not in LABELS:
                raise InlineError(f"character {sign.start()}: no such label: {label}")
            open_spans.append((length, label, frozenset(SHORT[a] for a in attributes)))
        else:
            start, label, attrs = open_spans.pop()
            if start == length:
                raise InlineError(f"character {sign.start()}: an empty span of {label}")
            spans.append(InlineSpan(start, length, label, attrs))
    if open_spans:
        raise InlineError(f"{len(open_spans)} spans are opened and never closed")
    plain.append(marked[last:])
    return "".join(plain), sorted(spans, key=lambda s: (s.start, -s.end, s.label))
