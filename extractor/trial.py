"""The small language of questions: a trial file as typed data.

``rules/trials/README.md`` is the reference of the language; the mechanisms behind it are in
``extractor/mechanisms``. A new trial is a new file, without any Python.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from extractor.errors import UsageError
from extractor.rulefiles import load_checked

Status = Literal["met", "possible", "not_met", "not_documented"]
Comparator = Literal["<", "<=", "=", ">=", ">"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Threshold(_Strict):
    """A value that answers a question on one side of a limit."""

    label: str = ""
    test: str = ""
    item: str = ""
    comparator: Comparator
    threshold: float
    unit: str = ""
    name: str = ""
    tolerance: float = 0.0
    flag: str = ""

    def holds(self, value: float, comparator: str | None = "=") -> bool | None:
        """Return whether a value lies on the side asked for; ``None`` where an inequality leaves it open.

        Args:
            value: the value in the canonical unit.
            comparator: the inequality sign that stood before it.
        """
        limit = self.threshold
        up = self.comparator in (">", ">=")
        inside = {
            "<": value < limit,
            "<=": value <= limit + self.tolerance,
            ">": value > limit,
            ">=": value >= limit - self.tolerance,
            "=": value == limit,
        }[self.comparator]
        if comparator in ("<", "<="):
            return (None if value > limit else False) if up else (True if inside or value <= limit else None)
        if comparator in (">", ">="):
            return (True if inside else None) if up else (None if value < limit else False)
        return inside


class Window(_Strict):
    """A rule that may ask for a window that ends on the reference date, its first day included."""

    within_days: int | None = Field(default=None, ge=0)
    within_weeks: int | None = Field(default=None, ge=0)
    within_months: int | None = Field(default=None, ge=0)

    @property
    def limited(self) -> bool:
        """Whether a window is asked for at all."""
        return (self.within_days, self.within_weeks, self.within_months) != (None, None, None)

    @model_validator(mode="after")
    def _one_window(self) -> Window:
        if [self.within_days, self.within_weeks, self.within_months].count(None) < 2:
            raise ValueError("give one of within_days, within_weeks and within_months")
        return self


class Ever(Window):
    """Anything asserted of some labels, at any time, within a window, or now."""

    type: Literal["ever"]
    labels: tuple[str, ...]
    name: str
    concepts: tuple[str, ...] = ()
    values: tuple[Threshold, ...] = ()
    uncertain_is: Status = "possible"
    family_is: Status | None = None
    needs_result: tuple[str, ...] = ()
    weak_kinds: tuple[str, ...] = ()
    """Kinds of mention (``details.kind``) a doubt about which is ``possible`` only, whatever ``uncertain_is`` says."""
    excluding_kinds: tuple[str, ...] = ()
    """Kinds of mention whose denial excludes every earlier suspicion (a negative panel)."""
    possible_concepts: tuple[str, ...] = ()
    """Concepts that count but leave open whether the criterion means them: they make the answer possible at most."""
    now: bool = False
    """Only what goes on counts: the latest statement of each concept decides, and what is past does not count."""


class InfectionNow(_Strict):
    """An infection now: what each test's result means, the latest dated statement wins."""

    type: Literal["infection_now"]
    label: str
    tests: dict[str, dict[str, Literal["active", "past", "negative", "possible"]]]
    tissue_tests: tuple[str, ...] = ()
    antibodies: tuple[str, ...] = ()
    """Tests whose negative undoes no other test's positive of the same illness."""
    diseases: tuple[str, ...] = ()
    """What, told later as past, ends an infection that was active."""
    early: str = ""
    late: str = ""
    quantitative: str = ""


class LabValue(Window):
    """A laboratory value beyond a limit, or a sign that stands for it."""

    type: Literal["value"]
    label: str
    name: str
    values: tuple[Threshold, ...] = ()
    states: tuple[str, ...] = ()
    pick: Literal["latest", "any"] = "latest"

    @model_validator(mode="after")
    def _something_is_asked(self) -> LabValue:
        if not (self.values or self.states):
            raise ValueError("give values or states")
        return self


class DoseLimit(_Strict):
    """A daily dose that patients of some age or weight need, or that suffices for them."""

    per_day: float = Field(gt=0)
    role: Literal["needed", "suffices"]
    age_from: float = 0
    age_below: float = 200
    weight_from: float = 0


class DoseCourse(_Strict):
    """A course of a drug class of at least some dose per kilogram for at least some days."""

    type: Literal["dose_course"]
    label: str
    name: str
    per_kg_per_day: float
    days: int
    unweighted_met: float
    unweighted_low: float
    equivalents: dict[str, float]
    limits: tuple[DoseLimit, ...] = ()
    route: Literal["iv", "po", "im"] | None = None
    """A stated other route does not count; a route that is not stated does."""


class Age(_Strict):
    """Age within two limits, both inclusive, at the reference date or when a disease was first dated."""

    type: Literal["age"]
    low: float
    high: float
    possible_low: float | None = None
    """Ages from here up to ``low`` are possible (some cohorts take them)."""
    at: str = ""
    """Label whose first dated mention is the day that counts; without one it is the reference date."""


class Consent(_Strict):
    """Signed consent; minors need their guardian's too."""

    type: Literal["consent"]
    minor_below: int = 0
    studies: tuple[str, ...] = ()
    """Concepts of ``_STUDY`` that are this trial; a consent beside another study's name is not counted."""


class CountedItem(_Strict):
    """One item of a count: states that fulfil it, or values beyond thresholds."""

    states: tuple[str, ...] = ()
    values: tuple[Threshold, ...] = ()
    needed: int = 1


class CriteriaCount(_Strict):
    """A diagnosis that holds by a count of items, or by the notes' own statement of the count."""

    type: Literal["criteria_count"]
    label: str
    statement: str
    feature: str
    name: str
    needed: int
    of: int
    window_days: int
    items: dict[str, CountedItem]


class Response(_Strict):
    """Failure of a treatment, tied to the question that says it was given as asked."""

    type: Literal["response"]
    label: str
    given: str


class Attribution(_Strict):
    """A disease attributed to some kinds of cause."""

    type: Literal["attribution"]
    label: str
    cause: str
    kinds_met: tuple[str, ...]
    kinds_not: tuple[str, ...] = ()
    concepts_met: tuple[str, ...] = ()
    infection: str = ""
    exposures: tuple[str, ...] = ()


class ExceptionRule(_Strict):
    """Concepts that do not count where a condition holds."""

    concepts: tuple[str, ...]
    needs: Literal["treated", "untreated_localised", "none"]


class RecentDisease(_Strict):
    """A disease active, diagnosed or treated within some years, with exceptions."""

    type: Literal["recent_disease"]
    label: str
    name: str
    years: float
    exceptions: tuple[ExceptionRule, ...] = ()
    treatments: tuple[str, ...] = ()


class Allergy(_Strict):
    """An allergy to one of some concepts."""

    type: Literal["allergy"]
    label: str
    concepts: tuple[str, ...]
    name: str
    others: str = "_OTHER_ALLERGY"
    """Label of allergies to foods and materials, which answer only that something else is documented."""


class SameAs(_Strict):
    """The answer of another question."""

    type: Literal["same_as"]
    question: str


class Combination(_Strict):
    """All, any, none, at least some, or the first that is documented, of other questions."""

    type: Literal["all", "any", "not", "at_least", "first"]
    questions: tuple[str, ...] = Field(min_length=1)
    count: int = Field(default=1, ge=1)
    met_is: Status = "met"
    """What ``met`` becomes where a part of the criterion cannot be read from notes."""

    @model_validator(mode="after")
    def _count_is_possible(self) -> Combination:
        if self.type != "at_least" and "count" in self.model_fields_set:
            raise ValueError("count belongs to at_least")
        if self.count > len(self.questions):
            raise ValueError("count asks for more questions than are named")
        return self


Rule = Annotated[
    Ever
    | InfectionNow
    | LabValue
    | DoseCourse
    | Age
    | Consent
    | CriteriaCount
    | Response
    | Attribution
    | RecentDisease
    | Allergy
    | SameAs
    | Combination,
    Field(discriminator="type"),
]


class Question(_Strict):
    """One question of a trial."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
    kind: Literal["finding", "inclusion", "exclusion"]
    text: str
    rule: Rule


class Trial(_Strict):
    """A trial: its questions in order, and how many criteria it has in all."""

    trial: str
    title: str
    source: str
    criteria_total: int = Field(gt=0)
    questions: tuple[Question, ...] = Field(min_length=1)

    @property
    def criteria_assessed(self) -> int:
        """How many of the trial's criteria are assessed at all."""
        return sum(q.kind != "finding" for q in self.questions)

    @property
    def statement(self) -> str:
        """What must be said wherever answers are shown."""
        return (
            f"{self.criteria_assessed} of the {self.criteria_total} criteria of {self.trial} are assessed; "
            "an exclusion that is met excludes the patient; a person decides."
        )

    @model_validator(mode="after")
    def _questions_stand_before_use(self) -> Trial:
        seen: set[str] = set()
        for question in self.questions:
            if question.id in seen:
                raise ValueError(f"the question {question.id} stands twice")
            for name in _refers_to(question.rule):
                if name not in seen:
                    raise ValueError(f"{question.id} asks for {name}, which does not stand before it")
            seen.add(question.id)
        return self


def _refers_to(rule: BaseModel) -> list[str]:
    names: list[str] = []
    for key in ("given", "question", "infection"):
        value = getattr(rule, key, "")
        if value:
            names.append(value)
    names += list(getattr(rule, "exposures", ()) or ()) + list(getattr(rule, "questions", ()) or ())
    return names


def load_trial(trial: str | Path, folders: tuple[Path, ...]) -> Trial:
    """Return a trial by its id or its file.

    Args:
        trial: id such as ``NCT07208058``, or the path of a trial file.
        folders: folders in which ids are looked up, first found first.

    Raises:
        UsageError: no such trial.
        RuleError: a fault in its file.
    """
    path = Path(trial)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        if not path.is_file():
            raise UsageError(f"--trial {trial}: there is no such file")
        return load_checked(path, Trial)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", str(trial)):
        raise UsageError(f"--trial {trial}: give a trial's id or the path of its file")
    for folder in folders:
        found = folder / f"{trial}.yaml"
        if found.is_file():
            return load_checked(found, Trial)
    known = sorted({p.stem for f in folders for p in f.glob("*.yaml")})
    raise UsageError(f"--trial {trial}: no such trial; known are {', '.join(known)}")
