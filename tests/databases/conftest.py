"""The three databases that the tests run on, each with OMOP's tables ``note`` and ``note_nlp``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from extractor.databases import Database
from tests.databases.server import PASSWORD, postgresql

NOTE = """
create table {schema}note (
    note_id integer not null primary key, person_id integer not null, note_date date not null, note_datetime timestamp,
    note_type_concept_id integer not null, note_class_concept_id integer not null, note_title varchar(250),
    note_text text not null, encoding_concept_id integer not null, language_concept_id integer not null,
    provider_id integer, visit_occurrence_id integer, visit_detail_id integer, note_source_value varchar(50),
    note_event_id integer, note_event_field_concept_id integer)
"""
NOTE_NLP = """
create table {schema}note_nlp (
    note_nlp_id integer not null primary key, note_id integer not null references {schema}note (note_id),
    section_concept_id integer, snippet varchar(250), "offset" varchar(50), lexical_variant varchar(250) not null,
    note_nlp_concept_id integer, note_nlp_source_concept_id integer, nlp_system varchar(250), nlp_date date not null,
    nlp_datetime timestamp, term_exists varchar(1), term_temporal varchar(50), term_modifiers varchar(2000))
"""
TEXTS = {
    1: (11, "2024-03-01", "Severe asthma since 2015. EBV PCR not detected on 3/1/2024. Mother with lymphoma."),
    2: (11, "2024-03-09", "Denies COPD. Will send repeat EBV PCR if febrile."),
    3: (12, "2024-02-02", "SLE since 2015. Prednisone 60 mg daily x 5 days. Possible interstitial lung disease."),
    4: (13, "2024-02-02", "Feels well."),
}
QUERY = "select * from note order by note_id"


@dataclass
class Site:
    """A database as a site has it.

    Args:
        kind: its kind.
        url: its URL, without a password.
        password: its password, where it has one.
    """

    kind: str
    url: str
    password: str | None = None

    @property
    def database(self) -> Database:
        """The database, for reading."""
        return Database(self.url, self.password)

    @property
    def writable(self) -> Database:
        """The database, for writing."""
        return Database(self.url, self.password, writable=True)

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """Connect to it, in a transaction."""
        with self.writable.engine.begin() as connection:
            yield connection

    def run(self, *statements: str, **values: Any) -> None:
        """Run statements."""
        with self.connected() as connection:
            for statement in statements:
                connection.execute(sa.text(statement), values)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return what a query gives."""
        with self.connected() as connection:
            return [dict(row) for row in connection.execute(sa.text(query)).mappings()]

    def make_tables(self, schema: str = "") -> None:
        """Make OMOP's tables and fill in the notes."""
        self.run(NOTE.format(schema=schema), NOTE_NLP.format(schema=schema))
        for note, (person, date, text) in TEXTS.items():
            self.add_note(note, person, date, text, schema)

    def add_note(self, note: int, person: int, date: str, text: str, schema: str = "") -> None:
        """Add a note."""
        self.run(
            f"insert into {schema}note (note_id, person_id, note_date, note_type_concept_id, note_class_concept_id,"
            " note_title, note_text, encoding_concept_id, language_concept_id)"
            " values (:note, :person, :date, 0, 0, 'Progress', :text, 0, 0)",
            note=note,
            person=person,
            date=date,
            text=text,
        )


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server, stopped in the end."""
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "duckdb", pytest.param("postgresql", marks=pytest.mark.service)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """A database of each kind with four notes of three persons."""
    if request.param == "postgresql":
        found = Site("postgresql", request.getfixturevalue("server"), PASSWORD)
        found.run("drop schema public cascade", "create schema public")
    else:
        found = Site(request.param, f"{request.param}:///{tmp_path / 'site.db'}")
    found.make_tables()
    return found
