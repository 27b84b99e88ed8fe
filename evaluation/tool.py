"""The one door to the extractor: its public names, its version and its rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from evaluation.tables import Tables, answer_table, mention_table, note_table
from extractor.extract import RuleSpan as RuleSpan
from extractor.extract import SentenceWords
from extractor.learned import BOUND as BOUND
from extractor.learned import LEARNED as LEARNED
from extractor.learnedshapes import SOURCES as SOURCES
from extractor.learnedshapes import STEPS as STEPS
from extractor.schema import ANSWER_COLUMNS, ATTRIBUTES, MENTION_COLUMNS, Mention, Note
from extractor.terms import written_forms

NAME = "notecriteria"
DEFAULT_TRIAL = "NCT07208058"
OWN = "_"
"""What labels of the resolver's own statements begin with; they are evidence, and no mentions of the guideline."""


def version() -> str:
    """Return the installed version of the tool, ``unknown`` outside an installation."""
    try:
        return metadata.version(NAME)
    except metadata.PackageNotFoundError:
        return "unknown"


def rules_digest(rules: Path | None = None) -> str:
    """Return the digest of the rules in use."""
    from extractor.rulebook import load_rulebook

    return load_rulebook(rules).digest if rules else load_rulebook().digest


def as_notes(notes: pd.DataFrame) -> Iterator[Note]:
    """Yield the rows of a table of notes as the extractor's notes."""
    for row in notes.to_dict("records"):
        yield Note(row["patient_id"], row["note_id"], row["text"], row["note_date"], row["note_type"])


def run_tool(notes: pd.DataFrame, *, trial: str = DEFAULT_TRIAL, rules: Path | None = None) -> Tables:
    """Run the tool over notes as ``screen`` does: mentions of each note, answers of each patient.

    Args:
        notes: a table of notes.
        trial: trial file or id.
        rules: a site's own rules.
    """
    from extractor import Screener

    screener = Screener(trial, rules=rules)
    mentions: list[Any] = []
    answers: list[Any] = []
    for _, of_patient in notes.groupby("patient_id", sort=True):
        found, answered = screener.screen(as_notes(of_patient))
        mentions += [m for m in found if not m.label.startswith(OWN)]
        answers += answered
    return Tables(
        note_table(),
        mention_table(_row(m, MENTION_COLUMNS) for m in mentions),
        answer_table(_row(a, ANSWER_COLUMNS) for a in answers),
        name=NAME,
    )


def run_mentions(notes: pd.DataFrame, *, rules: Path | None = None) -> pd.DataFrame:
    """Return the tool's mentions of notes, without answers.

    Args:
        notes: a table of notes.
        rules: a site's own rules.
    """
    from extractor import Extractor

    return mention_table(_row(m, MENTION_COLUMNS) for m in Extractor(rules).mentions_of(as_notes(notes)))


def run_clues(
    notes: pd.DataFrame, *, rules: Path | None = None
) -> Iterator[tuple[Any, dict[str, float], tuple[int | None, ...]]]:
    """Yield the mentions of notes as the rules alone have them, each with what weights are learned from.

    Args:
        notes: a table of notes.
        rules: a site's own rules.
    """
    from extractor import Extractor

    extractor = Extractor(rules)
    for note in as_notes(notes):
        yield from extractor.clues_of(note)


def run_words(
    notes: pd.DataFrame,
    first_sight: Mapping[tuple[str, str], Any] | None = None,
    *,
    rules: Path | None = None,
) -> Iterator[tuple[tuple[str, str], SentenceWords]]:
    """Yield the sentences of notes, each with what weights for spans are learned from.

    Args:
        notes: a table of notes.
        first_sight: for some of the notes what the rules found in them at first sight; of the others what they find now.
        rules: a site's own rules.
    """
    from extractor import Extractor

    extractor = Extractor(rules)
    for note in as_notes(notes):
        key = (note.patient_id, note.note_id)
        for words in extractor.words_of(note, (first_sight or {}).get(key)):
            yield key, words


def run_spans(notes: pd.DataFrame) -> Iterator[tuple[tuple[str, str], list[RuleSpan]]]:
    """Yield for each note the spans that the rules alone take for mentions."""
    from extractor import Extractor

    extractor = Extractor()
    for note in as_notes(notes):
        yield (note.patient_id, note.note_id), [span for words in extractor.words_of(note) for span in words.spans]


def run_rules(notes: pd.DataFrame, *, rules: Path | None = None) -> Iterator[Mention]:
    """Yield the mentions of notes by the rules alone.

    Args:
        notes: a table of notes.
        rules: a site's own rules.
    """
    from extractor import Extractor

    return Extractor(rules, learned=False).mentions_of(as_notes(notes))


def _row(item: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    return {column: getattr(item, column) for column in columns}


def assert_span() -> Callable[[str, int, int], dict[str, bool]]:
    """Return the extractor's function that gives a span its five attributes."""
    from extractor import Extractor

    extractor = Extractor()
    return lambda text, start, end: dict(extractor.assert_span(text, start, end))


class RuleLookup:
    """Questions to the rulebook by which mistakes are sorted: does an entry match, is a cue there.

    Args:
        rules: a site's own rules.
    """

    def __init__(self, rules: Path | None = None) -> None:
        from extractor.rulebook import load_rulebook
        from extractor.terms import alternation

        book = load_rulebook(rules) if rules else load_rulebook()
        self._terms = book.terms
        self._cues = {
            cue.id: (cue.category, re.compile(alternation(cue.terms, cue.cased, cue.patterns), re.IGNORECASE))
            for cue in book.cues
            if cue.role not in ("pseudo", "termination")
        }
        self.section_ids = {section.id for section in book.sections}

    def entry_in(self, label: str, text: str) -> str | None:
        """Return the id of a vocabulary entry of the label that matches in a text."""
        return next((t.entry.id for t in self._terms if t.label == label and t.regex.search(text)), None)

    def cue_in(self, category: str, text: str) -> str | None:
        """Return the id of a cue of the category that stands in a text."""
        return next((i for i, (kind, regex) in self._cues.items() if kind == category and regex.search(text)), None)


_FUNCTION_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "has",
        "he",
        "in",
        "is",
        "no",
        "not",
        "of",
        "on",
        "or",
        "she",
        "the",
        "to",
        "was",
        "with",
    ]
)
"""Words that stand in case-sensitive expressions beside the abbreviations that are meant."""


def _cased_parts(pattern: str) -> Iterator[str]:
    """Yield the parts of an expression in which case counts."""
    at = pattern.find("(?-i:")
    while at >= 0:
        depth, end = 1, at + 5
        while depth and end < len(pattern):
            depth += {"(": 1, ")": -1}.get(pattern[end], 0) if pattern[end - 1] != "\\" else 0
            end += 1
        yield pattern[at + 5 : end - 1]
        at = pattern.find("(?-i:", end)


class Header(NamedTuple):
    """A section's header in a text: where it begins, where its content begins, and the section's rule."""

    start: int
    body: int
    rule: str | None


class Reader:
    """Questions to the tool by which texts are rewritten: what it reads in them, and what the rules say of the words.

    Args:
        rules: a site's own rules.
    """

    NAMED = ("EBV", "CAR_T", "TCE", "ADC", "MALIGNANCY", "LUNG_DISEASE", "STEROID", "HLH", "RHEUM_DISEASE")
    """Labels whose entries are names; those of the others are phrases and values."""

    def __init__(self, rules: Path | None = None) -> None:
        from extractor import Extractor
        from extractor.sections import SectionFinder

        self._extractor = Extractor(rules)
        self._finder = SectionFinder(self._extractor.book.sections)
        self._entries = {term.entry.id: term.entry for term in self._extractor.book.terms}
        self._names: dict[str, list[str]] = {}

    def mentions(self, text: str, note_date: str | None = None) -> list[dict[str, Any]]:
        """Return the mentions of one text as rows."""
        return [_row(m, MENTION_COLUMNS) for m in self._extractor.mentions_of([Note("", "", text, note_date)])]

    def headers(self, text: str) -> list[Header]:
        """Return the headers of the sections of a text."""
        from extractor.cleantext import clean

        cleaned = clean(text)
        found = []
        for section in self._finder.find(cleaned.text):
            start, body = cleaned.span(section.start, max(section.body, section.start + 1))
            found.append(Header(start, body, section.rule.id if section.rule else None))
        return found

    def sentences(self, text: str) -> list[str]:
        """Return the sentences of a text that hold anything, without the white space around them.

        A line that was wrapped in the text is made whole, for by itself a part of it looks like a short line.
        """
        from extractor.cleantext import clean
        from extractor.sentences import find_sentences

        cleaned = clean(text)
        found = []
        for start, end in find_sentences(cleaned.text, self._finder.find(cleaned.text)):
            low, high = cleaned.span(start, end)
            sentence = text[low:high].strip()
            if "\n" not in cleaned.text[start:end].strip():
                sentence = re.sub(r"[ \t]*\r?\n[ \t]*", " ", sentence)
            if sentence:
                found.append(sentence)
        return found

    @cached_property
    def cased_words(self) -> frozenset[str]:
        """The words that a rule wants in just these letters."""
        book = self._extractor.book
        groups = (
            *(term.entry for term in book.terms),
            *(look.refusal for look in book.look_alikes),
            *book.cues,
            *book.sections,
            *book.results,
        )
        cased = [text for rule in groups for text in rule.cased]
        cased += [part for rule in groups for pattern in rule.patterns for part in _cased_parts(pattern)]
        words = {word for text in cased for word in re.findall(r"[A-Za-z]+", re.sub(r"\\[a-zA-Z]", " ", text))}
        return frozenset(words - {word.upper() for word in _FUNCTION_WORDS} - _FUNCTION_WORDS)

    def asks_company(self, mention: Mapping[str, Any]) -> bool:
        """Return whether the entry that made a mention counts only in the company of other words."""
        entry = self._entries.get(mention["rule"])
        return entry is not None and bool(entry.near or entry.not_near)

    def names(self, mention: Mapping[str, Any]) -> list[str]:
        """Return the names of the entry that made a mention which the rules alone, without company, read as that entry's.

        Args:
            mention: a mention whose own words are such a name; for others there are none.
        """
        entry = self._entries.get(mention["rule"])
        if entry is None or mention["label"] not in self.NAMED or self.asks_company(mention):
            return []
        if entry.id not in self._names:
            forms = {form for term in (*entry.terms, *entry.cased) for form in written_forms(term)}
            alone = self.mentions(f"The patient has {mention['text']}.")
            details = alone[0]["details"] if len(alone) == 1 else {}
            self._names[entry.id] = [form for form in sorted(forms) if self._reads(form, mention, details)]
        names = self._names[entry.id]
        return names if mention["text"].casefold() in {name.casefold() for name in names} else []

    def _reads(self, name: str, mention: Mapping[str, Any], details: Mapping[str, Any]) -> bool:
        """Return whether a name by itself is read as its entry, without more said in it ("metastatic cancer")."""
        frame = "The patient has "
        found = self.mentions(f"{frame}{name}.")
        span = (len(frame), len(frame) + len(name))
        return [(m["label"], m["concept"], m["start"], m["end"], m["details"]) for m in found] == [
            (mention["label"], mention["concept"], *span, details)
        ] and not any(found[0][attribute] for attribute in ATTRIBUTES)
