"""Many notes to a run folder: the plain function behind ``notecriteria screen``."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from extractor.checkpoint import CHECKPOINT, Checkpoint, fingerprint
from extractor.errors import UsageError
from extractor.notes import Input, Located, NoteIssue, Source, find_notes
from extractor.notes.meter import Meter, size_of
from extractor.records import NoteResult, Record
from extractor.report import MOST_ISSUES, Detail, Frame, Summary, with_details, write_report
from extractor.resolver import screen_of
from extractor.runfolder import RUN, RunFolder
from extractor.schema import SCREENS, Answer, Note
from extractor.screener import Screener, reference_date
from extractor.sheet import Sheet
from extractor.spool import Spool
from extractor.tables import ANSWER_SCHEMA, MENTION_SCHEMA, TableWriter, storable
from extractor.workers import Done, extract_notes

_PACKAGES: Final = ("notecriteria", "medspacy", "spacy", "pyarrow")
_PACKAGE: Final = Path(__file__).parent
KINDS: Final = ("input", "set_aside", "warning")
"""Kinds of issues, the gravest first."""


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


@dataclass
class Run:
    """What a run did.

    Args:
        out: the run folder.
        screener: the trial and the rules.
        notes: notes read.
        resumed: how many of them an earlier run had read just as they are.
        mentions: mentions written.
        summaries: a line per patient.
        tallies: how many patients have each status, by question.
        timings: seconds by step.
    """

    out: Path
    screener: Screener
    notes: int = 0
    resumed: int = 0
    mentions: int = 0
    summaries: Spool[Summary] = field(default_factory=Spool)
    tallies: dict[str, Counter[str]] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    _issues: dict[str, Spool[NoteIssue]] = field(default_factory=lambda: {kind: Spool() for kind in KINDS})
    _screens: Counter[str] = field(default_factory=Counter)

    @property
    def issues(self) -> list[NoteIssue]:
        """All that could not be read."""
        return list(chain.from_iterable(self._issues.values()))

    def issues_of(self, kind: str) -> Spool[NoteIssue]:
        """Return the issues of one kind, in the order of the input."""
        return self._issues[kind]

    def lines(self, kinds: Iterable[str], most: int) -> tuple[list[str], int]:
        """Return the first lines about issues of some kinds, and how many more there are.

        Args:
            kinds: the kinds.
            most: how many lines.
        """
        chosen = [self._issues[kind] for kind in kinds]
        shown = [issue.line for issue in islice(chain.from_iterable(chosen), most)]
        return shown, sum(map(len, chosen)) - len(shown)

    def add(self, summary: Summary) -> None:
        """Count a patient."""
        self.summaries.append(summary)
        self._screens[summary.screen] += 1
        for question, status in zip(self.screener.trial.questions, summary.statuses, strict=True):
            self.tallies.setdefault(question.id, Counter())[status] += 1

    @property
    def screens(self) -> dict[str, int]:
        """How many patients have each roll-up."""
        return {screen: self._screens[screen] for screen in SCREENS}


def screen(
    inputs: Sequence[Input],
    out: str | Path,
    *,
    trial: str | Path = "NCT07208058",
    rules: str | Path | None = None,
    as_of: str | None = None,
    columns: Mapping[str, str] | None = None,
    workers: int = 1,
    redact_evidence: bool = False,
    resume: bool = False,
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
        workers: processes to work in; the results are the same whatever their number.
        redact_evidence: leave the words of the notes out of all files.
        resume: take over what an earlier run in the folder, finished or killed, read with the same rules and version.
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
    reference_date([], as_of)
    started = dt.datetime.now(dt.UTC)
    run = Run(Path(out), Screener(trial, rules, as_of))
    run.tallies = {question.id: Counter() for question in run.screener.trial.questions}
    site = Path(rules) if rules is not None else None
    options = {
        "trial": str(trial),
        "rules": str(rules) if rules is not None else None,
        "as_of": as_of,
        "columns": dict(columns or {}),
        "workers": workers,
        "redact_evidence": redact_evidence,
    }
    folder = RunFolder(run.out)
    with Checkpoint(folder.path, _key(run.screener, redact=redact_evidence), resume=resume) as kept:
        folder.tidy()
        with _timed(run, "read_and_extract"):
            work = _Work(run, kept, progress)
            work.read(inputs, columns or {}, site, workers, redact=redact_evidence)
        if not len(kept) and len(run.issues_of("input")):
            kept.close()
            folder.undo(CHECKPOINT)
            raise UsageError("\n".join(issue.line for issue in run.issues_of("input")))
        with folder:
            with _timed(run, "answer_and_write"):
                _answer(run, kept, folder, progress)
                _write_report(run, kept, folder, redact_evidence)
            described = [i.described() if isinstance(i, Source) else str(i) for i in inputs]
            _write_run(run, folder, {"started": started, "inputs": described, "options": options})
        kept.finished()
    return run


class _timed:  # noqa: N801 - reads as a word
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

    def read(
        self, inputs: Sequence[Input], columns: Mapping[str, str], rules: Path | None, workers: int, *, redact: bool
    ) -> None:
        """Read and extract note by note; only mentions stay."""
        meter = Meter(size_of(inputs))
        with meter.running():
            items = self._items(find_notes(inputs, columns, self._kept), meter)
            # The run before may have been killed by one of its notes, which must not kill this one.
            for item in extract_notes(items, rules, workers, redact=redact, apart=self._kept.unfinished):
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
                yield item.note

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
        self._run.issues_of(issue.kind).append(issue)
        if issue.kind == "set_aside":
            self._kept.set_aside(issue.patient_id)


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


def _answer(run: Run, kept: Checkpoint, folder: RunFolder, progress: Progress | None) -> None:
    """Answer every patient and write the tables and the sheet."""
    patients = len(kept)
    trial = run.screener.trial
    questions = [q.id for q in trial.questions]
    with (
        TableWriter(folder.create("mentions.parquet"), MENTION_SCHEMA) as mentions,
        TableWriter(folder.create("answers.parquet"), ANSWER_SCHEMA) as answers,
        folder.create("screening.csv", text=True) as stream,
    ):
        sheet = Sheet(stream, questions, trial.statement)
        for record in kept:
            given = answers_of(run.screener, record)
            mentions.add(m.row() for m in record.mentions if not m.label.startswith("_"))
            answers.add(a.row() for a in given)
            statuses = {a.question: a.status for a in given}
            summary = Summary(
                record.patient_id,
                len(record.note_dates),
                record.set_aside,
                screen_of(given),
                tuple(statuses[q] for q in questions),
            )
            sheet.add(summary.patient_id, summary.notes, summary.screen, statuses)
            run.add(summary)
            if progress:
                progress.patient(len(run.summaries) / patients)
    run.mentions = mentions.count


def _write_report(run: Run, kept: Checkpoint, folder: RunFolder, redacted: bool) -> None:
    shown = with_details(run.summaries)
    chosen = (kept[s.patient_id] for s in run.summaries if s.patient_id in shown)
    details = (Detail(record, answers_of(run.screener, record)) for record in chosen)
    facts = {
        "Trial": f"{run.screener.trial.trial}: {run.screener.trial.title}",
        "Reference date": str(run.screener.as_of or "the date of each patient's latest note"),
        "Rules": run.screener.extractor.book.digest,
        "Version": f"notecriteria {versions()['notecriteria']}",
    }
    issues, more = run.lines(KINDS, MOST_ISSUES)
    frame = Frame(run.screener.trial, run.tallies, issues, facts, redacted, more)
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


def _write_run(run: Run, folder: RunFolder, given: Mapping[str, Any]) -> None:
    trial = run.screener.trial
    content = {
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
        "notes_taken_over": run.resumed,
    }
    lists = {"unreadable_inputs": "input", "set_aside": "set_aside", "warnings": "warning"}
    with folder.create(RUN, text=True) as stream:
        stream.write(_json(content).removesuffix("\n}"))
        for name, kind in lists.items():
            stream.write(f',\n  "{name}": [')
            for number, issue in enumerate(run.issues_of(kind)):
                stream.write(("," if number else "") + "\n    " + _json(issue.record()).replace("\n", "\n    "))
            stream.write("\n  ]" if len(run.issues_of(kind)) else "]")
        stream.write("\n}\n")


def _json(value: Any) -> str:
    return storable(json.dumps(value, ensure_ascii=False, indent=2))
