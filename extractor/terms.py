"""The little language of terms: one way to write a clinical term, many ways it stands in a note.

``leuk{ae|e}mia(s)`` is written once in a rule file and matches ``leukaemia``, ``Leukemias`` and a
term broken over a wrapped line. Three signs have a meaning:

* a space matches spaces, a hyphen or one line break with its indentation,
* a hyphen matches a hyphen, a space, a line break or nothing at all,
* ``{a|b}`` matches either part, ``(x)`` or ``(x|y)`` an optional part, with the space beside it.

Everything else stands for itself. Terms match whole words only, whatever their case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_GAP = r"(?:[ \t]{1,8}|-|-?[ \t]{0,8}\n[ \t>*]{0,24})"
_HYPHEN = r"(?:[ \t]?-[ \t]?|[ \t]{1,4}|-?[ \t]{0,8}\n[ \t>*]{0,24})?"
LEFT_EDGE = r"(?<![A-Za-z0-9])(?<!n['’](?=t\b))"
RIGHT_EDGE = r"(?![A-Za-z0-9])"

_OPTIONAL_WORD = re.compile(r"\s\(([^()]*)\)(?=[\s)}|(]|$)")
_OPTIONAL_FIRST = re.compile(r"(?:(?<=^)|(?<=[{|])|(?<=[ ]\)))\(([^()]*)\)\s")
_EMPTY_FIRST = re.compile(r"\{(?:[^{}()]*\|\}|\|[^{}()]*\})\s")
"""``{with|} history`` would match from the space before ``history``, which belongs to the sentence before it."""
_TOKEN = re.compile(r"[{}()|]|\s+|-|[^{}()|\s-]+")


class TermError(ValueError):
    """A term that is not written in the language of terms."""


def term_pattern(term: str) -> str:
    """Return the regular expression for one term, without edges.

    Args:
        term: the term as written in a rule file.

    Raises:
        TermError: unbalanced braces or brackets, an empty term, or one that may begin with a space.
    """
    if not term.strip():
        raise TermError("an empty term")
    if _EMPTY_FIRST.match(term.strip()):
        raise TermError(f"the term {term!r} may begin with nothing and then a space; write the first part as (x)")
    out: list[str] = []
    stack: list[str] = []
    for token in _TOKEN.findall(_written(term)):
        if token in "{(":
            stack.append(token)
            out.append("(?:")
        elif token in "})":
            opened = stack.pop() if stack else ""
            if {"}": "{", ")": "("}[token] != opened:
                raise TermError(f"unbalanced brackets in the term {term!r}")
            out.append(")" if token == "}" else ")?")
        elif token == "|":
            if not stack:
                raise TermError(f"'|' outside of brackets in the term {term!r}")
            out.append("|")
        elif token.isspace():
            out.append(_GAP)
        elif token == "-":
            out.append(_HYPHEN)
        else:
            out.append(re.escape(token))
    if stack:
        raise TermError(f"unbalanced brackets in the term {term!r}")
    return "".join(out)


def _written(term: str) -> str:
    """Return a term with the space of each optional word inside its brackets: behind it where the term may begin with it."""
    written, last = term.strip(), ""
    while written != last:
        written, last = _OPTIONAL_FIRST.sub(r"({\1} )", written, count=1), written
    return _OPTIONAL_WORD.sub(r"( {\1})", written)


def written_forms(term: str, *, most: int = 60) -> list[str]:
    """Return the ways in which a term can be written out, spaces and hyphens as they stand in it.

    Args:
        term: the term as written in a rule file.
        most: no more than so many are given.
    """
    tokens = _TOKEN.findall(_written(term))
    forms, _ = _choices(tokens, 0, most)
    return list(dict.fromkeys(" ".join(form.split()) for form in forms))[:most]


def _choices(tokens: list[str], at: int, most: int) -> tuple[list[str], int]:
    """Return what the tokens up to the closing bracket can stand for, and the place behind it."""
    whole: list[str] = []
    so_far = [""]
    while at < len(tokens) and tokens[at] not in "})":
        token = tokens[at]
        if token == "|":
            whole, so_far = [*whole, *so_far], [""]
        elif token in "{(":
            parts, at = _choices(tokens, at + 1, most)
            parts = [*parts, ""] if token == "(" else parts
            so_far = [a + b for a in so_far for b in parts][:most]
        else:
            so_far = [form + (" " if token.isspace() else token) for form in so_far]
        at += 1
    return [*whole, *so_far], at


def with_edges(pattern: str) -> str:
    """Return the pattern held to whole words at both ends."""
    return f"{LEFT_EDGE}(?:{pattern}){RIGHT_EDGE}"


def parts_of(
    terms: list[str] | tuple[str, ...] = (),
    cased: list[str] | tuple[str, ...] = (),
    patterns: list[str] | tuple[str, ...] = (),
) -> list[str]:
    """Return terms, case-sensitive terms and ready patterns as expressions without edges, in the order they are tried.

    Longer terms come first, so that the longest one wins where several begin at one place.
    """
    parts = [(len(term), term_pattern(term)) for term in terms]
    parts += [(len(term), f"(?-i:{term_pattern(term)})") for term in cased]
    ordered = [pattern for _, pattern in sorted(parts, key=lambda part: -part[0])]
    return ordered + [f"(?:{pattern})" for pattern in patterns]


def whole_words(parts: Sequence[str]) -> str:
    """Return one regular expression for expressions that are to match whole words only."""
    return f"(?a:{with_edges('|'.join(parts))})"


def alternation(
    terms: list[str] | tuple[str, ...] = (),
    cased: list[str] | tuple[str, ...] = (),
    patterns: list[str] | tuple[str, ...] = (),
) -> str:
    """Return one regular expression for terms, case-sensitive terms and ready patterns (see :func:`parts_of`)."""
    return whole_words(parts_of(terms, cased, patterns))
