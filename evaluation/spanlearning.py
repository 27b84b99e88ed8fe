"""Learning the weights of the second reading of where mentions are from annotated notes."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from evaluation import tool
from evaluation.files import read_csv
from evaluation.tables import NOTE_KEY
from extractor.errors import UsageError

KEEP: Final = 0.03
"""Probability below which the words of a rule's mention are none."""
ADD: Final = 0.4
"""Probability from which on words are a mention that no rule found; both were chosen on D76 to D87 with weights learned from the sets before."""
_SETTINGS: Final = {"c1": 0.2, "c2": 0.3, "max_iterations": 80, "feature.minfreq": 3}
"""Strength of the two regularizations, rounds, and how many words must have a clue."""
_DIGITS: Final = 2
_TAGS: Final = ("O", "B", "I")
_SPAN: Final = [*NOTE_KEY, "label", "start", "end", "rule", "cause"]
_SURE: Final = 1.5
"""Log odds from which on the words of a response tell its kind."""
_FEWEST: Final = 20
"""So many responses of each kind must be known for their words to tell."""
RESPONSES: Final = ("failure", "responded")


class Sentence(NamedTuple):
    """A sentence of an annotated note.

    Args:
        note: patient and note.
        clues: the clues to each of its words.
        tags: for each label that is in it, the tag of each word.
    """

    note: tuple[str, str]
    clues: list[list[str]]
    tags: dict[str, list[str]]


def sentences_of(
    notes: pd.DataFrame,
    mentions: pd.DataFrame,
    first_sight: Mapping[tuple[str, str], Any] | None = None,
    *,
    rules: Path | None = None,
) -> Iterator[Sentence]:
    """Yield the sentences of annotated notes.

    Args:
        notes: a table of notes.
        mentions: their gold mentions.
        first_sight: for each note what the rules found in it before they were written from it; ``None`` for what they find now.
        rules: a site's own rules.
    """
    gold: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for row in mentions.itertuples(index=False):
        gold.setdefault((row.patient_id, row.note_id), []).append((int(row.start), int(row.end), row.label))
    for key, words in tool.run_words(notes, first_sight, rules=rules):
        yield Sentence(key, words.clues, dict(_tagged(words.places, gold.get(key, ()))))


def _tagged(
    places: Sequence[tuple[int, int]], spans: Iterable[tuple[int, int, str]]
) -> Iterator[tuple[str, list[str]]]:
    """Yield for each label the tags of the words at some places."""
    tags: dict[str, list[str]] = {}
    for start, end, label in spans:
        inside = [i for i, (low, high) in enumerate(places) if low < end and start < high]
        own = tags.setdefault(label, ["O"] * len(places)) if inside else []
        if all(own[i] == "O" for i in inside):
            for i in inside:
                own[i] = "B" if i == inside[0] else "I"
    yield from tags.items()


def read_first_sight(path: Path) -> dict[tuple[str, str], list[Any]]:
    """Return for each note the spans that the rules took for mentions at first sight.

    Args:
        path: CSV with patient_id, note_id, label, start, end, rule and cause (0 or 1); a note without any has one row with an empty label.

    Raises:
        UsageError: the file cannot be read, or lacks a column.
    """
    found: dict[tuple[str, str], list[Any]] = {}
    for row in read_csv(path, _SPAN).itertuples(index=False):
        own = found.setdefault((row.patient_id, row.note_id), [])
        if row.label:
            own.append(tool.RuleSpan(int(row.start), int(row.end), row.label, row.rule, str(row.cause) == "1"))
    return found


def first_sight_of(notes: pd.DataFrame) -> pd.DataFrame:
    """Return what the rules find in notes as a table of spans at first sight, for sets they have not been written from as yet."""
    rows: list[tuple[Any, ...]] = []
    for key, spans in tool.run_spans(notes):
        rows += [(*key, s.label, s.start, s.end, s.rule, int(s.cause)) for s in spans] or [(*key, "", 0, 0, "", 0)]
    return pd.DataFrame(rows, columns=_SPAN).sort_values(_SPAN[:5], ignore_index=True)


@dataclass(frozen=True)
class Chained:
    """The weights of one label's chain.

    Args:
        transitions: for each tag what speaks for each tag behind it.
        clues: for each clue what it says for begin and inside.
    """

    transitions: list[list[float]]
    clues: dict[str, list[float]]


def _numbered(sentences: Sequence[Sentence]) -> tuple[list[str], list[Sentence]]:
    """Return the clues that are no chance, and the sentences with their numbers in place of clues.

    CRFsuite lists weights as text, in which signs of clues would be lost.
    """
    counts = Counter(clue for s in sentences for word in s.clues for clue in word)
    names = [clue for clue, count in counts.items() if count >= _SETTINGS["feature.minfreq"]]
    number = {clue: f"c{i}" for i, clue in enumerate(names)}
    return names, [s._replace(clues=[[number[c] for c in w if c in number] for w in s.clues]) for s in sentences]


def _chain_of(label: str, names: Sequence[str], sentences: Sequence[Sentence]) -> Chained:
    """Return the weights of one label's chain of tags, by CRFsuite (Okazaki 2007).

    Args:
        label: the label.
        names: the clue behind each number.
        sentences: what they are learned from, with numbers in place of clues.
    """
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False, algorithm="lbfgs")
    trainer.set_params(_SETTINGS)
    for each in sentences:
        trainer.append(each.clues, each.tags.get(label, ["O"] * len(each.clues)))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "chain")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        told = tagger.info()
        tagger.close()
    weights: dict[str, dict[str, float]] = {}
    for (attribute, tag), weight in told.state_features.items():
        weights.setdefault(names[int(attribute[1:])], {})[tag] = weight
    clues = {}
    for clue, by_tag in sorted(weights.items()):
        outside = by_tag.get("O", 0.0)  # only differences count
        says = [round(by_tag.get(tag, 0.0) - outside, _DIGITS) for tag in ("B", "I")]
        if any(says):
            clues[clue] = says
    follows = [[round(told.transitions.get((a, b), 0.0), _DIGITS) for b in _TAGS] for a in _TAGS]
    return Chained(follows, clues)


def learn(
    sentences: Sequence[Sentence],
    labels: Iterable[str],
    made_from: Mapping[str, str | int],
    kinds: Mapping[str, Any] | None = None,
    workers: int = 2,
) -> dict[str, Any]:
    """Return the content of a file of weights.

    Args:
        sentences: what they are learned from.
        labels: the labels.
        made_from: what the sentences are, for the reader of the file.
        kinds: how kinds of mentions are told, see :func:`responses`.
        workers: labels that are learned at the same time.

    Raises:
        UsageError: python-crfsuite is not installed.
    """
    try:
        import pycrfsuite  # noqa: F401
    except ImportError:
        raise UsageError("to learn weights for spans install the extra: pip install 'notecriteria[learn]'") from None
    wanted = sorted(labels)
    with ProcessPoolExecutor(workers, initializer=_keep, initargs=_numbered(sentences)) as pool:
        chains = dict(zip(wanted, pool.map(_chain, wanted), strict=True))
    return {
        "made_from": {**made_from, "sentences": len(sentences)},
        "keep": KEEP,
        "add": ADD,
        "labels": {label: {"transitions": c.transitions, "clues": c.clues} for label, c in chains.items()},
        "kinds": dict(kinds or {}),
    }


_KEPT: dict[str, Any] = {}
"""What a worker is given once."""


def _keep(names: Sequence[str], sentences: Sequence[Sentence]) -> None:
    _KEPT.update(names=names, sentences=sentences)


def _chain(label: str) -> Chained:
    return _chain_of(label, **_KEPT)


def responses(notes: pd.DataFrame, mentions: pd.DataFrame, *, rules: Path | None = None) -> dict[str, Any]:
    """Return how the words of a response to steroids tell whether it is a failure, learned from those of which a rule says it.

    Args:
        notes: a table of notes.
        mentions: their gold mentions.
        rules: a site's own rules.

    Returns:
        The tables by label; none where too few responses are known.
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    gold = mentions[mentions["label"] == "STEROID_RESPONSE"]
    spans: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for row in gold.itertuples(index=False):
        spans.setdefault((row.patient_id, row.note_id), []).append((int(row.start), int(row.end), row.text))
    words, given = [], []
    for m in tool.run_rules(notes, rules=rules):
        said = m.details.get("response") if m.label == "STEROID_RESPONSE" else None
        for start, end, text in spans.get((m.patient_id, m.note_id), ()) if said in RESPONSES else ():
            if start < m.end and m.start < end:
                words.append(" ".join(text.lower().split()))
                given.append(said == RESPONSES[1])
    if min(given.count(kind) for kind in (True, False)) < _FEWEST:
        return {}
    seen = CountVectorizer(binary=True, tokenizer=str.split, token_pattern=None, lowercase=False, min_df=2)
    model = LogisticRegression(C=3.0, solver="liblinear", random_state=0).fit(seen.fit_transform(words), given)
    told = zip(seen.get_feature_names_out(), model.coef_[0], strict=True)
    return {
        "STEROID_RESPONSE": {
            "detail": "response",
            "kinds": list(RESPONSES),
            "start": round(float(model.intercept_[0]), _DIGITS),
            "sure": _SURE,
            "words": {str(word): round(float(weight), _DIGITS) for word, weight in told},
        }
    }


def size(model: Mapping[str, Any]) -> int:
    """Return how many clues have a weight, counted for each label."""
    return sum(len(weights["clues"]) for weights in model["labels"].values())


def written(model: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a file of weights, a clue to a line."""
    yield "{\n"
    for key in ("made_from", "keep", "add", "kinds"):
        yield f" {json.dumps(key)}: {json.dumps(model[key], ensure_ascii=False)},\n"
    yield ' "labels": {\n'
    labels = list(model["labels"].items())
    for place, (label, weights) in enumerate(labels):
        yield f"  {json.dumps(label)}: {{\n"
        yield f'   "transitions": {json.dumps(weights["transitions"])},\n   "clues": {{\n'
        rows = [f"    {json.dumps(c, ensure_ascii=False)}: {json.dumps(says)}" for c, says in weights["clues"].items()]
        yield ",\n".join(rows) + "\n   }\n  }" + (",\n" if place + 1 < len(labels) else "\n")
    yield " }\n}\n"
