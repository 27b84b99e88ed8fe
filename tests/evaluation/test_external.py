"""Licensed corpora: files of the form in which they are distributed, written here."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.external import read_concepts, read_i2b2_2010, read_n2c2_2018, score_assertions
from extractor.errors import UsageError

STARS = "*" * 100
N2C2 = f"""<?xml version="1.0" encoding="UTF-8" ?>
<PatientMatching>
<TEXT><![CDATA[

Record date: 2106-02-12

Known CAD & "HTN" <stable>.

{STARS}

Record date: 2107-05-03

Second visit.

{STARS}
]]></TEXT>
<TAGS>
<ABDOMINAL met="not met" />
<ADVANCED-CAD met="met" />
</TAGS>
</PatientMatching>
"""


def test_n2c2_2018(tmp_path: Path) -> None:
    (tmp_path / "100.xml").write_text(N2C2)
    tables = read_n2c2_2018(tmp_path, questions={"ADVANCED-CAD": "cad"})
    assert tables.notes[["patient_id", "note_id", "note_date"]].to_numpy().tolist() == [
        ["100", "100-01", "2106-02-12"],
        ["100", "100-02", "2107-05-03"],
    ]
    assert 'Known CAD & "HTN" <stable>.' in tables.notes["text"].iloc[0]
    assert tables.answers.to_numpy().tolist() == [["100", "abdominal", "not_met"], ["100", "cad", "met"]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("<PatientMatching>", "is no XML"),
        ("<Other/>", "is not of n2c2 2018 track 1"),
        ('<PatientMatching><TEXT>x</TEXT><TAGS><A met="maybe"/></TAGS></PatientMatching>', "the tag A has neither"),
    ],
)
def test_n2c2_of_another_form(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "100.xml").write_text(content)
    with pytest.raises(UsageError, match=told):
        read_n2c2_2018(tmp_path)


def test_n2c2_without_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no \.xml file"):
        read_n2c2_2018(tmp_path)


TXT = 'Admission Date :\n2014-01-02\nNo fever , possible  pneumonia .\nMother had a " bad " COPD\nexacerbation .\n'
AST = """c="fever" 3:1 3:1||t="problem"||a="absent"
c="pneumonia" 3:4 3:4||t="problem"||a="possible"
c="a " bad " copd exacerbation" 4:2 5:0||t="problem"||a="associated_with_someone_else"
"""


@pytest.fixture(params=["flat", "folders"])
def corpus(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    for kind, content in (("txt", TXT), ("ast", AST)):
        folder = tmp_path / kind if request.param == "folders" else tmp_path
        folder.mkdir(exist_ok=True)
        (folder / f"record-1.{kind}").write_text(content)
    return tmp_path


def test_i2b2_2010(corpus: Path) -> None:
    texts, assertions = read_i2b2_2010(corpus)
    spans = [(texts[a.document][a.start : a.end], a.assertion) for a in assertions]
    assert spans == [
        ("fever", "absent"),
        ("pneumonia", "possible"),
        ('a " bad " COPD\nexacerbation', "associated_with_someone_else"),
    ]


def test_scores_of_assertions(corpus: Path) -> None:
    def assert_span(text: str, start: int, end: int) -> dict[str, bool]:
        names = ("negated", "historical", "hypothetical", "uncertain", "family")
        return dict.fromkeys(names, False) | {"negated": text[start:end] in ("fever", "pneumonia")}

    rows = score_assertions(*read_i2b2_2010(corpus), assert_span).set_index("attribute")
    assert rows.loc["negated", ["precision", "recall", "support"]].tolist() == [0.5, 1.0, 1]
    assert rows.loc["micro", ["precision", "recall"]].tolist() == pytest.approx([0.5, 1 / 3])
    assert rows.loc["hypothetical"].isna().sum() == 3


def test_concepts(tmp_path: Path) -> None:
    (tmp_path / "a.con").write_text('c="fever" 3:1 3:1||t="problem"\n')
    assert read_concepts(tmp_path / "a.con", TXT) == [(TXT.index("fever"), TXT.index("fever") + 5, "problem")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('c="fever" 3:1||t="problem"', r"row 1: is not of the form"),
        ('c="fever" 3:1 3:99||t="problem"||a="absent"', "row 1: the token is not in the text"),
        ('c="cough" 3:1 3:1||t="problem"||a="absent"', "row 1: the concept is not the text at its tokens"),
        ('c="fever" 3:1 3:1||t="problem"||a="maybe"', "row 1: no such assertion"),
        ('c="fever" 3:1 3:1||t="problem"', "row 1: no such assertion"),
    ],
)
def test_i2b2_of_another_form(tmp_path: Path, line: str, told: str) -> None:
    (tmp_path / "a.txt").write_text(TXT)
    (tmp_path / "a.ast").write_text(line + "\n")
    with pytest.raises(UsageError, match=told) as caught:
        read_i2b2_2010(tmp_path)
    assert "fever" not in str(caught.value)


@pytest.mark.parametrize(("files", "told"), [([], r"holds no \.ast"), (["a.ast"], r"has no a\.txt")])
def test_i2b2_without_files(tmp_path: Path, files: list[str], told: str) -> None:
    for name in files:
        (tmp_path / name).write_text(AST)
    with pytest.raises(UsageError, match=told):
        read_i2b2_2010(tmp_path)
