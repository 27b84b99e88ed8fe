"""notecriteria: free-text clinical notes to pre-filled trial screening, with the evidence for every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extractor.extract import Extractor
    from extractor.pipeline import build_pipeline
    from extractor.schema import Answer, Mention, Note
    from extractor.screener import Screener

__all__ = ["Answer", "Extractor", "Mention", "Note", "Screener", "build_pipeline"]

_HOMES = {
    "Answer": "schema",
    "Extractor": "extract",
    "Mention": "schema",
    "Note": "schema",
    "Screener": "screener",
    "build_pipeline": "pipeline",
}


def __getattr__(name: str) -> Any:
    """Return a public name, importing its module when first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'extractor' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"extractor.{_HOMES[name]}"), name)
