"""The notes of a run read again, each with its mentions, for formats that need the words around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from extractor.errors import UsageError
from extractor.exports.run import Run, mention_of, open_table
from extractor.notes import NoteIssue, Reading, find_notes, reading
from extractor.schema import MENTION_COLUMNS, Mention, Note
from extractor.tables import storable

if TYPE_CHECKING:
    import pyarrow as pa

Key = tuple[str, str]


@dataclass
class Texts:
    """Notes that are given again and matched with the mentions of a run.

    Args:
        run: the run.
        inputs: the notes, as ``screen`` took them.
        columns: the user's own column names by field; by default those of the run.
        issues: a line for every note that was left out, filled while the notes are read.
    """

    run: Run
    inputs: Sequence[str | Path]
    columns: Mapping[str, str] | None = None
    issues: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.inputs:
            read = " ".join(str(i) for i in self.run.about.get("inputs") or []) or "INPUT"
            raise UsageError(f"this format needs the notes again; give them by --notes (the run read {read})")

    def __iter__(self) -> Iterator[tuple[Note, list[Mention]]]:
        """Yield each note of the run's patients with its mentions, also when it has none.

        Raises:
            UsageError: none of the inputs can be read, or none of their notes belongs to the run.
        """
        table = _MentionsByNote(self.run)
        patients = {a.patient_id for a in self.run.answers()}
        strangers = 0
        found = 0
        for note in self._notes():
            if note.patient_id not in patients:
                strangers += 1
                continue
            mentions = table.take((note.patient_id, note.note_id))
            if not _fits(note.text, mentions):
                self._tell(note, "its text is not the one that was screened; give the note as it was")
                continue
            found += 1
            yield note, mentions
        if not found:
            why = "".join(f"\n{line}" for line in self.issues[:1])
            raise UsageError(
                f"none of the notes given by --notes is of the run {self.run.folder}; name those that it read{why}"
            )
        if strangers:
            self.issues.append(f"{strangers} notes are of patients that the run does not have; they were left out")
        if table.left:
            self.issues.append(f"{table.left} notes with mentions were not given by --notes; they were left out")

    def _notes(self) -> Iterator[Note]:
        faults: list[str] = []
        read = 0
        for item in find_notes(self.inputs, how=self._how()):
            if isinstance(item, NoteIssue):
                (faults if item.kind == "input" else self.issues).append(item.line)
            else:
                read += 1
                yield item.note
        if faults and not read:
            raise UsageError("\n".join(faults))
        self.issues += faults

    def _how(self) -> Reading:
        """Return how the run read its notes, with the user's own column names where they are given anew."""
        options = self.run.about.get("options") or {}
        return reading(
            self.columns if self.columns is not None else options.get("columns"),
            encoding=options.get("encoding"),
            part_column=options.get("part_column"),
            part_separator=options.get("part_separator") or "none",
            date_shift_column=options.get("date_shift_column"),
        )

    def _tell(self, note: Note, reason: str) -> None:
        self.issues.append(f"patient {note.patient_id}, note {note.note_id}: {reason}")


def _fits(text: str, mentions: Sequence[Mention]) -> bool:
    """Return whether mentions stand where they should; of a redacted run only that they lie within the note."""
    return all(
        0 <= m.start < m.end <= len(text) and (m.text is None or storable(text[m.start : m.end]) == m.text)
        for m in mentions
    )


class _MentionsByNote:
    """All mentions of a run, packed in memory as a table and found by their note."""

    def __init__(self, run: Run) -> None:
        with open_table(run.folder / "mentions.parquet", MENTION_COLUMNS) as file:
            self._table: pa.Table = file.read(columns=list(MENTION_COLUMNS))
        self._places: dict[Key, list[tuple[int, int]]] = {}
        start = 0
        for key, group in groupby(self._keys()):
            length = sum(1 for _ in group)
            self._places.setdefault(key, []).append((start, length))
            start += length

    def _keys(self) -> Iterator[Key]:
        for batch in self._table.select(["patient_id", "note_id"]).to_batches(max_chunksize=10_000):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def take(self, key: Key) -> list[Mention]:
        """Return a note's mentions; they are not asked for again."""
        places = self._places.pop(key, [])
        return [mention_of(row) for at, length in places for row in self._table.slice(at, length).to_pylist()]

    @property
    def left(self) -> int:
        """How many notes with mentions were never asked for."""
        return len(self._places)
