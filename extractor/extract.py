"""Notes in, mentions out: the public ``Extractor``."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from extractor.cleantext import CleanText, clean
from extractor.context import ContextEngine, CueMatch, Edge
from extractor.matching import Target, candidates, choose, find_targets
from extractor.mentions import Assembler
from extractor.rulebook import Rulebook, Term, load_rulebook
from extractor.schema import ATTRIBUTES, Mention, Note
from extractor.sections import SectionFinder
from extractor.sentences import find_sentences, sentences_at
from extractor.spanclues import NAMES, tokens_of
from extractor.vocabularyshapes import Entry


class Extractor:
    """Finds mentions with their attributes; gives exactly what the reference pipeline gives.

    Args:
        rules: folder of a site's own rules, laid over the shipped ones.
        learned: whether spans and attributes are read a second time by the learned weights; ``False`` for the rules alone.

    Raises:
        UsageError: the folder is missing or empty.
        RuleError: a fault in a rule file.

    Example:
        >>> [m.negated for m in Extractor().mentions("Denies asthma.")]
        [True]
    """

    def __init__(self, rules: Path | str | None = None, *, learned: bool = True) -> None:
        self.book: Rulebook = load_rulebook(Path(rules) if rules is not None else None)
        self._learned = learned
        self._seen: list[tuple[Mention, dict[str, float], tuple[int | None, ...]]] = []

    @cached_property
    def _sections(self) -> SectionFinder:
        return SectionFinder(self.book.sections)

    @cached_property
    def _context(self) -> ContextEngine:
        return ContextEngine(self.book.cues)

    @cached_property
    def _assembler(self) -> Assembler:
        return Assembler(self.book, self._learned, self._learned)

    @cached_property
    def _watched(self) -> Assembler:
        """Makes mentions by the rules' attributes, and tells what weights are learned from."""
        return Assembler(self.book, learned=False, witness=lambda *each: self._seen.append(each))

    @cached_property
    def _by_rules(self) -> Assembler:
        return Assembler(self.book, learned=False, reread=False)

    def mentions(self, text: str) -> list[Mention]:
        """Return the mentions of one text without patient, id or date.

        Args:
            text: the note as given, any characters.
        """
        return list(_public(self._of(Note("", "", text))))

    def mentions_of(self, notes: Iterable[Note]) -> Iterator[Mention]:
        """Yield the mentions of notes, in order, one note at a time.

        Args:
            notes: notes, read as they are needed.
        """
        for note in notes:
            yield from _public(self._of(note))

    def signals(self, note: Note) -> Iterator[Mention]:
        """Yield the mentions of a note together with the statements that only the resolver needs (labels with ``_``)."""
        return self._of(note)

    def clues_of(self, note: Note) -> list[tuple[Mention, dict[str, float], tuple[int | None, ...]]]:
        """Return the mentions of a note with the attributes that the rules alone give them, each with what weights are learned from.

        Spans that no rule found are among them, those that one did have its bounds.

        Args:
            note: the note.

        Returns:
            For each mention the clues to its attributes, and for each attribute the place of its source among the sources
            that rules have, ``None`` where they do not give it.
        """
        self._seen.clear()
        for _ in self._of(note, self._watched):
            pass
        return list(self._seen)

    def words_of(self, note: Note, spans: Iterable[RuleSpan] | None = None) -> Iterator[SentenceWords]:
        """Yield the sentences of a note that may hold a mention, each with what weights for spans are learned from.

        Args:
            note: the note.
            spans: what the rules found in it at first sight; ``None`` for what they find now.
        """
        cleaned = clean(note.text)
        text = cleaned.text
        sections = self._sections.find(text)
        found = candidates(text, self.book)
        if spans is None:
            sentences = sentences_at(text, sections, (t.start for t in found))
            targets = choose(text, found, self.book, sentences, sections)
            links = self._by_rules.read(text, sentences, targets).links
            linked = set(links)
            held = [t.start for t in found]
        else:
            targets, linked = _as_targets(cleaned, spans)
            held = sorted([*(t.start for t in found), *(t.start for t in targets)])
            sentences = sentences_at(text, sections, held)
        first = 0
        for start, end in sentences:
            last = bisect_left(targets, end, key=_start)
            company = targets[first:last]
            first = last
            tokens = tokens_of(text, start, end)
            causes = [t for t in company if t in linked]
            if tokens:
                places = [cleaned.span(t.start, t.end) for t in tokens]
                known = tuple(
                    RuleSpan(*cleaned.span(t.start, t.end), t.term.label, t.term.entry.id, t in linked) for t in company
                )
                yield SentenceWords(places, NAMES.of(tokens, company, causes), known)

    def assert_span(self, text: str, start: int, end: int, *, label: str = "MALIGNANCY") -> dict[str, bool]:
        """Return the five attributes of a span of the caller's own.

        Args:
            text: the text as given.
            start: where the span begins, in code points.
            end: where it ends, exclusive.
            label: the label as which cues and sections are to see it.

        Raises:
            ValueError: the span is empty or lies outside of the text.
        """
        if not 0 <= start < end <= len(text):
            raise ValueError(f"the span {start}:{end} does not lie in a text of {len(text)} characters")
        cleaned = clean(text)
        if cleaned.starts is not None:
            inside = [i for i, at in enumerate(cleaned.starts[:-1]) if start <= at < end]
            low, high = (inside[0], inside[-1] + 1) if inside else (0, 1)
        else:
            low, high = start, end
        entry = Entry(
            id="caller.span", concept="span", terms=("span",), source="caller", match=("span",), no_match=("x",)
        )
        target = Target(low, high, Term(label, entry))
        sections = self._sections.find(cleaned.text)
        sentences = find_sentences(cleaned.text, sections)
        others = [
            t for t in find_targets(cleaned.text, self.book, sentences, sections) if t.end <= low or high <= t.start
        ]
        targets = sorted([*others, target], key=lambda t: (t.start, t.end))
        reading = self._assembler.read(cleaned.text, sentences, targets)
        mentions = self._assembler.assemble(
            Note("", "", text), cleaned, sections, sentences, reading, self._edges(cleaned.text, sentences, targets)
        )
        found = next(m for m in mentions if m.rule == "caller.span")
        return {name: getattr(found, name) for name in ATTRIBUTES}

    def _of(self, note: Note, assembler: Assembler | None = None) -> Iterator[Mention]:
        cleaned = clean(note.text)
        found = candidates(cleaned.text, self.book)
        if not found:
            return
        sections = self._sections.find(cleaned.text)
        sentences = sentences_at(cleaned.text, sections, (t.start for t in found))
        targets = choose(cleaned.text, found, self.book, sentences, sections)
        held = array("q", (t.start for t in found))
        del found  # many, of which few stand
        assembler = assembler or self._assembler
        reading = assembler.read(cleaned.text, sentences, targets, held)
        if assembler.witness is not None:
            reading = reading._replace(bounds={})
        if reading.targets:
            cues: dict[int, list[CueMatch]] = {}
            edges = self._edges(cleaned.text, sentences, reading.targets, cues)
            yield from assembler.assemble(
                note, cleaned, sections, sentences, reading, edges, lambda start, _end: cues.pop(start)
            )

    def _edges(
        self,
        text: str,
        sentences: list[tuple[int, int]],
        targets: list[Target],
        told: dict[int, list[CueMatch]] | None = None,
    ) -> Iterator[Edge]:
        """Yield the edges of a text; where it is wanted, all cues of each sentence are kept by the sentence's start."""
        for run in _runs(_held(sentences, targets)):
            cues = self._context.cues_in(text, run[0][0], run[-1][1], [each[0] for each in run])
            for start, end, first, last in run:
                if told is not None:
                    told[start] = self._context.all_in(text, start, end, cues)
                found = self._context.edges(text, start, end, targets[first:last], cues)
                yield from (Edge(first + e.target, e.cue) for e in found)


class RuleSpan(NamedTuple):
    """A span that the rules take for a mention.

    Args:
        start: where it begins in the note as given.
        end: where it ends.
        label: its label.
        rule: the id of the rule.
        cause: whether the rules take it for a cause of HLH.
    """

    start: int
    end: int
    label: str
    rule: str
    cause: bool


class SentenceWords(NamedTuple):
    """The words of a sentence.

    Args:
        places: where each begins and ends in the note as given.
        clues: the clues to each.
        spans: what the rules take for mentions in it.
    """

    places: list[tuple[int, int]]
    clues: list[list[str]]
    spans: tuple[RuleSpan, ...]


def _as_targets(cleaned: CleanText, spans: Iterable[RuleSpan]) -> tuple[list[Target], set[Target]]:
    """Return spans of the note as given as targets in its clean text, by start, and those that are causes of HLH."""
    starts = cleaned.starts if cleaned.starts is not None else range(len(cleaned.text) + 1)
    targets, linked = [], set()
    for span in spans:
        entry = Entry.model_construct(id=span.rule, concept="", source="")
        low, high = (bisect_left(starts, at) for at in (span.start, span.end))
        targets.append(Target(low, high, Term(span.label, entry)))
        if span.cause:
            linked.add(targets[-1])
    targets.sort(key=lambda t: (t.start, t.end, t.term.label))
    return targets, linked


def _start(target: Target) -> int:
    return target.start


def _held(sentences: list[tuple[int, int]], targets: list[Target]) -> Iterator[tuple[int, int, int, int]]:
    """Yield (start, end, first, last) of the sentences that hold mentions, with the places of these."""
    i = 0
    for start, end in sentences:
        first = i
        while i < len(targets) and targets[i].start < end:
            i += 1
        if i > first:
            yield start, end, first, i


def _runs(held: Iterable[tuple[int, int, int, int]]) -> Iterator[list[tuple[int, int, int, int]]]:
    """Yield sentences that follow one another without a gap."""
    run: list[tuple[int, int, int, int]] = []
    for each in held:
        if run and (run[-1][1] != each[0] or each[1] - run[0][0] > _RUN):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


_RUN = 20_000
"""Characters in which cues are looked for at once."""


def _public(mentions: Iterable[Mention]) -> Iterator[Mention]:
    """Yield the mentions without the resolver's own statements."""
    return (m for m in mentions if not m.label.startswith("_"))
