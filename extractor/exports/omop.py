"""OMOP: ``note_nlp.csv`` with the columns of NOTE_NLP in the OMOP Common Data Model 5.4.

How the columns are filled is told in ``docs/exports.md``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from extractor.exports.files import CsvFile, Exported, export_folder, write_readme
from extractor.exports.run import Run
from extractor.exports.texts import Key, Texts
from extractor.runfolder import RunFolder
from extractor.schema import Mention
from extractor.wording import printable

TABLE: Final = "note_nlp.csv"
NOTE_MAP: Final = "note_id_map.csv"
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
MAP_COLUMNS: Final = ("note_id", "person_source_value", "note_source_value")
LENGTHS: Final[Mapping[str, int]] = {
    "snippet": 250,
    "offset": 50,
    "lexical_variant": 250,
    "nlp_system": 250,
    "term_exists": 1,
    "term_temporal": 50,
    "term_modifiers": 2000,
}
"""The most characters that the model's definition gives to each column."""
NO_CONCEPT: Final = 0
"""The model's concept for what has no standard concept."""
_OPERATORS: Final = {"<": "lt", "<=": "le", "=": "eq", ">=": "ge", ">": "gt"}
_WHOLE = re.compile(r"0|[1-9]\d{0,17}")
_RESERVED = re.compile(r"[%,=\x00-\x1f]")


def write(run: Run, out: Path, texts: Texts | None = None) -> Exported:
    """Write a run's mentions as rows of NOTE_NLP.

    Args:
        run: the run.
        out: the folder to write to.
        texts: the notes again, for the snippets; without them these stay empty.

    Returns:
        What was written.

    Raises:
        UsageError: the folder cannot be written, or the run or the notes cannot be read.
    """
    done = Exported(out, {"mentions": 0})
    with export_folder(out) as folder:
        numbers = _numbers(run)
        if numbers:
            _write_map(folder, numbers)
        with folder.create(TABLE, text=True) as stream:
            table = CsvFile(stream, COLUMNS)
            for number, (mention, snippet) in enumerate(_mentions(run, texts), start=1):
                note_id = numbers[_key(mention)] if numbers else int(mention.note_id)
                row = note_nlp_row(mention, number, note_id, system=run.system, when=run.finished, snippet=snippet)
                table.add(row)
                done.counts["mentions"] = number
        write_readme(folder, run, "NOTE_NLP, OMOP CDM 5.4", _told(bool(numbers)))
    done.issues = texts.issues if texts else []
    return done


def note_nlp_row(
    mention: Mention,
    note_nlp_id: int,
    note_id: int,
    *,
    system: str,
    when: dt.datetime,
    snippet: str | None = None,
) -> dict[str, Any]:
    """Return a mention as a row of NOTE_NLP.

    Args:
        mention: the mention.
        note_nlp_id: the row's own id.
        note_id: the id of its note in the NOTE table.
        system: name and version of what found it.
        when: when it was found.
        snippet: a window of text around it.
    """
    variant = printable(mention.text) if mention.text is not None else mention.concept
    row: dict[str, Any] = {
        "note_nlp_id": note_nlp_id,
        "note_id": note_id,
        "section_concept_id": NO_CONCEPT,
        "snippet": snippet,
        "offset": str(mention.start),
        "lexical_variant": variant,
        "note_nlp_concept_id": NO_CONCEPT,
        "note_nlp_source_concept_id": NO_CONCEPT,
        "nlp_system": system,
        "nlp_date": when.date().isoformat(),
        "nlp_datetime": when.strftime("%Y-%m-%d %H:%M:%S"),
        "term_exists": term_exists(mention),
        "term_temporal": term_temporal(mention),
        "term_modifiers": term_modifiers(mention),
    }
    return {name: value[: LENGTHS[name]] if name in LENGTHS and value else value for name, value in row.items()}


def term_exists(mention: Mention) -> str:
    """Return ``Y`` where the patient has or had what is named, else ``N``.

    The model's conventions make it false for what is negated, conditional or of another person; uncertainty alone
    does not.
    """
    return "N" if mention.negated or mention.hypothetical or mention.family else "Y"


def term_temporal(mention: Mention) -> str | None:
    """Return ``past`` or ``present``; ``None`` for what is only planned or conditional.

    By the conventions, past is what is history or dated before the time of the report. A partial date counts as
    before only where all of it is.
    """
    if mention.hypothetical:
        return None
    dated = mention.date is not None and mention.note_date is not None
    before = dated and str(mention.date) < str(mention.note_date)[: len(str(mention.date))]
    return "past" if mention.historical or before else "present"


def term_modifiers(mention: Mention) -> str:
    """Return all modifiers as ``name=value`` with commas between, as many as the column holds.

    A percent sign, a comma or an equals sign within a value is written as ``%25``, ``%2C``, ``%3D``.
    """
    pairs = [
        f"{name}={_RESERVED.sub(_escaped, str(value))}" for name, value in _modifiers(mention) if value is not None
    ]
    while len(",".join(pairs)) > LENGTHS["term_modifiers"]:
        pairs.pop()
    return ",".join(pairs)


def _escaped(match: re.Match[str]) -> str:
    return f"%{ord(match.group()):02X}"


def _modifiers(m: Mention) -> Iterator[tuple[str, Any]]:
    yield "negated", _flag(m.negated)
    yield "subject", "family" if m.family else "patient"
    yield "certainty", "uncertain" if m.uncertain else "certain"
    yield "conditional", _flag(m.hypothetical)
    yield "historical", _flag(m.historical)
    yield "label", m.label
    yield "concept", m.concept
    yield "section", m.section
    yield "date", m.date
    yield "result", m.result
    if m.value is not None:
        yield "operator", _OPERATORS[m.comparator or "="]
        yield "value", f"{m.value:.10g}"
        yield "unit", m.unit
    if m.normalized_value is not None:
        yield "normalized_value", f"{m.normalized_value:.10g}"
        yield "normalized_unit", m.normalized_unit
    yield "rule", m.rule
    yield "mention_id", m.mention_id
    yield from ((f"details.{name}", _plain(value)) for name, value in sorted(m.details.items()))


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _plain(value: Any) -> str:
    return _flag(value) if isinstance(value, bool) else str(value)


def _mentions(run: Run, texts: Texts | None) -> Iterator[tuple[Mention, str | None]]:
    if texts is None:
        yield from ((mention, None) for mention in run.mentions())
        return
    for note, mentions in texts:
        yield from ((mention, None if run.redacted else snippet(note.text, mention)) for mention in mentions)


def snippet(text: str, mention: Mention) -> str:
    """Return the mention's sentence in one line, or of a long one the part around the mention."""
    low, high, most = mention.sentence_start, mention.sentence_end, LENGTHS["snippet"]
    if high - low > most:
        room = max(0, most - (mention.end - mention.start)) // 2
        low = max(low, mention.start - room)
        high = min(high, low + most)
    return printable(" ".join(text[low:high].split()))


def _key(mention: Mention) -> Key:
    return mention.patient_id, mention.note_id


def _numbers(run: Run) -> dict[Key, int]:
    """Return a number for each note, or nothing where the notes' own ids will do.

    They will where each is a whole number of one note alone, as in a NOTE table; numbers made here are those of
    the notes in the order of the run.
    """
    keys = dict.fromkeys(_key(mention) for mention in run.mentions())
    if len({note_id for _, note_id in keys}) == len(keys) and all(_WHOLE.fullmatch(note_id) for _, note_id in keys):
        return {}
    return {key: number for number, key in enumerate(keys, start=1)}


def _write_map(folder: RunFolder, numbers: Mapping[Key, int]) -> None:
    with folder.create(NOTE_MAP, text=True) as stream:
        table = CsvFile(stream, MAP_COLUMNS)
        for (patient_id, note_id), number in numbers.items():
            table.add(dict(zip(MAP_COLUMNS, (number, patient_id, note_id), strict=True)))


def _told(mapped: bool) -> Iterable[str]:
    yield (
        f"`{TABLE}`: a row per mention, with all columns of NOTE_NLP. It holds what the notes say, not the answers "
        "to the trial's questions. `docs/exports.md` tells how the columns are filled."
    )
    if mapped:
        yield (
            f"`{NOTE_MAP}`: the ids of the notes are no whole numbers, or stand for several notes, so `note_id` was "
            "numbered anew; load the NOTE table with these numbers, or join by this file."
        )
