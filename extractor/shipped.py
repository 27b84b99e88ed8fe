"""The shipped rules as a folder: installed with the package, beside it in a checkout, or in the zip it is read from."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from extractor.errors import NoteCriteriaError

INSIDE = "extractor/rules/"
"""Where the rules stand in a wheel and in a zip made of the package."""


def shipped_rules(package: Path) -> Path:
    """Return the folder of the shipped rules.

    Args:
        package: the folder of the package, which may lie inside a zip, as on the executors of a cluster.

    Raises:
        NoteCriteriaError: a zip without rules, or no place to unpack them.
    """
    for folder in (package / "rules", package.parent / "rules"):
        if folder.is_dir():
            return folder
    if package.parent.is_file():
        return _unpacked(package.parent)
    return package.parent / "rules"


def _unpacked(archive: Path) -> Path:
    """Return the rules of a zip, unpacked once beside it, else into a folder of this process."""
    stamp = archive.stat()
    ready = archive.parent / f".{archive.name}.{stamp.st_size:x}.{stamp.st_mtime_ns:x}.rules"
    if ready.is_dir():
        return ready / INSIDE
    beside = os.access(archive.parent, os.W_OK)
    try:
        with zipfile.ZipFile(archive) as packed:
            names = [name for name in packed.namelist() if name.startswith(INSIDE)]
            if not names:
                raise NoteCriteriaError(f"{archive}: holds no rules; make it with extractor.spark.package_zip")
            fresh = Path(tempfile.mkdtemp(prefix=".notecriteria-", dir=archive.parent if beside else None))
            packed.extractall(fresh, names)
    except (OSError, zipfile.BadZipFile) as error:
        raise NoteCriteriaError(f"{archive}: its rules cannot be unpacked ({type(error).__name__})") from None
    if beside:
        return _in_place(fresh, ready) / INSIDE
    atexit.register(shutil.rmtree, fresh, ignore_errors=True)
    return fresh / INSIDE


def _in_place(fresh: Path, ready: Path) -> Path:
    """Put what was unpacked under its name as a whole; several processes may try at once, and the first one wins."""
    try:
        fresh.rename(ready)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
    return ready
