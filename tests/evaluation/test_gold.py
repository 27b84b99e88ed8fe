"""Gold folders: read, written, built from inline mark-up, refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.gold import read_gold, read_notes
from evaluation.make_gold import build_gold, write_gold
from evaluation.tables import Tables, in_order
from extractor.errors import UsageError


def test_reads_all_splits_at_once(gold: Path) -> None:
    tables = read_gold(gold)
    assert tables.splits == ["dev", "test"]
    assert len(tables.notes) == 4
    assert len(tables.answers) == 5
    texts = tables.mentions.merge(tables.notes[["note_id", "text"]], on="note_id", suffixes=("", "_note"))
    assert all(row.text == row.text_note[row.start : row.end] for row in texts.itertuples())


@pytest.mark.parametrize("where", ["dev", "."])
def test_reads_one_split(gold: Path, where: str) -> None:
    tables = read_gold(gold / where) if where != "." else read_gold(gold, ["dev"])
    assert tables.splits == ["dev"]
    assert set(tables.notes["patient_id"]) == {"p1", "p2"}


def test_line_ends_and_non_ascii_are_untouched(gold: Path) -> None:
    note = read_gold(gold).notes.iloc[0]
    assert "\r\n" in note["text"]
    car_t = read_gold(gold).mentions.query("label == 'CAR_T'").iloc[0]
    assert note["text"][car_t["start"] : car_t["end"]] == "CAR-T"


def test_ids_keep_their_zeros(make_tables: Callable[..., Tables], tmp_path: Path) -> None:
    write_gold(make_tables({("007", "01", "letter"): "x"}, [("007", "I1", "met")]), tmp_path)
    assert read_gold(tmp_path).answers["patient_id"].tolist() == ["007"]


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("dev/answers.csv", "patient_id,question,status\np1,I1,yes\n", r"answers.csv, row 2: no such status: 'yes'"),
        ("dev/answers.csv", "patient_id,question\np1,I1\n", "has no column status"),
        ("dev/answers.csv", "patient_id,question,status\np1,I1,met\np1,I1,met\n", "row 3: the answer p1 / I1"),
        ("dev/n1.ann", "T1\tEBV 0 3\tabc\n", "n1.ann, row 1: the annotated text is not"),
        ("dev/n1.ann", "T1\tASTHMA 0 3\tShe\n", "no such label: ASTHMA"),
        ("dev/notes.csv", "patient_id,note_id,note_date,note_type,file\np,n,,,../../x.txt\n", "is not in the folder"),
        ("dev/notes.csv", "patient_id,note_id,note_date,note_type,file\np,n,,,gone.txt\n", "gone.txt: is missing"),
        ("dev/notes.csv", "", "is no CSV"),
    ],
)
def test_says_what_is_wrong_and_where(gold: Path, file: str, content: str, told: str) -> None:
    (gold / file).write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        read_gold(gold)


@pytest.mark.parametrize(("splits", "told"), [(["train"], "has no split train; there are dev, test")])
def test_unknown_split(gold: Path, splits: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read_gold(gold, splits)


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_folder_without_gold(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError):
        read_gold(tmp_path / name)


def test_not_utf8_is_refused(gold: Path) -> None:
    (gold / "dev/n1.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is not UTF-8"):
        read_gold(gold)


def write_source(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    rows = [f"p,{name},2026-01-0{n},letter,{name}.txt" for n, name in enumerate(texts, start=1)]
    (folder / "notes.csv").write_text("\n".join(["patient_id,note_id,note_date,note_type,file", *rows]) + "\n")
    for name, text in texts.items():
        (folder / f"{name}.txt").write_bytes(text.encode())


def test_build_gold(tmp_path: Path) -> None:
    write_source(tmp_path / "source", {"a": "Denies asthma.\r\n", "b": "No note.\n"})
    inline = tmp_path / "inline"
    inline.mkdir()
    (inline / "a.txt").write_bytes(b"Denies [[LUNG_DISEASE neg|asthma]].\r\n")
    (inline / "b.txt").write_bytes(b"No note.\n")
    (inline / "answers.csv").write_text("patient_id,question,status\np,lung_disease,not_met\n")
    build_gold(tmp_path / "source", inline, tmp_path / "gold" / "dev")
    back = read_gold(tmp_path / "gold")
    assert back.mentions[["note_id", "label", "text", "negated"]].to_numpy().tolist() == [
        ["a", "LUNG_DISEASE", "asthma", True]
    ]
    assert back.notes["note_date"].tolist() == ["2026-01-01", "2026-01-02"]
    assert back.answers["status"].tolist() == ["not_met"]
    assert back.provenance["dev"]["origin"] == "annotated by hand from the text alone"
    assert (tmp_path / "gold/dev/a.ann").read_text() == "T1\tLUNG_DISEASE 7 13\tasthma\nA1\tnegated T1\n"


@pytest.mark.parametrize(
    ("marked", "told"),
    [
        ("Line.\nDenies [[LUNG_DISEASE neg|astma]].", "row 2: the text without mark-up is not the note's"),
        ("Line.\nDenies [[LUNGS|asthma]].", "no such label: LUNGS"),
        ("Line.\nDenies [[LUNG_DISEASE|asthma.", "never closed"),
    ],
)
def test_build_gold_refuses_changed_text(tmp_path: Path, marked: str, told: str) -> None:
    write_source(tmp_path / "source", {"a": "Line.\nDenies asthma."})
    (tmp_path / "inline").mkdir()
    (tmp_path / "inline/a.txt").write_text(marked)
    with pytest.raises(UsageError, match=told) as caught:
        build_gold(tmp_path / "source", tmp_path / "inline", tmp_path / "dev")
    assert "asthma" not in str(caught.value)


def test_gold_from_pre_annotations_says_so(gold: Path) -> None:
    (gold / "dev/provenance.json").write_text(json.dumps({"origin": "pre-annotated by notecriteria 1.0"}))
    assert any("it favours that program" in remark for remark in read_gold(gold).remarks)


def test_other_annotations_are_told(gold: Path) -> None:
    with (gold / "dev/n1.ann").open("a") as file:
        file.write("R1\tCauses Arg1:T1 Arg2:T2\n")
    assert read_gold(gold).remarks == ("dev: 1 lines of .ann files that are no mentions were left out",)


def test_notes_by_the_names_of_their_files(tmp_path: Path) -> None:
    for name in ("p1__n1__2026-03-01", "p1__n2", "plain"):
        (tmp_path / f"{name}.txt").write_text("x")
    assert read_notes(tmp_path).notes[["patient_id", "note_id", "note_date"]].to_numpy().tolist() == [
        ["p1", "n1", "2026-03-01"],
        ["p1", "n2", None],
        ["plain", "plain", None],
    ]


def test_questions_in_the_guidelines_order() -> None:
    assert in_order(["E2", "E10", "I1", "lung_disease", "ebv_active", "other"]) == [
        "ebv_active",
        "lung_disease",
        "I1",
        "E2",
        "E10",
        "other",
    ]


texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n\t 🙂é"), min_size=1, max_size=60)


@given(texts, st.data())
def test_round_trip_of_any_text(tmp_path_factory: pytest.TempPathFactory, text: str, data: st.DataObject) -> None:
    from evaluation.tables import answer_table, mention_table, note_table

    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    ids = {"patient_id": "p", "note_id": "n"}
    mention = {**ids, "mention_id": "T1", "label": "EBV", "start": start, "end": end, "negated": True}
    mention["text"] = text[start:end]
    note = {**ids, "split": "dev", "note_date": None, "note_type": None, "file": "n.txt", "text": text}
    tables = Tables(note_table([note]), mention_table([mention]), answer_table())
    folder = tmp_path_factory.mktemp("gold")
    write_gold(tables, folder)
    back = read_gold(folder)
    assert back.mentions.to_dict("records") == tables.mentions.to_dict("records")
    assert back.notes.to_dict("records") == tables.notes.to_dict("records")
