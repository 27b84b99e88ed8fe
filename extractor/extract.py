"""Notes in, mentions out: the public ``Extractor``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from extractor.cleantext import clean
from extractor.context import ContextEngine, CueMatch, Edge
from extractor.matching import Target, candidates, choose, find_targets
from extractor.mentions import Assembler
from extractor.rulebook import Rulebook, Term, load_rulebook
from extractor.schema import ATTRIBUTES, Mention, Note
from extractor.sections import SectionFinder
from extractor.sentences import find_sentences, sentences_at
from extractor.vocabularyshapes import Entry


class Extractor:
    """Finds mentions with their attributes; gives exactly what the reference pipeline gives.

    Args:
        rules: folder of a site's own rules, laid over the shipped ones.
        learned: whether attributes are read a second time by the learned weights; ``False`` for the rules alone.

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

    @cached_property
    def _sections(self) -> SectionFinder:
        return SectionFinder(self.book.sections)

    @cached_property
    def _context(self) -> ContextEngine:
        return ContextEngine(self.book.cues)

    @cached_property
    def _assembler(self) -> Assembler:
        return Assembler(self.book, self._learned)

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
        """Return the mentions of a note as the rules alone have them, each with what weights are learned from.

        Args:
            note: the note.

        Returns:
            For each mention the clues to its attributes, and for each attribute the place of its source among the sources
            that rules have, ``None`` where they do not give it.
        """
        seen: list[tuple[Mention, dict[str, float], tuple[int | None, ...]]] = []
        assembler = Assembler(self.book, learned=False, witness=lambda *each: seen.append(each))
        for _ in self._of(note, assembler):
            pass
        return seen

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
        mentions = self._assembler.assemble(
            Note("", "", text), cleaned, sections, sentences, targets, self._edges(cleaned.text, sentences, targets)
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
        del found  # many, of which few stand
        if targets:
            cues: dict[int, list[CueMatch]] = {}
            edges = self._edges(cleaned.text, sentences, targets, cues)
            assembler = assembler or self._assembler
            yield from assembler.assemble(
                note, cleaned, sections, sentences, targets, edges, lambda start, _end: cues.pop(start)
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
