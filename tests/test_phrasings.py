"""Own phrasings of each label in many house styles, one a line in ``phrasings/``; ``[[neg|span]]`` marks a mention.

A line that begins with ``?`` is told wrongly so far, for the reason that stands before its ``|``; its test fails as soon as it is told rightly. Written from the guideline's definitions before the rules were read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from extractor import Extractor
from tests.shared import wrong

EX = Extractor()
FOLDER = Path(__file__).parent / "phrasings"
SHORT = {"neg": "negated", "hypo": "hypothetical", "unc": "uncertain", "fam": "family", "hist": "historical"}
MARK = re.compile(r"\[\[(?:([a-z ]+)\|)?(.*?)\]\]")
LINES = [(f.stem, line) for f in sorted(FOLDER.glob("*.txt")) for line in f.read_text("utf-8").splitlines()]
LOOK_ALIKES = [line.split("|") for line in (FOLDER / "look_alikes").read_text("utf-8").splitlines()]
"""Label and text; a third field tells why it is taken for a mention so far."""


def marked(line: str) -> tuple[str, list[tuple[int, int, set[str]]]]:
    """Return a line's text and its marked spans, each with its attributes."""
    text, spans, at = "", [], 0
    for m in MARK.finditer(line):
        text += line[at : m.start()]
        spans.append((len(text), len(text) + len(m[2]), {SHORT[s] for s in (m[1] or "").split()} - {"historical"}))
        text += m[2]
        at = m.end()
    return text + line[at:], spans


def _row(label: str, line: str) -> Any:
    if not line.startswith("? "):
        return pytest.param(label, line)
    reason, bar, phrasing = line.removeprefix("? ").partition(" | ")
    assert bar and reason and phrasing, f"{label}: a phrasing told wrongly needs its reason"
    return pytest.param(label, phrasing, marks=wrong(reason))


@pytest.mark.parametrize(("label", "line"), [_row(label, line) for label, line in LINES])
def test_each_phrasing_gives_its_mentions(label: str, line: str) -> None:
    text, spans = marked(line)
    found = [m for m in EX.mentions(text) if m.label == label]
    assert len(found) == len(spans), [m.text for m in found]
    for start, end, attributes in spans:
        mention = next(m for m in found if m.start < end and start < m.end)
        assert all(getattr(mention, a) for a in attributes)


@pytest.mark.parametrize(
    ("label", "text"),
    [pytest.param(label, text, marks=[wrong(why[0])] if why else ()) for label, text, *why in LOOK_ALIKES],
)
def test_a_look_alike_is_no_mention(label: str, text: str) -> None:
    assert [m.text for m in EX.mentions(text) if m.label == label] == []
