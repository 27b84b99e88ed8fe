"""Many notes to a run folder: the plain function behind ``notecriteria screen``."""

from __future__ import annotations

import datetime as dt
import json
import platform
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Protocol

from extractor.errors import UsageError
from extractor.notes import Located, NoteIssue, find_notes
from extractor.records import Record, Records
from extractor.report import Detail, Frame, Summary, with_details, write_report
from extractor.resolver import screen_of
from extractor.runfolder import RUN, RunFolder
from extractor.schema import SCREENS, Answer, Note
from extractor.screener import Screener, reference_date
from extractor.sheet import Sheet
from extractor.tables import ANSWER_SCHEMA, MENTION_SCHEMA, TableWriter, storable
from extractor.workers import extract_notes

_PACKAGES: Final = ("notecriteria", "medspacy", "spacy", "pyarrow")


class Progress(Protocol):
    """Someone who wants to know how far a run is; never told any words of a note."""

    def note(self) -> None:
        """Take notice of one more note."""


@dataclass
class Run:
    """What a run did.

    Args:
        out: the run folder.
        screener: the trial and the rules.
        issues: all that could not be read.
        notes: notes read.
        mentions: mentions written.
        summaries: a line per patient.
        timings: seconds by step.
    """

    out: Path
    screener: Screener
    issues: list[NoteIssue] = field(default_factory=list)
    notes: int = 0
    mentions: int = 0
    summaries: list[Summary] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)

    def issues_of(self, kind: str) -> list[NoteIssue]:
        """Return the issues of one kind."""
        return [issue for issue in self.issues if issue.kind == kind]

    @property
    def tallies(self) -> dict[str, Counter[str]]:
        """How many patients have each status, by question."""
        questions = [q.id for q in self.screener.trial.questions]
        return {q: Counter(s.statuses[i] for s in self.summaries) for i, q in enumerate(questions)}

    @property
    def screens(self) -> dict[str, int]:
        """How many patients have each roll-up."""
        counts = Counter(s.screen for s in self.summaries)
        return {screen: counts[screen] for screen in SCREENS}


def screen(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    trial: str | Path = "NCT07208058",
    rules: str | Path | None = None,
    as_of: str | None = None,
    columns: Mapping[str, str] | None = None,
    workers: int = 1,
    redact_evidence: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Read notes, answer a trial's questions for every patient and write the run folder.

    Args:
        inputs: folders and files of notes, see ``read_notes``.
        out: the run folder; an earlier run in it is written over.
        trial: trial id or file.
        rules: folder of a site's own rules.
        as_of: reference date as ``YYYY-MM-DD``; default is the date of each patient's latest note.
        columns: the user's own column names by field.
        workers: processes to work in; the results are the same whatever their number.
        redact_evidence: leave the words of the notes out of all files.
        progress: is told of every note.

    Returns:
        What was done and what could not be read; faulty inputs are issues of kind ``input``.

    Raises:
        UsageError: wrong options, or none of the inputs can be read.
        RuleError: a fault in a rule or trial file.
    """
    if not inputs:
        raise UsageError("no input: name a folder or file of notes")
    if workers < 1:
        raise UsageError(f"--workers {workers}: give 1 or more")
    reference_date([], as_of)
    started = dt.datetime.now(dt.UTC)
    run = Run(Path(out), Screener(trial, rules, as_of))
    site = Path(rules) if rules is not None else None
    records = Records()
    with Timed(run, "read_and_extract"):
        _extract(run, records, inputs, columns or {}, site, workers, redact_evidence, progress)
    if not records.patients and run.issues_of("input"):
        raise UsageError("\n".join(issue.line for issue in run.issues_of("input")))
    options = {
        "trial": str(trial),
        "rules": str(rules) if rules is not None else None,
        "as_of": as_of,
        "columns": dict(columns or {}),
        "workers": workers,
        "redact_evidence": redact_evidence,
    }
    with RunFolder(run.out) as folder:
        with Timed(run, "answer_and_write"):
            _answer(run, records, folder)
            write_report_of(run, records, folder, redact_evidence)
        write_run(run, folder, {"started": started, "inputs": [str(i) for i in inputs], "options": options})
    return run


class Timed:
    """Keeps how long a step took."""

    def __init__(self, run: Run, step: str) -> None:
        self._run, self._step = run, step

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._run.timings[self._step] = round(time.perf_counter() - self._began, 3)


def _extract(
    run: Run,
    records: Records,
    inputs: Iterable[str | Path],
    columns: Mapping[str, str],
    rules: Path | None,
    workers: int,
    redact: bool,
    progress: Progress | None,
) -> None:
    """Read and extract note by note; only mentions stay."""
    places: deque[tuple[str, int | None]] = deque()
    notes = _notes(find_notes(inputs, columns), run.issues, places)
    for result in extract_notes(notes, rules, workers, redact=redact):
        source, row = places.popleft()
        if result.fault is None:
            records.add(result)
            run.notes += 1
        else:
            run.issues.append(NoteIssue(source, row, result.fault, result.patient_id, result.note_id))
        if progress:
            progress.note()
    for issue in run.issues_of("set_aside"):
        records.set_aside(issue.patient_id)


def _notes(
    found: Iterable[Located | NoteIssue], issues: list[NoteIssue], places: deque[tuple[str, int | None]]
) -> Iterator[Note]:
    """Yield the notes among what was read; issues and the notes' places are put where they are kept."""
    for item in found:
        if isinstance(item, NoteIssue):
            issues.append(item)
        else:
            places.append((item.source, item.row))
            yield item.note


def answers_of(screener: Screener, record: Record) -> list[Answer]:
    """Return a patient's answers; of a patient without a readable note all are ``not_documented``.

    Args:
        screener: the trial and the rules.
        record: the patient.
    """
    if record.note_dates:
        return screener.resolve(record.patient_id, record.mentions, record.note_dates, record.first_seen)
    count = record.set_aside
    why = f"No note could be read: {'the only one was' if count == 1 else f'all {count} were'} set aside."
    return [
        Answer(record.patient_id, screener.trial.trial, q.id, q.kind, "not_documented", "direct", why)
        for q in screener.trial.questions
    ]


def summary_of(record: Record, answers: Sequence[Answer], questions: Sequence[str]) -> Summary:
    """Return a patient's line.

    Args:
        record: the patient.
        answers: the patient's answers.
        questions: the trial's questions in order.
    """
    statuses = {a.question: a.status for a in answers}
    return Summary(
        record.patient_id,
        len(record.note_dates),
        record.set_aside,
        screen_of(answers),
        tuple(statuses[q] for q in questions),
    )


def _answer(run: Run, records: Records, folder: RunFolder) -> None:
    """Answer every patient and write the tables and the sheet."""
    trial = run.screener.trial
    questions = [q.id for q in trial.questions]
    with (
        TableWriter(folder.create("mentions.parquet"), MENTION_SCHEMA) as mentions,
        TableWriter(folder.create("answers.parquet"), ANSWER_SCHEMA) as answers,
        folder.create("screening.csv", text=True) as stream,
    ):
        sheet = Sheet(stream, questions, trial.statement)
        for record in records:
            given = answers_of(run.screener, record)
            mentions.add(m.row() for m in record.mentions if not m.label.startswith("_"))
            answers.add(a.row() for a in given)
            summary = summary_of(record, given, questions)
            sheet.add(
                summary.patient_id, summary.notes, summary.screen, dict(zip(questions, summary.statuses, strict=True))
            )
            run.summaries.append(summary)
    run.mentions = mentions.count


def write_report_of(run: Run, records: Records | Mapping[str, Record], folder: RunFolder, redacted: bool) -> None:
    """Write ``report.html``.

    Args:
        run: the run, with its summaries.
        records: at least the patients whose evidence is shown.
        folder: the run folder.
        redacted: whether the words of the notes are left out.
    """
    shown = with_details(run.summaries)
    chosen = (records[s.patient_id] for s in run.summaries if s.patient_id in shown)
    details = (Detail(record, answers_of(run.screener, record)) for record in chosen)
    facts = {
        "Trial": f"{run.screener.trial.trial}: {run.screener.trial.title}",
        "Reference date": str(run.screener.as_of or "the date of each patient's latest note"),
        "Rules": run.screener.extractor.book.digest,
        "Version": f"notecriteria {versions()['notecriteria']}",
    }
    issues = [issue.line for kind in ("input", "set_aside", "warning") for issue in run.issues_of(kind)]
    frame = Frame(run.screener.trial, run.tallies, issues, facts, redacted)
    with folder.create("report.html", text=True) as stream:
        write_report(stream, frame, run.summaries, details, shown)


def versions() -> dict[str, str | None]:
    """Return the versions of this tool, of Python and of the packages that matter to its answers."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def run_content(run: Run, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``run.json`` tells of a run.

    Args:
        run: the run.
        given: its ``inputs``, its ``options`` and when it ``started``.
    """
    trial = run.screener.trial
    return {
        "tool": "notecriteria",
        "versions": versions(),
        "rules_digest": run.screener.extractor.book.digest,
        "trial": trial.trial,
        "criteria_assessed": trial.criteria_assessed,
        "criteria_total": trial.criteria_total,
        "statement": trial.statement,
        "inputs": given["inputs"],
        "options": given["options"],
        "counts": {
            "patients": len(run.summaries),
            "notes_read": run.notes,
            "notes_set_aside": len(run.issues_of("set_aside")),
            "mentions": run.mentions,
            "screen": run.screens,
            "answers": run.tallies,
        },
        "started": given["started"].isoformat(timespec="seconds"),
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "seconds": run.timings,
        "unreadable_inputs": [issue.record() for issue in run.issues_of("input")],
        "set_aside": [issue.record() for issue in run.issues_of("set_aside")],
        "warnings": [issue.record() for issue in run.issues_of("warning")],
    }


def write_run(run: Run, folder: RunFolder, given: Mapping[str, Any]) -> None:
    """Write ``run.json``; see ``run_content``."""
    content = run_content(run, given)
    with folder.create(RUN, text=True) as stream:
        stream.write(storable(json.dumps(content, ensure_ascii=False, indent=2)) + "\n")
