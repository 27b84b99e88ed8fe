"""Patients to answers: what a worker does with what was kept of their notes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from extractor.errors import NoteCriteriaError
from extractor.records import Kept, Record
from extractor.report import Detail, Summary, evidence_of
from extractor.resolver import published, screen_of
from extractor.schema import Answer
from extractor.screener import Screener
from extractor.tables import ANSWER_SCHEMA, MENTION_SCHEMA, packed_table
from extractor.workers import Settings, Task


class Answered(NamedTuple):
    """A patient's line, and the rows of mentions and answers as Arrow's bytes, cheap to hand over."""

    summary: Summary
    mentions: bytes
    answers: bytes


def answering() -> Task:
    """Return the work of answering a trial's questions for patients."""
    return Task(answer_chunk, _died, _size)


def showing() -> Task:
    """Return the work of writing what the report shows of patients."""
    return Task(show_chunk, _died, _size)


def _size(kept: Kept) -> int:
    return sum(len(result.packed or b"") for result in kept.results)


def answer_chunk(patients: Sequence[Kept], settings: Settings) -> list[Answered]:
    """Return the answers for patients.

    Args:
        patients: what was kept of them.
        settings: trial, rules and reference date.
    """
    screener = _screener(settings)
    return [answered(screener, kept.record) for kept in patients]


def show_chunk(patients: Sequence[Kept], settings: Settings) -> list[str]:
    """Return what the report shows of patients.

    Args:
        patients: what was kept of them.
        settings: trial, rules and reference date.
    """
    screener = _screener(settings)
    return [shown(screener, kept.record) for kept in patients]


def shown(screener: Screener, record: Record) -> str:
    """Return what the report shows of one patient.

    Args:
        screener: the trial and the rules.
        record: the patient.
    """
    return evidence_of(screener.trial, Detail(record, answers_of(screener, record)))


def answered(screener: Screener, record: Record) -> Answered:
    """Return one patient's line and rows.

    Args:
        screener: the trial and the rules.
        record: the patient.
    """
    given = answers_of(screener, record)
    return Answered(
        summary_of(record, given, [q.id for q in screener.trial.questions]),
        packed_table([m.row() for m in published(record.mentions, given)], MENTION_SCHEMA),
        packed_table([a.row() for a in given], ANSWER_SCHEMA),
    )


def summary_of(record: Record, answers: Sequence[Answer], questions: Sequence[str]) -> Summary:
    """Return a patient's line.

    Args:
        record: the patient.
        answers: the patient's answers.
        questions: the trial's questions in order.
    """
    statuses = {a.question: a.status for a in answers}
    return Summary(
        record.patient_id,
        len(record.note_dates),
        record.set_aside,
        screen_of(answers),
        tuple(statuses[q] for q in questions),
    )


def answers_of(screener: Screener, record: Record) -> list[Answer]:
    """Return a patient's answers; of a patient without a readable note all are ``not_documented``.

    Args:
        screener: the trial and the rules.
        record: the patient.
    """
    if record.note_dates:
        return screener.resolve(record.patient_id, record.mentions, record.note_dates, record.first_seen)
    count = record.set_aside
    why = f"No note could be read: {'the only one was' if count == 1 else f'all {count} were'} set aside."
    return [
        Answer(record.patient_id, screener.trial.trial, q.id, q.kind, "not_documented", "direct", why)
        for q in screener.trial.questions
    ]


@lru_cache(maxsize=1)
def _screener(settings: Settings) -> Screener:
    return Screener(settings.trial, settings.rules, settings.as_of)


def _died(kept: Any, *_: object) -> NoReturn:
    raise NoteCriteriaError(
        f"the process that answered for patient {kept.patient_id} died, perhaps out of memory;"
        " give the machine more, then go on with --resume"
    )
