"""A PostgreSQL server of its own for the tests: on loopback, in a temporary folder, under an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER = "reader"
PASSWORD = "Zebra:fish/it@is%20"
"""With the characters that mean something in a URL."""
_SECONDS = 60
"""The server must be up, or down, after so many."""
_WATCH = """
place=$1; shift
"$@" </dev/null >"$place/log" 2>&1 &
read -r line
kill -QUIT $!
wait $!
rm -rf "$place"
"""
"""Runs a server until its own input ends, which happens too when the process that holds the other end is killed."""


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a server and stop it afterwards; it also stops, and its folder goes, when this process is killed.

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
        options = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={place}", "fsync=off")
        with _watched(who, place, "postgres", "-D", data, *(part for option in options for part in ("-c", option))):
            _await(port, place / "log")
            yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _watched(who: dict[str, Any], place: Path, program: str, *arguments: object) -> Iterator[None]:
    """Run a program until the end of the block or of this process, however that comes."""
    command = ["sh", "-c", _WATCH, "watch", str(place), str(_bin() / program), *map(str, arguments)]
    # A session of its own: Ctrl-C and the death of this process's group must not take the watch before its charge.
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd="/", start_new_session=True, **who) as watch:
        try:
            yield
        finally:
            assert watch.stdin is not None
            watch.stdin.close()
            watch.wait(_SECONDS)


def _await(port: int, log: Path) -> None:
    """Wait until the server lets somebody in."""
    until = time.monotonic() + _SECONDS
    command = [str(_bin() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(command, cwd="/", check=False).returncode:
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)


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
