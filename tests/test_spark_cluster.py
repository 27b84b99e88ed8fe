"""A real standalone cluster on loopback: a master, two workers, executors that have nothing but what is sent to them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.spark_cluster import Cluster, standalone
from extractor.batch import screen
from tests import spark_notes
from tests.test_sparkwork import SITE

pytestmark = pytest.mark.service
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master and two workers, stopped at the end."""
    with standalone(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def settings(cluster: Cluster) -> list[str]:
    return [f"{name}={value}" for name, value in cluster.conf.items()]


def command(cluster: Cluster, *arguments: object) -> None:
    """Run the command against the cluster, with this Python on the executors."""
    pairs = [part for setting in settings(cluster) for part in ("--spark-conf", setting)]
    spark = ["--engine", "spark", "--master", cluster.url, *pairs]
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
    assert all(cluster.tasks()[worker] > before[worker] for worker in cluster.workers)
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
with spark_session(sys.argv[1], parse_conf(sys.argv[2:]), quiet=True) as spark:
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
    done = subprocess.run(
        [sys.executable, "-c", PROBE, cluster.url, *settings(cluster)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYSPARK_PYTHON": sys.executable},
    )
    rows = [line.split("|") for line in done.stdout.splitlines() if line.count("|") == 2]
    assert {Path(cwd).parent.parent.name for _, _, cwd in rows} == set(cluster.workers)
    for code, rules, _ in rows:
        zipped, _, module = code.partition(".zip/")
        assert (Path(zipped).name.partition("-")[0], module) == ("notecriteria", "extractor/__init__.py")
        assert Path(rules).is_relative_to(cluster.folder) and Path(zipped).name in rules
