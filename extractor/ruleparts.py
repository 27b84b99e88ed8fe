"""Named pieces of patterns, and how ``(?&name)`` takes them into patterns and into one another.

``(?&names:LABEL)`` stands for all plain names of a label's vocabulary, so that what is said about a drug is read whichever of its
names is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

_NAME: Final = re.compile(r"\(\?&(\w+)\)")
_NAMES_OF: Final = re.compile(r"\(\?&names:(\w+)\)")


class PartError(ValueError):
    """A pattern names a part that cannot be taken in.

    Args:
        message: the fault and its remedy.
        part: the part in which it stands, ``None`` for the pattern itself.
    """

    def __init__(self, message: str, part: str | None) -> None:
        self.part = part
        super().__init__(message)


def taken_in(pattern: str, parts: Mapping[str, str], within: tuple[str, ...] = ()) -> str:
    """Return a pattern with the parts that it names taken in.

    Args:
        pattern: a pattern, or a part.
        parts: the pattern of each part by name.
        within: names of the parts of which the pattern is a piece, the outermost first.

    Raises:
        PartError: a part that is not among ``parts``, or one that takes itself in.
    """

    def piece(named: re.Match[str]) -> str:
        name = named[1]
        if name in within:
            circle = " takes in ".join((*within[within.index(name) :], name))
            raise PartError(f"(?&{name}) runs in a circle, for {circle}; write the text of one of them out", name)
        if name not in parts:
            alike = get_close_matches(name, parts, n=1)
            hint = f"; is (?&{alike[0]}) meant?" if alike else "; add it or mend its spelling"
            raise PartError(f"(?&{name}) names no part{hint}", within[-1] if within else None)
        return taken_in(parts[name], parts, (*within, name))

    return _NAME.sub(piece, pattern)


def labels_named(pattern: str) -> set[str]:
    """Return the labels whose names a pattern takes in."""
    return set(_NAMES_OF.findall(pattern))


def names_taken_in(pattern: str, names: Mapping[str, str]) -> str:
    """Return a pattern with the names of labels taken in.

    Args:
        pattern: a pattern whose parts have been taken in.
        names: the expression of all plain names, by label.
    """
    return _NAMES_OF.sub(lambda named: f"(?:{names[named[1]]})", pattern)


def standing_alone(pattern: str) -> str:
    """Return a pattern with a word in the place of the names of labels, which other files tell."""
    return _NAMES_OF.sub("(?:name)", pattern)


def unused(parts: Mapping[str, str], patterns: Iterable[str]) -> list[str]:
    """Return the names of the parts that no pattern takes in, be it through other parts.

    Args:
        parts: the pattern of each part by name.
        patterns: all patterns that may name them, as written.
    """
    waiting, used = list(patterns), set[str]()
    while waiting:
        new = set(_NAME.findall(waiting.pop())) & parts.keys() - used
        used |= new
        waiting += [parts[name] for name in new]
    return [name for name in parts if name not in used]


def checked_alone(pattern: str) -> str:
    """Return a pattern or part that is sound but for the parts that it names, which are not known yet.

    Args:
        pattern: unlike a term's pattern it may match nothing: what may stand between two words may be missing.

    Raises:
        ValueError: no regular expression.
    """
    try:
        re.compile(_NAME.sub("(?:)", standing_alone(pattern)), re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from None
    return pattern
