"""Runs that are killed, gone on with, or repeated: the same files in the end, and no note read twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pytest

from extractor import batch, workers
from extractor.batch import screen
from extractor.checkpoint import CHECKPOINT, Checkpoint, fingerprint, notes_of
from extractor.errors import NoteCriteriaError, UsageError
from extractor.extract import Extractor
from extractor.records import NoteResult, pack, unpack
from extractor.runrecord import Run
from extractor.schema import Note
from extractor.workers import DIED, Done
from tests.conftest import extract_notes

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


def _finds_nothing(chunk: list[Note]) -> list[NoteResult]:
    return [NoteResult(n.patient_id, n.note_id, n.note_date, None) for n in chunk]


def _dies_on(chunk: list[Note], *_: object) -> list[NoteResult]:
    if any("poison" in note.text for note in chunk):
        os.kill(os.getpid(), signal.SIGKILL)
    return _finds_nothing(chunk)


def _dies_once(chunk: list[Note], *_: object) -> list[NoteResult]:
    mark = next((Path(n.text) for n in chunk if n.note_id == "mark"), None)
    if mark and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return _finds_nothing(chunk)


_serve = workers._serve


def _serve_at_once(pipe: Connection, *arguments: Any) -> None:
    """Be a worker that has no rules to load first."""
    workers._extractor = lambda _: None  # type: ignore[assignment]
    _serve(pipe, *arguments)


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Workers that start at once."""
    monkeypatch.setattr(workers, "_serve", _serve_at_once)
    return monkeypatch


@pytest.mark.parametrize("count", [1, 2])
def test_notes_that_kill_their_workers_are_set_aside_alone(light: pytest.MonkeyPatch, count: int) -> None:
    light.setattr(workers, "_work_chunk", _dies_on)
    light.setattr(workers, "NOTES", 4)
    notes = [Note("p", f"n{i}", "poison" if i in (0, 5, 6, 19) else "asthma") for i in range(20)]
    items = [item for i, note in enumerate(notes) for item in (note, Done(i))]
    results = list(extract_notes(items, None, count, redact=False, apart=True))
    assert [r.note_id for r in results if not isinstance(r, Done)] == [n.note_id for n in notes]
    assert [r.value for r in results if isinstance(r, Done)] == list(range(20))
    faults = {r.note_id: r.fault for r in results if not isinstance(r, Done) and r.fault}
    assert faults == dict.fromkeys(("n0", "n5", "n6", "n19"), DIED)


def test_a_note_whose_worker_was_killed_by_somebody_else_is_done(tmp_path: Path, light: pytest.MonkeyPatch) -> None:
    light.setattr(workers, "_work_chunk", _dies_once)
    notes = [Note("p", "mark", str(tmp_path / "mark")), Note("p", "n", "asthma")]
    assert [r.fault for r in extract_notes(notes, None, 2, redact=False) if not isinstance(r, Done)] == [None, None]


def test_a_note_that_killed_a_run_of_one_process_is_set_aside_when_it_goes_on(
    folder: Path, tmp_path: Path, light: pytest.MonkeyPatch
) -> None:
    (folder / "P001__n2__2024-03-09.txt").write_text("poison")
    with Checkpoint(
        _made(tmp_path / "run"), batch._key(Run(tmp_path, batch.Screener()).screener, redact=False), resume=True
    ):
        pass  # a run that did not come to its end
    light.setattr(workers, "_work_chunk", _dies_on)
    run = screen([folder], tmp_path / "run", resume=True)
    assert {i.note_id: i.reason for i in run.issues_of("set_aside")}["n2"] == DIED
    assert run.notes == 2


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def _never_starts(*_: object) -> None:
    os._exit(3)


def test_workers_that_cannot_be_started_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_serve", _never_starts)
    with pytest.raises(NoteCriteriaError, match="worker processes cannot be started here; use --workers 1"):
        list(extract_notes([Note("p", "n", "asthma")], None, 2, redact=False))


TEXTS = [
    "Denies asthma. EBV PCR 1,200 IU/mL on 3/2/2024; prednisone 60 mg daily x 5 days.",
    "as\ud800thma \U0001f642 COPD",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_kept_of_a_note_is_what_was_found(text: str) -> None:
    note = Note("p\ud800", "n", text, "2024-03-05")
    mentions = Extractor().signals(note)
    assert unpack(pack(note, mentions, redact=False)).mentions == mentions


def test_ids_with_any_characters_are_kept(tmp_path: Path) -> None:
    ids = ["a", "\ud800", "é", "\U0001f642", "'; drop table notes; --", "\x00", "Z"]
    with Checkpoint(_made(tmp_path / "run"), "key", resume=False) as manifest:
        for i in ids:
            note = Note(i, i, "asthma")
            manifest.add((i, i))
            assert (i, i) in manifest
            manifest.put(pack(note, [], redact=False), fingerprint(note))
            assert (i, i) in manifest
        assert [record.patient_id for record in manifest] == sorted(ids)


def test_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.csv"
        with path.open("w") as stream:
            stream.write("patient_id,note_id,text\n")
            for i in range(count):
                stream.write(f"patient-{i},note-{i},{'Feels well today. ' * 20}\n")
        code = (
            "import resource, sys; from extractor.batch import screen; screen([sys.argv[1]], sys.argv[2]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        out = tmp_path / f"run{count}"
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), str(out)], capture_output=True, text=True, check=True, cwd=ROOT
        )
        return int(done.stdout)

    assert peak(6_000) < 1.15 * peak(1_500)


def test_of_equal_length_parts_of_a_note_are_told_apart() -> None:
    assert fingerprint(Note("p", "n", "bc", "a")) != fingerprint(Note("p", "n", "c", "ab"))
