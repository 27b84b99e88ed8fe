"""What the command shows on a terminal: progress, the closing table, an explained text."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from extractor.explain import Row, facts, marked, segments
from extractor.schema import LABELS, STATUSES
from extractor.wording import SCREEN_WORDS, excludes, printable

if TYPE_CHECKING:
    from rich.console import Console

    from extractor.batch import Run
    from extractor.compare import Difference, Evidence

MOST_LINES: Final = 20
"""Lines about notes set aside that are printed; ``run.json`` has all."""
_EVERY: Final = 5.0
"""Seconds between two lines of plain progress."""
_COLOURS: Final = ("cyan", "green", "magenta", "yellow", "blue", "red")
_TONES: Final = {"met": "", "possible": "yellow", "not_met": "", "not_documented": "dim"}


class PlainProgress:
    """A line on standard error now and then."""

    def __init__(self) -> None:
        self._count, self._began = 0, time.monotonic()
        self._told = self._began

    def note(self) -> None:
        """Count one more note."""
        self._count += 1
        now = time.monotonic()
        if now - self._told >= _EVERY:
            self._told = now
            rate = self._count / (now - self._began)
            print(f"{self._count:,} notes read, {rate:,.0f} a second", file=sys.stderr, flush=True)  # noqa: T201

    def __enter__(self) -> PlainProgress:
        """Return the progress."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""


class TerminalProgress:
    """A line on the terminal that keeps changing and leaves nothing behind."""

    def __init__(self) -> None:
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} notes read"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console(stderr=True), transient=True)
        self._task = self._progress.add_task("", total=None)

    def note(self) -> None:
        """Count one more note."""
        self._progress.advance(self._task)

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
    aside = [issue.line for kind in ("set_aside", "warning") for issue in run.issues_of(kind)]
    if len(aside) > MOST_LINES:
        aside = [*aside[:MOST_LINES], f"... and {len(aside) - MOST_LINES} more; run.json has all of them"]
    return lines + aside


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
