"""The baseline: plain medspaCy as installed, with our terms as target rules and its own context rules.

It gets the vocabulary and nothing else of ours: no look-alikes, no sections, no values, no resolver. Entries that
count only in the company of other words (``near``) are left out, since a target rule cannot say so: as bare words
they would be wrong more often than right, and hide other entities, which cannot overlap in ``doc.ents``. Answers
follow one naive rule for findings and criteria: any asserted mention ``met``, else an uncertain one ``possible``,
else a negated one ``not_met``, else ``not_documented``. The same rule over the tool's own mentions shows what
its resolver adds.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from evaluation.tables import Tables, answer_table, mention_table, note_table, rows_of
from extractor.schema import ATTRIBUTES

NAME: Final = "medspaCy baseline"
NAIVE_NAME: Final = "any asserted mention"
MANY: Final = 40
_LOUD: Final = ("medspacy", "PyRuSH")
LABELS_OF: Final = {
    "ebv_active": ("EBV",),
    "car_t_exposure": ("CAR_T",),
    "tce_exposure": ("TCE",),
    "adc_exposure": ("ADC",),
    "malignancy_history": ("MALIGNANCY",),
    "lung_disease": ("LUNG_DISEASE", "PFT"),
    "high_dose_steroid": ("STEROID",),
}
CRITERION_LABELS: Final = {
    "I1": ("AGE",),
    "I2": ("CONSENT",),
    "I3": ("RHEUM_DISEASE",),
    "I4": ("HLH",),
    "I5": ("STEROID_RESPONSE",),
    "E1": ("PRIMARY_HLH",),
    "E2": ("HLH_CAUSE",),
    "E3": ("MALIGNANCY",),
    "E4": ("DRUG_ALLERGY",),
    "E5": LABELS_OF["lung_disease"],
}
"""What the naive rule looks at for the criteria of NCT07208058."""


def run_baseline(notes: pd.DataFrame, *, rules: Path | None = None, workers: int | None = None) -> Tables:
    """Return the baseline's mentions and answers.

    Args:
        notes: a table of notes.
        rules: a site's own rules, whose terms are used too.
        workers: processes; by default one for each core where there are many notes, since a note takes
            medspaCy a third of a second.
    """
    from sklearn.utils.parallel import Parallel, delayed

    workers = workers or ((os.cpu_count() or 1) if len(notes) >= MANY else 1)
    parts = [notes.iloc[first::workers] for first in range(workers)]
    found = Parallel(n_jobs=workers)(delayed(_part)(part, rules) for part in parts)
    mentions = mention_table(row for rows in found for row in rows)
    patients = sorted(notes["patient_id"].unique())
    return Tables(note_table(), mentions, naive_answers(mentions, patients), name=NAME)


def naive_tables(found: Tables, notes: pd.DataFrame) -> Tables:
    """Return mentions with the answers of the naive rule in place of the resolver's.

    Args:
        found: mentions of the notes.
        notes: a table of notes.
    """
    answers = naive_answers(found.mentions, sorted(notes["patient_id"].unique()))
    return replace(found, answers=answers, name=NAIVE_NAME)


def _part(notes: pd.DataFrame, rules: Path | None) -> list[dict[str, Any]]:
    with quiet():
        nlp = load_pipeline(rules)
        return [row for note in rows_of(notes) for row in _mentions(nlp, note)]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence medspaCy's logging and warnings, and leave both as they were."""
    from loguru import logger

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _LOUD:
            logger.disable(name)
        try:
            yield
        finally:
            for name in _LOUD:
                logger.enable(name)


def load_pipeline(rules: Path | None = None) -> Any:
    """Return ``medspacy.load()`` with the vocabulary's terms as target rules."""
    import medspacy
    from medspacy.target_matcher import TargetRule

    from extractor.rulebook import load_rulebook

    book = load_rulebook(rules) if rules else load_rulebook()
    nlp = medspacy.load()
    targets = [TargetRule(term.entry.id, term.label, pattern=term.pattern) for term in book.terms if term.near is None]
    nlp.get_pipe("medspacy_target_matcher").add(targets)
    return nlp


def _mentions(nlp: Any, note: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for number, entity in enumerate(nlp(note["text"]).ents, start=1):
        yield {
            "patient_id": note["patient_id"],
            "note_id": note["note_id"],
            "mention_id": f"T{number}",
            "label": entity.label_,
            "start": entity.start_char,
            "end": entity.end_char,
            "text": entity.text,
            **{name: bool(getattr(entity._, f"is_{name}")) for name in ATTRIBUTES},
        }


def naive_answers(mentions: pd.DataFrame, patients: list[str]) -> pd.DataFrame:
    """Return the answers to findings and criteria by the naive rule.

    Args:
        mentions: a table of mentions.
        patients: all patients, those without mentions too.
    """
    excused = mentions[["negated", "hypothetical", "uncertain", "family"]].any(axis=1)
    marked = mentions.assign(met=~excused, possible=mentions["uncertain"], not_met=mentions["negated"])
    rows = []
    for question, labels in {**LABELS_OF, **CRITERION_LABELS}.items():
        of_labels = marked[marked["label"].isin(labels)]
        seen = of_labels.groupby("patient_id")[["met", "possible", "not_met"]].any()
        for patient in patients:
            statuses = [s for s in seen if patient in seen.index and seen.loc[patient, s]]
            rows.append({"patient_id": patient, "question": question, "status": (statuses or ["not_documented"])[0]})
    return answer_table(rows)
