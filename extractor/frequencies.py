"""How often strings stand in clinical text, guessed from letters and common words: the cheapest string is the best anchor."""

from __future__ import annotations

import string
from collections.abc import Iterable

BLANK = " "


DIGIT = "0"


_FOLD = bytes(
    ord(chr(b).lower()) if chr(b).isalpha() and b < 128 else ord(DIGIT) if 48 <= b <= 57 else ord(BLANK)
    for b in range(256)
)


ALPHABET = frozenset(string.ascii_lowercase + DIGIT + BLANK)


_PERCENT = (
    "e12.7 t9.1 a8.2 o7.5 i7.0 n6.7 s6.3 h6.1 r6.0 d4.3 l4.0 c2.8 u2.8 m2.4 w2.4 f2.2"
    " g2.0 y2.0 p1.9 b1.5 v1.0 k0.8 j0.15 x0.15 q0.1 z0.07"
)


_OFTEN = {BLANK: 0.19, DIGIT: 0.03} | {each[0]: float(each[1:]) / 125 for each in _PERCENT.split()}
"""How often a sign is met in English text, roughly."""


_AGAIN = {BLANK: 0.3, DIGIT: 0.4}
"""How often a sign is met behind its like."""


_COMMON_WORD = 0.002


_COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "did",
        "do",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "him",
        "his",
        "if",
        "in",
        "is",
        "it",
        "its",
        "may",
        "more",
        "no",
        "not",
        "now",
        "of",
        "off",
        "on",
        "one",
        "or",
        "other",
        "our",
        "out",
        "over",
        "patient",
        "she",
        "so",
        "some",
        "than",
        "that",
        "the",
        "their",
        "then",
        "there",
        "this",
        "to",
        "today",
        "two",
        "up",
        "was",
        "we",
        "were",
        "when",
        "which",
        "while",
        "who",
        "will",
        "with",
        "within",
        "without",
        "would",
        "years",
        "year",
        "old",
        "left",
        "right",
    ]
)


def folded(text: str) -> bytes:
    """Return a text in the scanner's alphabet, with a blank before it and one behind it."""
    return f" {text} ".encode("ascii", "replace").translate(_FOLD)


def fold_sign(code: int) -> str:
    """Return the sign of the scanner's alphabet for a character.

    Args:
        code: its code point.
    """
    return chr(_FOLD[code]) if code < 128 else BLANK


def cost_of(strings: Iterable[str]) -> float:
    """Return how often per character the strings are met by chance.

    Args:
        strings: strings of the scanner's alphabet.
    """
    return sum(map(_chance, strings))


def _chance(text: str) -> float:
    chance, before = 1.0, ""
    for sign in text:
        chance *= _AGAIN.get(sign, _OFTEN[sign]) if sign == before else _OFTEN[sign]
        before = sign
    word = text.strip()
    if not word:
        return 1.0  # a run of white space holds many
    if word in _COMMON:
        return max(chance, _COMMON_WORD)
    return chance / 5 if len(word) == 1 and text[0] == text[-1] == BLANK else chance  # a letter seldom stands alone
