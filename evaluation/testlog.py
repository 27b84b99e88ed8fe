"""The log of every scoring of the test split: a test set looked at often is no test set any more."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from extractor.errors import UsageError

LOG: Final = "test_scorings.jsonl"
TEST: Final = "test"


def log_path(gold: Path) -> Path:
    """Return where scorings of a gold folder are logged: in the folder that holds the split folders."""
    return (gold.resolve().parent if (gold / "notes.csv").is_file() else gold) / LOG


def log_scoring(gold: Path, entry: Mapping[str, Any]) -> Path:
    """Append an entry to the log, with the date.

    Args:
        gold: the gold folder.
        entry: version, rules digest, figures and whether it was unblinded.

    Raises:
        UsageError: the log cannot be written; then the test split must not be scored.
    """
    path = log_path(gold)
    line = {"date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), **entry}
    try:
        with path.open("a", encoding="utf-8", newline="\n") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({type(error).__name__}), and every scoring of the test split is logged "
            "there; make it writable or score another split"
        ) from None
    return path
