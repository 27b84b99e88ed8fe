"""Predictions of every kind become the same tables, or are refused with a reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from evaluation.gold import read_gold
from evaluation.label_studio import write_label_studio
from evaluation.predictions import load_predictions
from evaluation.tables import Tables
from extractor.errors import UsageError
from extractor.schema import ATTRIBUTES


def write_run(tables: Tables, folder: Path) -> Path:
    """Write tables as ``screen`` writes its run folder."""
    folder.mkdir(parents=True)
    mentions = tables.mentions.assign(concept="c", rule="r", cues=[["neg.no"]] * len(tables.mentions), details="{}")
    mentions.drop(columns="note").to_parquet(folder / "mentions.parquet")
    answers = tables.answers.assign(trial="NCT07208058", confidence="direct", rationale="r")
    answers.assign(evidence=[["m"]] * len(answers)).to_parquet(folder / "answers.parquet")
    (folder / "run.json").write_text("{}")
    return folder


def write_brat_folder(gold: Path, folder: Path) -> Path:
    """Copy the .ann files alone, as brat keeps them: no lists, names as in the gold."""
    folder.mkdir()
    for ann in gold.rglob("*.ann"):
        shutil.copy(ann, folder / ann.name)
        shutil.copy(ann.with_suffix(".txt"), folder)
    return folder


def write_label_studio_folder(tables: Tables, folder: Path) -> Path:
    write_label_studio(tables, folder)
    return folder


def write_as(kind: str, tables: Tables, gold: Path, out: Path) -> Path | Tables:
    """Write the gold as predictions of a kind."""
    match kind:
        case "run folder":
            return write_run(tables, out)
        case "gold layout":
            return gold
        case "brat by name":
            return write_brat_folder(gold, out)
        case "Label Studio folder":
            return write_label_studio_folder(tables, out)
        case "Label Studio file":
            return write_label_studio_folder(tables, out) / "tasks.json"
        case _:
            return tables


KINDS = ("run folder", "gold layout", "brat by name", "Label Studio folder", "Label Studio file", "tables")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same_mentions(gold: Path, tmp_path: Path, kind: str) -> None:
    truth = read_gold(gold)
    found = load_predictions(write_as(kind, truth, gold, tmp_path / "predicted"), truth)
    columns = ["patient_id", "note_id", "label", "start", "end", "text", *ATTRIBUTES]
    order = ["note_id", "start"]
    expected = truth.mentions[columns].sort_values(order).to_numpy().tolist()
    assert found.mentions[columns].sort_values(order).to_numpy().tolist() == expected
    assert len(found.answers) == (0 if kind == "brat by name" else len(truth.answers))
    assert found.remarks == ()


def test_what_is_for_no_note_of_the_gold_is_left_out_and_told(gold: Path, tmp_path: Path) -> None:
    everything = read_gold(gold)
    run = write_run(everything, tmp_path / "run")
    found = load_predictions(run, read_gold(gold, ["dev"]))
    assert set(found.mentions["patient_id"]) == {"p1", "p2"}
    assert found.remarks == (
        "run: 2 mentions are for no note of the gold and were left out",
        "run: 1 answers are for no patient of the gold and were left out",
    )


def test_predictions_for_other_notes_are_refused(gold: Path) -> None:
    truth = read_gold(gold)
    other = truth.mentions.assign(note_id="elsewhere")
    with pytest.raises(UsageError, match="none of its mentions is for a note of the gold"):
        load_predictions(Tables(truth.notes, other, truth.answers, name="other"), truth)


@pytest.mark.parametrize("shift", [1000, -1000])
def test_offsets_outside_of_the_note_are_refused(gold: Path, shift: int) -> None:
    truth = read_gold(gold)
    moved = truth.mentions.assign(start=truth.mentions["start"] + shift, end=truth.mentions["end"] + shift)
    with pytest.raises(UsageError, match="is not within its note"):
        load_predictions(Tables(truth.notes, moved, truth.answers), truth)


def test_offsets_in_other_units_are_told(gold: Path) -> None:
    truth = read_gold(gold)
    moved = truth.mentions.assign(start=truth.mentions["start"] - 1, end=truth.mentions["end"] - 1)
    found = load_predictions(Tables(truth.notes, moved[moved["start"] >= 0], truth.answers, name="x"), truth)
    assert "is not the note's at their offsets" in found.remarks[0]


def test_redacted_texts_are_filled_in(gold: Path) -> None:
    truth = read_gold(gold)
    found = load_predictions(Tables(truth.notes, truth.mentions.assign(text=None), truth.answers), truth)
    assert found.mentions["text"].tolist() == truth.mentions["text"].tolist()


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "holds no mentions.parquet"),
        ({"mentions.parquet": b"no"}, "mentions.parquet: is no Parquet"),
        ({"answers.parquet": b"no"}, "mentions.parquet: is missing"),
        ({"other.ann": b""}, "no .ann file has the name of a gold note"),
        ({"a.json": b"[]", "b.json": b"[]"}, "not one .json export"),
    ],
)
def test_folders_that_are_no_predictions(gold: Path, tmp_path: Path, files: dict[str, bytes], told: str) -> None:
    folder = tmp_path / "predicted"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with pytest.raises(UsageError, match=told):
        load_predictions(folder, read_gold(gold))


def test_a_path_that_is_nothing(gold: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        load_predictions(tmp_path / "gone", read_gold(gold))


@pytest.mark.parametrize(
    ("column", "value", "told"), [("label", "X", "no such label"), ("status", "yes", "no such status")]
)
def test_wrong_values_in_a_run(gold: Path, tmp_path: Path, column: str, value: str, told: str) -> None:
    truth = read_gold(gold)
    run = write_run(truth, tmp_path / "run")
    file = run / ("mentions.parquet" if column == "label" else "answers.parquet")
    pd.read_parquet(file).assign(**{column: value}).to_parquet(file)
    with pytest.raises(UsageError, match=told):
        load_predictions(run, truth)


def test_names_that_stand_for_two_notes(make_tables: Callable[..., Tables], tmp_path: Path) -> None:
    notes = {("p", "n", "a"): "x", ("q", "n", "a"): "x"}
    (tmp_path / "n.ann").write_text("")
    with pytest.raises(UsageError, match="stands for two gold notes"):
        load_predictions(tmp_path, make_tables(notes, []))


def test_the_run_json_is_no_label_studio_export(gold: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text("[]")
    with pytest.raises(UsageError, match="holds no mentions"):
        load_predictions(tmp_path / "run", read_gold(gold))
