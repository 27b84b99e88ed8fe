"""REDCap: the dictionary by REDCap's rules, and an import file that agrees with it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from extractor.exports import redcap
from extractor.exports.run import Run

from .conftest import ANSWERS, MENTIONS, TRIAL, answers, write_run

TYPES = {"text", "notes", "radio", "yesno", "descriptive"}
VALIDATIONS = {"", "date_ymd"}


class Files(NamedTuple):
    """The two files as rows."""

    dictionary: list[dict[str, str]]
    records: list[dict[str, str]]

    @property
    def fields(self) -> dict[str, dict[str, str]]:
        return {row["Variable / Field Name"]: row for row in self.dictionary}

    def codes(self, name: str) -> dict[str, str]:
        choices = self.fields[name]["Choices, Calculations, OR Slider Labels"].split(" | ")
        return dict(choice.split(", ", 1) for choice in choices if choice)


def written(run: Run, out: Path) -> Files:
    redcap.write(run, out)
    found = []
    for name in (redcap.DICTIONARY, redcap.IMPORT):
        with (out / name).open(encoding="utf-8", newline="") as stream:
            found.append(list(csv.DictReader(stream, strict=True)))
    return Files(*found)


@pytest.fixture
def files(run: Run, tmp_path: Path) -> Files:
    return written(run, tmp_path / "out")


def shown(logic: str, record: dict[str, str]) -> bool:
    """Evaluate the little of REDCap's branching logic that is used: comparisons joined by ``and``."""
    if not logic:
        return True
    for part in logic.split(" and "):
        name, sign, value = re.fullmatch(r"\[(\w+)\] (=|<>) '(\w*)'", part).groups()  # type: ignore[union-attr]
        if (record.get(name, "") == value) is not (sign == "="):
            return False
    return True


def test_the_dictionary_has_redcaps_eighteen_columns(files: Files) -> None:
    assert tuple(files.dictionary[0]) == redcap.COLUMNS
    assert len(redcap.COLUMNS) == 18


def test_names_follow_redcaps_rules(files: Files) -> None:
    names = [row["Variable / Field Name"] for row in files.dictionary]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,25}", name) and "__" not in name for name in names)
    assert not any(name.endswith("_") for name in names)


def test_forms_stand_together_and_the_record_comes_first(files: Files) -> None:
    forms = [row["Form Name"] for row in files.dictionary]
    assert list(dict.fromkeys(forms)) == [redcap.ANSWERS_FORM, redcap.REVIEW_FORM]
    assert forms == sorted(forms)
    assert (files.dictionary[0]["Variable / Field Name"], files.dictionary[0]["Field Type"]) == ("record_id", "text")


def test_each_row_is_of_a_known_type_with_what_the_type_needs(files: Files) -> None:
    for row in files.dictionary:
        assert row["Field Type"] in TYPES and row["Field Label"]
        assert row["Text Validation Type OR Show Slider Number"] in VALIDATIONS
        assert bool(row["Choices, Calculations, OR Slider Labels"]) is (row["Field Type"] == "radio")


def test_branching_asks_only_for_fields_and_codes_that_there_are(files: Files) -> None:
    logics = [row["Branching Logic (Show field only if...)"] for row in files.dictionary]
    asked = [pair for logic in logics for pair in re.findall(r"\[(\w+)\] (?:=|<>) '(\w*)'", logic)]
    assert asked
    assert all(value in files.codes(name) or value == "" for name, value in asked)


@pytest.mark.parametrize("name", ["record_id", "lung_disease_why", "lung_disease_evid", "decision_by", "decision_note"])
def test_what_may_name_somebody_is_marked_as_identifier(files: Files, name: str) -> None:
    assert files.fields[name]["Identifier?"] == "y"


def test_codes_and_dates_are_no_identifiers(files: Files) -> None:
    plain = [row for row in files.dictionary if row["Field Type"] in ("radio", "yesno", "descriptive")]
    assert {row["Identifier?"] for row in plain} == {""}


@pytest.mark.parametrize(("name", "words"), [("e5", "met – excludes"), ("i3", "met"), ("lung_disease", "met")])
def test_the_choices_say_what_excludes(files: Files, name: str, words: str) -> None:
    assert files.codes(name)[redcap.STATUS_CODES["met"]] == words


def test_what_the_tool_found_is_read_only_and_what_people_say_is_not(files: Files) -> None:
    for row in files.dictionary[2:]:
        is_found = row["Form Name"] == redcap.ANSWERS_FORM
        assert (row["Field Annotation"] == "@READONLY") is is_found


def test_both_forms_say_how_much_is_assessed_and_who_decides(files: Files) -> None:
    said = [row["Form Name"] for row in files.dictionary if row["Field Label"] == TRIAL.statement]
    assert said == [redcap.ANSWERS_FORM, redcap.REVIEW_FORM]
    assert "other 12 criteria" in files.fields["other_criteria"]["Field Label"]


def test_the_import_has_exactly_the_fields_of_its_form(files: Files) -> None:
    of_form = [
        row["Variable / Field Name"]
        for row in files.dictionary
        if row["Form Name"] == redcap.ANSWERS_FORM and row["Field Type"] != "descriptive"
    ]
    assert list(files.records[0]) == [*of_form, f"{redcap.ANSWERS_FORM}_complete"]


def test_every_imported_value_fits_its_field(files: Files) -> None:
    for record in files.records:
        for name, value in record.items():
            if name == redcap.COMPLETE:
                assert value in ("1", "2")
                continue
            row = files.fields[name]
            if value and row["Field Type"] == "radio":
                assert value in files.codes(name)
            if value and row["Text Validation Type OR Show Slider Number"] == "date_ymd":
                assert re.fullmatch(r"\d{4}-\d\d-\d\d", value)


def test_no_value_stands_in_a_field_that_branching_hides(files: Files) -> None:
    for record in files.records:
        for name, value in record.items():
            logic = files.fields[name]["Branching Logic (Show field only if...)"] if name in files.fields else ""
            assert not value or shown(logic, record)


def test_the_codes_are_those_of_the_answers(files: Files) -> None:
    first, second = files.records
    given = {a.question: a for a in ANSWERS if a.patient_id == "007"}
    for question, answer in given.items():
        name = question.lower()
        assert files.codes(name)[first[name]].replace(" ", "_").startswith(answer.status)
        assert files.codes(f"{name}_origin")[first[f"{name}_origin"]] == answer.origin
        assert first[f"{name}_why"] == answer.rationale
    assert (first["record_id"], second["record_id"]) == ("007", "=1+1")
    assert files.codes("screen")[first["screen"]] == "excluded"


def test_the_evidence_stands_with_its_note(files: Files) -> None:
    told = files.records[0]["lung_disease_evid"]
    assert told == "note n1, 2024-03-01, characters 5-11: “asthma” (LUNG_DISEASE, dated 2015)"


@pytest.mark.parametrize(("origin", "complete"), [("reviewer", "2"), ("tool", "1")])
def test_a_form_is_complete_once_a_reviewer_went_through_it(
    make_run: Callable[..., Run], tmp_path: Path, origin: str, complete: str
) -> None:
    given = answers(**{q.id: {"origin": "reviewer"} for q in TRIAL.questions} | {"I1": {"origin": origin}})
    (record,) = written(make_run([], given), tmp_path / "out").records
    assert record[redcap.COMPLETE] == complete


@pytest.mark.parametrize("patient", ["x" * 101, " 1", "1 ", "a\tb"])
def test_ids_that_redcap_refuses_are_left_out_and_told(
    make_run: Callable[..., Run], tmp_path: Path, patient: str
) -> None:
    done = redcap.write(make_run([], [*answers("1"), *answers(patient)]), tmp_path / "out")
    assert done.counts["records"] == 1
    (line,) = done.issues
    assert "give the patient another id" in line and line.isprintable()


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["I1", "i1"], ["i1_check", "i1_2_check"]),
        (["Very_Long_Question_About_Lungs", "Very_Long_Question_About_Hearts"], ["very_long_question_a_check", "very_long_question_2_check"]),
        (["A__b_"], ["a_b_check"]),
        (["record"], ["record_check"]),
    ],
)  # fmt: skip
def test_names_of_any_question_become_names_that_redcap_takes(wanted: list[str], names: list[str]) -> None:
    naming = redcap.Naming()
    assert [naming.name(w, "_check") for w in wanted] == names


def test_a_name_that_is_taken_is_numbered() -> None:
    naming = redcap.Naming({"screen"})
    assert [naming.name("screen"), naming.name("Screen")] == ["screen_2", "screen_3"]


def test_a_sign_that_html_would_take_for_a_tag_is_written_as_html(tmp_path: Path) -> None:
    trial = tmp_path / "other.yaml"
    trial.write_text(
        "trial: X1\ntitle: t\nsource: s\ncriteria_total: 3\nquestions:\n"
        "  - {id: low, kind: finding, text: FVC <80 %, rule: {type: ever, labels: [PFT], name: FVC}}\n"
    )
    from extractor.exports.run import open_run

    given = [a for a in answers() if a.question == "E5"]
    run = open_run(write_run(tmp_path / "run", MENTIONS, given), trial=str(trial))
    assert [row.row()["Field Label"] for row in redcap.Instrument(run).fields() if row.name == "low"] == [
        "low: FVC &lt;80 %"
    ]
