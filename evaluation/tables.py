"""The three tables every part of the evaluation works on: notes, mentions and answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pandas as pd

from extractor.errors import UsageError
from extractor.schema import ATTRIBUTES, LABELS, STATUSES

NOTE_COLUMNS: Final = ("split", "patient_id", "note_id", "note_date", "note_type", "file", "text")
MENTION_COLUMNS: Final = ("patient_id", "note_id", "mention_id", "label", "start", "end", "text", *ATTRIBUTES, "note")
ANSWER_COLUMNS: Final = ("patient_id", "question", "status")
NOTE_KEY: Final = ["patient_id", "note_id"]
FINDINGS: Final = (
    "ebv_active",
    "car_t_exposure",
    "tce_exposure",
    "adc_exposure",
    "malignancy_history",
    "lung_disease",
    "high_dose_steroid",
)
_FAMILIES: Final = {"I": 1, "E": 2}


@dataclass(frozen=True)
class Tables:
    """Annotated notes, or a system's predictions for them.

    Args:
        notes: a row per note, see ``NOTE_COLUMNS``; may be empty for predictions.
        mentions: a row per mention, at least ``MENTION_COLUMNS``.
        answers: a row per patient and question, at least ``ANSWER_COLUMNS``.
        name: what the tables are called in figures.
        provenance: where each split comes from, by split.
        remarks: what a reader of the figures must know, one sentence each.
    """

    notes: pd.DataFrame
    mentions: pd.DataFrame
    answers: pd.DataFrame
    name: str = "gold"
    provenance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def splits(self) -> list[str]:
        """The splits the notes come from, in order of the alphabet."""
        return sorted(self.notes["split"].unique())

    def of_split(self, split: str) -> Tables:
        """Return the part that belongs to one split."""
        notes = self.notes[self.notes["split"] == split].reset_index(drop=True)
        return replace(self, notes=notes).restricted_to(notes)

    def restricted_to(self, notes: pd.DataFrame) -> Tables:
        """Return the mentions of the given notes and the answers of their patients."""
        keys = pd.MultiIndex.from_frame(notes[NOTE_KEY])
        of_notes = pd.MultiIndex.from_frame(self.mentions[NOTE_KEY]).isin(keys)
        of_patients = self.answers["patient_id"].isin(notes["patient_id"])
        return replace(
            self,
            mentions=self.mentions[of_notes].reset_index(drop=True),
            answers=self.answers[of_patients].reset_index(drop=True),
        )


def note_table(rows: Iterable[Mapping[str, Any]] = ()) -> pd.DataFrame:
    """Return rows as a table of notes."""
    return _frame(rows, NOTE_COLUMNS)


def mention_table(rows: Iterable[Mapping[str, Any]] = ()) -> pd.DataFrame:
    """Return rows as a table of mentions; attributes that are not given are false."""
    frame = _frame(rows, MENTION_COLUMNS)
    for name in ATTRIBUTES:
        given = frame[name]
        frame[name] = given.where(given.notna(), False).astype(bool)
    return frame.astype({"start": "int64", "end": "int64"})


def answer_table(rows: Iterable[Mapping[str, Any]] = ()) -> pd.DataFrame:
    """Return rows as a table of answers."""
    return _frame(rows, ANSWER_COLUMNS)


def _frame(rows: Iterable[Mapping[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    rows = list(rows)
    extra = [key for key in dict.fromkeys(k for row in rows for k in row) if key not in columns]
    values = {c: [row.get(c) for row in rows] for c in (*columns, *extra)}
    return pd.DataFrame({c: pd.Series(v, dtype="object") for c, v in values.items()})


def rows_of(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table as dicts."""
    for row in frame.to_dict("records"):
        yield {str(k): v for k, v in row.items()}


def kind_of(question: str) -> str:
    """Return ``findings`` or ``criteria``, the group a question is counted in."""
    return "findings" if question in FINDINGS else "criteria"


def in_order(questions: Iterable[str]) -> list[str]:
    """Return questions as the guideline lists them: findings, inclusion, exclusion, then any others."""
    return sorted(set(questions), key=lambda q: (_FAMILIES.get(q[:1], 3) if kind_of(q) == "criteria" else 0, _place(q)))


def _place(question: str) -> tuple[int, str]:
    if question in FINDINGS:
        return FINDINGS.index(question), question
    return (int(question[1:]) if question[1:].isdigit() else len(FINDINGS)), question


def check_tables(tables: Tables, source: object) -> None:
    """Refuse tables that cannot be scored.

    Args:
        tables: the tables.
        source: the file or folder named in the message.

    Raises:
        UsageError: a column, label or status that is not of the contract, or a key that stands twice.
    """
    _need(tables.mentions, MENTION_COLUMNS[:-1], source, "mentions")
    _need(tables.answers, ANSWER_COLUMNS, source, "answers")
    _only(tables.mentions["label"], LABELS, source, "label", "use the labels of the annotation guideline")
    _once(tables.notes, NOTE_KEY, source, "note")
    check_answers(tables.answers, source)


def check_answers(answers: pd.DataFrame, source: object, *, first_row: int = 1) -> None:
    """Refuse answers with a status that is not of the contract, or two answers to one question.

    Args:
        answers: the answers.
        source: the file or folder named in the message.
        first_row: the number of the first row, 2 where a line of headings stands above it.

    Raises:
        UsageError: such an answer, with its row and the remedy.
    """
    _only(answers["status"], STATUSES, source, "status", f"use one of {', '.join(STATUSES)}", first_row=first_row)
    _once(answers, ["patient_id", "question"], source, "answer", first_row)


def _need(frame: pd.DataFrame, columns: Iterable[str], source: object, what: str) -> None:
    missing = [c for c in columns if c not in frame]
    if missing:
        raise UsageError(f"{source}: the table of {what} has no column {missing[0]}; see the contract's columns")


def _only(
    values: pd.Series[Any], allowed: tuple[str, ...], source: object, what: str, remedy: str, *, first_row: int = 1
) -> None:
    wrong = values[~values.isin(allowed)]
    if len(wrong):
        raise UsageError(f"{source}, row {wrong.index[0] + first_row}: no such {what}: {wrong.iloc[0]!r}; {remedy}")


def _once(frame: pd.DataFrame, key: list[str], source: object, what: str, first_row: int = 1) -> None:
    twice = frame[frame.duplicated(key)]
    if len(twice):
        ids = " / ".join(str(v) for v in twice.iloc[0][key])
        raise UsageError(f"{source}, row {twice.index[0] + first_row}: the {what} {ids} stands twice; keep one of them")
