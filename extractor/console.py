"""What the command shows on a terminal: progress, the closing table, an explained text."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from extractor.explain import Row, facts, marked, segments
from extractor.pace import Pace
from extractor.schema import LABELS, STATUSES
from extractor.wording import SCREEN_WORDS, excludes, printable

if TYPE_CHECKING:
    from rich.console import Console

    from extractor.compare import Difference, Evidence
    from extractor.runrecord import Run

MOST_LINES: Final = 20
"""Lines about notes set aside that are printed; ``run.json`` has all."""
_EVERY: Final = 5.0
_LONG: Final = 60.0
_BLINK: Final = 0.1
"""Seconds between two lines of plain progress, in a run that takes longer than the second, and on a terminal."""
_COLOURS: Final = ("cyan", "green", "magenta", "yellow", "blue", "red")
_TONES: Final = {"met": "", "possible": "yellow", "not_met": "", "not_documented": "dim"}


class _Telling:
    """Counts notes, then patients, and says how far the run is; the words are the same wherever they are shown."""

    def __init__(self) -> None:
        self._notes, self._patients = Pace(), Pace()
        self._began = self._told = time.monotonic()

    def note(self, share: float | None) -> None:
        """Count one more note."""
        if not self._notes.count:  # the clocks start when the rules are loaded
            self._notes = Pace()
            self._began = self._told = time.monotonic()
        self._notes.step(share)
        if self._due():
            self._tell(self._notes.told("notes", "read"), share)

    def patient(self, share: float | None) -> None:
        """Count one more patient."""
        if not self._patients.count:
            self._patients, self._told = Pace(), time.monotonic()
        self._patients.step(share)
        if self._due():
            self._tell(self._patients.told("patients", "answered"), share)

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._told < self._every():
            return False
        self._told = now
        return True

    def _every(self) -> float:
        raise NotImplementedError

    def _tell(self, words: str, share: float | None) -> None:
        raise NotImplementedError


class PlainProgress(_Telling):
    """A line on standard error now and then: often at first, once a minute in a long run."""

    def _every(self) -> float:
        return _EVERY if time.monotonic() - self._began < _LONG else _LONG

    def _tell(self, words: str, share: float | None) -> None:  # noqa: ARG002 - the words tell it
        print(words, file=sys.stderr, flush=True)  # noqa: T201

    def __enter__(self) -> PlainProgress:
        """Return the progress."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""


class TerminalProgress(_Telling):
    """A line on the terminal that keeps changing and leaves nothing behind."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        super().__init__()
        columns = (SpinnerColumn(), BarColumn(20), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console(stderr=True), transient=True)
        self._task = self._progress.add_task("starting", total=None)

    def _every(self) -> float:
        return _BLINK

    def _tell(self, words: str, share: float | None) -> None:
        total = None if share is None else 1.0
        self._progress.update(self._task, description=words, completed=share or 0.0, total=total)

    def __enter__(self) -> TerminalProgress:
        """Start to show it."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._progress.stop()


def progress() -> PlainProgress | TerminalProgress:
    """Return what fits the place that standard error goes to."""
    return TerminalProgress() if sys.stderr.isatty() else PlainProgress()


def console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: no mark-up, no guessing what to colour."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 120
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False, soft_wrap=True)


def issue_lines(run: Run, *, quiet: bool) -> list[str]:
    """Return the lines about what could not be read; with ``quiet`` those about whole inputs alone."""
    lines = [issue.line for issue in run.issues_of("input")]
    if quiet:
        return lines
    aside, more = run.lines(("set_aside", "warning"), MOST_LINES)
    return lines + aside + _and_more(more, "; run.json has all of them")


def few(lines: Sequence[str], where: str = "") -> list[str]:
    """Return lines, or of very many the first ones and how many more there are.

    Args:
        lines: the lines.
        where: what is said of the others.
    """
    return [*lines[:MOST_LINES], *_and_more(len(lines) - MOST_LINES, where)]


def _and_more(count: int, where: str) -> list[str]:
    return [f"... and {count} more{where}"] if count > 0 else []


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def show_run(run: Run, where: str | None = None) -> None:
    """Print the closing table of a run: counts per question, what they mean, and where the report lies.

    Args:
        run: the run.
        where: where the results are, of a run without a report.
    """
    from rich.table import Table
    from rich.text import Text

    out = console()
    trial = run.screener.trial
    aside = len(run.issues_of("set_aside"))
    told = f", {aside} set aside (why: {'the issues' if where else 'run.json'})" if aside else ""
    out.print(
        Text(
            f"{trial.trial}: {_counted(len(run.summaries), 'patient')}, {_counted(run.notes, 'note')} read{told}",
            style="bold",
        )
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("question", "kind"):
        table.add_column(name, header_style="dim")
    for status in STATUSES:
        table.add_column(status.replace("_", " "), justify="right", header_style="dim")
    tallies = run.tallies
    for question in trial.questions:
        counts = tallies[question.id]
        table.add_row(question.id, question.kind, *(_cell(question.kind, s, counts[s]) for s in STATUSES))
    out.print(table)
    out.print("Roll-up: " + ", ".join(f"{SCREEN_WORDS[s]} {n}" for s, n in reversed(run.screens.items())))
    out.print(Text(trial.statement, style="bold red"))
    out.print(where or f"Report: {run.out / 'report.html'}")


def _cell(kind: str, status: str, count: int) -> Any:
    from rich.text import Text

    if count and excludes(kind, status):
        return Text(f"{count} excluded", style="bold red")
    return Text(str(count), style=_TONES[status] if count else "dim")


def show_explained(text: str, rows: Sequence[Row]) -> None:
    """Print a text with its mentions marked, then each mention with its attributes and why."""
    from rich.text import Text

    out = console()
    whole = Text()
    for piece, row in segments(text, rows):
        whole.append(printable(marked(piece, row) if row else piece), style=_style(row) if row else "")
    out.print(whole)
    if not rows:
        out.print("\nNo mention was found.")
    for row in rows:
        out.print(Text(f"\n{row['label']}  {printable(' '.join(row['text'].split()))}", style=_style(row)))
        for name, value in facts(row):
            out.print(Text(f"  {name:<11}", style="dim").append(printable(value), style="default"))


def _style(row: Row) -> str:
    return f"bold {_COLOURS[LABELS.index(row['label']) % len(_COLOURS)]}"


def show_differences(differences: Sequence[Difference]) -> None:
    """Print whose answers differ and the evidence that did it, without words of the notes."""
    out = console()
    patients = {d.patient_id for d in differences}
    for d in differences:
        out.print(printable(f"{d.patient_id}  {d.question}: {_word(d.before)} -> {_word(d.after)}"))
        for evidence in d.evidence:
            out.print(printable(f"    {_evidence_line(evidence)}"))
    out.print(f"{len(differences)} answers of {len(patients)} patients differ.")


def _word(status: str | None) -> str:
    return status.replace("_", " ") if status else "no answer"


def _evidence_line(evidence: Evidence) -> str:
    m = evidence.mention
    if "label" not in m:
        return f"{evidence.what}: {m['mention_id']}"
    line = f"{evidence.what}: {m['label']} {m['concept']}, note {m['note_id']} at {m['start']}-{m['end']}, rule {m['rule']}"
    if m["cues"]:
        line += f", cues {' '.join(m['cues'])}"
    changes = [f"{name} {before} -> {after}" for name, (before, after) in evidence.changes.items()]
    return f"{line}; {', '.join(changes)}" if changes else line
