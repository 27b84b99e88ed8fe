"""Label Studio: tasks as it exports them, and back without a loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.label_studio import export_tasks, import_tasks, labeling_config, read_label_studio, write_label_studio
from evaluation.tables import Tables, answer_table, mention_table, note_table
from extractor.errors import UsageError
from extractor.schema import ATTRIBUTES, LABELS

TEXT = "🙂 Denies\r\nasthma"


def region(start: int, end: int, text: str | None = None, **more: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": ["LUNG_DISEASE"]} | ({"text": text} if text else {})
    same = {"id": "r1", "from_name": "label", "to_name": "text", "type": "labels", "origin": "manual"}
    return same | {"value": value} | more


CHOICE = {
    "id": "r1", "from_name": "attributes", "to_name": "text", "type": "choices", "origin": "manual",
    "value": {"start": 10, "end": 16, "text": "asthma", "choices": ["negated", "historical"]},
}  # fmt: skip


def task(*result: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A task as Label Studio exports it, with the keys that are not needed too."""
    annotation = {
        "id": 12, "completed_by": 1, "result": list(result), "was_cancelled": False, "ground_truth": False,
        "created_at": "2026-01-02T03:04:05.6Z", "lead_time": 7.1, "prediction": {}, "result_count": 1,
    }  # fmt: skip
    return {
        "id": 5, "annotations": [annotation], "drafts": [], "predictions": [], "meta": {}, "inner_id": 1,
        "data": {"text": TEXT, "patient_id": "p", "note_id": "n"},
    } | more  # fmt: skip


@pytest.mark.parametrize(
    "regions",
    [
        [region(10, 16, "asthma"), CHOICE],
        [CHOICE, region(10, 16, "asthma")],
        [region(10, 16), CHOICE],
        [region(11, 17, "asthma"), CHOICE],  # UTF-16 units, as before October 2021
    ],
)
def test_reads_what_label_studio_writes(regions: list[dict[str, Any]]) -> None:
    row = import_tasks([task(*regions)]).mentions.iloc[0]
    assert (row["start"], row["end"], row["text"], row["label"]) == (10, 16, "asthma", "LUNG_DISEASE")
    assert [name for name in ATTRIBUTES if row[name]] == ["negated", "historical"]


def test_line_breaks_written_as_letters() -> None:
    row = import_tasks([task(region(2, 16, "Denies\\r\\nasthma"))]).mentions.iloc[0]
    assert row["text"] == "Denies\r\nasthma"


def test_global_offsets_of_hypertext() -> None:
    value = {"start": "/p[1]", "end": "/p[1]", "globalOffsets": {"start": 10, "end": 16}, "hypertextlabels": ["EBV"]}
    row = import_tasks([task(region(0, 0, type="hypertextlabels", value=value))]).mentions.iloc[0]
    assert (row["start"], row["end"], row["label"]) == (10, 16, "EBV")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (task(region(3, 9, "asthma")), "are not the note's at their offsets"),
        (task(region(10, 99)), "are not the note's at their offsets"),
        (task(region(10, 16, value={"labels": ["EBV"]})), "has no start and end"),
        (task(region(10, 16, value={"start": 10, "end": 16, "labels": ["ASTHMA"]})), "exactly one label"),
        (task(region(10, 16), {**CHOICE, "value": {"choices": ["absent"]}}), "no such attribute: absent"),
        (task(data={"patient_id": "p"}), r"has no data\.text"),
        (task(data={"text": "x"}), "nor the text of a known note"),
        (task(annotations=[]), "has no annotation"),
        (task(annotations=[{"result": [], "was_cancelled": True}]), "has no annotation"),
        (task(annotations=[{"result": []}, {"result": []}]), "has 2 annotations"),
    ],
)
def test_says_what_is_wrong_and_where(broken: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=f"task 1.*{told}") as caught:
        import_tasks([broken])
    assert "asthma" not in str(caught.value)


@pytest.mark.parametrize("completed_by", [7, {"id": 7, "email": "seven@example.org"}])
def test_one_annotator_of_several(completed_by: Any) -> None:
    both = [{"result": [], "completed_by": 3}, {"result": [region(10, 16)], "completed_by": completed_by}]
    assert len(import_tasks([task(annotations=both)], annotator="7").mentions) == 1


def test_ids_by_the_text_of_a_known_note() -> None:
    known = note_table([{"patient_id": "p9", "note_id": "n9", "text": TEXT}])
    found = import_tasks([task(region(10, 16), data={"text": TEXT})], known=known)
    assert found.mentions["patient_id"].tolist() == ["p9"]


def pre_annotated() -> list[dict[str, Any]]:
    ids = {"patient_id": "p", "note_id": "n"}
    notes = note_table([{**ids, "text": TEXT, "split": "dev"}])
    mentions = mention_table([{**ids, "label": "LUNG_DISEASE", "start": 10, "end": 16, "negated": True}])
    return export_tasks(Tables(notes, mentions, answer_table()), pre_annotated_by="notecriteria 1.0")


def test_pre_annotations_are_predictions_and_marked() -> None:
    exported = pre_annotated()[0]
    assert exported["annotations"] == []
    assert exported["predictions"][0]["model_version"] == "notecriteria 1.0"
    assert exported["data"]["origin"] == "pre-annotated by notecriteria 1.0"


def test_pre_annotations_are_no_gold() -> None:
    with pytest.raises(UsageError, match="has no annotation"):
        import_tasks(pre_annotated())
    assert len(import_tasks(pre_annotated(), predictions=True).mentions) == 1


@pytest.mark.parametrize("kept", ["origin", "predictions"])
def test_gold_made_from_pre_annotations_says_so(kept: str) -> None:
    exported = pre_annotated()[0]
    exported["annotations"] = [{"result": exported["predictions"][0]["result"]}]
    exported["data"].pop("origin") if kept == "predictions" else exported.update(predictions=[])
    provenance = import_tasks([exported]).provenance["dev"]
    assert provenance == {"origin": "pre-annotated by notecriteria 1.0, corrected by hand"}


def test_labelling_interface_has_every_label_and_attribute() -> None:
    root = ElementTree.fromstring(labeling_config())
    assert [e.get("value") for e in root.iter("Label")] == list(LABELS)
    assert [e.get("value") for e in root.iter("Choice")] == list(ATTRIBUTES)


@pytest.mark.parametrize(("content", "told"), [("{", "is no JSON"), ("{}", "is no list of tasks")])
def test_files_that_are_no_export(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "export.json").write_text(content)
    with pytest.raises(UsageError, match=told):
        read_label_studio(tmp_path / "export.json")


texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n\t 🙂é"), min_size=1, max_size=40)


@st.composite
def tables(draw: st.DrawFn) -> Tables:
    notes, mentions = [], []
    for number in range(draw(st.integers(1, 3))):
        ids = {"patient_id": "p", "note_id": f"n{number}"}
        text = draw(texts)
        spans = draw(st.lists(st.tuples(st.integers(0, len(text) - 1), st.integers(1, 9)), max_size=3, unique=True))
        marks = []
        for place, (start, length) in enumerate(sorted((s, min(s + n, len(text))) for s, n in spans)):
            row = {**ids, "mention_id": f"T{place}", "label": draw(st.sampled_from(LABELS))}
            row |= {"start": start, "end": length, "text": text[start:length]}
            marks.append(row | dict.fromkeys(draw(st.sets(st.sampled_from(ATTRIBUTES))), True))
        mentions += sorted(marks, key=lambda r: (r["start"], r["end"], r["label"]))
        notes.append({**ids, "split": "dev", "note_date": "2026-01-01", "note_type": "ED", "file": "f", "text": text})
    answers = answer_table([{"patient_id": "p", "question": "I1", "status": "met"}])
    return Tables(note_table(notes), mention_table(mentions), answers)


@given(tables())
def test_round_trip_loses_nothing(given_tables: Tables) -> None:
    back = import_tasks(json.loads(json.dumps(export_tasks(given_tables))))
    assert back.mentions.to_dict("records") == given_tables.mentions.to_dict("records")
    assert back.notes.to_dict("records") == given_tables.notes.to_dict("records")


@given(tables())
def test_files_round_trip(tmp_path_factory: pytest.TempPathFactory, given_tables: Tables) -> None:
    folder = tmp_path_factory.mktemp("export")
    tasks, _, _ = write_label_studio(given_tables, folder)
    back = read_label_studio(tasks)
    assert back.mentions.to_dict("records") == given_tables.mentions.to_dict("records")
    assert back.answers.to_dict("records") == given_tables.answers.to_dict("records")
