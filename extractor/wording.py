"""The words and tones in which answers are shown; an exclusion that is met must never look like good news."""

from __future__ import annotations

from typing import Final, Literal

Tone = Literal["bad", "good", "open", "silent", "fact"]
_EXCLUDING: Final = {("exclusion", "met"), ("inclusion", "not_met")}
_PASSING: Final = {("exclusion", "not_met"), ("inclusion", "met")}
SCREEN_WORDS: Final = {"excluded": "excluded", "review": "review", "eligible_so_far": "eligible so far"}


def excludes(kind: str, status: str) -> bool:
    """Return whether an answer excludes the patient."""
    return (kind, status) in _EXCLUDING


def status_words(kind: str, status: str) -> str:
    """Return a status as people read it, such as ``met - excludes``."""
    words = status.replace("_", " ")
    return f"{words} – excludes" if excludes(kind, status) else words


def status_tone(kind: str, status: str) -> Tone:
    """Return how a status is coloured; the words say the same."""
    if excludes(kind, status):
        return "bad"
    if (kind, status) in _PASSING:
        return "good"
    if status == "possible":
        return "open"
    return "silent" if status == "not_documented" else "fact"


def printable(text: str) -> str:
    """Return text without control characters and lone surrogates, which terminals and pages cannot show."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\ufffd" if "\ud800" <= c <= "\udfff" else " " for c in text
    )
