"""Mentions as rows of OMOP CDM 5.4's ``note_nlp``, by the conventions that OHDSI gives for its columns.

https://ohdsi.github.io/CommonDataModel/cdm54.html#note_nlp
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from extractor.errors import UsageError
from extractor.tables import storable

COLUMNS: Final = (
    "note_nlp_id",
    "note_id",
    "section_concept_id",
    "snippet",
    "offset",
    "lexical_variant",
    "note_nlp_concept_id",
    "note_nlp_source_concept_id",
    "nlp_system",
    "nlp_date",
    "nlp_datetime",
    "term_exists",
    "term_temporal",
    "term_modifiers",
)
SYSTEM: Final = "notecriteria"
"""How ``nlp_system`` begins in our rows; by it they are found again."""
NO_CONCEPT: Final = 0
"""OMOP's concept for "no matching concept"."""
_SHORT: Final = 250
_LONG: Final = 2000
"""Lengths of the varchar columns."""


class Concepts(NamedTuple):
    """Concept ids by the names of our concepts and sections, as a site maps them."""

    standard: Mapping[str, int]
    source: Mapping[str, int]
    sections: Mapping[str, int]


def read_concepts(path: Path | None) -> Concepts:
    """Return the concept ids that a site's table gives.

    Args:
        path: CSV with the columns ``concept`` (as in ``mentions.parquet``, or ``section:NAME``), ``concept_id`` and,
            if there is one, ``source_concept_id``; ``None`` maps nothing.

    Raises:
        UsageError: the file cannot be read, a column is missing, or an id is no whole number.
    """
    concepts = Concepts({}, {}, {})
    if path is None:
        return concepts
    standard, source, sections = dict[str, int](), dict[str, int](), dict[str, int]()
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row, line in enumerate(csv.DictReader(stream), start=2):
                name, number = line.get("concept"), line.get("concept_id")
                if not name or not number:
                    raise UsageError(f"--concepts {path}, row {row}: needs concept and concept_id; fill them in")
                kind, _, section = name.partition(":")
                try:
                    (sections if kind == "section" else standard)[section or name] = int(number)
                    if line.get("source_concept_id"):
                        source[name] = int(line["source_concept_id"])
                except ValueError:
                    raise UsageError(f"--concepts {path}, row {row}: an id is no whole number; mend it") from None
    except (OSError, UnicodeDecodeError, csv.Error):
        raise UsageError(f"--concepts {path}: cannot be read as CSV in UTF-8; mend its path or save it anew") from None
    return Concepts(standard, source, sections)


@dataclass(frozen=True)
class Origin:
    """What all rows of a run have in common.

    Args:
        system: name and version of the tool, and its rules.
        when: when the run ended.
        concepts: a site's concept ids.
    """

    system: str
    when: dt.datetime
    concepts: Concepts = field(default_factory=lambda: Concepts({}, {}, {}))


def row_of(mention: Mapping[str, Any], snippet: str | None, origin: Origin) -> dict[str, Any]:
    """Return a mention as a row without ``note_nlp_id``, which the database's other rows decide.

    Args:
        mention: a row of ``mentions.parquet``; ``note_id`` must be a whole number.
        snippet: its sentence, or the part of it around the mention; ``None`` where words are left out.
        origin: what is said of the run.
    """
    concepts, concept = origin.concepts, mention["concept"]
    return {
        "note_id": int(mention["note_id"]),
        "section_concept_id": concepts.sections.get(mention["section"] or "", NO_CONCEPT),
        "snippet": _cut(snippet if snippet is not None else mention["text"]),
        "offset": str(mention["start"]),
        # must not be null; without the words of the note the name of what was found takes their place
        "lexical_variant": _cut(mention["text"] or concept),
        "note_nlp_concept_id": concepts.standard.get(concept, NO_CONCEPT),
        "note_nlp_source_concept_id": concepts.source.get(concept, NO_CONCEPT),
        "nlp_system": _cut(origin.system),
        "nlp_date": origin.when.date(),
        "nlp_datetime": origin.when,
        "term_exists": "N" if mention["negated"] or mention["family"] or mention["hypothetical"] else "Y",
        "term_temporal": "past" if _past(mention) else "present",
        "term_modifiers": _joined(_modifiers(mention)),
    }


def identity(row: Mapping[str, Any]) -> str:
    """Return by what a row is known again: the mention it came from.

    Args:
        row: a row of ``note_nlp``; of another tool's rows nothing is promised.
    """
    return str(row["term_modifiers"] or "").partition(";")[0]


def _past(mention: Mapping[str, Any]) -> bool:
    """Return whether it is history, or dated before the note."""
    date, noted = mention["date"], mention["note_date"]
    return bool(mention["historical"] or (date and noted and date < noted[: len(date)]))


def _modifiers(mention: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield all modifiers, those of the convention first; values of tests and doses are among them."""
    yield "mention", mention["mention_id"]
    yield "negation", _word(mention["negated"])
    yield "subject", "family" if mention["family"] else "patient"
    yield "conditional", _word(mention["hypothetical"])
    yield "uncertain", _word(mention["uncertain"])
    yield "history", _word(mention["historical"])
    yield "label", mention["label"]
    yield "concept", mention["concept"]
    for name in ("date", "result", "comparator", "value", "unit", "normalized_value", "normalized_unit", "section"):
        if mention[name] is not None:
            yield name, _plain(mention[name])
    yield "rule", mention["rule"]
    details = mention["details"]
    for name, value in (json.loads(details) if isinstance(details, str) else details).items():
        if value is not None:
            yield name, _plain(value)


def _word(value: bool) -> str:
    return "true" if value else "false"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _word(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _joined(modifiers: Iterator[tuple[str, str]]) -> str:
    """Return ``name=value;name=value`` with as many whole modifiers as the column holds."""
    joined = ""
    for name, value in modifiers:
        part = f"{name}={value.replace(';', ',').replace('=', ':')}" if name != "comparator" else f"{name}={value}"
        longer = f"{joined};{part}" if joined else part
        if len(longer) > _LONG:
            break
        joined = longer
    return _storable(joined)


def _cut(text: str | None) -> str | None:
    return None if text is None else _storable(" ".join(text.split()))[:_SHORT]


def _storable(text: str) -> str:
    """Return text as every database takes it: no NUL, no lone surrogates."""
    return storable(text.replace("\x00", "\ufffd"))
