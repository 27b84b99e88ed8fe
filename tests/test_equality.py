"""A seeded part of ``benchmarks/equality.py``: the extractor equals the reference pipeline on made-up notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.equality import Maker
from extractor import Extractor, Note
from extractor.pipeline import mentions_of_doc
from tests.shared import notes_of

if TYPE_CHECKING:
    from spacy import Language

COUNT = 90


@pytest.fixture(scope="module")
def made() -> list[Note]:
    """Notes made up from those of dev."""
    return list(Maker([n.text for n in notes_of("dev")], seed=2024).notes(COUNT))


def test_the_same_seed_makes_the_same_notes(made: list[Note]) -> None:
    assert list(Maker([n.text for n in notes_of("dev")], seed=2024).notes(COUNT)) == made
    assert list(Maker([n.text for n in notes_of("dev")], seed=2025).notes(3)) != made[:3]


@pytest.mark.parametrize("sign", ["\r\n", "\t", "\x00", "\ud800", "[x]", "\u00e9"], ids=ascii)
def test_the_extractor_equals_the_pipeline_on_a_made_up_note_with_what_is_hard(
    pipeline: Language, extractor: Extractor, sign: str
) -> None:
    notes = Maker([n.text for n in notes_of("dev")], seed=2024).notes(2000)
    note = next(n for n in notes if sign in n.text)
    assert list(extractor.mentions_of([note])) == mentions_of_doc(pipeline, note)


@pytest.mark.parametrize("number", range(COUNT))
def test_the_extractor_equals_the_pipeline_on_made_up_notes(
    pipeline: Language, extractor: Extractor, made: list[Note], number: int
) -> None:
    note = made[number]
    assert list(extractor.mentions_of([note])) == mentions_of_doc(pipeline, note)
