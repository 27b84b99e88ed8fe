"""The command: what it prints, its exit codes, and errors as single lines."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from extractor import batch, runrecord
from extractor.cli import app

ROOT = Path(__file__).parent.parent
NONCE = "Zebrafishitis"
COMMANDS = ("screen", "load", "explain", "evaluate", "compare", "export", "review", "rules")


def invoke(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)


def process(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "extractor.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {str(k): str(v) for k, v in options.items()},
    )


def test_screen_ends_with_a_table_the_statement_and_the_report(folder: Path, tmp_path: Path) -> None:
    result = invoke("screen", folder, "--out", tmp_path / "run")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "NCT07208058: 3 patients, 3 notes read, 1 set aside (why: run.json)"
    table = {line.split()[0]: line.split()[1:] for line in lines[2:19]}
    assert table["lung_disease"] == ["finding", "1", "0", "0", "2"]
    assert table["E5"] == ["exclusion", "1", "excluded", "0", "0", "2"]
    assert "10 of the 22 criteria" in lines[-2] and "a person decides" in lines[-2]
    assert lines[-1] == f"Report: {tmp_path / 'run' / 'report.html'}"


def test_what_is_set_aside_is_told_on_standard_error(folder: Path, tmp_path: Path) -> None:
    result = invoke("screen", folder, "--out", tmp_path / "run")
    assert (
        result.stderr == f"notecriteria: {folder / 'P003__empty.txt'}: the file is empty; fill it in or take it away\n"
    )


def test_very_many_lines_are_cut_short(tmp_path: Path) -> None:
    for i in range(50):
        (tmp_path / f"p{i}__n.txt").write_text("")
    result = invoke("screen", tmp_path, "--out", tmp_path / "run")
    assert len(result.stderr.splitlines()) == 21
    assert result.stderr.splitlines()[-1] == "notecriteria: ... and 30 more; run.json has all of them"


def test_quiet_prints_nothing(folder: Path, tmp_path: Path) -> None:
    result = invoke("screen", folder, "--out", tmp_path / "run", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "run" / "run.json").is_file()


def test_an_unreadable_input_is_told_but_the_others_are_done(folder: Path, tmp_path: Path) -> None:
    result = invoke("screen", folder, tmp_path / "gone.csv", "--out", tmp_path / "run", "--quiet")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"notecriteria: {tmp_path / 'gone.csv'}: cannot be read (No such file or directory); mend its path or its permissions"
    ]
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["counts"]["notes_read"] == 3
    assert len(told["unreadable_inputs"]) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["screen", "--out", "x"], "no input: name a folder or file of notes"),
        (["screen", "NOTES"], "--out DIR is missing; name the run folder to write"),
        (["screen", "gone.csv", "--out", "x"], "gone.csv: cannot be read (No such file or directory)"),
        (
            ["screen", "NOTES", "--out", "x", "--trial", "NCT0"],
            "--trial NCT0: no such trial; known are NCT05001737, NCT05416307, NCT07208058",
        ),
        (["screen", "NOTES", "--out", "x", "--as-of", "May"], "--as-of May: give a date as YYYY-MM-DD"),
        (["screen", "NOTES", "--out", "x", "--rules", "gone"], "--rules gone: is no folder"),
        (["screen", "NOTES", "--out", "x", "--columns", "text"], "--columns: give pairs FIELD=COLUMN"),
        (["screen", "NOTES", "--out", "x", "--workers", "0"], "--workers 0: give 1 or more"),
        (["screen", "NOTES", "--out", "x", "--workers", "two"], "Invalid value for '--workers'"),
        (["screen", "n.csv", "--out", "x", "--engine", "spark"], "n.csv: Spark reads Parquet and tables here"),
        (["screen", "--out", "x", "--engine", "spark"], "no input: name Parquet files or folders, or table:NAME"),
        (["screen", "NOTES", "--engine", "spark"], "--out DIR is missing"),
        (["screen", "NOTES", "--out", "x", "--engine", "spark", "--workers", "2"], "--workers is for the local engine"),
        (["screen", "NOTES", "--out", "x", "--engine", "spark", "--spark-conf", "a"], "--spark-conf: give KEY=VALUE"),
        (["screen", "NOTES", "--out", "x", "--engine", "spark", "--resume"], "--resume is for the local engine"),
        (
            ["screen", "--out", "x", "--engine", "spark", "--sql", "select 1"],
            "--sql and --url are for the local engine",
        ),
        (["screen", "N", "--out", "x", "--engine", "spark", "--part-column", "p"], "--part-column is for the local"),
        (["screen", "NOTES", "--out", "x", "--master", "local"], "--master and --spark-conf are for Spark"),
        (["screen", "NOTES", "--out", "x", "--engine", "steam"], "--engine steam: there is no such engine"),
        (["screen", "--bogus"], "No such option: --bogus"),
        (["explain", "gone.txt"], "gone.txt: there is no such file"),
        (["explain", " "], "the text is empty"),
        (["compare", "gone", "gone"], "gone/answers.parquet: is missing"),
        (["rules", "check", "--rules", "gone"], "--rules gone: is no folder"),
        (["review", "run"], "review run comes with a later version"),
        (["evaluate", "--gold", "gone"], "gone"),
        (["nonsense"], "No such command 'nonsense'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(*[folder if a == "NOTES" else a for a in arguments])
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("notecriteria: ") and told in line
    assert not (tmp_path / "x").exists()


def test_any_other_failure_is_one_line_without_its_message(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyError(NONCE)

    monkeypatch.setattr(runrecord, "write_report", fails)
    result = invoke("screen", folder, "--out", tmp_path / "run", "--quiet")
    assert result.exit_code == 1
    assert re.fullmatch(r"notecriteria: failed with KeyError at test_cli\.py:\d+; please report this\n", result.stderr)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            MemoryError(NONCE),
            r"the memory is full; take fewer --workers, split the longest notes or give the machine more",
        ),
        (
            OSError(24, NONCE, NONCE),
            r"Too many open files \(at test_cli\.py:\d+\); mend that, then start the command again",
        ),
        (OSError(2, NONCE, NONCE), r"failed with FileNotFoundError at test_cli\.py:\d+; please report this"),
    ],
)
def test_what_the_machine_lacks_is_told_with_its_remedy(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(batch, "Screener", fails)
    result = invoke("screen", folder, "--out", tmp_path / "run", "--quiet")
    assert result.exit_code == 1
    assert re.fullmatch(f"notecriteria: {told}\n", result.stderr)


@pytest.mark.parametrize(
    ("error", "told"),
    [(KeyboardInterrupt, "the same command with --resume goes on from here"), (EOFError, "nothing was written")],
)
def test_ctrl_c_is_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], told: str
) -> None:
    def stops(*_: object) -> None:
        raise error

    monkeypatch.setattr(runrecord, "write_report", stops)
    result = invoke("screen", folder, "--out", tmp_path / "run", "--quiet")
    assert result.exit_code == 1
    assert result.stderr.strip() == f"notecriteria: stopped; {told}"


def test_a_fault_in_a_rule_file_names_file_and_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "context.yaml").write_text("description: x\ncues:\n  - id: a.b\n    role: nowhere\n")
    result = invoke("screen", folder, "--out", tmp_path / "run", "--rules", tmp_path / "rules")
    assert result.exit_code == 2
    assert f"{tmp_path / 'rules' / 'context.yaml'}:" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_help_answers_at_once() -> None:
    def seconds() -> float:
        """Return the processor's time, for the machine may have other things to do."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert process("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.5


def test_help_imports_nothing_heavy() -> None:
    heavy = {"pandas", "pyarrow", "spacy", "medspacy", "numpy", "rich", "jinja2", "pydantic", "yaml"}
    code = "import sys, extractor.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not heavy & {name.partition(".")[0] for name in done.stdout.split()}


def test_the_command_works_as_a_process_with_workers_and_says_no_word_of_a_note(folder: Path, tmp_path: Path) -> None:
    (folder / "Z__n.txt").write_text(f"{NONCE}: asthma. " * 50)
    (folder / "Z__m.txt").write_bytes(f"{NONCE} \xff".encode("latin-1"))
    done = process("screen", folder, "--out", tmp_path / "run", "--workers", 2, PYTHONWARNINGS="error")
    assert done.returncode == 0, done.stderr
    assert NONCE not in done.stdout + done.stderr + (tmp_path / "run" / "run.json").read_text()
    told = [line for line in done.stderr.splitlines() if line.startswith("notecriteria: ")]
    assert len(told) == 2  # beside the progress of a slow machine


def test_exit_codes_reach_the_shell(tmp_path: Path) -> None:
    done = process("screen", tmp_path / "gone", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_explain_marks_the_text_and_says_why() -> None:
    result = invoke("explain", "Denies asthma. h/o DLBCL.")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "Denies [[LUNG_DISEASE neg|asthma]]. h/o [[MALIGNANCY hist|DLBCL]]."
    assert "  cue        neg.denies “Denies”" in result.stdout
    assert "  rule       lung_disease.asthma" in result.stdout


@pytest.mark.parametrize("way", ["argument", "file", "stdin"])
def test_explain_reads_text_file_and_standard_input(tmp_path: Path, way: str) -> None:
    text = "No COPD\u2028today."
    (tmp_path / "note.txt").write_text(text)
    given = {"argument": text, "file": tmp_path / "note.txt", "stdin": "-"}[way]
    result = invoke("explain", given, "--json", stdin=text.encode())
    (row,) = json.loads(result.stdout)
    assert (row["text"], row["start"], row["negated"]) == ("COPD", 3, True)


def test_explain_tells_the_encoding_that_it_takes() -> None:
    result = invoke("explain", "-", "--json", stdin=b"Mot\xf6rhead fan, denies asthma.")
    assert (result.exit_code, result.stderr) == (
        0,
        "notecriteria: standard input: is not UTF-8 and is read as cp1252\n",
    )
    assert json.loads(result.stdout)[0]["text"] == "asthma"


@pytest.mark.parametrize(
    ("data", "told"), [(b"caf\xe9 \xc3\xa9", "is not UTF-8 at its byte 4"), (b"", "the file is empty")]
)
def test_explain_tells_what_is_wrong_with_standard_input(data: bytes, told: str) -> None:
    result = invoke("explain", "-", stdin=data)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"notecriteria: standard input: {told}")


def test_compare_lists_whose_answers_differ_and_the_evidence_but_no_words(folder: Path, tmp_path: Path) -> None:
    invoke("screen", folder, "--out", tmp_path / "a", "--quiet")
    (folder / "00417__b__2024-03-01.txt").write_text(f"{NONCE}. Received Yescarta in March.")
    invoke("screen", folder, "--out", tmp_path / "b", "--quiet")
    result = invoke("compare", tmp_path / "a", tmp_path / "b")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "00417  car_t_exposure: not met -> met"
    assert lines[1].strip().startswith("gone: CAR_T") or lines[1].strip().startswith("new: CAR_T")
    assert any("new: CAR_T axicabtagene ciloleucel, note b at" in line for line in lines)
    assert lines[-1].endswith("answers of 1 patients differ.")
    assert NONCE not in result.stdout and "Yescarta" not in result.stdout


def test_equal_runs_do_not_differ(folder: Path, tmp_path: Path) -> None:
    invoke("screen", folder, "--out", tmp_path / "a", "--quiet")
    result = invoke("compare", tmp_path / "a", tmp_path / "a", "--json")
    assert json.loads(result.stdout) == []


def test_a_patient_in_one_run_alone_is_a_difference(folder: Path, tmp_path: Path) -> None:
    invoke("screen", folder, "--out", tmp_path / "a", "--quiet")
    (folder / "P003__empty.txt").unlink()
    invoke("screen", folder, "--out", tmp_path / "b", "--quiet")
    differences = json.loads(invoke("compare", tmp_path / "a", tmp_path / "b", "--json").stdout)
    assert {(d["patient_id"], d["before"], d["after"]) for d in differences} == {("P003", "not_documented", None)}
    assert len(differences) == 17
