"""What the commands do, as plain functions: they take paths and options and return the text to print."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from evaluation import api, spanlearning, tool
from evaluation.agreement import measure_agreement
from evaluation.brat import PRE_ANNOTATED
from evaluation.files import write_private, write_text
from evaluation.gold import NOTES, listed_by_name, pre_annotations, read_gold, read_notes, read_split
from evaluation.label_studio import read_label_studio, write_label_studio
from evaluation.learning import examples_of, joined, learn, marked_sentences, read_first_sight, written
from evaluation.make_gold import write_gold
from evaluation.metamorphic.run import run_transformations
from evaluation.mistakes import find_mistakes
from evaluation.report import write_metamorphic, write_mistakes, write_report
from evaluation.result import EvaluationResult, headline_differences
from evaluation.tables import Tables
from evaluation.testlog import TEST
from extractor.errors import UsageError

Format = Literal["brat", "label-studio"]
_TITLES: Final = {
    "overlap": "mentions, overlapping spans",
    "exact": "mentions, equal spans",
    "attribute": "attributes",
    "answer": "answers",
    "note_type": "mentions by note type (overlapping spans)",
    "note_type_attribute": "attributes by note type",
}


def run_evaluate(
    gold: Path,
    *,
    splits: Sequence[str] | None = None,
    predictions: Path | None = None,
    baseline: bool = False,
    compare: tuple[Path, Path] | None = None,
    gold_mentions: bool = False,
    trial: str = tool.DEFAULT_TRIAL,
    rules: Path | None = None,
    resamples: int = api.RESAMPLES,
    seed: int = api.SEED,
    report: Path | None = None,
    json_file: Path | None = None,
    annotators: tuple[Path, Path] | None = None,
) -> str:
    """Score and return the tables for the terminal; see ``evaluate`` for the options it shares.

    Args:
        gold: the gold folder.
        splits: see ``evaluate``.
        predictions: see ``evaluate``.
        baseline: see ``evaluate``.
        compare: see ``evaluate``.
        gold_mentions: see ``evaluate``.
        trial: see ``evaluate``.
        rules: see ``evaluate``.
        resamples: see ``evaluate``.
        seed: see ``evaluate``.
        report: page to write.
        json_file: file to write all figures to.
        annotators: two annotators' folders whose agreement the page shows.
    """
    result = api.evaluate(
        gold,
        splits=splits,
        predictions=predictions,
        baseline=baseline,
        compare=compare,
        gold_mentions=gold_mentions,
        trial=trial,
        rules=rules,
        resamples=resamples,
        seed=seed,
    )
    if report is not None:
        agreement = measure_agreement(*annotators) if annotators else None
        write_report(result, report, agreement=agreement)
    if json_file is not None:
        write_text(json_file, result.to_json() + "\n")
    return "\n".join(_evaluation_lines(result))


def _evaluation_lines(result: EvaluationResult) -> Iterator[str]:
    rows = pd.DataFrame(result.table())
    for split, meta in result.meta["splits"].items():
        yield f"== {split}: {meta['patients']} patients, {meta['notes']} notes, {meta['mentions']} mentions =="
        of_split = rows[rows["split"] == split] if len(rows) else rows
        for measure, title in _TITLES.items():
            part = of_split[of_split["measure"] == measure] if len(of_split) else of_split
            if len(part):
                shown = part.drop(columns=["split", "measure"]).dropna(axis=1, how="all").fillna("-")
                yield f"\n{title}\n{shown.to_string(index=False)}"
        yield from _calibration_lines(result, split)
        yield ""
    yield from _comparison_lines(result)
    yield from (f"note: {finding}" for finding in result.findings)


def _calibration_lines(result: EvaluationResult, split: str) -> Iterator[str]:
    titles = {
        "calibration": "confidence of answers (Wilson interval; expected by a model that never saw the patient)",
        "reliability": "reliability of that expectation, by fifths",
    }
    for name, title in titles.items():
        table = getattr(result, name)
        part = table[table["split"] == split] if len(table) else table
        if len(part):
            shown = part.drop(columns="split").to_string(index=False, na_rep="-", float_format=lambda v: f"{v:.3f}")
            yield f"\n{title}\n{shown}"


def _comparison_lines(result: EvaluationResult) -> Iterator[str]:
    if result.mcnemar.empty:
        return
    gaps = headline_differences(result)
    yield "differences (first minus second, paired bootstrap)"
    yield gaps.to_string(index=False, na_rep="-", float_format=lambda v: f"{v:+.3f}") + "\n"
    overall = result.mcnemar[result.mcnemar["name"] == "all"]
    yield f"McNemar's exact test on all answers\n{overall.to_string(index=False)}\n"


def run_metamorphic(
    gold: Path,
    *,
    splits: Sequence[str] | None = None,
    only: Sequence[str] = (),
    share: float = 1.0,
    seed: int = api.SEED,
    rules: Path | None = None,
    report: Path | None = None,
    json_file: Path | None = None,
) -> str:
    """Rewrite the texts of splits in known ways and return the rates at which the tool's answers hold, as tables.

    Args:
        gold: the gold folder; only its notes are read.
        splits: the splits; ``dev`` by default.
        only: see ``run_transformations``.
        share: see ``run_transformations``.
        seed: see ``run_transformations``.
        rules: a site's own rules.
        report: page to write, with every failure in the words of the notes, except of the test split.
        json_file: file to write the same to.
    """
    outcomes = [
        run_transformations(gold, split=split, only=only, share=share, seed=seed, rules=rules)
        for split in splits or ["dev"]
    ]
    if report is not None:
        write_metamorphic(outcomes, report)
    if json_file is not None:
        content = [json.loads(outcome.to_json()) for outcome in outcomes]
        write_text(json_file, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    lines = []
    for outcome in outcomes:
        rows = pd.DataFrame([rate.row() for rate in outcome.rates.values()])
        lines += [f"== {outcome.split} ==", rows.to_string(index=False, na_rep="-", float_format=lambda v: f"{v:.4f}")]
        if outcome.failures is None:
            lines.append("This split is blind: rates alone.")
        elif outcome.failures and report is None and json_file is None:
            lines.append(f"{len(outcome.failures)} failures; --html FILE or --json FILE writes all of them")
    return "\n".join(lines)


def run_agreement(a: Path, b: Path, *, splits: Sequence[str] | None = None) -> str:
    """Return the agreement of two annotators' folders as a table.

    Args:
        a: one annotator's folder.
        b: the other's.
        splits: the splits to read.
    """
    rows = measure_agreement(a, b, splits=splits)
    return str(rows.to_string(index=False, na_rep="-", float_format=lambda v: f"{v:.3f}"))


def _to_learn_from(gold: Path, split: str) -> Tables:
    """Return the annotated notes of a split.

    Args:
        gold: the gold folder.
        split: its split.

    Raises:
        UsageError: it is the blind one, which is scored and never learned from, or cannot be read.
    """
    if split == TEST:
        raise UsageError(f"--split {split}: this split is scored and never learned from; name another")
    return read_gold(gold, [split])


def run_learn(
    gold: Path,
    out: Path,
    *,
    split: str = "dev",
    first_sight: Path | None = None,
    sentences: Sequence[Path] = (),
    rules: Path | None = None,
) -> str:
    """Learn the weights of the second reading of attributes, write them, and return what they are worth.

    Args:
        gold: the gold folder.
        out: the file to write.
        split: the split to learn from; the blind one is refused.
        first_sight: table of mentions with their attributes by rules that had not been written from them.
        sentences: YAML files of sentences with marked spans, which are learned from too.
        rules: a site's own rules.

    Raises:
        UsageError: the blind split is named, or a file cannot be read.
    """
    tables = _to_learn_from(gold, split)
    parts = [examples_of(tables.notes, tables.mentions, rules=rules)]
    parts += [examples_of(*marked_sentences(path), rules=rules) for path in sentences]
    made_from: dict[str, str | int] = {
        "gold": f"{gold.name}/{split}",
        "patients": int(tables.notes["patient_id"].nunique()),
        "notes": len(tables.notes),
        "sentences": len(joined(parts[1:]).clues) if sentences else 0,
        "rules": tool.rules_digest(rules),
    }
    learned = learn(joined(parts), read_first_sight(first_sight) if first_sight else None, made_from)
    write_private(out, "".join(written(learned.model)))
    figures = learned.figures.to_string(index=False, float_format=lambda v: f"{v:.3f}")
    return (
        f"{len(learned.model['layer']['clues']):,} clues from {learned.model['made_from']['mentions']:,} mentions -> {out}\n"
        f"F1 on sets left out while learning:\n{figures}"
    )


def run_learn_spans(
    gold: Path, out: Path, *, split: str = "dev", first_sight: Path | None = None, rules: Path | None = None
) -> str:
    """Learn the weights of the second reading of where mentions are, write them, and return what there was to learn from.

    Args:
        gold: the gold folder.
        out: the file to write.
        split: the split to learn from; the blind one is refused.
        first_sight: table of the spans that rules found which had not been written from the notes.
        rules: a site's own rules.

    Raises:
        UsageError: the blind split is named, or a file cannot be read.
    """
    tables = _to_learn_from(gold, split)
    known = spanlearning.read_first_sight(first_sight) if first_sight else None
    sentences = list(spanlearning.sentences_of(tables.notes, tables.mentions, known, rules=rules))
    made_from: dict[str, str | int] = {
        "gold": f"{gold.name}/{split}",
        "notes": len(tables.notes),
        "rules": tool.rules_digest(rules),
    }
    kinds = spanlearning.responses(tables.notes, tables.mentions, rules=rules)
    model = spanlearning.learn(sentences, tables.mentions["label"].unique(), made_from, kinds)
    write_private(out, "".join(spanlearning.written(model)))
    return f"{spanlearning.size(model):,} weights from {len(sentences):,} sentences -> {out}"


def run_mistakes(
    gold: Path,
    *,
    split: str = "dev",
    predictions: Path | None = None,
    only: str | None = None,
    unblind: bool = False,
    trial: str = tool.DEFAULT_TRIAL,
    rules: Path | None = None,
    page: Path | None = None,
    limit: int = 50,
) -> str:
    """Return the mistakes on a split as text; of a blind split the counts alone.

    Args:
        gold: see ``find_mistakes``.
        split: see ``find_mistakes``.
        predictions: see ``find_mistakes``.
        only: see ``find_mistakes``.
        unblind: see ``find_mistakes``.
        trial: see ``find_mistakes``.
        rules: see ``find_mistakes``.
        page: page to write, which holds all of them.
        limit: how many to show as text.
    """
    found = find_mistakes(
        gold, split=split, predictions=predictions, only=only, unblind=unblind, trial=trial, rules=rules
    )
    if page is not None:
        write_mistakes(found, page)
    lines = [] if found.rows is None else [_mistake_text(row) for _, row in found.rows.head(limit).iterrows()]
    if found.rows is None:
        lines.append("This split is blind: counts alone. --unblind shows the mistakes; it is logged.")
    elif len(found.rows) > limit:
        lines.append(f"... and {len(found.rows) - limit} more; --page FILE writes all of them")
    return "\n".join([*lines, found.counts.to_string(index=False)])


def _mistake_text(row: pd.Series) -> str:  # type: ignore[type-arg, unused-ignore]
    what = " ".join(filter(None, (row["kind"], row["name"], row["attribute"])))
    where = " / ".join(str(row[k]) for k in ("patient_id", "note_id") if row[k])
    sentence = " ".join(f"{row['before']}[[{row['text']}]]{row['after']}".split()) if row["text"] else ""
    gold, said = row["gold"] or "nothing", row["predicted"] or "nothing"
    made = ", ".join(f"{k} {row[k]}" for k in ("rule", "cues", "section") if row[k])
    lines = [f"{what}  ({row['bucket']}: {row['why']})", f"  {where}: gold {gold}, predicted {said}", f"  {sentence}"]
    return "\n".join(line for line in [*lines, f"  {made}" if made else ""] if line.strip()) + "\n"


def run_export(
    source: Path, out: Path, *, to: Format, pre_annotate: bool = False, splits: Sequence[str] | None = None
) -> str:
    """Write annotated notes, or notes with the tool's own mentions for correction, for an annotation tool.

    Args:
        source: a gold folder; with ``pre_annotate`` any folder of notes.
        out: the folder to write.
        to: ``brat`` or ``label-studio``.
        pre_annotate: fill in the tool's mentions and mark them as such.
        splits: the splits to read.
    """
    tables = _pre_annotated(source) if pre_annotate else read_gold(source, splits)
    if to == "brat":
        write_gold(tables, out)
    else:
        write_label_studio(tables, out, pre_annotated_by=_by() if pre_annotate else None)
    return f"{out}: {len(tables.notes)} notes, {len(tables.mentions)} mentions" + (" (pre-annotated)" * pre_annotate)


def _by() -> str:
    return f"{tool.NAME} {tool.version()}"


def _pre_annotated(source: Path) -> Tables:
    notes = read_notes(source)
    mark = f"{PRE_ANNOTATED} {_by()}"
    mentions = tool.run_mentions(notes.notes).assign(note=mark)
    plain = notes.notes.assign(split="")
    return replace(notes, notes=plain, mentions=mentions, provenance={"": {"origin": mark}})


def run_import(source: Path, out: Path, *, origin: Format, annotator: str | None = None) -> str:
    """Turn an annotator's brat folder or Label Studio export into a gold split folder.

    Args:
        source: the folder or the export.
        out: the split folder to write.
        origin: ``brat`` or ``label-studio``.
        annotator: whose Label Studio annotations to take.
    """
    if origin == "label-studio":
        file = source if source.is_file() else _only_export(source)
        tables = read_label_studio(file, annotator=annotator)
    else:
        tables = read_split(source, listed=None if (source / NOTES).is_file() else listed_by_name(source, "ann"))
    stated = next((str(p["origin"]) for p in tables.provenance.values() if p.get("origin")), "")
    provenance = {"origin": _corrected(stated, pre_annotations(tables.mentions))}
    placed = replace(tables, notes=tables.notes.assign(split=out.name), provenance={out.name: provenance})
    write_gold(placed, out.parent)
    return f"{out}: {len(tables.notes)} notes, {len(tables.mentions)} mentions; {json.dumps(provenance)}"


def _only_export(folder: Path) -> Path:
    files = sorted(folder.glob("*.json"))
    if len(files) != 1:
        raise UsageError(f"{folder}: holds {len(files)} .json files; name the export itself")
    return files[0]


def _corrected(stated: str, marks: Sequence[str]) -> str:
    """Return the provenance of imported annotations: what they were made from is never lost."""
    made_from = stated or "; ".join(marks)
    if not made_from:
        return "annotated by hand"
    untouched = made_from.startswith(PRE_ANNOTATED) and not made_from.endswith("corrected by hand")
    return f"{made_from}, corrected by hand" if untouched else made_from
