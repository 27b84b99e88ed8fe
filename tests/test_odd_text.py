"""Text that other tools miss or refuse: odd characters in words, characters that no encoding has, very long notes."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor import Extractor, build_pipeline
from extractor.batch import screen

EXTRACTOR = Extractor()
REFERENCE = build_pipeline()
ODD = {
    "NUL between words": ("Has asthma\x00and COPD.", ["asthma", "COPD"]),
    "NUL at the ends": ("\x00Asthma\x00", ["Asthma"]),
    "zero-width space": ("Has asth\u200bma.", ["asth\u200bma"]),
    "zero-width joiner": ("Has as\u200dthma.", ["as\u200dthma"]),
    "byte order mark inside": ("Has \ufeffasthma.", ["asthma"]),
    "soft hyphen": ("Has asth\u00adma.", ["asth\u00adma"]),
    "combining accents": ("Had leuke\u0301mia and as\u0308thma.", ["leuke\u0301mia", "as\u0308thma"]),
    "accent behind a word": ("Has asthma\u0301.", ["asthma\u0301"]),
    "non-breaking hyphen": ("Received CAR\u2011T.", ["CAR\u2011T"]),
    "hyphen": ("Received axi\u2010cel.", ["axi\u2010cel"]),
    "en dash": ("Received axi\u2013cel.", ["axi\u2013cel"]),
    "minus": ("Received CAR\u2212T.", ["CAR\u2212T"]),
    "non-breaking space": ("Has interstitial\u00a0lung\u00a0disease.", ["interstitial\u00a0lung\u00a0disease"]),
    "full-width letters": ("Has \uff23\uff2f\uff30\uff24.", ["\uff23\uff2f\uff30\uff24"]),
    "lone surrogate": ("\ud800 has asthma \udfff.", ["asthma"]),
    "emoji": ("\U0001f642 has asthma \U0001f469\u200d\u2695\ufe0f.", ["asthma"]),
    "other line ends": ("Has asthma\rand\u2028COPD\x0b.", ["asthma", "COPD"]),
    "right-to-left marks": ("Has \u202easthma\u202c.", ["asthma"]),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_characters_hide_no_mention(case: str) -> None:
    text, words = ODD[case]
    mentions = EXTRACTOR.mentions(text)
    assert [m.text for m in mentions] == words
    assert all(m.text == text[m.start : m.end] for m in mentions)


@pytest.mark.parametrize("case", ODD)
def test_the_reference_pipeline_reads_odd_characters_alike(case: str) -> None:
    text, _ = ODD[case]
    assert REFERENCE(text)._.mentions == EXTRACTOR.mentions(text)


@pytest.mark.parametrize("case", ODD)
def test_odd_characters_go_through_a_whole_run(tmp_path: Path, case: str) -> None:
    text, words = ODD[case]
    row = {"patient_id": "p", "note_id": "n", "text": text}
    (tmp_path / "n.jsonl").write_text(json.dumps(row) + "\n")
    run = screen([tmp_path / "n.jsonl"], tmp_path / "run")
    assert (run.notes, list(run.issues)) == (1, [])
    rows = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert [text[r["start"] : r["end"]] for r in rows] == words


@pytest.mark.parametrize("length", [1_000_001, 5_000_000])
def test_a_very_long_note_is_read_to_its_end(tmp_path: Path, length: int) -> None:
    end = " Received axi-cel in 2022. Denies asthma."
    text = ("The patient was seen in clinic today and feels well. " * (length // 53 + 1))[: length - len(end)] + end
    (tmp_path / "p__n.txt").write_text(text)
    run = screen([tmp_path / "p__n.txt"], tmp_path / "run")
    assert (run.notes, list(run.issues)) == (1, [])
    rows = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert [(r["text"], r["negated"], r["start"] > length - 45) for r in rows] == [
        ("axi-cel", False, True),
        ("asthma", True, True),
    ]


@given(st.text(st.characters(), max_size=12), st.text(st.characters(), max_size=12))
@settings(max_examples=300, deadline=None)
def test_text_is_what_stands_at_the_offsets_whatever_stands_around(before: str, after: str) -> None:
    text = f"{before} CAR\u2011T, asthma{after} COPD"
    for mention in EXTRACTOR.mentions(text):
        assert mention.text == text[mention.start : mention.end]
