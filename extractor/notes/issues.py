"""What could not be read: a note set aside, an input as a whole, or a detail worth a warning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from extractor.errors import UsageError
from extractor.schema import Note

Kind = Literal["set_aside", "warning", "input"]


class InputError(UsageError):
    """An input that cannot be read as a whole; the other inputs go on.

    Args:
        source: the file or folder.
        reason: what is wrong and what to do about it.
    """

    def __init__(self, source: object, reason: str) -> None:
        self.source, self.reason = str(source), reason
        super().__init__(f"{source}: {reason}")


@dataclass(frozen=True, slots=True)
class NoteIssue:
    """One thing that could not be read as it should; never holds note text.

    Args:
        source: file or folder it stands in.
        row: row or line counted from 1, ``None`` for a file that is one note.
        reason: what is wrong and what to do about it.
        patient_id: the patient, where known.
        note_id: the note, where known.
        kind: ``set_aside`` (the note is left out), ``warning`` (it is read nevertheless) or ``input`` (all of the source).
    """

    source: str
    row: int | None
    reason: str
    patient_id: str | None = None
    note_id: str | None = None
    kind: Kind = "set_aside"

    @property
    def line(self) -> str:
        """The issue as one line for a person."""
        where = self.source if self.row is None else f"{self.source}, row {self.row}"
        return f"{where}: {self.reason}"

    def record(self) -> dict[str, Any]:
        """Return the issue as it stands in ``run.json``."""
        return {
            "source": self.source,
            "row": self.row,
            "patient_id": self.patient_id,
            "note_id": self.note_id,
            "reason": self.reason,
        }


class Located(NamedTuple):
    """A note, or a part of one, with the place it was read from, so that a later fault can name it."""

    note: Note
    source: str
    row: int | None
    part: int | None = None

    def issue(self, reason: str) -> NoteIssue:
        """Return why this note is set aside after all."""
        return NoteIssue(self.source, self.row, reason, self.note.patient_id, self.note.note_id)


Found = Located | NoteIssue


@runtime_checkable
class Source(Protocol):
    """Notes that lie elsewhere than in a file, such as in a database; ``str`` of it is the name that issues bear."""

    def read(self, how: Any) -> Iterator[Found]:
        """Yield the notes.

        Args:
            how: how inputs are to be read, a ``Reading``.

        Raises:
            InputError: it cannot be read as a whole.
        """

    def described(self) -> str:
        """Return what ``run.json`` says of it, without any password."""
