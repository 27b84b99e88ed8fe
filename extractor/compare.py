"""What changed between two runs: whose answers differ, and which evidence did it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from extractor.errors import UsageError
from extractor.schema import ATTRIBUTES

_SHOWN: Final = ("mention_id", "note_id", "note_date", "label", "concept", "start", "end", "rule", "cues")
_COMPARED: Final = (*ATTRIBUTES, "result", "value", "unit", "date", "section")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """A mention that only one run uses for an answer, or that changed between them; never the words of the note.

    Args:
        what: ``gone``, ``new`` or ``changed``.
        mention: where it stands and what made it.
        changes: for each property that differs, before and after.
    """

    what: str
    mention: dict[str, Any]
    changes: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Difference:
    """An answer that differs; ``None`` where a run has no such patient or question."""

    patient_id: str
    question: str
    before: str | None
    after: str | None
    evidence: tuple[Evidence, ...]

    def record(self) -> dict[str, Any]:
        """Return the difference for programs."""
        return asdict(self)


def compare(run_a: Path, run_b: Path) -> list[Difference]:
    """Return the answers that differ between two run folders, by patient and question.

    Args:
        run_a: the earlier run.
        run_b: the later run.

    Raises:
        UsageError: a folder that holds no run.
    """
    before, after = _answers(run_a), _answers(run_b)
    keys = [k for k in _merged(before, after) if _status(before.get(k)) != _status(after.get(k))]
    patients = {patient for patient, _ in keys}
    old, new = _mentions(run_a, patients), _mentions(run_b, patients)
    return [
        Difference(*key, _status(a), _status(b), tuple(_evidence(key[0], a, b, old, new)))
        for key in keys
        for a, b in [(before.get(key), after.get(key))]
    ]


def _merged(before: Mapping[tuple[str, str], Row], after: Mapping[tuple[str, str], Row]) -> list[tuple[str, str]]:
    """Return all keys by patient, the questions of each in the order of the trial."""
    order = {question: i for i, (_, question) in enumerate([*before, *after][::-1])}
    return sorted(before.keys() | after.keys(), key=lambda key: (key[0], -order[key[1]], key[1]))


def _status(answer: Row | None) -> str | None:
    return answer["status"] if answer else None


def _evidence(
    patient: str,
    before: Row | None,
    after: Row | None,
    old: Mapping[tuple[str, str], Row],
    new: Mapping[tuple[str, str], Row],
) -> Iterator[Evidence]:
    used_before, used_after = _used(before), _used(after)
    for mention_id in dict.fromkeys([*used_before, *used_after]):
        a, b = old.get((patient, mention_id)), new.get((patient, mention_id))
        changes = _changes(a, b)
        if mention_id in used_before and mention_id in used_after and not changes:
            continue
        what = "changed" if changes else "gone" if mention_id in used_before else "new"
        shown = (a if what == "gone" else b) or a or {"mention_id": mention_id}
        yield Evidence(what, {k: shown[k] for k in _SHOWN if k in shown}, changes)


def _used(answer: Row | None) -> Sequence[str]:
    return answer["evidence"] if answer else []


def _changes(a: Row | None, b: Row | None) -> dict[str, tuple[Any, Any]]:
    if a is None or b is None:
        return {}
    return {name: (a[name], b[name]) for name in _COMPARED if a[name] != b[name]}


def _answers(folder: Path) -> dict[tuple[str, str], Row]:
    rows = _read(folder, "answers", ["patient_id", "question", "status", "evidence"])
    return {(row["patient_id"], row["question"]): row for row in rows}


def _mentions(folder: Path, patients: set[str]) -> dict[tuple[str, str], Row]:
    if not patients:
        return {}
    rows = _read(folder, "mentions", ["patient_id", *_SHOWN, *_COMPARED], patients)
    return {(row["patient_id"], row["mention_id"]): row for row in rows}


def _read(folder: Path, table: str, columns: list[str], patients: set[str] | None = None) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{table}.parquet"
    wanted = [("patient_id", "in", patients)] if patients else None
    try:
        read = pq.read_table(path, columns=columns, filters=wanted)
    except FileNotFoundError:
        raise UsageError(f"{path}: is missing; name a folder that `notecriteria screen` has written") from None
    except (OSError, pa.ArrowException):
        raise UsageError(f"{path}: cannot be read as a table of a run; run `notecriteria screen` again") from None
    for batch in read.to_batches():
        yield from batch.to_pylist()
