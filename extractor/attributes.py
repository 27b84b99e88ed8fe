"""The attributes of a mention: what cues, results, sections, persons, dates and ages say of it, weighed against each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from extractor.ages import Ages
from extractor.context import CueMatch
from extractor.dates import DateMention, NoteDates
from extractor.eventdates import ends_disease, goes_on, is_past, nearest_date, told_as_ongoing
from extractor.forms import form_answer
from extractor.matching import Target
from extractor.persons import PersonsOfNote
from extractor.results import Result, ResultFinder
from extractor.rulebook import Rulebook
from extractor.schema import ATTRIBUTES, LABELS, Note
from extractor.sections import Section
from extractor.states import State, apply_result, apply_section, names_disease, settle
from extractor.storydates import StoryDates, is_episode
from extractor.surroundings import Surroundings, neighbourhood
from extractor.values import read_age
from extractor.verdicts import verdict

MEASURES = frozenset({"AGE", "WEIGHT", "HEIGHT"})
_OF_THE_PATIENT = MEASURES | {"CONSENT"}
"""Labels of measures, which are annotated of the patient alone, and of what a relative signs for the patient."""
_AT_BARE_AGE = frozenset({"MALIGNANCY", "EBV"})
_TOLD_BY_AGE = _AT_BARE_AGE | {"CAR_T", "TCE", "ADC", "STEROID", "HLH"}
"""Labels whose date may be told as an age, and those for which a number behind "at" is one."""
_TREATMENTS = frozenset({"CAR_T", "TCE", "ADC", "STEROID"})
_NAMED = frozenset(LABELS) - {"HLH_CAUSE"}
"""Labels of names of which further words may be told, in place of a treatment or of something else before them."""
_CHILD = 18
"""Age up to which one that stands alone behind a disease ("glandular fever aged 15") is not taken for the patient's now."""
_NOW_WITHIN = 2
"""Years by which the patient must be older than an age for that to be of the past."""


class Scene(NamedTuple):
    """A sentence that holds mentions, and what its note tells of dates and persons."""

    note: Note
    text: str
    sentence: tuple[int, int]
    company: Sequence[Target]
    dates: Sequence[DateMention]
    story: NoteDates
    persons: PersonsOfNote


class Attributes:
    """Works out the attributes of mentions.

    Args:
        book: the rules.
        results: finds results.
        stories: tells the dates of stories.
        around: what stands around a mention.
    """

    def __init__(self, book: Rulebook, results: ResultFinder, stories: StoryDates, around: Surroundings) -> None:
        self._book, self._results, self._stories, self._around = book, results, stories, around

    @cached_property
    def _ages(self) -> Ages:
        return Ages(self._book.dates)

    def of(self, scene: Scene, section: Section | None, target: Target, cues: Sequence[CueMatch]) -> State:
        """Return the attributes of a mention, with the ids of what spoke of it.

        Args:
            scene: its sentence.
            section: its section.
            target: the mention.
            cues: the cues that govern it.
        """
        state = State()
        label, details = target.term.label, target.term.entry.details
        for cue in sorted(cues, key=lambda c: c.start):
            state.cues.append(cue.cue.id)
            if cue.cue.category in ATTRIBUTES:
                setattr(state, cue.cue.category, True)
        self._let_place_speak(scene, section, target, cues, state)
        self._let_time_speak(scene, target, {c.cue.category for c in cues}, state)
        for attribute in details.get("attributes", ()):
            setattr(state, attribute, True)
        if state.family:  # what a relative has had is told without being marked as past
            state.historical = any(c.cue.relatives for c in cues)
        if state.hypothetical and any(c.cue.condition for c in cues):
            state.uncertain = False  # "if primary HLH is suspected": nothing is suspected as yet
        settle(state, label, details)
        if state.result in ("positive", "negative", "low_level"):
            state.hypothetical = False  # a test with its result is no longer to come
        return state

    def _let_place_speak(
        self, scene: Scene, section: Section | None, target: Target, cues: Sequence[CueMatch], state: State
    ) -> None:
        """Let a result, the section and the person of whom the sentence tells speak.

        Args:
            scene: the mention's sentence.
            section: its section.
            target: the mention.
            cues: the cues that govern it.
            state: its attributes so far; they are changed.
        """
        text, label = scene.text, target.term.label
        named: set[str] = {c.cue.category for c in cues}
        result = self._result(scene, target)
        is_test = self._around.is_of_a_test(text, target.end) or not names_disease(label, target.term.entry.details)
        if result and result.result == "not_done" and not is_test:
            state.hypothetical = "uncertain" not in named
        elif result and not (result.start >= target.end and any(_is_condition(text, c, target) for c in cues)):
            apply_result(state, result)  # else "if EBV PCR positive": the result is part of the condition
        if section and section.rule:
            apply_section(state, section.rule, label, named)
        over = result is not None and result.result == "past"
        if "current" in named and not over and "historical" not in named:
            state.historical = False
        if "patient" in named:
            state.family = False
        elif label not in _OF_THE_PATIENT and scene.persons.tells_of_another(scene.sentence, target.start):
            state.family = True
            state.cues.append("person")

    def _result(self, scene: Scene, target: Target) -> Result | None:
        text, sentence = scene.text, scene.sentence
        where = text, target.start, target.end
        box = None if target.term.label in MEASURES else form_answer(*where) or verdict(*where)
        if target.term.entry.details.get("no_result"):
            return box
        kind = _TREATMENTS if target.term.label in _TREATMENTS else _NAMED
        names = (t.start for t in scene.company if t.term.label in kind)
        following = min((start for start in names if start >= target.end), default=None)
        found = self._results.find(text, sentence, target.start, target.end, target.term.label, following)
        if box and box.result == "not_done":
            return Result("not_done", box.start, box.end, box.rule)
        if box and not (
            found
            and box.result == "yes"
            and found.result in ("negative", "positive", "pending", "low_level", "equivocal")
        ):
            return box
        return found

    def _let_time_speak(self, scene: Scene, target: Target, named: set[str], state: State) -> None:
        """Let the date of a mention, or the age at which it happened, put it into the past.

        Args:
            scene: the mention's sentence.
            target: the mention.
            named: what the cues around it say.
            state: its attributes so far; they are changed.
        """
        note, text, label = scene.note, scene.text, target.term.label
        date = nearest_date(text, target, scene.company, scene.dates, scene.sentence[0])
        dated = date or self._stories.of_mention(text, note.note_date, target, scene.story)
        course = self._course_of_cancer(scene, target) if dated else None
        if (
            dated
            and not state.family
            and is_past(
                note,
                dated,
                label,
                plain_year=ends_disease(text, note, target, date, self._stories, active=course == "active"),
                episode=(is_episode(target) and not told_as_ongoing(text, target.start, dated.end))
                or (course == "cured" and not told_as_ongoing(text, target.start, dated.end)),
            )
            and not state.hypothetical
            and not goes_on(text, target, dated, named)
        ):
            state.historical = True
            state.cues.append("date")
        if date is None and label in _TOLD_BY_AGE:
            self._let_age_speak(scene, target, state)

    def _course_of_cancer(self, scene: Scene, target: Target) -> str | None:
        """Return whether a cancer is told as active or cured; its date is that of a disease that goes on, or of one that is over."""
        if target.term.label != "MALIGNANCY":
            return None
        told: str | None = self._around.course(scene.text, scene.sentence, target, scene.company).get("activity")
        return told

    def _let_age_speak(self, scene: Scene, target: Target, state: State) -> None:
        """Let the age at which something happened put it into the past, unless that is the patient's age now.

        Args:
            scene: the mention's sentence.
            target: the mention.
            state: its attributes so far; they are changed.
        """
        text, company = scene.text, scene.company
        low, high = neighbourhood(scene.sentence, target, company)
        told = self._ages.told(text, low, target.start, target.end, high, bare=target.term.label in _AT_BARE_AGE)
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


def _is_condition(text: str, cue: CueMatch, target: Target) -> bool:
    """Return whether a cue begins a condition whose subject the mention is ("if EBV PCR is positive")."""
    between = text[cue.end : target.start]
    return cue.cue.condition and cue.end <= target.start and len(between) < 40 and not set(",;:.") & set(between)
