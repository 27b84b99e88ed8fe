"""Makes ``rules/learned.json``: learns from ``dev`` and from the sentences that the tests hold the program to.

The sentences that tests run are learned from too, so that what is plain in a short sentence stays plain. The split ``test`` is
not read. ``annotated_notes/first_sight.csv`` tells what the rules said of the patients D31 to D52 before anybody had read them.

    python -m benchmarks.learned_weights
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

import yaml

from evaluation import learning
from evaluation.files import write_text
from evaluation.gold import read_gold
from evaluation.inline import SHORT
from tests import test_layouts as layouts
from tests.context_sentences import TABLE
from tests.test_carriers import GROUPS, NAMES
from tests.test_sections import MEANS

ROOT: Final = Path(__file__).resolve().parent.parent
GOLD: Final = ROOT / "annotated_notes"
SAID_TWICE: Final = 2
"""So often a single sentence counts, which stands for many; a note counts once."""
UNDATED: Final = ("table", "sections", "carriers")
"""Sentences that are read without a date."""
_SHORT: Final = {name: short for short, name in SHORT.items()}
_LABELS: Final = {
    "lymphoma": "MALIGNANCY",
    "asthma": "LUNG_DISEASE",
    "mononucleosis": "EBV",
    "lupus": "RHEUM_DISEASE",
    "HLH": "HLH",
    "Prednisone": "STEROID",
}


def cases() -> Iterator[str]:
    """Yield the sentences in house styles."""
    content = yaml.safe_load((ROOT / "tests/context_cases.yaml").read_text(encoding="utf-8"))
    for styles in content.values():
        for sentences in styles.values():
            yield from (each["wrong"] if isinstance(each, dict) else each for each in sentences)


def table() -> Iterator[str]:
    """Yield the sentences in which an attribute must apply, or must not."""
    for sentences in TABLE.values():
        yield from (row if isinstance(row, str) else row.values[0] for row in sentences)


def sections() -> Iterator[str]:
    """Yield what standing in a section means."""
    yield from (marked for marked, _ in MEANS)


def carriers() -> Iterator[str]:
    """Yield the plain statements with a name of each label in its place."""
    for group in GROUPS:
        for statement in group["statements"]:
            told = {"text": statement} if isinstance(statement, str) else statement
            for label, name in NAMES[group["names"]].items():
                if label not in told.get("not_of", ()):
                    yield told["text"].replace("{}", _marked(name, label, *group["attributes"]))


def passages() -> Iterator[str]:
    """Yield the passages."""
    for path in sorted((ROOT / "tests/passages").glob("*.txt")):
        for passage in ("\n" + path.read_text(encoding="utf-8")).split("\n=== ")[1:]:
            yield passage.partition("\n")[2].rstrip("\n")


def layout_lists() -> Iterator[str]:
    """Yield the lists of sections and the rows of diseases and drugs."""
    for attribute, heads in layouts.SECTIONS.items():
        a, b, c = (_marked(name, _LABELS[name], attribute) for name in layouts.ITEMS[attribute])
        for head, layout in product(heads, layouts.LAYOUTS.values()):
            yield layout.format(h=head, a=a, b=b, c=c)
    for attribute, words in layouts.DISEASES.items():
        for word, row, name in product(words, layouts.ROWS, ("asthma", "lymphoma")):
            yield row.format(d=_marked(name, _LABELS[name], attribute), s=word)
    for attribute, words in layouts.DRUGS.items():
        for word, row in product(words, layouts.DRUG_ROWS):
            yield row.replace("Prednisone", _marked("Prednisone", "STEROID", attribute)).format(s=word)


def _marked(name: str, label: str, *attributes: str) -> str:
    """Return a name marked for its label and attributes."""
    return f"[[{' '.join([label, *(_SHORT[each] for each in attributes if each)])}|{name}]]"


def main(out: Path) -> None:
    """Learn the weights and write them."""
    dev = read_gold(GOLD, ["dev"])
    notes = learning.examples_of(dev.notes, dev.mentions)
    single = {"cases": cases, "table": table, "layouts": layout_lists, "sections": sections}
    other = {"carriers": carriers, "passages": passages}
    texts = {name: list(source()) for name, source in {**single, **other}.items()}
    dates = {name: None if name in UNDATED else learning.SENTENCE_DATE for name in texts}
    parts = {
        name: learning.examples_of(*learning.marked_notes(each, name, dates[name])) for name, each in texts.items()
    }
    repeated = [parts[name] for name in single for _ in range(SAID_TWICE - 1)]
    learned = learning.learn(
        learning.joined([notes, *parts.values(), *repeated]),
        learning.read_first_sight(GOLD / "first_sight.csv"),
        {
            "gold": "annotated_notes/dev",
            "patients": int(dev.notes["patient_id"].nunique()),
            "notes": len(dev.notes),
            "sentences": sum(map(len, texts.values())),
        },
    )
    write_text(out, "".join(learning.written(learned.model)))
    print(f"{len(learned.model['clues']):,} clues -> {out}")  # noqa: T201
    print(learned.figures.to_string(index=False, float_format=lambda v: f"{v:.3f}"))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "rules" / "learned.json")
