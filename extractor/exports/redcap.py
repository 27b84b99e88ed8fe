"""REDCap: a data dictionary with two instruments, and the answers as an import file for the first of them.

The first instrument holds what the tool found and is read-only; the second is for the person who decides. An import
never holds fields of the second, so that it can be repeated without touching anybody's work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from extractor.exports.evidence import evidence_text
from extractor.exports.files import CsvFile, Exported, export_folder, write_readme
from extractor.exports.run import Patient, Run
from extractor.trial import Question
from extractor.wording import SCREEN_WORDS, printable, status_words

DICTIONARY: Final = "data_dictionary.csv"
IMPORT: Final = "import.csv"
COLUMNS: Final = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
"""The columns of REDCap's data dictionary, in its order and words."""
ANSWERS_FORM: Final = "notecriteria_answers"
REVIEW_FORM: Final = "notecriteria_review"
COMPLETE: Final = f"{ANSWERS_FORM}_complete"
"""The field that REDCap makes for each instrument: 0 incomplete, 1 unverified, 2 complete."""
RECORD: Final = "record_id"
STATUS_CODES: Final = {"not_documented": "0", "met": "1", "not_met": "2", "possible": "3"}
CONFIDENCE_CODES: Final = {"direct": "1", "inferred": "2", "conflicting": "3"}
ORIGIN_CODES: Final = {"tool": "1", "reviewer": "2"}
SCREEN_CODES: Final = {"excluded": "1", "review": "2", "eligible_so_far": "3"}
LONGEST_NAME: Final = 26
"""REDCap takes up to 100 characters and recommends no more than these, which statistics packages can read."""
LONGEST_RECORD: Final = 100
_HEADERS: Final = {"finding": "Findings", "inclusion": "Inclusion criteria", "exclusion": "Exclusion criteria"}
_READ_ONLY: Final = "@READONLY"


@dataclass(frozen=True)
class Field:
    """A row of the dictionary, by the columns that are used here."""

    name: str
    form: str
    type: str
    label: str
    header: str = ""
    choices: str = ""
    note: str = ""
    validation: str = ""
    identifier: bool = False
    branching: str = ""
    annotation: str = ""

    def row(self) -> dict[str, str]:
        """Return the row with REDCap's names of the columns."""
        values = {
            "Variable / Field Name": self.name,
            "Form Name": self.form,
            "Section Header": _html(self.header),
            "Field Type": self.type,
            "Field Label": _html(self.label),
            "Choices, Calculations, OR Slider Labels": self.choices,
            "Field Note": _html(self.note),
            "Text Validation Type OR Show Slider Number": self.validation,
            "Identifier?": "y" if self.identifier else "",
            "Branching Logic (Show field only if...)": self.branching,
            "Field Annotation": self.annotation,
        }
        return {column: values.get(column, "") for column in COLUMNS}


@dataclass(frozen=True)
class Names:
    """The fields of one question."""

    status: str
    confidence: str
    why: str
    evidence: str
    origin: str
    check: str
    final: str


@dataclass
class Naming:
    """Gives out names by REDCap's rules: lower case, a letter first, no double underscore, each once, not too long."""

    taken: set[str] = field(default_factory=set)

    def name(self, wanted: str, suffix: str = "") -> str:
        """Return a free name.

        Args:
            wanted: what the field is to be called.
            suffix: an ending that stays whole where the name must be cut.
        """
        plain = re.sub(r"[^a-z0-9]+", "_", wanted.lower()).strip("_")
        plain = plain if plain[:1].isalpha() else f"q_{plain}".rstrip("_")
        for number in count(1):
            ending = (f"_{number}" if number > 1 else "") + suffix
            name = plain[: LONGEST_NAME - len(ending)].rstrip("_") + ending
            if name not in self.taken:
                self.taken.add(name)
                return name
        raise AssertionError("names never run out")


class Instrument:
    """The fields for a run's trial.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        fixed = ("statement", "screen", "run_system", "run_date", "other_criteria", "decision", "decision_by")
        self._naming = Naming({RECORD, *fixed, "decision_date", "decision_note", "review_statement", COMPLETE})
        self.names = {q.id: self._names_of(q) for q in run.trial.questions}

    def _names_of(self, question: Question) -> Names:
        suffixes = ("", "_conf", "_why", "_evid", "_origin", "_check", "_final")
        return Names(*(self._naming.name(question.id, suffix) for suffix in suffixes))

    def fields(self) -> Iterator[Field]:
        """Yield all fields, those of each instrument together, the record's id first."""
        yield Field(RECORD, ANSWERS_FORM, "text", "Patient", identifier=True, note="the patient id of the notes")
        yield from self._general()
        last = None
        for question in self._run.trial.questions:
            header = _HEADERS[question.kind] if question.kind != last else ""
            yield from self._answer(question, header)
            last = question.kind
        yield from self._review()

    def _general(self) -> Iterator[Field]:
        form, run = ANSWERS_FORM, self._run
        title = f"{run.trial.trial}: {run.trial.title}"
        yield Field("statement", form, "descriptive", run.statement, header=title)
        choices = _choices({code: SCREEN_WORDS[name] for name, code in SCREEN_CODES.items()})
        yield Field("screen", form, "radio", "Roll-up", choices=choices, note=run.statement, annotation=_READ_ONLY)
        yield Field("run_system", form, "text", "Pre-filled by", annotation=_READ_ONLY)
        yield Field("run_date", form, "text", "Pre-filled on", validation="date_ymd", annotation=_READ_ONLY)

    def _answer(self, question: Question, header: str) -> Iterator[Field]:
        names, form = self.names[question.id], ANSWERS_FORM
        label = f"{question.id}: {question.text}"
        given = f"[{names.status}] <> ''"
        documented = f"{given} and [{names.status}] <> '{STATUS_CODES['not_documented']}'"
        yield Field(
            names.status, form, "radio", label, header=header, choices=_status_choices(question), annotation=_READ_ONLY
        )
        yield Field(
            names.confidence,
            form,
            "radio",
            f"{question.id}: confidence",
            choices=_choices({code: name for name, code in CONFIDENCE_CODES.items()}),
            branching=documented,
            annotation=_READ_ONLY,
        )
        for name, what in ((names.why, "reason"), (names.evidence, "evidence")):
            # the words of the notes may name people: exports without identifiers must leave them out
            yield Field(
                name,
                form,
                "notes",
                f"{question.id}: {what}",
                identifier=True,
                branching=given,
                annotation=_READ_ONLY,
            )
        yield Field(
            names.origin,
            form,
            "radio",
            f"{question.id}: answered by",
            choices=_choices({code: name for name, code in ORIGIN_CODES.items()}),
            branching=given,
            annotation=_READ_ONLY,
        )

    def _review(self) -> Iterator[Field]:
        form, trial = REVIEW_FORM, self._run.trial
        yield Field("review_statement", form, "descriptive", self._run.statement, header="A person decides")
        for question in trial.questions:
            names = self.names[question.id]
            yield Field(
                names.check,
                form,
                "radio",
                f"{question.id}: {question.text}",
                choices=_choices({"1": "confirmed", "2": "corrected"}),
                note=f"pre-filled: [{names.status}]",
            )
            yield Field(
                names.final,
                form,
                "radio",
                f"{question.id}: corrected answer",
                choices=_status_choices(question),
                branching=f"[{names.check}] = '2'",
            )
        left = trial.criteria_total - trial.criteria_assessed
        other = f"The other {left} criteria of the trial, which the tool does not assess, were checked in the chart"
        yield Field("other_criteria", form, "yesno", other, header="Decision")
        choices = _choices({"1": "eligible", "2": "not eligible", "3": "more is needed"})
        yield Field("decision", form, "radio", "Decision", choices=choices)
        yield Field("decision_by", form, "text", "Decided by", identifier=True)
        yield Field("decision_date", form, "text", "Decided on", validation="date_ymd")
        yield Field("decision_note", form, "notes", "Remarks", identifier=True)

    def import_columns(self) -> list[str]:
        """Return the columns of the import file: the fields of the first instrument that hold data."""
        of_form = [f.name for f in self.fields() if f.form == ANSWERS_FORM and f.type != "descriptive"]
        return [*of_form, COMPLETE]

    def import_row(self, patient: Patient) -> dict[str, Any]:
        """Return a patient as a row of the import file, choices by their codes.

        Args:
            patient: the patient.
        """
        row = {
            RECORD: patient.patient_id,
            "screen": SCREEN_CODES[patient.screen],
            "run_system": self._run.system,
            "run_date": self._run.finished.date().isoformat(),
            COMPLETE: "2" if patient.reviewed else "1",
        }
        for question, answer in patient.answers.items():
            names = self.names[question]
            documented = answer.status != "not_documented"
            row[names.status] = STATUS_CODES[answer.status]
            row[names.confidence] = CONFIDENCE_CODES[answer.confidence] if documented else ""
            row[names.why] = printable(answer.rationale)
            row[names.evidence] = evidence_text(patient.evidence(answer))
            row[names.origin] = ORIGIN_CODES[answer.origin]
        return row


def write(run: Run, out: Path) -> Exported:
    """Write a run's answers for REDCap.

    Args:
        run: the run.
        out: the folder to write to.

    Returns:
        What was written, with a line for each patient whose id REDCap does not take.

    Raises:
        UsageError: the folder cannot be written, or the run cannot be read.
    """
    instrument = Instrument(run)
    done = Exported(out, {"records": 0, "fields": 0})
    with export_folder(out) as folder:
        with folder.create(DICTIONARY, text=True) as stream:
            table = CsvFile(stream, COLUMNS)
            for row in instrument.fields():
                table.add(row.row())
                done.counts["fields"] += 1
        with folder.create(IMPORT, text=True) as stream:
            table = CsvFile(stream, instrument.import_columns())
            for patient in run.patients():
                if not _fit_record(patient.patient_id):
                    done.issues.append(_refused(patient.patient_id))
                    continue
                table.add(instrument.import_row(patient))
                done.counts["records"] += 1
        write_readme(folder, run, "REDCap", _TOLD)
    return done


_TOLD: Final = (
    f"`{DICTIONARY}`: upload it first (Project Setup, Data Dictionary), into a new project; an upload replaces all "
    "instruments of a project.",
    f"`{IMPORT}`: upload it then (Data Import Tool). It fills `{ANSWERS_FORM}` and leaves `{REVIEW_FORM}` to people. "
    "Do not save it in Excel before, which would strip zeros from ids.",
)


def _fit_record(patient_id: str) -> bool:
    return patient_id == patient_id.strip() and len(patient_id) <= LONGEST_RECORD and patient_id.isprintable()


def _refused(patient_id: str) -> str:
    shown = " ".join(printable(patient_id[:LONGEST_RECORD]).split())
    return (
        f"patient {shown}: left out, for REDCap takes record ids of at most {LONGEST_RECORD} visible characters "
        "without spaces at either end; give the patient another id"
    )


def _choices(labels: Mapping[str, str]) -> str:
    return " | ".join(f"{code}, {label}" for code, label in labels.items())


def _status_choices(question: Question) -> str:
    return _choices({code: status_words(question.kind, status) for status, code in STATUS_CODES.items()})


def _html(text: str) -> str:
    """Return a text for a place where REDCap shows HTML, so that ``<`` does not begin a tag."""
    return text.replace("<", "&lt;")
