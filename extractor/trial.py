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
from extractor.rulefiles import load

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


class Ever(_Strict):
    """Anything asserted of some labels, at any time."""

    type: Literal["ever"]
    labels: tuple[str, ...]
    name: str
    concepts: tuple[str, ...] = ()
    values: tuple[Threshold, ...] = ()
    uncertain_is: Status = "possible"
    family_is: Status | None = None
    needs_result: tuple[str, ...] = ()
    within_days: int | None = None


class InfectionNow(_Strict):
    """An infection now: what each test's result means, the latest dated statement wins."""

    type: Literal["infection_now"]
    label: str
    tests: dict[str, dict[str, Literal["active", "past", "negative", "possible"]]]
    tissue_tests: tuple[str, ...] = ()
    early: str = ""
    late: str = ""
    quantitative: str = ""


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


class Age(_Strict):
    """Age at the reference date within two limits, both inclusive."""

    type: Literal["age"]
    low: float
    high: float


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


class SameAs(_Strict):
    """The answer of another question."""

    type: Literal["same_as"]
    question: str


class Combination(_Strict):
    """All, any or none of other questions."""

    type: Literal["all", "any", "not"]
    questions: tuple[str, ...] = Field(min_length=1)


Rule = Annotated[
    Ever
    | InfectionNow
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
        return load(path, Trial)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", str(trial)):
        raise UsageError(f"--trial {trial}: give a trial's id or the path of its file")
    for folder in folders:
        found = folder / f"{trial}.yaml"
        if found.is_file():
            return load(found, Trial)
    known = sorted({p.stem for f in folders for p in f.glob("*.yaml")})
    raise UsageError(f"--trial {trial}: no such trial; known are {', '.join(known)}")
