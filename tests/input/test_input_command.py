"""What the command tells of its inputs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from extractor.batch import screen
from extractor.cli import app
from extractor.notes import NoteIssue, read_notes
from tests.input.tables import csv_text, json_text, part, put, row, write


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_command_takes_addresses_and_all_options(tmp_path: Path) -> None:
    rows = [part(2, "asthma.", days=10), part(1, "Denies ", days=10, note_date="2024-01-11")]
    address = put("memory://cli/n.csv", csv_text(*[rows[0] | {"note_date": ""}, rows[1]]).encode("utf-16"))
    options = (
        "--part-column",
        "seq",
        "--date-shift-column",
        "days",
        "--encoding",
        "utf-16",
        "--part-separator",
        "none",
    )
    result = invoke("screen", address, "--out", tmp_path / "run", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    (mention,) = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert (mention["text"], mention["note_date"]) == ("asthma", "2024-01-01")
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["inputs"] == [address]
    assert told["options"]["date_shift_column"] == "days"
    assert "moved back by each patient" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize(
    "options", [("--encoding", "klingon"), ("--part-separator", "comma"), ("--part-column", "gone")]
)
def test_wrong_options_end_with_2_and_one_line(tmp_path: Path, options: tuple[str, str]) -> None:
    path = write(tmp_path / "n.csv", csv_text(row("Text.")).encode())
    result = invoke("screen", path, "--out", tmp_path / "run", *options)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1 and options[0] in result.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_the_shift_reaches_worker_processes(tmp_path: Path, workers: int) -> None:
    path = write(tmp_path / "n.csv", csv_text(row("Asthma.", note_date="2024-01-11", days=10)).encode())
    screen([path], tmp_path / "run", date_shift_column="days", workers=workers)
    (mention,) = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert mention["note_date"] == "2024-01-01"


FAULTS: dict[str, tuple[str, bytes | None, int, str]] = {
    "missing column": ("bad.csv", b"patient_id,note_id\nq,n\n", 2, ": has no column text; "),
    "empty file": ("bad.csv", b"", 2, ": the file is empty; "),
    "binary file": ("bad.csv", b"\x00\x01\x02\x03" * 99, 2, ": is a binary file; "),
    "binary file with text's name": ("bad__n.txt", b"\x89PNG\r\n\x1a\n\x00", 0, ": is a picture; "),
    "unreadable path": ("bad.csv", None, 2, ": cannot be read (No such file or directory); "),
    "malformed line": ("bad.jsonl", json_text(row("Fine.", "f")).encode() + b"{oops\n", 0, ", row 2: is no JSON "),
    "same ids": (
        "bad.jsonl",
        json_text(row("Fine.", "f"), row("Again.", "f")).encode(),
        0,
        ", row 2: the ids of this note",
    ),
    "empty note": ("bad.csv", csv_text(row("", "e")).encode(), 0, ", row 2: text is missing; "),
    "blank note": ("bad.csv", csv_text(row("  ", "e")).encode(), 0, ", row 2: the note is empty; "),
    "not UTF-8": (
        "bad.csv",
        csv_text(row("caf\u00e9", "u")).encode("cp1252"),
        0,
        ", row 2: is not UTF-8 and is read as",
    ),
    "damaged UTF-8": (
        "bad.csv",
        csv_text(row("\u00e9", "u")).encode() + b"p,v,\xe9 \xc3\xa9\n",
        0,
        ", row 3: text is not",
    ),
    "missing value": ("bad.jsonl", json_text(row(None, "m")).encode(), 0, ", row 1: text is missing; "),  # type: ignore[arg-type]
    "non-text value": ("bad.jsonl", json_text(row({"a": 1}, "m")).encode(), 0, ", row 1: text is not text; "),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", FAULTS)
def test_the_command_tells_each_fault_in_one_line_and_does_the_good_notes(tmp_path: Path, case: str) -> None:
    name, data, code, told = FAULTS[case]
    bad, good = tmp_path / name, write(tmp_path / "good.csv", csv_text(row("Has asthma.", "good")).encode())
    if data is not None:
        bad.write_bytes(data)
    result = invoke("screen", bad, good, "--out", tmp_path / "run")
    assert result.exit_code == code
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"notecriteria: {bad}{told}")
    assert "; " in line, "a remedy follows"
    mentions = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert [m["text"] for m in mentions if m["note_id"] == "good"] == ["asthma"]


@pytest.mark.parametrize("name", ["a\x00b.csv", "x" * 5000 + ".csv", "x" * 5000])
def test_a_name_that_no_file_can_have_is_one_line(name: str) -> None:
    (issue,) = read_notes([name])
    assert isinstance(issue, NoteIssue) and issue.kind == "input"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "n.csv")
    (issue,) = read_notes([tmp_path / "n.csv"])
    assert isinstance(issue, NoteIssue) and issue.reason == "is no regular file; name a file"
