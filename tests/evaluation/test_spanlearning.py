"""Learning where mentions are: what is learned from, what comes of it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from evaluation import spanlearning
from evaluation.learning import marked_notes
from evaluation.make_gold import write_gold
from evaluation.spanlearning import first_sight_of, read_first_sight, sentences_of
from evaluation.tables import Tables
from extractor import Extractor
from extractor.cli import app

TIMES = 40
LINES = [
    *(f"Known [[RHEUM_DISEASE|lupus]], [[RHEUM_DISEASE|flurb]] too, day {day}." for day in range(TIMES)),
    *(f"No flurb cushion, [[RHEUM_DISEASE|lupus]] is quiet, day {day}." for day in range(TIMES)),
]


def test_words_are_tagged_as_the_annotator_marked_them() -> None:
    notes, mentions = marked_notes(["Lupus, [[RHEUM_DISEASE|quiet lupus]]; [[LUNG_DISEASE|asthma]]."], "p")
    (sentence,) = sentences_of(notes, mentions)
    assert sentence.tags == {"RHEUM_DISEASE": list("OOBIOO"), "LUNG_DISEASE": list("OOOOOB")}
    assert "wasthma" in sentence.clues[5]


def test_a_mention_that_lies_over_another_of_its_label_is_left_out() -> None:
    notes, mentions = marked_notes(["[[RHEUM_DISEASE|lupus and [[RHEUM_DISEASE|arthritis]]]] known."], "p")
    (sentence,) = sentences_of(notes, mentions)
    assert sentence.tags == {"RHEUM_DISEASE": list("BIIO")}


def test_what_the_rules_find_now_is_not_what_they_found_at_first_sight(tmp_path: Path) -> None:
    notes, mentions = marked_notes(["Known lupus."], "p")
    table = first_sight_of(notes)
    assert table[["label", "start", "end", "cause"]].to_numpy().tolist() == [["RHEUM_DISEASE", 6, 11, 0]]
    table.iloc[:0].to_csv(tmp_path / "none.csv", index=False)
    pd.DataFrame([("p-0", "p-0-n1", "", 0, 0, "", 0)], columns=table.columns).to_csv(tmp_path / "f.csv", index=False)
    known = read_first_sight(tmp_path / "f.csv")
    assert known == {("p-0", "p-0-n1"): []}
    (now,), (then,) = sentences_of(notes, mentions), sentences_of(notes, mentions, known)
    assert "[RHEUM_DISEASE]B" in now.clues[1]
    assert "[RHEUM_DISEASE]B" not in then.clues[1]


def test_a_table_of_spans_is_read_as_it_was_written(tmp_path: Path) -> None:
    notes, mentions = marked_notes(["HLH due to lupus.", "Well."], "p")
    first_sight_of(notes).to_csv(tmp_path / "f.csv", index=False)
    known = read_first_sight(tmp_path / "f.csv")
    assert [s.label for s in known["p-0", "p-0-n1"] if s.cause] == ["RHEUM_DISEASE"]
    assert known["p-1", "p-1-n1"] == []
    assert list(sentences_of(notes, mentions, known)) == list(sentences_of(notes, mentions))


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a gold folder with a disease that no rule knows."""
    notes, mentions = marked_notes(LINES, "p")
    notes = notes.assign(split="dev", file=notes["note_id"] + ".txt", note_type="letter")
    mentions["mention_id"] = [f"T{n}" for n in range(1, len(mentions) + 1)]
    answers = pd.DataFrame([{"patient_id": p, "question": "I3", "status": "met"} for p in notes["patient_id"].unique()])
    folder = tmp_path_factory.mktemp("gold")
    write_gold(Tables(notes, mentions, answers), folder)
    return folder


def test_the_command_writes_weights_that_a_site_can_use(gold: Path, tmp_path: Path) -> None:
    out = tmp_path / "site" / "spans.json"
    result = CliRunner().invoke(app, ["learn-spans", str(gold), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert out.stat().st_mode & 0o077 == 0  # clues are words of the notes
    assert json.loads(out.read_text())["made_from"]["notes"] == len(LINES)
    site = Extractor(tmp_path / "site")
    assert [m.text for m in site.mentions("Known lupus, flurb too, day 50.")] == ["lupus", "flurb"]
    assert [m.text for m in site.mentions("No flurb cushion, lupus is quiet, day 50.")] == ["lupus"]


def test_the_blind_split_is_not_learned_from(gold: Path, tmp_path: Path) -> None:
    out = tmp_path / "x"
    result = CliRunner().invoke(app, ["learn-spans", str(gold), "--split", "test", "--out", str(out)])
    assert result.exit_code != 0
    assert "never learned from" in result.output + str(result.exception)
    assert not out.exists()


def test_words_of_responses_tell_their_kind() -> None:
    lines = [
        *(f"Day {day}: [[STEROID_RESPONSE|no response to prednisone]]." for day in range(TIMES)),
        *(f"Day {day}: [[STEROID_RESPONSE|good response to prednisone]]." for day in range(TIMES)),
    ]
    table = spanlearning.responses(*marked_notes(lines, "p"))["STEROID_RESPONSE"]
    assert table["words"]["no"] < 0 < table["words"]["good"]


def test_of_few_responses_nothing_is_learned() -> None:
    assert spanlearning.responses(*marked_notes(["[[STEROID_RESPONSE|No response to prednisone]]."], "p")) == {}
