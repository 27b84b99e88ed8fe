"""Numbers as they stand in notes: thousands separators, decimal commas, powers of ten, inequality signs."""

from __future__ import annotations

import re
from typing import NamedTuple

WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
        ]
    )
}
"""Numbers that notes write out."""
TEENS_AND_TENS = {
    "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
}  # fmt: skip
"""Words for the ages of grown people; a figure may follow those of tens ("seventy-one")."""
ORDINALS = {
    word: number
    for number, word in enumerate(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"], start=1
    )
}
"""Places in a row that notes write out."""
_SIGN = r"(?P<sign><=|>=|=<|=>|<|>|~|less\sthan|greater\sthan|more\sthan|above|below|under|over|at\sleast|up\sto)?"
_BODY = r"(?P<body>\d{1,3}(?:[ ,.'\u2009]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?|(?<![\d])\.\d+)"
_POWER = r"(?:\s?(?:[x*]\s?)10\s?(?:\^|\*\*|E|e)?\s?(?P<power>\d{1,2})(?![\d/])|\s?[eE][+]?(?P<epower>\d{1,2})\b)?"
NUMBER = re.compile(rf"{_SIGN}\s?{_BODY}{_POWER}(?P<k>\s?[kK](?![A-Za-z/])|\s?million\b|\s?thousand\b)?", re.IGNORECASE)
_COMPARATOR = {
    "<": "<", "less than": "<", "below": "<", "under": "<", "<=": "<=", "=<": "<=", "up to": "<=",
    ">": ">", "greater than": ">", "more than": ">", "above": ">", "over": ">", ">=": ">=", "=>": ">=", "at least": ">=",
}  # fmt: skip


_OF_UNIT = re.compile(r"(?:\^|10[*E]|/\s?c?u?m{1,2})$", re.IGNORECASE)
"""What stands before a figure that belongs to a unit: a power of ten, cubic millimetres."""
_IS_BASE = re.compile(r"(?<=[\sx*]10)[\^*E]\d", re.IGNORECASE)
"""What stands behind the ten of a power of ten in a unit."""


class Number(NamedTuple):
    """A number in a text with its comparator (``=`` where none stands)."""

    start: int
    end: int
    value: float
    comparator: str


def to_float(body: str) -> float:
    """Return the value of the digits of a number; a comma is read by what follows it.

    ``12,400`` and ``12.400,5`` hold thousands separators, ``8,6`` and ``0,79`` are decimals.
    """
    body = body.replace(" ", "").replace("'", "").replace("\u2009", "")
    commas, dots = body.count(","), body.count(".")
    if commas and dots:
        decimal = "," if body.rfind(",") > body.rfind(".") else "."
        other = "." if decimal == "," else ","
        return float(body.replace(other, "").replace(decimal, "."))
    sign = "," if commas else "." if dots else ""
    if not sign:
        return float(body)
    head, *rest = body.split(sign)
    if len(rest) > 1 or (len(rest[0]) == 3 and head != "0" and sign == "," and len(head) <= 3):
        return float(body.replace(sign, ""))
    return float(body.replace(",", "."))


def numbers(text: str, start: int, end: int) -> list[Number]:
    """Return the numbers of a stretch of text."""
    found = []
    for m in NUMBER.finditer(text, start, end):
        if _OF_UNIT.search(text, max(start, m.start() - 4), m.start()) or _IS_BASE.match(text, m.end()):
            continue
        value = to_float(m["body"])
        power = m["power"] or m["epower"]
        if power:
            value *= 10.0 ** int(power)
        if m["k"]:
            value *= 1e6 if "million" in m["k"].lower() else 1e3
        sign = (m["sign"] or "=").lower()
        found.append(Number(m.start(), m.end(), value, _COMPARATOR.get(re.sub(r"\s", " ", sign), "=")))
    return found
