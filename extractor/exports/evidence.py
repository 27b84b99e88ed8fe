"""A mention as one line of evidence that people read in other tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from extractor.schema import ATTRIBUTES, Answer, Mention
from extractor.wording import printable

MOST: Final = 20
"""Mentions of an answer that are shown; all stand in the tables of the run."""


def evidence_line(mention: Mention) -> str:
    """Return where a mention stands, its words and what is said of it.

    Args:
        mention: the mention; of a redacted run it has no words, so the concept stands for them.
    """
    words = f"“{printable(' '.join(mention.text.split()))}”" if mention.text is not None else mention.concept
    said = ", ".join([mention.label, *(name for name in ATTRIBUTES if getattr(mention, name)), *_values(mention)])
    where = f"note {printable(mention.note_id)}, {mention.note_date or 'undated'}"
    return f"{where}, characters {mention.start}-{mention.end}: {words} ({said})"


def evidence_text(mentions: Sequence[Mention]) -> str:
    """Return the evidence of an answer, a line per mention, strongest first."""
    lines = [evidence_line(m) for m in mentions[:MOST]]
    if len(mentions) > MOST:
        lines.append(f"... and {len(mentions) - MOST} more")
    return "\n".join(lines)


def origin_words(answer: Answer) -> str:
    """Return who gave an answer, in words."""
    return "by a reviewer" if answer.origin == "reviewer" else "by the tool, not yet reviewed"


def _values(m: Mention) -> Iterator[str]:
    if m.result:
        yield f"result {m.result.replace('_', ' ')}"
    if m.value is not None:
        yield " ".join(filter(None, (m.comparator if m.comparator != "=" else None, f"{m.value:g}", m.unit)))
    if m.date:
        yield f"dated {m.date}"
