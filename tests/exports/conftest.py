"""Run folders made by hand, so that each test knows every value in them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extractor.exports.run import Run, open_run
from extractor.rulebook import SHIPPED_RULES
from extractor.runfolder import RunFolder
from extractor.schema import Answer, Mention
from extractor.tables import ANSWER_SCHEMA, MENTION_SCHEMA, TableWriter
from extractor.trial import load_trial

TRIAL = load_trial("NCT07208058", (SHIPPED_RULES / "trials",))
FINISHED = dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC)
TEXT = "PMH: asthma since 2015. Mother with COPD.\nEBV PCR 4,500 copies/mL."


def mention(start: int, end: int, text: str = TEXT, **more: Any) -> Mention:
    """Return a mention of a text; what is not said is as in a plain statement."""
    fields: dict[str, Any] = {
        "patient_id": "007",
        "note_id": "n1",
        "note_date": "2024-03-01",
        "mention_id": f"m{start}",
        "label": "LUNG_DISEASE",
        "concept": "asthma",
        "text": text[start:end],
        "start": start,
        "end": end,
        "section": None,
        "sentence_start": 0,
        "sentence_end": len(text),
        "negated": False,
        "historical": False,
        "hypothetical": False,
        "uncertain": False,
        "family": False,
        "cues": (),
        "date": None,
        "comparator": None,
        "value": None,
        "unit": None,
        "normalized_value": None,
        "normalized_unit": None,
        "result": None,
        "details": {},
        "rule": "lung_disease.asthma",
    }
    return Mention(**{**fields, **more})


ASTHMA = mention(5, 11, section="past_history", date="2015")
COPD = mention(36, 40, concept="copd", family=True, cues=("fam.mother",), rule="lung_disease.copd")
EBV = mention(
    42,
    49,
    label="EBV",
    concept="EBV",
    comparator="=",
    value=4500.0,
    unit="copies/mL",
    normalized_value=4500.0,
    normalized_unit="copies/mL",
    result="positive",
    details={"test": "pcr", "treated": True},
    rule="ebv.pcr",
)
MENTIONS = (ASTHMA, COPD, EBV)


def redacted(found: Mention) -> Mention:
    """Return a mention without words."""
    return replace(found, text=None)


def answers(patient_id: str = "007", **given: Any) -> list[Answer]:
    """Return an answer to each question, ``not_documented`` unless given as a status or as fields."""
    rows = []
    for q in TRIAL.questions:
        answer = Answer(patient_id, TRIAL.trial, q.id, q.kind, "not_documented", "direct", "The notes say nothing.")
        said = given.get(q.id, {})
        rows.append(replace(answer, **({"status": said} if isinstance(said, str) else said)))
    return rows


ANSWERS = (
    *answers(
        ebv_active={"status": "met", "rationale": "EBV is positive.", "evidence": ("m42",)},
        lung_disease={"status": "met", "rationale": "Asthma < COPD & more.", "evidence": ("m5",)},
        malignancy_history={"status": "not_met", "origin": "reviewer"},
        E5={"status": "met", "rationale": "lung disease is documented", "evidence": ("m5",), "confidence": "inferred"},
        E1="not_met",
        I1="possible",
        I3="met",
    ),
    *answers("=1+1"),
)


def write_run(
    path: Path, mentions: Sequence[Mention] = MENTIONS, given: Sequence[Answer] = ANSWERS, **about: Any
) -> Path:
    """Write a run folder."""
    told = {
        "versions": {"notecriteria": "9.8.7"},
        "rules_digest": "abc123",
        "trial": TRIAL.trial,
        "statement": TRIAL.statement,
        "inputs": ["notes"],
        "options": {"trial": TRIAL.trial, "columns": {}},
        "finished": FINISHED.isoformat(),
    }
    with RunFolder(path) as folder:
        with TableWriter(folder.create("mentions.parquet"), MENTION_SCHEMA) as table:
            table.add(m.row() for m in mentions)
        with TableWriter(folder.create("answers.parquet"), ANSWER_SCHEMA) as table:
            table.add(a.row() for a in sorted(given, key=lambda a: a.patient_id))
        with folder.create("run.json", text=True) as stream:
            stream.write(json.dumps({**told, **about}))
    return path


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Return a function that writes a run folder and opens it."""

    def make(*parts: Any, **about: Any) -> Run:
        return open_run(write_run(tmp_path / "run", *parts, **about))

    return make


@pytest.fixture
def run(make_run: Callable[..., Run]) -> Run:
    """A run of two patients: 007 with three mentions, and one whose id is a formula, without any."""
    return make_run()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """The one note of the run, as it was screened."""
    path = tmp_path / "notes"
    path.mkdir()
    (path / "007__n1__2024-03-01.txt").write_bytes(TEXT.encode())
    return path
