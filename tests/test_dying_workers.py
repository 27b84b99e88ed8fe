"""Workers that die on a note, or cannot be started: that note alone is set aside."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from extractor import batch, workers
from extractor.batch import screen
from extractor.checkpoint import Checkpoint
from extractor.errors import NoteCriteriaError
from extractor.records import NoteResult
from extractor.runrecord import Run
from extractor.schema import Note
from extractor.workers import DIED, Done
from tests.conftest import extract_notes
from tests.shared import made


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
        made(tmp_path / "run"), batch._key(Run(tmp_path, batch.Screener()).screener, redact=False), resume=True
    ):
        pass  # a run that did not come to its end
    light.setattr(workers, "_work_chunk", _dies_on)
    run = screen([folder], tmp_path / "run", resume=True)
    assert {i.note_id: i.reason for i in run.issues_of("set_aside")}["n2"] == DIED
    assert run.notes == 2


def _never_starts(*_: object) -> None:
    os._exit(3)


def test_workers_that_cannot_be_started_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_serve", _never_starts)
    with pytest.raises(NoteCriteriaError, match="worker processes cannot be started here; use --workers 1"):
        list(extract_notes([Note("p", "n", "asthma")], None, 2, redact=False))
