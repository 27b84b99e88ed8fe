"""Label Studio's JSON: tasks with ``annotations`` and ``predictions``, labels and choices for each region.

Offsets. Label Studio counts Unicode code points since frontend pull request 308 (October 2021); before that it
counted UTF-16 units, so every span behind an emoji was off by one. Exports carry the text of each region, by
which both are told apart here: code points first, UTF-16 units where only these give the texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from evaluation.brat import PRE_ANNOTATED
from evaluation.files import read_text, write_text
from evaluation.gold import ANSWERS, read_answers
from evaluation.tables import NOTE_COLUMNS, NOTE_KEY, Tables, answer_table, mention_table, note_table
from extractor.errors import UsageError
from extractor.schema import ATTRIBUTES, LABELS

TASKS, CONFIG = "tasks.json", "labeling_config.xml"
_LABEL, _ATTRIBUTES, _TEXT = "label", "attributes", "text"
_DATA: Final = tuple(c for c in NOTE_COLUMNS if c != "text")
Offsets = Callable[[int], int]


def labeling_config(*, shown: Sequence[str] = ()) -> str:
    """Return the labelling interface of a project for these tasks.

    Args:
        shown: further fields of the tasks' data that annotators see above the text.
    """
    headers = "".join(f'  <Header value="${name}" size="6"/>\n' for name in shown)
    labels = "".join(f'    <Label value="{label}"/>\n' for label in LABELS)
    choices = "".join(f'    <Choice value="{name}"/>\n' for name in ATTRIBUTES)
    return (
        f'<View>\n{headers}  <Labels name="{_LABEL}" toName="{_TEXT}">\n{labels}  </Labels>\n'
        f'  <Text name="{_TEXT}" value="$text"/>\n'
        f'  <Choices name="{_ATTRIBUTES}" toName="{_TEXT}" perRegion="true" choice="multiple">\n{choices}'
        "  </Choices>\n</View>\n"
    )


def export_tasks(tables: Tables, *, pre_annotated_by: str | None = None) -> list[dict[str, Any]]:
    """Return notes and mentions as Label Studio tasks.

    Args:
        tables: the notes with their mentions.
        pre_annotated_by: program and version whose mentions these are; they become predictions, marked as such.
    """
    by_note = {k: part.to_dict("records") for k, part in tables.mentions.groupby(NOTE_KEY, sort=False)}
    return [
        task_of(number, note, by_note.get((note["patient_id"], note["note_id"]), []), pre_annotated_by)
        for number, note in enumerate(tables.notes.to_dict("records"), start=1)
    ]


def task_of(number: int, note: Mapping[Any, Any], rows: Sequence[Mapping[Any, Any]], by: str | None) -> dict[str, Any]:
    """Return one note with its mentions as a task.

    Args:
        number: the task's number.
        note: the note's columns, its text among them.
        rows: its mentions.
        by: see ``export_tasks``.
    """
    data = {str(k): v for k, v in note.items()}
    result = [item for n, row in enumerate(rows, start=1) for item in _region(row, note["text"], n)]
    task: dict[str, Any] = {"id": number, "data": data, "annotations": [], "predictions": []}
    if by is None:
        task["annotations"].append({"id": number, "result": result, "was_cancelled": False, "ground_truth": False})
    else:
        data["origin"] = f"{PRE_ANNOTATED} {by}"
        task["predictions"].append({"model_version": by, "result": result})
    return task


def _region(row: Mapping[Any, Any], text: str, number: int) -> Iterator[dict[str, Any]]:
    start, end = int(row["start"]), int(row["end"])
    span = {"start": start, "end": end, "text": text[start:end]}
    same = {"id": str(row["mention_id"] or f"T{number}"), "to_name": _TEXT, "origin": "manual"}
    yield {**same, "from_name": _LABEL, "type": "labels", "value": {**span, "labels": [row["label"]]}}
    chosen = [name for name in ATTRIBUTES if row[name]]
    if chosen:
        yield {**same, "from_name": _ATTRIBUTES, "type": "choices", "value": {**span, "choices": chosen}}
    if row.get("note"):
        yield {**same, "from_name": "note", "type": "textarea", "value": {**span, "text": [row["note"]]}}


def import_tasks(
    tasks: Sequence[Mapping[str, Any]],
    *,
    source: object = TASKS,
    predictions: bool = False,
    annotator: str | None = None,
    known: pd.DataFrame | None = None,
) -> Tables:
    """Return Label Studio tasks as tables.

    Args:
        tasks: the exported tasks.
        source: the file named in messages.
        predictions: take a task's prediction where it has no annotation; never for gold.
        annotator: whose annotations to take, by ``completed_by``; needed where a task has several.
        known: notes by which ids are found for tasks that hold the text alone.

    Raises:
        UsageError: a task that cannot be read, with its number and the remedy.
    """
    ids = _ids_by_text(known)
    notes: list[dict[str, Any]] = []
    mentions: list[dict[str, Any]] = []
    origins: set[str] = set()
    for number, task in enumerate(tasks, start=1):
        place = f"{source}, task {number}"
        note = _note(task, ids, place)
        result, origin = _chosen(task, place, predictions, annotator)
        rows = _mentions(result, note["text"], place)
        mentions += [{k: note[k] for k in NOTE_KEY} | row for row in rows]
        notes.append(note)
        origins |= {origin} - {""}
    provenance = {"origin": "; ".join(sorted(origins))} if origins else {}
    splits = {note["split"] for note in notes}
    return Tables(
        note_table(notes),
        mention_table(mentions),
        answer_table(),
        name=str(source),
        provenance={split or "": provenance for split in splits} if provenance else {},
    )


def _ids_by_text(known: pd.DataFrame | None) -> dict[str, dict[str, Any]]:
    rows = [] if known is None else known.to_dict("records")
    return {row["text"]: {str(k): v for k, v in row.items()} for row in rows}


def _note(task: Mapping[str, Any], ids: Mapping[str, dict[str, Any]], place: str) -> dict[str, Any]:
    data = task.get("data")
    if not isinstance(data, Mapping) or not isinstance(data.get("text"), str):
        raise UsageError(f"{place}: has no data.text; export as JSON (not JSON-MIN) with the note under `text`")
    if data.get("patient_id") is None or data.get("note_id") is None:
        if data["text"] not in ids:
            raise UsageError(f"{place}: has neither data.patient_id and data.note_id nor the text of a known note")
        return dict(ids[data["text"]])
    extra = {k: v for k, v in data.items() if k != "origin"}
    return {**dict.fromkeys(_DATA), **extra, "patient_id": str(data["patient_id"]), "note_id": str(data["note_id"])}


def _chosen(
    task: Mapping[str, Any], place: str, predictions: bool, annotator: str | None
) -> tuple[Sequence[Mapping[str, Any]], str]:
    """Return the regions to take and how they came about (empty where nothing is to be said)."""
    done = [a for a in task.get("annotations") or [] if not a.get("was_cancelled")]
    if annotator is not None:
        done = [a for a in done if annotator in _people(a.get("completed_by"))]
    if len(done) > 1:
        raise UsageError(f"{place}: has {len(done)} annotations; name one annotator (`completed_by`)")
    guesses = task.get("predictions") or []
    if not done and predictions and guesses:
        return guesses[-1].get("result") or [], ""
    if not done:
        raise UsageError(f"{place}: has no annotation; submit the task, or leave it out of the export")
    data_origin = task["data"].get("origin")
    models = [g.get("model_version") for g in guesses if isinstance(g, Mapping)]
    corrected = data_origin or (f"{PRE_ANNOTATED} {models[-1]}" if models and models[-1] else "")
    return done[0].get("result") or [], f"{corrected}, corrected by hand" if corrected else ""


def _people(completed_by: Any) -> set[str]:
    if isinstance(completed_by, Mapping):
        return {str(v) for v in completed_by.values()}
    return {str(completed_by)}


def _mentions(result: Iterable[Mapping[str, Any]], text: str, place: str) -> list[dict[str, Any]]:
    regions: dict[str, dict[str, Any]] = {}
    shown: dict[str, str | None] = {}
    for item in result:
        value, key = item.get("value") or {}, str(item.get("id"))
        region = regions.setdefault(key, {"mention_id": key})
        if item.get("type") in ("labels", "hypertextlabels"):
            region.update(_span(value, place), label=_one_label(value, item, place))
            shown[key] = value["text"] if isinstance(value.get("text"), str) else None
        elif item.get("type") == "choices":
            region.update({_attribute(c, place): True for c in value.get("choices", [])})
        elif item.get("type") == "textarea" and item.get("from_name") == "note":
            region["note"] = " ".join(value.get("text") or []) or None
    rows = [row for row in regions.values() if "label" in row]
    offset = _offsets(rows, shown, text, place)
    for row in rows:
        row["start"], row["end"] = offset(row["start"]), offset(row["end"])
        row["text"] = text[row["start"] : row["end"]]
    return sorted(rows, key=lambda r: (r["start"], r["end"], r["label"]))


def _span(value: Mapping[str, Any], place: str) -> dict[str, int]:
    where = value.get("globalOffsets") or value
    try:
        return {"start": int(where["start"]), "end": int(where["end"])}
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"{place}: a region has no start and end; use a Text tag (HyperText: globalOffsets)") from None


def _one_label(value: Mapping[str, Any], item: Mapping[str, Any], place: str) -> str:
    labels = value.get(str(item["type"])) or []
    if len(labels) != 1 or labels[0] not in LABELS:
        raise UsageError(f"{place}: a region needs exactly one label of the annotation guideline")
    return str(labels[0])


def _attribute(name: str, place: str) -> str:
    if name not in ATTRIBUTES:
        raise UsageError(f"{place}: no such attribute: {name}; use one of {', '.join(ATTRIBUTES)}")
    return name


def _offsets(rows: Sequence[Mapping[str, Any]], shown: Mapping[str, str | None], text: str, place: str) -> Offsets:
    """Return how the task's offsets become code points: as they are, or from UTF-16 units."""
    for offset in (lambda i: i, _from_utf16(text)):
        if all(_fits(row, shown.get(row["mention_id"]), text, offset) for row in rows):
            return offset
    raise UsageError(f"{place}: the texts of its regions are not the note's at their offsets; was the note changed?")


def _fits(row: Mapping[str, Any], shown: str | None, text: str, offset: Offsets) -> bool:
    start, end = offset(row["start"]), offset(row["end"])
    if not 0 <= start < end <= len(text):
        return False
    return shown is None or _flat(text[start:end]) == _flat(shown)


def _flat(text: str) -> str:
    """Return a text without what Label Studio changes in it: line breaks, some written as a backslash and an n."""
    return "".join(text.replace("\\r", "").replace("\\n", "").split())


def _from_utf16(text: str) -> Offsets:
    units: dict[int, int] = {}
    at = 0
    for index, character in enumerate(text):
        units[at] = index
        at += 2 if ord(character) > 0xFFFF else 1
    units[at] = len(text)
    return lambda i: units.get(i, -1)


def write_label_studio(tables: Tables, out_dir: Path, *, pre_annotated_by: str | None = None) -> list[Path]:
    """Write tasks, the labelling interface and the answers to a folder; returns the files."""
    tasks = export_tasks(tables, pre_annotated_by=pre_annotated_by)
    write_text(out_dir / TASKS, json.dumps(tasks, ensure_ascii=False, indent=1) + "\n")
    write_text(out_dir / CONFIG, labeling_config())
    tables.answers.to_csv(out_dir / ANSWERS, index=False, lineterminator="\n")
    return [out_dir / TASKS, out_dir / CONFIG, out_dir / ANSWERS]


def read_label_studio(
    path: Path, *, predictions: bool = False, annotator: str | None = None, known: pd.DataFrame | None = None
) -> Tables:
    """Return an export (JSON), with the ``answers.csv`` beside it if there is one.

    Args:
        path: the export.
        predictions: see ``import_tasks``.
        annotator: see ``import_tasks``.
        known: see ``import_tasks``.

    Raises:
        UsageError: no JSON, or a task that cannot be read.
    """
    try:
        tasks = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}, row {error.lineno}: is no JSON; export the project as JSON") from None
    if not isinstance(tasks, list):
        raise UsageError(f"{path}: is no list of tasks; export the project as JSON")
    tables = import_tasks(tasks, source=path, predictions=predictions, annotator=annotator, known=known)
    beside = path.parent / ANSWERS
    answers = read_answers(beside) if beside.is_file() else answer_table()
    return Tables(tables.notes, tables.mentions, answers, name=path.stem, provenance=tables.provenance)
