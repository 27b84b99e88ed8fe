"""The run folder: its files, the invariants of its tables, and what never stands in it or on the screen."""

from __future__ import annotations

import csv
import errno
import json
import os
import signal
import stat
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractor import batch, runrecord, workers
from extractor.batch import screen
from extractor.checkpoint import CHECKPOINT
from extractor.errors import NoteCriteriaError, UsageError
from extractor.extract import Extractor
from extractor.notes import read_notes
from extractor.schema import ANSWER_COLUMNS, MENTION_COLUMNS, Note
from extractor.screener import Screener
from extractor.sheet import excel_text
from extractor.tables import MENTION_SCHEMA, TableWriter, packed_table, storable
from extractor.workers import DIED, chunked
from tests.conftest import extract_notes

TABLES = ("mentions.parquet", "answers.parquet", "screening.csv")
FILES = {*TABLES, "report.html", "run.json", CHECKPOINT}


def rows(path: Path) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return table


def lines(path: Path, **row: Any) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != CHECKPOINT}


def sheet(folder: Path) -> list[dict[str, str]]:
    with (folder / "screening.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_all_files_are_there_and_for_their_owner_alone(folder: Path, tmp_path: Path) -> None:
    run = screen([folder], tmp_path / "run")
    assert {p.name for p in run.out.iterdir()} == FILES
    assert stat.S_IMODE(run.out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in run.out.iterdir()} == {0o600}


def test_the_tables_have_the_columns_and_types_of_the_contract(folder: Path, tmp_path: Path) -> None:
    screen([folder], tmp_path / "run")
    mentions = pq.read_schema(tmp_path / "run" / "mentions.parquet")
    answers = pq.read_schema(tmp_path / "run" / "answers.parquet")
    assert tuple(mentions.names) == MENTION_COLUMNS
    assert tuple(answers.names) == ANSWER_COLUMNS
    kinds = {name: str(mentions.field(name).type) for name in ("start", "negated", "value", "details", "text")}
    assert kinds == {"start": "int64", "negated": "bool", "value": "double", "details": "string", "text": "string"}
    assert mentions.field("cues").type == answers.field("evidence").type == pa.list_(pa.string())


def test_a_run_without_mentions_still_has_all_columns(tmp_path: Path) -> None:
    (tmp_path / "p__n.txt").write_text("Feels well.")
    screen([tmp_path / "p__n.txt"], tmp_path / "run")
    assert tuple(pq.read_schema(tmp_path / "run" / "mentions.parquet").names) == MENTION_COLUMNS
    assert {r["status"] for r in rows(tmp_path / "run" / "answers.parquet")} == {"not_documented"}


def test_answers_are_those_of_the_screener_on_whole_notes(folder: Path, tmp_path: Path) -> None:
    copied = "Seen in clinic today; she has severe persistent asthma and takes prednisone 60 mg daily."
    (folder / "P009__a__2021-01-01.txt").write_text(copied)
    (folder / "P009__b__2024-01-01.txt").write_text(copied + " Weight 60 kg. Also DLBCL.")
    screen([folder], tmp_path / "run")
    screener = Screener()
    notes = [n for n in read_notes([folder]) if isinstance(n, Note)]
    for patient in {n.patient_id for n in notes}:
        mentions, answers = screener.screen([n for n in notes if n.patient_id == patient])
        found = [r for r in rows(tmp_path / "run" / "answers.parquet") if r["patient_id"] == patient]
        assert found == [a.row() for a in answers]
        found = [r for r in rows(tmp_path / "run" / "mentions.parquet") if r["patient_id"] == patient]
        assert found == [m.row() for m in mentions]


def test_a_patient_without_a_readable_note_has_a_row_and_answers(folder: Path, tmp_path: Path) -> None:
    run = screen([folder], tmp_path / "run")
    answers = [r for r in rows(run.out / "answers.parquet") if r["patient_id"] == "P003"]
    assert len(answers) == len(run.screener.trial.questions)
    assert {r["status"] for r in answers} == {"not_documented"}
    assert {r["rationale"] for r in answers} == {"No note could be read: the only one was set aside."}
    (row,) = [r for r in sheet(run.out) if r["patient_id"] == "P003"]
    assert (row["notes"], row["screen"]) == ("0", "review")


def test_notes_of_a_patient_may_lie_far_apart(tmp_path: Path) -> None:
    path = tmp_path / "n.jsonl"
    lines(path, patient_id="a", note_id="1", text="Never received CAR-T.", note_date="2024-01-01")
    for i in range(50):
        lines(path, patient_id=f"b{i}", note_id="1", text="Feels well.")
    lines(path, patient_id="a", note_id="2", text="Received axi-cel.", note_date="2024-02-01")
    run = screen([path], tmp_path / "run")
    (row,) = [r for r in sheet(run.out) if r["patient_id"] == "a"]
    assert (row["notes"], row["car_t_exposure"]) == ("2", "met")


def test_results_are_the_same_whatever_the_workers(folder: Path, tmp_path: Path) -> None:
    for i in range(70):
        (folder / f"Q{i:03}__n.txt").write_text(f"Asthma since {1950 + i}. EBV PCR not detected. Denies COPD.")
    screen([folder], tmp_path / "one")
    screen([folder], tmp_path / "again")
    screen([folder], tmp_path / "two", workers=2)
    for name in TABLES:
        first = (tmp_path / "one" / name).read_bytes()
        assert first == (tmp_path / "again" / name).read_bytes()
        assert first == (tmp_path / "two" / name).read_bytes()


def test_row_groups_do_not_tell_in_what_pieces_the_rows_came(tmp_path: Path) -> None:
    given = [m.row() for m in Extractor().mentions("Asthma. EBV PCR 1,200 IU/mL. Denies COPD. Weight 60 kg. \ud800")]
    numbered = [row | {"patient_id": f"p{i}"} for i in range(7000) for row in given]
    for name, piece in (("one", len(numbered)), ("many", 37)):
        with TableWriter((tmp_path / name).open("wb"), MENTION_SCHEMA) as writer:
            for start in range(0, len(numbered), piece):
                writer.add_packed(packed_table(numbered[start : start + piece], MENTION_SCHEMA))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "many").read_bytes()
    assert pq.ParquetFile(tmp_path / "one").num_row_groups == 2


def test_run_json_tells_what_was_done(folder: Path, tmp_path: Path) -> None:
    run = screen([folder], tmp_path / "run", as_of="2024-06-01")
    told = json.loads((run.out / "run.json").read_text())
    assert told["trial"] == "NCT07208058"
    assert (told["criteria_assessed"], told["criteria_total"]) == (10, 22)
    assert "a person decides" in told["statement"]
    assert told["counts"]["patients"] == 3
    assert (told["counts"]["notes_read"], told["counts"]["notes_set_aside"]) == (3, 1)
    assert told["options"]["as_of"] == "2024-06-01"
    assert told["rules_digest"] and told["versions"]["python"]
    (aside,) = told["set_aside"]
    assert aside == {
        "source": str(folder / "P003__empty.txt"),
        "row": None,
        "patient_id": "P003",
        "note_id": "empty",
        "reason": "the file is empty; fill it in or take it away",
    }


def test_redaction_leaves_the_words_of_the_notes_out_and_the_answers_as_they_are(folder: Path, tmp_path: Path) -> None:
    text = "Zebrafishitis. On Decadron 6 mg daily; has Reactive Airway Disease and lymphoma."
    (folder / "Z__n.txt").write_text(text)
    screen([folder], tmp_path / "full")
    screen([folder], tmp_path / "bare", redact_evidence=True)
    assert {r["text"] for r in rows(tmp_path / "bare" / "mentions.parquet")} == {None}
    full, bare = (rows(tmp_path / name / "answers.parquet") for name in ("full", "bare"))
    assert [(r["status"], r["evidence"]) for r in full] == [(r["status"], r["evidence"]) for r in bare]
    everything = "".join(str(r) for r in bare) + (tmp_path / "bare" / "report.html").read_text()
    assert "Decadron" not in everything and "Zebrafishitis" not in everything


NONCE = "Zebrafishitis"


@pytest.mark.parametrize("count", [1, 2])
def test_no_word_of_a_note_reaches_the_screen_the_logs_or_run_json(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, count: int
) -> None:
    path = tmp_path / "n.csv"
    path.write_text(
        f'patient_id,note_id,text,note_date\np,1,{NONCE} with asthma,{NONCE}\np,2,"{NONCE}"x,\n{NONCE},p\np,1,{NONCE},\n'
    )
    run = screen([path], tmp_path / "run", workers=count)
    out, err = capfd.readouterr()
    told = out + err + caplog.text + (run.out / "run.json").read_text() + "".join(i.line for i in run.issues)
    assert len(run.issues) == 4
    assert NONCE not in told


def test_a_failure_on_one_note_sets_it_aside_without_its_words(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals = Extractor.signals

    def fails(self: Extractor, note: Note) -> list[Any]:
        if note.note_id == "a":
            raise ValueError(note.text)
        return signals(self, note)

    monkeypatch.setattr(Extractor, "signals", fails)
    run = screen([folder], tmp_path / "run")
    (issue,) = [i for i in run.issues if i.note_id == "a"]
    assert (
        issue.line == f"{folder / '00417__a__2024-02-02.txt'}: could not be worked on (ValueError); please report this"
    )
    assert "00417" in [s.patient_id for s in run.summaries]


def _dies_on(chunk: list[Note], settings: workers.Settings) -> list[Any]:
    if any("poison" in note.text for note in chunk):
        os.kill(os.getpid(), signal.SIGKILL)
    return [workers.work(note, settings.rules, settings.redact) for note in chunk]


def test_a_note_on_which_a_worker_dies_is_set_aside_and_the_others_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_work_chunk", _dies_on)
    monkeypatch.setattr(workers, "NOTES", 2)
    notes = [Note("p", f"n{i}", "poison" if i == 3 else "asthma") for i in range(8)]
    results = list(extract_notes(notes, None, 2, redact=False))
    assert [r.note_id for r in results] == [n.note_id for n in notes]
    assert [r.note_id for r in results if r.fault] == ["n3"]
    assert results[3].fault == DIED


def test_at_most_a_bounded_number_of_notes_is_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "NOTES", 1)
    read = 0

    def notes() -> Iterator[Note]:
        nonlocal read
        for i in range(1000):
            read += 1
            yield Note("p", str(i), "Feels well.")

    results = extract_notes(notes(), None, 2, redact=False)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert read <= 2 * workers.IN_FLIGHT


def test_chunks_end_by_count_or_by_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "NOTES", 3)
    monkeypatch.setattr(workers, "CHARACTERS", 10)
    texts = ["a", "a", "a", "a" * 20, "a", "a" * 9, "a"]
    chunks = list(chunked((Note("p", str(i), text) for i, text in enumerate(texts)), lambda note: len(note.text)))
    assert [[n.note_id for n in c] for c in chunks] == [["0", "1", "2"], ["3"], ["4", "5"], ["6"]]


ODD = {
    "CRLF": "Denies\r\nasthma.\r\nHas COPD.\r\n",
    "tab": "\tDenies\tasthma.\tCOPD",
    "no-break space": "pulmonary\u00a0fibrosis and\u00a0COPD",
    "emoji": "\U0001f642\U0001f468\u200d\U0001f469\u200d\U0001f467 asthma",
    "accents": "le\u0301ukemia \u0301 asthma, Epstein\u2010Barr, CAR\u2011T",
    "NUL": "EBV\x00PCR and asthma",
    "zero width": "as\u200bthma and CO\u200bPD",
    "lone surrogate": "\ud800 asthma \udfff lym\ud800phoma",
    "line separators": "Denies\u2028asthma\u2029COPD\x0b\x0c",
}


@pytest.mark.parametrize("case", ODD)
def test_offsets_count_into_the_note_as_given(tmp_path: Path, case: str) -> None:
    text = ODD[case]
    lines(tmp_path / "n.jsonl", patient_id="p", note_id="n", text=text)
    screen([tmp_path / "n.jsonl"], tmp_path / "run")
    found = rows(tmp_path / "run" / "mentions.parquet")
    assert found
    for row in found:
        assert row["text"] == storable(text[row["start"] : row["end"]])
        assert 0 <= row["sentence_start"] <= row["start"] < row["end"] <= row["sentence_end"] <= len(text)


WORDS = st.sampled_from(
    ["asthma", "no ", "EBV PCR", "\r\n", "CAR\u2011T", " ", ". ", "PMH:", "5 mg", "\u0301", "\U0001f642"]
)
TEXTS = st.lists(WORDS | st.text(max_size=3), min_size=1, max_size=30).map("".join).filter(str.strip)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_offsets_hold_for_any_text(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "n.jsonl"
    path.unlink(missing_ok=True)
    for i, text in enumerate(texts):
        lines(path, patient_id="p", note_id=str(i), text=text)
    screen([path], tmp_path / "run")
    for row in rows(tmp_path / "run" / "mentions.parquet"):
        assert row["text"] == storable(texts[int(row["note_id"])][row["start"] : row["end"]])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("P001", "P001"),
        ("patient 7", "patient 7"),
        ("00417", "00417"),
        ("1234567890123456", "1234567890123456"),
        ("1E5", "1E5"),
        ("1-2", "1-2"),
        ("TRUE", "TRUE"),
        ("+49", "+49"),
        ("-12", "-12"),
        (" P1", " P1"),
        ("a,b", "a,b"),
        ("=1+1", "'=1+1"),
        ("+49+A1", "'+49+A1"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ('=cmd|"a"', '\'=cmd|"a"'),
    ],
)
def test_ids_stand_as_they_are_unless_excel_would_run_them(value: str, written: str) -> None:
    assert excel_text(value) == written


def test_the_sheet_says_on_every_row_what_it_is_not(folder: Path, tmp_path: Path) -> None:
    run = screen([folder], tmp_path / "run")
    found = sheet(run.out)
    assert [r["patient_id"] for r in found] == ["00417", "P001", "P003"]
    assert all("10 of the 22 criteria" in r["statement"] and "a person decides" in r["statement"] for r in found)


@pytest.mark.parametrize("step", ["_answer", "write_report_of", "write_run"])
def test_a_full_disk_is_told_with_its_remedy_and_costs_only_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", f"{NONCE}.txt")

    with monkeypatch.context() as patch:
        patch.setattr(batch, step, full)
        with pytest.raises(NoteCriteriaError) as told:
            screen([folder], tmp_path / "run")
    expected = f"--out {tmp_path / 'run'}: cannot be written (No space left on device); free some space or mend it,"
    assert str(told.value) == f"{expected} then go on with --resume"
    assert {p.name for p in (tmp_path / "run").iterdir()} == {CHECKPOINT}
    assert screen([folder], tmp_path / "run", resume=True).resumed == 3


@pytest.mark.parametrize(
    "options", [{"workers": 0}, {"as_of": "yesterday"}, {"trial": "NCT0"}, {"rules": "nowhere"}, {"trial": "gone.yaml"}]
)
def test_wrong_options_are_wrong_usage_and_write_nothing(folder: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        screen([folder], tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_without_any_readable_input_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)gone\.csv: .*\n.*gone\.jsonl: "):
        screen([tmp_path / "gone.csv", tmp_path / "gone.jsonl"], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_folder_that_cannot_be_made_is_wrong_usage(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--out"):
        screen([folder], tmp_path / "file")


def test_a_run_that_fails_leaves_the_earlier_one_as_it_was(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen([folder], tmp_path / "run")
    before = contents(tmp_path / "run")
    monkeypatch.setattr(runrecord, "write_report", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        screen([folder], tmp_path / "run", as_of="2030-01-01")
    assert contents(tmp_path / "run") == before


def test_a_folder_of_others_keeps_its_permissions(folder: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    (shared / "other.txt").write_text("")
    screen([folder], shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755
    assert stat.S_IMODE((shared / "answers.parquet").stat().st_mode) == 0o600


def test_the_texts_of_notes_are_not_kept() -> None:
    note = Note("p", "n", "Denies asthma. " + "Feels well today. " * 50_000)
    (result,) = extract_notes([note], None, 1, redact=False)
    assert result.packed is not None
    assert len(result.packed) < 2_000


def test_workers_start_in_fresh_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(workers, "get_context", lambda method: (asked.append(method), get_context(method))[1])  # type: ignore[func-returns-value]
    assert list(extract_notes([], None, 2, redact=False)) == []
    assert asked == ["spawn"]
