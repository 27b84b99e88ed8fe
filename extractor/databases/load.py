"""A finished run into OMOP's ``note_nlp``: one transaction, and the same rows however often it is done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from extractor.checkpoint import notes_of
from extractor.databases.connection import Database
from extractor.databases.note_nlp import SYSTEM, Concepts, Origin, identity, row_of
from extractor.errors import UsageError
from extractor.exports.omop import COLUMNS
from extractor.exports.run import Run, open_run
from extractor.records import unpack
from extractor.schema import Mention

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData, Table

Row = dict[str, Any]
_NOTES: Final = 200
"""Notes that are compared with the database at a time."""
_WIDTH: Final = 100
"""Rows of one insert where the driver would else send each alone."""


@dataclass
class Loaded:
    """What loading did to ``note_nlp``, in rows, and what was left out.

    Args:
        inserted: new rows.
        updated: rows that say something else now.
        deleted: rows of this tool for notes of the run whose mention is no longer found.
        unchanged: rows that said the same before.
        left_out: mentions left out, by reason.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str, count: int) -> None:
        """Count mentions that cannot be loaded."""
        if count:
            self.left_out[reason] = self.left_out.get(reason, 0) + count


class _Note(NamedTuple):
    """A note of the run with its mentions and what is shown around each."""

    patient_id: str
    note_id: str
    mentions: Sequence[Mention]
    snippets: Mapping[str, str]


NO_NUMBER: Final = "note_id is no whole number, which OMOP needs"
NO_NOTE: Final = "the table note has no such note of that person"


def load(
    run: Path, database: Database, *, schema: str | None = None, create: bool = False, concepts: Concepts | None = None
) -> Loaded:
    """Write a run's mentions into ``note_nlp``, in place of what the tool wrote for the same notes before.

    Rows are known again by note and mention; their ``note_nlp_id`` stays. New rows take ids after the highest there
    is. Rows of other systems are never touched. All of it happens in one transaction, or none.

    Args:
        run: the folder of a finished run.
        database: where ``note_nlp`` lies; opened writable.
        schema: its schema, where it is not the default one.
        create: make the table where there is none.
        concepts: a site's concept ids.

    Raises:
        UsageError: no finished run, no such table, or the database refuses.
    """
    from sqlalchemy import exc

    opened = open_run(run)
    origin = _origin(opened, concepts or Concepts({}, {}, {}))
    if not create and database.kind in ("sqlite", "duckdb"):
        database.check_file()
    try:
        with database.engine.begin() as connection:
            target = _Target(database, connection, schema, create=create)
            notes = _notes(opened)
            while batch := list(islice(notes, _NOTES)):
                target.write(batch, origin)
            return target.done
    except exc.SQLAlchemyError as error:
        raise database.failed(error) from None


def _origin(run: Run, concepts: Concepts) -> Origin:
    return Origin(run.system, run.finished.astimezone(dt.UTC).replace(tzinfo=None), concepts)


def _notes(run: Run) -> Iterator[_Note]:
    """Yield the notes of a run: from its manifest, which also knows those without mentions, else from its table."""
    known = False
    for result in notes_of(run.folder):
        known = True
        findings = unpack(result)
        mentions = [m for m in findings.mentions if not m.label.startswith("_")]
        yield _Note(result.patient_id, result.note_id, mentions, {i: s.text for i, s in findings.snippets.items()})
    if not known:
        for (patient, note), found in groupby(run.mentions(), attrgetter("patient_id", "note_id")):
            yield _Note(patient, note, [m for m in found if not m.label.startswith("_")], {})


class _Target:
    """The table ``note_nlp`` within the transaction.

    Args:
        database: the database.
        connection: its connection, in a transaction.
        schema: the table's schema.
        create: make it where there is none.
    """

    def __init__(self, database: Database, connection: Connection, schema: str | None, *, create: bool) -> None:
        from sqlalchemy import MetaData, func, inspect, select, text

        self._connection, self._kind = connection, database.kind
        metadata = MetaData(schema=schema)
        self._table, self._note = _note_nlp(metadata), _note_table(metadata)
        inspector = inspect(connection)
        if create:
            self._table.create(connection, checkfirst=True)
        elif not inspector.has_table("note_nlp", schema=schema):
            where = f" in the schema {schema}" if schema else ""
            raise UsageError(
                f"{database}: has no table note_nlp{where}; name its schema, or have it made with --create"
            )
        self._knows_notes = inspector.has_table("note", schema=schema)
        if self._kind == "postgresql":
            # two loads at a time would take the same ids
            name = self._table.fullname if not schema else f'"{schema}".note_nlp'
            connection.execute(text(f"lock table {name} in share row exclusive mode"))
        highest = connection.execute(select(func.max(self._table.c.note_nlp_id))).scalar()
        self._next = (highest or 0) + 1
        self.done = Loaded()

    def write(self, notes: Sequence[_Note], origin: Origin) -> None:
        """Bring the rows of some notes up to date.

        Args:
            notes: the notes.
            origin: what is said of the run.
        """
        wanted = self._wanted(notes, origin)
        found = self._found(list(wanted))
        new: list[Row] = []
        changed: list[Row] = []
        gone: list[int] = []
        for note_id, rows in wanted.items():
            known = {identity(row): row for row in found.get(note_id, [])}
            for name, row in rows.items():
                old = known.pop(name, None)
                if old is None:
                    new.append(row | {"note_nlp_id": self._next})
                    self._next += 1
                elif all(old[column] == value for column, value in row.items()):
                    self.done.unchanged += 1
                else:
                    changed.append(row | {"note_nlp_id": old["note_nlp_id"]})
            gone += [row["note_nlp_id"] for row in known.values()]
        self._execute(new, changed, gone)

    def _wanted(self, notes: Sequence[_Note], origin: Origin) -> dict[int, dict[str, Row]]:
        """Return the rows that there are to be, by note and mention."""
        fit = {int(note.note_id): note for note in notes if _is_number(note.note_id)}
        self.done.leave_out(NO_NUMBER, sum(len(n.mentions) for n in notes if not _is_number(n.note_id)))
        if self._knows_notes:
            owners = self._owners(list(fit))
            strangers = [i for i, note in fit.items() if str(owners.get(i)) != note.patient_id]
            self.done.leave_out(NO_NOTE, sum(len(fit.pop(i).mentions) for i in strangers))
        wanted: dict[int, dict[str, Row]] = {}
        for i, note in fit.items():
            rows = [row_of(m, note.snippets.get(m.mention_id), origin) for m in note.mentions]
            wanted[i] = {identity(row): row for row in rows}
        return wanted

    def _owners(self, note_ids: Sequence[int]) -> dict[int, Any]:
        from sqlalchemy import select

        columns = self._note.c
        query = select(columns.note_id, columns.person_id).where(columns.note_id.in_(note_ids))
        return {int(note): person for note, person in self._connection.execute(query)}

    def _found(self, note_ids: Sequence[int]) -> dict[int, list[Row]]:
        """Return the rows that this tool wrote before, by note."""
        from sqlalchemy import select

        columns = self._table.c
        query = select(self._table).where(columns.note_id.in_(note_ids), columns.nlp_system.like(f"{SYSTEM} %"))
        found: dict[int, list[Row]] = {}
        for row in self._connection.execute(query).mappings():
            found.setdefault(int(row["note_id"]), []).append(dict(row))
        return found

    def _execute(self, new: list[Row], changed: list[Row], gone: list[int]) -> None:
        from sqlalchemy import bindparam

        table = self._table
        if gone:
            self._connection.execute(table.delete().where(table.c.note_nlp_id.in_(gone)))
        if changed:
            values: dict[str, Any] = {
                name: bindparam(f"new_{name}") for name in COLUMNS if name not in ("note_nlp_id", "note_id")
            }
            update = table.update().where(table.c.note_nlp_id == bindparam("of_id")).values(values)
            rows = [{"of_id": r["note_nlp_id"]} | {f"new_{n}": r[n] for n in values} for r in changed]
            self._connection.execute(update, rows)
        if new and self._kind == "duckdb":  # its driver sends each row alone
            for start in range(0, len(new), _WIDTH):
                self._connection.execute(table.insert().values(new[start : start + _WIDTH]))
        elif new:
            self._connection.execute(table.insert(), new)
        self.done.inserted += len(new)
        self.done.updated += len(changed)
        self.done.deleted += len(gone)


def _is_number(note_id: str) -> bool:
    return note_id.isascii() and note_id.isdigit() and str(int(note_id)) == note_id


def _note_nlp(metadata: MetaData) -> Table:
    """Return the table as CDM 5.4 defines it."""
    from sqlalchemy import Column, Date, DateTime, Integer, String, Table
    from sqlalchemy.sql import quoted_name

    return Table(
        "note_nlp",
        metadata,
        Column("note_nlp_id", Integer, primary_key=True, autoincrement=False),
        Column("note_id", Integer, nullable=False),
        Column("section_concept_id", Integer),
        Column("snippet", String(250)),
        Column(quoted_name("offset", quote=True), String(50)),
        Column("lexical_variant", String(250), nullable=False),
        Column("note_nlp_concept_id", Integer),
        Column("note_nlp_source_concept_id", Integer),
        Column("nlp_system", String(250)),
        Column("nlp_date", Date, nullable=False),
        Column("nlp_datetime", DateTime),
        Column("term_exists", String(1)),
        Column("term_temporal", String(50)),
        Column("term_modifiers", String(2000)),
    )


def _note_table(metadata: MetaData) -> Table:
    """Return what is needed of the table ``note``."""
    from sqlalchemy import Column, Integer, Table

    return Table("note", metadata, Column("note_id", Integer), Column("person_id", Integer))
