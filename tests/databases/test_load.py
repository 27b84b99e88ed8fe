"""Mentions into ``note_nlp``: the conventions, and the same rows however often a run is loaded."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from extractor.batch import screen
from extractor.checkpoint import CHECKPOINT
from extractor.cli import app
from extractor.databases import DatabaseNotes, load
from extractor.databases import load as load_run
from extractor.databases.load import NO_NOTE, NO_NUMBER
from extractor.databases.note_nlp import Concepts, Origin, read_concepts, row_of
from extractor.errors import UsageError
from extractor.exports.omop import COLUMNS
from extractor.extract import Extractor
from extractor.schema import Note
from tests.databases.conftest import QUERY, Site

ALL = "select * from note_nlp order by note_nlp_id"


def screened(site: Site, out: Path, **options: Any) -> Path:
    screen([DatabaseNotes(site.database, QUERY)], out, resume=True, **options)
    return out


def fields_of(modifiers: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in modifiers.split(","))


def test_every_column_is_filled(site: Site, tmp_path: Path) -> None:
    done = load(screened(site, tmp_path / "run"), site.writable)
    rows = site.rows(ALL)
    assert done.inserted == len(rows) > 5
    assert tuple(rows[0]) == COLUMNS
    for row in rows:
        assert [name for name, value in row.items() if value is None] in ([], ["term_temporal"])
        assert (row["term_temporal"] is None) == ("conditional=true" in row["term_modifiers"])
        text = str(site.rows(f"select note_text from note where note_id = {row['note_id']}")[0]["note_text"])
        assert text[int(row["offset"]) :].startswith(row["lexical_variant"])
        assert row["lexical_variant"] in row["snippet"] and row["snippet"] in text
        assert row["nlp_system"].startswith("notecriteria ")
    assert [row["note_nlp_id"] for row in rows] == list(range(1, len(rows) + 1))


def test_loaded_again_nothing_changes(site: Site, tmp_path: Path) -> None:
    run = screened(site, tmp_path / "run")
    load(run, site.writable)
    before = site.rows(ALL)
    again = load(run, site.writable)
    assert site.rows(ALL) == before
    assert (again.inserted, again.updated, again.deleted, again.unchanged) == (0, 0, 0, len(before))


def test_rows_follow_the_notes_and_keep_their_ids(site: Site, tmp_path: Path) -> None:
    run = screened(site, tmp_path / "run")
    load(run, site.writable)
    before = {row["note_nlp_id"]: row for row in site.rows(ALL)}
    site.run("delete from note_nlp where note_id = 4", "update note set note_text = 'Feels well.' where note_id = 2")
    site.run("update note set note_text = 'Had ' || note_text where note_id = 3")
    site.add_note(5, 13, "2024-04-01", "Received axi-cel in 2022.")
    done = load(screened(site, run), site.writable)
    after = {row["note_nlp_id"]: row for row in site.rows(ALL)}
    assert {row["note_id"] for row in after.values()} == {1, 3, 5}
    kept = [i for i, row in before.items() if row["note_id"] == 1]
    assert all({**before[i], "nlp_datetime": 0} == {**after[i], "nlp_datetime": 0} for i in kept)
    assert len(after) == len(before) + done.inserted - done.deleted
    assert min(i for i, row in after.items() if row["note_id"] == 5) > max(before)


def test_rows_of_other_systems_are_left_alone(site: Site, tmp_path: Path) -> None:
    site.run(
        "insert into note_nlp (note_nlp_id, note_id, lexical_variant, nlp_system, nlp_date, term_modifiers)"
        " values (70, 1, 'asthma', 'cTAKES', '2020-01-01', null), (71, 1, 'asthma', null, '2020-01-01', 'a=b')"
    )
    run = screened(site, tmp_path / "run")
    load(run, site.writable)
    load(run, site.writable)
    rows = site.rows(ALL)
    assert [(r["note_nlp_id"], r["nlp_system"]) for r in rows[:2]] == [(70, "cTAKES"), (71, None)]
    assert rows[2]["note_nlp_id"] == 72


def test_a_failure_leaves_the_table_as_it_was(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = screened(site, tmp_path / "run")
    load(run, site.writable)
    before = site.rows(ALL)
    site.run("update note set note_text = 'Asthma. ' || note_text")
    screened(site, run)
    monkeypatch.setattr(load_run.__globals__["_Target"], "write", _writes_half)
    with pytest.raises(UsageError, match=str(site.database)):
        load(run, site.writable)
    assert site.rows(ALL) == before


def _writes_half(self: Any, *_: object) -> None:
    self._connection.execute(sa.text("delete from note_nlp where note_nlp_id > 2"))
    self._connection.execute(sa.text("insert into note_nlp (note_nlp_id) select 1 from nowhere"))


def test_what_does_not_fit_is_left_out_and_told(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("patient_id,note_id,text\n11,1,Asthma.\n11,abc,COPD.\n11,007,COPD.\n99,2,Lymphoma.\n11,900,COPD.\n")
    screen([path], tmp_path / "run")
    done = load(tmp_path / "run", site.writable)
    assert done.left_out == {NO_NUMBER: 2, NO_NOTE: 2}
    assert [r["note_id"] for r in site.rows(ALL)] == [1]


def test_without_the_manifest_the_tables_are_enough(site: Site, tmp_path: Path) -> None:
    run = screened(site, tmp_path / "run")
    load(run, site.writable)
    before = site.rows(ALL)
    (run / CHECKPOINT).unlink()
    load(run, site.writable)
    assert [{**r, "snippet": ""} for r in site.rows(ALL)] == [{**r, "snippet": ""} for r in before]


def test_without_the_words_of_the_notes_concepts_take_their_place(site: Site, tmp_path: Path) -> None:
    load(screened(site, tmp_path / "run", redact_evidence=True), site.writable)
    rows = site.rows(ALL)
    assert {r["snippet"] for r in rows} == {None}
    assert "asthma" in {r["lexical_variant"] for r in rows}


def test_a_sites_concept_ids_are_used(site: Site, tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("concept,concept_id,source_concept_id\nasthma,317009,45\nsection:plan,44,\n")
    load(screened(site, tmp_path / "run"), site.writable, concepts=read_concepts(tmp_path / "ids.csv"))
    ids = {(r["note_nlp_concept_id"], r["note_nlp_source_concept_id"]) for r in site.rows(ALL)}
    assert ids == {(317009, 45), (0, 0)}


def test_the_table_is_made_where_asked_for(site: Site, tmp_path: Path) -> None:
    site.run("drop table note_nlp")
    run = screened(site, tmp_path / "run")
    with pytest.raises(UsageError, match="has no table note_nlp"):
        load(run, site.writable)
    assert load(run, site.writable, create=True).inserted == len(site.rows(ALL))


@pytest.mark.service
def test_the_tables_may_lie_in_a_schema(server: str, tmp_path: Path) -> None:
    from tests.databases.server import PASSWORD

    site = Site("postgresql", server, PASSWORD)
    site.run("drop schema if exists cdm cascade", "create schema cdm")
    site.make_tables("cdm.")
    screen([DatabaseNotes(site.database, "select * from cdm.note")], tmp_path / "run")
    assert load(tmp_path / "run", site.writable, schema="cdm").inserted == len(site.rows("select * from cdm.note_nlp"))


def test_the_command_tells_what_it_did(site: Site, tmp_path: Path) -> None:
    run = screened(site, tmp_path / "run")
    secret = {"NOTECRITERIA_DB_PASSWORD": site.password} if site.password else {}
    first = CliRunner().invoke(app, ["load", str(run), "--url", site.url], env=secret)
    again = CliRunner().invoke(app, ["load", str(run), "--url", site.url], env=secret)
    count = len(site.rows(ALL))
    assert (first.exit_code, first.stdout) == (
        0,
        f"note_nlp: {count} rows inserted, 0 updated, 0 deleted, 0 unchanged\n",
    )
    assert again.stdout == f"note_nlp: 0 rows inserted, 0 updated, 0 deleted, {count} unchanged\n"


@pytest.mark.parametrize("missing", ["run.json", "mentions.parquet", "all"])
def test_a_folder_that_is_no_finished_run_is_wrong_usage(tmp_path: Path, folder: Path, missing: str) -> None:
    run = tmp_path / "run"
    if missing != "all":
        screen([folder], run)
        (run / missing).unlink()
        (run / CHECKPOINT).unlink()
    arguments = ["load", str(run), "--url", f"sqlite:///{tmp_path / 'x.db'}", "--create"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stderr.endswith("is missing; name a folder that `notecriteria screen` has written\n")
    assert len(result.stderr.splitlines()) == 1


ORIGIN = Origin("notecriteria 1 (rules x)", dt.datetime(2024, 5, 1, 12, 30), Concepts({}, {}, {}))


def loaded(text: str, date: str | None = "2024-03-05") -> dict[str, dict[str, Any]]:
    """Return a note's rows by label."""
    mentions = list(Extractor().signals(Note("11", "1", text, date)))
    return {m.label: row_of(m, None, ORIGIN) for m in mentions if not m.label.startswith("_")}


@pytest.mark.parametrize(
    ("text", "label", "exists"),
    [
        ("Severe asthma.", "LUNG_DISEASE", "Y"),
        ("Denies asthma.", "LUNG_DISEASE", "N"),
        ("Mother with asthma.", "LUNG_DISEASE", "N"),
        ("Return if asthma develops.", "LUNG_DISEASE", "N"),
        ("Possible asthma.", "LUNG_DISEASE", "Y"),
        ("Childhood asthma.", "LUNG_DISEASE", "Y"),
    ],
)
def test_term_exists_by_the_convention(text: str, label: str, exists: str) -> None:
    assert loaded(text)[label]["term_exists"] == exists


@pytest.mark.parametrize(
    ("text", "label", "temporal"),
    [
        ("Severe asthma.", "LUNG_DISEASE", "present"),
        ("History of asthma.", "LUNG_DISEASE", "past"),
        ("EBV PCR 1,200 IU/mL on 2024-03-01.", "EBV", "past"),
        ("EBV PCR 1,200 IU/mL on 2024-03-05.", "EBV", "present"),
        ("EBV PCR 1,200 IU/mL today.", "EBV", "present"),
    ],
)
def test_term_temporal_by_the_convention(text: str, label: str, temporal: str) -> None:
    assert loaded(text)[label]["term_temporal"] == temporal


def test_term_modifiers_hold_all_that_is_known() -> None:
    found = fields_of(loaded("EBV PCR 1,200 IU/mL on 2024-03-01.")["EBV"]["term_modifiers"])
    given = {"negated": "false", "subject": "patient", "conditional": "false", "certainty": "certain"}
    assert given.items() <= found.items()
    assert (found["value"], found["result"], found["date"], found["label"]) == ("1200", "positive", "2024-03-01", "EBV")


def test_long_and_odd_texts_fit_the_columns() -> None:
    (mention,) = Extractor().mentions("Severe asthma.")
    odd = replace(mention, note_id="1", text="a\x00 \ud800;" * 200, details={"x": "a=b,\ud800", "y": "z" * 3000})
    row = row_of(odd, "s\x00" * 999, ORIGIN)
    assert (len(row["lexical_variant"]), len(row["snippet"])) == (250, 250)
    for value in (row["lexical_variant"], row["snippet"], row["term_modifiers"]):
        assert "\x00" not in value and "\ud800" not in value
    assert fields_of(row["term_modifiers"])["details.x"].startswith("a%3Db%2C")
    assert len(row["term_modifiers"]) <= 2000


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("concept,concept_id\nasthma,x\n", "row 2: an id is no whole number"),
        ("concept\nasthma\n", "row 2: needs concept and concept_id"),
        (None, "cannot be read as CSV"),
    ],
)
def test_a_faulty_table_of_concepts_is_told(tmp_path: Path, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / "ids.csv").write_text(content)
    with pytest.raises(UsageError, match=told):
        read_concepts(tmp_path / "ids.csv")


def test_no_table_of_concepts_maps_nothing() -> None:
    assert read_concepts(None) == Concepts({}, {}, {})
