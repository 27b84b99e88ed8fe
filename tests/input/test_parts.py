"""Notes in parts, joined by their numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractor import Note
from extractor.batch import screen
from extractor.errors import UsageError
from extractor.notes import Item, NoteIssue, Reading, read_notes, reading
from tests.input.tables import csv_text, issues, json_text, part, row, texts, write

PARTS = reading(part_column="seq")


def joined(tmp_path: Path, *rows: dict[str, Any], how: Reading = PARTS) -> list[Item]:
    return list(read_notes([write(tmp_path / "n.jsonl", json_text(*rows).encode())], how=how))


@pytest.mark.parametrize(
    "numbers", [(1, 2, 3), (3, 1, 2), ("1", "2", "3"), (0, 1, 2), (1.0, 2.0, 3.0), ("03", "01", "02")]
)
def test_parts_are_joined_in_the_order_of_their_numbers(tmp_path: Path, numbers: tuple[Any, ...]) -> None:
    by_number = dict(zip(sorted(map(float, numbers)), ("axi", "-c", "el"), strict=True))
    items = joined(tmp_path, *(part(n, by_number[float(n)]) for n in numbers))
    assert (texts(items), issues(items)) == (["axi-cel"], [])


@pytest.mark.parametrize(("separator", "text"), [("none", "ab"), ("space", "a b"), ("newline", "a\nb")])
def test_what_stands_between_parts_is_chosen(tmp_path: Path, separator: str, text: str) -> None:
    how = reading(part_column="seq", part_separator=separator)
    assert texts(joined(tmp_path, part(1, "a"), part(2, "b"), how=how)) == [text]


def test_an_unknown_separator_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="--part-separator"):
        reading(part_separator="comma")


def test_rows_of_several_notes_may_stand_mixed(tmp_path: Path) -> None:
    items = joined(
        tmp_path, part(2, "b"), part(1, "x", "m"), part(1, "a"), part(2, "y", "m"), part(1, "z", patient="q")
    )
    assert texts(items) == ["ab", "xy", "z"]


def test_parts_may_stand_in_several_files(tmp_path: Path) -> None:
    for i in (1, 2):
        write(tmp_path / f"{i}.csv", csv_text(part(i, f"text {i} ")).encode())
    assert texts(list(read_notes([tmp_path / "2.csv", tmp_path / "1.csv"], how=PARTS))) == ["text 1 text 2 "]


def test_date_and_type_are_those_of_the_first_part_that_has_them(tmp_path: Path) -> None:
    dated = part(2, "b", note_date="2024-01-02", note_type="ED")
    (note,) = joined(tmp_path, part(1, "a"), dated)
    assert isinstance(note, Note)
    assert (note.note_date, note.note_type) == ("2024-01-02", "ED")


@pytest.mark.parametrize("text", ["", None])
def test_a_part_may_be_empty(tmp_path: Path, text: str | None) -> None:
    items = joined(tmp_path, part(1, "a"), part(2, text), part(3, "c"))
    assert (texts(items), issues(items)) == (["ac"], [])


BAD_PARTS: dict[str, tuple[list[dict[str, Any]], str | None, str]] = {
    "missing": ([part(1, "a"), part(3, "c")], "ac", "part 2 is missing"),
    "first missing": ([part(2, "b"), part(3, "c")], "bc", "part 1 is missing"),
    "many missing": ([part(1, "a"), part(10, "j")], "aj", "part 2, 3, 4, 5, 6 and 3 more is missing"),
    "twice the same": (
        [part(1, "a"), part(1, "a"), part(2, "b")],
        "ab",
        "part 1 stands there twice with the same text",
    ),
    "twice different": (
        [part(1, "a"), part(1, "z"), part(2, "b")],
        None,
        "part 1 stands there twice with different text",
    ),
    "no number": ([part(1, "a"), part("two", "b")], "a", "the number of its part is no whole number"),
    "number missing": ([part(1, "a"), part(None, "b")], "a", "the number of its part is missing"),
    "half a number": ([part(1, "a"), part(1.5, "b")], "a", "the number of its part is no whole number"),
    "no text": ([part(1, "a"), row(5, "n") | {"seq": 2}], "a", "text is not text"),  # type: ignore[arg-type]
    "all empty": ([part(1, ""), part(2, " ")], None, "the note is empty in all its parts"),
    "none good": ([part("x", "a")], None, "the number of its part is no whole number"),
}


@pytest.mark.parametrize("case", BAD_PARTS)
def test_missing_and_double_parts_are_told_and_the_other_note_is_read(tmp_path: Path, case: str) -> None:
    rows, text, told = BAD_PARTS[case]
    items = joined(tmp_path, *rows, part(1, "Good.", "m"))
    assert texts(items) == ([text] if text else []) + ["Good."]
    (issue,) = issues(items)
    assert issue.kind == ("warning" if text else "set_aside")
    assert issue.line.startswith(f"{tmp_path / 'n.jsonl'}, row ")
    assert told in issue.reason and "; " in issue.reason
    assert (issue.patient_id, issue.note_id) == ("p", "n")


def test_a_missing_part_column_is_told_by_its_option(tmp_path: Path) -> None:
    (issue,) = read_notes([write(tmp_path / "n.csv", csv_text(row("a")).encode())], how=PARTS)
    assert isinstance(issue, NoteIssue)
    assert "has no column seq, which --part-column names" in issue.line


def test_offsets_count_into_the_joined_text(tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", csv_text(part(2, "el in 2022."), part(1, "Received axi-c")).encode())
    screen([path], tmp_path / "run", part_column="seq")
    (mention,) = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert (mention["text"], mention["start"], mention["end"]) == ("axi-cel", 9, 16)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # the machine may have other things to do
@given(st.lists(st.text(max_size=5), min_size=1, max_size=12), st.randoms())
def test_no_order_of_rows_changes_a_note(parts: list[str], random: Any) -> None:
    from extractor.notes.issues import Located
    from extractor.notes.parts import count_parts, joined

    rows = [Located(Note("p", str(n), text), "f", i, i) for n in range(3) for i, text in enumerate(["x", *parts], 1)]
    random.shuffle(rows)
    notes = [f.note for f in joined(rows, count_parts(rows), "") if isinstance(f, Located)]
    assert sorted(n.note_id for n in notes) == ["0", "1", "2"]
    assert {n.text for n in notes} == {"x" + "".join(parts)}
