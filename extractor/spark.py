"""The same job on Spark: notes as a DataFrame in, mentions and answers as DataFrames out.

Notes are worked on row by row wherever they lie (``mapInPandas``); what they gave, and no longer their text, is
brought together by patient (``groupBy("patient_id").applyInPandas``) and answered. Rules are read once per executor
process. Everything here is a plan that Spark carries out when its result is asked for.
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from extractor import sparkwork
from extractor.errors import UsageError
from extractor.notes import Reading, reading
from extractor.screener import Screener, reference_date
from extractor.sparkwork import CHARTS, FINDINGS, READ, Chart, Job, Row, Source, job_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, SparkSession

TABLES: Final = ("mentions", "answers", "screening", "issues")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of all files in the zip, so that equal code makes equal bytes."""
_SPARK_TYPES: Final = {"int64": "bigint", "bool": "boolean", "double": "double", "string": "string"}
_LIST: Final = "array<string>"


def screen_spark(
    spark: SparkSession,
    notes_df: DataFrame,
    *,
    trial: str | Path = "NCT07208058",
    rules: str | Path | None = None,
    as_of: str | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    date_shift_column: str | None = None,
    redact_evidence: bool = False,
    ship: bool = False,
) -> tuple[DataFrame, DataFrame]:
    """Return the mentions and the answers of notes, with the contract's columns, in no particular order.

    Nothing is computed yet, and each of the two is computed on its own. To read the notes once for both, make
    ``chart_spark(...)``, keep or write that, and take ``mentions_of`` and ``answers_of`` from it.

    Args:
        spark: the session.
        notes_df: a row per note; columns as for ``notecriteria screen``.
        trial: trial id or file.
        rules: folder of a site's own rules, on the driver alone.
        as_of: reference date as ``YYYY-MM-DD``; default is the date of each patient's latest note.
        columns: the DataFrame's own column names by field.
        encoding: the encoding that all text has; default is to find out.
        date_shift_column: the column with the days that were added to a patient's dates; they are taken off again.
        redact_evidence: leave the words of the notes out of the mentions.
        ship: send this package to the executors first, which must have the packages it needs; see docs/spark.md.

    Returns:
        The DataFrames of ``mentions`` and ``answers``.

    Raises:
        UsageError: wrong options or a missing column.
        RuleError: a fault in a rule or trial file.
    """
    charts = chart_spark(
        spark,
        notes_df,
        trial=trial,
        rules=rules,
        as_of=as_of,
        columns=columns,
        encoding=encoding,
        date_shift_column=date_shift_column,
        redact_evidence=redact_evidence,
        ship=ship,
    )
    return mentions_of(charts), answers_of(charts)


def chart_spark(
    spark: SparkSession,
    notes_df: DataFrame,
    *,
    trial: str | Path = "NCT07208058",
    rules: str | Path | None = None,
    as_of: str | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    date_shift_column: str | None = None,
    redact_evidence: bool = False,
    ship: bool = False,
) -> DataFrame:
    """Return a row per patient that holds all that the notes gave: ``patient_id`` and ``chart``, bytes of this version.

    Rows without a patient are one row without ``patient_id``. Arguments and errors are those of ``screen_spark``.
    """
    reference_date([], as_of)
    screener = Screener(trial, rules, as_of)
    how = reading(columns, encoding=encoding, date_shift_column=date_shift_column)
    job = job_of(screener, trial, rules, as_of, redact_evidence, [Source("the notes")], how)
    if ship:
        ship_package(spark)
    return charts_of(job, [prepared(notes_df, how, job.sources[0].name)])


def charts_of(job: Job, inputs: Sequence[DataFrame]) -> DataFrame:
    """Return the charts of inputs.

    Args:
        job: what to do.
        inputs: notes made ready by ``prepared``, in the order of the job's sources.
    """
    extract, chart = _extractor(job), _charter(job)
    findings = reduce(lambda a, b: a.union(b), [notes.mapInPandas(extract, FINDINGS) for notes in inputs])
    return findings.groupBy("patient_id").applyInPandas(chart, CHARTS)


# Spark asks for plain functions; what these close over travels with them to the executors.
def _extractor(job: Job) -> Callable[[Iterable[Any]], Iterator[Any]]:
    def extract(batches: Iterable[Any]) -> Iterator[Any]:
        return sparkwork.extract_batches(job, batches)

    return extract


def _charter(job: Job) -> Callable[[Any], Any]:
    def chart(findings: Any) -> Any:
        return sparkwork.chart_patient(job, findings)

    return chart


def mentions_of(charts: DataFrame) -> DataFrame:
    """Return the rows of ``mentions``, in the order of the charts.

    Args:
        charts: what ``chart_spark`` gave.
    """
    from extractor.tables import MENTION_SCHEMA

    return _unfolded(charts, sparkwork.mention_rows, MENTION_SCHEMA)


def answers_of(charts: DataFrame) -> DataFrame:
    """Return the rows of ``answers``, in the order of the charts.

    Args:
        charts: what ``chart_spark`` gave.
    """
    from extractor.tables import ANSWER_SCHEMA

    return _unfolded(charts, sparkwork.answer_rows, ANSWER_SCHEMA)


def issues_of(charts: DataFrame) -> DataFrame:
    """Return what could not be read as it should: ``kind, source, row, patient_id, note_id, reason``.

    Args:
        charts: what ``chart_spark`` gave.
    """
    import pyarrow as pa

    names = ("kind", "source", "row", "patient_id", "note_id", "reason")
    schema = pa.schema([(name, pa.int64() if name == "row" else pa.string()) for name in names])
    return _unfolded(charts, sparkwork.issue_rows, schema)


def screening_of(charts: DataFrame, trial: str | Path = "NCT07208058", rules: str | Path | None = None) -> DataFrame:
    """Return a row per patient: the notes read and set aside, the roll-up and a column per question.

    Args:
        charts: what ``chart_spark`` gave.
        trial: the trial id or file that they were made with.
        rules: the folder of a site's own rules that they were made with.
    """
    import pyarrow as pa

    asked = Screener(trial, rules).trial
    questions = tuple(question.id for question in asked.questions)
    counts = [("patient_id", pa.string()), ("notes", pa.int64()), ("set_aside", pa.int64()), ("screen", pa.string())]
    schema = pa.schema([*counts, *((question, pa.string()) for question in questions), ("statement", pa.string())])
    rows_of = partial(sparkwork.summary_rows, questions=questions, statement=asked.statement)
    return _unfolded(charts, rows_of, schema)


def _unfolded(charts: DataFrame, rows_of: Callable[[Chart], Iterable[Row]], schema: pa.Schema) -> DataFrame:
    def unfold(batches: Iterable[Any]) -> Iterator[Any]:
        return sparkwork.unfold(rows_of, schema, batches)

    columns = ", ".join(f"`{field.name}` {_SPARK_TYPES.get(str(field.type), _LIST)}" for field in schema)
    return charts.mapInArrow(unfold, columns)


def prepared(
    notes: DataFrame,
    how: Reading,
    name: str,
    *,
    place: int = 0,
    source: Column | None = None,
    row: Column | None = None,
) -> DataFrame:
    """Return notes with the columns that executors read: where each row stands, and the fields.

    Args:
        notes: a row per note.
        how: how inputs are to be read.
        name: the input, for messages.
        place: its place among the inputs.
        source: gives the file of each row.
        row: gives its number in the file, counted from 1.

    Raises:
        InputError: a needed or mapped column is missing, or stands twice.
    """
    from pyspark.sql import functions as F  # noqa: N812 - its name everywhere

    from extractor.notes.columns import find_columns

    places = find_columns(name, notes.columns, how.columns)
    absent = F.lit(None)
    fields = {field: absent.cast("binary") for field in READ}
    for field in READ:
        if field in places:
            column = notes.schema.fields[places[field]]
            fields[field] = _plain(F.col(f"`{column.name.replace('`', '``')}`"), field, column.dataType.typeName())
    where = {
        "place": F.lit(place),
        "source": absent.cast("string") if source is None else source,
        "row": absent.cast("bigint") if row is None else row,
    }
    return notes.select(*(column.alias(alias) for alias, column in (where | fields).items()))


def _plain(column: Column, field: str, kind: str) -> Column:
    """Return a column in a form that reaches Python unharmed, and there means what it means to the local engine.

    Text travels as bytes, since Spark does not promise that it is UTF-8. Whole numbers travel as text, since pandas
    turns them into floats where one is missing. What can serve as no field becomes ``true``, which can neither.
    """
    from pyspark.sql import functions as F  # noqa: N812

    if kind in ("string", "char", "varchar") or (kind in _WHOLE and field != "text"):
        return column.cast("string").cast("binary")
    if kind in ("date", "timestamp", "timestamp_ntz") and field == "note_date":
        return column.cast("date").cast("string").cast("binary")
    if kind == "float":
        return column.cast("double")
    if kind in ("binary", "double", "decimal", "boolean", "void"):
        return column
    return F.when(column.isNotNull(), F.lit(True))


_WHOLE: Final = frozenset({"byte", "tinyint", "short", "smallint", "integer", "int", "long", "bigint"})


def ship_package(spark: SparkSession) -> Path:
    """Send this package and its rules to all executors, for the life of the session; nothing comes from the internet.

    The packages it needs must be there already; see docs/spark.md.

    Args:
        spark: the session.

    Returns:
        The zip, which must stay in place as long as the session runs; it is removed when this process ends.
    """
    folder = Path(tempfile.mkdtemp(prefix="notecriteria-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = package_zip(folder / "made.zip")
    # Spark refuses a second file of the same name, which --py-files may have given already
    digest = hashlib.sha256(made.read_bytes()).hexdigest()[:12]
    path = made.rename(folder / f"notecriteria-{digest}.zip")
    try:
        context = spark.sparkContext
    except Exception:  # Spark Connect has no context, and says so by errors that differ between versions
        spark.addArtifacts(str(path), pyfile=True)
    else:
        context.addPyFile(str(path))
    return path


def package_zip(path: str | Path) -> Path:
    """Write a zip of the installed package with its rules, for ``spark-submit --py-files``.

    Args:
        path: the zip to write; equal code makes equal bytes.

    Raises:
        UsageError: it cannot be written.
    """
    archive = Path(__file__).parent.parent
    try:
        if archive.is_file():
            return Path(shutil.copyfile(archive, path))
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, file in _package_files():
                packed.writestr(zipfile.ZipInfo(name, _EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}); name another file") from None
    return Path(path)


def _package_files() -> Iterator[tuple[str, Path]]:
    from extractor.rulebook import SHIPPED_RULES
    from extractor.shipped import INSIDE

    package = Path(__file__).parent
    kept = {f"{package.name}/{p.relative_to(package).as_posix()}": p for p in package.rglob("*")}
    kept |= {INSIDE + p.relative_to(SHIPPED_RULES).as_posix(): p for p in SHIPPED_RULES.rglob("*")}
    return ((name, kept[name]) for name in sorted(kept) if kept[name].is_file() and "__pycache__" not in name)
