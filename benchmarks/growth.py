"""Show how time and memory grow: with the length of one note, with mentions of one term, and with the vocabulary.

    python benchmarks/growth.py annotated_notes/dev mtsamples.jsonl.gz --out docs/growth.json

* one note made of the given ones, from 10 kB to 10 MB: processor seconds per character and peak memory,
* the same without a line break, from 100 kB to 1.6 MB,
* one note that is a single term a million times,
* the vocabulary ten times as large, by entries of made-up words: seconds on the same notes.

Each measurement is a process of its own; medians of ``--rounds``.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
ONE_LINE = (100_000, 400_000, 1_600_000)


def texts_of(inputs: Sequence[str]) -> list[str]:
    """Return the texts of all notes."""
    from extractor import Note
    from extractor.notes import read_notes

    return [n.text for n in read_notes(list(inputs)) if isinstance(n, Note)]


def one_note(texts: Sequence[str], size: int) -> str:
    """Return notes put behind one another, in the same mixture at every size, as one of a given length."""
    order = list(texts)
    random.Random(7).shuffle(order)
    whole = "\n\n".join(order)
    return (whole * (size // len(whole) + 1))[:size]


def timed(work: Callable[[], object], least: float = 0.5) -> float:
    """Return processor seconds of one call, the mean of as many as fill some time."""
    calls, began = 0, time.process_time()
    while calls == 0 or time.process_time() - began < least:
        work()
        calls += 1
    return (time.process_time() - began) / calls


def peak() -> float:
    """Return the peak memory of this process in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def length(inputs: Sequence[str], size: int) -> dict[str, float]:
    """Measure one note of a length."""
    from extractor import Extractor, Note

    texts = texts_of(inputs)
    extractor = Extractor()
    for text in texts[::3]:  # every expression compiled
        extractor.mentions(text)
    if size <= 1_000_000:
        notes = [
            Note("", "", one_note(texts[i:] + texts[:i], size)) for i in range(0, len(texts), max(1, len(texts) // 8))
        ]
    else:
        notes = [Note("", "", one_note(texts, size))]
    before = peak()
    seconds = timed(lambda: [sum(1 for _ in extractor.mentions_of([n])) for n in notes]) / len(notes)
    return {"characters": size, "us_per_kchar": seconds / size * 1e9, "peak_mb": peak(), "before_mb": before}


def line(inputs: Sequence[str], size: int) -> dict[str, float]:
    """Measure one note of a length that is a single line."""
    from extractor import Extractor, Note

    texts = [" ".join(text.split()) for text in texts_of(inputs)]
    extractor = Extractor()
    for text in texts[::3]:  # every expression compiled
        extractor.mentions(text)
    note = Note("", "", one_note(texts, size).replace("\n", " "))
    seconds = timed(lambda: sum(1 for _ in extractor.mentions_of([note])))
    return {"characters": size, "us_per_kchar": seconds / size * 1e9, "peak_mb": peak()}


def million(number: int) -> dict[str, float]:
    """Measure a note that holds one term so many times, a sentence each tenth time."""
    from extractor import Extractor, Note

    extractor = Extractor()
    text = ("asthma, " * 9 + "no asthma.\n") * (number // 10)
    extractor.mentions(text[:1000])
    began = time.process_time()
    found = sum(1 for _ in extractor.mentions_of([Note("", "", text)]))
    return {"mentions": found, "us_per_mention": (time.process_time() - began) / max(1, found) * 1e6, "peak_mb": peak()}


def vocabulary(inputs: Sequence[str], times: int) -> dict[str, float]:
    """Measure notes with the vocabulary so many times as large."""
    from dataclasses import replace

    from extractor import Extractor
    from extractor.rulebook import Term

    draw = random.Random(5)
    texts = texts_of(inputs)
    words = {word for text in texts for word in _WORD.findall(text.lower())}
    extractor = Extractor()
    terms = list(extractor.book.terms)
    for copy in count(1) if times > 1 else ():
        for term in extractor.book.terms:
            # the same number of words and word lengths, of letters as frequent as English has them, but no words of the notes
            made = tuple(_made_up(t, draw, words) for t in (*term.entry.terms, *term.entry.cased))
            if made and len(terms) < times * len(extractor.book.terms):
                entry = term.entry.model_copy(
                    update={
                        "id": f"{term.entry.id}.{copy}",
                        "terms": made,
                        "cased": (),
                        "patterns": (),
                        "misspellings": False,
                    }
                )
                terms.append(Term(term.label, entry))
        if len(terms) >= times * len(extractor.book.terms):
            break
    extractor.book = replace(extractor.book, terms=tuple(terms))
    run = lambda: [len(extractor.mentions(t)) for t in texts]  # noqa: E731
    run()
    return {"entries": len(terms), "seconds": timed(run, 1.0), "peak_mb": peak()}


_WORD = re.compile(r"[a-z]+")


def _made_up(term: str, draw: random.Random, words: set[str]) -> str:
    """Return a term of as many words, as long if one can be found that does not stand in the notes."""
    letters = "etaoinshrdlcumwfgypbvk"

    def word(match: re.Match[str]) -> str:
        made, tries = match.group(), 0
        while made in words or made == match.group():
            tries += 1  # all of the shortest words are taken: those become a letter longer
            made = "".join(draw.choice(letters) for _ in range(len(match.group()) + tries // 30))
        return made

    return _WORD.sub(word, term.lower())


def measured(kind: str, inputs: Sequence[str], number: int, rounds: int) -> dict[str, float]:
    """Return the medians of a measurement over processes of their own."""
    told = []
    for _ in range(rounds):
        run = subprocess.run(
            [sys.executable, __file__, *inputs, "--one", kind, str(number)], capture_output=True, text=True, check=True
        )
        told.append(json.loads(run.stdout))
    return {key: statistics.median(t[key] for t in told) for key in told[0]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notes", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--million", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    kinds: dict[str, Callable[[int], dict[str, float]]] = {
        "length": lambda n: length(options.notes, n),
        "line": lambda n: line(options.notes, n),
        "million": million,
        "vocabulary": lambda n: vocabulary(options.notes, n),
    }
    if options.one:
        print(json.dumps(kinds[options.one[0]](int(options.one[1]))))  # noqa: T201
        return
    plan = [
        *(("length", s) for s in SIZES),
        *(("line", s) for s in ONE_LINE),
        ("million", options.million // 10),
        ("million", options.million),
    ]
    plan += [("vocabulary", 1), ("vocabulary", 10)]
    told: dict[str, list[dict[str, float]]] = {}
    for kind, number in plan:
        found = measured(
            kind, options.notes, number, 1 if (kind, number) == ("million", options.million) else options.rounds
        )
        told.setdefault(kind, []).append(found)
        print(kind, {k: round(v, 2) for k, v in found.items()}, flush=True)  # noqa: T201
    rates = [t["us_per_kchar"] for t in told["length"]]
    small, large = told["vocabulary"]
    print(  # noqa: T201
        f"per character, slowest against fastest length: {max(rates) / min(rates):.2f};"
        f" per mention, a million against a tenth: {told['million'][1]['us_per_mention'] / told['million'][0]['us_per_mention']:.2f};"
        f" vocabulary {large['entries'] / small['entries']:.1f} times as large: {large['seconds'] / small['seconds']:.2f} times as long"
    )
    if options.out:
        options.out.write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
