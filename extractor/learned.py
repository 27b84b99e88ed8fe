"""A learned second reading of the attributes: a small network over the clues of a sentence, weighed against what the rules say.

The weights are data (``rules/learned.json``), made from annotated notes by ``notecriteria learn``. How far the model may
overrule the rules is itself learned, from what the rules said of notes that they had not been written from (stacked
generalization: Wolpert, Neural Networks 1992, doi:10.1016/S0893-6080(05)80023-1).
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from extractor.layer import LayerOfUnits
from extractor.learnedshapes import SOURCES, LearnedFile
from extractor.ruleshapes import Cue, ResultRule
from extractor.schema import ATTRIBUTES, Mention

SIGN: Final = "learned."
"""With what the ids begin by which a mention's cues name this reading."""
LEARNED: Final = "learned"
"""The detail of a mention that tells the clues behind each attribute that this reading changed."""
BOUND: Final = 3.0
"""So much the sentence's clues together count at most before they are weighed against what the rules say."""
_SHOWN: Final = 3
"""Clues named for an attribute that is changed."""
_NEGATED: Final = ATTRIBUTES.index("negated")
_UNCERTAIN: Final = ATTRIBUTES.index("uncertain")


_RESULTS: Final = {
    **dict.fromkeys(("no", "negative", "not_done", "not_taken"), "negated"),
    "past": "historical",
    **dict.fromkeys(("pending", "to_start"), "hypothetical"),
    **dict.fromkeys(("equivocal", "unknown", "doubted"), "uncertain"),
    **dict.fromkeys(("yes", "positive"), "yes"),
}
"""What attribute a kind of result gives."""
_YES: Final = "yes"
_NAMED: Final = {
    "date": ("date", "historical"),
    "age": ("date", "historical"),
    "person": ("person", "family"),
    "cause.denied": ("list", "negated"),
    "cause.doubt": ("list", "uncertain"),
}
"""Sources that are named by ids of their own, and what they give; how a sentence links causes to HLH counts with the lists."""
_FORMS: Final = ("checkbox", "form.code", "value")
"""Ids of what speaks for a mention as results do, whatever it says."""


class Sources:
    """Tells from where the rules have the attributes of a mention.

    Args:
        cues: the cues of the rules.
        results: their results.
    """

    def __init__(self, cues: Iterable[Cue], results: Iterable[ResultRule]) -> None:
        said: list[tuple[str, str, int]] = [(cue.id, cue.category, SOURCES.index("cue")) for cue in cues]
        said += [(rule.id, _RESULTS.get(rule.result, ""), SOURCES.index("result")) for rule in results]
        self._said = {name: (attribute, source) for name, attribute, source in said}

    def of(self, mention: Mention, inside: Container[str] | None = None) -> tuple[int | None, ...]:
        """Return for each attribute the place of its source among ``SOURCES``, ``None`` for one that the rules do not give.

        Args:
            mention: the mention as the rules have it.
            inside: ids of the cues in its sentence; others govern it from the head of its list.
        """
        found: list[int | None] = [None] * len(ATTRIBUTES)
        for place, attribute in enumerate(ATTRIBUTES):
            if getattr(mention, attribute):
                sources = (self._source(cue, attribute, inside) for cue in mention.cues)
                found[place] = min(sources, default=_OTHER)
        return tuple(found)

    def affirmed(self, mention: Mention) -> bool:
        """Return whether a result or the answer of a form says that there is what a mention names."""
        told = (self._said.get(cue, ("", 0))[0] == _YES or cue in _FORMS for cue in mention.cues)
        return not mention.negated and any(told)

    def _source(self, cue: str, attribute: str, inside: Container[str] | None) -> int:
        if cue in _FORMS:
            return SOURCES.index("result")
        if cue.startswith("section:"):
            return SOURCES.index("section")
        if cue in _NAMED:
            name, given = _NAMED[cue]
            return SOURCES.index(name) if attribute == given else _OTHER
        told, source = self._said.get(cue, ("", _OTHER))
        if told != attribute:
            return _OTHER
        return SOURCES.index("list") if source == 0 and inside is not None and cue not in inside else source


_OTHER: Final = len(SOURCES) - 1
_OUTSIDE: Final = frozenset({SOURCES.index("list"), SOURCES.index("person")})
"""Sources of which the clues know nothing, for they stand outside of the sentence or in its grammar: what they say stands."""


class Verdict(NamedTuple):
    """What the second reading makes of a mention: its attributes, and the clues behind each that is changed."""

    attributes: tuple[bool, ...]
    reasons: dict[str, tuple[str, ...]]


def bounded(score: float) -> float:
    """Return a score that cannot grow beyond all bounds."""
    return BOUND * math.tanh(score / BOUND)


class LearnedAttributes:
    """Reads the attributes of a mention a second time.

    Args:
        model: the weights.
    """

    def __init__(self, model: LearnedFile) -> None:
        self._clues = {clue: _spread(weights) for clue, weights in model.clues.items()}
        self._layer = LayerOfUnits(model.layer) if model.layer else None
        self._start = model.start
        self._mix = list(zip(model.mix, model.mix_start, strict=True))
        self._limit = math.log(model.threshold / (1 - model.threshold))

    def judge(self, clues: Mapping[str, float], ruled: Sequence[int | None], *, affirmed: bool = False) -> Verdict:
        """Return the attributes by the clues and the rules together.

        Args:
            clues: the clues to a mention, with their strength.
            ruled: from where the rules have each of its attributes, see ``Sources``.
            affirmed: whether a result or a form says that there is what it names.
        """
        scores = [
            mixed[0] * bounded(said) + (0.0 if source is None else mixed[1 + source]) + start - self._limit
            for said, source, (mixed, start) in zip(self._said(clues), ruled, self._mix, strict=True)
        ]
        found = [score > 0 or source in _OUTSIDE for score, source in zip(scores, ruled, strict=True)]
        if affirmed:
            found[_NEGATED] = False
        if found[_NEGATED] and found[_UNCERTAIN]:  # what is denied is not doubted
            found[_UNCERTAIN if scores[_NEGATED] >= scores[_UNCERTAIN] else _NEGATED] = False
        changed = [place for place, source in enumerate(ruled) if (source is not None) != found[place]]
        return Verdict(
            tuple(found), {ATTRIBUTES[place]: self._reasons(clues, place, found[place]) for place in changed}
        )

    def _said(self, clues: Mapping[str, float]) -> list[float]:
        """Return what the clues say for each attribute, each on its own and through the layer."""
        found = list(self._start)
        if self._clues:
            for clue, strength in clues.items():
                for place, weight in enumerate(self._clues.get(clue, ())):
                    found[place] += strength * weight
        if self._layer is None:
            return found
        return [one + other for one, other in zip(found, self._layer.scores(clues), strict=True)]

    def _reasons(self, clues: Mapping[str, float], place: int, wanted: bool) -> tuple[str, ...]:
        """Return the clues that speak loudest for what an attribute was changed to."""
        shares = {clue: strength * self._clues[clue][place] for clue, strength in clues.items() if clue in self._clues}
        if self._layer is not None:
            for clue, share in self._layer.shares(clues, place):
                shares[clue] = shares.get(clue, 0.0) + share
        sign = 1 if wanted else -1
        loud = sorted(((sign * share, clue) for clue, share in shares.items()), reverse=True)
        return tuple(clue for said, clue in loud[:_SHOWN] if said > 0)


def _spread(weights: Iterable[tuple[int, float]]) -> list[float]:
    """Return a weight for every attribute, zero for those of which a clue says nothing."""
    found = [0.0] * len(ATTRIBUTES)
    for place, weight in weights:
        found[place] = weight
    return found


def read_again(mention: Mention, verdict: Verdict) -> Mention:
    """Return a mention with what the second reading makes of it.

    Args:
        mention: the mention as the rules have it.
        verdict: its attributes by the rules and the clues together.
    """
    if not verdict.reasons:
        return mention
    values = dict(zip(ATTRIBUTES, verdict.attributes, strict=True))
    gainsaid = {"positive": True, "negative": False}.get(mention.result or "") is values["negated"]
    changed = tuple(f"{SIGN}{name}" if values[name] else f"{SIGN}not_{name}" for name in verdict.reasons)
    return replace(
        mention,
        negated=values["negated"],
        historical=values["historical"],
        hypothetical=values["hypothetical"],
        uncertain=values["uncertain"],
        family=values["family"],
        cues=(*mention.cues, *changed),
        result=None if gainsaid else mention.result,
        details={**mention.details, LEARNED: {name: list(clues) for name, clues in verdict.reasons.items()}},
    )
