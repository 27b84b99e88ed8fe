"""Compare the speed of the extractor with medspaCy's, EDS-NLP's, and with tokenising or scanning alone, side by side.

    python benchmarks/compare_speed.py mtsamples.jsonl.gz case_reports.jsonl.gz annotated_notes/dev --out docs/speed

Every engine is a process of its own on one thread; they take turns, round after round, on the same notes (a sample of each
input, spread over it). Told are medians of processor seconds, which others on the machine disturb least. EDS-NLP gets an environment of its
own, made on first use. Writes OUT.md, OUT.json and OUT.png.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

from extractor import Note
from extractor.context import ContextEngine, ends_of
from extractor.kept import cache_dir
from extractor.notes import read_notes
from extractor.rulebook import load_rulebook
from extractor.schema import LABELS, MAIN_LABELS, RESOLVER_LABELS

TITLES = {
    "medspacy_rules": "`medspacy.load()` as installed, same rules",
    "medspacy_quiet": "the same, logging off",
    "medspacy_phrases": "the same, terms and cues written out as phrases",
    "edsnlp_rules": "EDS-NLP, same expressions for terms",
    "edsnlp_phrases": "EDS-NLP, terms written out as phrases",
    "tokenizing": "medspaCy's tokenizer alone",
    "ours": "**notecriteria, everything**",
    "scanning": "notecriteria's scan alone",
}
SLOW = ("medspacy_rules", "medspacy_quiet", "edsnlp_rules")
VARIANTS = 48
"""Ways of writing one term that are written out at most."""
_OPTIONAL = re.compile(r"\(([^()]*)\)")


def written_out(term: str) -> list[str]:
    """Return the phrases for which a term of the rules stands, at most some."""
    text = _OPTIONAL.sub(r"{\1|}", term)
    pieces = [p.split("|") if i % 2 else [p] for i, p in enumerate(re.split(r"\{([^{}]*)\}", text))]
    found = {" ".join("".join(choice).split()) for choice in islice(product(*pieces), VARIANTS)}
    return sorted(f for f in found if f and not set(f) & set("{}|"))


def rules_for(labels: Sequence[str]) -> dict[str, Any]:
    """Return the rules of some labels as plain data."""
    book = load_rulebook()
    made = ContextEngine(book.cues).rules
    return {
        "labels": list(labels),
        "terms": [
            {
                "label": t.label,
                "id": t.entry.id,
                "pattern": t.pattern,
                "phrases": [p for each in (*t.entry.terms, *t.entry.cased) for p in written_out(each)],
            }
            for t in book.terms
            if t.label in labels
        ],
        "cues": [
            {
                "id": r.cue.id,
                "kind": r.cue.category,
                "role": r.cue.role,
                "category": r.category,
                "direction": r.direction,
                "pattern": r.pattern,
                "phrases": [p for each in (*r.cue.terms, *r.cue.cased) for p in written_out(each)],
                "labels": r.cue.labels,
                "not_labels": r.cue.not_labels,
                "ends": sorted(ends_of(r.category, made)),
            }
            for r in made
        ],
    }


def sample_of(source: str, characters: int) -> list[str]:
    """Return notes spread evenly over an input that hold about so many characters together."""
    texts = [n.text for n in read_notes([source]) if isinstance(n, Note)]
    total = sum(map(len, texts))
    share = min(1.0, characters / max(1, total))
    kept, due = [], 0.0
    for text in texts:
        due += share
        if due >= 1:
            kept.append(text)
            due -= 1
    return kept or texts[:1]


def edsnlp_python(folder: Path) -> Path:
    """Return the Python of an environment that has EDS-NLP; it is made where it is missing."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "edsnlp"], check=True)
    return python


class Engine:
    """A running engine.

    Args:
        name: its name in ``speed_engine.py``.
        python: the interpreter it runs on.
        data: the file of notes and rules.
    """

    def __init__(self, name: str, python: Path | str, data: Path) -> None:
        script = Path(__file__).with_name("speed_engine.py")
        self.name = name
        self._process = subprocess.Popen(
            [str(python), str(script), name, str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.ready = self._answer()["ready"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the engine {self.name} ended; run speed_engine.py by hand to see why")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def run(self, which: str, passes: int) -> dict[str, Any]:
        """Return what some passes over a set of notes took."""
        assert self._process.stdin
        self._process.stdin.write(f"{which} {passes}\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)


def measured(
    sets: dict[str, list[str]], labels: Sequence[str], names: Sequence[str], eds: Path, rounds: int, passes: int
) -> dict[str, dict[str, Any]]:
    """Return for each engine and set the rate in thousand characters a second, what was found, and peak memory."""
    seconds: dict[tuple[str, str], list[float]] = {}
    told: dict[str, dict[str, Any]] = {n: {"rates": {}, "found": {}, "peak": 0.0} for n in names}
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "given.json"
        data.write_text(json.dumps({"notes": sets, "rules": rules_for(labels)}), encoding="utf-8")
        engines = [Engine(n, eds if n.startswith("edsnlp") else sys.executable, data) for n in names]
        for number in range(rounds):
            for which in sets:
                for engine in engines:
                    answer = engine.run(which, 1 if engine.name in SLOW else passes)
                    seconds.setdefault((engine.name, which), []).extend(answer["seconds"])
                    told[engine.name]["found"][which] = answer["found"]
                    told[engine.name]["peak"] = answer["peak"]
                print(f"... {len(labels)} labels, round {number + 1}, {which}", file=sys.stderr, flush=True)  # noqa: T201
        for engine in engines:
            engine.close()
    for (name, which), taken in seconds.items():
        told[name]["rates"][which] = sum(map(len, sets[which])) / statistics.median(taken) / 1e3
    return told


def table(results: dict[str, dict[str, dict[str, Any]]], sets: dict[str, list[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table for each choice of labels."""
    sizes = {which: sum(map(len, texts)) for which, texts in sets.items()}
    for title, told in results.items():
        yield f"### {title}\n"
        heads = [f"{w} ({len(sets[w])} notes, {sizes[w]:,} characters)" for w in sets]
        yield "| what | " + " | ".join(f"{h}: kchar/s | ratio" for h in heads) + " | peak MB |"
        yield "|---|" + "---|" * (2 * len(heads) + 1)
        base = told.get("medspacy_rules") or next(iter(told.values()))
        for name, one in told.items():
            cells = [
                f"{one['rates'][w]:,.1f} | {one['rates'][w] / base['rates'][w]:,.1f}" for w in sets if w in one["rates"]
            ]
            yield f"| {TITLES[name]} | " + " | ".join(cells) + f" | {one['peak']:,.0f} |"
        for name in told:
            if name not in ("ours", "scanning", "tokenizing") and "ours" in told:
                ratios = ", ".join(f"{told['ours']['rates'][w] / told[name]['rates'][w]:,.1f} on {w}" for w in sets)
                yield f"\nnotecriteria against {TITLES[name]}: {ratios}."
        yield ""


def plot(results: dict[str, dict[str, dict[str, Any]]], path: Path) -> None:
    """Draw the rates as bars on a logarithmic axis."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(results), figsize=(6.5 * len(results), 4.2), sharey=True, squeeze=False)
    for axis, (title, told) in zip(axes[0], results.items(), strict=True):
        names = list(reversed(told))
        sets = list(next(iter(told.values()))["rates"])
        for i, which in enumerate(sets):
            offsets = [n + (i - len(sets) / 2) * 0.26 for n in range(len(names))]
            axis.barh(offsets, [told[n]["rates"][which] for n in names], height=0.25, label=which)
        axis.set_yticks(range(len(names)), [TITLES[n].replace("*", "").replace("`", "") for n in names], fontsize=8)
        axis.set_xscale("log")
        axis.set_xlabel("thousand characters a second, one process")
        axis.set_title(title, fontsize=10)
        axis.legend(fontsize=7)
        axis.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, print the tables, write them and the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notes", nargs="+")
    parser.add_argument("--labels", choices=("main", "all", "both"), default="both")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passes", type=int, default=3, help="passes of the fast engines in each round")
    parser.add_argument("--characters", type=int, default=60_000, help="characters of each input, about")
    parser.add_argument("--engines", nargs="+", choices=list(TITLES), default=list(TITLES))
    parser.add_argument("--edsnlp", type=Path, default=cache_dir() / "edsnlp", help="folder of EDS-NLP's environment")
    parser.add_argument("--out", type=Path, help="write OUT.md, OUT.json and OUT.png")
    options = parser.parse_args()
    eds = edsnlp_python(options.edsnlp) if any(n.startswith("edsnlp") for n in options.engines) else Path()
    sets = {Path(s).name.split(".")[0]: sample_of(s, options.characters) for s in options.notes}
    choices = {"the eight main labels": MAIN_LABELS, "all labels": (*LABELS, *RESOLVER_LABELS)}
    wanted = [t for t in choices if options.labels == "both" or t.split()[-2 if "eight" in t else 0] == options.labels]
    results = {
        title: measured(sets, choices[title], options.engines, eds, options.rounds, options.passes) for title in wanted
    }
    lines = "\n".join(table(results, sets))
    print(lines)  # noqa: T201
    if options.out:
        options.out.with_suffix(".md").write_text(lines, encoding="utf-8")
        options.out.with_suffix(".json").write_text(json.dumps(results, indent=1), encoding="utf-8")
        plot(results, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
