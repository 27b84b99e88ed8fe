"""The report: self-contained, escaped, says what it is not, and stays usable for many patients."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from extractor import report
from extractor.batch import screen
from extractor.wording import excludes, printable, status_tone, status_words


class Page(HTMLParser):
    """Collects what a page loads and the text that it shows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.words: list[str] = []
        self.marked: list[str] = []
        self._within: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "action")]

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "script" in self._within or "style" in self._within:
            return
        self.words.append(data)
        if "mark" in self._within:
            self.marked.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(tmp_path: Path, **texts: str) -> Page:
    folder = tmp_path / "notes"
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
    screen([folder], tmp_path / "run")
    return Page((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))


def test_the_statement_stands_at_the_top(tmp_path: Path) -> None:
    text = page_of(tmp_path, p="Has asthma.").text
    assert text.index("Only 10 of the trial’s 22 criteria are assessed here.") < text.index("Answers over 1 patient")
    assert "An exclusion that is met excludes the patient." in text
    assert "A person decides." in text


def test_an_exclusion_that_is_met_says_so_in_words_and_red(tmp_path: Path) -> None:
    page_of(tmp_path, p="Has asthma.")
    html = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert '<i class="chip bad">E5 met – excludes</i>' in html
    assert '<b class="chip bad">met – excludes</b>' in html


def test_evidence_is_shown_with_its_mention_highlighted_and_its_reason(tmp_path: Path) -> None:
    page = page_of(tmp_path, **{"p__n7__2024-01-02": "PMH: COPD\r\nFeels well. Denies asthma today."})
    assert "COPD" in page.marked
    assert "note n7 · 2024-01-02" in page.text
    assert "rule lung_disease.copd" in page.text
    assert "neg.denies" in page.text


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    assert page_of(tmp_path, p="Has asthma.").loads == []


def test_notes_and_ids_are_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script> \"asthma\" & 'COPD' </mark><img src=x onerror=alert(2)>"
    page = page_of(tmp_path, **{"<b>id<__n": escape(evil)})  # as HTML the note's words are the evil ones
    html = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert html.count("<script>") == 1
    assert "<img" not in html and "<b>id" not in html
    assert "<script>alert(1)</script>" in page.text


def test_control_characters_and_lone_surrogates_cannot_break_the_page(tmp_path: Path) -> None:
    page_of(tmp_path, p="asthma \x00\x1b[31m \x07 lymphoma")
    html = (tmp_path / "run" / "report.html").read_bytes()
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", html)


def test_a_long_sentence_is_cut_around_its_mention(tmp_path: Path) -> None:
    page = page_of(tmp_path, p="and " * 500 + "asthma " + "and " * 500)
    (mark,) = set(page.marked)
    assert mark == "asthma"
    assert page.text.count("and ") < 2 * 100
    assert "… " in page.text


def test_a_patient_without_a_readable_note_is_shown(tmp_path: Path) -> None:
    assert "No note could be read" in page_of(tmp_path, p="").text


def test_of_very_many_patients_those_not_excluded_keep_their_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MOST_DETAILS", 2)
    page = page_of(tmp_path, a="Has asthma.", b="Feels well.", c="SLE.")
    html = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'<(details|div) class="patient[^>]*data-id="(\w)"', html) == [
        ("div", "a"),
        ("details", "b"),
        ("details", "c"),
    ]
    assert "Evidence is shown for 2 of 3 patients, those not excluded first." in page.text


@pytest.mark.parametrize(
    ("kind", "status", "words", "tone"),
    [
        ("exclusion", "met", "met – excludes", "bad"),
        ("exclusion", "not_met", "not met", "good"),
        ("inclusion", "met", "met", "good"),
        ("inclusion", "not_met", "not met – excludes", "bad"),
        ("finding", "met", "met", "fact"),
        ("finding", "not_met", "not met", "fact"),
        ("exclusion", "possible", "possible", "open"),
        ("inclusion", "not_documented", "not documented", "silent"),
    ],
)
def test_words_and_colours_of_a_status(kind: str, status: str, words: str, tone: str) -> None:
    assert (status_words(kind, status), status_tone(kind, status)) == (words, tone)
    assert excludes(kind, status) == (tone == "bad")


def test_printable_keeps_letters_and_line_ends() -> None:
    assert printable("é\U0001f642\n\ta\x1b\ud800\x00") == "é\U0001f642\n\ta \ufffd "
