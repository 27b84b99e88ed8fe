"""The ``notecriteria`` command: parse, call one function, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from extractor.goldcommands import agreement, evaluate, learn, learn_spans, mistakes
from extractor.oneline import OneLineErrors, tell
from extractor.options import AsOf, Json, PasswordFile, Rules, Trial, Url

if TYPE_CHECKING:
    from extractor.notes import Input

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
        typer.Argument(
            metavar="INPUT...",
            help="Folders of .txt, .html, .rtf; CSV, TSV, JSON Lines, Parquet files; s3://, abfs://, gs://; patterns.",
        ),
    ] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="DIR", help="The run folder to write.")] = None,
    trial: Trial = "NCT07208058",
    rules: Rules = None,
    as_of: AsOf = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="FIELD=NAME,...", help="Other column names: text=NOTE_TXT,patient_id=MRN."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Encoding of all text; default: found out.")
    ] = None,
    part_column: Annotated[
        str | None, typer.Option("--part-column", metavar="NAME", help="Number of the part, for notes split over rows.")
    ] = None,
    part_separator: Annotated[
        str, typer.Option("--part-separator", help="What stands between parts: none, space, newline.")
    ] = "none",
    date_shift_column: Annotated[
        str | None,
        typer.Option("--date-shift-column", metavar="NAME", help="Days added to a patient's dates; taken off again."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", help="Processes; the results stay the same.")] = 1,
    redact_evidence: Annotated[
        bool, typer.Option("--redact-evidence", help="Leave the words of the notes out of all files.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a run that was stopped, or read only what is new since the last."),
    ] = False,
    note_timeout: Annotated[
        float | None,
        typer.Option(
            "--note-timeout", metavar="SECONDS", help="Set a note aside that takes longer; 0: no limit. Default: 300."
        ),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", help="local, or spark for a cluster (docs/spark.md).")] = "local",
    master: Annotated[
        str | None,
        typer.Option("--master", metavar="URL", help="With --engine spark: the cluster; default: this machine."),
    ] = None,
    spark_conf: Annotated[
        list[str] | None,
        typer.Option("--spark-conf", metavar="KEY=VALUE", help="With --engine spark: a setting; may be given again."),
    ] = None,
    sql: Annotated[
        str | None, typer.Option("--sql", metavar="QUERY", help="Query that gives the notes, in place of INPUT.")
    ] = None,
    url: Url = None,
    password_file: PasswordFile = None,
) -> None:
    """Read notes and write a run folder: answers with their evidence for every patient."""
    from extractor.errors import NoteCriteriaError, UsageError

    if engine not in ("local", "spark"):
        raise UsageError(f"--engine {engine}: there is no such engine; take local or spark")
    if engine == "local" and (master or spark_conf):
        raise UsageError("--master and --spark-conf are for Spark; add --engine spark")
    if engine == "spark":
        _refuse_local(
            workers=workers != 1,
            resume=resume,
            sql=sql or url,
            part_column=part_column,
            note_timeout=note_timeout is not None,
        )
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
        "encoding": encoding,
        "date_shift_column": date_shift_column,
        "redact_evidence": redact_evidence,
    }
    if engine == "spark":
        from extractor import sparkrun
        from extractor.sparksession import parse_conf

        conf = parse_conf(spark_conf or [])
        run = sparkrun.screen(list(inputs or []), out, master=master, conf=conf, quiet=quiet, **common)
        where = sparkrun.results_line(out)
    else:
        given: list[Input] = [*(inputs or []), *_query(inputs, sql, url, password_file)]
        parts: dict[str, Any] = {"part_column": part_column, "part_separator": part_separator}
        if note_timeout is not None:
            parts["note_timeout"] = note_timeout
        try:
            with nullcontext() if quiet else console.progress() as progress:
                run = batch.screen(given, out, workers=workers, resume=resume, progress=progress, **parts, **common)
        except KeyboardInterrupt:
            raise NoteCriteriaError("stopped; the same command with --resume goes on from here") from None
    for line in console.issue_lines(run, quiet=quiet):
        tell(f"notecriteria: {line}")
    if not quiet:
        console.show_run(run, where)
    if run.issues_of("input"):
        raise typer.Exit(2)


def _refuse_local(**given: object) -> None:
    """Refuse options that only the local engine has."""
    from extractor.errors import UsageError

    instead = {
        "workers": "--workers is for the local engine; on Spark say --master 'local[2]' or --spark-conf",
        "resume": "--resume is for the local engine; Spark repeats what was lost by itself, so leave it out",
        "sql": "--sql and --url are for the local engine; on Spark name table:NAME",
        "note_timeout": "--note-timeout is for the local engine; Spark has none for a note, so leave it out",
        "part_column": "--part-column is for the local engine; for Spark join the parts of each note before",
    }
    for name, told in instead.items():
        if given[name]:
            raise UsageError(told)


def _query(inputs: list[str] | None, sql: str | None, url: str | None, password_file: Path | None) -> list[Input]:
    """Return the notes of a query, where one is given."""
    from extractor.errors import UsageError

    if sql is None and url is None:
        return []
    if inputs or sql is None or url is None:
        raise UsageError("--sql QUERY and --url URL go together and take the place of INPUT; give both, or neither")
    from extractor.databases import Database, DatabaseNotes, password_of

    return [DatabaseNotes(Database(url, password_of(password_file)), sql)]


@app.command()
def load(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
    url: Url = None,
    password_file: PasswordFile = None,
    schema: Annotated[str | None, typer.Option("--schema", help="Schema of note_nlp; default: the user's own.")] = None,
    create: Annotated[bool, typer.Option("--create", help="Make the table note_nlp where there is none.")] = False,
    concepts: Annotated[
        Path | None, typer.Option("--concepts", metavar="FILE", help="CSV of OMOP concept ids: concept,concept_id.")
    ] = None,
) -> None:
    """Write a run's mentions into the OMOP table note_nlp; done again, it changes nothing."""
    from extractor.errors import UsageError

    if url is None:
        raise UsageError("--url URL is missing; name the database")
    from extractor import databases
    from extractor.databases.note_nlp import read_concepts

    database = databases.Database(url, databases.password_of(password_file), writable=True)
    done = databases.load(folder, database, schema=schema, create=create, concepts=read_concepts(concepts))
    for reason, count in done.left_out.items():
        tell(f"notecriteria: {count} mentions left out: {reason}")
    typer.echo(
        f"note_nlp: {done.inserted} rows inserted, {done.updated} updated, {done.deleted} deleted,"
        f" {done.unchanged} unchanged"
    )


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
    note, warnings = work.given_text(text, sys.stdin.buffer.read() if text == "-" else None)
    for warning in warnings:
        tell(f"notecriteria: {warning}")
    rows = work.explain(note, rules=rules, note_date=date.isoformat() if date else None)
    if as_json:
        typer.echo(work.as_json(rows))
        return
    from extractor.console import show_explained

    show_explained(note, rows)


for _command in (evaluate, mistakes, agreement, learn, learn_spans):
    app.command()(_command)


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
        str, typer.Option("--to", metavar="FORMAT", help="redcap, omop, excel, fhir, brat or label-studio.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PATH", help="Folder to write; excel: an .xlsx file; fhir: also a .json Bundle."),
    ] = None,
    notes: Annotated[
        list[str] | None,
        typer.Option("--notes", metavar="INPUT", help="The notes again: brat and label-studio need them, omop may."),
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="FIELD=NAME,...", help="As for screen; default: as in the run.")
    ] = None,
    identifier_system: Annotated[
        str | None, typer.Option("--identifier-system", metavar="URI", help="fhir: whose the patient ids are.")
    ] = None,
    trial: Annotated[
        str | None, typer.Option("--trial", metavar="FILE-or-ID", help="Where the run's trial has moved to.")
    ] = None,
    rules: Rules = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Write a run in the formats of other tools."""
    from extractor import exports
    from extractor.errors import UsageError
    from extractor.notes import parse_columns

    exports.check_format(to, notes=notes or [], identifier_system=identifier_system)
    if out is None:
        raise UsageError("--out PATH is missing; name the folder or file to write")
    mapped = parse_columns(columns) if columns is not None else None
    if to in exports.ANNOTATION_FORMATS:
        from evaluation.handover import hand_over

        done = hand_over(folder, to, out, notes=notes or [], columns=mapped, trial=trial, rules=rules)
    else:
        done = exports.export(
            folder,
            to,
            out,
            trial=trial,
            rules=rules,
            notes=notes or [],
            columns=mapped,
            identifier_system=identifier_system,
        )
    from extractor.console import few

    for line in few(done.issues):
        tell(f"notecriteria: {line}")
    if not quiet:
        typer.echo(done.line)


@app.command()
def review(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The run folder.")]) -> None:
    """Open the page on which answers are accepted or corrected (comes with a later version)."""
    _later(f"review {folder}", True, "report.html in it shows the answers")


if __name__ == "__main__":
    main()
