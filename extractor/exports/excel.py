"""Excel: a workbook with the answers in colour and their evidence as comments, the mentions, and what it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from extractor.errors import UsageError
from extractor.exports.evidence import evidence_text, origin_words
from extractor.exports.files import Exported, parent_folder
from extractor.exports.run import Patient, Run
from extractor.schema import MENTION_COLUMNS, Answer
from extractor.trial import Question
from extractor.wording import SCREEN_WORDS, Tone, printable, status_tone, status_words

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

MOST_COMMENTED: Final = 2_000
"""Patients whose answers bear comments: Excel keeps each comment as a drawing and is slow to open very many."""
MOST_ROWS: Final = 1_048_576
"""Rows of a sheet; further mentions go to further sheets."""
LONGEST: Final = 32_767
"""Characters of a cell."""
_ANSWER_ROWS_ABOVE: Final = 2
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_COLOURS: Final[dict[Tone, str]] = {
    "bad": "F4B6B6",
    "good": "CDEBCB",
    "open": "FFE8A3",
    "silent": "E7E7E7",
    "fact": "D5E3F5",
}
_MEANING: Final[dict[Tone, str]] = {
    "bad": "excludes the patient: an exclusion that is met, or an inclusion that is not",
    "good": "does not stand in the way: an inclusion that is met, or an exclusion that is not",
    "open": "possible: look at the chart",
    "silent": "not documented in the notes; never a no",
    "fact": "a finding, which alone neither excludes nor includes",
}
_SCREEN_TONES: Final[dict[str, Tone]] = {"excluded": "bad", "review": "open", "eligible_so_far": "good"}
_AS_TEXT: Final = "@"


def write(run: Run, out: Path) -> Exported:
    """Write a run as a workbook.

    Args:
        run: the run.
        out: the ``.xlsx`` file to write.

    Returns:
        What was written, with a line where patients are too many for comments.

    Raises:
        UsageError: openpyxl is missing, the file cannot be written, or the run cannot be read.
    """
    try:
        from openpyxl import Workbook
    except ImportError:
        raise UsageError("--to excel needs openpyxl; install it with pip install 'notecriteria[export]'") from None
    with parent_folder(out, ".xlsx") as folder:
        book = Workbook(write_only=True)
        done = Exported(out, {"patients": 0, "mentions": 0})
        _about(_Sheet(book.create_sheet("about")), run)
        _answers(_Sheet(book.create_sheet("answers")), run, done)
        _mentions(book, run, done)
        book.active = 1
        book.properties.creator = run.system
        book.properties.created = book.properties.modified = run.finished.replace(tzinfo=None)
        with folder.create(out.name) as stream:
            book.save(stream)
    return done


class _Sheet:
    """Makes cells that Excel takes for what they are: text stays text, whatever it begins with."""

    def __init__(self, sheet: WriteOnlyWorksheet) -> None:
        from openpyxl.styles import Alignment, Font, PatternFill

        self.sheet = sheet
        self.fills = {tone: PatternFill("solid", fgColor=colour) for tone, colour in _COLOURS.items()}
        self.bold, self.warning = Font(bold=True), Font(bold=True, color="B00000")
        self.reviewed = Font(bold=True, italic=True)
        self.wrapped = Alignment(wrap_text=True, vertical="top")

    def text(self, value: str, *, font: Any = None, tone: Tone | None = None) -> WriteOnlyCell:
        """Return a cell of text.

        Args:
            value: the text, cut where it is longer than a cell holds.
            font: how it is written.
            tone: its colour.
        """
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(self.sheet, value=_cell_text(value))
        # A text that begins like a formula is stored as text; the quote prefix keeps it one when it is edited.
        cell.data_type = "s"
        cell.number_format = _AS_TEXT
        if value[:1] in "=+-@\t\r":
            cell.quotePrefix = True
        if font is not None:
            cell.font = font
        if tone is not None:
            cell.fill = self.fills[tone]
        return cell

    def cell(self, value: Any) -> Any:
        """Return a value as a cell: numbers as numbers, truth as yes or nothing, everything else as text."""
        if value is None or value is False:
            return None
        if value is True:
            return "yes"
        if isinstance(value, int | float):
            return value
        return self.text(value if isinstance(value, str) else str(value))


def _cell_text(value: str) -> str:
    """Return text that a workbook can hold, with ``_x0041_`` kept from being read as a character's code."""
    plain = _ESCAPE.sub("_x005F_", printable(value))
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 2] + " …"


def _about(page: _Sheet, run: Run) -> None:
    sheet = page.sheet
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 24, 100
    sheet.append([page.text(run.statement, font=page.warning)])
    sheet.append([])
    trial, about = run.trial, run.about
    facts = {
        "Trial": f"{trial.trial}: {trial.title}",
        "Run by": run.system,
        "Finished": run.finished.isoformat(),
        "Reference date": (about.get("options") or {}).get("as_of") or "the date of each patient's latest note",
        "Notes set aside": str(len(about.get("set_aside") or [])) + " (why: run.json)",
        "Answers": "by the tool unless a comment says by a reviewer; those of reviewers are bold and italic",
    }
    for name, value in facts.items():
        sheet.append([page.text(name, font=page.bold), page.text(value)])
    sheet.append([])
    for tone, meaning in _MEANING.items():
        sheet.append([page.text("colour", tone=tone), page.text(meaning)])
    sheet.append([])
    for question in trial.questions:
        sheet.append([page.text(question.id, font=page.bold), page.text(f"{question.kind}: {question.text}")])


def _answers(page: _Sheet, run: Run, done: Exported) -> None:
    from openpyxl.utils import get_column_letter

    sheet, questions = page.sheet, run.trial.questions
    columns = ["patient_id", "screen", *(q.id for q in questions)]
    sheet.freeze_panes = f"B{_ANSWER_ROWS_ABOVE + 1}"
    for number, name in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = max(15, len(name) + 4)
    sheet.append([page.text(run.statement, font=page.warning)])
    sheet.append([page.text(name, font=page.bold) for name in columns])
    for patient in run.patients():
        done.counts["patients"] += 1
        if done.counts["patients"] + _ANSWER_ROWS_ABOVE > MOST_ROWS:
            raise UsageError("a sheet cannot hold so many patients; screening.csv and answers.parquet hold all")
        sheet.append(list(_row(page, questions, patient, done.counts["patients"] <= MOST_COMMENTED)))
    last = done.counts["patients"] + _ANSWER_ROWS_ABOVE
    sheet.auto_filter.ref = f"A{_ANSWER_ROWS_ABOVE}:{get_column_letter(len(columns))}{last}"
    if done.counts["patients"] > MOST_COMMENTED:
        done.issues.append(
            f"comments: only the first {MOST_COMMENTED:,} patients have them, for Excel is slow with more; "
            "answers.parquet holds all reasons and report.html shows them"
        )


def _row(page: _Sheet, questions: Sequence[Question], patient: Patient, commented: bool) -> Iterator[WriteOnlyCell]:
    yield page.text(patient.patient_id)
    yield page.text(SCREEN_WORDS[patient.screen], font=page.bold, tone=_SCREEN_TONES[patient.screen])
    for question in questions:
        answer = patient.answers[question.id]
        cell = page.text(
            status_words(question.kind, answer.status),
            font=page.reviewed if answer.origin == "reviewer" else None,
            tone=status_tone(question.kind, answer.status),
        )
        if commented and (answer.evidence or answer.status != "not_documented" or answer.origin != "tool"):
            cell.comment = _comment(patient, answer)
        yield cell


def _comment(patient: Patient, answer: Answer) -> Any:
    from openpyxl.comments import Comment

    parts = [
        f"{answer.confidence}, {origin_words(answer)}",
        printable(answer.rationale),
        evidence_text(patient.evidence(answer)),
    ]
    text = "\n".join(part for part in parts if part)
    return Comment(_cell_text(text), "notecriteria", width=480, height=min(60 + 18 * text.count("\n"), 400))


def _mentions(book: Any, run: Run, done: Exported) -> None:
    page, room = None, 0
    for mention in run.mentions():
        if page is None or not room:
            page, room = _mention_sheet(book, len(book.sheetnames) - 1), MOST_ROWS - 1
        values = mention.row()
        values["cues"] = ", ".join(mention.cues)
        values["details"] = None if not mention.details else values["details"]
        page.sheet.append([page.cell(values[name]) for name in MENTION_COLUMNS])
        done.counts["mentions"] += 1
        room -= 1
    if page is None:
        _mention_sheet(book, 1)


def _mention_sheet(book: Any, number: int) -> _Sheet:
    from openpyxl.utils import get_column_letter

    page = _Sheet(book.create_sheet("mentions" if number == 1 else f"mentions {number}"))
    page.sheet.freeze_panes = "A2"
    for place, name in enumerate(MENTION_COLUMNS, start=1):
        page.sheet.column_dimensions[get_column_letter(place)].width = 40 if name == "text" else max(12, len(name) + 2)
    page.sheet.auto_filter.ref = f"A1:{get_column_letter(len(MENTION_COLUMNS))}{MOST_ROWS}"
    page.sheet.append([page.text(name, font=page.bold) for name in MENTION_COLUMNS])
    return page
