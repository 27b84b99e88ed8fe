"""How far a run is: rate and time left, told where somebody looks and never with words of a note."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from extractor import console, spool
from extractor.batch import screen
from extractor.console import PlainProgress, TerminalProgress
from extractor.notes import Found, Reading
from extractor.notes.meter import Meter, size_of
from extractor.notes.reader import find_notes
from extractor.pace import Pace, duration
from extractor.spool import Spool


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left_are_told() -> None:
    clock = Clock()
    pace = Pace(clock)
    for i in range(1, 201):
        clock.now += 0.1
        pace.step(i / 1000)
    assert pace.told("notes", "read") == "200 notes read, 10 a second, 20 %, 80 s left"


def test_the_speed_is_that_of_the_last_minute() -> None:
    clock = Clock()
    pace = Pace(clock)
    for i in range(10_000):
        clock.now += 0.001
        pace.step(i / 20_000)
    for i in range(200):
        clock.now += 1
        pace.step(0.5 + i / 20_000)
    assert pace.rate == pytest.approx(1.0, abs=0.1)
    assert pace.left == pytest.approx(9800, rel=0.1)


def test_without_a_known_size_no_time_is_promised() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(10):
        clock.now += 1
        pace.step(None)
    assert (pace.left, pace.told("notes", "read")) == (None, "10 notes read, 1 a second")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (40, "40 s"), (100, "2 min"), (3000, "50 min"), (7500, "2 h 05 min"), (360_000, "100 h 00 min")],
)
def test_times_are_told_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_elsewhere_than_on_a_terminal_lines_are_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "_EVERY", 0.0)
    with PlainProgress() as progress:
        screen([folder], tmp_path / "run", progress=progress)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" read")[0] for line in lines[:4]] == [f"{i} notes" for i in (1, 2, 3, 4)]
    assert lines[-1].startswith("3 patients answered, ") and "100 %" in lines[-1]


def test_on_a_terminal_a_bar_follows(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_BLINK", 0.0)
    progress = TerminalProgress()
    with progress:
        screen([folder], tmp_path / "run", progress=progress)
    (task,) = progress._progress.tasks
    assert task.description.startswith("3 patients answered")
    assert (task.completed, task.total) == (1.0, 1.0)


def csv(path: Path) -> Path:
    path = path / "n.csv"
    path.write_text("patient_id,note_id,text\n" + "".join(f"p,{i},{'Asthma. ' * 300}\n" for i in range(100)))
    return path


def packed(path: Path) -> Path:
    data = csv(path).read_bytes()
    (path / "n.csv.gz").write_bytes(gzip.compress(data))
    return path / "n.csv.gz"


def parquet(path: Path) -> Path:
    texts = [f"{i} Asthma. " * 300 for i in range(100)]
    table = pa.table({"patient_id": ["p"] * 100, "note_id": [str(i) for i in range(100)], "text": texts})
    pq.write_table(table, path / "n.parquet", compression="none", use_dictionary=False)
    return path / "n.parquet"


def texts(path: Path) -> Path:
    (path / "notes").mkdir()
    for i in range(100):
        (path / "notes" / f"p__{i}.txt").write_text("Asthma. " * 300)
    return path / "notes"


@pytest.mark.parametrize("make", [csv, packed, parquet, texts])
def test_the_share_read_grows_to_the_whole(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    meter = Meter(size_of([path]))
    with meter.running():
        shares = [meter.share or 0.0 for _ in find_notes([path])]
    assert len(shares) == 100
    assert shares == sorted(shares)
    assert shares[-1] > 0.9


class Elsewhere:
    """A source that is no file."""

    def read(self, how: Reading) -> list[Found]:  # noqa: ARG002
        """Give nothing."""
        return []

    def described(self) -> str:
        """Say what it is."""
        return "elsewhere"


@pytest.mark.parametrize("given", [Elsewhere(), "s3://bucket/n.csv"])
def test_of_other_sources_no_size_is_known(given: object) -> None:
    assert size_of([given]) is None


def test_a_missing_file_does_not_hinder_the_others(tmp_path: Path) -> None:
    path = csv(tmp_path)
    assert size_of([tmp_path / "gone.csv", path]) == path.stat().st_size


@pytest.mark.parametrize("memory", [10, 1 << 20])
def test_a_spool_is_a_list_that_may_lie_on_disk(monkeypatch: pytest.MonkeyPatch, memory: int) -> None:
    monkeypatch.setattr(spool, "_IN_MEMORY", memory)
    items: Spool[str] = Spool(["a", "\ud800", "c" * 1000])
    first = iter(items)
    assert next(first) == "a"
    items.append("d")
    assert list(items) == ["a", "\ud800", "c" * 1000, "d"]
    assert list(first) == ["\ud800", "c" * 1000, "d"]
    assert (len(items), "d" in items, "e" in items) == (4, True, False)
