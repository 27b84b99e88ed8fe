"""``screening.csv``: a row per patient, safe to open in Excel."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from typing import IO

from extractor.tables import storable
from extractor.wording import printable

_FORMULA = re.compile(r"[=+\-@\t\r]")
"""How a cell begins that Excel would run (OWASP, CSV injection)."""
_SIGNED_NUMBER = re.compile(r"[+-]\d+(?:[.,]\d+)?")


def excel_text(value: str) -> str:
    """Return an id as it stands, unless Excel would run it as a formula: then behind an apostrophe.

    Leading zeros and long numbers stay as they are in the file, so that programs join on them; Excel shows them
    unaltered when the column is imported as text, and in ``notecriteria export --to excel``.

    Args:
        value: the id.
    """
    if _FORMULA.match(value) and not _SIGNED_NUMBER.fullmatch(value):
        return f"'{value}"
    return value


class Sheet:
    """Writes the screening sheet; each row also says what the roll-up cannot.

    Args:
        stream: the open file.
        questions: the trial's questions, a column each.
        statement: how much is assessed and who decides.
    """

    def __init__(self, stream: IO[str], questions: Sequence[str], statement: str) -> None:
        self._rows = csv.writer(stream, lineterminator="\r\n")
        self._questions, self._statement = questions, statement
        self._rows.writerow(["patient_id", "notes", "screen", *questions, "statement"])

    def add(self, patient_id: str, notes: int, screen: str, statuses: Mapping[str, str]) -> None:
        """Add a patient's row.

        Args:
            patient_id: the patient.
            notes: how many notes were read.
            screen: the roll-up.
            statuses: the status of each question.
        """
        answers = [statuses[question] for question in self._questions]
        shown = excel_text(printable(storable(patient_id)))
        self._rows.writerow([shown, notes, screen, *answers, self._statement])
