"""A note that would take for ever is set aside alone, whatever holds it up and however many processes there are."""

from __future__ import annotations

import re
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from extractor import workers
from extractor.batch import screen
from extractor.errors import UsageError
from extractor.records import NoteResult
from extractor.schema import Note
from extractor.workers import Crew, Settings, extraction, took_too_long
from tests.test_resume import outputs

SECONDS = 0.2
HANGS = ("regex", "loop", "sleep")
_serve, _work_chunk = workers._serve, workers._work_chunk


def _hang(how: str) -> None:
    if how == "regex":
        re.match(r"(a+)+$", "a" * 60 + "b")
    while how == "loop":
        pass
    time.sleep(1000)


def _work(note: Note, *_: object) -> NoteResult:
    if note.text in HANGS:
        _hang(note.text)
    return NoteResult(note.patient_id, note.note_id, note.note_date, None)


def _chunk(chunk: list[Note], settings: Settings) -> list[NoteResult]:
    workers.work = _work
    workers._extractor = lambda _: None  # type: ignore[assignment]
    return _work_chunk(chunk, settings)


def _serve_at_once(pipe: Connection, *arguments: Any) -> None:
    """Be a worker that has no rules to load first."""
    workers._extractor = lambda _: None  # type: ignore[assignment]
    _serve(pipe, *arguments)


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Workers that start at once and hang on some notes."""
    for name, function in {"_serve": _serve_at_once, "_work_chunk": _chunk, "work": _work, "NOTES": 4}.items():
        monkeypatch.setattr(workers, name, function)
    monkeypatch.setattr(workers, "_extractor", lambda _: None)
    return monkeypatch


def results(notes: list[Note], count: int, seconds: float = SECONDS, *, apart: bool = False) -> list[NoteResult]:
    with Crew(count, Settings(note_timeout=seconds), apart=apart) as crew:
        return list(crew.run(extraction(), notes))


@pytest.mark.parametrize(("count", "apart"), [(1, False), (1, True), (2, False)])
def test_notes_that_take_too_long_are_set_aside_alone(
    light: pytest.MonkeyPatch,  # noqa: ARG001
    count: int,
    apart: bool,
) -> None:
    hanging = {0: "regex", 1: "loop", 6: "sleep", 13: "regex"}
    notes = [Note("p", f"n{i}", hanging.get(i, "asthma")) for i in range(14)]
    given = results(notes, count, apart=apart)
    assert [r.note_id for r in given] == [n.note_id for n in notes]
    assert {r.note_id: r.fault for r in given if r.fault} == {f"n{i}": took_too_long(SECONDS) for i in hanging}


def test_a_note_that_took_too_long_once_is_done(light: pytest.MonkeyPatch, tmp_path: Path) -> None:
    light.setattr(workers, "_work_chunk", _chunk_once)
    given = results([Note("p", "n", str(tmp_path / "mark")), Note("p", "m", "asthma")], 2)
    assert [r.fault for r in given] == [None, None]


def _chunk_once(chunk: list[Note], settings: Settings) -> list[NoteResult]:
    mark = Path(chunk[0].text)
    if mark.is_absolute() and not mark.exists():
        mark.touch()
        with workers._alarm(settings.note_timeout):
            time.sleep(1000)
    return _chunk(chunk, settings)


def test_without_a_limit_a_note_takes_as_long_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []

    def looks(note: Note, *_: object) -> NoteResult:
        left.append(signal.getitimer(signal.ITIMER_VIRTUAL)[0])
        return _work(note)

    monkeypatch.setattr(workers, "work", looks)
    monkeypatch.setattr(workers, "_extractor", lambda _: None)
    results([Note("p", "n", "asthma")], 1, 0)
    results([Note("p", "n", "asthma")], 1, 100)
    assert left[0] == 0 and 90 < left[1] < 101
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


def test_an_alarm_of_somebody_else_in_this_process_is_left_alone(light: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 50)
    try:
        results([Note("p", "n", "asthma")], 1)
        assert 40 < signal.getitimer(signal.ITIMER_REAL)[0] <= 50
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_another_thread_may_work_though_it_hears_no_alarm(light: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    given: list[NoteResult] = []
    thread = Thread(target=lambda: given.extend(results([Note("p", "n", "asthma")], 1)))
    thread.start()
    thread.join()
    assert [r.fault for r in given] == [None]


TERM = """
label: LUNG_DISEASE
description: x
entries:
  - id: lung_disease.zebra
    concept: zebra lung
    patterns: ['zebra(?: ?lung)*']
    near: ['(?:(?:z+ ?)+)+y']
    source: the site
    match: [Has zebra lung zy.]
    no_match: [Lung.]
"""


def test_a_run_with_a_runaway_rule_sets_its_note_aside_and_ends_the_same_however_it_goes(
    folder: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    (site / "vocabulary").mkdir(parents=True)
    (site / "vocabulary" / "zebra.yaml").write_text(TERM)
    (folder / "Q001__slow__2024-03-01.txt").write_text("Zebra lung " + "z" * 60 + ". Asthma.")
    (folder / "Q001__fast__2024-03-02.txt").write_text("Zebra lung zy. COPD.")
    options: dict[str, Any] = {"rules": site, "note_timeout": 3.0}
    run = screen([folder], tmp_path / "two", workers=2, **options)
    issues = {i.note_id: i.reason for i in run.issues_of("set_aside")}
    assert issues.pop("slow") == took_too_long(3)
    assert list(issues) == ["empty"] and run.notes == 4
    screen([folder], tmp_path / "one", **options)
    again = screen([folder], tmp_path / "one", resume=True, **options)
    assert again.resumed == 4
    assert outputs(tmp_path / "one") == outputs(tmp_path / "two")


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e30])
def test_a_limit_that_is_no_time_is_refused(folder: Path, tmp_path: Path, seconds: float) -> None:
    with pytest.raises(UsageError, match=r"--note-timeout .*: give seconds, or 0 for no limit"):
        screen([folder], tmp_path / "run", note_timeout=seconds)
    assert not (tmp_path / "run").exists()
