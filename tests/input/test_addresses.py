"""Object stores, patterns and folders."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from extractor import Note
from extractor.notes import NoteIssue, read_notes
from tests.input.tables import csv_text, issues, json_text, parquet_bytes, put, row, texts, write

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
