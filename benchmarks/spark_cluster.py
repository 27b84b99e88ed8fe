"""A standalone Spark cluster on loopback: a master and workers as processes of this machine, for tests and benchmarks."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

LOOPBACK: Final = "127.0.0.1"
READY: Final = 180.0
"""Seconds in which a part must be up."""
_MASTER: Final = "org.apache.spark.deploy.master.Master"
_WORKER: Final = "org.apache.spark.deploy.worker.Worker"


class Cluster(NamedTuple):
    """A running cluster.

    Args:
        url: of its master.
        folder: where its parts keep their files and logs.
        workers: names of the workers.
    """

    url: str
    folder: Path
    workers: tuple[str, ...]

    def tasks(self) -> dict[str, int]:
        """Return how many tasks each worker's executors have run."""
        return {name: sum(log.count("Running task") for log in self.logs(name)) for name in self.workers}

    def logs(self, worker: str = "*") -> list[str]:
        """Return what the executors of a worker, or of all, have printed."""
        return [path.read_text(errors="replace") for path in self.folder.glob(f"{worker}/app-*/*/std*")]

    @property
    def conf(self) -> dict[str, str]:
        """Settings with which a driver stays on loopback and waits for all executors."""
        return {
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.ui.enabled": "false",
            "spark.driver.memory": "600m",
            "spark.executor.memory": "600m",
            "spark.executor.cores": "1",
            "spark.cores.max": str(len(self.workers)),
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.scheduler.maxRegisteredResourcesWaitingTime": "120s",
        }


@contextmanager
def standalone(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Run a master and workers of one core each; they are stopped at the end.

    Args:
        folder: an empty folder.
        workers: how many.
    """
    names = tuple(f"worker-{i + 1}" for i in range(workers))
    port = _free_port()
    url = f"spark://{LOOPBACK}:{port}"
    log = folder / "master.log"
    with ExitStack() as running:
        running.enter_context(_service(log, folder, _MASTER, "--port", str(port)))
        _wait_for(log, "I have been elected leader", 1)
        for name in names:
            (folder / name).mkdir()
            size = ("--cores", "1", "--memory", "900m", "--work-dir", str(folder / name))
            running.enter_context(_service(folder / f"{name}.log", folder, _WORKER, *size, url))
        _wait_for(log, "Registering worker", workers)
        yield Cluster(url, folder, names)


def _free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind((LOOPBACK, 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def _service(log: Path, folder: Path, name: str, *arguments: str) -> Iterator[None]:
    """Run a part of the cluster; it listens on loopback alone and inherits no Python path of ours."""
    import pyspark

    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SPARK", "PYSPARK"))}
    environment |= {
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_PUBLIC_DNS": LOOPBACK,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": "-Dspark.master.rest.enabled=false",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_LOG_DIR": str(folder),
    }
    start = Path(pyspark.__file__).parent / "bin" / "spark-class"
    command = [start, name, "--host", LOOPBACK, "--webui-port", "0", *arguments]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, cwd=folder, env=environment)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(log: Path, line: str, count: int) -> None:
    until = time.monotonic() + READY
    while log.read_text(errors="replace").count(line) < count:
        if time.monotonic() > until:
            raise TimeoutError(f"{log}: says {line!r} less than {count} times after {READY:.0f} seconds")
        time.sleep(0.2)
