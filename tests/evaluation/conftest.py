"""Small gold folders for the tests of the evaluation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from evaluation.inline import parse_inline
from evaluation.make_gold import write_gold
from evaluation.tables import Tables, answer_table, mention_table, note_table

settings.register_profile("evaluation", max_examples=40, deadline=None)
settings.load_profile("evaluation")

NOTES = {
    "dev": {
        ("p1", "n1", "ED note"): "She denies [[LUNG_DISEASE neg|asthma]].\r\nPlan: [[CAR_T hypo|CAR-T]] 🙂 later.\n",
        ("p1", "n2", "letter"): "Mother with [[LUNG_DISEASE fam|COPD]]; naïve to [[STEROID neg|steroids]].\n",
        ("p2", "n3", "ED note"): "h/o [[MALIGNANCY hist|Hodgkin\nlymphoma]], now [[HLH unc|HLH]]?\n",
    },
    "test": {("p3", "n4", "letter"): "[[EBV|EBV]] PCR [[AGE|54-year-old]].\n"},
}
ANSWERS = {
    "dev": [
        ("p1", "lung_disease", "not_met"),
        ("p1", "car_t_exposure", "not_documented"),
        ("p2", "malignancy_history", "met"),
        ("p2", "I4", "possible"),
    ],
    "test": [("p3", "ebv_active", "possible")],
}


def tables(marked: dict[tuple[str, str, str], str], answers: list[tuple[str, str, str]], split: str = "dev") -> Tables:
    """Return tables of notes with inline mark-up."""
    notes: list[dict[str, Any]] = []
    mentions: list[dict[str, Any]] = []
    for (patient, note, kind), text in marked.items():
        plain, spans = parse_inline(text)
        ids = {"patient_id": patient, "note_id": note}
        notes.append({**ids, "split": split, "note_type": kind, "file": f"{note}.txt", "text": plain})
        mentions += [
            {**ids, "mention_id": f"T{n}", "label": s.label, "start": s.start, "end": s.end,
             "text": plain[s.start : s.end], **dict.fromkeys(s.attributes, True)}
            for n, s in enumerate(spans, start=1)
        ]  # fmt: skip
    rows = [{"patient_id": p, "question": q, "status": s} for p, q, s in answers]
    return Tables(note_table(notes), mention_table(mentions), answer_table(rows))


@pytest.fixture
def make_tables() -> Callable[..., Tables]:
    return tables


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """A gold folder with a dev and a test split."""
    for split, marked in NOTES.items():
        write_gold(tables(marked, ANSWERS[split], split), tmp_path / "gold")
    return tmp_path / "gold"
