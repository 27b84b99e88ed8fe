"""A run folder read back, patient by patient, so that memory does not grow with the run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from extractor.errors import UsageError
from extractor.resolver import screen_of
from extractor.runfolder import RUN
from extractor.schema import ANSWER_COLUMNS, MENTION_COLUMNS, Answer, Mention
from extractor.trial import Trial, load_trial

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Row = TypeVar("Row", Answer, Mention)
_ROWS: Final = 5_000
AGAIN: Final = "run `notecriteria screen` again"


@dataclass(frozen=True)
class Patient:
    """One patient of a run.

    Args:
        patient_id: the patient.
        answers: the answers by question, in the order of the trial.
        mentions: all mentions, in the order of the notes.
    """

    patient_id: str
    answers: Mapping[str, Answer]
    mentions: Sequence[Mention]

    @property
    def screen(self) -> str:
        """The roll-up of the answers as they stand now, a reviewer's among them."""
        return screen_of(list(self.answers.values()))

    @property
    def reviewed(self) -> bool:
        """Whether a reviewer gave or confirmed every answer."""
        return all(a.origin == "reviewer" for a in self.answers.values())

    def evidence(self, answer: Answer) -> list[Mention]:
        """Return the mentions behind an answer, strongest first."""
        by_id = {m.mention_id: m for m in self.mentions}
        return [by_id[i] for i in answer.evidence if i in by_id]


@dataclass(frozen=True)
class Run:
    """A run folder.

    Args:
        folder: the folder.
        about: what ``run.json`` says.
        trial: the trial that was asked.
    """

    folder: Path
    about: Mapping[str, Any]
    trial: Trial

    @property
    def statement(self) -> str:
        """How much of the trial is assessed and who decides; stands wherever answers are shown."""
        return str(self.about.get("statement") or self.trial.statement)

    @property
    def version(self) -> str:
        """The version of the tool that made the run."""
        return str((self.about.get("versions") or {}).get("notecriteria") or "unknown")

    @property
    def digest(self) -> str:
        """The digest of the rules that made the run."""
        return str(self.about.get("rules_digest") or "unknown")

    @property
    def system(self) -> str:
        """The tool with version and rules, as other systems name where data come from."""
        return f"notecriteria {self.version} (rules {self.digest})"

    @property
    def finished(self) -> dt.datetime:
        """When the run ended; exports bear this time, so that the same run always gives the same files."""
        when = dt.datetime.fromisoformat(self.about["finished"])
        return when if when.tzinfo else when.replace(tzinfo=dt.UTC)

    @property
    def redacted(self) -> bool:
        """Whether the words of the notes were left out."""
        return bool((self.about.get("options") or {}).get("redact_evidence"))

    def patients(self) -> Iterator[Patient]:
        """Yield all patients by id.

        Raises:
            UsageError: a table that cannot be read, or answers to questions that the trial does not have.
        """
        questions = [q.id for q in self.trial.questions]
        for patient_id, answers, mentions in _merged(self.answers(), self.mentions()):
            given = {a.question: a for a in answers}
            if set(given) != set(questions):
                path = self.folder / "answers.parquet"
                raise UsageError(
                    f"{path}: its questions are not those of {self.trial.trial}; name the trial by --trial"
                )
            yield Patient(patient_id, {q: given[q] for q in questions}, mentions)

    def answers(self) -> Iterator[Answer]:
        """Yield all answers by patient."""
        for row in _rows(self.folder / "answers.parquet", ANSWER_COLUMNS):
            yield Answer(**{**row, "evidence": tuple(row["evidence"] or ())})

    def mentions(self) -> Iterator[Mention]:
        """Return all mentions by patient, each patient's in the order of the notes."""
        return map(mention_of, _rows(self.folder / "mentions.parquet", MENTION_COLUMNS))


def mention_of(row: Mapping[str, Any]) -> Mention:
    """Return a row of ``mentions.parquet`` as a mention."""
    return Mention(**{**row, "cues": tuple(row["cues"] or ()), "details": json.loads(row["details"] or "{}")})


def open_run(folder: Path, *, trial: str | None = None, rules: Path | None = None) -> Run:
    """Return a run folder, ready to be read.

    Args:
        folder: the folder.
        trial: the trial's id or file; by default the one that the run names.
        rules: a site's own rules, where the trial may lie; by default those of the run.

    Raises:
        UsageError: no run folder, or the trial is not found.
        RuleError: a fault in the trial file.
    """
    about = _about(folder / RUN)
    for table in ("answers.parquet", "mentions.parquet"):
        if not (folder / table).is_file():
            raise UsageError(f"{folder / table}: is missing; name a folder that `notecriteria screen` has written")
    return Run(folder, about, _trial(about, trial, rules))


def _about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        dt.datetime.fromisoformat(about["finished"])
    except FileNotFoundError:
        raise UsageError(f"{path}: is missing; name a folder that `notecriteria screen` has written") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{path}: cannot be read as the account of a run; {AGAIN}") from None
    return dict(about)


def _trial(about: Mapping[str, Any], trial: str | None, rules: Path | None) -> Trial:
    from extractor.rulebook import SHIPPED_RULES

    options = about.get("options") or {}
    site = rules or options.get("rules")
    folders = ([Path(site) / "trials"] if site else []) + [SHIPPED_RULES / "trials"]
    try:
        return load_trial(trial or options.get("trial") or about.get("trial") or "", tuple(folders))
    except UsageError as error:
        if trial:
            raise
        raise UsageError(f"the trial of this run is not found ({error}); name its file by --trial") from None


@contextmanager
def open_table(path: Path, columns: Sequence[str]) -> Iterator[pq.ParquetFile]:
    """Open a table of a run.

    Args:
        path: the Parquet file.
        columns: the columns that it must have.

    Raises:
        UsageError: it is missing, damaged, or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            missing = [c for c in columns if c not in file.schema_arrow.names]
            if missing:
                raise UsageError(f"{path}: has no column {missing[0]}; {AGAIN}")
            yield file
    except FileNotFoundError:
        raise UsageError(f"{path}: is missing; name a folder that `notecriteria screen` has written") from None
    except (OSError, pa.ArrowException):
        raise UsageError(f"{path}: cannot be read as a table of a run; {AGAIN}") from None


def _rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table by patient, each patient's in the order of the file."""
    with open_table(path, columns) as file:
        for batch in _batches(file, list(columns)):
            yield from batch.to_pylist()


def _batches(file: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield a table in batches; one that another program has put in another order is sorted in memory."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = file.read(columns=["patient_id"]).column("patient_id").combine_chunks()
    if len(ids) < 2 or pc.all(pc.less_equal(ids[:-1], ids[1:])).as_py():
        yield from file.iter_batches(batch_size=_ROWS, columns=columns)
        return
    table: pa.Table = file.read(columns=columns)
    table = table.append_column("_row", pa.array(range(len(table))))
    ordered = table.sort_by([("patient_id", "ascending"), ("_row", "ascending")]).drop_columns(["_row"])
    yield from ordered.to_batches(max_chunksize=_ROWS)


def _merged(
    answers: Iterator[Answer], mentions: Iterator[Mention]
) -> Iterator[tuple[str, list[Answer], list[Mention]]]:
    """Yield each patient that has answers with what belongs to it; both streams are in order of the patients."""
    others = _by_patient(mentions)
    key, found = next(others, (None, []))
    for patient_id, given in _by_patient(answers):
        while key is not None and key < patient_id:
            key, found = next(others, (None, []))
        yield patient_id, given, found if key == patient_id else []


def _by_patient(rows: Iterator[Row]) -> Iterator[tuple[str, list[Row]]]:
    for patient_id, group in groupby(rows, key=attrgetter("patient_id")):
        yield patient_id, list(group)
