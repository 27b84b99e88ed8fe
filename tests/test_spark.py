"""Spark in one process of this machine: DataFrames, folders and tables, and the errors a person sees."""

from __future__ import annotations

import datetime as dt
import decimal
import os
import stat
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
import pytest

from extractor import batch, sparkrun
from extractor.checkpoint import CHECKPOINT
from extractor.compare import compare
from extractor.errors import NoteCriteriaError, UsageError
from extractor.spark import answers_of, chart_spark, issues_of, mentions_of, package_zip, screen_spark, screening_of
from extractor.sparksession import spark_session
from tests import spark_notes

pytestmark = pytest.mark.service
ROOT = Path(__file__).parent.parent
CONF = {"spark.driver.memory": "1g", "spark.sql.shuffle.partitions": "2"}
NONCE = "Zebrafishitis"


@pytest.fixture(scope="module", autouse=True)
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on two threads of this machine, with a warehouse of its own."""
    conf = CONF | {"spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse"))}
    with warnings.catch_warnings(), spark_session("local[2]", conf, quiet=True) as session:
        warnings.simplefilter("ignore", FutureWarning)
        yield session


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return spark_notes.write(tmp_path / "notes.parquet", spark_notes.rows())


@pytest.fixture
def unordered(tmp_path: Path) -> Path:
    """Notes of which no two have the same ids; which of two is the first, rows without an order cannot tell."""
    return spark_notes.write(tmp_path / "unordered.parquet", spark_notes.rows()[:-9] + spark_notes.faulty()[1:])


def local(source: Path, folder: Path, **options: Any) -> Path:
    batch.screen([source], folder, **options)
    return folder


def in_order(frame: Any, *columns: str) -> list[dict[str, Any]]:
    return [row.asDict() for row in frame.sort(*columns).collect()]


def test_frames_hold_the_rows_of_the_local_engine(spark: Any, unordered: Path, tmp_path: Path) -> None:
    run = local(unordered, tmp_path / "run")
    mentions, answers = screen_spark(spark, spark.read.parquet(str(unordered)))
    order = ("patient_id", "note_date", "note_id", "start", "end")
    local_mentions = pq.read_table(run / "mentions.parquet").to_pylist()
    expected = sorted(local_mentions, key=lambda r: tuple(r[c] or "" if c == "note_date" else r[c] for c in order))
    assert in_order(mentions, *order) == expected
    expected = sorted(
        pq.read_table(run / "answers.parquet").to_pylist(), key=lambda r: (r["patient_id"], r["question"])
    )
    assert in_order(answers, "patient_id", "question") == expected


def test_one_chart_frame_gives_mentions_answers_screening_and_issues(spark: Any) -> None:
    columns = "person_id bigint, note_id int, note_text string, note_date date"
    rows = [(2**62 + 1, 1, "Asthma.", dt.date(2024, 3, 1)), (None, 2, "COPD.", None), (7, None, "COPD.", None)]
    charts = chart_spark(spark, spark.createDataFrame(rows, columns)).cache()
    try:
        (mention,) = mentions_of(charts).collect()
        assert (mention.patient_id, mention.note_id, mention.note_date) == ("4611686018427387905", "1", "2024-03-01")
        assert answers_of(charts).count() == 2 * 17
        screening = {row.patient_id: row for row in screening_of(charts).collect()}
        assert {p: (row.notes, row.set_aside) for p, row in screening.items()} == {
            "4611686018427387905": (1, 0),
            "7": (0, 1),
        }
        assert "a person decides" in screening["7"].statement
        assert sorted((row.patient_id or "", row.reason) for row in issues_of(charts).collect()) == [
            ("", "patient_id is missing; fill it in"),
            ("7", "note_id is missing; fill it in"),
        ]
    finally:
        charts.unpersist()


ODD = {
    "whole numbers with gaps": (pa.int64(), "note_id", [2**60 + 1, None, 3]),
    "small numbers": (pa.int16(), "patient_id", [1, 2, 3]),
    "floats": (pa.float64(), "note_id", [1.0, 2.5, None]),
    "single floats": (pa.float32(), "patient_id", [1.0, 2.5, None]),
    "decimals": (pa.decimal128(20, 1), "note_id", [decimal.Decimal("1.0"), decimal.Decimal("2.5"), None]),
    "truth": (pa.bool_(), "patient_id", [True, False, None]),
    "a date for an id": (pa.date32(), "note_id", [dt.date(2024, 1, 1), None, dt.date(2024, 1, 2)]),
    "dates": (pa.date32(), "note_date", [dt.date(2024, 1, 1), None, dt.date(1969, 12, 31)]),
    "times": (pa.timestamp("us"), "note_date", [dt.datetime(2024, 1, 1, 23, 59, 59, 999999), None, None]),
    "times of a zone": (
        pa.timestamp("us", "UTC"),
        "note_date",
        [dt.datetime(2024, 1, 1, 0, 30, tzinfo=dt.UTC), None, None],
    ),
    "numbers for dates": (pa.int32(), "note_date", [20240101, None, 20249999]),
    "floats for dates": (pa.float64(), "note_date", [20240101.0, None, 1.5]),
    "truth for dates": (pa.bool_(), "note_date", [True, None, False]),
    "bytes": (pa.binary(), "text", [b"Asthma.", b"caf\xe9 asthma", None]),
    "numbers for text": (pa.int64(), "text", [1, None, 3]),
    "lists for text": (pa.list_(pa.string()), "text", [["Asthma."], None, ["a", "b"]]),
    "lists for ids": (pa.list_(pa.string()), "note_id", [["a"], None, ["a", "b"]]),
    "nothing but gaps": (pa.string(), "note_date", [None, None, None]),
    "categories": (pa.dictionary(pa.int8(), pa.string()), "patient_id", ["a", "b", "a"]),
}


@pytest.mark.parametrize("case", ODD)
def test_columns_of_any_type_mean_what_they_mean_to_the_local_engine(tmp_path: Path, case: str) -> None:
    kind, column, values = ODD[case]
    base = {"patient_id": "p", "note_id": "n", "text": "Has asthma.", "note_date": "2024-01-01"}
    content = [base | {"patient_id": f"p{i}", column: value} for i, value in enumerate(values)]
    source = spark_notes.write(tmp_path / "n.parquet", content, **{column: kind})
    expected = local(source, tmp_path / "local")
    sparkrun.screen([source], tmp_path / "spark")
    assert spark_notes.same(expected, tmp_path / "spark")


OTHER_BYTES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "found out": (
        {},
        [
            "row 4: text is not UTF-8 at its byte 3; mend it, or name another --encoding",
            "row 2: is not UTF-8 and is read as cp1252; if letters look wrong, name the encoding with --encoding",
        ],
    ),
    "named": ({"encoding": "latin-1"}, []),
}


@pytest.mark.parametrize("case", OTHER_BYTES)
def test_bytes_that_are_no_utf_8_are_read_as_the_local_engine_reads_them(tmp_path: Path, case: str) -> None:
    options, told = OTHER_BYTES[case]
    values = [b"Asthma.", b"caf\xe9 asthma", b"\xff\xfe asthma", b"\xc3\xa9\xe9 asthma"]
    content = [{"patient_id": f"p{i}", "note_id": "n", "text": t} for i, t in enumerate(values)]
    table = pa.Table.from_pylist(
        content, schema=pa.schema([("patient_id", pa.string()), ("note_id", pa.string()), ("text", pa.binary())])
    )
    text = pa.StringArray.from_buffers(4, *table.column("text").combine_chunks().buffers()[1:])
    source = tmp_path / "n.parquet"
    pq.write_table(table.set_column(2, "text", text), source)
    run = sparkrun.screen([source], tmp_path / "spark", **options)
    assert [issue.line for issue in run.issues] == [f"{source}, {line}" for line in told]
    assert spark_notes.same(local(source, tmp_path / "local", **options), tmp_path / "spark")


def test_shifted_dates_are_moved_back_as_the_local_engine_does(tmp_path: Path) -> None:
    days = [7, 7, 8, None, 400, 400]
    content = [
        {"patient_id": f"p{i // 3}", "note_id": f"n{i}", "text": "Asthma since 2020-05-01.", "note_date": "2024-03-11"}
        | {"days": shift}
        for i, shift in enumerate(days)
    ]
    source = spark_notes.write(tmp_path / "n.parquet", content, days=pa.int32())
    expected = local(source, tmp_path / "local", date_shift_column="days")
    run = sparkrun.screen([source], tmp_path / "spark", date_shift_column="days")
    assert len(run.issues_of("set_aside")) == 2
    assert spark_notes.same(expected, tmp_path / "spark")


def test_the_manifest_of_an_earlier_local_run_does_not_stay(notes: Path, tmp_path: Path) -> None:
    local(notes, tmp_path / "run")
    assert (tmp_path / "run" / CHECKPOINT).is_file()
    sparkrun.screen([notes], tmp_path / "run")
    assert not (tmp_path / "run" / CHECKPOINT).exists()


@pytest.mark.parametrize(
    "options", [{"as_of": "2024-06-01"}, {"redact_evidence": True}, {"columns": {"note_type": "ward"}}], ids=str
)
def test_options_do_what_they_do_locally(notes: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    sparkrun.screen([notes], tmp_path / "spark", **options)
    assert spark_notes.same(local(notes, tmp_path / "local", **options), tmp_path / "spark")


def test_the_run_folder_is_its_owners_alone(notes: Path, tmp_path: Path) -> None:
    sparkrun.screen([notes], tmp_path / "run")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "run").iterdir()} == {0o600}


def test_a_folder_of_parts_is_read_by_file_and_row(tmp_path: Path) -> None:
    rows = spark_notes.rows(patients=3)
    folder = tmp_path / "my notes"
    (folder / "patient_id=007").mkdir(parents=True)
    bare = [{k: v for k, v in row.items() if k != "patient_id"} for row in rows[:2]]
    spark_notes.write(folder / "patient_id=007" / "part-0.parquet", bare)
    run = sparkrun.screen([folder], tmp_path / "run")
    (patient,) = run.summaries
    assert (patient.patient_id, patient.notes) == ("007", 1)
    assert [issue.line.partition(":")[0] for issue in run.issues] == [f"{folder}/patient_id=007/part-0.parquet, row 2"]


def test_several_inputs_are_read_in_the_order_given(tmp_path: Path) -> None:
    rows = spark_notes.rows(patients=3)
    first = spark_notes.write(tmp_path / "z.parquet", rows[:7])
    second = spark_notes.write(tmp_path / "a.parquet", rows[5:])
    batch.screen([first, second], tmp_path / "local")
    sparkrun.screen([first, second], tmp_path / "spark")
    assert spark_notes.same(tmp_path / "local", tmp_path / "spark")


def test_tables_are_read_and_written_and_written_over(spark: Any, unordered: Path, tmp_path: Path) -> None:
    expected = local(unordered, tmp_path / "local")
    spark.sql("create database if not exists clinic")
    spark.read.parquet(str(unordered)).write.mode("overwrite").saveAsTable("clinic.notes")
    for _ in range(2):
        run = sparkrun.screen(["table:clinic.notes"], "table:clinic.mas")
    names = {row.tableName for row in spark.sql("show tables in clinic").collect()}
    assert names == {"notes", "mas_mentions", "mas_answers", "mas_screening", "mas_issues", "mas_run"}
    answers = in_order(spark.table("clinic.mas_answers"), "patient_id", "question")
    local_answers = pq.read_table(expected / "answers.parquet").to_pylist()
    assert answers == sorted(local_answers, key=lambda r: (r["patient_id"], r["question"]))
    assert run.mentions == spark.table("clinic.mas_mentions").count()
    assert run.notes == spark_notes.told(expected)["counts"]["notes_read"]
    (told,) = spark.table("clinic.mas_run").collect()
    assert '"engine": "spark"' in told.run
    assert {issue.source for issue in run.issues} == {"table:clinic.notes"}


def test_a_table_that_holds_something_else_is_not_written_over(spark: Any, notes: Path) -> None:
    spark.sql("create database if not exists other")
    spark.range(3).write.mode("overwrite").saveAsTable("other.x_issues")
    with pytest.raises(UsageError, match=r"the table other\.x_issues holds something else"):
        sparkrun.screen([notes], "table:other.x")
    assert spark.table("other.x_issues").count() == 3
    assert [row.tableName for row in spark.sql("show tables in other").collect()] == ["x_issues"]


def test_parquet_folders_read_like_a_run(notes: Path, tmp_path: Path) -> None:
    expected = local(notes, tmp_path / "local")
    run = sparkrun.screen([f"file://{notes}"], f"file://{tmp_path}/far")
    assert compare(expected, tmp_path / "far") == []
    for name in ("mentions", "answers"):
        here, there = (pq.read_table(folder / f"{name}.parquet") for folder in (expected, tmp_path / "far"))
        assert here.to_pylist() == there.to_pylist()
    assert {p.name for p in (tmp_path / "far").iterdir()} == {
        f"{name}.parquet" for name in ("mentions", "answers", "screening", "issues", "run")
    }
    assert len(run.issues) == 8
    written = list((tmp_path / "far").rglob("part-*"))
    assert written and {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}


def test_an_input_that_cannot_be_read_is_told_and_the_others_go_on(notes: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("Asthma.")
    bare = spark_notes.write(tmp_path / "bare.parquet", [{"patient_id": "p"}])
    none = tmp_path / "none.parquet"
    pq.write_table(pq.read_table(notes).slice(0, 0), none)
    bad = [tmp_path / "gone.parquet", tmp_path / "empty", tmp_path / "texts", bare, none, "table:gone.notes"]
    run = sparkrun.screen([*bad, notes], tmp_path / "run")
    told = [issue.line for issue in run.issues_of("input")]
    assert [line.partition(": ")[0] for line in told] == [str(path) for path in bad]
    assert "No such file" in told[0] and "no Parquet files" in told[1] and "write it again" in told[2]
    assert "no column note_id" in told[3] and "holds no notes" in told[4] and "no such table" in told[5]
    assert run.notes == 51
    with pytest.raises(UsageError, match=r"gone\.parquet: cannot be read"):
        sparkrun.screen(bad[:1], tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_file_that_breaks_midway_ends_the_run_in_one_line_and_leaves_the_earlier_run(
    notes: Path, tmp_path: Path
) -> None:
    sparkrun.screen([notes], tmp_path / "run")
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    data = bytearray(notes.read_bytes())
    data[4:400] = bytes(396)
    (tmp_path / "broken.parquet").write_bytes(data)
    with pytest.raises(NoteCriteriaError) as told:
        sparkrun.screen([tmp_path / "broken.parquet"], tmp_path / "run")
    assert len(str(told.value).splitlines()) == 1
    assert {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()} == before


def command(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "extractor.cli", "screen", "--engine", "spark", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
    )


def test_the_command_says_no_word_of_a_note_and_with_quiet_nothing(tmp_path: Path) -> None:
    told = dict.fromkeys(("note_type", "ward"), NONCE) | {"note_date": NONCE}
    rows = [*spark_notes.rows(2, 2)[:4], {"patient_id": "p", "note_id": "n", "text": f"{NONCE} asthma"} | told]
    source = spark_notes.write(tmp_path / "n.parquet", rows)
    done = command(source, "--out", tmp_path / "run", "--master", "local[1]", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert NONCE not in (tmp_path / "run" / "run.json").read_text()


JOB = """
import sys, extractor
from extractor.cli import main

sys.stdout.write(extractor.__file__ + "\\n")
main()
"""


def test_spark_submit_takes_the_zip_for_driver_and_executors(notes: Path, tmp_path: Path) -> None:
    expected = local(notes, tmp_path / "local")
    package_zip(tmp_path / "notecriteria.zip")
    (tmp_path / "job.py").write_text(JOB)
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    given = ["job.py", "screen", str(notes), "--engine", "spark", "--out", "run", "--quiet"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    python = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(
        [submit, "--master", "local[1]", "--conf", "spark.ui.enabled=false", "--py-files", "notecriteria.zip", *given],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment | python,
    )
    assert done.returncode == 0, done.stdout[-2000:]  # spark-submit joins the two
    assert done.stdout.splitlines()[0].endswith("notecriteria.zip/extractor/__init__.py")
    assert spark_notes.same(expected, tmp_path / "run")


def test_without_java_the_command_says_so_in_one_line(notes: Path, tmp_path: Path) -> None:
    done = command(notes, "--out", tmp_path / "run", "--quiet", JAVA_HOME=str(tmp_path), PATH="/nowhere")
    assert done.returncode == 1
    assert done.stderr == "notecriteria: Spark cannot be started (JAVA_GATEWAY_EXITED); install Java 17 or later\n"
