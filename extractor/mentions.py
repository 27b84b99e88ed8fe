"""From matched spans and cues to mentions: attributes, results, values and dates, each with its reason."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from extractor.attributes import MEASURES, Attributes, Scene
from extractor.causes import CauseLinker, Link
from extractor.cleantext import CleanText
from extractor.clues import SentenceClues
from extractor.context import ContextEngine, CueMatch, Edge
from extractor.dates import DateMention, NoteDates, find_dates
from extractor.eventdates import LISTED, nearest_date
from extractor.general import GeneralKnowledge
from extractor.learned import LearnedAttributes, Sources, read_again
from extractor.learnedshapes import SOURCES
from extractor.listheads import ListHeads
from extractor.matching import Target, sentence_of
from extractor.persons import Persons
from extractor.reach import refine
from extractor.results import ResultFinder
from extractor.rulebook import Rulebook
from extractor.schema import ATTRIBUTES, Mention, Note
from extractor.sections import Section, section_at
from extractor.spans import Place, Reading, SpanReader
from extractor.states import State, apply_link
from extractor.storydates import StoryDates
from extractor.surroundings import Surroundings
from extractor.tokens import without_space
from extractor.values import Value
from extractor.verdicts import RULE as VERDICT

CAUSE_REACH = 250
"""Characters before a sentence in which HLH must be named for the sentence to state its cause without naming it."""


@dataclass(frozen=True)
class Page:
    """A note's clean text, and where in the note as given its mentions stand.

    Args:
        cleaned: the clean text.
        bounds: mentions whose words begin or end elsewhere than the rule says.
    """

    cleaned: CleanText
    bounds: Mapping[Place, tuple[int, int]]

    def place(self, target: Target, label: str) -> tuple[int, int]:
        """Return where a mention begins and ends in the note as given.

        Args:
            target: its span by the rules.
            label: its label.
        """
        start, end = self.bounds.get((target.start, target.end, label), (target.start, target.end))
        return self.cleaned.span(start, end)


@dataclass(frozen=True)
class Assembler:
    """Makes mentions out of targets and edges; the same for the reference pipeline and the fast path.

    Args:
        book: the rules.
        learned: whether attributes are read a second time by the learned weights of the rules.
        reread: whether spans are.
        witness: is told each mention as the rules have it, with the clues to its attributes and where these are from.
    """

    book: Rulebook
    learned: bool = True
    reread: bool = True
    witness: Callable[[Mention, dict[str, float], tuple[int | None, ...]], None] | None = None

    @cached_property
    def _learned(self) -> LearnedAttributes | None:
        return LearnedAttributes(self.book.learned) if self.learned and self.book.learned else None

    @cached_property
    def _spans(self) -> SpanReader | None:
        return SpanReader(self.book.spans, self.book.site_terms) if self.reread and self.book.spans else None

    @cached_property
    def _sources(self) -> Sources:
        return Sources(self.book.cues, self.book.results)

    @cached_property
    def _results(self) -> ResultFinder:
        return ResultFinder(self.book.results, self.book.connectors)

    @cached_property
    def _general(self) -> GeneralKnowledge:
        return GeneralKnowledge(self.book.general)

    @cached_property
    def _context(self) -> ContextEngine:
        return ContextEngine(self.book.cues)

    @cached_property
    def _stories(self) -> StoryDates:
        return StoryDates(self.book.dates)

    @cached_property
    def _around(self) -> Surroundings:
        return Surroundings(self.book, self._results)

    @cached_property
    def _attributes(self) -> Attributes:
        return Attributes(self.book, self._results, self._stories, self._around)

    @cached_property
    def _persons(self) -> Persons:
        return Persons(self.book.persons)

    @cached_property
    def _causes(self) -> CauseLinker:
        return CauseLinker(self.book.causes)

    def read(
        self, text: str, sentences: Sequence[tuple[int, int]], targets: Sequence[Target], held: Sequence[int] = ()
    ) -> Reading:
        """Return the mentions' spans by the rules and the learned weights together, and which of them are causes of HLH.

        Args:
            text: clean text.
            sentences: its sentences, in order; at least those that hold a candidate.
            targets: the spans that are mentions by the rules, in order.
            held: where candidates begin, in order; sentences without one are not read again.
        """
        heads = [t for t in targets if t.term.label == "HLH"]
        links: dict[Target, Link] = {}
        for sentence, group in groupby(targets, key=lambda t: sentence_of(sentences, t.start)):
            low, high = (bisect_left(heads, at, key=_start) for at in (sentence[0] - CAUSE_REACH, sentence[0]))
            links.update(self._causes.link(text, sentence, list(group), heads[low:high], heads))
        if self._spans is None or not held:
            return Reading(list(targets), links, {})
        wanted = [s for s in sentences if (at := bisect_left(held, s[0])) < len(held) and held[at] < s[1]]
        return self._spans.read(text, wanted, targets, links)

    def assemble(
        self,
        note: Note,
        cleaned: CleanText,
        sections: list[Section],
        sentences: Sequence[tuple[int, int]],
        reading: Reading,
        edges: Iterable[Edge],
        cues_in: Callable[[int, int], Sequence[CueMatch]] | None = None,
    ) -> Iterator[Mention]:
        """Yield the mentions of a note, a sentence at a time, so that those of a long note need not be held at once.

        Args:
            note: the note.
            cleaned: its clean text.
            sections: its sections.
            sentences: its sentences.
            reading: the spans that are mentions.
            edges: cues and the targets they govern, sentence by sentence.
            cues_in: gives the cues in a sentence, where they were looked for already.

        Yields:
            Mentions by start, then end, then label.
        """
        text = cleaned.text
        lists = ListHeads(self._context, text, sections)
        general = self._general.read(text)
        page = Page(cleaned, reading.bounds)
        story = NoteDates(text, note.note_date)
        persons = self._persons.of(text)
        recent: deque[tuple[int, list[Mention]]] = deque()
        for sentence, company, governed in _by_sentence(sentences, reading.targets, edges):
            dates = [d for d in find_dates(text, *sentence, note.note_date) if self._stories.is_of_event(text, d)]
            causes = {target: reading.links[target] for target in company if target in reading.links}
            cues = self._cues(text, company, governed, lists)
            mentions: list[Mention] = []
            scene = Scene(note, text, sentence, company, dates, story, persons)
            again = self._second_reading(scene, cues_in)
            for target, own in zip(company, cues, strict=True):
                if target.term.label == "HLH_CAUSE" and target not in causes:
                    continue  # an infection or drug without a causal statement
                if target.term.entry.source != "caller" and general.is_general(
                    sentence, target.start, target.end, target.term.label
                ):
                    continue  # the world, not this patient
                section = section_at(sections, target.start)
                state = self._attributes.of(scene, section, target, own)
                if target.term.label == "HLH_CAUSE":
                    apply_link(state, causes[target])
                mention = self._mention(note, page, sentence, section, target, company, state, dates)
                mentions.append(again(target, mention))
            while recent and recent[0][0] < sentence[0] - CAUSE_REACH:
                recent.popleft()
            recent.append((sentence[1], mentions))
            told = [m for _, each in recent for m in each] if causes else []
            for cause in causes:
                if cause.term.label != "HLH_CAUSE" and not general.is_general(
                    sentence, cause.start, cause.end, "HLH_CAUSE"
                ):
                    mention = self._cause(note, page, sentence, sections, cause, causes[cause], told)
                    mentions.append(again(cause, mention))
            yield from sorted(mentions, key=lambda m: (m.start, m.end, m.label))

    def _second_reading(
        self, scene: Scene, cues_in: Callable[[int, int], Sequence[CueMatch]] | None
    ) -> Callable[[Target, Mention], Mention]:
        """Return what reads the attributes of a sentence's mentions again.

        Args:
            scene: the sentence.
            cues_in: gives the cues in it, where they were looked for already.
        """
        learned, witness = self._learned, self.witness
        if learned is None and witness is None:
            return lambda _target, mention: mention
        found = cues_in(*scene.sentence) if cues_in else self._context.all_in(scene.text, *scene.sentence)
        inside = {cue.cue.id for cue in found}
        clues = SentenceClues(scene.text, scene.sentence, scene.company, found, scene.story)

        def again(target: Target, mention: Mention) -> Mention:
            if mention.label.startswith("_") or not self.book.site_ids.isdisjoint(mention.cues):
                return mention  # what a site says of its own notes is not gainsaid
            sources = self._sources.of(mention, inside)
            told = [f"{n} by {SOURCES[at]}" for n, at in zip(ATTRIBUTES, sources, strict=True) if at is not None]
            seen = clues.of(target, mention, told)
            if witness is not None:
                witness(mention, seen, sources)
            if learned is None:
                return mention
            affirmed = self._sources.affirmed(mention)
            return read_again(mention, learned.judge(seen, sources, affirmed=affirmed))

        return again

    @staticmethod
    def _cues(
        text: str, company: Sequence[Target], edges: Sequence[Edge], lists: ListHeads
    ) -> list[Sequence[CueMatch]]:
        """Return for each mention of a sentence the cues that govern it.

        Args:
            text: clean text.
            company: the mentions.
            edges: cues and which of them they govern.
            lists: the lists of the note, whose heads govern their items.
        """
        found: list[list[CueMatch]] = [[] for _ in company]
        for edge in refine(text, company, edges):
            found[edge.target].append(edge.cue)
        return [
            _with_inherited(own, inherited) if (inherited := lists.cues(target)) else own
            for target, own in zip(company, found, strict=True)
        ]

    def _mention(
        self,
        note: Note,
        page: Page,
        sentence: tuple[int, int],
        section: Section | None,
        target: Target,
        company: Sequence[Target],
        state: State,
        dates: Sequence[DateMention],
    ) -> Mention:
        value = self._around.value(page.cleaned.text, sentence, target, company, note)
        if value.result and state.result in (None, "positive") and not state.negated:
            state.result = value.result
            state.negated = value.result == "negative"
            if set(state.cues) & _WAITING and not any(c.startswith("hypo") for c in state.cues if c not in _WAITING):
                state.hypothetical = False  # "3,000 copies, repeat pending"
            if state.negated:
                state.cues.append("value")
        if value.value is not None and target.term.label in (*MEASURES, *LISTED) and value.comparator in (None, "="):
            state.negated = state.uncertain = False  # "no oedema, platelets 44" denies no platelets
        date = nearest_date(page.cleaned.text, target, company, dates, sentence[0])
        state.details.update(self._around.course(page.cleaned.text, sentence, target, company))
        if target.term.label == "EBV" and state.result:
            state.details.update(self._around.repeat(page.cleaned.text, sentence, target, company, dates))
        details = {
            k: v
            for k, v in {**target.term.entry.details, **value.details, **state.details}.items()
            if k not in _INTERNAL
        }
        if date and date.ambiguous:
            details["date_ambiguous"] = True
        return self._row(note, page, sentence, section, target, state, value, date.iso if date else None, details)

    def _row(
        self,
        note: Note,
        page: Page,
        sentence: tuple[int, int],
        section: Section | None,
        target: Target,
        state: State,
        value: Value,
        date: str | None,
        details: dict[str, Any],
        label: str | None = None,
        concept: str | None = None,
    ) -> Mention:
        label = label or target.term.label
        start, end = page.place(target, label)
        sentence_start, sentence_end = page.cleaned.span(*without_space(page.cleaned.text, *sentence))
        return Mention(
            patient_id=note.patient_id,
            note_id=note.note_id,
            note_date=note.note_date,
            mention_id=mention_id(note.note_id, label, start, end),
            label=label,
            concept=concept or target.term.entry.concept,
            text=note.text[start:end],
            start=start,
            end=end,
            section=section.rule.id if section and section.rule else None,
            sentence_start=sentence_start,
            sentence_end=sentence_end,
            negated=state.negated,
            historical=state.historical,
            hypothetical=state.hypothetical,
            uncertain=state.uncertain,
            family=state.family,
            cues=tuple(state.cues),
            date=date,
            comparator=value.comparator,
            value=value.value,
            unit=value.unit,
            normalized_value=value.normalized_value,
            normalized_unit=value.normalized_unit,
            result=state.result,
            details=details,
            rule=target.term.entry.id,
        )

    def _cause(
        self,
        note: Note,
        page: Page,
        sentence: tuple[int, int],
        sections: list[Section],
        cause: Target,
        link: Link,
        mentions: Sequence[Mention],
    ) -> Mention:
        """Return the HLH_CAUSE mention on a span that is also a mention of another label; it shares its attributes."""
        twin_at = page.place(cause, cause.term.label)
        twin = next(
            (m for m in reversed(mentions) if (m.start, m.end) == twin_at and m.label == cause.term.label), None
        )
        hlh_at = page.place(link.head, "HLH")
        head = next((m for m in reversed(mentions) if (m.start, m.end) == hlh_at and m.label == "HLH"), None)
        state = State()
        if head:
            state = State(head.negated, head.historical, head.hypothetical, head.uncertain, head.family)
        if twin:
            state.uncertain = (state.uncertain or twin.uncertain) and not state.negated
            state.cues = list(twin.cues)
            state.negated = state.negated or (twin.negated and VERDICT in twin.cues)
        apply_link(state, link)
        details = {"cause_label": cause.term.label, "hlh": head.mention_id if head else None, **state.details}
        section = section_at(sections, cause.start)
        return self._row(
            note,
            page,
            sentence,
            section,
            cause,
            state,
            Value(),
            twin.date if twin else None,
            details,
            "HLH_CAUSE",
            CAUSE_KINDS.get(cause.term.label, "other"),
        )


_WAITING = frozenset({"hypo.following", "result.pending", "result.pending_before"})
"""Cues of a result to come."""


def _with_inherited(own: Sequence[CueMatch], inherited: Sequence[CueMatch]) -> list[CueMatch]:
    """Return the cues of a list item: its own, and those of its head that they do not gainsay."""
    named = {cue.cue.category for cue in own}
    gainsaid = {"historical"} if "current" in named else set()
    return [*(cue for cue in inherited if cue.cue.category not in gainsaid), *own]


def _by_sentence(
    sentences: Sequence[tuple[int, int]], targets: Sequence[Target], edges: Iterable[Edge]
) -> Iterator[tuple[tuple[int, int], Sequence[Target], list[Edge]]]:
    """Yield each sentence that holds a mention with its mentions, and the edges to them by their places among these."""
    pending = iter(edges)
    edge = next(pending, None)
    first = 0
    for sentence, group in groupby(targets, key=lambda t: sentence_of(sentences, t.start)):
        company = list(group)
        upto = first + len(company)
        governed = []
        while edge is not None and edge.target < upto:
            governed.append(Edge(edge.target - first, edge.cue))
            edge = next(pending, None)
        yield sentence, company, governed
        first = upto


def _start(target: Target) -> int:
    return target.start


CAUSE_KINDS = {
    "EBV": "infection",
    "CAR_T": "treatment",
    "TCE": "treatment",
    "ADC": "treatment",
    "MALIGNANCY": "malignancy",
    "RHEUM_DISEASE": "rheumatic",
}
"""What kind of cause of HLH a mention of a label is."""
_INTERNAL = frozenset({"no_result", "last_number", "attributes"})


def mention_id(note_id: str, label: str, start: int, end: int) -> str:
    """Return the deterministic id of a mention."""
    return hashlib.blake2b(
        f"{note_id}\x1f{label}\x1f{start}\x1f{end}".encode("utf-8", "surrogatepass"), digest_size=8
    ).hexdigest()
