"""Run folders read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from extractor.errors import UsageError
from extractor.exports.run import Run, open_run
from extractor.exports.texts import Texts

from .conftest import ANSWERS, ASTHMA, EBV, MENTIONS, TRIAL, answers, mention, redacted, write_run


def test_patients_come_by_id_with_their_answers_and_mentions(run: Run) -> None:
    first, second = run.patients()
    assert (first.patient_id, list(first.mentions)) == ("007", list(MENTIONS))
    assert (second.patient_id, list(second.mentions)) == ("=1+1", [])
    assert list(first.answers.values()) == list(ANSWERS[:17])


def test_mentions_are_those_that_were_written(run: Run) -> None:
    assert list(run.mentions()) == list(MENTIONS)


def test_the_roll_up_is_that_of_the_answers_as_they_stand(run: Run) -> None:
    assert [p.screen for p in run.patients()] == ["excluded", "review"]


@pytest.mark.parametrize(("origin", "reviewed"), [("reviewer", True), ("tool", False)])
def test_a_patient_is_reviewed_when_every_answer_is(make_run: Callable[..., Run], origin: str, reviewed: bool) -> None:
    given = answers(**{q.id: {"origin": "reviewer"} for q in TRIAL.questions} | {"E5": {"origin": origin}})
    (patient,) = make_run([], given).patients()
    assert patient.reviewed is reviewed


def test_tables_in_another_order_are_read_by_patient_all_the_same(make_run: Callable[..., Run]) -> None:
    mixed = [mention(n, n + 1, patient_id=p, note_id=f"n{n}") for n, p in enumerate("babcab")]
    run = make_run(mixed, [a for p in "abc" for a in answers(p)])
    found = {p.patient_id: [m.note_id for m in p.mentions] for p in run.patients()}
    assert found == {"a": ["n1", "n4"], "b": ["n0", "n2", "n5"], "c": ["n3"]}


@pytest.mark.parametrize("name", ["run.json", "mentions.parquet", "answers.parquet"])
@pytest.mark.parametrize(("damage", "told"), [("gone", "is missing"), ("cut", "cannot be read")])
def test_a_damaged_folder_is_told_with_the_file(tmp_path: Path, name: str, damage: str, told: str) -> None:
    folder = write_run(tmp_path / "run")
    if damage == "gone":
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(b"PAR1 {")
    with pytest.raises(UsageError, match=rf"{name}: {told}.*notecriteria screen"):
        list(open_run(folder).patients())


def test_a_trial_that_has_moved_is_told_with_its_remedy(make_run: Callable[..., Run]) -> None:
    with pytest.raises(UsageError, match=r"gone\.yaml.*name its file by --trial"):
        make_run(options={"trial": "gone.yaml"})


def test_the_trial_can_be_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", options={"trial": "gone.yaml"})
    assert open_run(folder, trial=TRIAL.trial).trial == TRIAL


def test_answers_to_another_trial_are_refused(make_run: Callable[..., Run]) -> None:
    with pytest.raises(UsageError, match="questions are not those of NCT07208058"):
        list(make_run([], ANSWERS[:3]).patients())


def test_notes_come_with_their_mentions(run: Run, notes: Path) -> None:
    ((note, mentions),) = Texts(run, [notes])
    assert [note.text[m.start : m.end] for m in mentions] == ["asthma", "COPD", "EBV PCR"]


def test_a_note_without_mentions_comes_too(run: Run, notes: Path) -> None:
    (notes / "007__n2.txt").write_text("Well.")
    assert [(note.note_id, len(found)) for note, found in Texts(run, [notes])] == [("n1", 3), ("n2", 0)]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("007__n3.txt", "changed", "patient 007, note n3: its text is not the one that was screened"),
        ("008__n1.txt", "Well.", "1 notes are of patients that the run does not have"),
        ("007__n4.txt", "", "the file is empty"),
        ("007__n5.txt", "Well.", "1 notes with mentions were not given"),
    ],
)
def test_notes_that_do_not_fit_are_left_out_and_told(
    make_run: Callable[..., Run], notes: Path, name: str, text: str, told: str
) -> None:
    run = make_run([*MENTIONS, mention(0, 3, note_id="n3")])
    (notes / name).write_text(text)
    texts = Texts(run, [notes])
    assert "n1" in [note.note_id for note, _ in texts]
    assert any(told in line for line in texts.issues)


def test_of_a_redacted_run_only_the_place_is_checked(make_run: Callable[..., Run], notes: Path) -> None:
    run = make_run([redacted(ASTHMA), redacted(mention(900, 901, note_id="n2"))], options={"redact_evidence": True})
    (notes / "007__n2.txt").write_text("Well.")
    texts = Texts(run, [notes])
    assert [note.note_id for note, _ in texts] == ["n1"]
    assert ["note n2" in line for line in texts.issues] == [True]


def test_when_no_note_fits_the_first_reason_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "007__n1.txt").write_text("changed")
    with pytest.raises(UsageError, match=r"none of the notes.*\npatient 007, note n1: its text is not the one"):
        list(Texts(run, [tmp_path / "007__n1.txt"]))


@pytest.mark.parametrize(
    ("inputs", "told"), [([], r"needs the notes again.*the run read notes"), ([Path("gone")], "gone: cannot be read")]
)
def test_missing_notes_are_told(run: Run, inputs: list[Path], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        list(Texts(run, inputs))


def test_columns_are_those_of_the_run(make_run: Callable[..., Run], tmp_path: Path) -> None:
    run = make_run([ASTHMA, EBV], options={"trial": TRIAL.trial, "columns": {"text": "body"}})
    text = tmp_path / "notes.jsonl"
    text.write_text(json.dumps({"patient_id": "007", "note_id": "n1", "body": "PMH: asthma." + " " * 30 + "EBV PCR"}))
    assert [note.note_id for note, _ in Texts(run, [text])] == ["n1"]


def test_notes_are_read_as_the_run_read_them(make_run: Callable[..., Run], tmp_path: Path) -> None:
    options = {"encoding": "cp1252", "part_column": "part", "part_separator": "newline", "date_shift_column": "days"}
    run = make_run([ASTHMA], options={"trial": TRIAL.trial, "columns": {}} | options)
    table = tmp_path / "notes.csv"
    rows = "007,n1,2,caf\u00e9,30\n007,n1,1,PMH: asthma.,30\n"
    table.write_bytes(f"patient_id,note_id,part,text,days\n{rows}".encode("cp1252"))
    ((note, _),) = Texts(run, [str(table)])
    assert (note.text, note.date_shift) == ("PMH: asthma.\ncaf\u00e9", 30)
