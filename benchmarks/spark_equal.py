"""Compares Spark and the local engine on N notes: equal results, byte for byte, and how long each takes.

    python -m benchmarks.spark_equal --notes 20000

The notes are those of the gold, repeated with new patients; every hundredth row is one that cannot be read. Spark runs
on a standalone cluster on loopback with two workers, started and stopped here, or on the one that ``--master`` names.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.spark_cluster import standalone
from extractor import batch, sparkrun
from extractor.notes import read_notes
from extractor.runrecord import Run
from extractor.schema import Note

FILES: Final = ("mentions.parquet", "answers.parquet", "screening.csv", "report.html")
TOLD: Final = ("rules_digest", "counts", "set_aside", "warnings")
_COLUMNS: Final = ("patient_id", "note_id", "text", "note_date")
_FAULTS: Final[tuple[dict[str, str | None], ...]] = (
    {"text": None},
    {"text": " "},
    {"patient_id": None},
    {"note_id": None},
    {"note_date": "last spring"},
    {},
)
"""What is wrong with the rows that cannot be read; nothing but that its ids were read before with the last."""


def rows_of(gold: Path, count: int) -> Iterator[dict[str, str | None]]:
    """Yield so many rows.

    Args:
        gold: folder of notes.
        count: how many.
    """
    notes = [note for note in read_notes([gold]) if isinstance(note, Note)]
    faults = itertools.cycle(_FAULTS)
    row: dict[str, str | None] = {}
    for i in range(count):
        if i % 100 == 99:
            yield row | next(faults)
            continue
        turn, place = divmod(i, len(notes))
        note = notes[place]
        values = (f"{turn:05}-{note.patient_id}", note.note_id, note.text, note.note_date)
        row = dict(zip(_COLUMNS, values, strict=True))
        yield row


def write(gold: Path, count: int, path: Path) -> None:
    """Write the rows to a Parquet file in row groups, so that its size does not matter to memory.

    Args:
        gold: folder of notes.
        count: how many rows.
        path: the file.
    """
    schema = pa.schema([(name, pa.string()) for name in _COLUMNS])
    with pq.ParquetWriter(path, schema) as writer:
        rows = rows_of(gold, count)
        while part := list(itertools.islice(rows, 2_000)):
            writer.write_table(pa.Table.from_pylist(part, schema=schema))


def differences(local: Path, spark: Path) -> list[str]:
    """Return the names of what differs between two run folders.

    Args:
        local: one.
        spark: the other.
    """
    here, there = (json.loads((folder / "run.json").read_text()) for folder in (local, spark))
    differing = [f"run.json: {name}" for name in TOLD if here[name] != there[name]]
    return differing + [name for name in FILES if (local / name).read_bytes() != (spark / name).read_bytes()]


@contextmanager
def _cluster(master: str | None, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    if master:
        yield master, {}
        return
    with standalone(folder) as cluster:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        yield cluster.url, cluster.conf
        _tell(f"tasks by worker: {cluster.tasks()}")


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _timed(what: str, work: Any) -> Run:
    began = time.perf_counter()
    run: Run = work()
    seconds = time.perf_counter() - began
    aside = len(run.issues_of("set_aside"))
    counts = f"{run.notes} notes read, {aside} set aside, {len(run.summaries)} patients, {run.mentions} mentions"
    _tell(f"{what}: {counts}; {seconds:.1f} s, {run.notes / seconds:.0f} notes a second")
    return run


def main() -> int:
    """Run both engines and say whether their results are equal; 1 where they are not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--notes", type=int, default=20_000)
    parser.add_argument("--gold", type=Path, default=Path("annotated_notes/dev"))
    parser.add_argument("--workers", type=int, default=2, help="processes of the local engine")
    parser.add_argument("--master", help="a running cluster; its workers must see the folder of temporary files")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="spark-equal-") as name:
        folder = Path(name)
        source, local, spark = folder / "notes.parquet", folder / "run-local", folder / "run-spark"
        write(given.gold, given.notes, source)
        _timed("local", lambda: batch.screen([source], local, workers=given.workers))
        (folder / "cluster").mkdir()
        with _cluster(given.master, folder / "cluster") as (url, conf):
            _timed("spark", lambda: sparkrun.screen([source], spark, master=url, conf=conf, quiet=True))
        differing = differences(local, spark)
    _tell(f"different: {', '.join(differing)}" if differing else "equal: all files, byte for byte")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
