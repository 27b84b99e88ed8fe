"""brat and Label Studio: what annotators get, and back without a loss."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evaluation.cli import run_import
from evaluation.gold import read_gold
from evaluation.handover import hand_over, write_brat, write_tasks
from evaluation.label_studio import read_label_studio
from evaluation.tables import Tables
from extractor.errors import UsageError
from extractor.exports.run import Run
from extractor.exports.texts import Texts
from extractor.schema import ATTRIBUTES, LABELS, Mention

from .conftest import MENTIONS, TEXT, TRIAL, answers, mention, write_run

HARD = "🙂 Hodgkin\r\nlymphoma\u2028café\tEBV"


def hard(start: int, end: int, **more: Any) -> Mention:
    return mention(start, end, text=HARD, note_id="n2", mention_id=f"h{start}-{end}", **more)


HARD_MENTIONS = (
    hard(2, 19, label="MALIGNANCY", historical=True, uncertain=True),
    hard(2, 9, label="HLH", negated=True, hypothetical=True),
    hard(25, 28, label="EBV", family=True),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run over two notes, the second with all that is hard on formats."""
    return write_run(tmp_path / "run", [*MENTIONS, *HARD_MENTIONS])


@pytest.fixture
def both(notes: Path) -> list[Path]:
    """The two notes."""
    (notes / "007__n2.txt").write_bytes(HARD.encode())
    return [notes]


def seen(tables: Tables) -> set[tuple[Any, ...]]:
    columns = ["patient_id", "note_id", "label", "start", "end", "text", *ATTRIBUTES]
    return set(tables.mentions[columns].itertuples(index=False, name=None))


def said(mentions: Sequence[Mention]) -> set[tuple[Any, ...]]:
    return {
        (m.patient_id, m.note_id, m.label, m.start, m.end, m.text, *(getattr(m, a) for a in ATTRIBUTES))
        for m in mentions
    }


def test_brat_files_read_back_as_the_mentions_of_the_run(folder: Path, both: list[Path], tmp_path: Path) -> None:
    done = hand_over(folder, "brat", tmp_path / "out", notes=both)
    tables = read_gold(tmp_path / "out")
    assert seen(tables) == said([*MENTIONS, *HARD_MENTIONS])
    assert list(tables.notes["text"]) == [TEXT, HARD]
    assert done.line == f"{tmp_path / 'out'}: 2 notes, 6 mentions"


def test_tasks_read_back_as_the_mentions_of_the_run(folder: Path, both: list[Path], tmp_path: Path) -> None:
    hand_over(folder, "label-studio", tmp_path / "out", notes=both)
    tables = read_label_studio(tmp_path / "out" / "tasks.json", predictions=True)
    assert seen(tables) == said([*MENTIONS, *HARD_MENTIONS])
    assert list(tables.notes["text"]) == [TEXT, HARD]


@pytest.mark.parametrize("to", ["brat", "label-studio"])
def test_the_answers_come_along_with_origin_and_statement(
    folder: Path, both: list[Path], tmp_path: Path, to: str
) -> None:
    hand_over(folder, to, tmp_path / "out", notes=both)
    with (tmp_path / "out" / "answers.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 34
    assert {row["statement"] for row in rows} == {TRIAL.statement}
    assert [r["question"] for r in rows if r["origin"] == "reviewer"] == ["malignancy_history"]
    assert TRIAL.statement in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize("to", ["brat", "label-studio"])
def test_gold_made_from_it_says_that_a_program_was_first(
    folder: Path, both: list[Path], tmp_path: Path, to: str
) -> None:
    hand_over(folder, to, tmp_path / "out", notes=both)
    source = tmp_path / "out"
    if to == "label-studio":
        tasks = json.loads((source / "tasks.json").read_text())
        for task in tasks:
            task["annotations"] = [{"result": task["predictions"][0]["result"]}]
        source = tmp_path / "export.json"
        source.write_text(json.dumps(tasks))
    told = run_import(source, tmp_path / "gold" / "dev", origin=to)  # type: ignore[arg-type]
    assert "pre-annotated by notecriteria 9.8.7, corrected by hand" in told


def test_brat_gets_its_configuration_and_a_document_for_every_text(
    folder: Path, both: list[Path], tmp_path: Path
) -> None:
    hand_over(folder, "brat", tmp_path / "out", notes=both)
    conf = (tmp_path / "out" / "annotation.conf").read_text().split("\n")
    heads = [line for line in conf if line.startswith("[")]
    assert heads == ["[entities]", "[relations]", "[events]", "[attributes]"]
    assert conf[1 : 1 + len(LABELS)] == list(LABELS)
    assert [line.split("\t")[0] for line in conf[conf.index("[attributes]") + 1 :] if line] == list(ATTRIBUTES)
    texts, annotations = ({p.stem for p in (tmp_path / "out").glob(f"*{e}")} for e in (".txt", ".ann"))
    assert texts == annotations and len(texts) == 2


def test_the_labelling_interface_has_a_control_for_each_region_and_shows_the_statement(
    folder: Path, both: list[Path], tmp_path: Path
) -> None:
    hand_over(folder, "label-studio", tmp_path / "out", notes=both)
    view = ElementTree.parse(tmp_path / "out" / "labeling_config.xml").getroot()
    controls = {e.get("name"): {c.get("value") for c in e} for e in view if e.get("toName") == "text"}
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text())
    for item in (item for task in tasks for item in task["predictions"][0]["result"]):
        chosen = item["value"].get("labels") or item["value"]["choices"]
        assert set(chosen) <= controls[item["from_name"]]
    assert view[0].tag == "Header" and view[0].get("value") == "$statement"
    assert {task["data"]["statement"] for task in tasks} == {TRIAL.statement}


def test_a_note_without_mentions_is_handed_over_too(run: Run, notes: Path, tmp_path: Path) -> None:
    (notes / "007__n9.txt").write_text("Well.")
    write_brat(run, Texts(run, [notes]), tmp_path / "brat")
    write_tasks(run, Texts(run, [notes]), tmp_path / "tasks")
    assert (tmp_path / "brat" / "007__n9.ann").read_text() == ""
    assert json.loads((tmp_path / "tasks" / "tasks.json").read_text())[1]["predictions"][0]["result"] == []


def test_somebodys_annotations_are_never_written_over(run: Run, notes: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.ann").write_text("T1\tEBV 0 3\tEBV\n")
    with pytest.raises(UsageError, match=r"holds \.ann files.*name a new folder"):
        write_brat(run, Texts(run, [notes]), tmp_path / "out")


@pytest.mark.parametrize(
    "ids",
    [
        [("../../a", "n"), ("a", "n")],
        [("a/b", "n"), ("a_b", "n")],
        [("A", "n"), ("a", "n")],
        [("a", "b__n"), ("a__b", "n")],
        [("x" * 300, "n"), ("x" * 301, "n")],
        [(".a", "n"), ("-a", "n")],
    ],
)
def test_any_ids_give_files_of_their_own_within_the_folder(
    make_run: Callable[..., Run], tmp_path: Path, ids: list[tuple[str, str]]
) -> None:
    source = tmp_path / "notes.jsonl"
    source.write_text(
        "".join(json.dumps({"patient_id": p, "note_id": n, "text": f"{p} has asthma"}) + "\n" for p, n in ids)
    )
    run = make_run([], [a for p in {p for p, _ in ids} for a in answers(p)])
    write_brat(run, Texts(run, [source]), tmp_path / "out")
    tables = read_gold(tmp_path / "out")
    given = tables.notes[["patient_id", "note_id", "text"]].itertuples(index=False, name=None)
    assert list(given) == [(p, n, f"{p} has asthma") for p, n in ids]
    assert len({f.casefold() for f in tables.notes["file"]}) == 2


@pytest.mark.parametrize("to", ["brat", "label-studio"])
def test_what_was_left_out_is_told(run: Run, notes: Path, tmp_path: Path, to: str) -> None:
    (notes / "008__n1.txt").write_text("Well.")
    done = hand_over(run.folder, to, tmp_path / "out", notes=[notes])
    assert done.issues == ["1 notes are of patients that the run does not have; they were left out"]


@pytest.mark.parametrize("to", ["brat", "label-studio"])
def test_nothing_is_left_where_the_notes_cannot_be_read(run: Run, tmp_path: Path, to: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        hand_over(run.folder, to, tmp_path / "out", notes=[tmp_path / "gone"])
    assert not list((tmp_path / "out").iterdir())
