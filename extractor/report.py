"""``report.html``: one self-contained page with every patient's answers and their highlighted evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from itertools import chain
from typing import IO, Any, Final

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from extractor.records import Record, Snippet
from extractor.schema import ATTRIBUTES, SCREENS, STATUSES, Answer, Mention
from extractor.trial import Question, Trial
from extractor.wording import SCREEN_WORDS, excludes, printable, status_tone, status_words

MOST_DETAILS: Final = 500
"""Patients whose evidence the page shows; the rest have a row, and all stands in the Parquet tables."""
MOST_ISSUES: Final = 200


@dataclass(frozen=True)
class Summary:
    """A patient's line in the report and the sheet.

    Args:
        patient_id: the patient.
        notes: how many notes were read.
        set_aside: how many were not.
        screen: the roll-up.
        statuses: the status of each question, in the trial's order.
    """

    patient_id: str
    notes: int
    set_aside: int
    screen: str
    statuses: tuple[str, ...]


@dataclass(frozen=True)
class Detail:
    """A patient's answers with what the page needs to show their evidence."""

    record: Record
    answers: Sequence[Answer]


@dataclass(frozen=True)
class Frame:
    """What the page says about the run as a whole.

    Args:
        trial: the trial.
        tallies: how many patients have each status, by question.
        issues: lines about what could not be read.
        facts: further facts in order, such as versions.
        redacted: whether the words of the notes are left out.
        more_issues: how many further lines there are.
    """

    trial: Trial
    tallies: Mapping[str, Mapping[str, int]]
    issues: Sequence[str]
    facts: Mapping[str, str]
    redacted: bool
    more_issues: int = 0


def with_details(summaries: Iterable[Summary]) -> set[str]:
    """Return the patients whose evidence the page shows: all, or of very many those who may still take part first."""
    rank = {screen: i for i, screen in enumerate(reversed(SCREENS))}
    chosen = nsmallest(MOST_DETAILS, summaries, key=lambda s: (rank[s.screen], s.patient_id))
    return {s.patient_id for s in chosen}


def write_report(
    stream: IO[str], frame: Frame, summaries: Collection[Summary], details: Iterable[str], shown: Collection[str]
) -> None:
    """Write the page, patient by patient.

    Args:
        stream: the open file.
        frame: what is said about the run.
        summaries: all patients.
        details: what :func:`evidence_of` gives for the patients in ``shown``, in the order of the summaries.
        shown: patients whose evidence is shown.
    """
    trial, counts = frame.trial, Counter(p.screen for p in summaries)
    page = (
        _environment()
        .get_template("report.html")
        .stream(
            trial=trial,
            frame=frame,
            issues=frame.issues[:MOST_ISSUES],
            more_issues=frame.more_issues + max(0, len(frame.issues) - MOST_ISSUES),
            questions=[_tally(question, frame.tallies[question.id]) for question in trial.questions],
            statuses=STATUSES,
            screens=[(s, SCREEN_WORDS[s], counts[s]) for s in reversed(SCREENS)],
            total=len(summaries),
            detailed=len(shown),
            patients=_patients(trial, summaries, iter(details), shown),
        )
    )
    page.enable_buffering(64)
    for part in page:
        stream.write(part)


def evidence_of(trial: Trial, detail: Detail) -> str:
    """Return the part of the page that shows a patient's answers with their evidence.

    Args:
        trial: the trial.
        detail: the patient.
    """
    return _environment().get_template("answers.html").render(answers=_answers(trial, detail))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # PackageLoader finds the template in a zip too, from which Spark's driver may run
    loader = PackageLoader("extractor", "templates")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["printable"] = printable
    return environment


def _tally(question: Question, counts: Mapping[str, int]) -> dict[str, Any]:
    cells = [(counts.get(s, 0), status_tone(question.kind, s), excludes(question.kind, s)) for s in STATUSES]
    return {"id": question.id, "kind": question.kind, "text": question.text, "cells": cells}


def _patients(
    trial: Trial, summaries: Iterable[Summary], details: Iterator[str], shown: Collection[str]
) -> Iterator[dict[str, Any]]:
    for summary in summaries:
        chips = [_chip(question, status) for question, status in zip(trial.questions, summary.statuses, strict=True)]
        criteria = [c for c in chips if c["kind"] != "finding"]
        yield {
            "id": summary.patient_id,
            "notes": summary.notes,
            "set_aside": summary.set_aside,
            "screen": summary.screen,
            "screen_words": SCREEN_WORDS[summary.screen],
            "excluding": [c for c in criteria if c["tone"] == "bad"],
            "possible": [c for c in criteria if c["status"] == "possible"],
            "silent": [c for c in criteria if c["status"] == "not_documented"],
            "key": " ".join(f"{c['id']}={c['status']}" for c in chips),
            "answers": Markup(next(details)) if summary.patient_id in shown else None,
        }


def _chip(question: Question, status: str) -> dict[str, str]:
    return {
        "id": question.id,
        "kind": question.kind,
        "status": status,
        "words": status_words(question.kind, status),
        "tone": status_tone(question.kind, status),
    }


def _answers(trial: Trial, detail: Detail) -> list[dict[str, Any]]:
    by_id = {m.mention_id: m for m in detail.record.mentions}
    snippets = detail.record.snippets
    texts = {q.id: q.text for q in trial.questions}
    return [
        {
            "id": a.question,
            "text": texts[a.question],
            "kind": a.kind,
            "words": status_words(a.kind, a.status),
            "tone": status_tone(a.kind, a.status),
            "confidence": a.confidence,
            "rationale": a.rationale,
            "evidence": [_evidence(by_id[i], snippets.get(i)) for i in a.evidence if i in by_id],
        }
        for a in detail.answers
    ]


def _evidence(mention: Mention, snippet: Snippet | None) -> dict[str, Any]:
    parts = None
    if snippet:
        before = "… " * snippet.cut_before + snippet.text[: snippet.start]
        after = snippet.text[snippet.end :] + " …" * snippet.cut_after
        parts = (before, snippet.text[snippet.start : snippet.end], after)
    said = [name for name in ATTRIBUTES if getattr(mention, name)]
    where = [f"note {mention.note_id}", mention.note_date or "undated"]
    if mention.section:
        where.append(f"section {mention.section}")
    return {
        "where": where,
        "place": f"characters {mention.start}–{mention.end}",
        "parts": parts,
        "label": mention.label,
        "concept": mention.concept,
        "facts": list(chain(said, _values(mention))),
        "rule": mention.rule,
        "cues": mention.cues,
    }


def _values(mention: Mention) -> Iterator[str]:
    if mention.result:
        yield f"result {mention.result.replace('_', ' ')}"
    if mention.value is not None:
        comparator = mention.comparator if mention.comparator != "=" else None
        yield " ".join(filter(None, (comparator, f"{mention.value:g}", mention.unit)))
    if mention.date:
        yield f"dated {mention.date}"
