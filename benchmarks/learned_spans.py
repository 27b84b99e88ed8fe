"""Makes ``rules/spans.json``: learns where mentions are from ``dev``, from statements and from the sentences that the tests hold the program to.

Only notes are taken of which it is known what the rules found in them at first sight (``first_sight_spans.csv``): the weights are
to learn how far rules are trusted in notes that they were not written from. Usage::

    python -m benchmarks.learned_spans [OUT]
    python -m benchmarks.learned_spans --judge    # scores the newest sets and statements by weights learned without them
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

import pandas as pd

from benchmarks.learned_weights import GOLD, ROOT, carriers, doses, layout_lists, passages, sections, table
from evaluation import learning, spanlearning
from evaluation.align import exact_pairs, overlap_pairs
from evaluation.files import write_text
from evaluation.gold import read_gold
from evaluation.spanlearning import Sentence
from evaluation.tables import mention_table, note_table
from evaluation.tool import run_mentions
from extractor import Extractor
from tests.test_phrasings import LINES, LOOK_ALIKES, marked

NEWEST: Final = tuple(f"D{number}" for number in range(88, 96))
"""Sets of dev from which no rule was written."""
NEWEST_STATEMENTS: Final = (
    *("cause_and_response", "past_or_present", "consent_age_3"),
    *("steroid_response_3", "hlh_cause_2", "look_alikes"),
)
"""Statements from which none was."""
LEARNED: Final = ("CONSENT", "DRUG_ALLERGY", "HLH_CAUSE", "STEROID_RESPONSE")
"""Labels that are told in phrases; with chains of the others too unseen notes were read a little better, and plain tables and single names worse."""
REPEATED: Final = 3
"""So often a phrasing or a look-alike counts, which stands for many."""
FIRST_SIGHT: Final = GOLD / "first_sight_spans.csv"
"""What the rules found at first sight."""


def of_statements() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the statements in many hands as notes, and their mentions."""
    read = []
    for path in sorted((ROOT / "tests/statements").glob("*.txt")):
        lines = filter(str.strip, path.read_text(encoding="utf-8").splitlines())
        read.append(learning.marked_notes(lines, path.stem, None))
    return pd.concat([r[0] for r in read], ignore_index=True), pd.concat([r[1] for r in read], ignore_index=True)


def of_phrasings() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the phrasings of each label and its look-alikes as notes, and their mentions.

    A file marks one label; mentions of the others are those of the rules.
    """
    rules = Extractor(learned=False)
    told = [(label, *marked(line.partition(" | ")[2] if line.startswith("? ") else line)) for label, line in LINES]
    told += [(label, text, []) for label, text, *_ in LOOK_ALIKES]
    notes, mentions = [], []
    for place, (label, text, spans) in enumerate(told):
        key = {"patient_id": f"phrasing-{place}", "note_id": f"phrasing-{place}-n1"}
        notes.append({**key, "text": text})
        found = [(start, end, label) for start, end, _ in spans]
        found += [(m.start, m.end, m.label) for m in rules.mentions(text) if m.label != label]
        mentions += [{**key, "start": start, "end": end, "label": name} for start, end, name in found]
    return note_table(notes), mention_table(mentions)


def renamed(read: tuple[pd.DataFrame, pd.DataFrame], mark: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return notes and mentions with a mark on their ids, so that they can stand beside themselves."""
    notes, mentions = (
        table.assign(patient_id=mark + table["patient_id"], note_id=mark + table["note_id"]) for table in read
    )
    return notes, mentions


def of_tests() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sentences that the tests hold the program to as notes, and their mentions."""
    read = [learning.marked_sentences(ROOT / "tests/context_cases.yaml")]
    for source in (table, layout_lists, sections, carriers, doses, passages):
        read.append(learning.marked_notes(source(), source.__name__))
    read += [renamed(of_phrasings(), str(time)) for time in range(REPEATED)]
    return pd.concat([r[0] for r in read], ignore_index=True), pd.concat([r[1] for r in read], ignore_index=True)


def only(table: pd.DataFrame, keys: set[tuple[str, str]]) -> pd.DataFrame:
    """Return the rows of some notes."""
    pairs = zip(table["patient_id"], table["note_id"], strict=True)
    return table[[pair in keys for pair in pairs]].reset_index(drop=True)


def gathered() -> tuple[list[Sentence], list[Sentence]]:
    """Return the sentences of notes and statements known at first sight, and those of tests."""
    first_sight = spanlearning.read_first_sight(FIRST_SIGHT)
    dev = read_gold(GOLD, ["dev"])
    found: list[Sentence] = []
    for notes, mentions in ((dev.notes, dev.mentions), of_statements()):
        known = only(notes, first_sight.keys())
        found += spanlearning.sentences_of(known, mentions, first_sight)
    return found, list(spanlearning.sentences_of(*of_tests()))


def judge() -> None:
    """Print what the spans are worth by the rules alone and by both readings on what neither was made from."""
    left_out = (*NEWEST, *(f"{name}-" for name in NEWEST_STATEMENTS))
    found, tests = gathered()
    kept = [s for s in found if not s.note[0].startswith(left_out)]
    model = spanlearning.learn([*kept, *tests], LEARNED, {"gold": "annotated_notes/dev without its newest sets"})
    dev = read_gold(GOLD, ["dev"])
    for name, (notes, mentions) in {"notes": (dev.notes, dev.mentions), "statements": of_statements()}.items():
        wanted = notes[notes["patient_id"].str.startswith(left_out)].reset_index(drop=True)
        gold = only(mentions, set(zip(wanted["patient_id"], wanted["note_id"], strict=True)))
        for reading, labels in (("rules alone", {}), ("both readings", model["labels"])):
            with tempfile.TemporaryDirectory() as folder:
                write_text(Path(folder) / "spans.json", "".join(spanlearning.written({**model, "labels": labels})))
                given = run_mentions(wanted, rules=Path(folder))
            for kind, pairs in (("overlap", overlap_pairs(gold, given)), ("equal", exact_pairs(gold, given))):
                p, r = len(pairs) / len(given), len(pairs) / len(gold)
                told = f"P {p:.3f} R {r:.3f} F1 {2 * p * r / (p + r):.3f}"
                print(f"{name:11} {reading:14} {kind:8} {told} of {len(gold):,}")  # noqa: T201


def main(out: Path) -> None:
    """Learn the weights and write them."""
    found, tests = gathered()
    dev = read_gold(GOLD, ["dev"])
    kinds = spanlearning.responses(
        *(pd.concat(pair, ignore_index=True) for pair in zip((dev.notes, dev.mentions), of_statements(), strict=True))
    )
    made_from = {"gold": "annotated_notes/dev", "notes": len({s.note for s in found}), "sentences of tests": len(tests)}
    model = spanlearning.learn([*found, *tests], LEARNED, made_from, kinds)
    write_text(out, "".join(spanlearning.written(model)))
    print(f"{spanlearning.size(model):,} weights -> {out}")  # noqa: T201


if __name__ == "__main__":
    if sys.argv[1:] == ["--judge"]:
        judge()
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "rules" / "spans.json")
