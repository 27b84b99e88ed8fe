"""Writing gold: tables to brat folders, and a writer's notes with inline mark-up to gold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from evaluation.brat import format_ann, rows_to_document
from evaluation.files import inside, read_text, write_text
from evaluation.gold import ANSWERS, NOTES, PROVENANCE, read_answers, read_listed
from evaluation.inline import InlineError, parse_inline
from evaluation.tables import NOTE_KEY, Tables, answer_table, check_tables, mention_table, note_table, rows_of
from extractor.errors import UsageError

BY_HAND: Final = "annotated by hand from the text alone"


def write_gold(tables: Tables, out_dir: Path | str) -> list[Path]:
    """Write tables as a gold folder, a folder for each split.

    Args:
        tables: the tables; notes without a split go to ``out_dir`` itself.
        out_dir: the folder, made where it is missing.

    Returns:
        The folders written.
    """
    check_tables(tables, out_dir)
    folders = []
    for split in tables.notes["split"].fillna("").unique():
        folder = Path(out_dir) / split
        of_split = replace(tables, notes=tables.notes.assign(split=tables.notes["split"].fillna(""))).of_split(split)
        _write_split(of_split, folder, dict(tables.provenance.get(split, {})))
        folders.append(folder)
    return folders


def _write_split(tables: Tables, folder: Path, provenance: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    by_note = {k: part.to_dict("records") for k, part in tables.mentions.groupby(NOTE_KEY, sort=False)}
    for note in rows_of(tables.notes):
        rows = by_note.get((note["patient_id"], note["note_id"]), [])
        path = inside(folder, _file_of(note), f"{folder}, note {note['note_id']}")
        write_text(path, note["text"])
        write_text(path.with_suffix(".ann"), format_ann(rows_to_document(rows), note["text"]))
    listed = tables.notes.drop(columns=["split", "text"])
    listed = listed.assign(file=[_file_of(note) for note in rows_of(listed)])
    listed.to_csv(folder / NOTES, index=False, lineterminator="\n")
    tables.answers.to_csv(folder / ANSWERS, index=False, lineterminator="\n")
    if provenance:
        write_text(folder / PROVENANCE, json.dumps(provenance, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def _file_of(note: Mapping[str, Any]) -> str:
    return str(note["file"] or f"{note['patient_id']}__{note['note_id']}.txt")


def build_gold(
    source_dir: Path | str,
    inline_dir: Path | str,
    out_dir: Path | str,
    *,
    answers: Path | str | None = None,
    origin: str = BY_HAND,
) -> Tables:
    """Turn a writer's notes and an annotator's inline mark-up into a brat folder.

    Args:
        source_dir: the notes as written, with ``notes.csv``.
        inline_dir: the same files with mark-up of ``evaluation.inline``.
        out_dir: the split folder to write; its name is the split's.
        answers: the annotator's ``answers.csv``; by default the one in ``inline_dir``, else in ``source_dir``.
        origin: how the annotation came about, for the provenance.

    Raises:
        UsageError: a file that is missing, mark-up that cannot be read, or text that the annotator changed.
    """
    source, inline, out = Path(source_dir), Path(inline_dir), Path(out_dir)
    notes, mentions = [], []
    for note in rows_of(read_listed(source)):
        text = read_text(source / note["file"])
        rows = inline_mentions(inline / note["file"], text)
        mentions += [{k: note[k] for k in NOTE_KEY} | row for row in rows]
        notes.append({**note, "split": out.name, "text": text})
    found = [p for p in (Path(answers) if answers else inline / ANSWERS, source / ANSWERS) if p.is_file()]
    tables = Tables(
        note_table(notes),
        mention_table(mentions),
        read_answers(found[0]) if found else answer_table(),
        provenance={out.name: {"origin": origin}},
    )
    write_gold(tables, out.parent)
    return tables


def inline_mentions(path: Path, text: str) -> list[dict[str, Any]]:
    """Return the mentions marked in a file, after checking that its text is the note's.

    Args:
        path: the marked file.
        text: the note it was made from.

    Raises:
        UsageError: mark-up that cannot be read, or a text that differs from the note.
    """
    try:
        plain, spans = parse_inline(read_text(path))
    except InlineError as error:
        raise UsageError(f"{path}: {error}; mend the mark-up") from None
    if plain != text:
        at = next((i for i, (a, b) in enumerate(zip(plain, text, strict=False)) if a != b), min(len(plain), len(text)))
        line = text.count("\n", 0, at) + 1
        raise UsageError(f"{path}, row {line}: the text without mark-up is not the note's; restore the note's words")
    return [
        {
            "mention_id": f"T{n}",
            "label": span.label,
            "start": span.start,
            "end": span.end,
            "text": text[span.start : span.end],
            **dict.fromkeys(span.attributes, True),
        }
        for n, span in enumerate(spans, start=1)
    ]
