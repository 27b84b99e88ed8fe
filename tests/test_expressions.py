"""Kept expressions are those that ``re.compile`` gives, also where nothing can be kept."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from extractor import expressions
from extractor.context import ContextEngine
from extractor.expressions import Expressions, code_of, packed
from extractor.rulebook import load_rulebook

PATTERNS = (
    "",
    "asthma|copd",
    r"(?a:(?<![A-Za-z0-9])(?:EBV|hlh)(?![A-Za-z0-9]))",
    r"(?P<s3>a+)b(?P<s1>[^\W\d_]?)(c)",
    r"(?-i:COP)\b\d{2,4}?(?=\s)",
    "[\u00e9\u0131k\U0001f642]+(?:x|y)*+",
    r"(k)\1",
)
TEXTS = ("", "Asthma COPD ebv, HLH.", "aabXc AAB\u00e9C", "COP2024 cop2024 ", "\u212a\u0130\u0131kK\U0001f642xyx kK")


def kept(patterns: tuple[str, ...]) -> Any:
    """Return the code of patterns as it comes back from the disk."""
    return json.loads(json.dumps(packed(map(code_of, patterns))))


def seen(regex: re.Pattern[str], text: str) -> list[Any]:
    """Return all that an expression says of a text."""
    return [(m.span(), m.groups(), m.groupdict(), m.lastgroup) for m in regex.finditer(text)]


@pytest.mark.parametrize("number", range(len(PATTERNS)))
def test_what_was_kept_matches_as_what_is_compiled(number: int) -> None:
    """All patterns lie in one piece of code; each must be taken from its own place."""
    regex, compiled = Expressions(PATTERNS, kept(PATTERNS)).compiled(number), re.compile(PATTERNS[number], re.I)
    assert (regex.pattern, regex.flags, regex.groups) == (compiled.pattern, compiled.flags, compiled.groups)
    assert dict(regex.groupindex) == dict(compiled.groupindex)
    for text in TEXTS:
        assert seen(regex, text) == seen(compiled, text)


def test_the_code_of_the_rules_is_that_of_re_compile() -> None:
    """Patterns compare equal by flags, code and pattern."""
    book = load_rulebook()
    patterns = (
        *(part for term in book.terms for part in term.parts),
        *(part for rule in ContextEngine(book.cues).rules for part in rule.parts),
    )[::7]
    made = Expressions(patterns, kept(patterns))
    assert all(made.compiled(i) == re.compile(p, re.IGNORECASE) for i, p in enumerate(patterns))
    assert made.made[0] is made.compiled(0)


def test_a_python_whose_code_cannot_be_kept_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept then, and nothing is missed."""
    monkeypatch.setattr(expressions, "_CAN_KEEP", False)
    assert kept(PATTERNS) == ["", [], []]
    assert Expressions(PATTERNS, kept(PATTERNS)).compiled(1) == re.compile(PATTERNS[1], re.IGNORECASE)


def test_code_that_python_does_not_take_is_compiled_anew() -> None:
    """A file that was tampered with costs the time of compiling alone."""
    code, ends, told = kept(PATTERNS)
    wrong = Expressions(PATTERNS, (code, [3 + e for e in ends[:-1]] + ends[-1:], told))
    assert all(wrong.compiled(i) == re.compile(p, re.IGNORECASE) for i, p in list(enumerate(PATTERNS))[1:-1])
