"""One text explained: its mentions, their attributes, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from extractor.errors import UsageError
from extractor.extract import Extractor
from extractor.learned import LEARNED, SIGN
from extractor.markup import Plain, plain_of
from extractor.notes.files import DAMAGED, decode, open_bytes, why_unread
from extractor.rulebook import Rulebook
from extractor.ruleshapes import Cue, ResultRule
from extractor.schema import ATTRIBUTES, Mention, Note
from extractor.terms import alternation

Row = Mapping[str, Any]
_SHOWN: Final = (
    *("label", "concept", "text", "start", "end", *ATTRIBUTES),
    *("date", "comparator", "value", "unit", "normalized_value", "normalized_unit", "result"),
    *("section", "sentence_start", "sentence_end", "rule"),
)
_SHORT: Final = dict(zip(ATTRIBUTES, ("neg", "hist", "hypo", "unc", "fam"), strict=True))
_PATH = re.compile(r"\S+\.(?:txt|csv|jsonl?|ann|gz|zst|md)|[\w.~-]*[/\\]\S*")


def explain(text: str, *, rules: Path | None = None, note_date: str | None = None) -> list[dict[str, Any]]:
    """Return the mentions of a text with the rule, cues, section and sentence behind each.

    Args:
        text: the text, any characters.
        rules: folder of a site's own rules.
        note_date: the date of the note as ``YYYY-MM-DD``, against which dates in the text are read.
    """
    extractor = Extractor(rules)
    plain = plain_of(text)
    return [_row(m, text, plain, extractor.book) for m in extractor.mentions_of([Note("", "", text, note_date)])]


def _row(m: Mention, text: str, plain: Plain | None, book: Rulebook) -> dict[str, Any]:
    place, at = (m.sentence_start, m.sentence_end), m.start - m.sentence_start
    sentence = text[slice(*place)]
    if plain is not None:
        sentence, at = plain.between(*place), plain.inside(*place)[0]
        at = plain.inside(m.start, m.end)[0] - at
    row = {name: getattr(m, name) for name in _SHOWN}
    clues = m.details.get(LEARNED, {})
    row["cues"] = [{"rule": cue, "words": _clues(cue, clues) or _words(cue, sentence, at, book)} for cue in m.cues]
    row["details"] = {name: value for name, value in m.details.items() if name != LEARNED}
    row["sentence"] = sentence
    return row


def _clues(cue: str, clues: Mapping[str, Sequence[str]]) -> str | None:
    """Return the clues by which a second reading changed an attribute; ``None`` for another cue."""
    if not cue.startswith(SIGN):
        return None
    return ", ".join(clues.get(cue.removeprefix(SIGN).removeprefix("not_"), ())) or None


def _words(cue: str, sentence: str, at: int, book: Rulebook) -> str | None:
    """Return the words of a cue that stand nearest to a mention; ``None`` for a date, a value or a section's header."""
    pattern = _patterns(book).get(cue)
    if pattern is None:
        return None
    found = list(re.finditer(pattern, sentence, re.IGNORECASE))
    nearest = min(found, key=lambda f: min(abs(f.end() - at), abs(f.start() - at)), default=None)
    return nearest.group() if nearest else None


@lru_cache(maxsize=2)
def _patterns(book: Rulebook) -> dict[str, str]:
    rules: list[Cue | ResultRule] = [*book.cues, *book.results]
    return {r.id: alternation(r.terms, r.cased, r.patterns) for r in rules}


class Given(NamedTuple):
    """The text to explain, and what had to be guessed about its encoding."""

    text: str
    warnings: list[str]


def given_text(given: str, stdin: bytes | None = None) -> Given:
    """Return the text to explain.

    Args:
        given: a file, a short text, or ``-`` for standard input.
        stdin: what standard input holds.

    Raises:
        UsageError: a file that is missing, or input that is empty, binary or not UTF-8.
    """
    try:
        if given == "-":
            return _decoded(stdin or b"", "standard input")
        if _is_file(given):
            with open_bytes(Path(given)) as stream:
                return _decoded(stream.read(), given)
    except DAMAGED as error:
        raise UsageError(f"{given}: {why_unread(error)}") from None
    except ValueError as error:
        raise UsageError(f"{'standard input' if given == '-' else given}: {error}") from None
    if _PATH.fullmatch(given):
        raise UsageError(f"{given}: there is no such file; name a file, give a text in quotes, or - for standard input")
    if not given.strip():
        raise UsageError("the text is empty; name a file, give a text in quotes, or - for standard input")
    return Given(given, [])


def _decoded(data: bytes, source: str) -> Given:
    text, script = decode(data, source)
    return Given(text, [warning.line.partition(";")[0] for warning in script.warnings()])


def _is_file(given: str) -> bool:
    try:
        return Path(given).exists()
    except (OSError, ValueError):  # a text may be too long for a file name, or hold a NUL
        return False


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows for programs."""
    return json.dumps(rows, ensure_ascii=True, indent=2)


def segments(text: str, rows: Sequence[Row]) -> Iterator[tuple[str, Row | None]]:
    """Yield the text in pieces, each with the mention that it is, the outermost where several overlap.

    Args:
        text: the text.
        rows: its mentions.
    """
    at = 0
    for row in sorted(rows, key=lambda r: (r["start"], -r["end"])):
        if row["start"] < at:
            continue
        if row["start"] > at:
            yield text[at : row["start"]], None
        yield text[row["start"] : row["end"]], row
        at = row["end"]
    if at < len(text):
        yield text[at:], None


def marked(piece: str, row: Row) -> str:
    """Return a mention in the guideline's mark-up, such as ``[[LUNG_DISEASE neg|asthma]]``."""
    return f"[[{' '.join([row['label'], *(_SHORT[a] for a in ATTRIBUTES if row[a])])}|{piece}]]"


def facts(row: Row) -> Iterator[tuple[str, str]]:
    """Yield what is known of a mention and why, each with its name, in the order in which it is shown."""
    yield "attributes", ", ".join(a for a in ATTRIBUTES if row[a]) or "asserted"
    yield "concept", row["concept"]
    if row["result"]:
        yield "result", row["result"].replace("_", " ")
    if row["value"] is not None:
        yield "value", _amount(row["comparator"], row["value"], row["unit"])
        if row["normalized_value"] is not None and row["normalized_unit"] != row["unit"]:
            yield "normalized", _amount(row["comparator"], row["normalized_value"], row["normalized_unit"])
    if row["date"]:
        yield "date", row["date"]
    if row["details"]:
        yield "details", ", ".join(f"{name} {value}" for name, value in sorted(row["details"].items()))
    yield "rule", row["rule"]
    for cue in row["cues"]:
        yield "cue", f"{cue['rule']} “{cue['words']}”" if cue["words"] else cue["rule"]
    if row["section"]:
        yield "section", row["section"]
    yield "sentence", " ".join(row["sentence"].split())


def _amount(comparator: str | None, value: float, unit: str | None) -> str:
    sign = comparator if comparator not in (None, "=") else None
    return " ".join(filter(None, (sign, f"{value:g}", unit)))
