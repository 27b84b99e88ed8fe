"""Texts and small tables on disk, exactly as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from extractor.errors import UsageError


def read_text(path: Path) -> str:
    """Return a file's exact text, line ends untouched.

    Raises:
        UsageError: no such file, or not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UsageError(f"{path}: is missing; every note needs its .txt and its .ann file") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8; save it as UTF-8") from None


def write_text(path: Path, text: str) -> None:
    """Write a text exactly as it is, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def write_private(path: Path, text: str) -> None:
    """Write a text that may hold words of notes: as ``write_text``, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(text.encode("utf-8"))


def inside(folder: Path, file: str, place: str) -> Path:
    """Return the path of a file that a table names, which must lie in the table's folder.

    Args:
        folder: the folder.
        file: the name given.
        place: the table and row named in the message.

    Raises:
        UsageError: the name leads out of the folder.
    """
    path = folder / file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{place}: the file {file} is not in the folder; give a path relative to it")
    return path


def read_csv(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return a CSV file, all its columns as text, ``None`` where nothing stands.

    Args:
        path: the file.
        columns: the columns it must have.

    Raises:
        UsageError: no such file, no CSV, or a column missing.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: is missing") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is no CSV in UTF-8 ({type(error).__name__})") from None
    for column in columns:
        if column not in frame:
            raise UsageError(f"{path}: has no column {column}; it needs {', '.join(columns)}")
    frame = frame.astype("object")
    return frame.where(frame != "", None)
