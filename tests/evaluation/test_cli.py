"""What the commands do, from paths to text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from evaluation import cli, tool
from evaluation.gold import read_gold
from evaluation.make_gold import write_gold
from extractor.errors import UsageError


@pytest.fixture
def predicted(gold: Path, tmp_path: Path) -> Path:
    """A brat folder that lacks the negation of the dev split."""
    truth = read_gold(gold)
    write_gold(replace(truth, mentions=truth.mentions.assign(negated=False)), tmp_path / "predicted")
    return tmp_path / "predicted"


def test_evaluate(gold: Path, predicted: Path, tmp_path: Path) -> None:
    text = cli.run_evaluate(
        gold,
        splits=["dev"],
        predictions=predicted,
        resamples=20,
        report=tmp_path / "r.html",
        json_file=tmp_path / "r.json",
        annotators=(gold / "dev", gold / "dev"),
    )
    assert "== dev: 2 patients, 3 notes, 6 mentions ==" in text
    assert "mentions, overlapping spans" in text
    assert json.loads((tmp_path / "r.json").read_text())["meta"]["systems"] == ["predicted"]
    assert "Agreement of the annotators" in (tmp_path / "r.html").read_text()


def test_compare(gold: Path, predicted: Path) -> None:
    text = cli.run_evaluate(gold, splits=["dev"], compare=(gold, predicted), resamples=20)
    assert "differences (first minus second, paired bootstrap)" in text
    assert "McNemar's exact test" in text


def test_agreement(gold: Path) -> None:
    text = cli.run_agreement(gold, gold, splits=["dev"])
    assert "overlap_f1" in text
    assert "1.000" in text


def test_mistakes(gold: Path, predicted: Path, tmp_path: Path) -> None:
    text = cli.run_mistakes(gold, predictions=predicted, only="ATTRIBUTE:negated", page=tmp_path / "m.html")
    assert "She denies [[asthma]]." in text
    assert "gold true, predicted false" in text
    assert "<mark>asthma</mark>" in (tmp_path / "m.html").read_text()


def test_mistakes_beyond_the_limit(gold: Path, predicted: Path) -> None:
    assert "... and 1 more" in cli.run_mistakes(gold, predictions=predicted, limit=1)


def test_mistakes_of_test_are_counts(gold: Path, predicted: Path) -> None:
    text = cli.run_mistakes(gold, split="test", predictions=predicted)
    assert "This split is blind" in text
    assert "[[" not in text


@pytest.mark.parametrize("to", ["brat", "label-studio"])
def test_export_and_import_lose_nothing(gold: Path, tmp_path: Path, to: cli.Format) -> None:
    cli.run_export(gold, tmp_path / "out", to=to, splits=["dev"])
    source = tmp_path / "out" / "dev" if to == "brat" else tmp_path / "out"
    said = cli.run_import(source, tmp_path / "back" / "dev", origin=to)
    assert "3 notes, 6 mentions" in said
    before, after = read_gold(gold, ["dev"]), read_gold(tmp_path / "back")
    for name in ("notes", "mentions", "answers"):
        pd.testing.assert_frame_equal(getattr(after, name), getattr(before, name))
    assert after.provenance["dev"] == {"origin": "annotated by hand"}


@pytest.fixture
def canned_tool(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "version", lambda: "1.2.3")

    def run_mentions(_notes: Any) -> pd.DataFrame:
        return read_gold(gold, ["dev"]).mentions.assign(mention_id=[f"m{n}" for n in range(6)])

    monkeypatch.setattr(tool, "run_mentions", run_mentions)


@pytest.mark.usefixtures("canned_tool")
def test_pre_annotations_stay_marked_in_brat(gold: Path, tmp_path: Path) -> None:
    said = cli.run_export(gold / "dev", tmp_path / "out", to="brat", pre_annotate=True)
    assert said.endswith("(pre-annotated)")
    assert "AnnotatorNotes T1\tpre-annotated by notecriteria 1.2.3" in (tmp_path / "out/n1.ann").read_text()
    cli.run_import(tmp_path / "out", tmp_path / "gold2" / "dev", origin="brat")
    made = read_gold(tmp_path / "gold2")
    assert made.provenance["dev"]["origin"] == "pre-annotated by notecriteria 1.2.3, corrected by hand"
    assert any("it favours that program" in remark for remark in made.remarks)


@pytest.mark.usefixtures("canned_tool")
def test_pre_annotations_stay_marked_in_brat_without_the_lists(gold: Path, tmp_path: Path) -> None:
    cli.run_export(gold / "dev", tmp_path / "out", to="brat", pre_annotate=True)
    for name in ("notes.csv", "answers.csv", "provenance.json"):
        (tmp_path / "out" / name).unlink()
    cli.run_import(tmp_path / "out", tmp_path / "gold2" / "dev", origin="brat")
    assert "pre-annotated by notecriteria 1.2.3" in read_gold(tmp_path / "gold2").provenance["dev"]["origin"]


@pytest.mark.usefixtures("canned_tool")
def test_pre_annotations_stay_marked_in_label_studio(gold: Path, tmp_path: Path) -> None:
    cli.run_export(gold / "dev", tmp_path / "out", to="label-studio", pre_annotate=True)
    file = tmp_path / "out" / "tasks.json"
    tasks = json.loads(file.read_text())
    for task in tasks:
        task["annotations"] = [{"result": task["predictions"][0]["result"]}]
    file.write_text(json.dumps(tasks))
    cli.run_import(file, tmp_path / "gold2" / "dev", origin="label-studio")
    made = read_gold(tmp_path / "gold2")
    assert made.provenance["dev"]["origin"] == "pre-annotated by notecriteria 1.2.3, corrected by hand"


def test_import_of_a_folder_without_one_export(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds 0 \.json files"):
        cli.run_import(tmp_path, tmp_path / "out", origin="label-studio")
