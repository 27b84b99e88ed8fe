"""Screen a table far larger than the memory may be, and tell the peak.

    python benchmarks/flat_memory.py --gigabytes 2 --canned

The example notes, each padded with plain sentences to about 20,000 characters, are repeated with new ids. With
``--canned`` each note gives the mentions of one example instead of being read for its own, so that what is measured
is reading, keeping, answering and writing; else finding mentions takes most of the time, though hardly any memory.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from extractor import Note
from extractor.batch import screen
from extractor.extract import Extractor
from extractor.schema import Mention

ROOT = Path(__file__).resolve().parent.parent
_PLAIN = "Seen in clinic today, feels well and has no complaints.\n"
_CHARACTERS = 20_000
_NOTES_OF_A_PATIENT = 8


def main() -> None:
    """Write, screen, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--canned", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / "notes.csv"
        count = write(table, int(options.gigabytes * 1e9))
        if options.canned:
            give_canned_mentions()
        began = time.perf_counter()
        run = screen([table], Path(place) / "run")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        kept = (Path(place) / "run" / ".checkpoint.sqlite").stat().st_size / 1e6
        print(  # noqa: T201 - a benchmark talks to the person who runs it
            f"{table.stat().st_size / 1e9:.2f} GB, {count:,} notes of {len(run.summaries):,} patients, {run.mentions:,} mentions:"
            f" {time.perf_counter() - began:,.0f} s, peak {peak:.2f} GB, manifest {kept:,.0f} MB"
        )


def write(path: Path, size: int) -> int:
    """Write a table of about so many bytes and return how many notes it has."""
    texts = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "annotated_notes" / "dev").glob("*.txt"))]
    texts = [text + _PLAIN * ((_CHARACTERS - len(text)) // len(_PLAIN)) for text in texts]
    count = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["patient_id", "note_id", "note_date", "text"])
        while stream.tell() < size:
            for text in texts:
                day = f"2024-{1 + count % 12:02}-{1 + count % 28:02}"
                rows.writerow([f"P{count // _NOTES_OF_A_PATIENT:07}", f"N{count:08}", day, text])
                count += 1
    return count


def give_canned_mentions() -> None:
    """Let every note give the mentions of one example."""
    examples = sorted((ROOT / "annotated_notes" / "dev").glob("*.txt"), key=lambda p: p.stat().st_size)
    example = examples[len(examples) // 2]
    mentions = list(Extractor().signals(Note("", "", example.read_text(encoding="utf-8"))))

    def signals(_: Extractor, note: Note) -> list[Mention]:
        return [
            replace(m, patient_id=note.patient_id, note_id=note.note_id, note_date=note.note_date, mention_id=f"{i:x}")
            for i, m in enumerate(mentions)
        ]

    Extractor.signals = signals  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
