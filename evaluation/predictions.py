"""Predictions of any system as tables: the tool's own run, a run folder, brat or Label Studio."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.gold import ANSWERS, NOTES, read_answers, read_split
from evaluation.tables import NOTE_KEY, Tables, answer_table, check_tables, mention_table, note_table, rows_of
from evaluation.tool import OWN
from extractor.errors import UsageError


def load_predictions(source: Path | str | Tables, gold: Tables) -> Tables:
    """Return predictions fitted to the gold's notes.

    Args:
        source: a run folder (``mentions.parquet``, ``answers.parquet``), a folder of brat files, a Label Studio
            export (a ``.json`` file or a folder with one), or tables.
        gold: the notes they are for.

    Returns:
        Tables of the gold's notes and patients alone; what was left out stands in ``remarks``.

    Raises:
        UsageError: no such source, or none of its mentions and answers is for a note or patient of the gold.
    """
    tables = source if isinstance(source, Tables) else _read(Path(source), gold)
    check_tables(tables, tables.name)
    return fit(tables, gold)


def _read(path: Path, gold: Tables) -> Tables:
    if path.is_file() and path.suffix == ".json":
        return _label_studio(path, gold)
    if not path.is_dir():
        raise UsageError(f"{path}: is no folder and no Label Studio export; name a run folder or one of brat files")
    if (path / "mentions.parquet").is_file() or (path / "answers.parquet").is_file():
        return read_run(path)
    if any(path.rglob("*.ann")):
        return _brat(path, gold)
    exports = [p for p in sorted(path.glob("*.json")) if p.name not in ("run.json", "provenance.json")]
    if len(exports) == 1:
        return _label_studio(exports[0], gold)
    raise UsageError(f"{path}: holds no mentions.parquet, no .ann files and not one .json export; name another folder")


def read_run(folder: Path) -> Tables:
    """Return the mentions and answers of a run folder.

    Raises:
        UsageError: a table that is missing or no Parquet.
    """
    mentions, answers = (_parquet(folder / f"{name}.parquet") for name in ("mentions", "answers"))
    return Tables(
        note_table(),
        mention_table(row for row in rows_of(mentions) if not row["label"].startswith(OWN)),
        answer_table(rows_of(answers)),
        name=folder.name,
    )


def _parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: is missing; a run folder holds mentions.parquet and answers.parquet") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: is no Parquet ({type(error).__name__}); run `notecriteria screen` again") from None


def _brat(folder: Path, gold: Tables) -> Tables:
    """Return the brat files of a folder; without ``notes.csv`` they are matched to the gold by their names."""
    listing = sorted(folder.glob(f"*/{NOTES}")) or [folder / NOTES]
    if all(p.is_file() for p in listing):
        parts = [read_split(p.parent) for p in listing]
    else:
        parts = [_brat_by_name(folder, gold)]
    return Tables(
        note_table(),
        pd.concat([p.mentions for p in parts], ignore_index=True),
        pd.concat([p.answers for p in parts], ignore_index=True),
        name=folder.name,
        remarks=tuple(r for p in parts for r in p.remarks if "no mentions" in r),
    )


def _brat_by_name(folder: Path, gold: Tables) -> Tables:
    files = {p.stem: p for p in folder.rglob("*.ann")}
    notes = gold.notes.assign(stem=[Path(f).stem for f in gold.notes["file"]])
    notes = notes[notes["stem"].isin(files)]
    if notes.empty:
        raise UsageError(f"{folder}: no .ann file has the name of a gold note; keep the names, or add a {NOTES}")
    twice = notes[notes.duplicated("stem")]
    if len(twice):
        raise UsageError(f"{folder}: the name {twice['stem'].iloc[0]} stands for two gold notes; add a {NOTES}")
    places = [files[s].relative_to(folder).with_suffix(".txt").as_posix() for s in notes["stem"]]
    tables = read_split(folder, listed=notes.drop(columns=["split", "text", "stem"]).assign(file=places))
    return replace(tables, answers=read_answers(folder / ANSWERS) if (folder / ANSWERS).is_file() else answer_table())


def _label_studio(path: Path, gold: Tables) -> Tables:
    from evaluation.label_studio import read_label_studio

    return replace(read_label_studio(path, predictions=True, known=gold.notes), name=path.stem)


def fit(tables: Tables, gold: Tables) -> Tables:
    """Return predictions for the gold's notes alone and say what was left out.

    Args:
        tables: predictions.
        gold: the notes.

    Raises:
        UsageError: nothing is for a note or patient of the gold, or offsets that lie outside of their note.
    """
    fitted = tables.restricted_to(gold.notes)
    remarks = list(tables.remarks)
    for what, before, after in (
        ("mentions", tables.mentions, fitted.mentions),
        ("answers", tables.answers, fitted.answers),
    ):
        left = len(before) - len(after)
        if left and not len(after):
            raise UsageError(f"{tables.name}: none of its {what} is for a {_OF[what]} of the gold; keep the gold's ids")
        if left:
            remarks.append(f"{tables.name}: {left} {what} are for no {_OF[what]} of the gold and were left out")
    mentions, wrong = _checked_texts(fitted.mentions, gold.notes, tables.name)
    if wrong:
        remarks.append(
            f"{tables.name}: the text of {wrong} mentions is not the note's at their offsets; "
            "offsets count code points, line ends untouched"
        )
    return replace(fitted, mentions=mentions, remarks=tuple(remarks))


_OF = {"mentions": "note", "answers": "patient"}


def _checked_texts(mentions: pd.DataFrame, notes: pd.DataFrame, name: str) -> tuple[pd.DataFrame, int]:
    """Return the mentions with their texts from the notes, and how many bore another one."""
    texts: dict[Any, str] = dict(zip(notes[NOTE_KEY].itertuples(index=False, name=None), notes["text"], strict=True))
    slices, wrong = [], 0
    for row in mentions[[*NOTE_KEY, "start", "end", "text"]].itertuples(index=True):
        text = texts[(row.patient_id, row.note_id)]
        if not 0 <= row.start < row.end <= len(text):
            raise UsageError(
                f"{name}, row {row.Index + 1}: the span {row.start}-{row.end} is not within its note; "
                "count code points into the note as the gold has it"
            )
        slices.append(text[row.start : row.end])
        wrong += isinstance(row.text, str) and row.text != slices[-1]
    return mentions.assign(text=pd.Series(slices, index=mentions.index, dtype="object")), wrong
