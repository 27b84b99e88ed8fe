"""A learned second reading of where mentions are: a chain of tags over the words of a sentence, beside the rules' spans.

The rules' spans are clues among others. What the chain is all but sure is no mention goes, what it takes for one that no rule
found comes, and where both see one mention its first and last words are the chain's. The weights are data
(``rules/spans.json``), learned from annotated notes with what the rules found in them at first sight.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from extractor.causes import CAUSE_LABELS, Link
from extractor.chain import UNLIKELY, Chain, spans_of
from extractor.learnedshapes import Kinds, SpanFile
from extractor.matching import Target
from extractor.rulebook import Term
from extractor.spanclues import Token, by_place, tokens_of
from extractor.vocabularyshapes import Entry

RULE: Final = "learned.span"
"""Id of the rule of mentions that this reading found."""
UNLISTED: Final = "unlisted"
"""The concept of a name that no rule has."""
CAUSE: Final = "HLH_CAUSE"
Place = tuple[int, int, str]
"""Where a mention begins and ends in the clean text, and its label."""


class Reading(NamedTuple):
    """What both readings together take for mentions.

    Args:
        targets: the mentions, by start, then end, then label.
        links: those that are causes of HLH, each with what links it.
        bounds: for mentions whose words begin or end elsewhere than the rule says: where, by the mention's place.
    """

    targets: list[Target]
    links: dict[Target, Link]
    bounds: dict[Place, tuple[int, int]]


class SpanReader:
    """Reads the mentions of a text again.

    Args:
        model: the weights.
        kept: ids of rules whose mentions are not gainsaid, a site's own.
    """

    def __init__(self, model: SpanFile, kept: Collection[str] = ()) -> None:
        self._labels = list(model.labels)
        self._chains = [Chain(weights.transitions) for weights in model.labels.values()]
        names = sorted({clue for weights in model.labels.values() for clue in weights.clues})
        places = {clue: place for place, clue in enumerate(names)}
        nothing = (0.0, 0.0)
        told = [weights.clues for weights in model.labels.values()]
        self._weights = [tuple(chain.from_iterable(clues.get(name, nothing) for clues in told)) for name in names]
        self._clues = by_place(places)
        self._keep, self._add = model.keep, model.add
        self._kinds = model.kinds
        self._kept = kept

    def read(
        self,
        text: str,
        sentences: Sequence[tuple[int, int]],
        targets: Sequence[Target],
        links: Mapping[Target, Link],
    ) -> Reading:
        """Return the mentions of a text by the rules and the chain together.

        Args:
            text: clean text.
            sentences: the sentences that may hold a mention, in order.
            targets: the mentions by the rules, by start.
            links: those of them that are causes of HLH.
        """
        heads = [t for t in targets if t.term.label == "HLH"]
        reading = Reading([], {}, {})
        first = 0
        for start, end in sentences:
            last = bisect_left(targets, end, key=_start)
            company = targets[first:last]
            first = last
            self._sentence(text, tokens_of(text, start, end), company, links, heads, reading)
        reading.targets.sort(key=lambda t: (t.start, t.end, t.term.label))
        return reading

    def _sentence(
        self,
        text: str,
        tokens: Sequence[Token],
        company: Sequence[Target],
        links: Mapping[Target, Link],
        heads: Sequence[Target],
        reading: Reading,
    ) -> None:
        linked = [t for t in company if t in links]
        scores = self._scores(self._clues.of(tokens, company, linked))
        most = [max(column) for column in zip(*scores, strict=True)]
        gone: set[tuple[Target, bool]] = set()
        come: list[Target] = []
        for place, label in enumerate(self._labels):
            is_cause = label == CAUSE
            known = linked if is_cause else [t for t in company if t.term.label == label]
            if not known and not (tokens and max(most[2 * place : 2 * place + 2]) > UNLIKELY):
                continue
            covered = {t: [p for p, w in enumerate(tokens) if w.start < t.end and t.start < w.end] for t in known}
            within, spans = _read(
                self._chains[place],
                [row[2 * place : 2 * place + 2] for row in scores],
                chain.from_iterable(covered.values()),
            )
            for target, over in covered.items():
                if over and max(within[p] for p in over) < self._keep and not self._stands(target):
                    gone.add((target, is_cause))
            self._bound(tokens, label, [t for t in known if (t, is_cause) not in gone], spans, reading)
            for low, high in new_spans(within, spans, self._add):
                found = (tokens[low].start, tokens[high - 1].end)
                if not any(t.start < found[1] and found[0] < t.end for t in known):
                    if is_cause:
                        self._link(text, found, company, heads, come, reading)
                    else:
                        come.append(self._target(text, found, label))
        for target in company:
            if (target, False) not in gone:
                reading.targets.append(target)
                if target in links and (target, True) not in gone:
                    reading.links[target] = links[target]
        reading.targets.extend(come)
        for target in [t for t in reading.links if (t, False) in gone]:
            del reading.links[target]

    def _stands(self, target: Target) -> bool:
        return target.term.entry.source == "caller" or target.term.entry.id in self._kept

    def _scores(self, clues: Sequence[Sequence[int]]) -> list[list[float]]:
        """Return for each word what its clues say for begin and inside of each label."""
        weights, nothing = self._weights, (0.0,) * (2 * len(self._labels))
        return [
            [sum(column) for column in zip(nothing, *map(weights.__getitem__, each), strict=True)] for each in clues
        ]

    def _bound(
        self,
        tokens: Sequence[Token],
        label: str,
        known: Sequence[Target],
        spans: Sequence[tuple[int, int]],
        reading: Reading,
    ) -> None:
        """Take the chain's first and last words where it sees the same one mention as the rules."""
        for low, high in spans:
            start, end = tokens[low].start, tokens[high - 1].end
            over = [t for t in known if t.start < end and start < t.end]
            if len(over) != 1 or over[0][:2] == (start, end):
                continue
            target = over[0]
            others = [s for s in spans if tokens[s[0]].start < target.end and target.start < tokens[s[1] - 1].end]
            if len(others) == 1 and not self._stands(target):
                reading.bounds[target.start, target.end, label] = (start, end)

    def _link(
        self,
        text: str,
        found: tuple[int, int],
        company: Sequence[Target],
        heads: Sequence[Target],
        come: list[Target],
        reading: Reading,
    ) -> None:
        """Link the cause that the chain sees to the nearest HLH: a mention of the rules where there is one, or else its words."""
        at = bisect_left(heads, found[0], key=lambda t: t.start)
        beside = [t for t in heads[max(0, at - 1) : at + 1] if not (t.start < found[1] and found[0] < t.end)]
        if not beside:
            return
        head = min(beside, key=lambda t: abs(t.start - found[0]))
        over = [t for t in company if t.term.label in CAUSE_LABELS and t.start < found[1] and found[0] < t.end]
        if over:
            cause = max(over, key=lambda t: (min(t.end, found[1]) - max(t.start, found[0]), t.term.label == CAUSE))
            if cause[:2] != found:
                reading.bounds[cause.start, cause.end, CAUSE] = found
        else:
            cause = self._target(text, found, CAUSE)
            come.append(cause)
        reading.links[cause] = Link(head, False, False, RULE)

    def _target(self, text: str, found: tuple[int, int], label: str) -> Target:
        """Return a mention that no rule found."""
        words = " ".join(text[slice(*found)].lower().split())
        kinds = self._kinds.get(label)
        details = {"found_by": RULE, **_DETAILS.get(label, {}), **(_kind(kinds, words) if kinds else {})}
        concept = _CONCEPTS.get(label, UNLISTED)
        entry = Entry.model_construct(
            id=RULE, concept=concept, source=RULE, details=details, terms=(), patterns=(), match=(), no_match=()
        )
        return Target(*found, Term(label, entry))


_CONCEPTS: Final = {"CONSENT": "consent", "AGE": "age", "WEIGHT": "weight", "HEIGHT": "height", CAUSE: "other"}
"""What mentions of a label are; no concept is the words of a note, or ``--redact-evidence`` would not leave these out."""


_DETAILS: Final = {"PRIMARY_HLH": {"kind": "test"}}
"""What mentions of a label are taken for: of what may be a test or a disease the former, which says nothing without its result."""


def _start(target: Target) -> int:
    return target.start


def _read(
    tags: Chain, told: Sequence[Sequence[float]], also: Iterable[int]
) -> tuple[list[float], list[tuple[int, int]]]:
    """Return for each word the probability that it is of a mention, and the likeliest mentions."""
    within = [0.0] * len(told)
    spans: list[tuple[int, int]] = []
    for stretch in tags.stretches(told, also):
        within[stretch.first : stretch.first + len(stretch.within)] = stretch.within
        spans += [(stretch.first + low, stretch.first + high) for low, high in spans_of(stretch.tags)]
    return within, spans


def new_spans(within: Sequence[float], spans: Sequence[tuple[int, int]], least: float) -> Iterator[tuple[int, int]]:
    """Yield the mentions whose words are likely enough: the likeliest span where there is one, else the words themselves."""
    low = upto = -1
    for place, each in enumerate([*within, 0.0]):
        if each >= least and low < 0:
            low = place
        elif each < least and low >= 0:
            over = [s for s in spans if s[0] < place and low < s[1]]
            found = over[0] if over else (low, place)
            if found[0] >= upto:  # a span may bridge words that are no likely ones
                yield found
                upto = found[1]
            low = -1


def _kind(kinds: Kinds, words: str) -> dict[str, str]:
    """Return the kind of a mention by its words, nothing where these do not tell."""
    odds = kinds.start + sum(kinds.words.get(word, 0.0) for word in set(words.split()))
    return {kinds.detail: kinds.kinds[odds > 0]} if abs(odds) >= kinds.sure else {}
