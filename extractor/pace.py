"""How fast a run goes and how long it still takes, from its last minute."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

_WINDOW: Final = 60.0
_STEP: Final = 0.5
"""Seconds looked back at, and between two looks."""


class _Sample(NamedTuple):
    at: float
    steps: int
    share: float | None


class Pace:
    """Counts steps of a run; speed is that of the last minute, since notes taken over from an earlier run fly by.

    Args:
        clock: tells the seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.count = 0
        self._share: float | None = None
        self._samples = deque([_Sample(clock(), 0, 0.0)])

    def step(self, share: float | None) -> None:
        """Count one more.

        Args:
            share: how much of all is done, from 0 to 1, where that is known.
        """
        self.count += 1
        self._share = share
        now = self._clock()
        if now - self._samples[-1].at >= _STEP:
            self._samples.append(_Sample(now, self.count, share))
            while len(self._samples) > 2 and now - self._samples[0].at > _WINDOW:
                self._samples.popleft()

    @property
    def share(self) -> float | None:
        """How much of all is done."""
        return self._share

    @property
    def rate(self) -> float:
        """Steps a second."""
        first, seconds = self._samples[0], self._clock() - self._samples[0].at
        return (self.count - first.steps) / seconds if seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that are left, ``None`` where nobody can know."""
        first, seconds = self._samples[0], self._clock() - self._samples[0].at
        if self._share is None or first.share is None or self._share <= first.share:
            return None
        return (1 - self._share) * seconds / (self._share - first.share)

    def told(self, noun: str, verb: str) -> str:
        """Return it as words: ``1,200 notes read, 85 a second, 40 %, 3 min left``."""
        parts = [f"{self.count:,} {noun} {verb}", f"{self.rate:,.0f} a second"]
        if self._share is not None:
            parts.append(f"{self._share:.0%}".replace("%", " %"))
        if self.left is not None:
            parts.append(f"{duration(self.left)} left")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Return a time as a person says it: ``40 s``, ``3 min``, ``2 h 05 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02} min"
