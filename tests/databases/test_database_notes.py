"""Notes from a query: what is read, what is set aside, and what is never told."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from extractor.batch import screen
from extractor.cli import app
from extractor.databases import Database, DatabaseNotes, password_of
from extractor.errors import UsageError
from extractor.notes import Located, NoteIssue, Reading, reading
from tests.databases.conftest import QUERY, TEXTS, Site
from tests.databases.server import PASSWORD

ROOT = Path(__file__).parent.parent.parent


def invoke(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], env=environment)


def test_an_omop_note_table_is_read_as_it_is(site: Site) -> None:
    found = list(DatabaseNotes(site.database, QUERY).read(Reading()))
    notes = [item.note for item in found if isinstance(item, Located)]
    assert [(n.note_id, n.patient_id, n.note_date, n.text) for n in notes] == [
        (str(note), str(person), date, text) for note, (person, date, text) in TEXTS.items()
    ]
    assert {n.note_type for n in notes} == {"Progress"}
    assert [item.row for item in found if isinstance(item, Located)] == [1, 2, 3, 4]


def test_a_query_gives_the_same_answers_as_a_table(site: Site, tmp_path: Path) -> None:
    lines = [
        json.dumps({"patient_id": str(person), "note_id": str(note), "note_date": date, "text": text})
        for note, (person, date, text) in TEXTS.items()
    ]
    (tmp_path / "n.jsonl").write_text("\n".join(lines))
    screen([tmp_path / "n.jsonl"], tmp_path / "file")
    screen([DatabaseNotes(site.database, QUERY)], tmp_path / "query")
    for name in ("mentions.parquet", "answers.parquet", "screening.csv"):
        assert (tmp_path / "query" / name).read_bytes() == (tmp_path / "file" / name).read_bytes()


def test_a_run_from_a_query_takes_over_what_has_not_changed(site: Site, tmp_path: Path) -> None:
    source = DatabaseNotes(site.database, QUERY)
    screen([source], tmp_path / "run")
    site.add_note(5, 11, "2024-04-01", "Received axi-cel.")
    assert screen([source], tmp_path / "run", resume=True).resumed == 4


@pytest.mark.parametrize(
    "query",
    [
        "select note_id, person_id, note_text from note where note_text like '%asthma%'",
        "select note_id, person_id, note_text from note where note_text not like '% :x %' and note_id = 1;",
        "with n as (select * from note) select note_id, person_id, note_text from n where note_id = 1",
    ],
)
def test_a_query_stands_as_it_is(site: Site, query: str) -> None:
    assert [f.note.note_id for f in DatabaseNotes(site.database, query).read(Reading()) if isinstance(f, Located)] == [
        "1"
    ]


def test_columns_can_be_named(site: Site) -> None:
    source = DatabaseNotes(site.database, "select note_id as k, person_id as mrn, note_text as body from note")
    found = list(source.read(reading({"text": "body", "note_id": "k", "patient_id": "mrn"})))
    assert sum(isinstance(item, Located) for item in found) == len(TEXTS)


def test_a_row_that_is_no_note_is_set_aside(site: Site) -> None:
    query = "select note_id, person_id, case when note_id = 2 then null else note_text end as note_text from note order by note_id"
    issues = [item for item in DatabaseNotes(site.database, query).read(Reading()) if isinstance(item, NoteIssue)]
    assert [(i.row, i.patient_id, i.note_id) for i in issues] == [(2, "11", "2")]
    assert issues[0].line.startswith(f"{site.database}, row 2: text is missing")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("select * from nothing", "nothing"),
        ("selectt", "selectt"),
        ("select note_id, person_id from note", "has no column text"),
        ("select note_id, note_id, person_id, note_text from note", "note_id stands twice"),
        ("create table x (a integer)", ""),
    ],
)
def test_a_faulty_query_is_one_line_and_wrong_usage(site: Site, tmp_path: Path, query: str, told: str) -> None:
    result = run_screen(site, tmp_path, query)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"notecriteria: {site.database}: ") and told in line
    assert not (tmp_path / "run").exists()


def run_screen(site: Site, tmp_path: Path, query: str = QUERY, **more: str) -> Result:
    secret = {"NOTECRITERIA_DB_PASSWORD": site.password} if site.password else {}
    return invoke("screen", "--sql", query, "--url", site.url, "--out", tmp_path / "run", **secret | more)


def test_the_command_screens_a_query_and_run_json_names_it(site: Site, tmp_path: Path) -> None:
    result = run_screen(site, tmp_path)
    assert result.exit_code == 0, result.stderr
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["inputs"] == [f"{site.database}: {QUERY}"]
    assert told["counts"]["notes_read"] == 4


def test_a_value_that_the_database_refuses_is_not_told(site: Site, tmp_path: Path) -> None:
    result = run_screen(
        site, tmp_path, "select note_id, person_id, note_text, cast(note_text as integer) / 0 as x from note"
    )
    assert "asthma" not in result.output


@pytest.mark.service
@pytest.mark.parametrize("way", ["environment", "file", "url"])
def test_the_password_comes_from_the_environment_a_file_or_the_url_and_is_told_nowhere(
    server: str, tmp_path: Path, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site = Site("postgresql", server, PASSWORD)
    site.run("drop schema public cascade", "create schema public")
    site.make_tables()
    url, options, environment = server, [], {}
    if way == "environment":
        environment = {"NOTECRITERIA_DB_PASSWORD": PASSWORD}
    elif way == "file":
        (tmp_path / "secret").write_text(PASSWORD + "\n")
        options = ["--password-file", tmp_path / "secret"]
    else:
        url = site.writable.engine.url.render_as_string(hide_password=False)
    result = invoke("screen", "--sql", QUERY, "--url", url, "--out", tmp_path / "run", *options, **environment)
    assert result.exit_code == 0, result.stderr
    everything = result.output + caplog.text + "".join(p.read_text("latin-1") for p in (tmp_path / "run").iterdir())
    assert PASSWORD not in everything and "Zebra" not in everything


@pytest.mark.service
def test_a_wrong_password_is_told_without_it(server: str, tmp_path: Path) -> None:
    result = run_screen(Site("postgresql", server, "Wrongfish"), tmp_path)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "password authentication failed" in line
    assert "Wrongfish" not in line


@pytest.mark.service
def test_postgresql_is_read_through_a_cursor_of_the_server(server: str) -> None:
    code = (
        "import resource, sys; from extractor.databases import Database, DatabaseNotes;"
        "from itertools import islice; from extractor.notes import Reading;"
        "q = \"select i as note_id, 1 as person_id, repeat('abcdefgh', 1000) as note_text from generate_series(1, 20000) i\";"
        "s = DatabaseNotes(Database(sys.argv[1], sys.argv[2]), q);"
        "a = sum(1 for _ in islice(s.read(Reading()), 1000)); b = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "a = sum(1 for _ in s.read(Reading())); print(a, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - b)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, server, PASSWORD], capture_output=True, text=True, check=True, cwd=ROOT
    )
    count, grown = map(int, done.stdout.split())
    assert count == 20_000
    assert grown < 20_000  # kilobytes, of 160 megabytes read


@pytest.mark.service
def test_a_query_cannot_write(server: str, tmp_path: Path) -> None:
    site = Site("postgresql", server, PASSWORD)
    site.run("drop table if exists kept", "create table kept (a integer)", "insert into kept values (1)")
    result = run_screen(site, tmp_path, "delete from kept returning a as note_id, a as person_id, 'x' as note_text")
    assert result.exit_code == 2
    assert len(site.rows("select * from kept")) == 1


def test_one_note_that_is_not_utf8_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "n.db"
    store = sqlite3.connect(path)
    store.execute("create table n (patient_id text, note_id text, text text)")
    store.execute("insert into n values ('007', '1', cast(x'616263ff' as text)), ('007', '2', 'Denies asthma.')")
    store.commit()
    store.close()
    bad, good = DatabaseNotes(Database(f"sqlite:///{path}"), "select * from n").read(Reading())
    assert isinstance(bad, NoteIssue) and isinstance(good, Located)
    assert (bad.row, bad.patient_id, bad.note_id, bad.reason) == (
        1,
        "007",
        "1",
        "text is not UTF-8 at byte 4; save it as UTF-8",
    )
    assert good.note.patient_id == "007"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--sql", "select 1"], "--sql QUERY and --url URL go together"),
        (["--url", "sqlite:///x.db"], "--sql QUERY and --url URL go together"),
        (["notes", "--sql", "select 1", "--url", "sqlite:///x.db"], "take the place of INPUT"),
        (["--sql", "select 1", "--url", "sqlite:///gone.db"], "--url sqlite:///gone.db: there is no such file"),
        (["--sql", "select 1", "--url", "duckdb:///gone.db"], "--url duckdb:///gone.db: there is no such file"),
        (["--sql", "select 1", "--url", "sqlite://"], "--url: names no database file"),
        (["--sql", "select 1", "--url", "Zebrafish"], "--url: is no URL of a database"),
        (["--sql", "select 1", "--url", "postgresql://u:Zebrafish@h:port/d"], "--url: is no URL of a database"),
        (["--sql", "select 1", "--url", "zebra://u:Zebrafish@h/d"], "--url: zebra is no kind of database known here"),
        (["--sql", "select 1", "--url", "mysql+pymysql://u:Zebrafish@h/d"], "mysql needs the package pymysql"),
        (["--sql", "select 1", "--url", "postgresql://u:Zebrafish@127.0.0.1:1/d"], "connection"),
        (["--sql", "select 1", "--url", "postgresql://h/d", "--password-file", "gone"], "--password-file gone: cannot"),
    ],
)
def test_wrong_usage_is_one_line_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke("screen", *options, "--out", "run")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert told in line and "Zebrafish" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_an_empty_password_file_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(UsageError, match="its first line is empty"):
        password_of(tmp_path / "secret")


def test_without_the_packages_the_remedy_is_told(tmp_path: Path) -> None:
    (tmp_path / "sqlalchemy.py").write_text("raise ImportError")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "extractor.cli",
            "screen",
            "--sql",
            "q",
            "--url",
            "sqlite:///x",
            "--out",
            str(tmp_path / "r"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 2
    assert done.stderr == "notecriteria: --url: databases need further packages; pip install 'notecriteria[sql]'\n"
