"""Inputs as people have them: older encodings, notes in parts, shifted dates, marked-up files, object stores, patterns."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from extractor import Note, Screener
from extractor.batch import screen
from extractor.cli import app
from extractor.errors import UsageError
from extractor.notes import Item, NoteIssue, Reading, read_notes, reading
from extractor.shift import moved_back


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def csv_text(*rows: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def json_text(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def parquet_bytes(*rows: dict[str, Any]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink)
    return bytes(sink.getvalue())


def texts(items: list[Item]) -> list[str]:
    return [i.text for i in items if isinstance(i, Note)]


def issues(items: list[Item], kind: str | None = None) -> list[NoteIssue]:
    return [i for i in items if isinstance(i, NoteIssue) and kind in (None, i.kind)]


def row(text: str, note: str = "n", patient: str = "p", **more: Any) -> dict[str, Any]:
    return {"patient_id": patient, "note_id": note, "text": text} | more


WORDS = "Caf\u00e9 \u201cso\u201d 5 \u00b5g"
FILES = {
    "p__n.txt": lambda: WORDS,
    "n.csv": lambda: csv_text(row(WORDS)),
    "n.tsv": lambda: csv_text(row(WORDS)).replace(",", "\t"),
    "n.jsonl": lambda: json_text(row(WORDS)),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("cp1252", "is not UTF-8 and is read as cp1252"),
        ("utf-16-le", "has no byte order mark and is read as utf-16-le"),
        ("utf-16-be", "has no byte order mark and is read as utf-16-be"),
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-32", None),
    ],
)
def test_the_encoding_is_found_out_and_told_where_it_is_a_guess(
    tmp_path: Path, name: str, encoding: str, told: str | None
) -> None:
    path = write(tmp_path / name, FILES[name]().encode(encoding))
    items = list(read_notes([path]))
    assert texts(items) == [WORDS]
    remedy = "; if letters look wrong, name the encoding with --encoding"
    assert [(i.kind, i.source, i.reason) for i in issues(items)] == [("warning", str(path), f"{told}{remedy}")] * bool(
        told
    )


def test_bytes_without_meaning_in_cp1252_are_latin_1(tmp_path: Path) -> None:
    items = list(read_notes([write(tmp_path / "p__n.txt", b"caf\xe9 \x81")]))
    assert texts(items) == ["caf\u00e9 \x81"]
    assert "is read as latin-1" in issues(items)[0].reason


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("encoding", ["cp1250", "utf-16-le", "cp437", "utf-8"])
def test_a_named_encoding_is_taken_as_it_is(tmp_path: Path, name: str, encoding: str) -> None:
    words = "\u00e9\u00fc"
    data = FILES[name]().replace(WORDS, words).encode(encoding)
    items = list(read_notes([write(tmp_path / name, data)], how=reading(encoding=encoding)))
    assert (texts(items), issues(items)) == ([words], [])


@pytest.mark.parametrize("name", ["n.csv", "n.jsonl"])
def test_a_table_warns_once_and_reads_rows_of_both_kinds(tmp_path: Path, name: str) -> None:
    made = csv_text if name == "n.csv" else json_text
    new, old = made(row("caf\u00e9", "1")).encode(), [made(row("caf\u00e9", n)).encode("cp1252") for n in "23"]
    rest = [data.partition(b"\n")[2] if name == "n.csv" else data for data in old]
    items = list(read_notes([write(tmp_path / name, b"".join([new, *rest]))]))
    assert texts(items) == ["caf\u00e9"] * 3
    assert len(issues(items)) == 1


def test_with_a_named_encoding_wrong_bytes_are_set_aside(tmp_path: Path) -> None:
    data = csv_text(row("caf\u00e9", "bad")).encode("cp1252") + b"p,good,Good.\n"
    items = list(read_notes([write(tmp_path / "n.csv", data)], how=reading(encoding="utf-8")))
    assert texts(items) == ["Good."]
    assert issues(items)[0].line.startswith(f"{tmp_path / 'n.csv'}, row 2: text is not utf-8 at its byte 4;")


def test_older_strings_in_parquet_are_read(tmp_path: Path) -> None:
    strings = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\4\0\0\0"), pa.py_buffer(b"caf\xe9")])
    pq.write_table(pa.table({"patient_id": ["p"], "note_id": ["n"], "text": strings}), tmp_path / "n.parquet")
    items = list(read_notes([tmp_path / "n.parquet"]))
    assert texts(items) == ["caf\u00e9"]
    assert "is read as cp1252" in issues(items, "warning")[0].reason


@pytest.mark.parametrize("name", ["klingon", "base64", "", "x" * 500])
def test_an_unknown_encoding_is_wrong_usage(name: str) -> None:
    with pytest.raises(UsageError, match="--encoding"):
        reading(encoding=name)


PARTS = reading(part_column="seq")


def part(number: Any, text: str | None, note: str = "n", **more: Any) -> dict[str, Any]:
    return row(text, note, **more) | {"seq": number}  # type: ignore[arg-type]


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


SHIFTED = reading(date_shift_column="days")


@pytest.mark.parametrize(
    ("iso", "days", "back"),
    [
        ("2024-03-10", 10, "2024-02-29"),
        ("2024-03-10", -10, "2024-03-20"),
        ("2024-03", 10, "2024-03"),
        ("2024-03", 16, "2024-02"),
        ("2024", 100, "2024"),
        ("2024", 365, "2023"),
        ("2024-03-10", 0, "2024-03-10"),
        ("0001-01-01", 10, None),
        (None, 10, None),
        ("not a date", 10, None),
    ],
)
def test_dates_are_moved_back(iso: str | None, days: int, back: str | None) -> None:
    assert moved_back(iso, days) == back


@given(st.dates(), st.dates(), st.integers(-40_000, 40_000))
def test_the_time_between_two_dates_stays(first: Any, second: Any, days: int) -> None:
    moved = [moved_back(d.isoformat(), days) for d in (first, second)]
    if None not in moved:
        a, b = (type(first).fromisoformat(m) for m in moved)
        assert b - a == second - first


TRUE = {
    "2023-06-12": "DOB 3/14/1961. Received axi-cel 2023-05-02. Breast cancer resected 2019-07-04. CAR-T 3 weeks ago.",
    "2023-06-20": "Lymphoma relapse on 2023-06-01. EBV PCR positive 2023-06-18.",
}
MOVED = {
    "2023-09-20": "DOB 6/22/1961. Received axi-cel 2023-08-10. Breast cancer resected 2019-10-12. CAR-T 3 weeks ago.",
    "2023-09-28": "Lymphoma relapse on 2023-09-09. EBV PCR positive 2023-09-26.",
}
"""The same notes, all dates 100 days later."""


def unquoted(rationale: str) -> str:
    """Return a rationale without the notes' own words, in which dates stand as they were given."""
    return re.sub("\u201c[^\u201d]*\u201d", "", rationale)


def test_a_shifted_export_gives_what_the_true_one_gives(tmp_path: Path) -> None:
    rows = {
        "true": [row(text, str(i), note_date=date) for i, (date, text) in enumerate(TRUE.items())],
        "moved": [row(text, str(i), note_date=date, days=100) for i, (date, text) in enumerate(MOVED.items())],
    }
    for name, made in rows.items():
        write(tmp_path / f"{name}.csv", csv_text(*made).encode())
        shift = "days" if name == "moved" else None
        screen([tmp_path / f"{name}.csv"], tmp_path / name, date_shift_column=shift, as_of="2024-03-01", workers=1)
    answers, mentions = (
        [pq.read_table(tmp_path / name / f"{table}.parquet").to_pylist() for name in rows]
        for table in ("answers", "mentions")
    )
    assert [{**a, "rationale": unquoted(a["rationale"])} for a in answers[0]] == [
        {**a, "rationale": unquoted(a["rationale"])} for a in answers[1]
    ]
    keys = ("note_id", "label", "date", "note_date", "details")
    assert [[m[k] for k in keys] for m in mentions[0]] == [[m[k] for k in keys] for m in mentions[1]]
    assert {m["note_date"] for m in mentions[1]} == set(TRUE)


def test_the_python_screener_moves_dates_back_too() -> None:
    notes = [
        [Note("p", str(i), text, date, date_shift=shift) for i, (date, text) in enumerate(made.items())]
        for made, shift in ((TRUE, 0), (MOVED, 100))
    ]
    true, moved = ([replace(a, rationale=unquoted(a.rationale)) for a in SCREENER.answers(n)] for n in notes)
    assert true == moved


SCREENER = Screener(as_of="2024-03-01")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "the date shift, in days, is missing"),
        ("soon", "the date shift, in days, is no whole number"),
        (2.5, "the date shift, in days, is no whole number"),
        (1e300, "the date shift, in days, is no whole number"),
        (True, "the date shift, in days, is no whole number"),
        ([1], "the date shift, in days, is no whole number"),
    ],
)
def test_a_note_without_a_right_shift_is_set_aside(tmp_path: Path, value: Any, told: str) -> None:
    rows = [row("Bad.", "bad") | {"days": value}, row("Good.", "good", days=-3)]
    items = list(read_notes([write(tmp_path / "n.jsonl", json_text(*rows).encode())], how=SHIFTED))
    assert texts(items) == ["Good."]
    assert told in issues(items)[0].reason


def test_two_shifts_of_one_patient_are_told(tmp_path: Path) -> None:
    rows = [row("A.", "1", days=3), row("B.", "2", days=4), row("C.", "3", patient="q", days=4)]
    items = list(read_notes([write(tmp_path / "n.csv", csv_text(*rows).encode())], how=SHIFTED))
    assert texts(items) == ["A.", "C."]
    assert "its date shift is another than in the patient's notes before" in issues(items)[0].reason


def test_the_listing_of_a_folder_gives_the_shift(tmp_path: Path) -> None:
    write(tmp_path / "p__n.txt", b"Text.")
    write(tmp_path / "notes.csv", b"patient_id,note_id,days\np,n,7\n")
    (note,) = read_notes([tmp_path], how=SHIFTED)
    assert isinstance(note, Note) and note.date_shift == 7


def test_text_files_without_a_listing_have_no_shift(tmp_path: Path) -> None:
    (issue,) = read_notes([write(tmp_path / "p__n.txt", b"Text.")], how=SHIFTED)
    assert isinstance(issue, NoteIssue) and issue.kind == "set_aside"


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("p__n.html", "<html><body><p>Denies <b>asth</b>ma.</p></body></html>"),
        ("p__n.htm", "<p>Denies asthma.</p>"),
        ("p__n.rtf", r"{\rtf1\ansi Denies {\b asth}ma.\par}"),
        ("p__n.txt", r"{\rtf1\ansi Denies asthma.\par}"),
    ],
)
def test_marked_up_files_are_notes(tmp_path: Path, name: str, note: str) -> None:
    write(tmp_path / "in" / name, note.encode())
    screen([tmp_path / "in"], tmp_path / "run")
    (mention,) = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert mention["text"] == note[mention["start"] : mention["end"]]
    assert mention["negated"] is True


REMOTE = ("memory://bucket/in", "file://{tmp}/in")
TABLES = {
    "n.csv": lambda *rows: csv_text(*rows).encode(),
    "n.tsv": lambda *rows: csv_text(*rows).replace(",", "\t").encode(),
    "n.jsonl": lambda *rows: json_text(*rows).encode(),
    "n.parquet": parquet_bytes,
    "n.csv.gz": lambda *rows: gzip.compress(csv_text(*rows).encode()),
    "n.parquet.gz": lambda *rows: gzip.compress(parquet_bytes(*rows)),
}


@pytest.fixture(params=REMOTE)
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty folder in a file system of fsspec."""
    address = request.param.format(tmp=tmp_path)
    yield address
    system, path = fsspec.core.url_to_fs(address)
    if system.exists(path):
        system.rm(path, recursive=True)


def put(address: str, data: bytes) -> str:
    with fsspec.open(address, "wb", auto_mkdir=True) as file:
        file.write(data)
    return address


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_read_from_object_stores(remote: str, name: str) -> None:
    address = put(f"{remote}/{name}", TABLES[name](row("A.", "1"), row("B.", "2")))
    assert texts(list(read_notes([address]))) == ["A.", "B."]


@pytest.mark.parametrize("name", TABLES)
def test_patterns_of_addresses_are_read_by_name(remote: str, name: str) -> None:
    for i in (2, 1):
        put(f"{remote}/{i}{name}", TABLES[name](row(f"Note {i}.", str(i))))
    put(f"{remote}/other.txt", b"Other.")
    assert texts(list(read_notes([f"{remote}/*{name}"]))) == ["Note 1.", "Note 2."]


def test_a_remote_folder_of_tables_is_read(remote: str) -> None:
    for i in (1, 2):
        put(f"{remote}/part-{i}.snappy.parquet", parquet_bytes(row(f"Note {i}.", str(i))))
    put(f"{remote}/_SUCCESS", b"")
    assert texts(list(read_notes([remote]))) == ["Note 1.", "Note 2."]


def test_a_remote_folder_of_text_files_is_read(remote: str) -> None:
    put(f"{remote}/one.txt", b"A.")
    put(f"{remote}/P2__n2__2024-01-02.txt", b"B.")
    put(f"{remote}/notes.csv", b"patient_id,note_id,file\nP1,n1,one.txt\n")
    notes = [i for i in read_notes([remote]) if isinstance(i, Note)]
    assert [(n.patient_id, n.note_id, n.text, n.note_date) for n in notes] == [
        ("P1", "n1", "A.", None),
        ("P2", "n2", "B.", "2024-01-02"),
    ]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("memory://nowhere/n.csv", "cannot be read (No such file or directory)"),
        ("memory://nowhere/*.csv", "matches no file"),
        ("nosuch://bucket/n.csv", "is of no known kind of address"),
        ("https://host/n.csv?signature=Zebrafish", "has a password or a signature in it"),
        ("ftp://me:Zebrafish@host/n.csv", "has a password or a signature in it"),
    ],
)
def test_an_address_that_cannot_be_read_is_one_line(tmp_path: Path, address: str, told: str) -> None:
    good = write(tmp_path / "g.csv", csv_text(row("Good.")).encode())
    items = list(read_notes([address, good]))
    assert texts(items) == ["Good."]
    (issue,) = issues(items, "input")
    assert told in issue.line and "; " in issue.line
    assert "Zebrafish" not in issue.line and "\n" not in issue.line


def test_a_store_that_fails_midway_costs_that_input_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFile

    address = put("memory://failing/n.csv", csv_text(row("Bad.")).encode())

    def fail(*_: Any) -> bytes:
        raise RuntimeError("secret token Zebrafish")

    monkeypatch.setattr(MemoryFile, "read", fail)
    good = write(tmp_path / "g.csv", csv_text(row("Good.")).encode())
    items = list(read_notes([address, good]))
    assert texts(items) == ["Good."]
    assert issues(items)[0].reason == (
        "cannot be read (RuntimeError); check the address, the network and your credentials"
    )


def test_a_missing_package_is_told_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> Any:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("upath.UPath.__new__", missing)
    (issue,) = read_notes(["s3://bucket/n.csv"])
    assert isinstance(issue, NoteIssue)
    assert issue.reason == "needs s3fs for this kind of address; pip install s3fs"


def test_without_fsspec_an_address_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    (issue,) = read_notes(["s3://bucket/n.csv"])
    assert isinstance(issue, NoteIssue)
    assert "pip install 'notecriteria[remote]'" in issue.reason


def test_the_libraries_of_stores_do_not_chatter() -> None:
    script = (
        "import logging; from extractor.notes import read_notes; list(read_notes(['memory://nowhere/n.csv']));"
        "logging.getLogger('azure.identity').warning('many lines')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_local_patterns_are_read_by_name(tmp_path: Path) -> None:
    for i in (2, 1):
        write(tmp_path / "deep" / f"{i}.csv", csv_text(row(f"Note {i}.", str(i))).encode())
    for pattern in ("deep/*.csv", "**/[12].csv"):
        assert texts(list(read_notes([f"{tmp_path}/{pattern}"]))) == ["Note 1.", "Note 2."]


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "a[1].csv", csv_text(row("Text.")).encode())
    assert texts(list(read_notes([str(path)]))) == ["Text."]


def test_a_damaged_file_of_a_folder_costs_itself_alone(tmp_path: Path) -> None:
    write(tmp_path / "in" / "1.parquet", b"PAR1 no")
    write(tmp_path / "in" / "2.parquet", parquet_bytes(row("Good.")))
    items = list(read_notes([tmp_path / "in"]))
    assert texts(items) == ["Good."]
    assert issues(items, "input")[0].source == str(tmp_path / "in" / "1.parquet")


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_command_takes_addresses_and_all_options(tmp_path: Path) -> None:
    rows = [part(2, "asthma.", days=10), part(1, "Denies ", days=10, note_date="2024-01-11")]
    address = put("memory://cli/n.csv", csv_text(*[rows[0] | {"note_date": ""}, rows[1]]).encode("utf-16"))
    options = (
        "--part-column",
        "seq",
        "--date-shift-column",
        "days",
        "--encoding",
        "utf-16",
        "--part-separator",
        "none",
    )
    result = invoke("screen", address, "--out", tmp_path / "run", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    (mention,) = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert (mention["text"], mention["note_date"]) == ("asthma", "2024-01-01")
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["inputs"] == [address]
    assert told["options"]["date_shift_column"] == "days"
    assert "moved back by each patient" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize(
    "options", [("--encoding", "klingon"), ("--part-separator", "comma"), ("--part-column", "gone")]
)
def test_wrong_options_end_with_2_and_one_line(tmp_path: Path, options: tuple[str, str]) -> None:
    path = write(tmp_path / "n.csv", csv_text(row("Text.")).encode())
    result = invoke("screen", path, "--out", tmp_path / "run", *options)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1 and options[0] in result.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_the_shift_reaches_worker_processes(tmp_path: Path, workers: int) -> None:
    path = write(tmp_path / "n.csv", csv_text(row("Asthma.", note_date="2024-01-11", days=10)).encode())
    screen([path], tmp_path / "run", date_shift_column="days", workers=workers)
    (mention,) = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert mention["note_date"] == "2024-01-01"


FAULTS: dict[str, tuple[str, bytes | None, int, str]] = {
    "missing column": ("bad.csv", b"patient_id,note_id\nq,n\n", 2, ": has no column text; "),
    "empty file": ("bad.csv", b"", 2, ": the file is empty; "),
    "binary file": ("bad.csv", b"\x00\x01\x02\x03" * 99, 2, ": is a binary file; "),
    "binary file with text's name": ("bad__n.txt", b"\x89PNG\r\n\x1a\n\x00", 0, ": is a picture; "),
    "unreadable path": ("bad.csv", None, 2, ": cannot be read (No such file or directory); "),
    "malformed line": ("bad.jsonl", json_text(row("Fine.", "f")).encode() + b"{oops\n", 0, ", row 2: is no JSON "),
    "same ids": (
        "bad.jsonl",
        json_text(row("Fine.", "f"), row("Again.", "f")).encode(),
        0,
        ", row 2: the ids of this note",
    ),
    "empty note": ("bad.csv", csv_text(row("", "e")).encode(), 0, ", row 2: text is missing; "),
    "blank note": ("bad.csv", csv_text(row("  ", "e")).encode(), 0, ", row 2: the note is empty; "),
    "not UTF-8": (
        "bad.csv",
        csv_text(row("caf\u00e9", "u")).encode("cp1252"),
        0,
        ", row 2: is not UTF-8 and is read as",
    ),
    "damaged UTF-8": (
        "bad.csv",
        csv_text(row("\u00e9", "u")).encode() + b"p,v,\xe9 \xc3\xa9\n",
        0,
        ", row 3: text is not",
    ),
    "missing value": ("bad.jsonl", json_text(row(None, "m")).encode(), 0, ", row 1: text is missing; "),  # type: ignore[arg-type]
    "non-text value": ("bad.jsonl", json_text(row({"a": 1}, "m")).encode(), 0, ", row 1: text is not text; "),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", FAULTS)
def test_the_command_tells_each_fault_in_one_line_and_does_the_good_notes(tmp_path: Path, case: str) -> None:
    name, data, code, told = FAULTS[case]
    bad, good = tmp_path / name, write(tmp_path / "good.csv", csv_text(row("Has asthma.", "good")).encode())
    if data is not None:
        bad.write_bytes(data)
    result = invoke("screen", bad, good, "--out", tmp_path / "run")
    assert result.exit_code == code
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"notecriteria: {bad}{told}")
    assert "; " in line, "a remedy follows"
    mentions = pq.read_table(tmp_path / "run" / "mentions.parquet").to_pylist()
    assert [m["text"] for m in mentions if m["note_id"] == "good"] == ["asthma"]


@pytest.mark.parametrize("name", ["a\x00b.csv", "x" * 5000 + ".csv", "x" * 5000])
def test_a_name_that_no_file_can_have_is_one_line(name: str) -> None:
    (issue,) = read_notes([name])
    assert isinstance(issue, NoteIssue) and issue.kind == "input"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "n.csv")
    (issue,) = read_notes([tmp_path / "n.csv"])
    assert isinstance(issue, NoteIssue) and issue.reason == "is no regular file; name a file"
