"""Rows and files as the tests of inputs write them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from extractor import Note
from extractor.notes import Item, NoteIssue, reading


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def csv_text(*rows: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def json_text(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def parquet_bytes(*rows: dict[str, Any]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink)
    return bytes(sink.getvalue())


def texts(items: list[Item]) -> list[str]:
    return [i.text for i in items if isinstance(i, Note)]


def issues(items: list[Item], kind: str | None = None) -> list[NoteIssue]:
    return [i for i in items if isinstance(i, NoteIssue) and kind in (None, i.kind)]


def row(text: str, note: str = "n", patient: str = "p", **more: Any) -> dict[str, Any]:
    return {"patient_id": patient, "note_id": note, "text": text} | more


SHIFTED = reading(date_shift_column="days")


def part(number: Any, text: str | None, note: str = "n", **more: Any) -> dict[str, Any]:
    return row(text, note, **more) | {"seq": number}  # type: ignore[arg-type]


def put(address: str, data: bytes) -> str:
    with fsspec.open(address, "wb", auto_mkdir=True) as file:
        file.write(data)
    return address
