"""Which column of a table holds what: the contract's names, OMOP's, and those the user maps."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Final

from extractor.errors import UsageError
from extractor.notes.issues import InputError

FIELDS: Final = ("patient_id", "note_id", "text", "note_date", "note_type")
REQUIRED: Final = FIELDS[:3]
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "patient_id": ("patient_id", "person_id"),
    "note_id": ("note_id",),
    "text": ("text", "note_text"),
    "note_date": ("note_date", "note_datetime"),
    "note_type": ("note_type", "note_title"),
    "file": ("file",),
    "part": (),
    "date_shift": (),
}
"""Names of each field in order of preference; the second ones are OMOP's. The last fields are there only where named."""
_OPTIONS: Final[Mapping[str, str]] = {"part": "--part-column", "date_shift": "--date-shift-column"}


def parse_columns(option: str | None) -> dict[str, str]:
    """Return the mapping that ``--columns`` gives.

    Args:
        option: ``FIELD=COLUMN,...``, for example ``text=NOTE_TXT,patient_id=MRN``.

    Raises:
        UsageError: a pair without ``=``, an unknown field, or a field named twice.
    """
    mapping: dict[str, str] = {}
    for pair in filter(None, (option or "").split(",")):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not (equals and column):
            raise UsageError("--columns: give pairs FIELD=COLUMN with commas between, such as text=NOTE_TXT")
        if field not in FIELDS:
            raise UsageError(f"--columns: {field} is no field; the fields are {', '.join(FIELDS)}")
        if field in mapping:
            raise UsageError(f"--columns: {field} is mapped twice; keep one")
        mapping[field] = column
    return mapping


def find_columns(
    source: object, names: Sequence[str], given: Mapping[str, str], required: Sequence[str] = REQUIRED
) -> dict[str, int]:
    """Return the place of each field among a table's columns.

    Args:
        source: the table, for the message.
        names: its column names, in any case.
        given: the user's own names by field.
        required: fields that must be there.

    Raises:
        InputError: a needed or mapped column is missing, or stands twice.
    """
    places = locate_columns(source, names, given)
    check_columns(source, places, given, required)
    return places


def locate_columns(source: object, names: Sequence[str], given: Mapping[str, str]) -> dict[str, int]:
    """Return the place of each field that is there; see ``find_columns``."""
    lowered = [name.strip().lower() for name in names]
    places: dict[str, int] = {}
    for field, known in _NAMES.items():
        wanted = (given[field].lower(),) if field in given else known
        found = next((name for name in wanted if name in lowered), None)
        if found is None:
            continue
        if lowered.count(found) > 1:
            raise InputError(source, f"the column {found} stands twice; keep one")
        places[field] = lowered.index(found)
    return places


def check_columns(
    source: object, present: Container[str], given: Mapping[str, str], required: Sequence[str] = REQUIRED
) -> None:
    """Tell of a needed or mapped column that is not there.

    Args:
        source: the table, for the message.
        present: the fields that are there.
        given: the user's own names by field.
        required: fields that must be there.

    Raises:
        InputError: one is missing. The columns found are not told: without a header line they are a patient's data.
    """
    for field, column in given.items():
        if field not in present:
            option = _OPTIONS.get(field, "--columns")
            raise InputError(source, f"has no column {column}, which {option} names for {field}; mend {option}")
    for field in required:
        if field not in present:
            raise InputError(source, f"has no column {field}; the header must name it, or say --columns {field}=NAME")
