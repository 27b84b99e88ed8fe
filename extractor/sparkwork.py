"""What Spark's executors do: rows to findings, a patient's findings to a chart, charts to the contract's rows."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from extractor.answering import answers_of, summary_of
from extractor.errors import NoteCriteriaError
from extractor.notes import FIELDS, Located, NoteIssue, Reading
from extractor.notes.encodings import GUESSED
from extractor.notes.reader import READ_BEFORE, SHIFTED_OTHERWISE
from extractor.records import NoteResult, Record, record_of
from extractor.resolver import published
from extractor.schema import Answer
from extractor.screener import Screener
from extractor.workers import work_with

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FINDINGS: Final = (
    "patient_id string, note_id string, note_date string, packed binary, reason string, kind string, "
    "place int, source string, row bigint, digest binary, shift int"
)
"""A row per note, and a row per thing that could not be read."""
READ: Final = (*FIELDS, "date_shift")
"""The fields that executors read; the last one is empty where dates are not shifted."""
CHARTS: Final = "patient_id string, chart binary"
"""A row per patient."""
_FINDING_COLUMNS: Final = tuple(column.split()[0] for column in FINDINGS.split(", "))
Row = Mapping[str, Any]


class RulesDifferError(NoteCriteriaError):
    """The executors would not work by the rules that the driver read."""


class Source(NamedTuple):
    """One input: its name in messages, and for files of this machine the absolute path that the name stands for."""

    name: str
    path: str | None = None


@dataclass(frozen=True)
class Job:
    """All that an executor must know; small, and the same for every task.

    Args:
        trial: id of the trial, or the name of its file.
        trial_file: the bytes of that file.
        site: a site's own rule files by name.
        as_of: reference date.
        redact: keep no words of the notes.
        digest: digest of the rules that the driver read.
        sources: the inputs, by place.
        encoding: the encoding that all text has; ``None`` to find out.
        shifted: whether the dates of each patient were shifted.
    """

    trial: str
    trial_file: bytes | None
    site: tuple[tuple[str, bytes], ...] | None
    as_of: str | None
    redact: bool
    digest: str
    sources: tuple[Source, ...]
    encoding: str | None = None
    shifted: bool = False

    @property
    def how(self) -> Reading:
        """How rows are to be read; their columns have the names of the fields."""
        return Reading({"date_shift": "date_shift"} if self.shifted else {}, self.encoding)


class Chart(NamedTuple):
    """What a patient's notes gave; of rows without a patient only the issues."""

    record: Record | None
    answers: Sequence[Answer]
    issues: Sequence[tuple[int, NoteIssue]]


def job_of(
    screener: Screener,
    trial: str | Path,
    rules: str | Path | None,
    as_of: str | None,
    redact: bool,
    sources: Sequence[Source],
    how: Reading | None = None,
) -> Job:
    """Return the job that makes executors do what this screener does.

    Args:
        screener: the trial and the rules, already checked.
        trial: id or file of the trial.
        rules: folder of a site's own rules.
        as_of: reference date.
        redact: keep no words of the notes.
        sources: the inputs, by place.
        how: how inputs are to be read; of its columns only whether there are shifts.
    """
    how = how or Reading()
    path = Path(trial)
    return Job(
        trial=path.name if path.is_file() else str(trial),
        trial_file=path.read_bytes() if path.is_file() else None,
        site=_files_of(Path(rules)) if rules is not None else None,
        as_of=as_of,
        redact=redact,
        digest=screener.extractor.book.digest,
        sources=tuple(sources),
        encoding=how.encoding,
        shifted=how.shifted,
    )


def _files_of(folder: Path) -> tuple[tuple[str, bytes], ...]:
    paths = sorted(p for p in folder.rglob("*.yaml") if p.is_file())
    return tuple((p.relative_to(folder).as_posix(), p.read_bytes()) for p in paths)


@lru_cache(maxsize=2)
def screener_of(job: Job) -> Screener:
    """Return the job's screener, made once per process; the site's files are written, read and taken away.

    Args:
        job: the job.

    Raises:
        RulesDifferError: this process has another version of the shipped rules than the driver.
    """
    with TemporaryDirectory(prefix="notecriteria-") as folder:
        site = None
        if job.site is not None:
            site = Path(folder) / "site"
            for name, content in job.site:
                path = site / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        trial: str | Path = job.trial
        if job.trial_file is not None:
            trial = Path(folder) / job.trial
            trial.write_bytes(job.trial_file)
        screener = Screener(trial, site, job.as_of)
    digest = screener.extractor.book.digest
    if digest != job.digest:
        raise RulesDifferError(f"the executors have other rules ({digest}) than the driver ({job.digest})")
    return screener


def extract_batches(job: Job, batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield the findings of batches of rows, for ``mapInPandas``.

    Args:
        job: what to do.
        batches: columns ``place``, ``source``, ``row`` and the fields, strings as bytes.
    """
    import pandas as pd

    for batch in batches:
        rows = zip(*(_values(batch[name]) for name in ("place", "source", "row", *READ)), strict=True)
        findings = [
            finding for place, source, row, *fields in rows for finding in _findings(job, place, source, row, fields)
        ]
        yield pd.DataFrame(findings, columns=_FINDING_COLUMNS, dtype=object)


def _values(column: pd.Series[Any]) -> list[Any]:
    """Return a column's values, ``None`` for each of the ways in which pandas says that there is none."""
    return [None if absent else value for value, absent in zip(column.tolist(), column.isna(), strict=True)]


def _findings(job: Job, place: int, source: str | None, row: float | None, values: Sequence[Any]) -> Iterator[Any]:
    # imported here, since pyarrow is slow to import and other functions of this module do without
    from extractor.notes.parquet import items_of_values, script_of

    name, number = _named(job.sources[place], source), None if row is None else int(row)
    where = {field: i for i, field in enumerate(READ)}
    for found in items_of_values(script_of(name, job.how), number, READ, where, values, job.how):
        if isinstance(found, NoteIssue):
            told = (found.patient_id, found.note_id, None, None, found.reason, found.kind)
            yield (*told, place, name, number, None, None)
        else:
            yield (*_worked(job, found), place, name, number, _digest(found), found.note.date_shift)


def _worked(job: Job, found: Located) -> tuple[Any, ...]:
    result = work_with(screener_of(job).extractor, found.note, job.redact)
    return (result.patient_id, result.note_id, result.note_date, result.packed, result.fault, None)


def _digest(found: Located) -> bytes:
    """Return what tells two notes with the same ids apart where rows have no order."""
    return hashlib.blake2b(found.note.text.encode(), digest_size=16).digest()


@lru_cache(maxsize=256)
def _named(source: Source, uri: str | None) -> str:
    """Return a file's name as the local engine would tell it: below the input as it was given."""
    if uri is None:
        return source.name
    if source.path is None or urlsplit(uri).scheme != "file":
        return uri
    path = unquote(urlsplit(uri).path)
    below = os.path.relpath(path, source.path)
    if below.startswith(".."):
        return path
    return source.name if below == "." else str(Path(source.name) / below)


def chart_patient(job: Job, findings: pd.DataFrame) -> pd.DataFrame:
    """Return one patient's chart as a row, for ``applyInPandas``.

    Args:
        job: what to do.
        findings: all findings of the patient, in any order.
    """
    import pandas as pd

    columns = (_values(findings[name]) for name in _FINDING_COLUMNS)
    rows = [dict(zip(_FINDING_COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]
    chart = _chart(job, sorted(rows, key=_reading_order))
    patient = rows[0]["patient_id"]
    return pd.DataFrame(
        {"patient_id": [patient], "chart": [pickle.dumps(chart, pickle.HIGHEST_PROTOCOL)]}, dtype=object
    )


def _reading_order(row: Row) -> tuple[Any, ...]:
    """Return where a row stands: by file and row; rows of a table, which have no order, by their content."""
    content = (row["note_date"] or "", row["note_id"] or "", bytes(row["digest"] or b""), row["reason"] or "")
    return (row["place"], row["source"], row["row"] or 0, *content)


def _chart(job: Job, rows: Sequence[Row]) -> Chart:
    seen = _Seen()
    issues: list[tuple[int, NoteIssue]] = []
    results: list[NoteResult] = []
    for row in rows:
        issue = _issue_of(row, seen)
        if issue:
            issues.append((row["place"], issue))
        else:
            results.append(NoteResult(row["patient_id"], row["note_id"], row["note_date"], _bytes(row["packed"])))
    patient = rows[0]["patient_id"]
    aside = sum(1 for _, issue in issues if issue.kind == "set_aside")
    if patient is None or not (results or aside):
        return Chart(None, (), issues)
    record = record_of(patient, results, aside)
    return Chart(record, answers_of(screener_of(job), record), issues)


class _Seen:
    """What is known of a patient's notes so far: their ids, and the days by which their dates were shifted."""

    def __init__(self) -> None:
        self.notes: set[str] = set()
        self.shift: int | None = None


def _issue_of(row: Row, seen: _Seen) -> NoteIssue | None:
    place = (row["source"], None if row["row"] is None else int(row["row"]))
    ids = (row["patient_id"], row["note_id"])
    if row["kind"]:
        return NoteIssue(*place, row["reason"], *ids, kind=row["kind"])
    if row["note_id"] in seen.notes:
        return NoteIssue(*place, READ_BEFORE, *ids)
    seen.notes.add(row["note_id"])
    if seen.shift is None:
        seen.shift = int(row["shift"])
    if seen.shift != int(row["shift"]):
        return NoteIssue(*place, SHIFTED_OTHERWISE, *ids)
    return NoteIssue(*place, row["reason"], *ids) if row["reason"] else None


def told_once(issues: Iterable[NoteIssue]) -> Iterator[NoteIssue]:
    """Yield issues in their order, but of each file a guess of its encoding only once, as the local engine tells it.

    Args:
        issues: those of all rows; each row was read on its own.
    """
    told: set[tuple[str, str]] = set()
    for issue in issues:
        if issue.reason.endswith(GUESSED):
            if (issue.source, issue.reason) in told:
                continue
            told.add((issue.source, issue.reason))
        yield issue


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def opened(chart: Any) -> Chart:
    """Return a chart from the bytes that an executor of this job made of it."""
    made: Chart = pickle.loads(bytes(chart))
    return made


def unfold(
    rows_of: Callable[[Chart], Iterable[Row]], schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Yield rows from charts, for ``mapInArrow``; patients keep their order.

    Args:
        rows_of: gives the rows of a chart.
        schema: their columns.
        batches: charts.
    """
    from extractor.tables import table_of

    for batch in batches:
        rows = [row for chart in batch.column("chart").to_pylist() for row in rows_of(opened(chart))]
        yield from table_of(rows, schema).to_batches()


def mention_rows(chart: Chart) -> Iterator[Row]:
    """Yield a chart's rows of ``mentions``; of the resolver's own statements those that an answer cites."""
    return (m.row() for m in (published(chart.record.mentions, chart.answers) if chart.record else ()))


def answer_rows(chart: Chart) -> Iterator[Row]:
    """Yield a chart's rows of ``answers``."""
    return (a.row() for a in chart.answers)


def issue_rows(chart: Chart) -> Iterator[Row]:
    """Yield what of a chart could not be read as it should."""
    return ({"kind": issue.kind, **issue.record()} for _, issue in chart.issues)


def summary_rows(chart: Chart, questions: Sequence[str], statement: str) -> Iterator[Row]:
    """Yield a chart's row of the screening sheet.

    Args:
        chart: the chart.
        questions: the trial's questions, a column each.
        statement: how much is assessed and who decides.
    """
    if chart.record:
        summary = summary_of(chart.record, chart.answers, questions)
        line = {"patient_id": summary.patient_id, "notes": summary.notes, "set_aside": summary.set_aside}
        statuses = dict(zip(questions, summary.statuses, strict=True))
        yield {**line, "screen": summary.screen, **statuses, "statement": statement}
