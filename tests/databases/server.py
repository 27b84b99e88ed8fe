"""A PostgreSQL server of its own for the tests: on loopback, in a temporary folder, under an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER = "reader"
PASSWORD = "Zebra:fish/it@is%20"
"""With the characters that mean something in a URL."""


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a server and stop it afterwards.

    Yields:
        The URL of its database, without the password.
    """
    place = Path(tempfile.mkdtemp(prefix="notecriteria-pg-"))
    who = _unprivileged()
    if who:
        os.chown(place, who["user"], who["group"])
    data, port = place / "data", _free_port()
    try:
        (place / "password").write_text(PASSWORD)
        _run(
            who,
            "initdb",
            "-D",
            data,
            "-U",
            USER,
            "-A",
            "scram-sha-256",
            f"--pwfile={place / 'password'}",
            "-E",
            "UTF8",
            "--locale=C",
        )
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={place} -c fsync=off"
        _run(who, "pg_ctl", "-D", data, "-w", "-l", place / "log", "-o", options, "start")
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        finally:
            _run(who, "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _run(who: dict[str, Any], program: str, *arguments: object) -> None:
    command = [str(_bin() / program), *map(str, arguments)]
    done = subprocess.run(
        command, cwd="/", check=False, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **who
    )
    assert done.returncode == 0, done.stderr


def _bin() -> Path:
    """Return where the server's programs lie: Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda p: int(p.parts[-3]))
    path = str(found[-1]) if found else shutil.which("pg_ctl")
    assert path, "needs PostgreSQL: apt-get install postgresql"
    return Path(path).parent


def _unprivileged() -> dict[str, Any]:
    """Return under whom the server runs: it refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise AssertionError("needs a user other than root")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
