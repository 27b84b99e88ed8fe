"""What a run did, and how run.json and the report tell it."""

from __future__ import annotations

import datetime as dt
import json
import platform
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from extractor.notes import NoteIssue
from extractor.notes.issues import Kind
from extractor.report import MOST_ISSUES, Frame, Summary, with_details, write_report
from extractor.runfolder import RUN, RunFolder
from extractor.schema import SCREENS
from extractor.screener import Screener
from extractor.spool import Spool
from extractor.tables import storable

_PACKAGES: Final = ("notecriteria", "medspacy", "spacy", "pyarrow")


KINDS: Final[tuple[Kind, ...]] = ("input", "set_aside", "warning")
"""Kinds of issues, the gravest first."""


@dataclass
class Run:
    """What a run did.

    Args:
        out: the run folder.
        screener: the trial and the rules.
        notes: notes read.
        resumed: how many of them an earlier run had read just as they are.
        mentions: mentions written.
        summaries: a line per patient.
        issues: all that could not be read.
        timings: seconds by step.
    """

    out: Path
    screener: Screener
    notes: int = 0
    resumed: int = 0
    mentions: int = 0
    summaries: Summaries = field(default_factory=lambda: Summaries())
    issues: Issues = field(default_factory=lambda: Issues())
    timings: dict[str, float] = field(default_factory=dict)

    def issues_of(self, kind: Kind) -> Spool[NoteIssue]:
        """Return the issues of one kind, in the order of the input."""
        return self.issues.of[kind]

    def lines(self, kinds: Iterable[Kind], most: int) -> tuple[list[str], int]:
        """Return the first lines about issues of some kinds, and how many more there are.

        Args:
            kinds: the kinds.
            most: how many lines.
        """
        chosen = [self.issues.of[kind] for kind in kinds]
        shown = [issue.line for issue in islice(chain.from_iterable(chosen), most)]
        return shown, sum(map(len, chosen)) - len(shown)

    @property
    def tallies(self) -> dict[str, Counter[str]]:
        """How many patients have each status, by question."""
        counts = self.summaries.statuses
        return {q.id: counts[i] for i, q in enumerate(self.screener.trial.questions)}

    @property
    def screens(self) -> dict[str, int]:
        """How many patients have each roll-up."""
        return {screen: self.summaries.screens[screen] for screen in SCREENS}


class Summaries(Spool[Summary]):
    """A line per patient, counted as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.screens: Counter[str] = Counter()
        self.statuses: defaultdict[int, Counter[str]] = defaultdict(Counter)

    def append(self, item: Summary) -> None:
        """Add a patient's line."""
        super().append(item)
        self.screens[item.screen] += 1
        for place, status in enumerate(item.statuses):
            self.statuses[place][status] += 1


class Issues:
    """All that could not be read, by kind, in the order of the input."""

    def __init__(self) -> None:
        self.of: dict[Kind, Spool[NoteIssue]] = {kind: Spool() for kind in KINDS}

    def append(self, issue: NoteIssue) -> None:
        """Add an issue."""
        self.of[issue.kind].append(issue)

    def __iadd__(self, issues: Iterable[NoteIssue]) -> Issues:
        """Add issues."""
        for issue in issues:
            self.append(issue)
        return self

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self.of.values()))

    def __iter__(self) -> Iterator[NoteIssue]:
        """Yield all, the gravest kind first."""
        return chain.from_iterable(self.of.values())


def write_report_of(
    run: Run,
    evidence: Callable[[Sequence[str]], Iterable[str]],
    folder: RunFolder,
    redacted: bool,
    shift: str | None = None,
) -> None:
    """Write ``report.html``.

    Args:
        run: the run, with its summaries.
        evidence: gives what the page shows of patients, in their order.
        folder: the run folder.
        redacted: whether the words of the notes are left out.
        shift: the column of days by which dates were moved back, where there is one.
    """
    chosen = with_details(run.summaries)
    details = evidence([s.patient_id for s in run.summaries if s.patient_id in chosen])
    facts = {
        "Trial": f"{run.screener.trial.trial}: {run.screener.trial.title}",
        "Reference date": str(run.screener.as_of or "the date of each patient's latest note"),
        "Rules": run.screener.extractor.book.digest,
        "Version": f"notecriteria {versions()['notecriteria']}",
    }
    if shift:
        facts["Dates"] = f"moved back by each patient's days in {shift}; the notes' own words show the shifted dates"
    issues, more = run.lines(KINDS, MOST_ISSUES)
    frame = Frame(run.screener.trial, run.tallies, issues, facts, redacted, more)
    with folder.create("report.html", text=True) as stream:
        write_report(stream, frame, run.summaries, details, chosen)


def versions() -> dict[str, str | None]:
    """Return the versions of this tool, of Python and of the packages that matter to its answers."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def run_content(run: Run, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``run.json`` tells of a run, less the issues.

    Args:
        run: the run.
        given: its ``inputs``, its ``options`` and when it ``started``.
    """
    trial = run.screener.trial
    return {
        "tool": "notecriteria",
        "versions": versions(),
        "rules_digest": run.screener.extractor.book.digest,
        "trial": trial.trial,
        "criteria_assessed": trial.criteria_assessed,
        "criteria_total": trial.criteria_total,
        "statement": trial.statement,
        "inputs": given["inputs"],
        "options": given["options"],
        "counts": {
            "patients": len(run.summaries),
            "notes_read": run.notes,
            "notes_set_aside": len(run.issues_of("set_aside")),
            "mentions": run.mentions,
            "screen": run.screens,
            "answers": run.tallies,
        },
        "started": given["started"].isoformat(timespec="seconds"),
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "seconds": run.timings,
        "notes_taken_over": run.resumed,
    }


def write_run(run: Run, folder: RunFolder, given: Mapping[str, Any]) -> None:
    """Write ``run.json``; see ``run_content``."""
    with folder.create(RUN, text=True) as stream:
        stream.writelines(run_text(run, given))


def run_text(run: Run, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the text of ``run.json`` piece by piece, for the issues may be many; see ``run_content``."""
    lists: dict[str, Kind] = {"unreadable_inputs": "input", "set_aside": "set_aside", "warnings": "warning"}
    yield _json(run_content(run, given)).removesuffix("\n}")
    for name, kind in lists.items():
        yield f',\n  "{name}": ['
        for number, issue in enumerate(run.issues_of(kind)):
            yield ("," if number else "") + "\n    " + _json(issue.record()).replace("\n", "\n    ")
        yield "\n  ]" if len(run.issues_of(kind)) else "]"
    yield "\n}\n"


def _json(value: Any) -> str:
    return storable(json.dumps(value, ensure_ascii=False, indent=2))
