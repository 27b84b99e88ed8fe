"""A run handed over to annotators: its mentions in their notes, for brat and Label Studio, to be corrected there.

What is written is marked as pre-annotated, note by note, so that memory does not grow with the texts.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from evaluation.brat import PRE_ANNOTATED, annotation_conf, format_ann, rows_to_document
from evaluation.gold import ANSWERS, LISTED, NOTES, PROVENANCE
from evaluation.label_studio import CONFIG, TASKS, labeling_config, task_of
from evaluation.tables import ANSWER_COLUMNS
from extractor.errors import UsageError
from extractor.exports.files import CsvFile, Exported, export_folder, write_readme
from extractor.exports.run import Run, open_run
from extractor.exports.texts import Texts
from extractor.runfolder import RunFolder
from extractor.schema import LABELS, Mention, Note
from extractor.tables import storable

_MORE_OF_ANSWERS: Final = ("kind", "confidence", "rationale", "origin", "statement")
_LONGEST_STEM: Final = 150


def hand_over(
    folder: Path,
    to: str,
    out: Path,
    *,
    notes: Sequence[str | Path],
    columns: Mapping[str, str] | None = None,
    trial: str | None = None,
    rules: Path | None = None,
) -> Exported:
    """Write a run for annotators.

    Args:
        folder: the run folder.
        to: ``brat`` or ``label-studio``.
        out: the folder to write.
        notes: the notes, as ``screen`` took them.
        columns: their column names by field; by default those of the run.
        trial: the trial's id or file; by default the one that the run names.
        rules: a site's own rules, where the trial may lie.

    Returns:
        What was written and what was left out.

    Raises:
        UsageError: see ``write_brat``.
    """
    run = open_run(folder, trial=trial, rules=rules)
    texts = Texts(run, notes, columns)
    return write_brat(run, texts, out) if to == "brat" else write_tasks(run, texts, out)


def write_brat(run: Run, texts: Texts, out: Path) -> Exported:
    """Write a run as a brat collection: a ``.txt`` and an ``.ann`` for each note, and brat's configuration.

    Args:
        run: the run.
        texts: the notes again.
        out: the folder to write; one with annotations in it is refused, for they may be somebody's work.

    Returns:
        What was written and what was left out.

    Raises:
        UsageError: the folder cannot be written or holds annotations, or the run or the notes cannot be read.
    """
    if out.is_dir() and any(out.glob("*.ann")):
        raise UsageError(f"--out {out}: holds .ann files, which may be somebody's work; name a new folder")
    done = Exported(out, {"notes": 0, "mentions": 0})
    names = _Names()
    with export_folder(out) as folder:
        with folder.create(NOTES, text=True) as stream:
            listed = CsvFile(stream, LISTED)
            for note, mentions in texts:
                stem = names.stem(note)
                _write_note(folder, stem, note, mentions, _mark(run))
                listed.add({**_listed(note), "file": f"{stem}.txt"})
                _count(done, mentions)
        with folder.create("annotation.conf", text=True) as stream:
            stream.write(annotation_conf())
        _write_common(folder, run, "brat", _BRAT_TOLD)
    done.issues = texts.issues
    return done


_BRAT_TOLD: Final = (
    "Copy this folder into brat's data folder and make it the server's own (`chown`), for the files can be read by "
    "their owner alone.",
    "Once the annotations are corrected, `notecriteria evaluate --gold` takes the folder.",
)


def write_tasks(run: Run, texts: Texts, out: Path) -> Exported:
    """Write a run as Label Studio tasks with predictions, and the labelling interface for them.

    Args:
        run: the run.
        texts: the notes again.
        out: the folder to write.

    Returns:
        What was written and what was left out.

    Raises:
        UsageError: the folder cannot be written, or the run or the notes cannot be read.
    """
    done = Exported(out, {"notes": 0, "mentions": 0})
    with export_folder(out) as folder:
        with folder.create(TASKS, text=True) as stream:
            stream.write("[")
            for number, (note, mentions) in enumerate(texts, start=1):
                _count(done, mentions)
                task = json.dumps(_task(run, number, note, mentions), ensure_ascii=False)
                stream.write(("," if number > 1 else "") + "\n" + task)
            stream.write("\n]\n")
        with folder.create(CONFIG, text=True) as stream:
            stream.write(labeling_config(shown=["statement"]))
        _write_common(folder, run, "Label Studio", _TASKS_TOLD)
    done.issues = texts.issues
    return done


_TASKS_TOLD: Final = (
    f"`{CONFIG}`: paste it into the project's labelling interface (Settings, Labeling Interface, Code).",
    f"`{TASKS}`: import it then. The tool's mentions are predictions; an annotation begins as a copy of them.",
)


class _Names:
    """Gives each note a file name of its own, also where files that differ in case alone are the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def stem(self, note: Note) -> str:
        """Return the name without its extension: both ids where a file may be called so."""
        wanted = f"{note.patient_id}__{note.note_id}"
        stem = re.sub(r"[^A-Za-z0-9_.-]", "_", wanted).lstrip(".-")
        if stem != wanted or len(stem) > _LONGEST_STEM or stem.casefold() in self._taken:
            digest = hashlib.sha256(f"{note.patient_id}\x1f{note.note_id}".encode("utf-8", "surrogatepass"))
            stem = f"{stem[:_LONGEST_STEM]}-{digest.hexdigest()[:12]}"
        self._taken.add(stem.casefold())
        return stem


def _count(done: Exported, mentions: Sequence[Mention]) -> None:
    done.counts["notes"] += 1
    done.counts["mentions"] += len(mentions)


def _by(run: Run) -> str:
    return f"notecriteria {run.version}"


def _mark(run: Run) -> str:
    return f"{PRE_ANNOTATED} {_by(run)}"


def _listed(note: Note) -> dict[str, Any]:
    return {
        "patient_id": storable(note.patient_id),
        "note_id": storable(note.note_id),
        "note_date": note.note_date,
        "note_type": note.note_type,
    }


def _rows(mentions: Sequence[Mention]) -> Iterator[dict[str, Any]]:
    """Yield the mentions that annotators see, in the order of the text."""
    shown = sorted((m for m in mentions if m.label in LABELS), key=lambda m: (m.start, m.end, m.label))
    yield from (m.row() for m in shown)


def _write_note(folder: RunFolder, stem: str, note: Note, mentions: Sequence[Mention], mark: str) -> None:
    text = storable(note.text)
    with folder.create(f"{stem}.txt", text=True) as stream:
        stream.write(text)
    with folder.create(f"{stem}.ann", text=True) as stream:
        stream.write(format_ann(rows_to_document([row | {"note": mark} for row in _rows(mentions)]), text))


def _task(run: Run, number: int, note: Note, mentions: Sequence[Mention]) -> dict[str, Any]:
    data = {**_listed(note), "text": storable(note.text), "statement": run.statement}
    return task_of(number, data, list(_rows(mentions)), _by(run))


def _write_common(folder: RunFolder, run: Run, title: str, told: Sequence[str]) -> None:
    """Write what both formats have beside the notes: the run's answers, where it comes from, what it is."""
    with folder.create(ANSWERS, text=True) as stream:
        table = csv.DictWriter(stream, [*ANSWER_COLUMNS, *_MORE_OF_ANSWERS], extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        for answer in run.answers():
            table.writerow(answer.row() | {"statement": run.statement})
    provenance = {"origin": _mark(run), "rules_digest": run.digest, "trial": run.trial.trial}
    with folder.create(PROVENANCE, text=True) as stream:
        stream.write(json.dumps(provenance, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    write_readme(folder, run, title, told)
