"""Screen many notes with one and with two workers and tell rate, scaling and peak memory.

    python benchmarks/batch_speed.py --notes 100000 --workers 1 2 --rounds 3

The example notes, or those of ``--source``, are repeated with new ids. Each round runs all numbers of workers in turn. Where others use the machine too, the seconds tell little; the processor time of
the command's own process, which the workers do not share, then tells how far it will scale. Peak memory is that of the largest process, and the sum over all of them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import psutil
from kill_trials import EXAMPLES, started, texts_of, write_notes

_LOOK = 0.2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=100_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--source", type=Path, default=EXAMPLES, help="the notes that are repeated")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / "notes.csv"
        write_notes(table, options.notes, texts_of(options.source))
        size = table.stat().st_size / 1e6
        first = 0.0
        for turn, count in enumerate(options.workers * options.rounds):
            out = Path(place) / f"run{turn}"
            seconds, cpu, own, largest, whole = measured(table, out, count)
            shutil.rmtree(out)
            first = seconds if turn % len(options.workers) == 0 else first
            print(  # noqa: T201 - a benchmark talks to the person who runs it
                f"{options.notes:,} notes, {size:,.0f} MB, {count} workers: {seconds:,.1f} s"
                f" ({cpu:,.1f} s of processor time, {own:,.1f} of them the command's own process), {options.notes / seconds:,.0f} notes a second, {first / seconds:.2f} times the first;"
                f" peak {largest / 1e6:,.0f} MB in one process, {whole / 1e6:,.0f} MB in all",
                flush=True,
            )


def measured(table: Path, out: Path, workers: int) -> tuple[float, float, float, int, int]:
    """Return seconds, processor seconds of all and of the command's own process, and peak memory of the largest process and of all together."""
    began = time.perf_counter()
    process = started(table, out, workers)
    family = psutil.Process(process.pid)
    largest = whole = 0
    used: dict[int, float] = {}
    while process.poll() is None:
        sizes = []
        for one in [family, *_children(family)]:
            try:
                sizes.append(one.memory_info().rss)
                times = one.cpu_times()
                used[one.pid] = times.user + times.system
            except psutil.Error:
                continue
        largest, whole = max([largest, *sizes]), max(whole, sum(sizes))
        time.sleep(_LOOK)
    if process.returncode:
        sys.exit(f"the run ended with {process.returncode}")
    return time.perf_counter() - began, sum(used.values()), used.get(process.pid, 0.0), largest, whole


def _children(family: psutil.Process) -> list[psutil.Process]:
    try:
        return family.children(recursive=True)
    except psutil.Error:
        return []


if __name__ == "__main__":
    main()
