"""Rows of OMOP's ``note_nlp`` as a database takes them; their columns are those of ``export --to omop``."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from extractor.errors import UsageError
from extractor.exports.omop import LENGTHS, NO_CONCEPT, note_nlp_row
from extractor.schema import Mention
from extractor.tables import storable
from extractor.wording import printable

SYSTEM: Final = "notecriteria"
"""How ``nlp_system`` begins in our rows; by it they are found again."""
_MENTION: Final = "mention_id="


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


class Origin(NamedTuple):
    """What all rows of a run have in common.

    Args:
        system: name and version of the tool, and its rules.
        when: when the run ended.
        concepts: a site's concept ids.
    """

    system: str
    when: dt.datetime
    concepts: Concepts


def row_of(mention: Mention, snippet: str | None, origin: Origin) -> dict[str, Any]:
    """Return a mention as a row without ``note_nlp_id``, which the database's other rows decide.

    Args:
        mention: the mention; its ``note_id`` must be a whole number.
        snippet: its sentence, or the part of it around the mention; ``None`` where words are left out.
        origin: what is said of the run.
    """
    shown = None if snippet is None else printable(" ".join(snippet.split()))[: LENGTHS["snippet"]]
    row = note_nlp_row(mention, 0, int(mention.note_id), system=origin.system, when=origin.when, snippet=shown)
    del row["note_nlp_id"]
    row = {name: storable(value) if isinstance(value, str) else value for name, value in row.items()}
    concepts = origin.concepts
    return row | {
        "section_concept_id": concepts.sections.get(mention.section or "", NO_CONCEPT),
        "note_nlp_concept_id": concepts.standard.get(mention.concept, NO_CONCEPT),
        "note_nlp_source_concept_id": concepts.source.get(mention.concept, NO_CONCEPT),
        "nlp_date": origin.when.date(),
        "nlp_datetime": origin.when,
    }


def identity(row: Mapping[str, Any]) -> str:
    """Return by what a row is known again: the mention it came from.

    Args:
        row: a row of ``note_nlp``; of another tool's rows nothing is promised.
    """
    parts = str(row["term_modifiers"] or "").split(",")
    return next((part for part in parts if part.startswith(_MENTION)), "")
