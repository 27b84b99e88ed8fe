"""What executors do, tried without Spark: rows to findings, findings to charts, rules in a zip, the job's own files."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from extractor import sparkwork
from extractor.batch import screen
from extractor.errors import NoteCriteriaError, UsageError
from extractor.notes.reader import READ_BEFORE, SHIFTED_OTHERWISE
from extractor.screener import Screener
from extractor.shipped import shipped_rules
from extractor.spark import package_zip
from extractor.sparkrun import results_line
from extractor.sparksession import parse_conf
from extractor.sparkwork import (
    READ,
    Chart,
    Job,
    RulesDifferError,
    Source,
    chart_patient,
    extract_batches,
    job_of,
    opened,
)
from tests import spark_notes

SITE = """
label: LUNG_DISEASE
description: A site's own word.
entries:
  - id: lung_disease.zebra
    concept: zebra lung
    terms: [zebra lung]
    source: site
    match: ["zebra lung"]
    no_match: ["zebra crossing"]
"""


def findings(work: Job, *rows: tuple[Any, ...]) -> pd.DataFrame:
    """Findings of rows ``(patient_id, note_id, text, note_date)``."""
    values = [
        (0, None, i, *(_bytes(v) for v in row), *[None] * (len(READ) - len(row))) for i, row in enumerate(rows, 1)
    ]
    batch = pd.DataFrame(values, columns=["place", "source", "row", *READ], dtype=object)
    return pd.concat(list(extract_batches(work, [batch])))


def _bytes(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def charts(work: Job, found: pd.DataFrame) -> dict[str | None, Chart]:
    made = [chart_patient(work, group) for _, group in found.groupby("patient_id", dropna=False)]
    return {row["patient_id"]: opened(row["chart"]) for frame in made for _, row in frame.iterrows()}


@pytest.fixture(scope="module")
def work() -> Job:
    return job_of(Screener(), "NCT07208058", None, None, False, [Source("notes")])


def test_a_patient_gets_the_answers_of_the_local_engine_whatever_the_order_of_rows(work: Job, tmp_path: Path) -> None:
    rows = spark_notes.rows(patients=1)
    screen([spark_notes.write(tmp_path / "n.parquet", rows)], tmp_path / "run")
    values = [(r["patient_id"], r["note_id"], r["text"], r["note_date"]) for r in rows[:4]]
    found = findings(work, *values)
    one, other = (charts(work, frame)["00000"] for frame in (found, found.iloc[::-1]))
    local = [r for r in pq.read_table(tmp_path / "run" / "answers.parquet").to_pylist() if r["patient_id"] == "00000"]
    assert list(sparkwork.answer_rows(one)) == list(sparkwork.answer_rows(other)) == local


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((None, "n", "Asthma.", None), "patient_id is missing; fill it in"),
        (("p", float("nan"), "Asthma.", None), "note_id is missing; fill it in"),
        (("p", 1.5, "Asthma.", None), "note_id is neither text nor a whole number; give it as text"),
        ((True, "n", "Asthma.", None), "patient_id is neither text nor a whole number; give it as text"),
        (("p", "n", None, None), "text is missing; fill it in or leave the row out"),
        (("p", "n", 7, None), "text is not text; give the note as a string"),
        (("p", "n", " \n", None), "the note is empty; fill it in or leave it out"),
        (
            ("p", "n", b"\xc3\xa9 caf\xe9", None),
            "text is not UTF-8 at its byte 7; mend it, or name another --encoding",
        ),
        (
            ("p", "n", b"caf\xe9", None),
            "is not UTF-8 and is read as cp1252; if letters look wrong, name the encoding with --encoding",
        ),
        (("p", "n", "Asthma.", "May"), "note_date is no date, so the note is read without one; write it as YYYY-MM-DD"),
    ],
)
def test_a_row_that_cannot_be_read_tells_where_and_why(work: Job, row: tuple[Any, ...], reason: str) -> None:
    (chart,) = charts(work, findings(work, row)).values()
    ((place, issue),) = chart.issues
    assert (place, issue.line) == (0, f"notes, row 1: {reason}")


def test_of_two_notes_with_the_same_ids_the_first_is_read(work: Job) -> None:
    found = findings(work, ("p", "n", "Asthma.", None), ("p", "n", "COPD.", None)).iloc[::-1]
    chart = charts(work, found)["p"]
    assert [r["text"] for r in sparkwork.mention_rows(chart)] == ["Asthma"]
    assert [issue.line for _, issue in chart.issues] == [f"notes, row 2: {READ_BEFORE}"]


def test_a_guess_of_the_encoding_is_told_once_of_each_file(work: Job) -> None:
    found = findings(work, *[("p", f"n{i}", b"caf\xe9 asthma", None) for i in range(3)])
    issues = [issue for _, issue in charts(work, found)["p"].issues]
    assert [issue.row for issue in issues] == [1, 2, 3]
    assert list(sparkwork.told_once(issues)) == issues[:1]


@pytest.mark.parametrize(("encoding", "reasons"), [("cp1252", []), ("ascii", ["text is not ascii at its byte 4"])])
def test_an_encoding_that_is_named_is_not_guessed(encoding: str, reasons: list[str], work: Job) -> None:
    chart = charts(work, findings(replace(work, encoding=encoding), ("p", "n", b"caf\xe9 asthma", None)))["p"]
    assert [issue.reason.partition(";")[0] for _, issue in chart.issues] == reasons


def test_dates_are_moved_back_by_each_patients_days_and_other_days_are_set_aside(work: Job) -> None:
    rows = [("p", f"n{i}", "Asthma.", "2024-03-11", None, days) for i, days in enumerate([10, "10", 11, None])]
    chart = charts(work, findings(replace(work, shifted=True), *rows))["p"]
    assert [r["note_date"] for r in sparkwork.mention_rows(chart)] == ["2024-03-01"] * 2
    assert [issue.line for _, issue in chart.issues] == [
        f"notes, row 3: {SHIFTED_OTHERWISE}",
        "notes, row 4: the date shift, in days, is missing; fill it in",
    ]


def test_rows_without_an_order_are_told_apart_by_their_content(work: Job) -> None:
    found = findings(work, ("p", "n", "Asthma.", None), ("p", "n", "COPD.", None))
    found["row"] = None
    one, other = (charts(work, frame)["p"] for frame in (found, found.iloc[::-1]))
    assert one == other
    assert len(one.issues) == 1


def test_rows_without_a_patient_give_issues_and_no_answers(work: Job) -> None:
    ((patient, chart),) = charts(work, findings(work, (None, "n", "Asthma.", None))).items()
    assert patient is None or patient != patient
    assert (chart.record, list(sparkwork.answer_rows(chart)), list(sparkwork.mention_rows(chart))) == (None, [], [])


@pytest.mark.parametrize("index", [0, 1])
def test_a_job_takes_the_sites_rules_and_trial_along(tmp_path: Path, index: int) -> None:
    site, trial = tmp_path / "rules", tmp_path / "own.yaml"
    (site / "vocabulary").mkdir(parents=True)
    (site / "vocabulary" / "lung.yaml").write_text(SITE)
    shipped = shipped_rules(Path(sparkwork.__file__).parent) / "trials" / "NCT07208058.yaml"
    trial.write_text(shipped.read_text().replace("trial: NCT07208058", "trial: OWN001"))
    given = (trial, "NCT07208058")[index]
    made = job_of(Screener(given, site), given, site, None, False, [Source("notes")])
    for path in (trial, site / "vocabulary" / "lung.yaml"):
        path.unlink()
    chart = charts(made, findings(made, ("p", "n", "Has zebra lung.", None)))["p"]
    assert {r["concept"] for r in sparkwork.mention_rows(chart)} == {"zebra lung"}
    assert {r["trial"] for r in sparkwork.answer_rows(chart)} == {("OWN001", "NCT07208058")[index]}


def test_other_rules_than_the_drivers_are_refused(work: Job) -> None:
    with pytest.raises(RulesDifferError, match="other rules"):
        findings(replace(work, digest="0"), ("p", "n", "Asthma.", None))


@pytest.mark.parametrize(
    ("source", "uri", "name"),
    [
        (Source("table:a.b"), None, "table:a.b"),
        (Source("n.parquet", "/d/n.parquet"), "file:///d/n.parquet", "n.parquet"),
        (Source("../d x", "/d x"), "file:///d%20x/p=1/part-0.parquet", "../d x/p=1/part-0.parquet"),
        (Source("/d/*.parquet", "/d/*.parquet"), "file:///d/a.parquet", "/d/a.parquet"),
        (Source("notes", "/home/x/notes"), "hdfs://name/user/x/notes/p.parquet", "hdfs://name/user/x/notes/p.parquet"),
        (Source("s3a://b/n"), "s3a://b/n/p.parquet", "s3a://b/n/p.parquet"),
    ],
)
def test_files_are_named_as_they_were_given(source: Source, uri: str | None, name: str) -> None:
    assert sparkwork._named(source, uri) == name


def test_the_zip_is_the_same_for_the_same_code_and_holds_code_rules_and_templates(tmp_path: Path) -> None:
    one, other = package_zip(tmp_path / "1.zip"), package_zip(tmp_path / "2.zip")
    assert one.read_bytes() == other.read_bytes()
    names = set(zipfile.ZipFile(one).namelist())
    wanted = {"extractor/spark.py", "extractor/rules/context.yaml", "extractor/templates/report.html"}
    assert wanted <= names and not any("__pycache__" in name for name in names)


IN_A_ZIP = """
import sys, extractor.rulebook as book
from extractor import Extractor
assert book.__file__.startswith(sys.argv[1]), book.__file__
from extractor.spark import package_zip
again = package_zip(sys.argv[2])
assert again.read_bytes() == open(sys.argv[1], "rb").read()
print(book.SHIPPED_RULES, Extractor().mentions("Denies asthma.")[0].negated)
"""


def in_a_zip(path: Path) -> list[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PYTHONPATH": str(path)}
    done = subprocess.run(
        [sys.executable, "-c", IN_A_ZIP, str(path), str(path.parent.parent / "again.zip")],
        capture_output=True,
        text=True,
        check=True,
        cwd=path.parent.parent,
        env=environment,
    )
    return done.stdout.split()


def test_the_package_works_from_its_zip_and_unpacks_its_rules_once_beside_it(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    path = package_zip(tmp_path / "lib" / "notecriteria.zip")
    first, second = in_a_zip(path), in_a_zip(path)
    assert first == second
    assert first[1] == "True" and Path(first[0]).is_relative_to(path.parent)
    assert len(list(path.parent.iterdir())) == 2


def test_a_zip_without_rules_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr("extractor/__init__.py", "")
    with pytest.raises(NoteCriteriaError, match="holds no rules"):
        shipped_rules(tmp_path / "x.zip" / "extractor")
    assert [p.name for p in tmp_path.iterdir()] == ["x.zip"]


@pytest.mark.parametrize("pairs", [["a"], ["=1"], ["a=1", "b"]])
def test_a_setting_without_a_value_is_wrong_usage(pairs: list[str]) -> None:
    with pytest.raises(UsageError, match="--spark-conf: give KEY=VALUE"):
        parse_conf(pairs)


@pytest.mark.parametrize(
    ("out", "line"),
    [
        ("run", None),
        ("table:db.mas", "Results: db.mas_*"),
        ("s3a://b/mas/", "Results: s3a://b/mas/*.parquet"),
        ("file:///x", "Results: file:///x/*.parquet"),
    ],
)
def test_the_closing_line_says_where_the_results_are(out: str, line: str | None) -> None:
    assert results_line(out) == line
