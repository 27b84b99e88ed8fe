"""What must hold of every patient, and that no answer asks what day it is."""

import datetime as dt
import re
import sys
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor import Extractor, Note, Screener
from extractor.schema import CONFIDENCES, STATUSES
from tests.resolver.charts import DAY, notes
from tests.resolver.table import rows
from tests.shared import examples, notes_of


def dev_patients() -> dict[str, list[Note]]:
    """Return the notes of each dev patient."""
    found: dict[str, list[Note]] = {}
    for note in notes_of("dev"):
        found.setdefault(note.patient_id, []).append(note)
    return found


@st.composite
def patients(draw: st.DrawFn, least: int = 1) -> list[Note]:
    """Return notes of a made-up patient: rows of the table under one roof, dated, undated, and on the same day."""
    every = [row.values[1] for row in rows()]
    count = draw(st.integers(least, 5))
    days = st.one_of(st.none(), st.dates(dt.date(2018, 1, 1), dt.date(2026, 12, 31)).map(str), st.just(DAY))
    made = []
    for number in range(count):
        texts = draw(st.lists(st.sampled_from(every), min_size=1, max_size=4))
        text = "\n".join(re.sub(r"^(?:\d{4}-\d\d-\d\d|undated) ", "", t) for row in texts for t in row[1:])
        made.append(Note("p", f"n{number}", text, draw(days)))
    return made


@examples(20)
@given(data=st.data(), patient=st.sampled_from(sorted(p for p, ns in dev_patients().items() if len(ns) > 1)))
def test_the_order_in_which_dev_notes_are_read_changes_no_answer(
    screener: Screener, data: st.DataObject, patient: str
) -> None:
    of_patient = dev_patients()[patient]
    assert screener.answers(data.draw(st.permutations(of_patient))) == screener.answers(of_patient)


@examples(60)
@given(data=st.data(), of_patient=patients(least=2))
def test_the_order_in_which_notes_are_read_changes_no_answer(
    screener: Screener, data: st.DataObject, of_patient: list[Note]
) -> None:
    assert screener.answers(data.draw(st.permutations(of_patient))) == screener.answers(of_patient)


IRRELEVANT = [
    "Walked to the shops, slept well.",
    "BP 120/80, HR 72, RR 14.",
    "Seen 2024-05-05; next visit 06/06/2025.",
    "Flu vaccine given. Diet as before.",
    "No complaints. Denies chest pain.",
    "PMH: hypertension. FH: mother with diabetes.",
    "Plan: physiotherapy. If worse, call.",
    "\u200b\x00\ud800",
    "",
]


@examples(60)
@given(
    of_patient=patients(),
    text=st.lists(st.sampled_from(IRRELEVANT), min_size=1, max_size=4).map("\n".join),
    day=st.one_of(st.none(), st.dates(dt.date(2010, 1, 1), dt.date(2030, 1, 1)).map(str)),
    name=st.sampled_from(["a", "n2x", "z"]),
)
def test_with_the_reference_date_fixed_an_irrelevant_note_changes_no_answer(
    screener: Screener, of_patient: list[Note], text: str, day: str | None, name: str
) -> None:
    other = copy(screener)
    other.as_of = DAY
    assert other.answers([*of_patient, Note("p", name, text, day)]) == other.answers(of_patient)


def check_answers(screener: Screener, of_patient: list[Note]) -> None:
    """Check what holds of all answers: statuses, reasons, and evidence that exists."""
    mentions, answers = screener.screen(of_patient)
    ids = {m.mention_id for m in mentions}
    for a in answers:
        assert a.status in STATUSES
        assert a.confidence in CONFIDENCES
        assert a.rationale.endswith(".") and "\n" not in a.rationale
        assert set(a.evidence) <= ids
        assert len(set(a.evidence)) == len(a.evidence)
        assert a.evidence or a.status == "not_documented", (a.question, a.rationale)


@pytest.mark.parametrize("patient", sorted(dev_patients()))
def test_every_answer_for_a_dev_patient_has_evidence_that_exists(screener: Screener, patient: str) -> None:
    check_answers(screener, dev_patients()[patient])


@examples(80)
@given(of_patient=patients())
def test_every_answer_has_evidence_that_exists(screener: Screener, of_patient: list[Note]) -> None:
    check_answers(screener, of_patient)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("I1", "54-year-old."),
        ("I4", "HLH (6/8 criteria)."),
        ("I1", "DOB 1990-01-01."),
        ("I4", "HLH-2004 criteria: 6/8."),
    ],
)
def test_what_is_met_has_evidence(screener: Screener, question: str, text: str) -> None:
    mentions, answers = screener.screen(notes(text))
    found = next(a for a in answers if a.question == question)
    assert found.status == "met"
    assert found.evidence
    assert set(found.evidence) <= {m.mention_id for m in mentions}


def test_statements_of_the_resolver_that_nothing_cites_stay_inside(screener: Screener) -> None:
    mentions, _ = screener.screen(notes("Age 50. Seen for the biobank. AST 88 U/L."))
    assert [m.label for m in mentions] == ["AGE"]


class _Timeless(type(dt.date)):  # type: ignore[misc]
    """The class of days that know no today; real days are theirs too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, dt.date)


class TimelessDate(dt.date, metaclass=_Timeless):
    """A day whose class does not know what day it is."""

    @classmethod
    def today(cls) -> Any:
        raise AssertionError("today was asked for")


class Timeless:
    """The module ``datetime`` without a clock."""

    date, timedelta, datetime, timezone = TimelessDate, dt.timedelta, None, dt.timezone


def test_no_answer_asks_what_day_it_is(screener: Screener, monkeypatch: pytest.MonkeyPatch) -> None:
    some = list(dev_patients().values())[::6]
    wanted = [screener.answers(of_patient) for of_patient in some]
    dated = [m for name, m in sys.modules.items() if name.startswith("extractor.") and getattr(m, "dt", None) is dt]
    for module in dated:
        if module.__name__ != "extractor.schema":  # which only asks whether a day is one
            monkeypatch.setattr(module, "dt", Timeless)
    fresh = copy(screener)
    fresh.extractor = Extractor()
    assert {"extractor.dates", "extractor.screener"} <= {m.__name__ for m in dated}
    assert [fresh.answers(of_patient) for of_patient in some] == wanted


def test_the_code_between_notes_and_answers_has_no_clock() -> None:
    import extractor

    root = Path(extractor.__file__).parent
    of_a_run = {
        f"{name}.py"
        for name in [
            "batch",
            "runrecord",
            "workers",
            "checkpoint",
            "pace",
            "progress",
            "sparkrun",
            "console",
            "runfolder",
            "report",
            "cli",
            "records",
        ]
    }
    clock = re.compile(r"\.today\(|\.now\(|\.utcnow\(|\btime\.(?:time|localtime|gmtime|monotonic)\(|\bimport time\b")
    paths = [*root.glob("*.py"), *root.glob("mechanisms/*.py")]
    assert [p.name for p in paths if p.name not in of_a_run and clock.search(p.read_text(encoding="utf-8"))] == []
