"""The workbook: colours, comments, ids as text, and nothing that runs."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from extractor.errors import UsageError
from extractor.exports import excel
from extractor.exports.files import Exported
from extractor.exports.run import Run
from extractor.schema import MENTION_COLUMNS

from .conftest import EBV, MENTIONS, TRIAL, answers, mention, redacted

RED, GREEN, YELLOW, GREY, BLUE = "00F4B6B6", "00CDEBCB", "00FFE8A3", "00E7E7E7", "00D5E3F5"
FORMULAS = ["=1+1", "+1-1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1+1"]


def written(run: Run, out: Path) -> tuple[Workbook, Exported]:
    done = excel.write(run, out / "run.xlsx")
    return load_workbook(out / "run.xlsx"), done


@pytest.fixture
def book(run: Run, tmp_path: Path) -> Workbook:
    return written(run, tmp_path)[0]


def cells_of(book: Workbook, row: int = 3) -> dict[str, Any]:
    """Return the cells of a patient by column."""
    sheet = book["answers"]
    return {name.value: cell for name, cell in zip(sheet[2], sheet[row], strict=True)}


def test_the_sheets_and_the_one_that_opens(book: Workbook) -> None:
    assert book.sheetnames == ["about", "answers", "mentions"]
    assert book.active.title == "answers"


def test_the_statement_heads_both_sheets_that_people_read(book: Workbook) -> None:
    assert book["about"]["A1"].value == book["answers"]["A1"].value == TRIAL.statement


def test_there_is_a_column_per_question_and_a_row_per_patient(book: Workbook) -> None:
    sheet = book["answers"]
    assert [cell.value for cell in sheet[2]] == ["patient_id", "screen", *(q.id for q in TRIAL.questions)]
    assert [cell.value for cell in sheet["A"]][2:] == ["007", "=1+1"]
    assert sheet.auto_filter.ref == "A2:S4" and sheet.freeze_panes == "B3"


@pytest.mark.parametrize(
    ("column", "words", "colour"),
    [
        ("screen", "excluded", RED),
        ("E5", "met – excludes", RED),
        ("E1", "not met", GREEN),
        ("I3", "met", GREEN),
        ("I1", "possible", YELLOW),
        ("I2", "not documented", GREY),
        ("lung_disease", "met", BLUE),
    ],
)
def test_colours_and_words_show_what_an_answer_means(book: Workbook, column: str, words: str, colour: str) -> None:
    cell = cells_of(book)[column]
    assert (cell.value, cell.fill.fgColor.rgb) == (words, colour)


def test_an_inclusion_not_met_is_red(make_run: Callable[..., Run], tmp_path: Path) -> None:
    book, _ = written(make_run([], answers("1", I1="not_met")), tmp_path)
    cell = cells_of(book)["I1"]
    assert (cell.value, cell.fill.fgColor.rgb) == ("not met – excludes", RED)


def test_a_comment_holds_who_answered_why_and_the_evidence(book: Workbook) -> None:
    assert cells_of(book)["E5"].comment.text.splitlines() == [
        "inferred, by the tool, not yet reviewed",
        "lung disease is documented",
        "note n1, 2024-03-01, characters 5-11: “asthma” (LUNG_DISEASE, dated 2015)",
    ]


def test_what_is_not_documented_has_no_comment(book: Workbook) -> None:
    assert cells_of(book)["I2"].comment is None


def test_a_reviewers_answer_looks_different(book: Workbook) -> None:
    cell = cells_of(book)["malignancy_history"]
    assert cell.font.bold and "by a reviewer" in cell.comment.text
    assert not cells_of(book)["E5"].font.bold


def test_comments_end_where_patients_are_too_many(
    make_run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MOST_COMMENTED", 1)
    book, done = written(make_run([], [*answers("1", I1="met"), *answers("2", I1="met")]), tmp_path)
    assert [cells_of(book, row)["I1"].comment is None for row in (3, 4)] == [False, True]
    assert "only the first 1 patients" in done.issues[0]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_is_text(make_run: Callable[..., Run], tmp_path: Path, text: str) -> None:
    found = mention(0, len(text), text=text, patient_id=text, note_id=text)
    book, _ = written(make_run([found], answers(text)), tmp_path)
    cells = [book["answers"]["A3"], *(c for c in book["mentions"][2] if c.value == text.replace("\t", " "))]
    assert {c.data_type for c in cells} == {"s"}
    assert all(c.quotePrefix for c in cells if c.value[:1] in "=+-@")


def test_the_file_holds_no_formula_at_all(make_run: Callable[..., Run], tmp_path: Path) -> None:
    written(make_run([mention(0, 4, text="=1+1", note_id="=1+1")], answers("=1+1")), tmp_path)
    with zipfile.ZipFile(tmp_path / "run.xlsx") as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert sheets and not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)


@pytest.mark.parametrize("patient", ["007", "12345678901234567890", "1E5", "2024-03-01"])
def test_ids_stay_text_as_they_are(make_run: Callable[..., Run], tmp_path: Path, patient: str) -> None:
    book, _ = written(make_run([], answers(patient)), tmp_path)
    cell = book["answers"]["A3"]
    assert (cell.value, cell.data_type, cell.number_format) == (patient, "s", "@")


def test_mentions_stand_with_all_columns_numbers_as_numbers(book: Workbook) -> None:
    heads, *rows = book["mentions"].iter_rows(values_only=True)
    assert heads == MENTION_COLUMNS
    first, _, third = (dict(zip(heads, row, strict=True)) for row in rows)
    assert (first["text"], first["start"], first["negated"], first["details"]) == ("asthma", 5, None, None)
    assert (third["value"], third["note_date"], third["details"]) == (
        4500,
        "2024-03-01",
        '{"test": "pcr", "treated": true}',
    )
    assert len(rows) == len(MENTIONS)


def test_more_mentions_than_a_sheet_holds_go_to_a_further_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MOST_ROWS", 5)
    many = [mention(n, n + 1, text="x" * 9) for n in range(9)]
    monkeypatch.setattr(Run, "mentions", lambda _: iter(many))
    book, done = written(run, tmp_path)
    assert [len(list(book[name].iter_rows())) for name in book.sheetnames[2:]] == [5, 5, 2]
    assert done.counts["mentions"] == 9


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x00b", "a b"), ("\ud83d", "\ufffd"), ("x" * 40_000, "x" * 32_765 + " …"), ("caf\u00e9 🙂", "caf\u00e9 🙂")],
)
def test_text_that_a_workbook_cannot_hold_is_made_fit(
    make_run: Callable[..., Run], tmp_path: Path, text: str, shown: str
) -> None:
    book, _ = written(make_run([mention(0, len(text), text=text)]), tmp_path)
    row = dict(zip(MENTION_COLUMNS, next(book["mentions"].iter_rows(min_row=2, values_only=True)), strict=True))
    assert row["text"] == shown


def test_words_that_look_like_a_characters_code_stay_words(make_run: Callable[..., Run], tmp_path: Path) -> None:
    written(make_run([mention(0, 11, text="_x0041_ _x_")]), tmp_path)
    with zipfile.ZipFile(tmp_path / "run.xlsx") as archive:
        assert b"_x005F_x0041_ _x_" in archive.read("xl/worksheets/sheet3.xml")


def test_a_redacted_run_shows_concepts_in_place_of_words(make_run: Callable[..., Run], tmp_path: Path) -> None:
    given = answers(ebv_active={"status": "met", "evidence": ("m42",)})
    book, _ = written(make_run([redacted(EBV)], given), tmp_path)
    assert "characters 42-49: EBV (EBV, result positive, 4500 copies/mL)" in cells_of(book)["ebv_active"].comment.text


@pytest.mark.parametrize("name", ["run", "run.xls", "run.csv"])
def test_the_name_must_end_as_excel_wants_it(run: Run, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"name a file that ends in \.xlsx"):
        excel.write(run, tmp_path / name)


def test_the_same_run_gives_the_same_sheets(run: Run, tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        written(run, tmp_path / name)
        with zipfile.ZipFile(tmp_path / name / "run.xlsx") as archive:
            found.append({n: archive.read(n) for n in archive.namelist() if n.startswith("xl/worksheets")})
    assert found[0] == found[1]
    assert (tmp_path / "a" / "run.xlsx").stat().st_mode & 0o777 == 0o600
