"""Older encodings, found out or named."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from extractor.errors import UsageError
from extractor.notes import read_notes, reading
from tests.input.tables import csv_text, issues, json_text, row, texts, write

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
