"""Differences between two runs: order, and mentions that stay but change."""

from __future__ import annotations

from pathlib import Path

from extractor.batch import screen
from extractor.compare import compare


def note(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "p__n.txt").write_text(text)
    return folder


def test_questions_come_in_the_order_of_the_trial(tmp_path: Path) -> None:
    run = screen([note(tmp_path / "a", "Feels well.")], tmp_path / "one")
    screen([note(tmp_path / "b", "SLE, asthma, DLBCL, axi-cel given.")], tmp_path / "two")
    order = [q.id for q in run.screener.trial.questions]
    found = [d.question for d in compare(tmp_path / "one", tmp_path / "two")]
    assert len(found) > 3
    assert found == sorted(found, key=order.index)


def test_a_mention_whose_attributes_changed_is_told_with_both_values(tmp_path: Path) -> None:
    screen([note(tmp_path / "a", "Denies asthma.")], tmp_path / "one")
    screen([note(tmp_path / "b", "Severe asthma.")], tmp_path / "two")
    (first, *_) = compare(tmp_path / "one", tmp_path / "two")
    assert (first.question, first.before, first.after) == ("lung_disease", "not_met", "met")
    (evidence,) = first.evidence
    assert evidence.what == "changed"
    assert evidence.changes["negated"] == (True, False)
