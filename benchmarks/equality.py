"""Compare the extractor with the reference pipeline, in every column, on given notes and on notes made up from them.

    python benchmarks/equality.py annotated_notes/dev --generated 20000 --seed 1

Made-up notes are spliced from sections, lines, sentences and fragments of the given ones, with headers, noise, odd
characters, line ends of Windows, tabs and long runs between. Differences are told by note and column; with ``--count`` only how many notes differ,
for notes that must not be looked at. Ends with 1 when any note differs.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from extractor import Extractor, Note, build_pipeline
from extractor.notes import read_notes
from extractor.pipeline import mentions_of_doc
from extractor.schema import MENTION_COLUMNS

HEADERS = (
    "PMH:", "PAST MEDICAL HISTORY\n", "Family history:", "FHx:", "HPI:", "Plan:", "A/P:", "Impression:", "DDx:", "Labs:",
    "Meds:", "MEDICATIONS\n", "Allergies:", "Discharge instructions:", "ROS:", "Problem list\n", "Reason for visit:",
    "HOSPITAL COURSE\n", "UNKNOWN HEADER\n", "Other thing:\n", "PMH:,", "SUBJECTIVE:,  ", ".,PLAN:,", "1. ", "- ", "* ", "[ ] ", "[x] ", "| ",
)  # fmt: skip
NOISE = (
    " ", "  ", "\n", "\n\n", "\t", "\r\n", "\r", ". ", ", ", "; ", ": ", "? ", " - ", " / ", " (", ") ", "...", "->", " no ",
    " denies ", " h/o ", " mother ", " if ", " possible ", " ruled out", " but ", " negative", " pending ", " 2019 ", " none",
    " 3/4 ", "[ ] yes [x] no", "***", "_____", "|", "No ", "not ", "s/p ", "x 3 days", " EBV", " asthma", " CAR-T ", ": none",
    "\u00a0", "\u200b", "\u2010", "\u2013", "e\u0301", "\u00e9", "\U0001f642", "\ud800", "\x00", "\ufeff", "\u00ad", "\u3000",
    "\u2028", "\x0b", "\x0c", "\u00b2", "\u2264", "\u00b5", "\uff0c", "\u3002", "\u5e74", "\u0661", "\u2610", "\u2611",
    "\u2026", "\u0130", "\u017f", "\u212a", "\ufb01", "\u2019", "<b>", "</p>", "&nbsp;", "[**2019-3-4**]", "[NAME]",
)  # fmt: skip
JOINTS = ("", " ", " ", "\n", "\n", "\n\n", ", ", ". ", "; ", "\r\n", "\t", "  ", ".,")
DATES = (None, "2024-03-09", "2019-12", "2021-01-31")


class Maker:
    """Makes up notes out of pieces of others.

    Args:
        texts: the notes to take pieces of.
        seed: the same seed makes the same notes.
    """

    def __init__(self, texts: Iterable[str], seed: int) -> None:
        self._random = random.Random(seed)
        self._texts = [t for t in texts if t.strip()]
        self._lines: dict[int, list[str]] = {}

    def notes(self, count: int) -> Iterator[Note]:
        """Yield notes."""
        for number in range(count):
            yield Note("p", f"made-{number}", self._laid_out(self._text()), self._random.choice(DATES))

    def _text(self) -> str:
        draw = self._random
        size = draw.choices((1, 3, 8, 20, 60), (10, 40, 40, 9, 1))[0]
        parts = []
        for _ in range(draw.randint(1, size * 2)):
            parts.append(self._piece())
            parts.append(draw.choice(JOINTS))
        return "".join(parts)

    def _piece(self) -> str:
        draw = self._random
        kind = draw.random()
        if kind < 0.12:
            return draw.choice(HEADERS)
        if kind < 0.26:
            return draw.choice(NOISE)
        if kind < 0.30:
            text = draw.choice(self._texts)
            at = draw.randrange(len(text))
            return text[at : at + draw.choice((5, 40, 400))]
        piece = self._sentence()
        if kind < 0.38:
            return piece[draw.randrange(len(piece)) :]
        if kind < 0.46:
            return piece[: draw.randrange(len(piece)) + 1]
        if kind < 0.50:
            return piece.upper() if draw.random() < 0.5 else piece.lower()
        if kind < 0.54:
            at = draw.randrange(len(piece))
            return piece[:at] + draw.choice(NOISE) + piece[at:]
        if kind < 0.545:
            return draw.choice(("x", "y ", "no ", ", ", "- ")) * draw.choice((30, 700))
        return piece

    def _sentence(self) -> str:
        draw = self._random
        number = draw.randrange(len(self._texts))
        if number not in self._lines:
            lines = self._texts[number].splitlines()
            self._lines[number] = [p for line in lines for p in (line, *re.split(r"(?<=[.;])\s+", line)) if p.strip()]
        piece = draw.choice(self._lines[number] or [self._texts[number]])
        return piece if len(piece) < 1500 else piece[: draw.choice((200, 1500))]

    def _laid_out(self, text: str) -> str:
        """Return a text in another layout now and then."""
        how = self._random.random()
        if how < 0.06:
            return text.replace("\r\n", "\n").replace("\n", "\r\n")
        if how < 0.09:
            return text.replace(" ", "\t")
        if how < 0.12:
            return text.replace("\n", " ")
        if how < 0.16:
            return re.sub(r"(.{50}\S*)\s", r"\1\n", text)
        if how < 0.18:
            return "\n".join(" " * self._random.randrange(12) + line for line in text.split("\n"))
        if how < 0.20:
            return "".join(
                c if c in "\r\n" or self._random.random() > 0.02 else self._random.choice(".,;:?()- \n") for c in text
            )
        return text


class Comparer:
    """Compares both ways of reading a note."""

    def __init__(self) -> None:
        self._extractor = Extractor()
        self._pipeline = build_pipeline()
        self.seconds = [0.0, 0.0]

    def differences(self, note: Note) -> list[str]:
        """Return what differs, one line for each column of each mention; nothing of the note's text."""
        fast: Any = self._timed(0, lambda: list(self._extractor.mentions_of([note])))
        slow: Any = self._timed(1, lambda: mentions_of_doc(self._pipeline, note))
        if fast == slow:
            return []
        by_place = [{(m.label, m.start, m.end): m for m in found} for found in (fast, slow)]
        told = []
        for place in sorted(set(by_place[0]) | set(by_place[1])):
            pair = [found.get(place) for found in by_place]
            if None in pair:
                told.append(f"{place}: only the {'pipeline' if pair[0] is None else 'extractor'} finds it")
                continue
            told += [
                f"{place}: {column}: {getattr(pair[0], column)!r}, pipeline {getattr(pair[1], column)!r}"
                for column in MENTION_COLUMNS
                if column != "text" and getattr(pair[0], column) != getattr(pair[1], column)
            ]
        return told or ["order or number of mentions"]

    def _timed(self, which: int, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        done = work()
        self.seconds[which] += time.perf_counter() - began
        return done


def texts_of(inputs: Sequence[str], most: int) -> list[Note]:
    """Return the notes of inputs as ``notecriteria screen`` takes them, at most some of each."""
    notes = []
    for each in inputs:
        for number, found in enumerate(read_notes([each])):
            if number >= most:
                break
            if isinstance(found, Note):
                notes.append(found)
    return notes


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notes", nargs="+")
    parser.add_argument("--generated", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=1 << 60, metavar="N", help="notes of each input at most")
    parser.add_argument("--only-generated", action="store_true")
    parser.add_argument("--count", action="store_true", help="tell only how many differ")
    parser.add_argument("--keep", type=Path, help="folder to write notes that differ to")
    options = parser.parse_args()
    given = texts_of(options.notes, options.most)
    comparer = Comparer()
    made = Maker([n.text for n in given], options.seed).notes(options.generated)
    compared = characters = differing = 0
    for source in ([] if options.only_generated else given, made):
        for note in source:
            told = comparer.differences(note)
            compared, characters = compared + 1, characters + len(note.text)
            if told:
                differing += 1
                if not options.count:
                    print(f"{note.note_id}: " + "; ".join(told[:4]), flush=True)  # noqa: T201
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / f"{note.note_id}.txt").write_bytes(note.text.encode("utf-8", "surrogatepass"))
            if compared % 500 == 0:
                print(f"... {compared:,} notes, {differing} differ", file=sys.stderr, flush=True)  # noqa: T201
    fast, slow = comparer.seconds
    print(  # noqa: T201
        f"{compared:,} notes, {characters:,} characters: {differing} differ; extractor {characters / fast / 1e3:,.0f},"
        f" pipeline {characters / slow / 1e3:,.1f} thousand characters a second"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
