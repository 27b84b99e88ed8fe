"""Learning the second reading: what is learned from, how it is weighed, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from evaluation import learning
from evaluation.learning import Examples, Mix, examples_of, first_sight_of, joined, marked_notes, marked_sentences
from evaluation.make_gold import write_gold
from evaluation.tables import Tables
from extractor import Extractor
from extractor.cli import app
from extractor.errors import UsageError
from extractor.layer import LayerOfUnits
from extractor.learnedshapes import SOURCES, Layer
from extractor.schema import ATTRIBUTES

HISTORICAL = ATTRIBUTES.index("historical")
PATIENTS, TIMES = 12, 25


def made_up(
    said: Sequence[str] = ("He fought [[LUNG_DISEASE hist|asthma]].", "He has [[LUNG_DISEASE|asthma]]."),
) -> Examples:
    """Return examples of sentences that stand in many notes."""
    texts = [f"{sentence}\n" * TIMES for _ in range(PATIENTS) for sentence in said]
    return examples_of(*marked_notes(texts, "p"))


@pytest.fixture(scope="module")
def fought() -> Examples:
    return made_up()


def test_a_mention_comes_with_its_clues_its_gold_and_what_the_rules_say() -> None:
    examples = examples_of(*marked_notes(["She denies [[LUNG_DISEASE hist|asthma]] now."], "p"))
    assert examples.spans.to_dict("records") == [
        {"patient_id": "p-0", "note_id": "p-0-n1", "label": "LUNG_DISEASE", "start": 11, "end": 17}
    ]
    assert "<denies" in examples.clues[0]
    assert examples.gold.tolist() == [[0, 1, 0, 0, 0]]
    assert examples.ruled.tolist() == [[1 + SOURCES.index("cue"), 0, 0, 0, 0]]


def test_what_the_annotator_did_not_mark_is_not_learned_from() -> None:
    assert not examples_of(*marked_notes(["She denies asthma."], "p")).clues


def test_the_network_tells_what_was_annotated(fought: Examples) -> None:
    scores = learning.ClueNetwork(fought).scores(fought.clues)[:, HISTORICAL]
    assert ((scores > 0) == (fought.gold[:, HISTORICAL] > 0)).all()


def test_what_is_written_says_what_the_network_said(fought: Examples) -> None:
    network = learning.ClueNetwork(fought)
    table = network.table()
    layer = LayerOfUnits(Layer.model_validate(table["layer"]))
    written = [np.add(layer.scores(clues), table["start"]) for clues in fought.clues]
    np.testing.assert_allclose(written, network.scores(fought.clues), atol=0.1)


def test_a_clue_of_one_mention_is_chance() -> None:
    examples = joined([made_up(), examples_of(*marked_notes(["He once chased [[LUNG_DISEASE hist|asthma]]."], "q"))])
    assert "<chased" not in learning.ClueNetwork(examples).table()["layer"]["clues"]


def test_no_set_is_judged_by_weights_that_saw_it() -> None:
    said = {"A": "He fought [[LUNG_DISEASE hist|asthma]].", **dict.fromkeys("BCDEF", "He has [[LUNG_DISEASE|asthma]].")}
    parts = [examples_of(*marked_notes([f"{text}\n" * TIMES] * 2, name)) for name, text in said.items()]
    examples = joined(parts)
    scores = learning.unseen_scores(examples, np.ones(len(examples.clues), dtype=bool))
    assert (scores[examples.gold[:, HISTORICAL] > 0, HISTORICAL] < 0).all()  # nobody else says "fought"


@pytest.mark.parametrize(
    ("ids", "groups"),
    [
        (["D1P01", "D1P02", "D2P01", "D3P1", "D4P1", "D5P7"], ["D1", "D1", "D2", "D3", "D4", "D5"]),
        (["A1", "A2", "A3"], ["A1", "A2", "A3"]),
        (["17", "18", "17"], ["17", "18", "17"]),
    ],
)
def test_patients_of_a_set_stay_together(ids: list[str], groups: list[str]) -> None:
    assert learning.groups_of(ids).tolist() == groups


def test_a_source_that_is_mostly_wrong_is_trusted_less_than_one_that_is_right() -> None:
    rng = np.random.default_rng(0)
    ruled = np.zeros((600, len(ATTRIBUTES)))
    ruled[:200, 0], ruled[200:400, 0] = 1 + SOURCES.index("cue"), 1 + SOURCES.index("date")
    gold = np.zeros_like(ruled)
    gold[:, 0] = np.concatenate([rng.random(200) < 0.95, rng.random(200) < 0.2, rng.random(200) < 0.05])
    gold[0, 1:] = 1  # each attribute is there once
    mix = Mix(np.zeros_like(ruled), ruled, gold)
    told = mix.attributes(np.zeros((2, len(ATTRIBUTES))), ruled[[0, 200]])
    assert told[:, 0].tolist() == [True, False]


def test_first_sight_takes_the_place_of_what_the_rules_say_now(fought: Examples) -> None:
    first = first_sight_of(fought)
    first["negated_from"] = 1
    seen, there = learning.with_first_sight(fought, first.iloc[:10])
    assert there.sum() == 10
    assert seen.ruled[:10, 0].tolist() == [1] * 10
    assert not seen.ruled[10:, 0].any()


def test_a_table_at_first_sight_is_read_as_it_was_written(fought: Examples, tmp_path: Path) -> None:
    first_sight_of(fought).to_csv(tmp_path / "f.csv", index=False)
    pd.testing.assert_frame_equal(
        learning.read_first_sight(tmp_path / "f.csv"), first_sight_of(fought), check_dtype=False
    )


def test_too_few_mentions_are_refused(fought: Examples) -> None:
    with pytest.raises(UsageError, match="only 10 mentions"):
        learning.learn(fought, first_sight_of(fought).iloc[:10], {})


@pytest.mark.parametrize(
    "content",
    [
        '- "No [[EBV neg|EBV]]."',
        'a:\n  b:\n    - "No [[EBV neg|EBV]]."',
        '- wrong: "No [[EBV neg|EBV]]."\n  because: x',
    ],
)
def test_marked_sentences_are_read_however_they_are_grouped(tmp_path: Path, content: str) -> None:
    (tmp_path / "s.yaml").write_text(content)
    notes, mentions = marked_sentences(tmp_path / "s.yaml")
    assert notes["text"].tolist() == ["No EBV."]
    assert mentions["negated"].tolist() == [True]


@pytest.mark.parametrize("content", ["[", '- "No [[EBV neg|EBV."', '- "[[NOTHING|x]]"'])
def test_a_file_that_holds_no_marked_sentences_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "s.yaml").write_text(content)
    with pytest.raises(UsageError, match=r"s\.yaml"):
        marked_sentences(tmp_path / "s.yaml")


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a gold folder in which "fought" is said of the past."""
    notes, mentions = marked_notes(
        [f"He {verb} [[LUNG_DISEASE{mark}|asthma]].\n" * TIMES for _ in range(PATIENTS) for verb, mark in (("fought", " hist"), ("has", ""))],
        "p",
    )  # fmt: skip
    notes = notes.assign(split="dev", file=notes["note_id"] + ".txt", note_type="letter")
    mentions["mention_id"] = [f"T{n}" for n in range(1, len(mentions) + 1)]
    folder = tmp_path_factory.mktemp("gold")
    write_gold(Tables(notes, mentions, answers_of(notes)), folder)
    return folder


def answers_of(notes: pd.DataFrame) -> pd.DataFrame:
    """Return one answer for each patient."""
    return pd.DataFrame([{"patient_id": p, "question": "E5", "status": "met"} for p in notes["patient_id"].unique()])


def test_the_command_writes_weights_that_a_site_can_use(gold: Path, tmp_path: Path) -> None:
    out = tmp_path / "site" / "learned.json"
    result = CliRunner().invoke(app, ["learn", str(gold), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "both readings" in result.output
    assert out.stat().st_mode & 0o077 == 0  # clues are words of the notes
    assert json.loads(out.read_text())["made_from"]["notes"] == 2 * PATIENTS
    (mention,) = Extractor(tmp_path / "site").mentions("He fought COPD.")
    assert mention.historical


def test_the_same_notes_give_the_same_weights(gold: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert CliRunner().invoke(app, ["learn", str(gold), "--out", str(tmp_path / name)]).exit_code == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_blind_split_is_not_learned_from(gold: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["learn", str(gold), "--split", "test", "--out", str(tmp_path / "x")])
    assert result.exit_code != 0
    assert "never learned from" in result.output + str(result.exception)
    assert not (tmp_path / "x").exists()


def test_a_split_that_is_not_there_is_told(gold: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["learn", str(gold), "--split", "other", "--out", str(tmp_path / "x")])
    assert result.exit_code != 0
    assert "other" in result.output + str(result.exception)
