"""HTML and RTF notes: the words that a reader sees, with a map back to the note as given."""

from __future__ import annotations

from extractor.markup.html import is_html, read_html
from extractor.markup.plain import Plain
from extractor.markup.rtf import is_rtf, read_rtf

__all__ = ["Plain", "plain_of"]


def plain_of(note: str) -> Plain | None:
    """Return the words of a note that is HTML or RTF by its content, ``None`` for any other note.

    Args:
        note: the note as given.
    """
    if is_rtf(note):
        return read_rtf(note)
    if is_html(note):
        return read_html(note)
    return None
