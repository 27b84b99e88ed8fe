"""Precision of mentions on real text, from judgements by hand, for each label with its Wilson interval.

Run ``python -m benchmarks.judged.precision benchmarks/judged/before.csv benchmarks/judged/after.csv``.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

from evaluation.intervals import wilson


def precision(path: Path) -> dict[str, tuple[int, int]]:
    """Return (right, judged) for each label of a file of judgements, ``all`` last.

    Args:
        path: CSV with the columns corpus, note_id, start, end, label, verdict, cause.
    """
    right: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for label in (row["label"], "all"):
                judged[label] += 1
                right[label] += row["verdict"] == "right"
    return {label: (right[label], judged[label]) for label in sorted(judged, key=lambda x: (x == "all", x))}


def causes(path: Path) -> dict[str, Counter[str]]:
    """Return how often each cause made a mention of a label wrong.

    Args:
        path: the file of judgements.
    """
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["verdict"] == "wrong":
                counted[row["label"]][row["cause"]] += 1
    return counted


def main(paths: list[str]) -> None:
    """Print the table of each file of judgements.

    Args:
        paths: files of judgements.
    """
    for path in map(Path, paths):
        sys.stdout.write(
            f"{path.name}\n{'label':<18}{'right':>6}{'judged':>8}{'precision':>11}  95 % (Wilson)   causes\n"
        )
        why = causes(path)
        for label, (good, total) in precision(path).items():
            low, high = wilson(good, total)
            reasons = ", ".join(f"{cause} {n}" for cause, n in why.get(label, Counter()).most_common())
            sys.stdout.write(
                f"{label:<18}{good:>6}{total:>8}{good / total:>11.3f}  {low:.3f}-{high:.3f}     {reasons}\n"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
