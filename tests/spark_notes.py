"""Notes for the tests of Spark: many that can be read, and one of each kind that cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

TABLES: Final = ("mentions.parquet", "answers.parquet", "screening.csv")
_COPIED: Final = "Seen in clinic today; she has severe persistent asthma and takes prednisone 60 mg daily."
_TEXTS: Final = (
    "HPI: adult-onset Still's disease, ferritin 12,400 ng/mL. HLH-2004 6/8 criteria met. EBV PCR not detected.\r\n",
    _COPIED,
    _COPIED + " Weight 60 kg. Also DLBCL.",
    "Denies COPD. Mother with lymphoma. EBV PCR 1,200 copies/mL. \U0001f642 CAR\u2011T in 2021. as\u200bthma\x00",
    "Feels well.",
)


def rows(patients: int = 12, notes: int = 4) -> list[dict[str, Any]]:
    """Return rows of notes, each patient's far apart; the last ones are of no use or need a word."""
    good = [
        _row(f"{p:05}", f"n{n}", _TEXTS[(p + n) % len(_TEXTS)], f"202{n}-03-1{p % 10}" if n else None)
        for n in range(notes)
        for p in range(patients)
    ]
    return [*good, *faulty()]


def faulty() -> list[dict[str, Any]]:
    """Return rows that are set aside or warned of, of patients of their own and of others."""
    return [
        _row("00001", "n1", "Asthma, but these ids were read before.", "2021-01-01"),
        _row(None, "x", "Asthma of nobody."),
        _row(" ", "x", "Asthma of nobody."),
        _row("00002", None, "Asthma in a note without an id."),
        _row("alone", "a", ""),
        _row("alone", "b", None),
        _row("dated", "a", "Asthma.", "last spring"),
        _row("dated", "b", "COPD.", "20240301"),
        _row("Ünïcode \U0001f642", "ß", "Asthma.", "2024-02-30"),
    ]


def _row(patient: str | None, note: str | None, text: str | None, date: str | None = None) -> dict[str, Any]:
    return {"patient_id": patient, "note_id": note, "text": text, "note_date": date, "note_type": None, "ward": "7"}


def write(path: Path, content: list[dict[str, Any]], **types: pa.DataType) -> Path:
    """Write rows to a Parquet file, all columns as strings but for the types given."""
    names = list(content[0])
    schema = pa.schema([(name, types.get(name, pa.string())) for name in names])
    pq.write_table(pa.Table.from_pylist(content, schema=schema), path)
    return path


def told(folder: Path) -> dict[str, Any]:
    """Return what ``run.json`` tells of results, without what differs between any two runs."""
    content: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return {name: content[name] for name in ("rules_digest", "trial", "counts", "set_aside", "warnings")}


def same(first: Path, second: Path) -> bool:
    """Return whether two run folders hold the same results, byte for byte."""
    names = (*TABLES, "report.html")
    return told(first) == told(second) and all((first / n).read_bytes() == (second / n).read_bytes() for n in names)
