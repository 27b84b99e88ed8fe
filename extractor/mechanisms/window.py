"""Windows before the reference date: does what a mention speaks of lie inside, outside, or is that unclear?"""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Literal

from extractor.mechanisms.base import Chart, full_date, interval
from extractor.schema import Mention
from extractor.trial import Window

Place = Literal["inside", "outside", "unclear"]


def months_before(date: dt.date, months: int) -> dt.date:
    """Return the day some months before a date; a day that the month does not have becomes its last one."""
    number = date.year * 12 + date.month - 1 - months
    year, month = divmod(number, 12)
    return dt.date(year, month + 1, min(date.day, calendar.monthrange(year, month + 1)[1]))


def window_start(rule: Window, reference: dt.date) -> dt.date | None:
    """Return the first day of a rule's window, ``None`` where it asks for no window.

    Args:
        rule: the rule.
        reference: the reference date, which is the window's last day.
    """
    if rule.within_months is not None:
        return months_before(reference, rule.within_months)
    if rule.within_weeks is not None:
        return reference - dt.timedelta(weeks=rule.within_weeks)
    return None if rule.within_days is None else reference - dt.timedelta(days=rule.within_days)


def place(chart: Chart, mention: Mention, rule: Window) -> Place:
    """Return where a mention lies; what is in the past without a date may lie anywhere before its note.

    Args:
        chart: the patient's chart.
        mention: the mention.
        rule: the rule with the window.
    """
    if not rule.limited:
        return "inside"
    start = None if chart.reference is None else window_start(rule, chart.reference)
    if chart.reference is None or start is None:
        return "unclear"
    low, high = _days(chart, mention)
    if low is not None and low > chart.reference:
        return "outside"
    high = chart.reference if high is None else min(high, chart.reference)
    if high < start:
        return "outside"
    return "inside" if low is not None and low >= start else "unclear"


def _days(chart: Chart, mention: Mention) -> tuple[dt.date | None, dt.date | None]:
    """Return the first and the last day that a mention may speak of; ``None`` where there is no such limit."""
    noted = full_date(chart.noted(mention))
    own = interval(mention.date)
    if own is not None and (noted is None or own[0] <= noted):
        return own[0], own[1] if noted is None else min(own[1], noted)
    return (None if mention.historical else noted), noted
