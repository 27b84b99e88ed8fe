"""One engine of the comparison of speed, in a process of its own; started by compare_speed.py.

Reads a JSON file of notes and rules, builds the engine named, then answers each line on standard input ("SET PASSES") with a
JSON line: the processor seconds of every pass, entities found, and the process's peak memory in megabytes.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

Engine = Callable[[str], int]


def ours(rules: dict[str, Any]) -> Engine:
    """The extractor, context, values and results included."""
    from extractor import Extractor

    made = Extractor()
    labels = set(rules["labels"])
    made.book = replace(
        made.book,
        terms=tuple(t for t in made.book.terms if t.label in labels),
        look_alikes=tuple(a for a in made.book.look_alikes if a.label in labels),
    )
    return lambda text: len(made.mentions(text))


def scanning(rules: dict[str, Any]) -> Engine:
    """Only the automaton's pass over the text."""
    from extractor import Extractor
    from extractor.frequencies import folded
    from extractor.matching import _patterns

    made = Extractor()
    labels = set(rules["labels"])
    book = replace(made.book, terms=tuple(t for t in made.book.terms if t.label in labels))
    automaton = _patterns(book)._automaton
    return lambda text: len(automaton.find_matches_as_indexes(folded(text), overlapping=True))


def tokenizing(_: dict[str, Any]) -> Engine:
    """Only medspaCy's tokenizer."""
    nlp = _medspacy(enable=["medspacy_tokenizer"])
    return lambda text: len(nlp.make_doc(text))


def _medspacy(**kwargs: Any) -> Any:
    import warnings

    warnings.simplefilter("ignore")
    import medspacy

    return medspacy.load(**kwargs)


def _with_rules(nlp: Any, targets: list[Any], cues: list[dict[str, Any]], regex: bool) -> Engine:
    from medspacy.context import ConTextRule
    from medspacy.target_matcher import TargetRule

    matcher = nlp.get_pipe("medspacy_target_matcher")
    matcher.add([TargetRule(literal, label, pattern=pattern if regex else None) for label, literal, pattern in targets])
    nlp.remove_pipe("medspacy_context")
    context = nlp.add_pipe("medspacy_context", config={"rules": None})
    context.add(
        [
            ConTextRule(
                literal,
                cue["category"],
                pattern=pattern if regex else None,
                direction=cue["direction"],
                allowed_types=set(cue["labels"]) or None,
                excluded_types=set(cue["not_labels"]) or None,
                terminated_by=set(cue["ends"]) or None,
            )
            for cue in cues
            for literal, pattern in ([(cue["id"], cue["pattern"])] if regex else [(p, None) for p in cue["phrases"]])
        ]
    )
    return lambda text: len(nlp(text).ents)


def medspacy_rules(rules: dict[str, Any]) -> Engine:
    """medspacy.load() as installed with the same rules: the same expressions for terms and cues."""
    return _with_rules(_medspacy(), [(t["label"], t["id"], t["pattern"]) for t in rules["terms"]], rules["cues"], True)


def medspacy_quiet(rules: dict[str, Any]) -> Engine:
    """The same with the logging of PyRuSH and medspaCy switched off."""
    from loguru import logger

    logger.remove()
    logger.disable("PyRuSH")
    logger.disable("medspacy")
    return medspacy_rules(rules)


def medspacy_phrases(rules: dict[str, Any]) -> Engine:
    """medspacy.load(), quiet, with terms and cues written out as plain phrases: less work than the rules ask for."""
    from loguru import logger

    logger.remove()
    targets = [(t["label"], phrase, None) for t in rules["terms"] for phrase in t["phrases"]]
    return _with_rules(_medspacy(), targets, rules["cues"], False)


def edsnlp_rules(rules: dict[str, Any]) -> Engine:
    """EDS-NLP with the same expressions for terms; cues written out."""
    regex: dict[str, list[str]] = {}
    for term in rules["terms"]:
        regex.setdefault(term["label"], []).append(f"(?i){term['pattern']}")
    return _edsnlp(rules, {"regex": regex, "attr": "TEXT"})


def edsnlp_phrases(rules: dict[str, Any]) -> Engine:
    """EDS-NLP with terms and cues written out as plain phrases: less work than the rules ask for."""
    terms: dict[str, list[str]] = {}
    for term in rules["terms"]:
        terms.setdefault(term["label"], []).extend(term["phrases"])
    return _edsnlp(rules, {"terms": {k: v for k, v in terms.items() if v}, "attr": "LOWER"})


def _edsnlp(rules: dict[str, Any], matcher: dict[str, Any]) -> Engine:
    import edsnlp

    def phrases(category: str, role: str) -> list[str]:
        return [p for c in rules["cues"] if (c["kind"], c["role"]) == (category, role) for p in c["phrases"]]

    ends = [p for c in rules["cues"] if c["role"] == "termination" for p in c["phrases"]]
    nlp = edsnlp.blank("eds")
    nlp.add_pipe("eds.sentences")
    nlp.add_pipe("eds.matcher", config=matcher)
    both = {
        c: [*phrases(c, "preceding"), *phrases(c, "both")] for c in ("negated", "uncertain", "family", "historical")
    }
    common = {"termination": ends, "attr": "LOWER"}
    nlp.add_pipe(
        "eds.negation",
        config={
            "preceding": both["negated"],
            "following": phrases("negated", "following"),
            "pseudo": phrases("negated", "pseudo"),
            "verbs": [],
            "preceding_regex": [],
            **common,
        },
    )
    nlp.add_pipe(
        "eds.hypothesis",
        config={
            "preceding": both["uncertain"],
            "following": phrases("uncertain", "following"),
            "pseudo": phrases("uncertain", "pseudo"),
            "verbs_hyp": [],
            "verbs_eds": [],
            **common,
        },
    )
    nlp.add_pipe("eds.family", config={"family": both["family"], **common})
    nlp.add_pipe("eds.history", config={"history": both["historical"], **common})
    return lambda text: len(nlp(text).ents)


ENGINES: dict[str, Callable[[dict[str, Any]], Engine]] = {
    f.__name__: f
    for f in (
        ours,
        medspacy_rules,
        medspacy_quiet,
        medspacy_phrases,
        edsnlp_rules,
        edsnlp_phrases,
        tokenizing,
        scanning,
    )
}


def main() -> None:
    """Build the engine and serve."""
    name, path = sys.argv[1:]
    given = json.loads(Path(path).read_text(encoding="utf-8"))
    out = sys.stdout
    sys.stdout = sys.stderr
    began = time.perf_counter()
    engine = ENGINES[name](given["rules"])
    engine("No asthma.")
    out.write(json.dumps({"ready": time.perf_counter() - began}) + "\n")
    out.flush()
    for line in sys.stdin:
        which, passes = line.split()
        texts = given["notes"][which]
        seconds, found = [], 0
        for _ in range(int(passes)):
            start = time.process_time()
            found = sum(engine(text) for text in texts)
            seconds.append(time.process_time() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
        out.write(json.dumps({"seconds": seconds, "found": found, "peak": peak}) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
