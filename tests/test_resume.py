"""Runs that are killed, gone on with, or repeated: the same files in the end, and no note read twice."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from extractor import batch, workers
from extractor.batch import screen
from extractor.checkpoint import CHECKPOINT, Checkpoint, notes_of
from extractor.errors import UsageError
from extractor.extract import Extractor
from extractor.schema import Note

ROOT = Path(__file__).parent.parent
OUTPUTS = ("mentions.parquet", "answers.parquet", "screening.csv", "report.html")
VARYING = ("started", "finished", "seconds", "notes_taken_over")
"""What run.json says of one run and not of its results."""


def outputs(folder: Path) -> dict[str, Any]:
    """Return all that must be the same after a kill."""
    told = json.loads((folder / "run.json").read_text())
    for name in VARYING:
        told.pop(name)
    told["options"].pop("workers")
    return {name: (folder / name).read_bytes() for name in OUTPUTS} | {"run.json": told}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """240 notes of 40 patients, two of which cannot be read."""
    path = tmp_path / "notes.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("patient_id,note_id,note_date,text\n")
        for i in range(240):
            text = f"Asthma since {1950 + i % 70}. EBV PCR not detected. Weight {40 + i} kg. Denies COPD." * (1 + i % 9)
            stream.write(f"p{i % 40},n{i},2024-01-{1 + i % 28:02},{'' if i in (7, 200) else text}\n")
    return path


@pytest.fixture
def read_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of notes that are read in this process, as they are read."""
    read: list[str] = []
    signals = Extractor.signals

    def told(self: Extractor, note: Note) -> list[Any]:
        read.append(note.note_id)
        return signals(self, note)

    monkeypatch.setattr(Extractor, "signals", told)
    return read


def start(table: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    arguments = ["screen", str(table), "--out", str(out), "--workers", "2", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "extractor.cli", *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return [p for p in psutil.Process(process.pid).children() if "spawn_main" in " ".join(p.cmdline())]


def until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait for something while a process runs."""
    while process.poll() is None and not condition():
        time.sleep(0.005)


def kept(out: Path) -> int:
    """Return how many notes the manifest of a killed run holds."""
    store = sqlite3.connect(out / CHECKPOINT)
    count: int = store.execute("select count(*) from notes").fetchone()[0]
    store.close()
    return count


@pytest.mark.parametrize("after", [0.0, 0.5])
def test_a_run_whose_parent_is_killed_goes_on_and_ends_the_same(table: Path, tmp_path: Path, after: float) -> None:
    screen([table], tmp_path / "whole")
    process = start(table, tmp_path / "cut")
    until(lambda: workers_of(process), process)
    children = workers_of(process)
    time.sleep(after)
    process.kill()
    process.communicate()
    screen([table], tmp_path / "cut", resume=True)
    assert outputs(tmp_path / "cut") == outputs(tmp_path / "whole")
    assert not [p.name for p in (tmp_path / "cut").iterdir() if p.suffix == ".part"]
    psutil.wait_procs(children, timeout=20)
    assert not [p for p in children if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_a_run_whose_workers_are_killed_one_after_the_other_ends_the_same(table: Path, tmp_path: Path) -> None:
    screen([table], tmp_path / "whole")
    process = start(table, tmp_path / "cut")
    for _ in range(3):
        until(lambda: workers_of(process), process)
        for worker in workers_of(process)[:1]:
            worker.kill()
        time.sleep(1.0)
    _, told = process.communicate()
    assert process.returncode == 0, told
    assert outputs(tmp_path / "cut") == outputs(tmp_path / "whole")


@pytest.mark.parametrize("step", ["_answer", "write_report_of", "write_run"])
def test_a_run_killed_while_it_writes_goes_on(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, read_texts: list[str]
) -> None:
    screen([table], tmp_path / "whole")

    class Killed(BaseException):
        pass

    def stops(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(batch, step, stops)
        patch.setattr(batch.RunFolder, "__exit__", lambda *_: None)  # a killed process takes nothing away
        with pytest.raises(Killed):
            screen([table], tmp_path / "cut")
    read_texts.clear()
    screen([table], tmp_path / "cut", resume=True)
    assert read_texts == []
    assert outputs(tmp_path / "cut") == outputs(tmp_path / "whole")
    assert not [p.name for p in (tmp_path / "cut").iterdir() if p.suffix == ".part"]


def test_files_put_in_place_half_way_are_not_taken_for_a_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen([folder], tmp_path / "run")

    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stops)
        with pytest.raises(KeyboardInterrupt):
            screen([folder], tmp_path / "run", as_of="2030-01-01")
    assert not (tmp_path / "run" / "run.json").exists()


def test_unchanged_notes_are_not_read_again(table: Path, tmp_path: Path, read_texts: list[str]) -> None:
    screen([table], tmp_path / "run")
    read_texts.clear()
    run = screen([table], tmp_path / "run", resume=True)
    assert (read_texts, run.resumed, run.notes) == ([], 238, 238)


CHANGES: dict[str, Callable[[str], str]] = {
    "text": lambda s: s.replace("p1,n1,2024-01-02,Asthma", "p1,n1,2024-01-02,COPD"),
    "date": lambda s: s.replace("p1,n1,2024-01-02", "p1,n1,2023-01-02"),
    "new note": lambda s: s + "p1,new,2024-01-02,Asthma.\n",
    "patient": lambda s: s.replace("p1,n1,", "p2,n1,"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_read_again_and_nothing_else(
    table: Path, tmp_path: Path, read_texts: list[str], change: str
) -> None:
    screen([table], tmp_path / "run")
    table.write_text(CHANGES[change](table.read_text()))
    read_texts.clear()
    screen([table], tmp_path / "run", resume=True)
    assert len(read_texts) == 1
    screen([table], tmp_path / "anew")
    assert outputs(tmp_path / "run") == outputs(tmp_path / "anew")


def test_notes_that_are_gone_leave_nothing_behind(folder: Path, tmp_path: Path) -> None:
    screen([folder], tmp_path / "run")
    (folder / "00417__a__2024-02-02.txt").unlink()
    run = screen([folder], tmp_path / "run", resume=True)
    assert [s.patient_id for s in run.summaries] == ["P001", "P003"]
    assert {r.patient_id for r in notes_of(tmp_path / "run")} == {"P001"}


def test_an_input_that_is_away_for_once_is_not_read_again_later(
    folder: Path, table: Path, tmp_path: Path, read_texts: list[str]
) -> None:
    screen([folder, table], tmp_path / "run")
    table.rename(tmp_path / "away")
    run = screen([folder, table], tmp_path / "run", resume=True)
    assert len(run.summaries) == 3
    (tmp_path / "away").rename(table)
    read_texts.clear()
    screen([folder, table], tmp_path / "run", resume=True)
    assert read_texts == []


TERM = """
label: LUNG_DISEASE
description: x
entries:
  - id: lung_disease.zebra
    concept: zebra lung
    terms: [zebra lung]
    source: the site
    match: [Has zebra lung.]
    no_match: [Zebra.]
"""


@pytest.mark.parametrize(("changed", "read"), [("rules", 3), ("trial", 0), ("reference date", 0), ("redaction", 3)])
def test_a_change_runs_again_what_it_must(
    folder: Path, tmp_path: Path, read_texts: list[str], changed: str, read: int
) -> None:
    (folder / "00417__a__2024-02-02.txt").write_text("Zebra lung. Asthma.")
    site = tmp_path / "site"
    (site / "trials").mkdir(parents=True)
    shipped = (ROOT / "rules" / "trials" / "NCT07208058.yaml").read_text()
    (site / "trials" / "X.yaml").write_text(shipped.replace("trial: NCT07208058", "trial: X"))
    screen([folder], tmp_path / "run", rules=site, trial="X")
    options: dict[str, Any] = {"rules": site, "trial": "X"}
    if changed == "rules":
        (site / "vocabulary").mkdir()
        (site / "vocabulary" / "zebra.yaml").write_text(TERM)
    elif changed == "trial":
        (site / "trials" / "X.yaml").write_text(shipped.replace("trial: NCT07208058", "trial: X") + "# changed\n")
    elif changed == "reference date":
        options["as_of"] = "2030-01-01"
    else:
        options["redact_evidence"] = True
    from extractor.rulebook import load_rulebook

    load_rulebook.cache_clear()
    workers._extractor.cache_clear()
    read_texts.clear()
    screen([folder], tmp_path / "run", resume=True, **options)
    assert len(read_texts) == read
    screen([folder], tmp_path / "anew", **options)
    assert outputs(tmp_path / "run") == outputs(tmp_path / "anew")


def test_another_version_takes_nothing_over(
    folder: Path, tmp_path: Path, read_texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen([folder], tmp_path / "run")
    monkeypatch.setattr(batch, "versions", lambda: {"notecriteria": "9", "python": "3"})
    read_texts.clear()
    assert screen([folder], tmp_path / "run", resume=True).resumed == 0
    assert len(read_texts) == 3


def test_without_resume_all_is_read_again(folder: Path, tmp_path: Path, read_texts: list[str]) -> None:
    screen([folder], tmp_path / "run")
    read_texts.clear()
    screen([folder], tmp_path / "run")
    assert len(read_texts) == 3


def test_resume_where_nothing_was_begins(folder: Path, tmp_path: Path) -> None:
    assert screen([folder], tmp_path / "run", resume=True).notes == 3


@pytest.mark.parametrize("damage", [b"", b"no manifest", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_manifest_costs_the_time_saved_and_no_more(folder: Path, tmp_path: Path, damage: bytes) -> None:
    screen([folder], tmp_path / "whole")
    screen([folder], tmp_path / "run")
    (tmp_path / "run" / CHECKPOINT).write_bytes(damage)
    assert screen([folder], tmp_path / "run", resume=True).resumed == 0
    assert outputs(tmp_path / "run") == outputs(tmp_path / "whole")


def test_two_runs_in_a_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with (
        Checkpoint(tmp_path / "run", "key", resume=False),
        pytest.raises(UsageError, match="another run is at work there"),
    ):
        screen([folder], tmp_path / "run")


def test_a_note_that_could_not_be_worked_on_is_tried_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals = Extractor.signals

    def fails(self: Extractor, note: Note) -> list[Any]:
        if note.note_id == "a":
            raise MemoryError
        return signals(self, note)

    with monkeypatch.context() as patch:
        patch.setattr(Extractor, "signals", fails)
        assert len(screen([folder], tmp_path / "run").issues_of("set_aside")) == 2
    run = screen([folder], tmp_path / "run", resume=True)
    assert (len(run.issues_of("set_aside")), run.resumed) == (1, 2)


def test_ids_given_twice_are_told_also_when_the_first_was_taken_over(table: Path, tmp_path: Path) -> None:
    with table.open("a") as stream:
        stream.write("p1,n1,2024-01-02,Other.\np0,n0,2024-01-02,Other.\n")
    screen([table], tmp_path / "run")
    run = screen([table], tmp_path / "run", resume=True)
    assert [i.row for i in run.issues_of("set_aside")] == [9, 202, 242, 243]
