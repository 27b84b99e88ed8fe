"""The server of the tests: nothing of it is left behind, however the tests end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.databases.server import postgresql

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import sys, time
from tests.databases.server import postgresql
with postgresql() as url:
    print(url, flush=True)
    time.sleep(600)
"""
pytestmark = pytest.mark.service


def servers(port: str) -> list[psutil.Process]:
    return [p for p in psutil.process_iter() if f"port={port}" in _command(p) and p.status() != psutil.STATUS_ZOMBIE]


def _command(process: psutil.Process) -> list[str]:
    try:
        line: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return line


def port_of(url: str) -> str:
    return url.rpartition(":")[2].partition("/")[0]


def soon(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 30
    while not condition() and time.monotonic() < until:
        time.sleep(0.1)
    return condition()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_and_its_folder_go_with_the_process_that_started_it(how: signal.Signals) -> None:
    command = [sys.executable, "-c", CODE]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    port = port_of(process.stdout.readline())
    (line,) = {tuple(_command(p)) for p in servers(port) if "sh" not in _command(p)}
    folder = Path(line[line.index("-D") + 1]).parent
    assert folder.is_dir()
    process.send_signal(how)
    process.communicate()
    assert soon(lambda: not servers(port))
    assert soon(lambda: not folder.exists())


def test_the_server_stops_at_the_end_of_its_block() -> None:
    with postgresql() as url:
        assert servers(port_of(url))
    assert not servers(port_of(url))
