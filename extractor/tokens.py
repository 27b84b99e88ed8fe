"""The tokenizer: runs of letters, runs of digits, single signs, so that every rule match begins and ends on a token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

TOKEN = re.compile(r"[A-Za-z]+|\d+|\s+|[^\sA-Za-z\d]")


def without_space(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a stretch of text without the white space at its ends; of one that is nothing else a character is left.

    Args:
        text: clean text.
        start: where it begins.
        end: where it ends.
    """
    while start < end - 1 and text[start].isspace():
        start += 1
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    return start, end


def token_bounds(text: str, start: int, end: int) -> list[int]:
    """Return the starts of the tokens of a stretch of clean text, white space after a token left out.

    One space behind a token belongs to it; any other white space is a token of its own, as in a spaCy ``Doc``.
    """
    starts: list[int] = []
    for match in TOKEN.finditer(text, start, end):
        at = match.start()
        if match.group()[0].isspace():
            at += bool(starts and text[at] == " ")
        if at < match.end():
            starts.append(at)
    return starts


class ClinicalTokenizer:
    """Callable spaCy tokenizer built on :data:`TOKEN`.

    Args:
        vocab: the pipeline's vocabulary.
    """

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        """Return the ``Doc`` of a clean text."""
        from spacy.tokens import Doc

        words: list[str] = []
        spaces: list[bool] = []
        for match in TOKEN.finditer(text):
            word = match.group()
            if words and word[0] == " " and not spaces[-1]:
                spaces[-1] = True
                word = word[1:]
            if word:
                words.append(word)
                spaces.append(False)
        return Doc(self.vocab, words=words, spaces=spaces)

    def to_bytes(self, **kwargs: object) -> bytes:
        """Return nothing to keep: the tokenizer has no state (spaCy asks for it when saving)."""
        return b""

    def from_bytes(self, data: bytes, **kwargs: object) -> ClinicalTokenizer:
        """Return the tokenizer itself: there is no state to restore."""
        return self
