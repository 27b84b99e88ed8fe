"""Many notes to a run folder: the plain function behind ``notecriteria screen``."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from extractor.answering import answering, showing
from extractor.checkpoint import CHECKPOINT, Checkpoint, fingerprint
from extractor.errors import UsageError
from extractor.notes import Input, Located, NoteIssue, Reading, Source, find_notes, reading, shown
from extractor.notes.meter import Meter, size_of
from extractor.records import NoteResult
from extractor.runfolder import RunFolder
from extractor.runrecord import Run, versions, write_report_of, write_run
from extractor.schema import Note
from extractor.screener import Screener, reference_date
from extractor.sheet import Sheet
from extractor.tables import ANSWER_SCHEMA, MENTION_SCHEMA, TableWriter
from extractor.workers import NOTE_TIMEOUT, Crew, Done, Settings, extraction

_PACKAGE: Final = Path(__file__).parent
_LONGEST: Final = 1e7
"""Seconds of a time limit at most: what every system's timer takes."""
FEW: Final = 200
"""Patients that are answered sooner than other processes start."""


class Progress(Protocol):
    """Someone who wants to know how far a run is; never told any words of a note."""

    def note(self, share: float | None) -> None:
        """Take notice of one more note.

        Args:
            share: how much of the input is read, from 0 to 1; ``None`` where nobody knows.
        """

    def patient(self, share: float | None) -> None:
        """Take notice of one more patient whose questions are answered.

        Args:
            share: how many of all patients that makes, from 0 to 1.
        """


def screen(
    inputs: Sequence[Input],
    out: str | Path,
    *,
    trial: str | Path = "NCT07208058",
    rules: str | Path | None = None,
    as_of: str | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    part_column: str | None = None,
    part_separator: str = "none",
    date_shift_column: str | None = None,
    workers: int = 1,
    redact_evidence: bool = False,
    resume: bool = False,
    note_timeout: float = NOTE_TIMEOUT,
    progress: Progress | None = None,
) -> Run:
    """Read notes, answer a trial's questions for every patient and write the run folder.

    Args:
        inputs: folders and files of notes, see ``read_notes``, or other sources.
        out: the run folder; an earlier run in it is written over.
        trial: trial id or file.
        rules: folder of a site's own rules.
        as_of: reference date as ``YYYY-MM-DD``; default is the date of each patient's latest note.
        columns: the user's own column names by field.
        encoding: the encoding that all text has; default is to find out.
        part_column: the column with the number of a note's part, where notes are split over rows.
        part_separator: ``none``, ``space`` or ``newline``, which stands between parts.
        date_shift_column: the column with the days that were added to a patient's dates; they are taken off again.
        workers: processes to work in; the results are the same whatever their number.
        redact_evidence: leave the words of the notes out of all files.
        resume: take over what an earlier run in the folder, finished or killed, read with the same rules and version.
        note_timeout: seconds after which a note is set aside; 0 lets it take as long as it likes.
        progress: is told of every note and patient.

    Returns:
        What was done and what could not be read; faulty inputs are issues of kind ``input``.

    Raises:
        UsageError: wrong options, none of the inputs can be read, or another run is at work in the folder.
        RuleError: a fault in a rule or trial file.
    """
    if not inputs:
        raise UsageError("no input: name a folder or file of notes")
    if workers < 1:
        raise UsageError(f"--workers {workers}: give 1 or more")
    if not 0 <= note_timeout <= _LONGEST:
        raise UsageError(f"--note-timeout {note_timeout:g}: give seconds, or 0 for no limit")
    reference_date([], as_of)
    how = reading(
        columns,
        encoding=encoding,
        part_column=part_column,
        part_separator=part_separator,
        date_shift_column=date_shift_column,
    )
    started = dt.datetime.now(dt.UTC)
    run = Run(Path(out), Screener(trial, rules, as_of))
    site = Path(rules) if rules is not None else None
    options = {
        "trial": str(trial),
        "rules": str(rules) if rules is not None else None,
        "as_of": as_of,
        "columns": dict(columns or {}),
        "encoding": encoding,
        "part_column": part_column,
        "part_separator": part_separator,
        "date_shift_column": date_shift_column,
        "workers": workers,
        "redact_evidence": redact_evidence,
        "note_timeout": note_timeout,
    }
    folder = RunFolder(run.out)
    settings = Settings(site, redact_evidence, trial, as_of, note_timeout)
    with (
        Checkpoint(folder.path, _key(run.screener, redact=redact_evidence), resume=resume) as kept,
        # The run before may have been killed by one of its notes, which must not kill this one.
        Crew(workers, settings, apart=kept.unfinished) as crew,
    ):
        folder.tidy()
        with Timed(run, "read_and_extract"):
            _Work(run, kept, progress).read(inputs, how, crew)
        if not len(kept) and len(run.issues_of("input")):
            kept.close()
            folder.undo(CHECKPOINT)
            raise UsageError("\n".join(issue.line for issue in run.issues_of("input")))
        with folder:
            with Timed(run, "answer_and_write"):
                _answer(run, kept, folder, crew, progress)
                evidence = partial(_evidence, kept, crew)
                write_report_of(run, evidence, folder, redact_evidence, date_shift_column)
            described = [i.described() if isinstance(i, Source) else shown(i) for i in inputs]
            write_run(run, folder, {"started": started, "inputs": described, "options": options})
        kept.finished()
    return run


class Timed:
    """Keeps how long a step took."""

    def __init__(self, run: Run, step: str) -> None:
        self._run, self._step = run, step

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._run.timings[self._step] = round(time.perf_counter() - self._began, 3)


def _key(screener: Screener, *, redact: bool) -> str:
    """Return a digest of all that decides what a note gives besides the note; trials decide about answers alone."""
    whole = hashlib.sha256(json.dumps([versions(), redact]).encode())
    files = screener.extractor.book.files
    for name in sorted(files):
        if name.split("/")[1] != "trials":
            whole.update(f"{name}:{files[name]}\n".encode())
    # The code itself too: a version of one's own, between two releases, must not take over what another one found.
    for path in sorted(_PACKAGE.rglob("*.py")):
        whole.update(path.relative_to(_PACKAGE).as_posix().encode() + path.read_bytes())
    if _PACKAGE.parent.is_file():  # the zip that Spark is given
        whole.update(_PACKAGE.parent.read_bytes())
    return whole.hexdigest()


class _Waiting(NamedTuple):
    """A note that is being worked on: where it stood, its fingerprint, and how much was read when it was."""

    source: str
    row: int | None
    digest: bytes
    share: float | None


class _Passed(NamedTuple):
    """What needs no work: an issue, or (``None``) a note taken over."""

    issue: NoteIssue | None
    share: float | None


class _Work:
    """Reads notes, has them worked on where an earlier run did not, and keeps what they gave; in order.

    Args:
        run: counts and issues.
        kept: the manifest.
        progress: is told of every note.
    """

    def __init__(self, run: Run, kept: Checkpoint, progress: Progress | None) -> None:
        self._run, self._kept, self._progress = run, kept, progress
        self._waiting: deque[_Waiting] = deque()

    def read(self, inputs: Sequence[Input], how: Reading, crew: Crew) -> None:
        """Read and extract note by note; only mentions stay."""
        size = size_of(inputs)
        meter = Meter(size * 2 if size and how.parts else size)  # notes in parts are read twice
        with meter.running():
            items = self._items(find_notes(inputs, how=how, seen=self._kept), meter)
            for item in crew.run(extraction(), items):
                if isinstance(item, NoteResult):
                    place = self._waiting.popleft()
                    self._keep(item, place)
                    share = place.share
                else:
                    self._pass(item.value)
                    share = item.value.share
                if self._progress:
                    self._progress.note(share)
        if not len(self._run.issues_of("input")):
            self._kept.all_read()

    def _items(self, found: Iterable[Located | NoteIssue], meter: Meter) -> Iterator[Note | Done]:
        """Yield the notes to work on; issues and notes taken over keep their places among them."""
        for item in found:
            if isinstance(item, NoteIssue):
                yield Done(_Passed(item, meter.share))
                continue
            digest = fingerprint(item.note)
            if self._kept.take_over(item.note, digest):
                yield Done(_Passed(None, meter.share))
            else:
                self._waiting.append(_Waiting(item.source, item.row, digest, meter.share))
                # Further columns are of no use to a worker, and sending them takes time.
                yield replace(item.note, extra={})

    def _keep(self, result: NoteResult, place: _Waiting) -> None:
        self._kept.put(result, place.digest)
        if result.fault is None:
            self._run.notes += 1
        else:
            self._note_issue(NoteIssue(place.source, place.row, result.fault, result.patient_id, result.note_id))

    def _pass(self, passed: _Passed) -> None:
        if passed.issue is not None:
            self._note_issue(passed.issue)
            return
        self._run.notes += 1
        self._run.resumed += 1

    def _note_issue(self, issue: NoteIssue) -> None:
        self._run.issues.append(issue)
        if issue.kind == "set_aside":
            self._kept.set_aside(issue.patient_id)


def _answer(run: Run, kept: Checkpoint, folder: RunFolder, crew: Crew, progress: Progress | None) -> None:
    """Answer every patient and write the tables and the sheet."""
    patients, questions = len(kept), [q.id for q in run.screener.trial.questions]
    with (
        TableWriter(folder.create("mentions.parquet"), MENTION_SCHEMA) as mentions,
        TableWriter(folder.create("answers.parquet"), ANSWER_SCHEMA) as answers,
        folder.create("screening.csv", text=True) as stream,
    ):
        sheet = Sheet(stream, questions, run.screener.trial.statement)
        for answered in crew.run(answering(), kept, here=_are_few(crew, patients)):
            mentions.add_packed(answered.mentions)
            answers.add_packed(answered.answers)
            line = answered.summary
            sheet.add(line.patient_id, line.notes, line.screen, dict(zip(questions, line.statuses, strict=True)))
            run.summaries.append(line)
            if progress:
                progress.patient(len(run.summaries) / patients)
    run.mentions = mentions.count


def _evidence(kept: Checkpoint, crew: Crew, patients: Sequence[str]) -> Iterator[str]:
    """Return what the report shows of patients, in their order."""
    return crew.run(showing(), map(kept.__getitem__, patients), here=_are_few(crew, len(patients)))


def _are_few(crew: Crew, patients: int) -> bool:
    """Return whether patients are worked on sooner in this process."""
    return not crew.started and patients < FEW
