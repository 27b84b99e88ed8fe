"""The manifest of a run: what each note gave, on disk, so that a run that was killed goes on where it was.

One SQLite file in the run folder. A note is taken over from it when patient, note id, date, type and text are the
same and the file was written by the same version with the same rules; everything else is read again. As it holds
all that is kept of the notes, memory does not grow with their number.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

from extractor.errors import NoteCriteriaError, UsageError
from extractor.records import Kept, NoteResult
from extractor.schema import Note

CHECKPOINT: Final = ".checkpoint.sqlite"
_COMMIT_SECONDS: Final = 1.0
"""At most so much work is lost to a kill, and what the workers had in hand."""
_FORM: Final = "1"
"""Changes whenever the tables below do."""
_TABLES: Final = """
create table if not exists facts (name text primary key, value text) without rowid;
create table if not exists notes (
    patient blob, note blob, run integer, digest blob, date text, findings integer, primary key (patient, note)
) without rowid;
create table if not exists findings (id integer primary key, packed blob);
create table if not exists aside (patient blob primary key, count integer) without rowid;
"""
_NAMES: Final = ("facts", "notes", "findings", "aside")


def fingerprint(note: Note) -> bytes:
    """Return a digest of all that decides what a note gives, besides its ids and the rules."""
    whole = hashlib.blake2b(digest_size=16)
    for part in (note.note_date or "", note.note_type or "", str(note.date_shift), note.text):
        data = _bytes(part)
        whole.update(len(data).to_bytes(8, "little") + data)
    return whole.digest()


def _bytes(text: str) -> bytes:
    """Return an id as bytes: they sort as code points do, and hold what UTF-8 cannot."""
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


class Checkpoint:
    """The manifest, open for one run; two runs at a time in a folder are refused.

    Args:
        folder: the run folder.
        key: digest of rules and version; notes kept under another key are forgotten.
        resume: whether notes kept by an earlier run are taken over.

    Raises:
        UsageError: another run is at work in the folder.
        NoteCriteriaError: the file cannot be written or read.
    """

    def __init__(self, folder: Path, key: str, *, resume: bool) -> None:
        self._path = folder / CHECKPOINT
        self._closed = False
        self._in_flight: set[tuple[bytes, bytes]] = set()
        self._committed = time.monotonic()
        self._store = _opened(self._path)
        known = self._facts()
        kept = resume and known.get("key") == key and known.get("form") == _FORM
        self.unfinished = kept and known.get("finished") != "yes"
        """Whether the run that goes on was killed, perhaps by one of its notes."""
        if not kept:
            self._forget()
        self._run = int(known.get("run", 0)) + 1 if kept else 1
        for name, value in (("key", key), ("form", _FORM), ("run", str(self._run)), ("finished", "no")):
            self._store.execute("insert or replace into facts values (?, ?)", (name, value))
        self._store.execute("delete from aside")
        self._commit()

    def _facts(self) -> dict[str, str]:
        return dict(self._store.execute("select name, value from facts"))

    def _forget(self) -> None:
        for name in _NAMES:
            self._store.execute(f"drop table {name}")
        self._store.execute("commit")
        self._store.execute("vacuum")
        self._store.execute("begin")
        _make_tables(self._store)

    def __enter__(self) -> Checkpoint:
        """Return the manifest."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keep what was done so far and close the file."""
        try:
            self.close()
        except sqlite3.Error as fault:
            if kind is None:
                raise _unwritable(self._path, fault) from None
        if isinstance(error, sqlite3.Error):
            raise _unwritable(self._path, error) from None

    def close(self) -> None:
        """Keep what was done so far and leave a single file."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._store.in_transaction:
                self._store.execute("commit")
            self._store.execute("pragma journal_mode = delete")
        finally:
            self._store.close()

    def _commit(self) -> None:
        self._store.execute("commit")
        self._store.execute("begin")
        self._committed = time.monotonic()

    def __contains__(self, key: object) -> bool:
        """Return whether this run has read a note with these ids, patient and note, before."""
        if not isinstance(key, tuple):
            return False
        ids = (_bytes(key[0]), _bytes(key[1]))
        if ids in self._in_flight:
            return True
        found = self._store.execute("select 1 from notes where patient = ? and note = ? and run = ?", (*ids, self._run))
        return found.fetchone() is not None

    def add(self, key: tuple[str, str]) -> None:
        """Remember that a note has been read."""
        self._in_flight.add((_bytes(key[0]), _bytes(key[1])))

    def take_over(self, note: Note, digest: bytes) -> bool:
        """Return whether the note was read by an earlier run just as it is; then what it gave counts for this one.

        Args:
            note: the note.
            digest: its fingerprint.
        """
        ids = (_bytes(note.patient_id), _bytes(note.note_id))
        done = self._store.execute(
            "update notes set run = ? where patient = ? and note = ? and digest = ?", (self._run, *ids, digest)
        )
        if not done.rowcount:
            return False
        self._in_flight.discard(ids)
        self._commit_now_and_then()
        return True

    def put(self, result: NoteResult, digest: bytes) -> None:
        """Keep what a note gave; a note that could not be worked on is only remembered, so that it is tried again.

        Args:
            result: what the note gave.
            digest: the note's fingerprint.
        """
        ids = (_bytes(result.patient_id), _bytes(result.note_id))
        self._store.execute(
            "delete from findings where id = (select findings from notes where patient = ? and note = ?)", ids
        )
        place = None
        if result.packed is not None:
            place = self._store.execute("insert into findings (packed) values (?)", (result.packed,)).lastrowid
        kept = None if result.fault else digest
        self._store.execute(
            "insert or replace into notes values (?, ?, ?, ?, ?, ?)",
            (*ids, self._run, kept, result.note_date, place),
        )
        self._in_flight.discard(ids)
        self._commit_now_and_then()

    def set_aside(self, patient_id: str | None) -> None:
        """Remember that a patient has a note that could not be read."""
        if patient_id is not None:
            self._store.execute(
                "insert into aside values (?, 1) on conflict (patient) do update set count = count + 1",
                (_bytes(patient_id),),
            )

    def _commit_now_and_then(self) -> None:
        if time.monotonic() - self._committed >= _COMMIT_SECONDS:
            self._commit()

    def all_read(self) -> None:
        """Forget notes of earlier runs that are no longer among the input."""
        self._store.execute(
            "delete from findings where id in (select findings from notes where run <> ? and findings is not null)",
            (self._run,),
        )
        self._store.execute("delete from notes where run <> ?", (self._run,))
        self._commit()

    def finished(self) -> None:
        """Remember that the run folder is complete."""
        self._store.execute("insert or replace into facts values ('finished', 'yes')")
        self._commit()

    def __len__(self) -> int:
        """Return how many patients there are."""
        query = f"select count(*) from ({_PATIENTS})"
        return int(self._store.execute(query).fetchone()[0])

    def __iter__(self) -> Iterator[Kept]:
        """Yield every patient in order, also those none of whose notes could be read."""
        for (patient,) in self._store.execute(f"{_PATIENTS} order by 1"):
            yield self._kept(patient)

    def __getitem__(self, patient_id: str) -> Kept:
        """Return one patient."""
        return self._kept(_bytes(patient_id))

    def _kept(self, patient: bytes) -> Kept:
        patient_id = _text(patient)
        rows = self._store.execute(
            f"select note, date, packed from notes left join findings on id = findings where patient = ? and {_READ}",
            (patient,),
        )
        aside = self._store.execute("select count from aside where patient = ?", (patient,)).fetchone()
        results = [NoteResult(patient_id, _text(note), date, packed) for note, date, packed in rows]
        return Kept(patient_id, results, aside[0] if aside else 0)


_READ: Final = "run = (select cast(value as integer) from facts where name = 'run') and digest is not null"
_PATIENTS: Final = f"select patient from notes where {_READ} union select patient from aside"


def _opened(path: Path) -> sqlite3.Connection:
    try:
        # made here, for SQLite would let others read it
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        try:
            return _connected(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # no manifest, or a damaged one: nothing in it can be trusted
            for name in ("", "-wal", "-journal"):
                Path(f"{path}{name}").unlink(missing_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            return _connected(path)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise UsageError(f"--out {path.parent}: another run is at work there; wait for it or stop it") from None
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: sqlite3.Error) -> NoteCriteriaError:
    return NoteCriteriaError(
        f"{path}: cannot be used ({error}); free some space or delete the file, then go on with --resume"
    )


def _connected(path: Path) -> sqlite3.Connection:
    store = sqlite3.connect(path, timeout=1.0, isolation_level=None)
    try:
        # alone in the file, so that a second run is refused and no shared memory is needed beside it
        store.execute("pragma locking_mode = exclusive")
        store.execute("pragma journal_mode = wal")
        store.execute("pragma synchronous = normal")
        store.execute("pragma cache_size = -32000")
        store.execute("begin immediate")
        _make_tables(store)
    except BaseException:
        store.close()
        raise
    return store


def _make_tables(store: sqlite3.Connection) -> None:
    for statement in filter(str.strip, _TABLES.split(";")):
        store.execute(statement)


def notes_of(folder: Path) -> Iterator[NoteResult]:
    """Yield what a finished run kept of each note, for writers to databases.

    Args:
        folder: the run folder.

    Yields:
        A ``NoteResult`` per note that was read; nothing where the run kept no manifest.

    Raises:
        UsageError: the run is not finished, or the file is damaged.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return
    store = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        rows = store.execute(
            "select patient, note, date, packed from notes left join findings on id = findings"
            f" where {_READ} order by patient, note"
        )
        for patient, note, date, packed in rows:
            yield NoteResult(_text(patient), _text(note), date, packed)
    except sqlite3.DatabaseError:
        raise UsageError(f"{path}: cannot be read; screen again with --resume") from None
    finally:
        store.close()
