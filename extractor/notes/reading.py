"""How inputs are to be read: columns, encoding, parts of notes, shifted dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from extractor.errors import UsageError

SEPARATORS: Final[Mapping[str, str]] = {"none": "", "space": " ", "newline": "\n"}
"""What may stand between the parts of a note."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How inputs are to be read; made by ``reading``.

    Args:
        columns: the user's own column names by field, those of parts and shifts among them.
        encoding: the encoding that all text has; ``None`` to find out.
        separator: what stands between the parts of a note.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    separator: str = ""

    @property
    def parts(self) -> bool:
        """Whether notes are split over rows."""
        return "part" in self.columns

    @property
    def shifted(self) -> bool:
        """Whether the dates of each patient were shifted."""
        return "date_shift" in self.columns


def reading(
    columns: Mapping[str, str] | None = None,
    *,
    encoding: str | None = None,
    part_column: str | None = None,
    part_separator: str = "none",
    date_shift_column: str | None = None,
) -> Reading:
    """Return how inputs are to be read, with the options checked.

    Args:
        columns: the user's own column names by field.
        encoding: the encoding that all text has; ``None`` to find out.
        part_column: the column with the number of a note's part.
        part_separator: ``none``, ``space`` or ``newline``, which stands between parts.
        date_shift_column: the column with the days that were added to a patient's dates.

    Raises:
        UsageError: an encoding or a separator that does not exist.
    """
    if encoding is not None and not _is_text_encoding(encoding):
        raise UsageError(f"--encoding {encoding}: there is no such encoding; give one such as cp1252 or utf-16")
    if part_separator not in SEPARATORS:
        raise UsageError(f"--part-separator {part_separator}: give {', '.join(SEPARATORS)}")
    further = {"part": part_column, "date_shift": date_shift_column}
    given = dict(columns or {}) | {name: column for name, column in further.items() if column}
    return Reading(given, encoding, SEPARATORS[part_separator])


def _is_text_encoding(name: str) -> bool:
    """Return whether a name is that of an encoding of text; ``base64`` and the like are none."""
    try:
        "a".encode(name)
    except (LookupError, ValueError):
        return False
    return True
