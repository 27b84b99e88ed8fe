"""A database by its URL; its password comes from elsewhere and is never told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from extractor.errors import NoteCriteriaError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

PASSWORD: Final = "NOTECRITERIA_DB_PASSWORD"
_FORM: Final = "write it as postgresql://user@host:5432/database, sqlite:///file.db or duckdb:///file.duckdb"
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_PACKAGES: Final = {"psycopg": "psycopg[binary]", "duckdb_engine": "duckdb-engine", "sqlalchemy": "sqlalchemy"}
_FILES: Final = ("sqlite", "duckdb")
_STRUCTURAL: Final = ("08", "0A", "25", "28", "3D", "3F", "42", "53", "54", "57")
"""Classes of SQLSTATE whose messages speak of connections, rights and names of tables, never of values."""
_SPEAKING: Final = frozenset(
    {"BinderException", "CatalogException", "ParserException", "IOException", "ConnectionException", "OperationalError"}
)
"""Errors of drivers without SQLSTATE of which the same holds."""
_DUCKDB_MEMORY: Final = "512MB"


def password_of(file: Path | None) -> str | None:
    """Return the password that a file or the environment holds; ``None`` where neither does.

    Args:
        file: ``--password-file``; its first line counts.

    Raises:
        UsageError: the file cannot be read or is empty.
    """
    if file is None:
        return os.environ.get(PASSWORD) or None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"--password-file {file}: cannot be read; mend its path or its permissions") from None
    if not lines or not lines[0]:
        raise UsageError(f"--password-file {file}: its first line is empty; write the password there")
    return lines[0]


class Database:
    """A database that can be named without its password.

    Args:
        url: as SQLAlchemy knows it; ``postgresql://`` means the psycopg driver.
        password: takes the place of a password in the URL.
        writable: whether it will be written to; else DuckDB files are opened for reading alone, and files must be there.

    Raises:
        UsageError: no URL, an unknown kind of database, a driver that is not installed, or a file that is not there.
    """

    def __init__(self, url: str, password: str | None = None, *, writable: bool = False) -> None:
        self._url = _parsed(url, password)
        self._writable = writable
        self.kind = self._url.get_backend_name()
        if self.kind in _FILES and not writable:
            self.check_file()
        self.engine = self._engine()
        """The way into the database; no connection is open yet."""

    def __str__(self) -> str:
        """Return its name: kind, user, host and database, without password and options."""
        from sqlalchemy import URL

        url = self._url
        return str(URL.create(self.kind, url.username, None, url.host, url.port, url.database))

    def check_file(self) -> None:
        """Tell of a database file that is not there, instead of making an empty one.

        Raises:
            UsageError: it is not there.
        """
        name = self._url.database or ""
        if not name or name == ":memory:":
            raise UsageError(f"--url: names no database file; {_FORM}")
        if not name.startswith("file:") and not Path(name).is_file():
            raise UsageError(f"--url {self}: there is no such file; mend the path")

    def _engine(self) -> Engine:
        from sqlalchemy import create_engine, event, exc
        from sqlalchemy.pool import NullPool

        try:
            # without parameters in errors and logs: they are patients' data
            engine = create_engine(self._url, poolclass=NullPool, hide_parameters=True, connect_args=self._arguments())
        except exc.NoSuchModuleError:
            raise UsageError(f"--url: {self.kind} is no kind of database known here; {_FORM}") from None
        except ImportError as error:
            package = _PACKAGES.get(error.name or "", error.name)
            raise UsageError(f"--url: {self.kind} needs the package {package}; pip install '{package}'") from None
        except exc.ArgumentError:
            raise UsageError(f"--url: is no URL of a database; {_FORM}") from None
        if self.kind == "sqlite":
            event.listen(engine, "connect", _keep_wrong_bytes)
        return engine

    def _arguments(self) -> Mapping[str, Any]:
        if self.kind == "postgresql":
            return {"connect_timeout": 30, "application_name": "notecriteria"}
        if self.kind == "duckdb":
            # what it keeps of the tables it reads would else fill most of the machine's memory
            return {"read_only": not self._writable, "config": {"memory_limit": _DUCKDB_MEMORY}}
        return {}

    def told(self, error: BaseException) -> str:
        """Return what went wrong in one line: never values, never the password.

        Args:
            error: what SQLAlchemy or the driver raised.
        """
        cause = getattr(error, "orig", None) or error
        message = _message(cause)
        secret = self._url.password
        if secret and str(secret) in message:
            message = type(cause).__name__
        return message

    def failed(self, error: BaseException) -> NoteCriteriaError:
        """Return the error for the person at the terminal."""
        return UsageError(f"{self}: {self.told(error)}; mend --url, the rights of the user, or the tables")


def _parsed(url: str, password: str | None) -> URL:
    try:
        from sqlalchemy import exc
        from sqlalchemy.engine import make_url
    except ImportError:
        raise UsageError("--url: databases need further packages; pip install 'notecriteria[sql]'") from None
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):  # its message holds the URL, and that the password
        raise UsageError(f"--url: is no URL of a database; {_FORM}") from None
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    # a password in a file would be taken for part of the path
    return parsed.set(password=password) if password and parsed.get_backend_name() not in _FILES else parsed


def _message(cause: BaseException) -> str:
    kind = type(cause).__name__
    state = getattr(cause, "sqlstate", None)
    if state:
        told = getattr(getattr(cause, "diag", None), "message_primary", None)
        shown = told if told and str(state).startswith(_STRUCTURAL) else kind
        return f"{' '.join(str(shown).split())} (SQLSTATE {state})"
    if kind in _SPEAKING:
        lines = str(cause).splitlines()
        return " ".join(lines[0].split()) if lines else kind
    return f"failed with {kind}"


def _keep_wrong_bytes(connection: Any, _: object) -> None:
    """Let SQLite give bytes that are not UTF-8 as surrogates, so that one such note does not end the reading."""
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
