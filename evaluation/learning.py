"""Learning the weights of the second reading of attributes from annotated notes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from evaluation import tool
from evaluation.align import overlap_pairs
from evaluation.files import read_csv
from evaluation.inline import InlineError, parse_inline
from evaluation.tables import NOTE_KEY, mention_table, note_table
from extractor.errors import UsageError
from extractor.schema import ATTRIBUTES

Floats = NDArray[np.float64]
Clues = Mapping[str, float]
MIN_COUNT: Final = 4
"""A clue that fewer mentions have is chance."""
UNITS: Final = 24
"""Units between clues and attributes."""
LEFT_OUT: Final = 0.3
"""Share of the clues that is left out in each round, so that none is leaned on alone (dropout)."""
DECAY: Final = 3e-3
RATE: Final = 5e-4
BATCH: Final = 128
ROUNDS: Final = (7, 60)
"""Rounds over the mentions, of many and of few."""
UPDATES: Final = 2000
"""So many updates few mentions are to bring, within the bound of rounds."""
MIX_STRENGTH: Final = 0.1
"""Inverse of the regularization of the mix of both readings; found by leaving sets of dev out."""
THRESHOLD: Final = 0.3
"""Probability above which an attribute is given: where on sets unseen as many are given as there are."""
SENTENCE_DATE: Final = "2026-06-15"
"""The day on which marked sentences are taken to be written."""
_SOURCE_SCALE: Final = 1.5
"""How far a source of the rules may be trusted more or less than the others, against how far they are trusted all together."""
_DIGITS: Final = 4
FOLDS: Final = 8
"""So many times weights are learned with some of the sets left out."""
_FEWEST: Final = 5
_SPAN: Final = [*NOTE_KEY, "label", "start", "end"]


@dataclass(frozen=True)
class Examples:
    """Mentions that program and gold have in common.

    Args:
        spans: patient, note, label, start and end of each, as the program has them.
        clues: the clues to each.
        gold: their attributes by the annotator, a column each.
        ruled: their attributes by the rules: 0 for no, else one more than the place of its source among ``SOURCES``.
    """

    spans: pd.DataFrame
    clues: list[Clues]
    gold: Floats
    ruled: Floats

    def only(self, wanted: NDArray[np.bool_]) -> Examples:
        """Return some of the examples."""
        clues = [each for each, keep in zip(self.clues, wanted, strict=True) if keep]
        return Examples(self.spans[wanted].reset_index(drop=True), clues, self.gold[wanted], self.ruled[wanted])


def examples_of(notes: pd.DataFrame, mentions: pd.DataFrame, *, rules: Path | None = None) -> Examples:
    """Return the mentions of annotated notes that the program finds, with the clues to their attributes.

    Args:
        notes: a table of notes.
        mentions: their gold mentions.
        rules: a site's own rules.
    """
    found = list(tool.run_clues(notes, rules=rules))
    predicted = mention_table(
        {
            **{name: getattr(m, name) for name in _SPAN},
            **{_from(name): 0 if at is None else at + 1 for name, at in zip(ATTRIBUTES, sources, strict=True)},
        }
        for m, _, sources in found
    )
    pairs = overlap_pairs(mentions, predicted)
    chosen = predicted.iloc[pairs["predicted"]].reset_index(drop=True)
    return Examples(
        chosen[_SPAN],
        [found[place][1] for place in pairs["predicted"]],
        mentions.iloc[pairs["gold"]][list(ATTRIBUTES)].to_numpy(dtype=float),
        chosen[[_from(name) for name in ATTRIBUTES]].to_numpy(dtype=float),
    )


def marked_sentences(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the marked sentences of a YAML file, however they are grouped, as notes of one day, and their mentions.

    Args:
        path: the file; a sentence is a text with ``[[LABEL attr|span]]``, alone or under the key ``wrong`` or ``text``.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        texts = list(_texts(yaml.safe_load(path.read_text(encoding="utf-8"))))
        return marked_notes(texts, path.stem)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, InlineError) as error:
        raise UsageError(f"{path}: is no file of marked sentences ({type(error).__name__})") from None


def marked_notes(
    texts: Iterable[str], name: str, date: str | None = SENTENCE_DATE
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return marked texts as notes of one day, and their mentions.

    Args:
        texts: texts with ``[[LABEL attr|span]]``.
        name: with what the ids of the notes begin.
        date: the day on which they were written; ``None`` for none.

    Raises:
        InlineError: mark-up that cannot be read.
    """
    notes, mentions = [], []
    for place, (text, spans) in enumerate(map(parse_inline, texts)):
        key = {"patient_id": f"{name}-{place}", "note_id": f"{name}-{place}-n1"}
        notes.append({**key, "note_date": date, "text": text})
        for span in spans:
            where = {"label": span.label, "start": span.start, "end": span.end, "text": text[span.start : span.end]}
            mentions.append({**key, **where, **dict.fromkeys(span.attributes, True)})
    return note_table(notes), mention_table(mentions)


def _texts(content: Any) -> Iterator[str]:
    """Yield the sentences in a file's content."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for each in content:
            yield from _texts(each)
    elif isinstance(content, dict):
        told = {key: content[key] for key in _SENTENCE_KEYS if key in content}
        for each in (told or content).values():
            yield from _texts(each)


_SENTENCE_KEYS: Final = ("wrong", "text")


def read_first_sight(path: Path) -> pd.DataFrame:
    """Return a table of mentions with the attributes that rules gave them at first sight.

    Args:
        path: CSV with patient_id, note_id, label, start, end and for each attribute a column such as ``negated_from``: 0, or
            one more than the place of its source among ``SOURCES``.

    Raises:
        UsageError: the file cannot be read, or lacks a column.
    """
    columns = [_from(name) for name in ATTRIBUTES]
    table = read_csv(path, (*_SPAN, *columns))
    return table.astype({"start": "int64", "end": "int64", **dict.fromkeys(columns, "int64")})


def _from(attribute: str) -> str:
    """Return the column that tells from where the rules have an attribute."""
    return f"{attribute}_from"


def joined(parts: Sequence[Examples]) -> Examples:
    """Return several parts as one."""
    return Examples(
        pd.concat([p.spans for p in parts], ignore_index=True),
        [clues for p in parts for clues in p.clues],
        np.concatenate([p.gold for p in parts]),
        np.concatenate([p.ruled for p in parts]),
    )


class ClueNetwork:
    """The weights of clues: a perceptron with one layer of units between them and the attributes.

    Args:
        examples: what they are learned from.
    """

    def __init__(self, examples: Examples) -> None:
        from sklearn.feature_extraction import DictVectorizer
        from sklearn.neural_network import MLPClassifier

        counts = Counter(clue for clues in examples.clues for clue in clues)
        self._names = DictVectorizer(dtype=np.float32)
        matrix = self._names.fit_transform(
            [{c: v for c, v in e.items() if counts[c] >= MIN_COUNT} for e in examples.clues]
        )
        batch = min(BATCH, len(examples.clues))
        self._network = MLPClassifier(
            hidden_layer_sizes=(UNITS,), alpha=DECAY, batch_size=batch, learning_rate_init=RATE, random_state=0
        )
        chance, attributes = np.random.default_rng(0), np.arange(len(ATTRIBUTES))
        for _ in range(int(np.clip(UPDATES * batch // len(examples.clues), *ROUNDS))):
            self._network.partial_fit(_thinned(matrix, chance), examples.gold > 0, classes=attributes)

    def scores(self, clues: Sequence[Clues]) -> Floats:
        """Return what the clues say for each attribute, in log odds, a row for each mention."""
        (inner, outer), (start, last) = self._network.coefs_, self._network.intercepts_
        units = np.maximum(self._names.transform(clues) @ inner + start, 0)
        return np.asarray(units @ outer + last, dtype=np.float64)

    def table(self) -> dict[str, Any]:
        """Return the weights as the file of weights has them, clues of nothing left out."""
        (inner, outer), (start, last) = self._network.coefs_, self._network.intercepts_
        step = float(np.abs(inner).max()) / tool.STEPS
        steps = np.rint(inner / step).astype(int).tolist()
        names = self._names.get_feature_names_out()
        return {
            "start": [round(float(each), _DIGITS) for each in last],
            "layer": {
                "step": step,
                "start": [round(float(each), _DIGITS) for each in start],
                "said": [[round(float(each), _DIGITS) for each in row] for row in outer],
                "clues": {str(name): row for name, row in zip(names, steps, strict=True) if any(row)},
            },
        }


def _thinned(matrix: Any, chance: np.random.Generator) -> Any:
    """Return a matrix with a share of its clues left out, and the others that much stronger."""
    thin = matrix.copy()
    thin.data *= (chance.random(len(thin.data)) >= LEFT_OUT) / (1 - LEFT_OUT)
    return thin


def _fitted(inputs: Any, given: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Return the weights of the inputs and the log odds without any; for what is always or never given, of the counts alone."""
    from sklearn.linear_model import LogisticRegression

    if given.all() or not given.any():
        odds = (given.sum() + 0.5) / ((~given).sum() + 0.5)
        return np.zeros(inputs.shape[1]), float(np.log(odds))
    model = LogisticRegression(C=MIX_STRENGTH, solver="liblinear", random_state=0).fit(inputs, given)
    return model.coef_[0], float(model.intercept_[0])


def groups_of(patients: Iterable[str]) -> NDArray[Any]:
    """Return the set of each patient: the id without its running number, or the patient where that leaves too few sets."""
    ids = list(patients)
    sets = [re.sub(r"[PN]?\d+$", "", each) for each in ids]
    return np.array(sets if len(set(sets)) >= _FEWEST else ids)


def unseen_scores(examples: Examples, of: NDArray[np.bool_]) -> Floats:
    """Return what the clues say of some of the examples, each by weights learned without its set.

    Args:
        examples: all examples.
        of: those wanted.
    """
    sets = groups_of(examples.spans["patient_id"])
    scores = np.zeros_like(examples.gold)
    wanted = sorted(set(sets[of]))
    for fold in range(min(FOLDS, len(wanted))):
        left_out = np.isin(sets, wanted[fold::FOLDS])
        network = ClueNetwork(examples.only(~left_out))
        here = of & left_out
        scores[here] = network.scores(examples.only(here).clues)
    return scores


_RULES_ALONE: Final = (np.array([0.0, 1.0, *[0.0] * len(tool.SOURCES)]), -2.0)
"""An attribute that no annotator gave is left to the rules."""


class Mix:
    """How the clues' sums and the rules' attributes are weighed against each other.

    Args:
        scores: the clues' sums, by weights that did not see the mentions.
        ruled: the rules' attributes, by rules that were not written from them.
        gold: the annotator's attributes.
    """

    def __init__(self, scores: Floats, ruled: Floats, gold: Floats) -> None:
        fitted = [
            _fitted(inputs, column > 0) if column.any() else _RULES_ALONE
            for inputs, column in zip(self._inputs(scores, ruled), gold.T, strict=True)
        ]
        self.weights = np.stack([weights for weights, _ in fitted])
        self.start = np.array([start for _, start in fitted])

    @staticmethod
    def _inputs(scores: Floats, ruled: Floats) -> Floats:
        """Return for each attribute the clues' bounded sum, whether the rules have it, and a column for each of their sources.

        A source of which little is known is so taken for as good as the others.
        """
        bound = tool.BOUND
        columns = [bound * np.tanh(scores.T / bound), bound * (ruled.T > 0)]
        columns += [_SOURCE_SCALE * (place + 1 == ruled.T) for place in range(len(tool.SOURCES))]
        return np.stack(columns, axis=2)

    def attributes(self, scores: Floats, ruled: Floats) -> NDArray[np.bool_]:
        """Return the attributes of mentions."""
        odds = np.einsum("amk,ak->ma", self._inputs(scores, ruled), self.weights) + self.start
        return np.asarray(odds > np.log(THRESHOLD / (1 - THRESHOLD)))


def with_first_sight(examples: Examples, first_sight: pd.DataFrame) -> tuple[Examples, NDArray[np.bool_]]:
    """Return the examples with what the rules said of them at first sight, and which have that.

    Args:
        examples: the examples.
        first_sight: mentions with their attributes by rules that had not been written from them.
    """
    columns = [_from(name) for name in ATTRIBUTES]
    both = examples.spans.merge(first_sight.drop_duplicates(_SPAN), on=_SPAN, how="left", validate="many_to_one")
    there = both[columns[0]].notna().to_numpy()
    ruled = np.where(there[:, None], both[columns].fillna(0).to_numpy(dtype=float), examples.ruled)
    return Examples(examples.spans, examples.clues, examples.gold, ruled), there


def first_sight_of(examples: Examples) -> pd.DataFrame:
    """Return the examples as a table of mentions at first sight, for sets that the rules have not been written from as yet."""
    columns = [_from(name) for name in ATTRIBUTES]
    return pd.concat([examples.spans, pd.DataFrame(examples.ruled.astype(int), columns=columns)], axis=1)


@dataclass(frozen=True)
class Learned:
    """Learned weights and what they are worth.

    Args:
        model: the content of the file of weights.
        figures: F1 of each attribute by the rules alone and by both readings, on mentions whose set neither was learned from.
    """

    model: dict[str, Any]
    figures: pd.DataFrame


def learn(examples: Examples, first_sight: pd.DataFrame | None, made_from: Mapping[str, str | int]) -> Learned:
    """Learn the weights of the second reading.

    Args:
        examples: annotated mentions with their clues.
        first_sight: the mentions of some of the patients, with the attributes that rules gave them which had not been written
            from these patients; how far the rules are trusted is learned from these alone. ``None`` where no rule was written
            from any of the examples.
        made_from: what the examples are, for the reader of the file.

    Raises:
        UsageError: too few mentions of ``first_sight`` are among the examples.
    """
    there = np.ones(len(examples.clues), dtype=bool)
    if first_sight is not None:
        examples, there = with_first_sight(examples, first_sight)
    if there.sum() < _ENOUGH:
        raise UsageError(
            f"only {int(there.sum())} mentions of the gold are known at first sight; {_ENOUGH} are needed, with the same "
            "patient, note, label, start and end"
        )
    scores = unseen_scores(examples, there)[there]
    seen = examples.only(there)
    mix, weights = Mix(scores, seen.ruled, seen.gold), ClueNetwork(examples).table()
    model = {
        "made_from": {**made_from, "mentions": len(examples.clues), "mentions_at_first_sight": int(there.sum())},
        "start": weights["start"],
        "mix": [
            [round(float(w), _DIGITS) for w in (row[0], *(tool.BOUND * row[1] + _SOURCE_SCALE * row[2:]))]
            for row in mix.weights
        ],
        "mix_start": [round(float(w), _DIGITS) for w in mix.start],
        "threshold": THRESHOLD,
        "layer": weights["layer"],
    }
    return Learned(model, _figures(scores, seen))


def _figures(scores: Floats, seen: Examples) -> pd.DataFrame:
    """Return what both readings are worth on sets that neither the weights nor the mix were learned from.

    Args:
        scores: the clues' sums by weights that did not see the set of the mention.
        seen: the mentions.
    """
    sets = groups_of(seen.spans["patient_id"])
    both = np.zeros(seen.gold.shape, dtype=bool)
    for left_out in set(sets):
        here = sets == left_out
        mix = Mix(scores[~here], seen.ruled[~here], seen.gold[~here])
        both[here] = mix.attributes(scores[here], seen.ruled[here])
    gold, rules = seen.gold > 0, seen.ruled > 0
    told = np.ones(gold.shape, dtype=bool)  # whether something absent is also past is not scored
    told[:, ATTRIBUTES.index("historical")] = ~gold[:, ATTRIBUTES.index("negated")]
    rows = [
        (name, int(gold[:, at].sum()), *(_f1(gold[told[:, at], at], each[told[:, at], at]) for each in (rules, both)))
        for at, name in enumerate(ATTRIBUTES)
    ]
    rows.append(("all", int(gold.sum()), *(_f1(gold[told], each[told]) for each in (rules, both))))
    return pd.DataFrame(rows, columns=["attribute", "gold", "rules alone", "both readings"])


def _f1(gold: NDArray[np.bool_], given: NDArray[np.bool_]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(gold, given, zero_division=0.0))


_ENOUGH: Final = 500


def written(model: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a file of learned weights, a clue on each, so that versions can be compared."""
    layer = model["layer"]
    yield "{\n"
    for key in ("made_from", "start", "mix", "mix_start", "threshold"):
        yield f"{json.dumps(key)}: {json.dumps(model[key])},\n"
    yield '"layer": {\n'
    for key in ("step", "start", "said"):
        yield f"{json.dumps(key)}: {json.dumps(layer[key])},\n"
    yield '"clues": {\n'
    clues = sorted(layer["clues"].items())
    for place, (clue, steps) in enumerate(clues):
        comma = "," if place < len(clues) - 1 else ""
        yield f"{json.dumps(clue, ensure_ascii=False)}: {json.dumps(steps, separators=(',', ':'))}{comma}\n"
    yield "}}}\n"
