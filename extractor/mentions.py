"""From matched spans and cues to mentions: attributes, results, values and dates, each with its reason."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from extractor.ages import Ages
from extractor.causes import CauseLinker, Link
from extractor.cleantext import CleanText
from extractor.context import ContextEngine, CueMatch, Edge
from extractor.dates import DateMention, NoteDates, find_dates
from extractor.eventdates import LISTED, ends_disease, goes_on, is_past, nearest_date, told_as_ongoing
from extractor.forms import form_answer
from extractor.general import GeneralKnowledge
from extractor.listheads import ListHeads
from extractor.matching import Target, sentence_of
from extractor.persons import Persons, PersonsOfNote
from extractor.reach import refine
from extractor.results import Result, ResultFinder
from extractor.rulebook import Rulebook
from extractor.schema import Mention, Note
from extractor.sections import Section, section_at
from extractor.states import State, apply_link, apply_result, apply_section, names_disease, settle
from extractor.storydates import StoryDates, is_episode
from extractor.surroundings import Surroundings, neighbourhood
from extractor.tokens import without_space
from extractor.values import Value, read_age

_OF_THE_PATIENT = frozenset({"CONSENT", "AGE", "WEIGHT", "HEIGHT"})
"""Labels of what a relative signs for the patient, and of measures, which are annotated of the patient alone."""
CAUSE_REACH = 250
"""Characters before a sentence in which HLH must be named for the sentence to state its cause without naming it."""


@dataclass(frozen=True)
class Assembler:
    """Makes mentions out of targets and edges; the same for the reference pipeline and the fast path.

    Args:
        book: the rules.
    """

    book: Rulebook

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
    def _ages(self) -> Ages:
        return Ages(self.book.dates)

    @cached_property
    def _persons(self) -> Persons:
        return Persons(self.book.persons)

    @cached_property
    def _causes(self) -> CauseLinker:
        return CauseLinker(self.book.causes)

    def assemble(
        self,
        note: Note,
        cleaned: CleanText,
        sections: list[Section],
        sentences: Sequence[tuple[int, int]],
        targets: Sequence[Target],
        edges: Iterable[Edge],
    ) -> Iterator[Mention]:
        """Yield the mentions of a note, a sentence at a time, so that those of a long note need not be held at once.

        Args:
            note: the note.
            cleaned: its clean text.
            sections: its sections.
            sentences: its sentences.
            targets: the spans that are mentions, in order.
            edges: cues and the targets they govern, sentence by sentence.

        Yields:
            Mentions by start, then end, then label.
        """
        text = cleaned.text
        lists = ListHeads(self._context, text, sections)
        general = self._general.read(text)
        heads = [t for t in targets if t.term.label == "HLH"]
        story = NoteDates(text, note.note_date)
        persons = self._persons.of(text)
        recent: deque[tuple[int, list[Mention]]] = deque()
        for sentence, company, governed in _by_sentence(sentences, targets, edges):
            dates = [d for d in find_dates(text, *sentence, note.note_date) if self._stories.is_of_event(text, d)]
            near = heads[
                bisect_left(heads, sentence[0] - CAUSE_REACH, key=_start) : bisect_left(heads, sentence[0], key=_start)
            ]
            causes = self._causes.link(text, sentence, company, near)
            cues = self._cues(text, company, governed, lists)
            mentions: list[Mention] = []
            for target, own in zip(company, cues, strict=True):
                if target.term.label == "HLH_CAUSE" and target not in causes:
                    continue  # an infection or drug without a causal statement
                if target.term.entry.source != "caller" and general.is_general(
                    sentence, target.start, target.end, target.term.label
                ):
                    continue  # the world, not this patient
                section = section_at(sections, target.start)
                state = self._state(note, text, sentence, section, target, company, own, dates, story, persons)
                if target.term.label == "HLH_CAUSE":
                    apply_link(state, causes[target])
                mentions.append(self._mention(note, cleaned, sentence, section, target, company, state, dates))
            while recent and recent[0][0] < sentence[0] - CAUSE_REACH:
                recent.popleft()
            recent.append((sentence[1], mentions))
            told = [m for _, each in recent for m in each] if causes else []
            for cause in causes:
                if cause.term.label != "HLH_CAUSE" and not general.is_general(
                    sentence, cause.start, cause.end, "HLH_CAUSE"
                ):
                    mentions.append(self._cause(note, cleaned, sentence, sections, cause, causes[cause], told))
            yield from sorted(mentions, key=lambda m: (m.start, m.end, m.label))

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

    def _state(
        self,
        note: Note,
        text: str,
        sentence: tuple[int, int],
        section: Section | None,
        target: Target,
        company: Sequence[Target],
        cues: Sequence[CueMatch],
        dates: Sequence[DateMention],
        story: NoteDates,
        persons: PersonsOfNote,
    ) -> State:
        state = State()
        named: set[str] = {c.cue.category for c in cues}
        for cue in sorted(cues, key=lambda c: c.start):
            state.cues.append(cue.cue.id)
            if cue.cue.category in ("negated", "historical", "hypothetical", "uncertain", "family"):
                setattr(state, cue.cue.category, True)
        result = self._result(text, sentence, target)
        is_test = self._around.is_of_a_test(text, target.end) or not names_disease(
            target.term.label, target.term.entry.details
        )
        if result and result.result == "not_done" and not is_test:
            state.hypothetical = "uncertain" not in named
        elif result and not (result.start >= target.end and any(_is_condition(text, c, target) for c in cues)):
            apply_result(state, result)  # else "if EBV PCR positive": the result is part of the condition
        if section and section.rule:
            apply_section(state, section.rule, target.term.label, named)
        stopped = result is not None and result.result == "stopped"
        if "current" in named and not stopped and not any(c.cue.category == "historical" for c in cues):
            state.historical = False
        if "patient" in named:
            state.family = False
        elif target.term.label not in _OF_THE_PATIENT and persons.tells_of_another(sentence, target.start):
            state.family = True
            state.cues.append("person")
        date = nearest_date(text, target, company, dates, sentence[0])
        dated = date or self._stories.of_mention(text, note.note_date, target, story)
        if (
            dated
            and not state.family
            and is_past(
                note,
                dated,
                target.term.label,
                plain_year=ends_disease(text, note, target, date, self._stories),
                episode=is_episode(target) and not told_as_ongoing(text, target.start, dated.end),
            )
            and not state.hypothetical
            and not goes_on(text, target, dated, named)
        ):
            state.historical = True
            state.cues.append("date")
        if date is None and target.term.label in _TOLD_BY_AGE:
            self._let_age_speak(text, sentence, target, company, state)
        for attribute in target.term.entry.details.get("attributes", ()):
            setattr(state, attribute, True)
        if state.family:  # what a relative has had is told without being marked as past
            state.historical = any(c.cue.relatives for c in cues)
        if state.hypothetical and any(c.cue.condition for c in cues):
            state.uncertain = False  # "if primary HLH is suspected": nothing is suspected as yet
        settle(state, target.term.label, target.term.entry.details)
        if state.result in ("positive", "negative", "low_level"):
            state.hypothetical = False  # a test with its result is no longer to come
        return state

    def _let_age_speak(
        self, text: str, sentence: tuple[int, int], target: Target, company: Sequence[Target], state: State
    ) -> None:
        """Let the age at which something happened put it into the past, unless that is the patient's age now.

        Args:
            text: clean text.
            sentence: the sentence.
            target: the mention.
            company: all mentions of the sentence.
            state: the attributes so far of the mention; they are changed.
        """
        low, high = neighbourhood(sentence, target, company)
        bare = target.term.label in _AT_BARE_AGE
        told = self._ages.told(text, low, target.start, target.end, high, bare=bare)
        if told is None or state.family:
            return
        state.details["at_age"] = told.age
        ages = [t for t in company if t.term.label == "AGE"]
        itself = any(t.start < told.end and told.start < t.end for t in ages)
        now = [read_age(text, t.start, t.end).normalized_value for t in ages if not itself]
        if (itself and told.age > _CHILD) or any(n is not None and n - told.age <= _NOW_WITHIN for n in now):
            return
        if not state.hypothetical and not told_as_ongoing(text, target.start, told.end):
            state.historical = True
            state.cues.append("age")

    def _result(self, text: str, sentence: tuple[int, int], target: Target) -> Result | None:
        box = None if target.term.label in _MEASURES else form_answer(text, target.start, target.end)
        if target.term.entry.details.get("no_result"):
            return box
        found = self._results.find(text, sentence, target.start, target.end, target.term.label)
        if box and box.result == "not_done":
            return Result("not_done", box.start, box.end, box.rule)
        if box and not (
            found
            and box.result == "yes"
            and found.result in ("negative", "positive", "pending", "low_level", "equivocal")
        ):
            return box
        return found

    def _mention(
        self,
        note: Note,
        cleaned: CleanText,
        sentence: tuple[int, int],
        section: Section | None,
        target: Target,
        company: Sequence[Target],
        state: State,
        dates: Sequence[DateMention],
    ) -> Mention:
        value = self._around.value(cleaned.text, sentence, target, company, note)
        if value.result and state.result in (None, "positive") and not state.negated:
            state.result = value.result
            state.negated = value.result == "negative"
            if set(state.cues) & _WAITING and not any(c.startswith("hypo") for c in state.cues if c not in _WAITING):
                state.hypothetical = False  # "3,000 copies, repeat pending"
            if state.negated:
                state.cues.append("value")
        if value.value is not None and target.term.label in (*_MEASURES, *LISTED) and value.comparator in (None, "="):
            state.negated = state.uncertain = False  # "no oedema, platelets 44" denies no platelets
        date = nearest_date(cleaned.text, target, company, dates, sentence[0])
        state.details.update(self._around.course(cleaned.text, sentence, target, company))
        if target.term.label == "EBV" and state.result:
            state.details.update(self._around.repeat(cleaned.text, sentence, target, company, dates))
        details = {
            k: v
            for k, v in {**target.term.entry.details, **value.details, **state.details}.items()
            if k not in _INTERNAL
        }
        if date and date.ambiguous:
            details["date_ambiguous"] = True
        return self._row(note, cleaned, sentence, section, target, state, value, date.iso if date else None, details)

    def _row(
        self,
        note: Note,
        cleaned: CleanText,
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
        start, end = cleaned.span(target.start, target.end)
        sentence_start, sentence_end = cleaned.span(*without_space(cleaned.text, *sentence))
        label = label or target.term.label
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
        cleaned: CleanText,
        sentence: tuple[int, int],
        sections: list[Section],
        cause: Target,
        link: Link,
        mentions: Sequence[Mention],
    ) -> Mention:
        """Return the HLH_CAUSE mention on a span that is also a mention of another label; it shares its attributes."""
        start, end = cleaned.span(cause.start, cause.end)
        twin = next(
            (m for m in reversed(mentions) if (m.start, m.end, m.label) == (start, end, cause.term.label)), None
        )
        hlh_at = cleaned.span(link.head.start, link.head.end)
        head = next((m for m in reversed(mentions) if (m.start, m.end) == hlh_at and m.label == "HLH"), None)
        state = State()
        if head:
            state = State(head.negated, head.historical, head.hypothetical, head.uncertain, head.family)
        if twin:
            state.uncertain = (state.uncertain or twin.uncertain) and not state.negated
            state.cues = list(twin.cues)
        apply_link(state, link)
        details = {"cause_label": cause.term.label, "hlh": head.mention_id if head else None}
        section = section_at(sections, cause.start)
        return self._row(
            note,
            cleaned,
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
_NOW_WITHIN = 2
"""Years by which the patient must be older than an age for that to be of the past."""


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


def _is_condition(text: str, cue: CueMatch, target: Target) -> bool:
    """Return whether a cue begins a condition whose subject the mention is ("if EBV PCR is positive")."""
    between = text[cue.end : target.start]
    return cue.cue.condition and cue.end <= target.start and len(between) < 40 and not set(",;:.") & set(between)


_AT_BARE_AGE = frozenset({"MALIGNANCY", "EBV"})
_TOLD_BY_AGE = _AT_BARE_AGE | {"CAR_T", "TCE", "ADC", "STEROID", "HLH"}
"""Labels whose date may be told as an age, and those for which a number behind "at" is one."""
_CHILD = 18
"""Age up to which one that stands alone behind a disease ("glandular fever aged 15") is not taken for the patient's now."""
_MEASURES = frozenset({"AGE", "WEIGHT", "HEIGHT"})
