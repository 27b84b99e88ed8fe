"""What is kept of a note while a run goes on, and what keeping it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from extractor.checkpoint import Checkpoint, fingerprint
from extractor.extract import Extractor
from extractor.records import pack, unpack
from extractor.schema import Note
from tests.shared import made

ROOT = Path(__file__).parent.parent


TEXTS = [
    "Denies asthma. EBV PCR 1,200 IU/mL on 3/2/2024; prednisone 60 mg daily x 5 days.",
    "as\ud800thma \U0001f642 COPD",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_kept_of_a_note_is_what_was_found(text: str) -> None:
    note = Note("p\ud800", "n", text, "2024-03-05")
    mentions = list(Extractor().signals(note))
    assert unpack(pack(note, mentions, redact=False)).mentions == mentions


def test_ids_with_any_characters_are_kept(tmp_path: Path) -> None:
    ids = ["a", "\ud800", "é", "\U0001f642", "'; drop table notes; --", "\x00", "Z"]
    with Checkpoint(made(tmp_path / "run"), "key", resume=False) as manifest:
        for i in ids:
            note = Note(i, i, "asthma")
            manifest.add((i, i))
            assert (i, i) in manifest
            manifest.put(pack(note, [], redact=False), fingerprint(note))
            assert (i, i) in manifest
        assert [record.patient_id for record in manifest] == sorted(ids)


def test_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.csv"
        with path.open("w") as stream:
            stream.write("patient_id,note_id,text\n")
            for i in range(count):
                stream.write(f"patient-{i},note-{i},{'Feels well today. ' * 20}\n")
        code = (
            "import resource, sys; from extractor.batch import screen; screen([sys.argv[1]], sys.argv[2]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        out = tmp_path / f"run{count}"
        # a shell between, for a program's peak begins at the size of the one that started it, and this one is large
        done = subprocess.run(
            ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", code, str(path), str(out)],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        return int(done.stdout)

    peak(1)  # a first run after a change of rules derives what the others find in the cache
    assert peak(6_000) < 1.15 * peak(1_500)


def test_of_equal_length_parts_of_a_note_are_told_apart() -> None:
    assert fingerprint(Note("p", "n", "bc", "a")) != fingerprint(Note("p", "n", "c", "ab"))
