"""Context in house styles: marked spans of sentences that were decided by the guideline before the program saw them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluation.inline import parse_inline
from extractor import Extractor, Note
from extractor.schema import ATTRIBUTES
from tests.shared import wrong

NOTE_DATE = "2026-06-15"
CASES = yaml.safe_load((Path(__file__).parent / "context_cases.yaml").read_text(encoding="utf-8"))


def rows() -> list[Any]:
    """Return all cases as parameters."""
    found = []
    for turn, styles in CASES.items():
        for style, cases in styles.items():
            for i, case in enumerate(cases):
                marked, marks = (case["wrong"], wrong(case["because"])) if isinstance(case, dict) else (case, ())
                found.append(pytest.param(marked, marks=marks, id=f"{turn} {style} {i}"))
    return found


@pytest.mark.parametrize("marked", rows())
def test_the_marked_spans_of_a_sentence_bear_their_attributes(extractor: Extractor, marked: str) -> None:
    text, spans = parse_inline(marked)
    mentions = list(extractor.mentions_of([Note("p", "n", text, NOTE_DATE)]))
    for span in spans:
        (mention, *_) = [m for m in mentions if m.label == span.label and m.start < span.end and span.start < m.end]
        shown = {a for a in ATTRIBUTES if getattr(mention, a)}
        if "negated" in span.attributes:  # past or not is all one of what is absent
            shown.discard("historical")
        wanted = span.attributes - {"historical"} if "negated" in span.attributes else span.attributes
        assert shown == wanted, mention.cues
