"""``notecriteria screen --engine spark``: Parquet or tables in; a run folder, Parquet folders or tables out."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from extractor import spark as plans
from extractor.answering import shown, summary_of
from extractor.batch import Timed
from extractor.checkpoint import CHECKPOINT
from extractor.errors import UsageError
from extractor.notes import InputError, NoteIssue, Reading, reading
from extractor.notes.issues import Kind
from extractor.report import Summary
from extractor.runfolder import RunFolder
from extractor.runrecord import Run, run_text, write_report_of, write_run
from extractor.screener import Screener, reference_date
from extractor.sheet import Sheet
from extractor.sparksession import condition, spark_session, told_in_one_line
from extractor.sparkwork import Chart, Job, Source, answer_rows, job_of, mention_rows, opened, told_once
from extractor.tables import ANSWER_SCHEMA, MENTION_SCHEMA, TableWriter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TABLE: Final = "table:"
"""How the name of a table begins where a path may stand too."""
NOTES_PER_TASK: Final = 500
"""Some seconds of work: little is lost when a task fails, and all cores stay busy to the end."""
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_LOCAL_ONLY: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".gz", ".zst")
_UNREADABLE: Final = {
    "PATH_NOT_FOUND": "cannot be read (No such file or directory); mend its path or its permissions",
    "TABLE_OR_VIEW_NOT_FOUND": "there is no such table; name it with its catalog and database",
    "SCHEMA_NOT_FOUND": "there is no such table; name it with its catalog and database",
    "UNABLE_TO_INFER_SCHEMA": "holds no Parquet files; name a folder of them, or table:NAME",
}


@dataclass(frozen=True)
class _Input:
    """An input that can be read, made ready for the executors."""

    notes: DataFrame
    count: int


def screen(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    master: str | None = None,
    conf: Mapping[str, str] | None = None,
    trial: str | Path = "NCT07208058",
    rules: str | Path | None = None,
    as_of: str | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    date_shift_column: str | None = None,
    redact_evidence: bool = False,
    quiet: bool = False,
) -> Run:
    """Read notes on a Spark cluster, answer a trial's questions for every patient and write the results.

    Args:
        inputs: Parquet files and folders, as paths or URIs, and tables as ``table:NAME``.
        out: a folder of this machine, in which the run folder is written; a URI such as ``s3a://...``, below which
            the executors write Parquet folders; or ``table:PREFIX``, for tables ``PREFIX_mentions`` and so on.
        master: the cluster; default is this machine, and under ``spark-submit`` what that says.
        conf: further settings of Spark.
        trial: trial id or file.
        rules: folder of a site's own rules, on this machine alone.
        as_of: reference date as ``YYYY-MM-DD``; default is the date of each patient's latest note.
        columns: the user's own column names by field.
        encoding: the encoding that all text has; default is to find out.
        date_shift_column: the column with the days that were added to a patient's dates; they are taken off again.
        redact_evidence: leave the words of the notes out of all results.
        quiet: let Spark print nothing.

    Returns:
        What was done and what could not be read; faulty inputs are issues of kind ``input``.

    Raises:
        UsageError: wrong options, or none of the inputs can be read.
        RuleError: a fault in a rule or trial file.
        NoteCriteriaError: Spark cannot be started or gave up.
    """
    if not inputs:
        raise UsageError("no input: name Parquet files or folders, or table:NAME")
    reference_date([], as_of)
    how = reading(columns, encoding=encoding, date_shift_column=date_shift_column)
    started = dt.datetime.now(dt.UTC)
    run = Run(Path(out), Screener(trial, rules, as_of))
    sources = [_source(given) for given in inputs]
    job = job_of(run.screener, trial, rules, as_of, redact_evidence, sources, how)
    options: dict[str, Any] = {
        "engine": "spark",
        "trial": str(trial),
        "rules": str(rules) if rules is not None else None,
        "as_of": as_of,
        "columns": dict(columns or {}),
        "encoding": encoding,
        "date_shift_column": date_shift_column,
        "redact_evidence": redact_evidence,
    }
    given = {"started": started, "inputs": [source.name for source in sources], "options": options}
    with spark_session(master, conf or {}, quiet) as spark, told_in_one_line():
        options["spark_version"] = spark.version
        ready = _read(spark, run, sources, how)
        plans.ship_package(spark)
        with _charts(spark, job, ready, conf or {}) as charts:
            _write(spark, run, charts, str(out), given, trial, rules, redact_evidence)
    return run


def results_line(out: str) -> str | None:
    """Return the line that says where results are that are no run folder, ``None`` for a run folder."""
    return f"Results: {_stored_as(out, '*')}" if _is_elsewhere(out) else None


def _is_elsewhere(place: str) -> bool:
    """Return whether a place is a table or a URI, which the executors read and write, rather than a path of this machine."""
    return place.startswith(TABLE) or bool(_URI.match(place))


def _source(given: str | Path) -> Source:
    """Return an input; a plain path names a file of this machine, as far as Spark sees it so too."""
    name = str(given)
    if _is_elsewhere(name):
        return Source(name)
    if name.lower().endswith(_LOCAL_ONLY):
        raise UsageError(f"{name}: Spark reads Parquet and tables here; give the notes as such, or take --engine local")
    return Source(name, os.path.abspath(name))  # noqa: PTH100 - links stay as they are, as they do in Spark


def _read(spark: SparkSession, run: Run, sources: Sequence[Source], how: Reading) -> list[_Input]:
    """Return the inputs that can be read; the others become issues."""
    ready = []
    for place, source in enumerate(sources):
        try:
            ready.append(_ready(spark, place, source, how))
        except InputError as fault:
            run.issues.append(NoteIssue(fault.source, None, fault.reason, kind="input"))
    if not ready:
        raise UsageError("\n".join(issue.line for issue in run.issues_of("input")))
    return ready


def _ready(spark: SparkSession, place: int, source: Source, how: Reading) -> _Input:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        table = source.name.removeprefix(TABLE) if source.name.startswith(TABLE) else None
        found = spark.table(table) if table is not None else spark.read.parquet(source.path or source.name)
        count = found.count()
    except (PySparkException, Py4JError) as error:
        named = condition(error)
        known = (reason for name, reason in _UNREADABLE.items() if named.startswith(name))
        reason = next(known, f"cannot be read as Parquet or a table ({named}); write it again")
        raise InputError(source.name, reason) from None
    if not count:
        raise InputError(source.name, "holds no notes; give a row per note")
    where = {} if table is not None else _places(found)
    return _Input(plans.prepared(found, how, source.name, place=place, **where), count)


def _places(found: DataFrame) -> dict[str, Any]:
    """Return the columns that tell the file and the row of each note."""
    from pyspark.sql import functions as F  # noqa: N812 - its name everywhere

    # unlike F.col, metadataColumn, which came with Spark 4, finds it also where a column of the user's has that name
    metadata = getattr(found, "metadataColumn", F.col)("_metadata")
    return {"source": metadata["file_path"], "row": metadata["row_index"] + 1}


@contextlib.contextmanager
def _charts(spark: SparkSession, job: Job, ready: Sequence[_Input], conf: Mapping[str, str]) -> Iterator[DataFrame]:
    """Yield all charts by patient, worked out once however often they are asked for."""
    from pyspark import StorageLevel

    tasks = [-(-given.count // NOTES_PER_TASK) for given in ready]
    kept = spark.conf.get("spark.sql.shuffle.partitions")
    if "spark.sql.shuffle.partitions" not in conf:
        spark.conf.set("spark.sql.shuffle.partitions", str(sum(tasks)))
    # A Parquet file of one row group would be one task; the work is in the notes, not in moving them.
    inputs = [given.notes.repartition(count) for given, count in zip(ready, tasks, strict=True)]
    charts = plans.charts_of(job, inputs).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        yield charts.sort("patient_id")
    finally:
        charts.unpersist()
        spark.conf.set("spark.sql.shuffle.partitions", kept)


def _write(
    spark: SparkSession,
    run: Run,
    charts: DataFrame,
    out: str,
    given: Mapping[str, Any],
    trial: str | Path,
    rules: str | Path | None,
    redacted: bool,
) -> None:
    if _is_elsewhere(out):
        tables = {
            "mentions": plans.mentions_of(charts),
            "answers": plans.answers_of(charts),
            "screening": plans.screening_of(charts, trial, rules),
            "issues": plans.issues_of(charts),
        }
        with Timed(run, "screen_and_write"):
            _write_tables(spark, run, tables, out)
        _store(spark.createDataFrame([("".join(run_text(run, given)),)], "run string"), out, "run")
        return
    with RunFolder(Path(out)) as folder:
        with Timed(run, "screen_and_write"):
            _write_folder(run, charts, folder, redacted, given["options"]["date_shift_column"])
        write_run(run, folder, given)
    (Path(out) / CHECKPOINT).unlink(missing_ok=True)  # an earlier run's, which tells of other notes than this one


def _write_folder(run: Run, charts: DataFrame, folder: RunFolder, redacted: bool, shift: str | None) -> None:
    """Write the files of the local engine, patient by patient as they come in."""
    trial = run.screener.trial
    questions = [q.id for q in trial.questions]
    with (
        TableWriter(folder.create("mentions.parquet"), MENTION_SCHEMA) as mentions,
        TableWriter(folder.create("answers.parquet"), ANSWER_SCHEMA) as answers,
        folder.create("screening.csv", text=True) as stream,
    ):
        sheet = Sheet(stream, questions, trial.statement)
        for chart, line in _taken_in(run, _opened(charts)):
            mentions.add(mention_rows(chart))
            answers.add(answer_rows(chart))
            if line:
                sheet.add(line.patient_id, line.notes, line.screen, dict(zip(questions, line.statuses, strict=True)))
    write_report_of(run, lambda patients: _evidence(run, charts, patients), folder, redacted, shift)


def _opened(charts: DataFrame) -> Iterator[Chart]:
    return (opened(row.chart) for row in charts.toLocalIterator(prefetchPartitions=True))


def _evidence(run: Run, charts: DataFrame, patients: Sequence[str]) -> Iterator[str]:
    wanted = charts.filter(charts.patient_id.isin(list(patients)))
    records = {chart.record.patient_id: chart.record for chart in _opened(wanted) if chart.record}
    return (shown(run.screener, records[patient]) for patient in patients)


def _taken_in(run: Run, charts: Iterator[Chart]) -> Iterator[tuple[Chart, Summary | None]]:
    """Pass charts on with their lines, keeping the issues, which at the end stand in the order of the input."""
    questions = [q.id for q in run.screener.trial.questions]
    issues: list[tuple[int, NoteIssue]] = []
    for chart in charts:
        issues += chart.issues
        line = summary_of(chart.record, chart.answers, questions) if chart.record else None
        if line:
            run.summaries.append(line)
            run.notes += line.notes
            run.mentions += sum(1 for _ in mention_rows(chart))
        yield chart, line
    issues.sort(key=lambda placed: (placed[0], *_issue_order(placed[1])))
    run.issues += told_once(issue for _, issue in issues)


def _issue(
    kind: Kind, source: str, row: int | None, patient_id: str | None, note_id: str | None, reason: str
) -> NoteIssue:
    return NoteIssue(source, row, reason, patient_id, note_id, kind)


def _issue_order(issue: NoteIssue) -> tuple[Any, ...]:
    return (issue.source, issue.row or 0, issue.patient_id or "", issue.note_id or "", issue.reason)


def _write_tables(spark: SparkSession, run: Run, tables: Mapping[str, DataFrame], out: str) -> None:
    """Let the executors write; of each patient only the line comes here."""
    for name, table in tables.items():
        _refuse_other(spark, table, out, name)
    for name, table in tables.items():
        _store(table, out, name)
    for row in tables["screening"].toLocalIterator():
        patient, notes, set_aside, screen_, *statuses = row[:-1]
        run.summaries.append(Summary(patient, notes, set_aside, screen_, tuple(statuses)))
        run.notes += notes
    issues = [_issue(*row) for row in tables["issues"].toLocalIterator()]
    run.issues += told_once(sorted(issues, key=_issue_order))
    stored = _stored_as(out, "mentions")
    run.mentions = (spark.table(stored) if out.startswith(TABLE) else spark.read.parquet(stored)).count()


def _refuse_other(spark: SparkSession, table: DataFrame, out: str, name: str) -> None:
    """Refuse to write over a table that no run can have written.

    Raises:
        UsageError: there is one.
    """
    stored = _stored_as(out, name)
    if out.startswith(TABLE) and spark.catalog.tableExists(stored) and spark.table(stored).columns != table.columns:
        raise UsageError(f"--out {out}: the table {stored} holds something else; name another prefix")


def _stored_as(out: str, name: str) -> str:
    """Return the name of a table, or the folder that the executors write."""
    return f"{out.removeprefix(TABLE)}_{name}" if out.startswith(TABLE) else f"{out.rstrip('/')}/{name}.parquet"


def _store(table: DataFrame, out: str, name: str) -> None:
    from pyspark.errors import PySparkException

    writer = table.write.mode("overwrite")
    try:
        if out.startswith(TABLE):
            writer.saveAsTable(_stored_as(out, name))
        else:
            writer.parquet(_stored_as(out, name), compression="zstd")
    except PySparkException as error:
        if type(error).__name__ == "AnalysisException":
            raise UsageError(f"--out {out}: cannot be written ({condition(error)}); name another place") from None
        raise
