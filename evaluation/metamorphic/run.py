"""Runs the transformations over a split and counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from evaluation import tool
from evaluation.files import write_text
from evaluation.gold import read_notes
from evaluation.intervals import wilson
from evaluation.metamorphic.case import Case, Transformation
from evaluation.metamorphic.compare import Difference, differences
from evaluation.metamorphic.direction import DIRECTION
from evaluation.metamorphic.form import FORM
from evaluation.metamorphic.layout import LAYOUT
from evaluation.metamorphic.wording import WORDING
from evaluation.testlog import TEST, log_scoring
from extractor.errors import UsageError

TRANSFORMATIONS: Final = (*FORM, *WORDING, *LAYOUT, *DIRECTION)
FRAME: Final = "The patient has {}."


@dataclass
class Rate:
    """How often a transformation left, or changed, all as it must.

    Args:
        name: the transformation.
        kind: ``invariance`` or ``direction``.
        tried: rewritten texts that hold a mention; of whole notes, their mentions.
        failed: those of them that are not as they must be.
        silent: rewritten texts without a mention.
        spoke: those of them in which a mention came up.
    """

    name: str
    kind: str
    tried: int = 0
    failed: int = 0
    silent: int = 0
    spoke: int = 0

    def row(self) -> dict[str, Any]:
        """Return the rate with its interval as a row of a table."""
        low, high = wilson(self.tried - self.failed, self.tried)
        rate = (self.tried - self.failed) / self.tried if self.tried else float("nan")
        counts = {"tried": self.tried, "failed": self.failed, "rate": rate, "low": low, "high": high}
        return {"transformation": self.name, "kind": self.kind, **counts, "silent": self.silent, "spoke": self.spoke}


@dataclass(frozen=True)
class Failure:
    """One rewritten text that is not read as it must be."""

    transformation: str
    about: str
    note: str
    before: str
    after: str
    differences: list[Difference]

    def record(self) -> dict[str, Any]:
        """Return the failure as plain data."""
        return {**vars(self), "differences": [d._asdict() for d in self.differences]}


@dataclass
class Metamorphic:
    """The outcome on one split.

    Args:
        split: the split.
        rates: by transformation, in the order in which they were made.
        failures: every one of them; ``None`` where the split is blind.
    """

    split: str
    rates: dict[str, Rate] = field(default_factory=dict)
    failures: list[Failure] | None = field(default_factory=list)

    def to_json(self) -> str:
        """Return rates and failures as JSON."""
        failures = None if self.failures is None else [f.record() for f in self.failures]
        content = {"split": self.split, "rates": [r.row() for r in self.rates.values()], "failures": failures}
        return json.dumps(content, ensure_ascii=False, indent=1, default=str)


def run_transformations(
    gold: Path | str,
    *,
    split: str = "dev",
    only: Sequence[str] = (),
    share: float = 1.0,
    seed: int = 0,
    rules: Path | None = None,
) -> Metamorphic:
    """Rewrite the texts of a split in every way and compare what the tool reads.

    Args:
        gold: the gold folder; its annotations are not looked at.
        split: the split; of one named ``test`` the rates alone are kept, and the run is logged.
        only: beginnings of the names of the transformations to run; all by default.
        share: the share of the notes to take.
        seed: of all that is left to chance.
        rules: a site's own rules.

    Raises:
        UsageError: no such split or transformation.
    """
    folder = Path(gold) / split
    if not folder.is_dir():
        raise UsageError(f"{gold}: has no split {split}")
    chosen = [t for t in TRANSFORMATIONS if not only or t.name.startswith(tuple(only))]
    if not chosen:
        raise UsageError(
            f"no transformation is called {', '.join(only)}; there are {', '.join(t.name for t in TRANSFORMATIONS)}"
        )
    notes = read_notes(folder).notes.to_dict("records")
    if share < 1:
        notes = [n for i, n in enumerate(notes) if (i + seed) * share % 1 < share]
    reader = tool.Reader(rules)
    blind = split == TEST
    outcome = Metamorphic(split, failures=None if blind else [])
    cases = _Cases(reader, notes, seed)
    for transformation in chosen:
        rate = outcome.rates[transformation.name] = Rate(transformation.name, transformation.kind)
        for note, case in cases.of(transformation.over):
            for failure in _tried(transformation, case, note, rate):
                if outcome.failures is not None:
                    outcome.failures.append(failure)
    if blind:
        figures = {r.name: r.row()["rate"] for r in outcome.rates.values()}
        log = {"what": "metamorphic", "system": tool.NAME, "version": tool.version(), "unblind": False}
        log_scoring(Path(gold), {**log, "rules_digest": tool.rules_digest(rules), "figures": figures})
    return outcome


class _Cases:
    """The cases of a split, read once."""

    def __init__(self, reader: tool.Reader, notes: Iterable[dict[str, Any]], seed: int) -> None:
        self._reader, self._notes, self._seed = reader, list(notes), seed
        self._kept: dict[str, list[tuple[str, Case]]] = {}

    def of(self, over: str) -> list[tuple[str, Case]]:
        """Return (note id, case) of all sentences, whole notes or single mentions."""
        if over not in self._kept:
            made = {"sentence": self._sentences, "note": self._whole, "mention": self._single}[over]
            self._kept[over] = list(made())
        return self._kept[over]

    def _case(self, text: str, note: dict[str, Any]) -> tuple[str, Case]:
        date = note["note_date"]
        return note["note_id"], Case(text, self._reader.mentions(text, date), date, self._reader, self._seed)

    def _whole(self) -> Iterator[tuple[str, Case]]:
        for note in self._notes:
            yield self._case(note["text"], note)

    def _sentences(self) -> Iterator[tuple[str, Case]]:
        for note in self._notes:
            for sentence in self._reader.sentences(note["text"]):
                yield self._case(sentence, note)

    def _single(self) -> Iterator[tuple[str, Case]]:
        seen = set()
        for _, case in self.of("sentence"):
            for mention in case.mentions:
                key = mention["label"], mention["text"].casefold()
                if key not in seen and "\n" not in mention["text"]:
                    seen.add(key)
                    yield self._case(FRAME.format(mention["text"]), {"note_id": "", "note_date": case.note_date})


def _tried(transformation: Transformation, case: Case, note: str, rate: Rate) -> Iterator[Failure]:
    whole = transformation.over == "note"
    if not case.mentions and transformation.kind == "direction":
        return
    for variant in transformation.make(case):
        after = case.reader.mentions(variant.text, case.note_date)
        found = differences(transformation, variant, case.mentions, after)
        if case.mentions:
            rate.tried += len(case.mentions) if whole else 1
            rate.failed += min(len(case.mentions), len({d[:3] for d in found})) if whole else bool(found)
        else:
            rate.silent += 1
            rate.spoke += bool(found)
        if found:
            texts = ("", "") if whole else (case.text, variant.text)
            yield Failure(transformation.name, variant.about, note, *texts, found)


def write_failures(outcome: Metamorphic, path: Path) -> None:
    """Write rates and failures to a JSON file; it holds the words of the notes, except of a blind split."""
    write_text(path, outcome.to_json() + "\n")
