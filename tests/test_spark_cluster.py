"""A real standalone cluster on loopback: a master, two workers, executors that have nothing but what is sent to them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest

from extractor.batch import screen
from tests import spark_notes
from tests.test_sparkwork import SITE

pytestmark = pytest.mark.service
ROOT = Path(__file__).parent.parent
READY = 120.0
LOOPBACK = "127.0.0.1"
WORKERS = ("worker-1", "worker-2")


class Cluster(NamedTuple):
    """A running cluster."""

    url: str
    folder: Path

    def tasks(self) -> dict[str, int]:
        """How many tasks each worker's executors have run."""
        return {name: sum(log.count("Running task") for log in self.logs(name)) for name in WORKERS}

    def logs(self, worker: str = "*") -> list[str]:
        """What the executors of a worker, or all, have printed."""
        return [path.read_text(errors="replace") for path in self.folder.glob(f"{worker}/app-*/*/std*")]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master and two workers of one core each, stopped at the end."""
    import pyspark

    folder = tmp_path_factory.mktemp("cluster")
    spark_class = Path(pyspark.__file__).parent / "bin" / "spark-class"
    port = free_port()
    url = f"spark://{LOOPBACK}:{port}"
    master = ("org.apache.spark.deploy.master.Master", "--port", port)
    worker = ("org.apache.spark.deploy.worker.Worker", "--cores", 1, "--memory", "900m")
    with ExitStack() as running:
        log = running.enter_context(service(folder / "master.log", folder, spark_class, *master))
        wait_for(log, "I have been elected leader", 1)
        for name in WORKERS:
            (folder / name).mkdir()
            command = (spark_class, *worker, "--work-dir", folder / name, url)
            running.enter_context(service(folder / f"{name}.log", folder, *command))
        wait_for(log, "Registering worker", 2)
        yield Cluster(url, folder)


def free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind((LOOPBACK, 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def service(log: Path, folder: Path, spark_class: Path, name: str, *arguments: object) -> Iterator[Path]:
    """Run a part of the cluster until the block ends; it listens on loopback alone and knows no Python path of ours."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SPARK", "PYSPARK"))}
    environment |= {
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_PUBLIC_DNS": LOOPBACK,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": "-Dspark.master.rest.enabled=false",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_LOG_DIR": str(folder),
    }
    options = ("--host", LOOPBACK, "--webui-port", "0", *map(str, arguments))
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [spark_class, name, *options], stdout=stream, stderr=stream, cwd=folder, env=environment
        )
        try:
            yield log
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(log: Path, line: str, count: int) -> None:
    until = time.monotonic() + READY
    while log.read_text(errors="replace").count(line) < count:
        assert time.monotonic() < until, log.read_text(errors="replace")[-3000:]
        time.sleep(0.2)


def settings(*pairs: str) -> list[str]:
    """Options that let a driver on loopback wait for both executors."""
    conf = (
        "spark.driver.host=127.0.0.1",
        "spark.driver.bindAddress=127.0.0.1",
        "spark.ui.enabled=false",
        "spark.driver.memory=600m",
        "spark.executor.memory=600m",
        "spark.executor.cores=1",
        "spark.cores.max=2",
        "spark.scheduler.minRegisteredResourcesRatio=1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime=120s",
        *pairs,
    )
    return [part for pair in conf for part in ("--spark-conf", pair)]


def command(cluster: Cluster, *arguments: object, pairs: tuple[str, ...] = ()) -> None:
    """Run the command against the cluster, with this Python on the executors."""
    spark = ["--engine", "spark", "--master", cluster.url, *settings(*pairs)]
    done = subprocess.run(
        [sys.executable, "-m", "extractor.cli", "screen", *map(str, arguments), *spark, "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYSPARK_PYTHON": sys.executable},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_cluster_gives_the_run_folder_of_the_local_engine_byte_for_byte(cluster: Cluster, tmp_path: Path) -> None:
    source = spark_notes.write(tmp_path / "notes.parquet", spark_notes.rows(patients=150, notes=4))
    screen([source], tmp_path / "local")
    before = cluster.tasks()
    command(cluster, source, "--out", tmp_path / "spark")
    assert spark_notes.same(tmp_path / "local", tmp_path / "spark")
    assert all(cluster.tasks()[worker] > before[worker] for worker in WORKERS)
    assert not any(word in log for log in cluster.logs() for word in ("persistent", "lymphoma"))
    assert len(spark_notes.told(tmp_path / "spark")["set_aside"]) == 6


def test_executors_write_parquet_folders_by_a_sites_rules_that_the_driver_alone_has(
    cluster: Cluster, tmp_path: Path
) -> None:
    site = tmp_path / "driver" / "rules" / "vocabulary"
    site.mkdir(parents=True)
    (site / "lung.yaml").write_text(SITE)
    content = [{"patient_id": f"p{i}", "note_id": "n", "text": "Has zebra lung. Denies asthma."} for i in range(40)]
    source = spark_notes.write(tmp_path / "notes.parquet", content)
    screen([source], tmp_path / "local", rules=site.parent)
    command(cluster, source, "--out", f"file://{tmp_path}/far", "--rules", site.parent)
    for name in ("mentions", "answers"):
        here, there = (pq.read_table(tmp_path / folder / f"{name}.parquet").to_pylist() for folder in ("local", "far"))
        assert here == there


PROBE = """
import sys
from extractor.sparksession import parse_conf, spark_session
from extractor.spark import ship_package
with spark_session(sys.argv[1], parse_conf(sys.argv[3:]), quiet=True) as spark:
    ship_package(spark)
    def probe(batches):
        import os, pandas as pd, extractor
        from extractor.rulebook import SHIPPED_RULES
        for batch in batches:
            yield pd.DataFrame({"code": [extractor.__file__], "rules": [str(SHIPPED_RULES)], "cwd": [os.getcwd()]})
    frame = spark.range(64).repartition(8).mapInPandas(probe, "code string, rules string, cwd string")
    for row in frame.distinct().collect():
        print(row.code, row.rules, row.cwd, sep="|")
"""


def test_executors_take_code_and_rules_from_the_zip_that_is_sent_to_them(cluster: Cluster) -> None:
    pairs = [part for part in settings() if part != "--spark-conf"]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, cluster.url, "", *pairs],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYSPARK_PYTHON": sys.executable},
    )
    rows = [line.split("|") for line in done.stdout.splitlines() if line.count("|") == 2]
    assert {Path(cwd).parent.parent.name for _, _, cwd in rows} == set(WORKERS)
    for code, rules, _ in rows:
        assert code.endswith("notecriteria.zip/extractor/__init__.py")
        assert Path(rules).is_relative_to(cluster.folder) and ".notecriteria.zip." in rules
