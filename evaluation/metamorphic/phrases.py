"""The wording of the tests, read from ``phrases.yaml``."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from typing import Any

import yaml


@lru_cache(maxsize=1)
def phrases() -> dict[str, Any]:
    """Return the wording by topic."""
    content: dict[str, Any] = yaml.safe_load(pkgutil.get_data("evaluation.metamorphic", "phrases.yaml") or b"")
    return content
