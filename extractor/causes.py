"""Causes of HLH: which infection, drug or disease a sentence says HLH is due to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from extractor.matching import Target

CAUSE_LABELS = frozenset({"HLH_CAUSE", "EBV", "CAR_T", "TCE", "ADC", "MALIGNANCY", "RHEUM_DISEASE"})

_FILL = r"(?:[\s,:(\"'?]|(?<![A-Za-z])(?:the|a|an|her|his|their|acute|active|underlying|known|new|recent|severe|disseminated|primary|concurrent|ongoing|possible|probable|likely|presumed|suspected|flare\sof|activity\sof|reactivation\sof|infection\swith|reactivated|visceral|his/her|either|uncontrolled|relapsed|refractory|progressive|systemic|chronic|prior|previous|treatment\swith|therapy\swith|administration\sof|infusion\sof|exposure\sto|grade\s\d)(?![A-Za-z]))*(?:(?!(?:of|no|not|without|negative|than|but|after|rather|which|who|and|or|for|with|neither|excluded)\b)[a-z]{3,14}[\s-]){0,2}"
_LINK = r"(?:secondary\s(?:to|with)|\(?2/2\)?|2[\u00b0o\"']?\s?(?:to|/2)|due\sto|d/t|caused\sby|triggered\sby|induced\sby|driven\sby|precipitated\sby|provoked\sby|attribut\w{2,5}\sto|related\sto|associated\s(?:with|to)|a/w|in\s(?:the\s)?(?:setting|context)\sof|on\s(?:the\s)?(?:background|basis)\sof|from|following|post|after|put\sdown\sto|ascribed\sto|complicating|as\s(?:a\s)?complication\sof|result(?:ing|ed|s)?\sfrom|part\sof|because\sof|owing\sto|blamed\son|reactive\sto|\(?(?:cause|trigger|driver|culprit|spark|precipitant|a?etiology)\)?\s?(?::|=|was|is|being|likely|\s)|trig(?:ger(?:ed|s)?)?\s?(?:=|:|by|was|likely)|<-|based\son|as\sa\s(?:result|consequence)\sof|brought\son\sby|set\soff\sby|arising\s(?:from|in)|underlying)"
_NOUN = r"(?:trigger|cause|driver|culprit|spark|precipitant|a?etiology)"
_LEAD_TO_NOUN = r"(?:[\s,(]|(?<![A-Za-z])(?:is|was|as|being|to\sbe|be|may|might|could|thought|felt|believed|considered|judged|regarded\sas|the|a|her|his|its|likely|probable|probably|possible|possibly|presumed|suspected|most|sole|main|only|real)(?![A-Za-z])){1,14}"
_HEDGE = r"(?:[\s,)(:?-]|(?<![A-Za-z])(?:not|is|was|were|are|to\sbe|felt|thought|considered|believed|judged|most|likely|probably|possibly|presumed|clearly|therefore|as|gr\.?\s?\d|syndrome|picture|episode|flare|it|which|that|now|again|all|assumed|regarded\sas|deemed|seems|appears|may\sbe|attributed|episodes?|criteria|met|\d/8|developed|occurred|put|down|presumably|perhaps|maybe|possible|probable|suspected|might\sbe|could\sbe|may\shave\sbeen|been)(?![A-Za-z]))*"
_IS_CAUSE = re.compile(rf"{_LEAD_TO_NOUN}{_NOUN}s?(?![A-Za-z])", re.IGNORECASE)
"""Words behind a cause that call it one ("EBV thought to be the trigger")."""
_CAUSE_OF_HLH = re.compile(
    rf"{_LEAD_TO_NOUN}{_NOUN}s?\s(?:of|for|behind)\s(?:(?:the|her|his|this|a|an|secondary|severe)\s){{0,3}}",
    re.IGNORECASE,
)
_COMPANY = re.compile(r"[\s,;:(-]*(?:w/|with|and)?[\s,(]*(?:the\s)?", re.IGNORECASE)
_DENIED = re.compile(r"(?<![A-Za-z])(?:not|never)(?![A-Za-z])", re.IGNORECASE)
_HEDGED = re.compile(rf"{_HEDGE}", re.IGNORECASE)
_BEHIND_HLH = re.compile(
    rf"{_HEDGE}(?:\.\s{_HEDGE})?(?:(?:in|on|with)\s[\w\s'-]{{2,24}}[,;:(]{_HEDGE})?{_LINK}{_FILL}", re.IGNORECASE
)
_MADE = (
    r"(?:associated|related|induced|driven|triggered|positive|mediated|provoked|precipitated|complicated\sby|assoc\.?)"
)
_CAUSING = (
    r"(?:triggering|causing|triggered|caused|induced|inducing|provoked|provoking|driving|drove|precipitating|precipitated|"
    r"complicated\sby|leading\sto|led\sto|results?\sin|resulted\sin|resulting\sin|gave\srise\sto|giving\srise\sto|"
    r"progressed\s(?:in)?to|presenting\s(?:as|with)|evolved\sinto|set\soff|brought\son|"
    r"as\s(?:the\s|a\s|its\s)?(?:likely\s|probable\s|underlying\s)?(?:trigger|cause|driver)\s(?:of|for)|as\sits\strigger|"
    r"(?:is|was)\sthe\s(?:likely\s|probable\s|presumed\s)?(?:trigger|cause|driver)\s(?:of|for|behind)|"
    r"with\s(?:a\s)?(?:secondary|associated|consequent|resulting|superimposed|subsequent|concomitant))"
)
_JUDGED = r"(?:\s(?:is|was|were|has|have|had|been|felt|thought|believed|considered|presumed|judged|deemed|likely|probably|to|have|be|which|that|then|may|might|could)){0,6}"
_ITS = r"(?:of\s|for\s)?(?:(?:the|her|his|a|an|secondary|this|full-blown|acute)\s){0,4}(?:\w{1,10}\s)?"
_BEFORE_HLH = re.compile(
    rf"\s?(?:[- ]?(?:virus|infection|reactivation|vir(?:a|ae|e)mia|therapy|treatment|cell|disease|sepsis|flare))?\s?(?:\([^)]{{0,20}}\))?"
    rf"(?:[-\s]{{0,2}}(?:{_MADE}|-)[-\s]{{1,2}}(?:\w{{1,12}}\s)?(?:secondary\s)?[\"'(]?|-|,?{_JUDGED}\s{_CAUSING}\s{_ITS})",
    re.IGNORECASE,
)
_INDUCED = re.compile(
    r"[- ](?:induced|triggered|driven|associated|related|mediated)\b"
    r"(?!\s(?:DIC|ARDS|AKI|(?!process|disease|picture|syndrome|episode|event|flare|form|one|hyperinflammation|"
    r"as|and|or|in|by|with|rather|not|but|after|on|at|then|now)[a-z]{2,}))",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\?|\b(?:poss(?:ib(?:le|ly))?|prob(?:ab(?:le|ly))?|likely|unlikely|presum(?:ed|ably|ptive(?:ly)?)|susp(?:ect(?:ed)?|icion)?"
    r"|perhaps|maybe|may\sbe|may\shave|might|could|questionabl[ey]|unclear|versus|vs)\b",
    re.IGNORECASE,
)
_DOUBT_BEHIND = re.compile(
    r"\s?(?:\?|\(?(?:prob(?:abl[ey])?|poss(?:ibl[ey])?|likely|presumed|presumably|suspected)(?![A-Za-z-]))",
    re.IGNORECASE,
)
"""Words between HLH and its cause by which the writer does not commit himself to the link."""
_HEADLESS = re.compile(
    rf"\W*(?:(?:\w+\s){{0,3}}?(?:felt|thought|considered|believed|regarded|attributed|judged|presumably|probably|likely|trigger|cause|this|it|all|driven|due|secondary|triggered)\s)?{_HEDGE}(?:{_LINK}|(?:we\s|i\s)?(?:put|ascribe|attribute)\s(?:this|it)\s(?:down\s)?to|trig(?:ger(?:ed|s)?)?\s?(?:=|:|by|was|likely)){_FILL}",
    re.IGNORECASE,
)
_CAUSE_OF = re.compile(
    r"\b(?:trigger|cause|driver|precipitant|a?etiology|origin|source|reason|culprit|spark)s?\s(?:of|for|behind)\s(?:the\s|her\s|his\s|this\s)?$",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"[^.;\n]{{0,14}}(?::|=|\s(?:is|was|were|are|likely|probably|being|felt|thought|believed|considered|judged))"
    rf"(?:\s(?:is|was|felt|thought|believed|considered|judged|presumed|likely|probably|to|be)){{0,4}}\s?{_FILL}",
    re.IGNORECASE,
)
_WITH = re.compile(rf"\s(?:with|and|having)\s{_FILL}", re.IGNORECASE)
_AS_CAUSE = re.compile(
    r"\s(?:as|being)\s(?:the\s|its\s|an?\s)?(?:\w{3,12}\s)?(?:trigger|cause|driver|precipitant|a?etiology|culprit)",
    re.IGNORECASE,
)
_ATTRIBUTING = re.compile(
    r"\b(?:attribut(?:e|es|ed|ing)|ascrib(?:e|es|ed|ing)|link(?:s|ed)?|put)\s(?:the\s|her\s|his\s|this\s|secondary\s){0,2}$",
    re.IGNORECASE,
)
_TO = re.compile(rf"(?:\s(?:picture|episode|flare|relapse|syndrome))?\s(?:down\s)?to\s{_FILL}", re.IGNORECASE)
_SECONDARY = re.compile(
    r"\b(?:associated|secondary|induced|triggered|related|reactive|acquired)[\s-]{1,2}$", re.IGNORECASE
)
_GENERIC = re.compile(
    r"(?:infections?|drugs?|virus|viral|medications?|infectious\strigger|tumou?r|flare|disease\sflare)", re.IGNORECASE
)
_LIST = re.compile(r"\s?(?:,|and|/|\+|&|with|or|vs\.?|\()\s?(?:the\s|an?\s|\w{1,12}\s)?", re.IGNORECASE)


class Link(NamedTuple):
    """What links a cause to HLH: the HLH mention, and whether the writer leaves it open ("possibly due to") or denies it ("not due to")."""

    head: Target
    doubtful: bool
    denied: bool


@dataclass(frozen=True)
class CauseLinker:
    """Links causes to HLH within a sentence."""

    def link(
        self, text: str, sentence: tuple[int, int], company: Sequence[Target], before: Sequence[Target] = ()
    ) -> dict[Target, Link]:
        """Return the mentions that are a stated cause of HLH, each with the HLH mention it is linked to.

        Args:
            text: clean text.
            sentence: the sentence.
            company: all mentions in it.
            before: HLH mentions shortly before the sentence, for "Felt to be driven by her Still's disease."
        """
        heads = [t for t in company if t.term.label == "HLH"]
        causes = [t for t in company if t.term.label in CAUSE_LABELS]
        linked: dict[Target, Target] = {}
        for head in heads:
            for cause in causes:
                if self._behind(text, head, cause) or self._before(text, head, cause):
                    linked.setdefault(cause, head)
        for cause in causes:
            if cause.term.entry.details.get("says_cause") and (heads or before):
                linked.setdefault(cause, (heads or list(before))[-1])
        if not heads and before:
            for cause in causes:
                if self._headless(text, sentence, cause):
                    linked.setdefault(cause, before[-1])
        self._coordinate(text, causes, linked)
        return {
            cause: _linked(text, sentence, head, cause)
            for cause, head in _one_span_each(_specific(text, linked)).items()
        }

    @staticmethod
    def _behind(text: str, head: Target, cause: Target) -> bool:
        gap = text[head.end : cause.start]
        if cause.start < head.end or len(gap) > 140:
            return False
        if _CAUSE_OF.search(text, max(0, head.start - 30), head.start) and _NAMED.fullmatch(gap):
            return True
        if _WITH.fullmatch(gap) and _AS_CAUSE.match(text, cause.end):
            return True
        if _ATTRIBUTING.search(text, max(0, head.start - 30), head.start) and _TO.fullmatch(gap):
            return True  # "we attribute the HLH to"
        in_brackets = gap in (" (", "(") and text[cause.end : cause.end + 1] == ")"
        if in_brackets and _SECONDARY.search(text, max(0, head.start - 30), head.start):
            return True  # "infection-associated HLH (CMV)"
        if _BEHIND_HLH.fullmatch(gap) or (_IS_CAUSE.match(text, cause.end) and _COMPANY.fullmatch(gap)):
            return True
        return _INDUCED.match(text, cause.end) is not None and _HEDGED.fullmatch(gap) is not None

    @staticmethod
    def _headless(text: str, sentence: tuple[int, int], cause: Target) -> bool:
        """Return whether a sentence without HLH in it says what HLH, named shortly before, is due to."""
        if _INDUCED.match(text, cause.end) or _IS_CAUSE.match(text, cause.end):
            return True
        gap = text[sentence[0] : cause.start]
        return len(gap) <= 120 and _HEADLESS.fullmatch(gap) is not None

    @staticmethod
    def _before(text: str, head: Target, cause: Target) -> bool:
        gap = text[cause.end : head.start]
        if cause.end > head.start or len(gap) > 80:
            return False
        if gap == " ":
            return cause.term.label == "EBV"  # "EBV HLH"
        return (len(gap) <= 50 and _BEFORE_HLH.fullmatch(gap) is not None) or _CAUSE_OF_HLH.fullmatch(gap) is not None

    @staticmethod
    def _coordinate(text: str, causes: Sequence[Target], linked: dict[Target, Target]) -> None:
        """Let "secondary to EBV and lymphoma" link both."""
        for cause in sorted(causes, key=lambda t: t.start):
            for other in list(linked):
                gap = text[other.end : cause.start]
                if (
                    cause not in linked
                    and other.end <= cause.start
                    and len(gap) <= 16
                    and _LIST.fullmatch(gap)
                    and other.start > linked[other].start
                ):
                    linked[cause] = linked[other]


def _linked(text: str, sentence: tuple[int, int], head: Target, cause: Target) -> Link:
    """Return a link with what its words say of it: those between HLH and the cause, or those that call it a cause."""
    ahead = cause.end <= head.start
    words = text[cause.end : head.start] if ahead else text[max(head.end, sentence[0]) : cause.start]
    behind = _IS_CAUSE.match(text, cause.end)
    words += f" {behind.group()}" if behind else ""
    doubtful = _DOUBT.search(words) or _DOUBT_BEHIND.match(text, cause.end)
    return Link(head, doubtful is not None, _DENIED.search(words) is not None)


def _specific(text: str, linked: dict[Target, Target]) -> dict[Target, Target]:
    """Return the links without a mere "infection" or "drug" where the same HLH has a cause by name."""
    named = {id(head) for cause, head in linked.items() if not _GENERIC.fullmatch(text, cause.start, cause.end)}
    return {c: h for c, h in linked.items() if id(h) not in named or not _GENERIC.fullmatch(text, c.start, c.end)}


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
