"""What the second reading of spans and attributes costs: processor time with and without it, in turns.

python -m benchmarks.second_reading [NOTES]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from evaluation.gold import read_gold
from evaluation.tool import as_notes
from extractor import Extractor, Note

TURNS: Final = 3
WARMING_UP: Final = 50
"""Notes read beforehand, so that what is made ready once is not counted."""


def seconds(notes: Sequence[Note], *, learned: bool) -> float:
    """Return the processor time in which the mentions of notes are found."""
    extractor = Extractor(learned=learned)
    for _ in extractor.mentions_of(notes[:WARMING_UP]):
        pass
    begun = time.process_time()
    for _ in extractor.mentions_of(notes):
        pass
    return time.process_time() - begun


def main(count: int) -> None:
    """Measure and print, a line a turn."""
    dev = read_gold(Path(__file__).resolve().parent.parent / "annotated_notes", ["dev"])
    notes = list(as_notes(dev.notes))[:count]
    for _ in range(TURNS):
        rules, both = seconds(notes, learned=False), seconds(notes, learned=True)
        print(f"{len(notes) / rules:.0f} notes/s by the rules, {len(notes) / both:.0f} with it: {both / rules:.2f}")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
