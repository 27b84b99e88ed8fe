"""Gold folders: ``<gold>/<split>/`` with brat files, ``notes.csv``, ``answers.csv`` and ``provenance.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from evaluation.brat import PRE_ANNOTATED, parse_ann, spans_to_rows
from evaluation.files import inside, read_csv, read_text
from evaluation.tables import (
    ANSWER_COLUMNS,
    NOTE_KEY,
    Tables,
    answer_table,
    check_answers,
    check_tables,
    mention_table,
    note_table,
    rows_of,
)
from extractor.errors import UsageError

NOTES, ANSWERS, PROVENANCE = "notes.csv", "answers.csv", "provenance.json"
LISTED: Final = ("patient_id", "note_id", "note_date", "note_type", "file")
BY_HAND: Final = "annotated by hand from the text alone"


def read_gold(gold: Path | str, splits: Sequence[str] | None = None) -> Tables:
    """Return the notes, mentions and answers of a gold folder.

    Args:
        gold: a folder of split folders, or one split folder itself.
        splits: the splits to read; all by default.

    Returns:
        The tables, with the provenance of each split.

    Raises:
        UsageError: a folder, file or row that cannot be read, with its remedy.
    """
    folders = _split_folders(Path(gold), splits)
    parts = [read_split(folder) for folder in folders]
    tables = Tables(
        pd.concat([p.notes for p in parts], ignore_index=True),
        pd.concat([p.mentions for p in parts], ignore_index=True),
        pd.concat([p.answers for p in parts], ignore_index=True),
        provenance={f.name: p.provenance[f.name] for f, p in zip(folders, parts, strict=True)},
        remarks=tuple(remark for part in parts for remark in part.remarks),
    )
    check_tables(tables, gold)
    return tables


def _split_folders(gold: Path, splits: Sequence[str] | None) -> list[Path]:
    if not gold.is_dir():
        raise UsageError(f"{gold}: is no folder; name the folder that holds the split folders, such as annotated_notes")
    if (gold / NOTES).is_file():
        return [gold.resolve()]
    there = sorted(p.parent for p in gold.glob(f"*/{NOTES}"))
    if not there:
        raise UsageError(f"{gold}: holds no {NOTES} and no folder with one; see docs/evaluation.md for the layout")
    if splits is None:
        return there
    names = [p.name for p in there]
    for split in splits:
        if split not in names:
            raise UsageError(f"{gold}: has no split {split}; there are {', '.join(names)}")
    return [p for p in there if p.name in splits]


def read_notes(folder: Path) -> Tables:
    """Return the notes of a folder without annotations, by ``notes.csv`` or else by the names of the files.

    Args:
        folder: the folder; names are ``PATIENT__NOTE.txt`` or ``PATIENT__NOTE__YYYY-MM-DD.txt``.

    Raises:
        UsageError: no notes, or one that cannot be read.
    """
    listed = read_listed(folder) if (folder / NOTES).is_file() else listed_by_name(folder, "txt")
    rows = [{**n, "split": folder.name, "text": read_text(folder / n["file"])} for n in rows_of(listed)]
    return Tables(note_table(rows), mention_table(), answer_table(), name=folder.name)


def listed_by_name(folder: Path, extension: str) -> pd.DataFrame:
    """Return the notes that the names of files give, as ``notes.csv`` would list them.

    Args:
        folder: the folder.
        extension: of the files that count.

    Raises:
        UsageError: there is no such file.
    """
    stems = sorted(p.stem for p in folder.glob(f"*.{extension}"))
    if not stems:
        raise UsageError(f"{folder}: holds no {NOTES} and no .{extension} file; name the folder with the notes")
    return pd.DataFrame([_named(stem) for stem in stems], columns=list(LISTED), dtype="object")


def _named(stem: str) -> tuple[str, str, str | None, None, str]:
    patient, _, rest = stem.partition("__")
    note, _, date = rest.partition("__")
    return patient, note or patient, date or None, None, f"{stem}.txt"


def read_split(folder: Path, *, listed: pd.DataFrame | None = None) -> Tables:
    """Return the tables of one folder of brat files.

    Args:
        folder: the folder.
        listed: its notes, where not ``notes.csv`` lists them.

    Raises:
        UsageError: a file or row that cannot be read.
    """
    listed = read_listed(folder) if listed is None else listed
    notes: list[dict[str, Any]] = []
    mentions: list[dict[str, Any]] = []
    others = 0
    for number, note in enumerate(rows_of(listed), start=2):
        path = inside(folder, str(note["file"]), f"{folder / NOTES}, row {number}")
        text = read_text(path)
        ann = path.with_suffix(".ann")
        document = parse_ann(read_text(ann), text, ann)
        others += len(document.others)
        key = {k: note[k] for k in NOTE_KEY}
        mentions += [key | r | {"text": text[r["start"] : r["end"]]} for r in spans_to_rows(document, ann)]
        notes.append({**note, "split": folder.name, "text": text})
    provenance = _read_provenance(folder)
    remarks = [f"{folder.name}: {others} lines of .ann files that are no mentions were left out"] if others else []
    mention_frame = mention_table(mentions)
    remarks += _origin_remarks(folder.name, provenance, mention_frame)
    answers = read_answers(folder / ANSWERS) if (folder / ANSWERS).is_file() else answer_table()
    return Tables(
        note_table(notes), mention_frame, answers, provenance={folder.name: provenance}, remarks=tuple(remarks)
    )


def read_listed(folder: Path) -> pd.DataFrame:
    """Return the notes that ``notes.csv`` of a folder lists, all columns as text or ``None``."""
    return read_csv(folder / NOTES, LISTED)


def read_answers(path: Path) -> pd.DataFrame:
    """Return the answers of an ``answers.csv``, refused with its line where one cannot be scored."""
    answers = answer_table(rows_of(read_csv(path, ANSWER_COLUMNS)))
    check_answers(answers, path, first_row=2)
    return answers


def _read_provenance(folder: Path) -> dict[str, Any]:
    path = folder / PROVENANCE
    if not path.is_file():
        return {}
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}, row {error.lineno}: is no JSON") from None
    return content if isinstance(content, dict) else {"origin": content}


def _origin_remarks(split: str, provenance: Mapping[str, Any], mentions: pd.DataFrame) -> list[str]:
    origins = set(pre_annotations(mentions))
    origin = str(provenance.get("origin", ""))
    if origin.startswith(PRE_ANNOTATED):
        origins.add(origin)
    return [f"{split}: gold made from a program's output ({o}); it favours that program" for o in sorted(origins)]


def pre_annotations(mentions: pd.DataFrame) -> list[str]:
    """Return the marks of pre-annotation that mentions still bear."""
    marks = {n for n in mentions["note"] if isinstance(n, str) and n.startswith(PRE_ANNOTATED)}
    return sorted(marks)
