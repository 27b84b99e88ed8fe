"""Makes ``rules/learned.json``: learns from ``dev`` and from the sentences that the tests hold the program to.

The sentences that tests run are learned from too, so that what is plain in a short sentence stays plain. The split ``test`` is
not read. ``annotated_notes/first_sight.csv`` tells what the rules said of the patients D31 to D87 before anybody had read them.

    python -m benchmarks.learned_weights
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Final

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
REPEATED: Final = 6
"""So often a single sentence counts, which stands for many; a note counts once."""
DOSES_REPEATED: Final = 32
"""So often the plain statements of doses count, which are few: in plans the same words are orders."""
STEROIDS: Final = "steroids"
_SHORT: Final = {name: short for short, name in SHORT.items()}
_LABELS: Final = {
    "lymphoma": "MALIGNANCY",
    "asthma": "LUNG_DISEASE",
    "mononucleosis": "EBV",
    "lupus": "RHEUM_DISEASE",
    "HLH": "HLH",
    "Prednisone": "STEROID",
}


def table() -> Iterator[str]:
    """Yield the sentences in which an attribute must apply, or must not."""
    for sentences in TABLE.values():
        yield from (row if isinstance(row, str) else row.values[0] for row in sentences)


def sections() -> Iterator[str]:
    """Yield what standing in a section means."""
    yield from (marked for marked, _ in MEANS)


def carriers() -> Iterator[str]:
    """Yield the plain statements with a name of each label in its place."""
    return _carried(name for name in NAMES if name != STEROIDS)


def doses() -> Iterator[str]:
    """Yield the plain statements of steroid doses."""
    return _carried([STEROIDS])


def _carried(kinds: Iterable[str]) -> Iterator[str]:
    wanted = set(kinds)
    for group in GROUPS:
        if group["names"] not in wanted:
            continue
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


def statements() -> Iterator[str]:
    """Yield the statements in many hands."""
    for path in sorted((ROOT / "tests/statements").glob("*.txt")):
        yield from filter(str.strip, path.read_text(encoding="utf-8").splitlines())


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


SINGLE: Final = ("cases", "table", "layout_lists", "sections", "doses")
"""Sources of sentences of which each stands for many."""
_TIMES: Final = {"doses": DOSES_REPEATED}
UNDATED: Final = (table, sections, carriers, doses, statements)
"""Sources whose sentences are read without a date."""


def main(out: Path) -> None:
    """Learn the weights and write them."""
    dev = read_gold(GOLD, ["dev"])
    notes = learning.examples_of(dev.notes, dev.mentions)
    tables = {"cases": learning.marked_sentences(ROOT / "tests/context_cases.yaml")}
    for source in (table, layout_lists, sections, carriers, doses, passages, statements):
        date = None if source in UNDATED else learning.SENTENCE_DATE
        tables[source.__name__] = learning.marked_notes(source(), source.__name__, date)
    parts = {name: learning.examples_of(*marked) for name, marked in tables.items()}
    repeated = [parts[name] for name in SINGLE for _ in range(_TIMES.get(name, REPEATED) - 1)]
    learned = learning.learn(
        learning.joined([notes, *parts.values(), *repeated]),
        learning.read_first_sight(GOLD / "first_sight.csv"),
        {
            "gold": "annotated_notes/dev",
            "patients": int(dev.notes["patient_id"].nunique()),
            "notes": len(dev.notes),
            "sentences": sum(len(read) for read, _ in tables.values()),
        },
    )
    write_text(out, "".join(learning.written(learned.model)))
    print(f"{len(learned.model['layer']['clues']):,} clues -> {out}")  # noqa: T201
    print(learned.figures.to_string(index=False, float_format=lambda v: f"{v:.3f}"))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "rules" / "learned.json")
