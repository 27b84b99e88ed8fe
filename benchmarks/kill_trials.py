"""Kill a run with SIGKILL at random moments, go on with --resume, and compare the run folder byte by byte.

    python benchmarks/kill_trials.py --trials 20 --notes 2000

The example notes are repeated with new ids. An undisturbed run comes first. Then each trial starts the same run, waits a
random time and kills the parent or one of its workers, in turn; a parent's run is gone on with, and may be killed
again, until one comes to its end. ``run.json`` is compared without what it says of time: ``started``, ``finished``,
``seconds``, ``notes_taken_over``. The exit code is 1 when any trial ends otherwise than the undisturbed run.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from extractor.notes import read_notes
from extractor.schema import Note

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "annotated_notes" / "dev"
OUTPUTS = ("mentions.parquet", "answers.parquet", "screening.csv", "report.html")
VARYING = ("started", "finished", "seconds", "notes_taken_over")
KILLS = 3
"""A trial's run is killed at most so often."""
LATEST = 0.8
"""The latest moment, as a share of the time of the undisturbed run."""


def main() -> int:
    """Run the trials and return the exit code."""
    options = _options()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        table = folder / "notes.csv"
        write_notes(table, options.notes, texts_of(options.source))
        began = time.perf_counter()
        started(table, folder / "whole", options.workers).wait()
        seconds = time.perf_counter() - began
        expected = outputs(folder / "whole")
        _say(f"{options.notes} notes, {options.workers} workers: undisturbed run {seconds:.1f} s")
        results = [
            trial(table, folder / f"cut{number}", expected, chance, seconds, options.workers, number)
            for number in range(options.trials)
        ]
    same = sum(results)
    _say(f"{same} of {len(results)} trials ended byte-identical to the undisturbed run")
    return 0 if all(results) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--notes", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--source", type=Path, default=EXAMPLES, help="the notes that are repeated")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a benchmark talks to the person who runs it


def texts_of(source: Path) -> list[str]:
    """Return the texts of a folder or file of notes.

    Args:
        source: whatever ``notecriteria screen`` reads.
    """
    return [note.text for note in read_notes([source]) if isinstance(note, Note)]


def write_notes(path: Path, count: int, texts: Sequence[str]) -> None:
    """Write notes, repeated under new ids, as a table; every 97th is empty and will be set aside.

    Args:
        path: the CSV file.
        count: how many notes.
        texts: what is repeated.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["patient_id", "note_id", "note_date", "text"])
        for i in range(count):
            text = "" if i % 97 == 50 else texts[i % len(texts)]
            rows.writerow([f"P{i // 8:06}", f"N{i:07}", f"2024-{1 + i % 12:02}-{1 + i % 28:02}", text])


def started(table: Path, out: Path, workers: int, *more: str) -> subprocess.Popen[bytes]:
    """Start a run and return its process."""
    command = [sys.executable, "-m", "extractor.cli", "screen", str(table), "--out", str(out)]
    return subprocess.Popen([*command, "--workers", str(workers), "--quiet", *more], cwd=ROOT)


def outputs(folder: Path) -> dict[str, Any]:
    """Return what a run folder holds, less the times."""
    told = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return {name: (folder / name).read_bytes() for name in OUTPUTS} | {
        "run.json": {name: value for name, value in told.items() if name not in VARYING}
    }


def trial(
    table: Path, out: Path, expected: dict[str, Any], chance: random.Random, seconds: float, workers: int, number: int
) -> bool:
    """Kill a run, go on with it, and return whether it ends as the undisturbed one did.

    Args:
        table: the notes.
        out: the run folder.
        expected: what the undisturbed run wrote.
        chance: gives the moments.
        seconds: how long the undisturbed run took.
        workers: worker processes.
        number: the trial; odd ones kill a worker.
    """
    whom = "worker" if number % 2 else "parent"
    process, told = started(table, out, workers), []
    for _ in range(KILLS):
        moment = chance.uniform(0, LATEST * seconds)
        try:
            process.wait(moment)
            break
        except subprocess.TimeoutExpired:
            told.append(f"{moment:.1f}")
        if whom == "worker":
            for worker in list(_workers(process))[:1]:
                worker.kill()
            continue
        process.kill()
        process.wait()
        process = started(table, out, workers, "--resume")
    code = process.wait()
    if not told:  # it was faster than the moment
        shutil.rmtree(out)
        return trial(table, out, expected, chance, seconds / 2, workers, number)
    same = code == 0 and outputs(out) == expected and not list(out.glob(".*.part"))
    reused = json.loads((out / "run.json").read_text(encoding="utf-8"))["notes_taken_over"] if code == 0 else "-"
    _say(
        f"trial {number + 1:>2}: {whom} killed after {', '.join(told) or '-'} s;"
        f" {reused} notes taken over; {'identical' if same else 'DIFFERENT'}"
    )
    return same


def _workers(process: subprocess.Popen[bytes]) -> Iterator[psutil.Process]:
    try:
        for child in psutil.Process(process.pid).children():
            if "spawn_main" in " ".join(child.cmdline()):
                yield child
    except psutil.NoSuchProcess:
        return


if __name__ == "__main__":
    sys.exit(main())
