"""The gold is sound: offsets, labels, ids, answers; nothing of the dev part in the test part.

Faults are told by ids alone, since nobody is to read the test part.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from extractor.rulebook import load_rulebook
from extractor.schema import ATTRIBUTES, LABELS, STATUSES, Note
from extractor.trial import load_trial
from tests.shared import GOLD, notes_of

SPLITS = ("dev", "test")
split_by_split = pytest.mark.parametrize("split", SPLITS)


class Span(NamedTuple):
    """A mention of the gold."""

    note: str
    id: str
    label: str
    start: int
    end: int
    written: str
    attributes: frozenset[str]

    @property
    def asserted(self) -> bool:
        return not self.attributes & {"negated", "hypothetical", "uncertain", "family"}


@lru_cache(maxsize=2)
def listed(split: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a split's ``notes.csv``."""
    with (GOLD / split / "notes.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(csv.DictReader(rows))


@lru_cache(maxsize=2)
def answers_of(split: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a split's ``answers.csv``."""
    with (GOLD / split / "answers.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(csv.DictReader(rows))


@lru_cache(maxsize=2)
def lines_of(split: str) -> tuple[tuple[str, list[str]], ...]:
    """Return the lines of every ``.ann`` file of a split, by note id."""
    return tuple(
        (row["note_id"], (GOLD / split / row["file"]).with_suffix(".ann").read_text(encoding="utf-8").splitlines())
        for row in listed(split)
    )


@lru_cache(maxsize=2)
def spans_of(split: str) -> tuple[Span, ...]:
    """Return the mentions of a split."""
    spans = []
    for note, lines in lines_of(split):
        attributes: dict[str, set[str]] = {}
        for line in lines:
            if line.startswith("A"):
                name, target = line.split("\t")[1].split(" ")[:2]
                attributes.setdefault(target, set()).add(name)
        for line in lines:
            if line.startswith("T"):
                key, what, written = line.split("\t", 2)
                label, _, offsets = what.partition(" ")
                numbers = [int(n) for n in re.findall(r"\d+", offsets)]
                true = frozenset(attributes.get(key, ()))
                spans.append(Span(note, key, label, numbers[0], numbers[-1], written, true))
    return tuple(spans)


@lru_cache(maxsize=2)
def texts_of(split: str) -> dict[str, str]:
    """Return the texts of a split, by note id."""
    return {note.note_id: note.text for note in notes_of(split)}


def faults(spans: Iterator[Span]) -> list[tuple[str, str]]:
    """Return note and annotation ids, which may be shown."""
    return [(s.note, s.id) for s in spans]


@split_by_split
def test_there_are_notes_patients_and_mentions(split: str) -> None:
    assert len(listed(split)) > 30
    assert len({row["patient_id"] for row in listed(split)}) > 15
    assert len(spans_of(split)) > 400


# --- files and ids -----------------------------------------------------------------------------------------------


@split_by_split
def test_every_file_is_listed_and_every_listed_file_is_there(split: str) -> None:
    names = {path.name for path in (GOLD / split).iterdir() if path.suffix in (".txt", ".ann")}
    wanted = {row["file"] for row in listed(split)} | {
        Path(row["file"]).with_suffix(".ann").name for row in listed(split)
    }
    assert names == wanted


@split_by_split
def test_files_are_utf_8_and_hold_text(split: str) -> None:
    assert [n.note_id for n in notes_of(split) if not n.text.strip()] == []


@split_by_split
def test_no_line_of_a_table_lacks_a_cell_it_needs(split: str) -> None:
    needed = ("patient_id", "note_id", "note_type", "file")
    assert [row["note_id"] for row in listed(split) if not all(row.get(k) for k in needed) or None in row] == []
    assert [i for i, row in enumerate(answers_of(split)) if not all(row.values()) or None in row] == []


@split_by_split
def test_dates_of_notes_are_iso_or_missing(split: str) -> None:
    dates = [row["note_date"] for row in listed(split) if row["note_date"]]
    assert dates == [dt.date.fromisoformat(date).isoformat() for date in dates]


def test_note_ids_are_unique_over_both_splits() -> None:
    counts = Counter(row["note_id"] for split in SPLITS for row in listed(split))
    assert [note for note, n in counts.items() if n > 1] == []


def test_files_are_unique_over_both_splits() -> None:
    counts = Counter(row["file"] for split in SPLITS for row in listed(split))
    assert [file for file, n in counts.items() if n > 1] == []


def test_no_patient_is_in_both_splits() -> None:
    dev, test = ({row["patient_id"] for row in listed(split)} for split in SPLITS)
    assert dev & test == set()


@split_by_split
def test_annotation_ids_are_unique_in_their_file(split: str) -> None:
    for note, lines in lines_of(split):
        counts = Counter(line.split("\t")[0] for line in lines if line)
        assert (note, [key for key, n in counts.items() if n > 1]) == (note, [])


@split_by_split
def test_every_attribute_belongs_to_a_mention(split: str) -> None:
    for note, lines in lines_of(split):
        there = {line.split("\t")[0] for line in lines if line.startswith("T")}
        named = [line.split("\t")[1].split(" ")[1] for line in lines if line.startswith("A")]
        assert (note, [target for target in named if target not in there]) == (note, [])


@split_by_split
def test_no_attribute_stands_twice(split: str) -> None:
    for note, lines in lines_of(split):
        counts = Counter(line.split("\t")[1] for line in lines if line.startswith("A"))
        assert (note, [what for what, n in counts.items() if n > 1]) == (note, [])


# --- mentions ------------------------------------------------------------------------------------------------------


@split_by_split
def test_offsets_give_the_text_that_is_written_beside_them(split: str) -> None:
    texts = texts_of(split)
    wrong = (
        s for s in spans_of(split) if " ".join(texts[s.note][s.start : s.end].split()) != " ".join(s.written.split())
    )
    assert faults(wrong) == []


@split_by_split
def test_spans_are_not_empty_and_lie_in_their_note(split: str) -> None:
    texts = texts_of(split)
    assert faults(s for s in spans_of(split) if not 0 <= s.start < s.end <= len(texts[s.note])) == []


@split_by_split
def test_spans_neither_begin_nor_end_with_white_space(split: str) -> None:
    texts = texts_of(split)
    pieces = ((s, texts[s.note][s.start : s.end]) for s in spans_of(split))
    assert faults(s for s, piece in pieces if piece != piece.strip()) == []


@split_by_split
def test_spans_do_not_cut_words(split: str) -> None:
    texts = texts_of(split)

    def cuts(s: Span) -> bool:
        text = texts[s.note]
        before, after = text[s.start - 1 : s.start + 1], text[s.end - 1 : s.end + 1]
        return (s.start > 0 and before.isalpha() and before.isascii()) or (
            len(after) == 2 and after.isalpha() and after.isascii()
        )

    assert faults(s for s in spans_of(split) if cuts(s)) == []


@split_by_split
def test_labels_are_those_of_the_guideline(split: str) -> None:
    assert faults(s for s in spans_of(split) if s.label not in LABELS) == []


@split_by_split
def test_attributes_are_those_of_the_guideline(split: str) -> None:
    assert faults(s for s in spans_of(split) if not s.attributes <= set(ATTRIBUTES)) == []


@split_by_split
def test_what_is_negated_is_not_also_uncertain(split: str) -> None:
    assert faults(s for s in spans_of(split) if {"negated", "uncertain"} <= s.attributes) == []


@split_by_split
def test_spans_of_one_label_do_not_overlap(split: str) -> None:
    overlapping = []
    last: dict[tuple[str, str], Span] = {}
    for s in sorted(spans_of(split), key=lambda s: (s.note, s.start, s.end)):
        before = last.get((s.note, s.label))
        if before and s.start < before.end:
            overlapping.append((s.note, before.id, s.id))
        last[s.note, s.label] = s
    assert overlapping == []


@split_by_split
def test_every_label_occurs(split: str) -> None:
    assert set(LABELS) - {s.label for s in spans_of(split)} == set()


# --- answers -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def questions() -> set[str]:
    """The questions of the default trial."""
    return {q.id for q in load_trial("NCT07208058", load_rulebook().trial_dirs).questions}


@split_by_split
def test_every_patient_has_every_answer_once(split: str, questions: set[str]) -> None:
    counts = Counter((row["patient_id"], row["question"]) for row in answers_of(split))
    patients = {row["patient_id"] for row in listed(split)}
    assert set(counts) == {(p, q) for p in patients for q in questions}
    assert max(counts.values()) == 1


@split_by_split
def test_statuses_are_those_of_the_contract(split: str) -> None:
    assert {row["status"] for row in answers_of(split)} <= set(STATUSES)


@lru_cache(maxsize=2)
def statuses(split: str) -> dict[tuple[str, str], str]:
    """Return the status of each patient and question."""
    return {(row["patient_id"], row["question"]): row["status"] for row in answers_of(split)}


@split_by_split
def test_the_lung_criterion_is_the_lung_finding(split: str) -> None:
    given = statuses(split)
    patients = {p for p, _ in given}
    assert [p for p in patients if given[p, "E5"] != given[p, "lung_disease"]] == []


@split_by_split
def test_steroid_failure_is_met_on_high_doses_only(split: str) -> None:
    given = statuses(split)
    assert [p for p, q in given if q == "I5" and given[p, q] == "met" and given[p, "high_dose_steroid"] != "met"] == []


ASKED = [
    ("car_t_exposure", "CAR_T"),
    ("tce_exposure", "TCE"),
    ("adc_exposure", "ADC"),
    ("malignancy_history", "MALIGNANCY"),
    ("I3", "RHEUM_DISEASE"),
]


def of_patient(split: str, label: str) -> dict[str, list[Span]]:
    """Return the mentions of a label of each patient, relatives' left out."""
    patient_of = {row["note_id"]: row["patient_id"] for row in listed(split)}
    found: dict[str, list[Span]] = {p: [] for p in patient_of.values()}
    for s in spans_of(split):
        if s.label == label and "family" not in s.attributes:
            found[patient_of[s.note]].append(s)
    return found


@pytest.mark.parametrize(("question", "label"), ASKED)
@split_by_split
def test_met_has_an_asserted_mention(split: str, question: str, label: str) -> None:
    spans = of_patient(split, label)
    met = [p for (p, q), status in statuses(split).items() if q == question and status == "met"]
    assert [p for p in met if not any(s.asserted for s in spans[p])] == []


@pytest.mark.parametrize(("question", "label"), ASKED)
@split_by_split
def test_what_was_asserted_is_not_left_undocumented(split: str, question: str, label: str) -> None:
    spans = of_patient(split, label)
    silent = [p for (p, q), status in statuses(split).items() if q == question and status == "not_documented"]
    assert [p for p in silent if any(s.asserted for s in spans[p])] == []


# a benign biopsy answers the question of malignancy without any mention
@pytest.mark.parametrize(("question", "label"), [a for a in ASKED if a[1] != "MALIGNANCY"])
@split_by_split
def test_what_is_not_spoken_of_is_not_documented(split: str, question: str, label: str) -> None:
    spans = of_patient(split, label)
    assert [
        p for (p, q), status in statuses(split).items() if q == question and not spans[p] and status != "not_documented"
    ] == []


# --- nothing of one part in the other ---------------------------------------------------------------------------------

SHINGLE = 6
MOST_SHARED = 0.15


def shingles(note: Note) -> set[tuple[str, ...]]:
    """Return all runs of some words of a note, numbers as one sign; rows of bare figures say nothing."""
    words = ["0" if w.isdigit() else w for w in re.findall(r"[a-z]+|\d+", note.text.lower())]
    runs = (tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1))
    return {run for run in runs if sum(len(w) > 2 for w in run) > SHINGLE // 2}


def test_no_note_of_one_part_is_nearly_one_of_the_other() -> None:
    dev, test = ({n.note_id: shingles(n) for n in notes_of(split)} for split in SPLITS)
    near = [
        (a, b)
        for a, these in dev.items()
        for b, those in test.items()
        if these and those and len(these & those) > MOST_SHARED * min(len(these), len(those))
    ]
    assert near == []


def test_no_two_notes_have_the_same_text() -> None:
    texts = Counter(" ".join(n.text.lower().split()) for split in SPLITS for n in notes_of(split))
    assert max(texts.values()) == 1


def test_patients_of_different_parts_share_few_lines() -> None:
    def lines(note: Note) -> Iterator[str]:
        return (" ".join(line.lower().split()) for line in note.text.splitlines() if len(line.split()) >= 8)

    dev = {line for note in notes_of("dev") for line in lines(note)}
    shared = [note.note_id for note in notes_of("test") for line in lines(note) if line in dev]
    assert shared == []
