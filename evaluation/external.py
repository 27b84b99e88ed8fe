"""Corpora that a user holds a licence for: n2c2 2018 track 1 and i2b2 2010 assertions, as they are distributed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pandas as pd

from evaluation.files import read_text
from evaluation.scores import METRICS, mention_scores
from evaluation.tables import Tables, answer_table, mention_table, note_table
from extractor.errors import UsageError

_RECORD_LINE = re.compile(r"^\*{20,}\s*$", re.MULTILINE)
_RECORD_DATE = re.compile(r"Record date:\s*(\d{4}-\d{2}-\d{2})")
_TAG_STATUS: Final = {"met": "met", "not met": "not_met"}

ASSERTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "present": (),
    "absent": ("negated",),
    "possible": ("uncertain",),
    "conditional": ("hypothetical",),
    "hypothetical": ("hypothetical",),
    "associated_with_someone_else": ("family",),
}
"""The assertion classes of i2b2 2010 and the attributes of the guideline that say the same."""
SCORED: Final = ("negated", "hypothetical", "uncertain", "family")
_AST = re.compile(
    r'^c="(?P<text>.*)" (?P<l1>\d+):(?P<t1>\d+) (?P<l2>\d+):(?P<t2>\d+)'
    r'\|\|t="(?P<type>\w+)"(?:\|\|a="(?P<a>\w+)")?\s*$'
)


def read_n2c2_2018(folder: Path | str, *, questions: Mapping[str, str] | None = None) -> Tables:
    """Return the records and eligibility tags of n2c2 2018 track 1 (one XML file a patient).

    Args:
        folder: the folder of XML files.
        questions: which question of ours each tag is (``{"ADVANCED-CAD": "advanced_cad"}``); by default the tag
            in lower case with underscores, as a trial file of one's own may name it.

    Returns:
        Notes (each record of a file, with its date), no mentions, and an answer per patient and tag.

    Raises:
        UsageError: no XML file, or one that is not of this form.
    """
    notes: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    files = sorted(Path(folder).glob("*.xml"))
    if not files:
        raise UsageError(f"{folder}: holds no .xml file; name the folder with one file a patient")
    for path in files:
        root = _n2c2_root(path)
        notes += _records(path, root.findtext("TEXT") or "")
        answers += _tags(path, root, questions or {})
    return Tables(note_table(notes), mention_table(), answer_table(answers), name="n2c2 2018 track 1")


def _n2c2_root(path: Path) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(read_text(path))  # from disk; expat expands no external entity
    except ElementTree.ParseError as error:
        raise UsageError(f"{path}, row {error.position[0]}: is no XML") from None
    if root.tag != "PatientMatching" or root.find("TEXT") is None or root.find("TAGS") is None:
        raise UsageError(f"{path}: is not of n2c2 2018 track 1; it needs <PatientMatching> with <TEXT> and <TAGS>")
    return root


def _records(path: Path, text: str) -> Iterator[dict[str, Any]]:
    records = [part for part in _RECORD_LINE.split(text) if part.strip()]
    for number, record in enumerate(records, start=1):
        date = _RECORD_DATE.search(record)
        yield {
            "split": path.parent.name,
            "patient_id": path.stem,
            "note_id": f"{path.stem}-{number:02}",
            "note_date": date.group(1) if date else None,
            "note_type": "record",
            "file": path.name,
            "text": record,
        }


def _tags(path: Path, root: ElementTree.Element, questions: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for tag in root.find("TAGS") or ():
        status = _TAG_STATUS.get(tag.get("met", ""))
        if status is None:
            raise UsageError(f'{path}: the tag {tag.tag} has neither met="met" nor met="not met"')
        question = questions.get(tag.tag, tag.tag.lower().replace("-", "_"))
        yield {"patient_id": path.stem, "question": question, "status": status}


@dataclass(frozen=True, slots=True)
class Assertion:
    """A concept of i2b2 2010 with its assertion: the document, offsets into its text, and the class."""

    document: str
    start: int
    end: int
    assertion: str


def read_i2b2_2010(folder: Path | str) -> tuple[dict[str, str], list[Assertion]]:
    """Return the texts and assertions of i2b2 2010 (``.txt`` with ``.ast``).

    Args:
        folder: a folder with ``.txt`` and ``.ast`` files, side by side or in subfolders ``txt`` and ``ast``.

    Returns:
        Text by document name, and the assertions.

    Raises:
        UsageError: no such files, or a line that is not of this form.
    """
    texts: dict[str, str] = {}
    assertions: list[Assertion] = []
    files = sorted(Path(folder).rglob("*.ast"))
    if not files:
        raise UsageError(f"{folder}: holds no .ast file; name the folder with the .txt and .ast files")
    where = {p.stem: p for p in Path(folder).rglob("*.txt")}
    for path in files:
        if path.stem not in where:
            raise UsageError(f"{path}: has no {path.stem}.txt in the folder")
        texts[path.stem] = text = read_text(where[path.stem])
        starts = _token_starts(text)
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            if line.strip():
                assertions.append(_assertion(path.stem, line, text, starts, f"{path}, row {number}"))
    return texts, assertions


def read_concepts(path: Path | str, text: str) -> list[tuple[int, int, str]]:
    """Return the concepts of a ``.con`` file as (start, end, type).

    Args:
        path: the file.
        text: the document's text.

    Raises:
        UsageError: a line that is not of this form.
    """
    starts = _token_starts(text)
    concepts = []
    for number, line in enumerate(read_text(Path(path)).splitlines(), start=1):
        if line.strip():
            start, end, match = _located(line, text, starts, f"{path}, row {number}")
            concepts.append((start, end, match["type"]))
    return concepts


def _token_starts(text: str) -> list[list[tuple[int, int]]]:
    """Return (start, end) of each token of each line; tokens are what spaces separate."""
    lines, at = [], 0
    for line in text.split("\n"):
        lines.append([(at + m.start(), at + m.end()) for m in re.finditer(r"\S+", line)])
        at += len(line) + 1
    return lines


def _assertion(document: str, line: str, text: str, starts: list[list[tuple[int, int]]], place: str) -> Assertion:
    start, end, match = _located(line, text, starts, place)
    if match["a"] not in ASSERTIONS:
        raise UsageError(f"{place}: no such assertion; the classes are {', '.join(ASSERTIONS)}")
    return Assertion(document, start, end, match["a"])


def _located(line: str, text: str, starts: list[list[tuple[int, int]]], place: str) -> tuple[int, int, re.Match[str]]:
    match = _AST.match(line)
    if match is None:
        raise UsageError(f'{place}: is not of the form c="..." line:token line:token||t="..."')
    first, t1, last, t2 = (int(match[k]) for k in ("l1", "t1", "l2", "t2"))
    try:
        start, end = starts[first - 1][t1][0], starts[last - 1][t2][1]  # lines count from 1, tokens from 0
    except IndexError:
        raise UsageError(f"{place}: the token is not in the text; is it the .txt of this file?") from None
    if text[start:end].lower().split() != match["text"].lower().split():
        raise UsageError(f"{place}: the concept is not the text at its tokens; is it the .txt of this file?")
    return start, end, match


def score_assertions(
    texts: Mapping[str, str],
    assertions: list[Assertion],
    assert_span: Callable[[str, int, int], Mapping[str, bool]],
) -> pd.DataFrame:
    """Score the attributes that a system gives to the corpus's own concepts.

    Args:
        texts: text by document.
        assertions: the concepts with their classes.
        assert_span: text, start, end to attributes, such as ``Extractor().assert_span``.

    Returns:
        A row per attribute and their micro and macro average: precision, recall, F1, ``support``.
        ``historical`` has no counterpart in the corpus and is not scored.
    """
    counts = pd.DataFrame(0.0, index=list(SCORED), columns=["tp", "fp", "fn"])
    for item in assertions:
        said = assert_span(texts[item.document], item.start, item.end)
        for name in SCORED:
            truth = name in ASSERTIONS[item.assertion]
            if truth or said[name]:
                counts.loc[name, "tp" if truth and said[name] else "fn" if truth else "fp"] += 1
    each, micro, macro = mention_scores(counts.to_numpy())
    support = (counts["tp"] + counts["fn"]).astype(int)
    rows = [(name, *values, n) for name, values, n in zip(SCORED, each, support, strict=True)]
    rows += [("micro", *micro, int(support.sum())), ("macro", *macro, int(support.sum()))]
    return pd.DataFrame(rows, columns=["attribute", *METRICS, "support"])
