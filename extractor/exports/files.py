"""Where an export goes: a folder or one file, readable by its owner alone, whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from extractor.errors import UsageError
from extractor.exports.run import Run
from extractor.runfolder import RunFolder

README: Final = "README.md"
"""Never ``.txt``: brat takes every text file of a folder for a document."""


@dataclass
class Exported:
    """What an export did.

    Args:
        path: the folder or file written.
        counts: how many of each thing, by its name.
        issues: a line for whatever was left out, with its remedy.
    """

    path: Path
    counts: dict[str, int] = field(default_factory=dict)
    issues: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """What was written, in one line."""
        return f"{self.path}: " + ", ".join(
            f"{n:,} {name if n != 1 else singular(name)}" for name, n in self.counts.items()
        )


def singular(name: str) -> str:
    """Return the name of one of several things."""
    return name.removesuffix("s")


def export_folder(out: Path) -> RunFolder:
    """Return the folder to write to.

    Raises:
        UsageError: the path is a file, or cannot be written to.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: is a file; name a folder for this format")
    return RunFolder(out)


def parent_folder(out: Path, extension: str) -> RunFolder:
    """Return the folder in which a single file is to be written.

    Args:
        out: the file.
        extension: how its name must end.

    Raises:
        UsageError: another extension, or the path is a folder.
    """
    if out.suffix.lower() != extension or out.is_dir():
        raise UsageError(f"--out {out}: name a file that ends in {extension} for this format")
    return RunFolder(out.parent)


class CsvFile:
    """A CSV file as RFC 4180 has it, in UTF-8.

    Args:
        stream: the open file.
        columns: its columns.
    """

    def __init__(self, stream: IO[str], columns: Sequence[str]) -> None:
        self._columns = columns
        self._rows = csv.writer(stream, lineterminator="\r\n")
        self._rows.writerow(columns)

    def add(self, row: dict[str, Any]) -> None:
        """Add a row; columns that it does not have stay empty."""
        self._rows.writerow([row.get(name) for name in self._columns])


def write_readme(folder: RunFolder, run: Run, title: str, lines: Iterable[str]) -> None:
    """Write what a person who opens the folder must know, the statement first.

    Args:
        folder: the folder.
        run: the run.
        title: what the folder holds.
        lines: further paragraphs.
    """
    facts = f"Run: {run.system}, trial {run.trial.trial}, finished {run.finished.isoformat()}."
    paragraphs = [f"# {title}", f"**{run.statement}**", facts, *lines]
    with folder.create(README, text=True) as stream:
        stream.write("\n\n".join(paragraphs) + "\n")
