"""Causes of HLH: which infection, drug or disease a sentence says HLH is due to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from extractor.causeshapes import CauseRule, put_together
from extractor.matching import Target

CAUSE_LABELS = frozenset({"HLH_CAUSE", "EBV", "CAR_T", "TCE", "ADC", "MALIGNANCY", "RHEUM_DISEASE"})
_BESIDE = frozenset({"EBV", "MALIGNANCY", "RHEUM_DISEASE"})
"""Labels whose mention right before HLH names its kind."""
_AHEAD = 30
"""Characters before HLH or its cause in which words look forward to it."""
_ROWS = 12
"""Lines above a row in which the head of its list is looked for."""
_LIST = 50
"""Characters between two causes of a list, brackets between them included."""


class Link(NamedTuple):
    """What links a cause to HLH: the HLH mention, and whether the writer leaves it open ("possibly due to") or denies it ("not due to").

    Args:
        head: the HLH mention.
        doubtful: whether it is left open.
        denied: whether it is denied.
        found_by: by what it was found where it was not by the rules.
    """

    head: Target
    doubtful: bool
    denied: bool
    found_by: str | None = None


class CauseLinker:
    """Links causes to HLH within a sentence.

    Args:
        rules: the rules of ``causes.yaml``.
    """

    def __init__(self, rules: Sequence[CauseRule]) -> None:
        self._rules = rules

    @cached_property
    def _says(self) -> dict[str, re.Pattern[str]]:
        """The expressions by role."""
        return {role: re.compile(pattern, re.IGNORECASE) for role, pattern in put_together(self._rules).items()}

    def link(
        self,
        text: str,
        sentence: tuple[int, int],
        company: Sequence[Target],
        before: Sequence[Target] = (),
        anywhere: Sequence[Target] = (),
    ) -> dict[Target, Link]:
        """Return the mentions that are a stated cause of HLH, each with the HLH mention it is linked to.

        Args:
            text: clean text.
            sentence: the sentence.
            company: all mentions in it.
            before: HLH mentions shortly before the sentence, for "Felt to be driven by her Still's disease."
            anywhere: all HLH mentions of the note; "no infectious trigger" speaks of HLH wherever that stands.
        """
        if not self._rules:
            return {}
        heads = [t for t in company if t.term.label == "HLH"]
        causes = [t for t in company if t.term.label in CAUSE_LABELS]
        linked: dict[Target, Target] = {}
        for head in heads:
            for cause in causes:
                if self._behind(text, head, cause) or self._before(text, head, cause):
                    linked.setdefault(cause, head)
        for cause in causes:
            if _says_cause(cause) and (heads or before or anywhere):
                linked.setdefault(cause, (heads or list(before) or _nearest(anywhere, cause))[-1])
        if not heads and before:
            for cause in causes:
                if self._headless(text, sentence, cause):
                    linked.setdefault(cause, before[-1])
        if anywhere:
            for cause in causes:
                if cause not in linked and self._is_row(text, cause):
                    linked[cause] = _nearest(anywhere, cause)[-1]
        self._coordinate(text, causes, linked)
        return {
            cause: self._linked(text, sentence, head, cause)
            for cause, head in _one_span_each(self._specific(text, linked)).items()
        }

    def _is(self, role: str, words: str) -> bool:
        return self._says[role].fullmatch(words) is not None

    def _follows(self, role: str, text: str, at: int) -> re.Match[str] | None:
        return self._says[role].match(text, at)

    def _leads(self, role: str, text: str, at: int) -> bool:
        return self._says[role].search(text, max(0, at - _AHEAD), at) is not None

    def _behind(self, text: str, head: Target, cause: Target) -> bool:
        """Return whether a cause behind HLH is told as its cause."""
        gap = text[head.end : cause.start]
        if cause.start < head.end or len(gap) > 140:
            return False
        if self._leads("secondary", text, head.start) and (
            (gap in (" (", "(") and text[cause.end : cause.end + 1] == ")") or self._is("after_secondary", gap)
        ):
            return True  # "infection-associated HLH (CMV)", "secondary HLH: EBV"
        return (
            self._is("behind_hlh", gap)
            or (self._is("named", gap) and self._leads("cause_of", text, head.start))
            or (self._is("to", gap) and self._leads("attributing", text, head.start))  # "we attribute the HLH to"
            or (self._is("with", gap) and self._follows("as_cause", text, cause.end) is not None)
            or (self._is("company", gap) and self._follows("is_cause", text, cause.end) is not None)
            or (self._is("hedged", gap) and self._follows("induced", text, cause.end) is not None)
        )

    def _headless(self, text: str, sentence: tuple[int, int], cause: Target) -> bool:
        """Return whether a sentence without HLH in it says what HLH, named shortly before, is due to."""
        if self._follows("induced", text, cause.end) or self._follows("is_cause", text, cause.end):
            return True
        gap = text[sentence[0] : cause.start].rpartition(";")[2].lstrip()
        return len(gap) <= 140 and self._is("headless", gap)

    def _is_row(self, text: str, cause: Target) -> bool:
        """Return whether a cause begins a row of a list whose head asks what HLH is due to ("Triggers considered:")."""
        line = text.rfind("\n", 0, cause.start) + 1
        if not self._is("row", text[line : cause.start]):
            return False
        for _ in range(_ROWS):
            end, line = line - 1, text.rfind("\n", 0, max(0, line - 1)) + 1
            above = text[line : max(line, end)]
            if not above.strip():
                return False
            if self._says["list_head"].search(above):
                return True
        return False

    def _before(self, text: str, head: Target, cause: Target) -> bool:
        """Return whether a cause before HLH is told as its cause."""
        gap = text[cause.end : head.start]
        if cause.end > head.start or len(gap) > 80:
            return False
        if gap == " ":  # "EBV HLH", "dengue HLH", "post-CAR-T HLH"
            return self._names_kind(text, cause) or self._leads("post", text, cause.start)
        return self._is("before_hlh", gap) or self._is("cause_of_hlh", gap)

    def _names_kind(self, text: str, cause: Target) -> bool:
        """Return whether a cause right before HLH names its kind: a disease or a germ, not a drug of the same list."""
        return cause.term.label in _BESIDE or (
            cause.term.entry.details.get("kind") == "infection"
            and not self._is("generic", text[cause.start : cause.end])
        )

    def _coordinate(self, text: str, causes: Sequence[Target], linked: dict[Target, Target]) -> None:
        """Let "secondary to EBV and lymphoma" link both."""
        for cause in sorted(causes, key=lambda t: t.start):
            for other in list(linked):
                gap = text[other.end : cause.start]
                if (
                    cause not in linked
                    and other.end <= cause.start
                    and len(gap) <= _LIST
                    and self._is("list", gap)
                    and other.start > linked[other].start
                ):
                    linked[cause] = linked[other]

    def _specific(self, text: str, linked: dict[Target, Target]) -> dict[Target, Target]:
        """Return the links without a mere "infection" or "drug" where the same HLH has a cause by name."""
        generic = {c for c in linked if self._is("generic", text[c.start : c.end]) and not _says_cause(c)}
        named = {id(head) for cause, head in linked.items() if cause not in generic}
        return {c: h for c, h in linked.items() if c not in generic or id(h) not in named}

    def _linked(self, text: str, sentence: tuple[int, int], head: Target, cause: Target) -> Link:
        """Return a link with what its words say of it: those between HLH and the cause, or those that call it a cause."""
        ahead = cause.end <= head.start
        words = text[cause.end : head.start] if ahead else text[max(head.end, sentence[0]) : cause.start]
        behind = self._follows("is_cause", text, cause.end)
        words += f" {behind.group()}" if behind else ""
        doubtful = self._says["doubt"].search(words) or self._follows("doubt_behind", text, cause.end)
        denied = (
            self._says["denied"].search(words)
            or self._leads("denied_before", text, cause.start)
            or self._follows("denied_behind", text, cause.end)
        )
        return Link(head, doubtful is not None, bool(denied))


def _says_cause(cause: Target) -> bool:
    """Return whether a cause's own words call it one ("infectious trigger")."""
    return bool(cause.term.entry.details.get("says_cause"))


def _nearest(heads: Sequence[Target], cause: Target) -> list[Target]:
    """Return the last HLH mention before a cause, or else the first one behind it."""
    return [head for head in heads if head.end <= cause.start][-1:] or list(heads[:1])


def _one_span_each(linked: dict[Target, Target]) -> dict[Target, Target]:
    """Return the links without a cause that lies inside a longer one."""
    spans = list(linked)
    return {
        t: h
        for t, h in linked.items()
        if not any(
            (o.start <= t.start and t.end <= o.end)
            and (o.end - o.start, o.term.label) > (t.end - t.start, t.term.label)
            for o in spans
        )
    }
