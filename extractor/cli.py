"""The ``notecriteria`` command: parse, call one function, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from extractor.oneline import OneLineErrors, tell

LATER = "comes with a later version"


app = typer.Typer(
    cls=OneLineErrors,
    name="notecriteria",
    help="Reads free-text clinical notes and pre-fills trial screening, with the evidence for every answer. A person decides.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
rules_app = typer.Typer(help="The rule and trial files.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(rules_app, name="rules")

Trial = Annotated[str, typer.Option("--trial", metavar="FILE-or-ID", help="Trial id, or the path of a trial file.")]
Rules = Annotated[Path | None, typer.Option("--rules", help="A site's own rules, laid over the shipped ones.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="YYYY-MM-DD", help="Reference date; default: each patient's latest note."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Gold = Annotated[Path, typer.Option("--gold", help="The gold folder, with a folder per split.")]


def main() -> None:
    """Run the command."""
    app()


def _later(what: str, given: object, meanwhile: str = "leave it out for now") -> None:
    from extractor.errors import UsageError

    if given:
        raise UsageError(f"{what} {LATER}; {meanwhile}")


@app.command()
def screen(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="INPUT...", help="Folders of .txt, or CSV, TSV, JSON Lines, Parquet files."),
    ] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="DIR", help="The run folder to write.")] = None,
    trial: Trial = "NCT07208058",
    rules: Rules = None,
    as_of: AsOf = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="FIELD=NAME,...", help="Other column names: text=NOTE_TXT,patient_id=MRN."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", help="Processes; the results stay the same.")] = 1,
    redact_evidence: Annotated[
        bool, typer.Option("--redact-evidence", help="Leave the words of the notes out of all files.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help=f"Go on with a run that was stopped ({LATER}).")] = False,
    engine: Annotated[str, typer.Option("--engine", help="local, or spark for a cluster (docs/spark.md).")] = "local",
    master: Annotated[
        str | None,
        typer.Option("--master", metavar="URL", help="With --engine spark: the cluster; default: this machine."),
    ] = None,
    spark_conf: Annotated[
        list[str] | None,
        typer.Option("--spark-conf", metavar="KEY=VALUE", help="With --engine spark: a setting; may be given again."),
    ] = None,
    sql: Annotated[str | None, typer.Option("--sql", help=f"Query that gives the notes ({LATER}).")] = None,
    url: Annotated[str | None, typer.Option("--url", help=f"Database of the query ({LATER}).")] = None,
) -> None:
    """Read notes and write a run folder: answers with their evidence for every patient."""
    from extractor.errors import UsageError

    for option, given in (("--resume", resume), ("--sql", sql), ("--url", url)):
        _later(option, given)
    if engine not in ("local", "spark"):
        raise UsageError(f"--engine {engine}: there is no such engine; take local or spark")
    if engine == "local" and (master or spark_conf):
        raise UsageError("--master and --spark-conf are for Spark; add --engine spark")
    if engine == "spark" and workers != 1:
        raise UsageError("--workers is for the local engine; on Spark say --master 'local[2]' or --spark-conf")
    if out is None:
        raise UsageError("--out DIR is missing; name the run folder to write")
    from contextlib import nullcontext

    from extractor import batch, console
    from extractor.notes import parse_columns

    where = None
    common: dict[str, Any] = {
        "trial": trial,
        "rules": rules,
        "as_of": as_of,
        "columns": parse_columns(columns),
        "redact_evidence": redact_evidence,
    }
    if engine == "spark":
        from extractor import sparkrun
        from extractor.sparksession import parse_conf

        conf = parse_conf(spark_conf or [])
        run = sparkrun.screen(list(inputs or []), out, master=master, conf=conf, quiet=quiet, **common)
        where = sparkrun.results_line(out)
    else:
        with nullcontext() if quiet else console.progress() as progress:
            run = batch.screen(list(inputs or []), out, workers=workers, progress=progress, **common)
    for line in console.issue_lines(run, quiet=quiet):
        tell(f"notecriteria: {line}")
    if not quiet:
        console.show_run(run, where)
    if run.issues_of("input"):
        raise typer.Exit(2)


@app.command()
def explain(
    text: Annotated[str, typer.Argument(metavar="TEXT|FILE|-", help="A short text, a file, or - for standard input.")],
    rules: Rules = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="The date of the note.")] = None,
    as_json: Json = False,
) -> None:
    """Show the mentions of one text, their attributes, and why."""
    from extractor import explain as work
    from extractor.screener import reference_date

    date = reference_date([], as_of)
    note = work.given_text(text, sys.stdin.buffer.read() if text == "-" else None)
    rows = work.explain(note, rules=rules, note_date=date.isoformat() if date else None)
    if as_json:
        typer.echo(work.as_json(rows))
        return
    from extractor.console import show_explained

    show_explained(note, rows)


@app.command()
def evaluate(
    gold: Gold = Path("annotated_notes"),
    predictions: Annotated[
        Path | None,
        typer.Option("--predictions", help="Run folder, brat folder or Label Studio export; default: the tool itself."),
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option("--split", help="A split to score; may be given again; default: all.")
    ] = None,
    baseline: Annotated[bool, typer.Option("--baseline", help="Score plain medspaCy beside it.")] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--compare", metavar="A B", help="Two systems to compare, in place of --predictions."),
    ] = None,
    trial: Trial = "NCT07208058",
    rules: Rules = None,
    html: Annotated[Path | None, typer.Option("--html", "--report", metavar="FILE", help="Page to write.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="File for all figures.")] = None,
) -> None:
    """Score the tool, or any predictions, against gold, with intervals."""
    from evaluation.cli import run_evaluate

    typer.echo(
        run_evaluate(
            gold,
            splits=split or None,
            predictions=predictions,
            baseline=baseline,
            compare=compare,
            trial=trial,
            rules=rules,
            report=html,
            json_file=json_file,
        )
    )


@app.command()
def mistakes(
    gold: Gold = Path("annotated_notes"),
    split: Annotated[str, typer.Option("--split", help="The split.")] = "dev",
    only: Annotated[str | None, typer.Option("--only", help="Such as FN:LUNG_DISEASE.")] = None,
    unblind: Annotated[bool, typer.Option("--unblind", help="Show mistakes on test; this is logged.")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Page to write.")] = None,
) -> None:
    """List the tool's mistakes on a split, each with its sentence, rule, cue and bucket."""
    from evaluation.cli import run_mistakes

    typer.echo(run_mistakes(gold, split=split, only=only, unblind=unblind, page=html))


@app.command()
def agreement(
    first: Annotated[Path, typer.Argument(help="One annotator's gold folder.")],
    second: Annotated[Path, typer.Argument(help="The other's.")],
) -> None:
    """Agreement of two annotators: mention F1, Cohen's kappa per attribute and question."""
    from evaluation.cli import run_agreement

    typer.echo(run_agreement(first, second))


@app.command()
def compare(
    run_a: Annotated[Path, typer.Argument(help="The earlier run folder.")],
    run_b: Annotated[Path, typer.Argument(help="The later run folder.")],
    as_json: Json = False,
) -> None:
    """List whose answers differ between two runs, and which evidence did it."""
    from extractor import compare as work

    differences = work.compare(run_a, run_b)
    if as_json:
        import json

        typer.echo(json.dumps([d.record() for d in differences], ensure_ascii=True, indent=2))
        return
    from extractor.console import show_differences

    show_differences(differences)


@rules_app.command("check")
def rules_check(rules: Rules = None) -> None:
    """Validate all rule and trial files and run their examples."""
    from extractor.rulecheck import check_rules

    report = check_rules(rules)
    for fault in report.faults:
        tell(fault)
    for name, number in report.counts.items():
        typer.echo(f"{number:>6}  {name}")
    typer.echo(f"{len(report.faults):>6}  faults")
    if report.faults:
        raise typer.Exit(2)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The run folder.")],
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="redcap, omop, excel, fhir, brat, label-studio.")
    ] = "",
) -> None:
    """Write a run in the formats of other tools (comes with a later version)."""
    _later(f"export {folder}{to and f' --to {to}'}", True, "its tables and screening.csv hold the same facts")


@app.command()
def review(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The run folder.")]) -> None:
    """Open the page on which answers are accepted or corrected (comes with a later version)."""
    _later(f"review {folder}", True, "report.html in it shows the answers")


if __name__ == "__main__":
    main()
