"""What all mechanisms share: the patient's mentions in order, and the verdict."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from extractor.dates import parse_date
from extractor.schema import Mention


@dataclass(frozen=True, slots=True)
class Verdict:
    """A question's answer before it becomes a row.

    Args:
        status: ``met``, ``possible``, ``not_met`` or ``not_documented``.
        rationale: one plain sentence.
        evidence: mentions, strongest first.
        confidence: ``direct``, ``inferred`` or ``conflicting``.
        low: ids of mentions that are known not to be what was asked for (a low dose), for the questions that build on this one.
    """

    status: str
    rationale: str
    evidence: tuple[Mention, ...] = ()
    confidence: str = "direct"
    low: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Chart:
    """A patient's mentions, in the order of the notes, with the reference date.

    Args:
        mentions: mentions by (note date, note id, start); undated notes first.
        reference: the reference date, ``None`` where no note has a date and none was given.
        order: note ids in order.
        first_seen: for mentions in copied-forward sentences the date at which the sentence first stood.
    """

    mentions: Sequence[Mention]
    reference: dt.date | None
    first_seen: Mapping[str, str | None] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def of(self, *labels: str) -> list[Mention]:
        """Return the mentions of some labels, in order."""
        return [m for m in self.mentions if m.label in labels]

    def noted(self, mention: Mention) -> str | None:
        """Return the date on which a mention was first written down."""
        return self.first_seen.get(mention.mention_id, mention.note_date)

    def dated(self, mention: Mention) -> str:
        """Return the date a mention speaks of: its own, else that of its note, ``""`` where there is none."""
        noted = self.noted(mention) or ""
        if mention.date and (not noted or mention.date <= noted):
            return mention.date
        return noted

    @cached_property
    def weight(self) -> Mention | None:
        """The latest weight of the patient in the chart."""
        weights = [
            m
            for m in self.of("WEIGHT")
            if not m.family
            and not m.negated
            and not m.hypothetical
            and m.normalized_value
            and 2 < m.normalized_value < 400
        ]
        now = [m for m in weights if not m.historical]
        usable = now or weights
        return usable[-1] if usable else None

    @cached_property
    def height(self) -> Mention | None:
        """The latest height of the patient in the chart."""
        heights = [
            m for m in self.of("HEIGHT") if not m.family and m.normalized_value and 40 < m.normalized_value < 250
        ]
        return heights[-1] if heights else None


def only_learned(mention: Mention) -> bool:
    """Return whether no rule, but the second reading alone, found a mention or that it is a cause: enough for a doubt, not for a statement."""
    return mention.details.get("found_by") is not None


def quote(mention: Mention) -> str:
    """Return a mention as a rationale names it: its words on one line, with the date of its note."""
    words = " ".join((mention.text or mention.concept).split())
    words = words if len(words) <= 60 else words[:57] + "..."
    when = mention.date or mention.note_date
    return f"“{words}”" + (f" ({when})" if when else "")


def against(mentions: Sequence[Mention], word: str = "elsewhere denied") -> str:
    """Return the part of a rationale that names a statement to the contrary, empty where there is none.

    Args:
        mentions: the statements to the contrary.
        word: what they do.
    """
    return f"; {word}: {quote(mentions[-1])}" if mentions else ""


def first(mentions: Iterable[Mention], limit: int = 5) -> tuple[Mention, ...]:
    """Return at most some mentions."""
    return tuple(list(mentions)[:limit])


def full_date(iso: str | None) -> dt.date | None:
    """Return a full date or ``None``."""
    return parse_date(iso)


def interval(iso: str | None) -> tuple[dt.date, dt.date] | None:
    """Return the first and last day that a partial date may mean."""
    if not iso:
        return None
    full = parse_date(iso)
    if full:
        return full, full
    year = int(iso[:4])
    if len(iso) == 7:
        month = int(iso[5:7])
        last = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
        return dt.date(year, month, 1), last
    return dt.date(year, 1, 1), dt.date(year, 12, 31)


def days_between(earlier: str, later: str) -> int | None:
    """Return the most days that may lie between two dates, partial ones counted from their first to their last day.

    Args:
        earlier: ISO date, partial or empty.
        later: the same.
    """
    first_span, last_span = interval(earlier), interval(later)
    if first_span is None or last_span is None:
        return None
    return (last_span[1] - first_span[0]).days


def years_before(date: dt.date, years: float) -> dt.date:
    """Return the day some whole years before a date; 29 February becomes 28 February."""
    try:
        return date.replace(year=date.year - int(years))
    except ValueError:
        return date.replace(year=date.year - int(years), day=28)
