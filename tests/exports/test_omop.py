"""NOTE_NLP: every column by the model's definition and conventions, loadable into its table."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from extractor.exports import omop
from extractor.exports.run import Run
from extractor.exports.texts import Texts

from .conftest import EBV, FINISHED, TEXT, mention, redacted

DEFINITION = """
create table note_nlp (
  note_nlp_id integer not null primary key, note_id integer not null references note (note_id),
  section_concept_id integer, snippet text check (length(snippet) <= 250), "offset" text check (length("offset") <= 50),
  lexical_variant text not null check (length(lexical_variant) between 1 and 250), note_nlp_concept_id integer,
  note_nlp_source_concept_id integer, nlp_system text check (length(nlp_system) <= 250),
  nlp_date text not null check (nlp_date is date(nlp_date)),
  nlp_datetime text check (nlp_datetime is datetime(nlp_datetime)),
  term_exists text check (term_exists in ('Y', 'N')), term_temporal text check (term_temporal in ('past', 'present')),
  term_modifiers text check (length(term_modifiers) <= 2000)) strict
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def modifiers(row: dict[str, Any]) -> dict[str, str]:
    pairs = (pair.split("=") for pair in row["term_modifiers"].split(","))
    return {name: unquote(value) for name, value in pairs}


def row_of(**more: Any) -> dict[str, Any]:
    return omop.note_nlp_row(mention(5, 11, **more), 1, 2, system="s", when=FINISHED)


def test_the_columns_are_those_of_the_model(run: Run, tmp_path: Path) -> None:
    omop.write(run, tmp_path / "out")
    with (tmp_path / "out" / "note_nlp.csv").open() as stream:
        assert next(csv.reader(stream)) == list(omop.COLUMNS)
    assert len(omop.COLUMNS) == 14


def test_the_rows_load_into_the_models_table(run: Run, notes: Path, tmp_path: Path) -> None:
    done = omop.write(run, tmp_path / "out", Texts(run, [notes]))
    base = sqlite3.connect(":memory:")
    base.execute("pragma foreign_keys = on")
    base.execute("create table note (note_id integer primary key)")
    base.executemany("insert into note values (:note_id)", rows(tmp_path / "out" / "note_id_map.csv"))
    base.execute(DEFINITION)
    for row in rows(tmp_path / "out" / "note_nlp.csv"):
        values = {name: value or None for name, value in row.items()}
        base.execute(f"insert into note_nlp values ({', '.join(':' + name for name in omop.COLUMNS)})", values)
    assert base.execute("select count(*) from note_nlp").fetchone() == (done.counts["mentions"],) == (3,)


def test_a_row_holds_what_the_mention_says() -> None:
    row = omop.note_nlp_row(EBV, 7, 11, system="notecriteria 1", when=FINISHED, snippet="EBV PCR 4,500")
    given = modifiers(row)
    assert {name: row[name] for name in omop.COLUMNS[:-1]} == {
        "note_nlp_id": 7, "note_id": 11, "section_concept_id": 0, "snippet": "EBV PCR 4,500", "offset": "42",
        "lexical_variant": "EBV PCR", "note_nlp_concept_id": 0, "note_nlp_source_concept_id": 0,
        "nlp_system": "notecriteria 1", "nlp_date": "2024-05-06", "nlp_datetime": "2024-05-06 07:08:09",
        "term_exists": "Y", "term_temporal": "present",
    }  # fmt: skip
    assert given == {
        "negated": "false", "subject": "patient", "certainty": "certain", "conditional": "false",
        "historical": "false", "label": "EBV", "concept": "EBV", "result": "positive", "operator": "eq",
        "value": "4500", "unit": "copies/mL", "normalized_value": "4500", "normalized_unit": "copies/mL",
        "rule": "ebv.pcr", "mention_id": "m42", "details.test": "pcr", "details.treated": "true",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "exists"),
    [
        ({}, "Y"),
        ({"uncertain": True}, "Y"),
        ({"historical": True}, "Y"),
        ({"negated": True}, "N"),
        ({"hypothetical": True}, "N"),
        ({"family": True}, "N"),
    ],
)
def test_term_exists_by_the_conventions(said: dict[str, bool], exists: str) -> None:
    assert row_of(**said)["term_exists"] == exists


@pytest.mark.parametrize(
    ("said", "temporal"),
    [
        ({}, "present"),
        ({"historical": True}, "past"),
        ({"date": "2015"}, "past"),
        ({"date": "2024-02"}, "past"),
        ({"date": "2024-02-29"}, "past"),
        ({"date": "2024"}, "present"),
        ({"date": "2024-03"}, "present"),
        ({"date": "2024-03-01"}, "present"),
        ({"date": "2024-03-05"}, "present"),
        ({"date": "2015", "note_date": None}, "present"),
        ({"hypothetical": True}, None),
    ],
)
def test_term_temporal_by_the_conventions(said: dict[str, Any], temporal: str | None) -> None:
    assert row_of(**said)["term_temporal"] == temporal


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [
        ({"negated": True}, "negated", "true"),
        ({"family": True}, "subject", "family"),
        ({"uncertain": True}, "certainty", "uncertain"),
        ({"hypothetical": True}, "conditional", "true"),
        ({"historical": True}, "historical", "true"),
        ({"section": "plan"}, "section", "plan"),
        ({"value": 1.5, "comparator": "<="}, "operator", "le"),
        ({"details": {"cause": "50 % = a, b\n"}}, "details.cause", "50 % = a, b\n"),
    ],
)
def test_term_modifiers_say_everything(said: dict[str, Any], name: str, value: str) -> None:
    assert modifiers(row_of(**said))[name] == value


def test_too_many_modifiers_are_cut_between_two_of_them() -> None:
    row = row_of(details={f"k{n:03}": "x" * 40 for n in range(100)})
    assert len(row["term_modifiers"]) <= 2000
    assert set(modifiers(row).values()) >= {"x" * 40} and "k000" in row["term_modifiers"]


@pytest.mark.parametrize(
    ("ids", "mapped"),
    [
        ([("a", "11"), ("a", "12"), ("b", "13")], False),
        ([("a", "11"), ("b", "11"), ("b", "13")], True),
        ([("a", "11"), ("a", "012"), ("b", "13")], True),
        ([("a", "11"), ("a", "n2"), ("b", "13")], True),
    ],
)
def test_note_ids_stay_where_they_are_those_of_a_note_table(
    make_run: Callable[..., Run], tmp_path: Path, ids: list[tuple[str, str]], mapped: bool
) -> None:
    run = make_run([mention(n, n + 1, patient_id=p, note_id=i) for p, i in ids for n in (0, 4)], [])
    omop.write(run, tmp_path / "out")
    given = [row["note_id"] for row in rows(tmp_path / "out" / "note_nlp.csv")]
    assert given == [n for n in (["1", "2", "3"] if mapped else ["11", "12", "13"]) for _ in range(2)]
    file = tmp_path / "out" / "note_id_map.csv"
    assert file.exists() is mapped
    if mapped:
        assert [(r["person_source_value"], r["note_source_value"]) for r in rows(file)] == ids


@pytest.mark.parametrize("length", [10, 249, 251, 3000])
def test_a_snippet_is_short_and_holds_the_mention(length: int) -> None:
    text = "b " * length + "asthma" + " a" * length
    found = mention(2 * length, 2 * length + 6, text=text)
    shown = omop.snippet(text, found)
    assert "asthma" in shown and len(shown) <= 250


def test_snippets_need_the_notes(run: Run, notes: Path, tmp_path: Path) -> None:
    omop.write(run, tmp_path / "without")
    omop.write(run, tmp_path / "with", Texts(run, [notes]))
    assert {r["snippet"] for r in rows(tmp_path / "without" / "note_nlp.csv")} == {""}
    assert {r["snippet"] for r in rows(tmp_path / "with" / "note_nlp.csv")} == {" ".join(TEXT.split())}


def test_a_redacted_run_gives_no_words(make_run: Callable[..., Run], notes: Path, tmp_path: Path) -> None:
    run = make_run([redacted(EBV)], options={"redact_evidence": True})
    omop.write(run, tmp_path / "out", Texts(run, [notes]))
    assert [(r["lexical_variant"], r["snippet"]) for r in rows(tmp_path / "out" / "note_nlp.csv")] == [("EBV", "")]


def test_files_are_their_owners_alone_and_the_statement_is_there(run: Run, tmp_path: Path) -> None:
    omop.write(run, tmp_path / "out")
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "out").iterdir()} == {0o600}
    assert "10 of the 22 criteria" in (tmp_path / "out" / "README.md").read_text()
