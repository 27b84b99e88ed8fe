"""Reading notes: every format read right, every kind of wrong input told in one line while the good notes are read."""

from __future__ import annotations

import datetime as dt
import decimal
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from extractor.errors import UsageError
from extractor.notes import Item, NoteIssue, parse_columns, read_notes
from extractor.schema import Note

TEXT = 'Line one\r\nline "two", tab\there\u00a0\U0001f642 e\u0301\n'
ROW = {
    "patient_id": "007",
    "note_id": "n1",
    "text": TEXT,
    "note_date": "2024-02-01",
    "note_type": "letter",
    "ward": "B",
}
OMOP = {"person_id": 7, "note_id": 12, "note_text": TEXT, "note_date": "2024-02-01", "note_title": "letter"}


def quoted(value: Any) -> str:
    return '"' + str(value).replace('"', '""') + '"'


def csv_bytes(*rows: dict[str, Any], sep: str = ",") -> bytes:
    lines = [sep.join(rows[0]), *(sep.join(quoted(v) for v in row.values()) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def json_bytes(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def parquet_bytes(*rows: dict[str, Any]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink)
    return bytes(sink.getvalue())


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def notes_of(items: list[Item]) -> list[Note]:
    return [i for i in items if isinstance(i, Note)]


def issues_of(items: list[Item]) -> list[NoteIssue]:
    return [i for i in items if isinstance(i, NoteIssue)]


FORMATS: dict[str, Callable[..., bytes]] = {
    "notes.csv": csv_bytes,
    "notes.CSV": csv_bytes,
    "semicolons.csv": lambda *rows: csv_bytes(*rows, sep=";"),
    "notes.tsv": lambda *rows: csv_bytes(*rows, sep="\t"),
    "notes.jsonl": json_bytes,
    "notes.ndjson": json_bytes,
    "notes.json": json_bytes,
    "notes.parquet": parquet_bytes,
    "bom.csv": lambda *rows: b"\xef\xbb\xbf" + csv_bytes(*rows),
    "bom.jsonl": lambda *rows: b"\xef\xbb\xbf" + json_bytes(*rows),
    "utf16.csv": lambda *rows: csv_bytes(*rows).decode().encode("utf-16"),
    "utf16.jsonl": lambda *rows: json_bytes(*rows).decode().encode("utf-16"),
    "utf32.csv": lambda *rows: csv_bytes(*rows).decode().encode("utf-32"),
}
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_note(tmp_path: Path, name: str, packing: str) -> None:
    path = write(tmp_path / (name + packing), PACKINGS[packing](FORMATS[name](ROW)))
    assert list(read_notes([path])) == [Note("007", "n1", TEXT, "2024-02-01", "letter", {"ward": "B"})]


@pytest.mark.parametrize("name", FORMATS)
def test_omop_names_are_understood(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, FORMATS[name](OMOP))
    assert list(read_notes([path])) == [Note("7", "12", TEXT, "2024-02-01", "letter")]


@pytest.mark.parametrize("name", FORMATS)
def test_columns_can_be_mapped_in_any_case(tmp_path: Path, name: str) -> None:
    row = {"MRN": "1", "Note_ID": "n", "Note_Txt": "Text.", "text": "not this"}
    path = write(tmp_path / name, FORMATS[name](row))
    mapping = parse_columns("patient_id=mrn, text=NOTE_TXT")
    assert notes_of(list(read_notes([path], mapping))) == [Note("1", "n", "Text.", extra={"text": "not this"})]


@pytest.mark.parametrize("option", ["text", "text=", "words=A", "text=A,text=B"])
def test_a_wrong_mapping_is_wrong_usage(option: str) -> None:
    with pytest.raises(UsageError, match="--columns"):
        parse_columns(option)


@pytest.mark.parametrize(
    ("name", "patient", "note", "date"),
    [
        ("P1__n1.txt", "P1", "n1", None),
        ("P1__n1__2024-05-06.txt", "P1", "n1", "2024-05-06"),
        ("007__01.txt", "007", "01", None),
        ("just a name.txt", "just a name", "just a name", None),
        ("a__b__c.txt", "a__b__c", "a__b__c", None),
        ("__b.txt", "__b", "__b", None),
        ("P1__n1.TXT", "P1", "n1", None),
        ("P1__n1.txt.gz", "P1", "n1", None),
    ],
)
def test_a_file_name_gives_ids_and_date(tmp_path: Path, name: str, patient: str, note: str, date: str | None) -> None:
    write(tmp_path / name, b"Text.")
    expected = [Note(patient, note, "Text.", date)]
    assert list(read_notes([tmp_path])) == expected
    assert list(read_notes([tmp_path / name])) == expected


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (TEXT.encode(), TEXT),
        (b"\xef\xbb\xbfA\r\nB\rC", "A\r\nB\rC"),
        ("A\r\n\u00e9".encode("utf-16"), "A\r\n\u00e9"),
        (b"nul \x00 inside of a longer note", "nul \x00 inside of a longer note"),
        (gzip.compress(b"packed", mtime=0), "packed"),
    ],
)
def test_a_text_file_is_read_exactly(tmp_path: Path, data: bytes, text: str) -> None:
    write(tmp_path / "p__n.txt", data)
    assert [n.text for n in notes_of(list(read_notes([tmp_path])))] == [text]


def test_a_listing_beside_the_notes_gives_the_columns(tmp_path: Path) -> None:
    write(tmp_path / "one.txt", b"A.")
    write(tmp_path / "P2__n2.txt", b"B.")
    write(tmp_path / "P3__n3.txt", b"C.")
    rows = [
        {"patient_id": "01", "note_id": "n1", "note_date": "2024-01-02", "note_type": "ED", "file": "one.txt"},
        {"patient_id": "P2", "note_id": "n2", "note_date": "2024-01-03", "note_type": "", "file": ""},
        {"patient_id": "P4", "note_id": "n4", "note_date": "", "note_type": "", "file": "gone.txt"},
        {"patient_id": "P5", "note_id": "n5", "note_date": "", "note_type": "", "file": "../outside.txt"},
    ]
    write(tmp_path / "notes.csv", csv_bytes(*rows))
    items = list(read_notes([tmp_path]))
    assert notes_of(items) == [
        Note("01", "n1", "A.", "2024-01-02", "ED"),
        Note("P2", "n2", "B.", "2024-01-03"),
        Note("P3", "n3", "C."),
    ]
    assert [(i.kind, i.row, i.patient_id) for i in issues_of(items)] == [
        ("set_aside", 4, "P4"),
        ("set_aside", 5, "P5"),
        ("warning", None, "P3"),
    ]


def test_other_files_in_a_folder_are_told_but_hidden_ones_and_companions_are_not(tmp_path: Path) -> None:
    for name in ("P1__n1.txt", "P1__n1.ann", "scan.pdf", "letter.docx", ".DS_Store", "README.md"):
        write(tmp_path / name, b"Text.")
    (tmp_path / "more").mkdir()
    (issue,) = issues_of(list(read_notes([tmp_path])))
    assert issue.kind == "warning"
    assert "1 *.docx, 1 *.pdf, 1 folders" in issue.reason


@pytest.mark.parametrize(
    ("value", "text"),
    [(7, "7"), (7.0, "7"), (decimal.Decimal("12345678901234567890"), "12345678901234567890"), ("007", "007"), (0, "0")],
)
def test_parquet_ids_become_text(tmp_path: Path, value: Any, text: str) -> None:
    path = write(tmp_path / "n.parquet", parquet_bytes({"patient_id": value, "note_id": "n", "text": "A."}))
    assert [n.patient_id for n in notes_of(list(read_notes([path])))] == [text]


@pytest.mark.parametrize(
    "value",
    [
        dt.date(2024, 2, 1),
        dt.datetime(2024, 2, 1, 13, 5),
        dt.datetime(2024, 2, 1, tzinfo=dt.UTC),
        "2024-02-01T10:00:00Z",
    ],
)
def test_parquet_dates_become_iso(tmp_path: Path, value: Any) -> None:
    row = {"patient_id": "p", "note_id": "n", "text": "A.", "note_date": value}
    path = write(tmp_path / "n.parquet", parquet_bytes(row))
    assert [n.note_date for n in notes_of(list(read_notes([path])))] == ["2024-02-01"]


def test_nanoseconds_and_missing_values_of_pandas_are_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"patient_id": [1.0, None], "note_id": ["a", "b"], "text": ["A.", "B."]})
    frame["note_date"] = pd.to_datetime(["2024-02-01 10:00:00.000000001", None])
    frame.to_parquet(tmp_path / "n.parquet")
    items = list(read_notes([tmp_path / "n.parquet"]))
    assert notes_of(items) == [Note("1", "a", "A.", "2024-02-01")]
    assert [(i.row, i.reason) for i in issues_of(items)] == [(2, "patient_id is missing; fill it in")]


@pytest.mark.parametrize(
    ("date", "read", "warned"),
    [
        ("2024-02-01", "2024-02-01", False),
        ("2024-02-01 10:11:12", "2024-02-01", False),
        ("20240201", "2024-02-01", False),
        ("", None, False),
        ("NaT", None, False),
        ("01/02/2024", None, True),
        ("2024-02-31", None, True),
        ("soon", None, True),
    ],
)
def test_a_note_with_an_unreadable_date_is_read_undated(
    tmp_path: Path, date: str, read: str | None, warned: bool
) -> None:
    path = write(tmp_path / "n.csv", csv_bytes(ROW | {"note_date": date}))
    items = list(read_notes([path]))
    assert [n.note_date for n in notes_of(items)] == [read]
    assert [(i.kind, i.row) for i in issues_of(items)] == [("warning", 2)] * warned


GOOD = {"patient_id": "p", "note_id": "good", "text": "Good."}
BAD_ROWS: dict[str, tuple[str, bytes, str]] = {
    "csv: fields missing": ("n.csv", b"patient_id,note_id,text\nq,bad\np,good,Good.\n", "row 2: has 2 fields"),
    "csv: too many fields": ("n.csv", b"patient_id,note_id,text\nq,bad,A, b\np,good,Good.\n", "row 2: has 4 fields"),
    "csv: stray quote": (
        "n.csv",
        b'patient_id,note_id,text\nq,bad,"A"b\np,good,Good.\n',
        "row 2: its quotes are wrong",
    ),
    "csv: open quote": ("n.csv", b'patient_id,note_id,text\np,good,Good.\nq,bad,"A\nB\n', "row 3: a quote opened here"),
    "csv: bytes": (
        "n.csv",
        b"patient_id,note_id,text\nq,bad,caf\xe9 \xc3\xa9\np,good,Good.\n",
        "row 2: text is not UTF-8 at its byte 4",
    ),
    "csv: no text": ("n.csv", csv_bytes(GOOD | {"note_id": "bad", "text": ""}, GOOD), "row 2: text is missing"),
    "csv: only blanks": (
        "n.csv",
        csv_bytes(GOOD | {"note_id": "bad", "text": " \t"}, GOOD),
        "row 2: the note is empty",
    ),
    "csv: no patient": ("n.csv", csv_bytes(GOOD | {"patient_id": ""}, GOOD), "row 2: patient_id is missing"),
    "csv: no note id": ("n.csv", csv_bytes(GOOD | {"note_id": " "}, GOOD), "row 2: note_id is missing"),
    "csv: twice": ("n.csv", csv_bytes(GOOD, GOOD | {"text": "Later."}), "row 3: the ids of this note were read before"),
    "json: malformed": ("n.jsonl", b'{"patient_id": q}\n' + json_bytes(GOOD), "row 1: is no JSON from character 16 on"),
    "json: no object": ("n.jsonl", b"[1]\n".replace(b"[1]", b"7") + json_bytes(GOOD), "row 1: is no JSON object"),
    "json: bytes": (
        "n.jsonl",
        b'{"text": "\xe9 \xc3\xa9"}\n' + json_bytes(GOOD),
        "row 1: is not UTF-8 at its byte 11",
    ),
    "json: text is a number": (
        "n.jsonl",
        json_bytes(GOOD | {"note_id": "b", "text": 5}, GOOD),
        "row 1: text is not text",
    ),
    "json: text is null": (
        "n.jsonl",
        json_bytes(GOOD | {"note_id": "b", "text": None}, GOOD),
        "row 1: text is missing",
    ),
    "json: text is absent": (
        "n.jsonl",
        b'{"patient_id": "p", "note_id": "b"}\n' + json_bytes(GOOD),
        "row 1: text is missing",
    ),
    "json: id is a list": (
        "n.jsonl",
        json_bytes(GOOD | {"patient_id": [1]}, GOOD),
        "row 1: patient_id is neither text",
    ),
    "json: id is true": ("n.jsonl", json_bytes(GOOD | {"note_id": True}, GOOD), "row 1: note_id is neither text"),
    "json: id loses digits": (
        "n.jsonl",
        json_bytes(GOOD | {"note_id": 1e17}, GOOD),
        "row 1: note_id is a number too large",
    ),
    "json: keys twice": ("n.jsonl", json_bytes(GOOD | {"TEXT": "A."}, GOOD), "row 1: the column text stands twice"),
    "json: deep": (
        "n.jsonl",
        b'{"a": ' + b"[" * 200_000 + b"\n" + json_bytes(GOOD),
        "row 1: is JSON with numbers too long or",
    ),
    "parquet: text is null": (
        "n.parquet",
        parquet_bytes(GOOD | {"note_id": "b", "text": None}, GOOD),
        "row 1: text is missing",
    ),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_bad_row_is_set_aside_and_the_good_one_is_read(tmp_path: Path, case: str) -> None:
    name, data, told = BAD_ROWS[case]
    items = list(read_notes([write(tmp_path / name, data)]))
    assert [n.text for n in notes_of(items)] == ["Good."]
    (issue,) = issues_of(items)
    assert issue.kind == "set_aside"
    assert issue.line.startswith(f"{tmp_path / name}, {told}")
    assert "; " in issue.reason, "a remedy follows"
    assert "\n" not in issue.line


def test_damaged_strings_of_parquet_are_set_aside(tmp_path: Path) -> None:
    texts = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\6\0\0\0\v\0\0\0"), pa.py_buffer(b"caf\xe9\xc3\xa9Good.")]
    )
    table = pa.table({"patient_id": ["q", "p"], "note_id": ["b", "g"], "text": texts})
    pq.write_table(table, tmp_path / "n.parquet")
    items = list(read_notes([tmp_path / "n.parquet"]))
    assert [n.text for n in notes_of(items)] == ["Good."]
    assert [i.reason for i in issues_of(items)] == [
        "text is not UTF-8 at its byte 4; mend it, or name another --encoding"
    ]


BAD_FILES = {
    "empty": (b"", "the file is empty"),
    "damaged UTF-8": (b"caf\xe9 \xc3\xa9", "is not UTF-8 at its byte 4"),
    "damaged UTF-16": ("caf\u00e9".encode("utf-16")[:-1], "is not the utf-16 that it seems to be"),
    "tags alone": (b"<html><body><br>&nbsp;</body></html>", "the note is empty"),
    "a PDF": (b"%PDF-1.7", "is a PDF"),
    "a Word file": (b"PK\x03\x04rest", "is a zip, Word or Excel file"),
    "binary": (bytes(range(32)) * 9, "is a binary file"),
    "cut gzip": (gzip.compress(b"text " * 99)[:-9], "is damaged or cut off"),
    "cut zstd": (zstandard.ZstdCompressor().compress(b"abcdefgh" * 99)[:-5], "is damaged or cut off"),
    "wrong gzip": (b"\x1f\x8b\x08" + b"rubbish" * 9, "is damaged or cut off"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_text_file_is_set_aside_and_its_neighbour_is_read(tmp_path: Path, case: str) -> None:
    data, told = BAD_FILES[case]
    write(tmp_path / "Q__bad.txt", data)
    write(tmp_path / "P__good.txt", b"Good.")
    items = list(read_notes([tmp_path]))
    assert [n.text for n in notes_of(items)] == ["Good."]
    (issue,) = issues_of(items)
    assert (issue.patient_id, issue.note_id, issue.kind) == ("Q", "bad", "set_aside")
    assert issue.line.startswith(f"{tmp_path / 'Q__bad.txt'}: {told}")


def test_a_dangling_link_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "Q__bad.txt").symlink_to(tmp_path / "nowhere")
    write(tmp_path / "P__good.txt", b"Good.")
    (issue,) = issues_of(list(read_notes([tmp_path])))
    assert issue.reason == "cannot be read (No such file or directory); mend its path or its permissions"


BAD_INPUTS: dict[str, tuple[str, bytes, str]] = {
    "csv: empty": ("n.csv", b"", "the file is empty"),
    "csv: only a header": ("n.csv", b"patient_id,note_id,text\n", "holds no notes"),
    "csv: column missing": ("n.csv", b"patient_id,note_id\np,n\n", "has no column text"),
    "csv: no header": ("n.csv", b"p1,n1,Zebrafish\n", "has no column patient_id"),
    "csv: column twice": ("n.csv", b"patient_id,note_id,text,Text\np,n,A,B\n", "the column text stands twice"),
    "csv: binary": ("n.csv", b"PK\x03\x04", "is a zip, Word or Excel file"),
    "csv: cut gzip": ("n.csv.gz", gzip.compress(csv_bytes(*[ROW] * 99))[:-9], "is damaged or cut off"),
    "csv: cut zstd": ("n.csv.zst", PACKINGS[".zst"](csv_bytes(*[ROW] * 99))[:-9], "is damaged or cut off"),
    "json: empty": ("n.jsonl", b"", "the file is empty"),
    "json: column missing": ("n.jsonl", b'{"patient_id": "p", "note_id": "n"}\n' * 3, "has no column text"),
    "json: array": ("n.json", b' [{"text": "A"}]', "is one JSON array"),
    "json: damaged utf-16": ("n.jsonl", "{}".encode("utf-16")[:-1], "is not the utf-16 that it seems to be"),
    "csv: damaged utf-16": ("n.csv", "a,b\n".encode("utf-16")[:-1], "is not the utf-16 that it seems to be"),
    "parquet: empty": ("n.parquet", b"", "the file is empty"),
    "parquet: no parquet": ("n.parquet", b"PAR1 no, not really", "is no Parquet file"),
    "parquet: column missing": ("n.parquet", parquet_bytes({"patient_id": "p"}), "has no column note_id"),
    "unknown kind": ("n.xlsx", b"PK\x03\x04", "is of no known kind"),
}


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_an_unreadable_input_is_one_line_and_the_next_input_is_read(tmp_path: Path, case: str) -> None:
    name, data, told = BAD_INPUTS[case]
    bad, good = write(tmp_path / name, data), write(tmp_path / "good.jsonl", json_bytes(GOOD))
    items = list(read_notes([bad, good]))
    assert notes_of(items)[-1].note_id == "good"
    (issue,) = [i for i in issues_of(items) if i.kind == "input"]
    assert issue.line.startswith(f"{bad}: {told}")
    assert "Zebrafish" not in issue.line


def test_a_path_that_does_not_exist_is_an_unreadable_input(tmp_path: Path) -> None:
    (issue,) = issues_of(list(read_notes([tmp_path / "gone"])))
    assert (issue.kind, issue.reason) == (
        "input",
        "cannot be read (No such file or directory); mend its path or its permissions",
    )


def test_a_folder_without_text_files_is_an_unreadable_input(tmp_path: Path) -> None:
    (issue,) = issues_of(list(read_notes([tmp_path])))
    assert (issue.kind, issue.reason) == ("input", "holds no .txt files; name a folder of notes, or a table itself")


def test_a_mapped_column_that_no_row_has_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "n.jsonl", json_bytes(GOOD))
    items = list(read_notes([path], {"text": "NOTE_TXT"}))
    assert notes_of(items) == []
    assert "has no column NOTE_TXT, which --columns names for text" in issues_of(items)[-1].line


def test_the_same_note_id_of_two_patients_is_no_duplicate(tmp_path: Path) -> None:
    path = write(tmp_path / "n.jsonl", json_bytes(GOOD, GOOD | {"patient_id": "q"}))
    assert [n.patient_id for n in notes_of(list(read_notes([path])))] == ["p", "q"]


def test_duplicates_are_found_across_inputs(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, json_bytes(GOOD)) for name in ("a.jsonl", "b.jsonl"))
    (issue,) = issues_of(list(read_notes([first, second])))
    assert (issue.source, issue.row, issue.patient_id, issue.note_id) == (str(second), 1, "p", "good")


@pytest.mark.parametrize("name", ["n.csv", "n.jsonl", "n.parquet", "folder"])
def test_a_note_of_five_million_characters_is_read(tmp_path: Path, name: str) -> None:
    text = "x" * 5_000_000
    if name == "folder":
        write(tmp_path / "p__n.txt", text.encode())
        path = tmp_path
    else:
        path = write(tmp_path / name, FORMATS[f"notes.{name[2:]}"](GOOD | {"text": text}))
    assert [len(n.text) for n in notes_of(list(read_notes([path])))] == [5_000_000]


def test_lone_surrogates_of_json_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "n.jsonl", b'{"patient_id": "p", "note_id": "n", "text": "a\\ud800b"}\n')
    assert [n.text for n in notes_of(list(read_notes([path])))] == ["a\ud800b"]


def test_reading_is_streaming(tmp_path: Path) -> None:
    path = write(tmp_path / "n.jsonl", json_bytes(GOOD) + b"\xff" * 100)
    assert isinstance(next(iter(read_notes([path]))), Note)
