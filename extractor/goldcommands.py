"""The commands that work on annotated notes: parse, call one function of the evaluation, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extractor.options import Gold, Rules, Trial

LearnedFrom = Annotated[Path, typer.Argument(help="Folder with annotated notes.")]
LearnedSplit = Annotated[str, typer.Option("--split", help="The split to learn from.")]
Weights = Annotated[Path, typer.Option("--out", metavar="FILE", help="File of weights to write.")]


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
    answers_from: Annotated[
        str,
        typer.Option("--answers-from", help="tool, or gold: beside it the answers to the gold's own mentions."),
    ] = "tool",
    metamorphic: Annotated[
        bool,
        typer.Option("--metamorphic", help="No scoring: rewrite the texts of dev and see that answers hold or change."),
    ] = False,
    trial: Trial = "NCT07208058",
    rules: Rules = None,
    html: Annotated[Path | None, typer.Option("--html", "--report", metavar="FILE", help="Page to write.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="File for all figures.")] = None,
) -> None:
    """Score the tool, or any predictions, against gold, with intervals."""
    from evaluation.cli import run_evaluate, run_metamorphic
    from extractor.errors import UsageError

    if answers_from not in ("tool", "gold"):
        raise UsageError(f"--answers-from {answers_from}: there is no such source; take tool or gold")
    if metamorphic:
        if predictions or baseline or compare:
            raise UsageError("--metamorphic runs the tool itself; leave out --predictions, --baseline and --compare")
        typer.echo(run_metamorphic(gold, splits=split or None, rules=rules, report=html, json_file=json_file))
        return
    typer.echo(
        run_evaluate(
            gold,
            splits=split or None,
            predictions=predictions,
            baseline=baseline,
            compare=compare,
            gold_mentions=answers_from == "gold",
            trial=trial,
            rules=rules,
            report=html,
            json_file=json_file,
        )
    )


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


def agreement(
    first: Annotated[Path, typer.Argument(help="One annotator's gold folder.")],
    second: Annotated[Path, typer.Argument(help="The other's.")],
) -> None:
    """Agreement of two annotators: mention F1, Cohen's kappa per attribute and question."""
    from evaluation.cli import run_agreement

    typer.echo(run_agreement(first, second))


def learn(
    gold: LearnedFrom,
    out: Weights,
    split: LearnedSplit = "dev",
    first_sight: Annotated[
        Path | None,
        typer.Option(
            "--first-sight", metavar="FILE", help="Mentions as rules saw them that were not written from them."
        ),
    ] = None,
    sentences: Annotated[
        list[Path] | None, typer.Option("--sentences", metavar="FILE", help="Marked sentences to learn from too.")
    ] = None,
    rules: Rules = None,
) -> None:
    """Learn the weights of the second reading of attributes from annotated notes."""
    from evaluation.cli import run_learn

    typer.echo(run_learn(gold, out, split=split, first_sight=first_sight, sentences=sentences or (), rules=rules))


def learn_spans(
    gold: LearnedFrom,
    out: Weights,
    split: LearnedSplit = "dev",
    first_sight: Annotated[
        Path | None,
        typer.Option(
            "--first-sight", metavar="FILE", help="Spans as rules found them that were not written from them."
        ),
    ] = None,
    rules: Rules = None,
) -> None:
    """Learn the weights of the second reading of where mentions are from annotated notes."""
    from evaluation.cli import run_learn_spans

    typer.echo(run_learn_spans(gold, out, split=split, first_sight=first_sight, rules=rules))
