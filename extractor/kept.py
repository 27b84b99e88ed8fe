"""What is derived from the rules and kept on disk, for its owner alone, so that it is derived once."""

from __future__ import annotations

import hashlib
import json
import os
import pkgutil
import sys
import tempfile
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def cache_dir() -> Path:
    """Return the folder in which what is derived from the rules is kept (``NOTECRITERIA_CACHE`` or the user's cache folder)."""
    named = os.environ.get("NOTECRITERIA_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "notecriteria"


def kept(name: str, sources: Iterable[str], modules: Iterable[str], make: Callable[[], Any]) -> Any:
    """Return what was derived from the very same sources by the very same code before, or derive and keep it.

    Args:
        name: what it is, for the file's name.
        sources: what it is derived from.
        modules: modules of this package whose code derives it.
        make: derives it; the outcome holds lists, dictionaries, strings, numbers and ``None`` only.
    """
    digest = hashlib.sha256(sys.version.encode())
    for module in modules:
        digest.update(pkgutil.get_data("extractor", f"{module}.py") or b"")  # it may lie in a zip
    for source in sources:
        digest.update(b"\0" + source.encode())
    path = cache_dir() / f"{name}-{digest.hexdigest()[:32]}.json"
    try:
        outer = json.loads(path.read_bytes())
        if isinstance(outer, dict) and list(outer) == [name]:
            return outer[name]
    except (OSError, ValueError):
        pass
    found = make()
    _keep(path, json.dumps({name: found}, separators=(",", ":")))
    return found


def packed_numbers(numbers: array[int]) -> str:
    """Return numbers as a string that can be kept; as JSON they would take ten times the memory when read."""
    return b64encode(zlib.compress(numbers.tobytes(), level=1)).decode()


def unpacked_numbers(packed: str, code: str) -> array[int]:
    """Return the numbers that a string holds.

    Args:
        packed: the string.
        code: the type code of the array.
    """
    numbers: array[int] = array(code)
    numbers.frombytes(zlib.decompress(b64decode(packed)))
    return numbers


def _keep(path: Path, content: str) -> None:
    """Write a cache file for its owner alone; a cache that cannot be written is done without."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        return
