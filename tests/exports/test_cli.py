"""``notecriteria export`` from notes to files."""

from __future__ import annotations

import builtins
import csv
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from extractor.batch import screen
from extractor.cli import app

from .conftest import TEXT, write_run


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run by the tool itself, and the notes that it read."""
    base = tmp_path_factory.mktemp("screened")
    (base / "notes").mkdir()
    (base / "notes" / "007__n1__2024-03-01.txt").write_bytes(TEXT.encode())
    (base / "notes" / "008__n2__2024-03-01.txt").write_text("Denies asthma. SLE since 2010.")
    screen([base / "notes"], base / "run")
    return base / "run", base / "notes"


FILES = {
    "redcap": ["README.md", "data_dictionary.csv", "import.csv"],
    "omop": ["README.md", "note_id_map.csv", "note_nlp.csv"],
    "fhir": [
        "CodeSystem.ndjson", "Device.ndjson", "Provenance.ndjson", "Questionnaire.ndjson",
        "QuestionnaireResponse.ndjson", "README.md",
    ],
    "brat": [
        "007__n1.ann", "007__n1.txt", "008__n2.ann", "008__n2.txt", "README.md", "annotation.conf", "answers.csv",
        "notes.csv", "provenance.json",
    ],
    "label-studio": ["README.md", "answers.csv", "labeling_config.xml", "provenance.json", "tasks.json"],
}  # fmt: skip


@pytest.mark.parametrize("to", FILES)
def test_each_format_writes_its_files_for_their_owner_alone(
    screened: tuple[Path, Path], tmp_path: Path, to: str
) -> None:
    run, notes = screened
    again = ["--notes", notes] if to in ("brat", "label-studio", "omop") else []
    result = invoke("export", run, "--to", to, "--out", tmp_path / "out", *again)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{tmp_path / 'out'}: 2 ") or to == "omop"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == FILES[to]
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "out").iterdir()} == {0o600}
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert "a person decides" in (tmp_path / "out" / "README.md").read_text()


def test_excel_shows_what_the_screening_sheet_shows(screened: tuple[Path, Path], tmp_path: Path) -> None:
    run, _ = screened
    assert invoke("export", run, "--to", "excel", "--out", tmp_path / "run.xlsx").exit_code == 0
    with (run / "screening.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    sheet = load_workbook(tmp_path / "run.xlsx")["answers"]
    heads = [cell.value for cell in sheet[2]]
    for row, cells in zip(rows, sheet.iter_rows(min_row=3, values_only=True), strict=True):
        shown = dict(zip(heads, cells, strict=True))
        assert shown["patient_id"] == row["patient_id"]
        for name in heads[1:]:
            assert str(shown[name]).split(" – ")[0].replace(" ", "_") == row[name]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "x"], "--to FORMAT is missing; name one of redcap, omop, excel, fhir, brat, label-studio"),
        (["--to", "fax", "--out", "x"], "--to fax: there is no such format; name one of"),
        (["--to", "redcap"], "--out PATH is missing"),
        (["--to", "brat", "--out", "x"], "needs the notes again; give them by --notes (the run read notes)"),
        (["--to", "excel", "--out", "x"], "--out x: name a file that ends in .xlsx"),
        (["--to", "redcap", "--out", "run.json"], "--out run.json: is a file; name a folder"),
        (["--to", "redcap", "--out", "x", "--notes", "n"], "--notes: redcap has no use for the notes"),
        (["--to", "omop", "--out", "x", "--identifier-system", "urn:x"], "--identifier-system: omop has no use for it"),
        (["--to", "fhir", "--out", "x", "--identifier-system", "x"], "--identifier-system x: is no URI"),
        (["--to", "fhir", "--out", "x", "--trial", "NCT0"], "--trial NCT0: no such trial"),
        (["--to", "omop", "--out", "x", "--notes", "gone", "--columns", "a"], "--columns: give pairs"),
    ],
)
def test_wrong_usage_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    folder = write_run(tmp_path / "run")
    (tmp_path / "run.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    result = invoke("export", folder, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("notecriteria: ") and told in line
    assert not (tmp_path / "x").exists()


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    result = invoke("export", tmp_path, "--to", "redcap", "--out", tmp_path / "x")
    assert result.exit_code == 2
    assert "run.json: is missing; name a folder that `notecriteria screen` has written" in result.stderr


@pytest.mark.parametrize(
    ("to", "out", "package"), [("excel", "x.xlsx", "openpyxl"), ("fhir", "x", "fhir"), ("fhir", "x.json", "fhir")]
)
def test_a_missing_package_is_told_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, out: str, package: str
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return real(name, *rest, **more)

    folder = write_run(tmp_path / "run")
    monkeypatch.setattr(builtins, "__import__", without)
    result = invoke("export", folder, "--to", to, "--out", tmp_path / out)
    assert result.exit_code == 2
    assert "pip install 'notecriteria[export]'" in result.stderr
    assert not (tmp_path / out).exists()


def test_what_is_left_out_is_told_on_standard_error(tmp_path: Path, notes: Path) -> None:
    (notes / "008__n1.txt").write_text("Well.")
    result = invoke("export", write_run(tmp_path / "run"), "--to", "brat", "--out", tmp_path / "x", "--notes", notes)
    assert result.exit_code == 0
    assert result.stderr.startswith("notecriteria: 1 notes are of patients that the run does not have")


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    result = invoke("export", write_run(tmp_path / "run"), "--to", "redcap", "--out", tmp_path / "x", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
