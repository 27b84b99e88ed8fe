"""``screening.csv``: a row per patient, safe to open in Excel."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from typing import IO, Final

from extractor.tables import storable
from extractor.wording import printable

_NUMBER = re.compile(r"0|[1-9]\d{0,14}")
_WORD = re.compile(r"[A-Za-z_][\w .-]*")
_DATE = re.compile(
    r"(?:jan|ene|gen|feb|fev|fév|mar|mär|mrt|apr|abr|avr|may|mai|mei|maj|mag|jun|juin|giu|jul|juil|lug|aug|ago|aoû|"
    r"set|sep|okt|oct|ott|out|nov|dec|dez|dic|déc)\w*[ .-]*\d*",
    re.IGNORECASE,
)
"""What Excel takes for a date in one of its languages."""
_LITERAL: Final = 255
"""The longest text that an Excel formula may hold between quotes."""


def excel_text(value: str) -> str:
    """Return an id so that Excel shows it unaltered and never runs it.

    Plain words and plain numbers stand as they are. What Excel would alter (leading zeros, long numbers, dates,
    exponents) or run (``=``, ``+``, ``-``, ``@``) is written as ``="..."``, which it shows as the text between the quotes.

    Args:
        value: the id.
    """
    if _NUMBER.fullmatch(value):
        return value
    plain = _WORD.fullmatch(value) and value == value.strip() and not _DATE.fullmatch(value)
    if plain and value.lower() not in ("true", "false"):
        return value
    if len(value) > _LITERAL:
        return f"'{value}"
    doubled = value.replace('"', '""')
    return f'="{doubled}"'


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
