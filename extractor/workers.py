"""Work in this process or in several; results come in the order of the work, and a death costs what caused it alone."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from extractor.errors import NoteCriteriaError
from extractor.extract import Extractor
from extractor.records import NoteResult, pack
from extractor.schema import Note

NOTES: Final = 32
CHARACTERS: Final = 400_000
"""A chunk ends at so many notes (or patients) or characters,"""
ITEMS: Final = 1000
"""or at so many items that need no work."""
IN_FLIGHT: Final = 3
"""Chunks that wait or run per worker; more would only fill the memory."""
TRIES: Final = 2
"""A note must have killed so many processes that worked on nothing else: one may have died of something else."""
DIED: Final = "the process that worked on it died, perhaps out of memory; split the note or give the machine more"
NOTE_TIMEOUT: Final = 300.0
"""Seconds a note may take unless somebody says otherwise: many times what the longest notes need."""
_FIRST: Final = "Denies asthma."
"""Read before all notes: what is derived from the rules when they are first used is no note's time."""
PATIENCE: Final = 10
"""A note may take so many times its limit by the clock on the wall."""
_CAN_LIMIT: Final = hasattr(signal, "setitimer")
"""Whether the system can end a process that takes too long (Windows cannot)."""
_TIMERS: Final = (signal.ITIMER_VIRTUAL, signal.ITIMER_REAL) if _CAN_LIMIT else ()
_ALARMS: Final = (signal.SIGVTALRM, signal.SIGALRM) if _CAN_LIMIT else ()


class Done(NamedTuple):
    """Something that needs no work and keeps its place in the order."""

    value: Any


@dataclass(frozen=True)
class Settings:
    """What a process must know to work.

    Args:
        rules: a site's own rules.
        redact: keep no words of the notes.
        trial: the trial, for those who answer its questions.
        as_of: reference date.
        note_timeout: seconds a note may take; 0 for as long as it likes.
    """

    rules: Path | None = None
    redact: bool = False
    trial: str | Path = "NCT07208058"
    as_of: str | None = None
    note_timeout: float = 0.0


Function = Callable[[Sequence[Any], Settings], list[Any]]
"""What is done with the pieces of a chunk: a result for each. Other processes find it by its name."""


class Task(NamedTuple):
    """A kind of work.

    Args:
        function: does it.
        died: gives the result for a piece on which processes died, perhaps for it took too long.
        size: tells how large a piece is.
    """

    function: Function
    died: Callable[[Any, Settings, bool], Any]
    size: Callable[[Any], int]


def extraction() -> Task:
    """Return the work of finding mentions in notes."""
    return Task(_work_chunk, _died, lambda note: len(note.text))


def _died(note: Note, settings: Settings, too_long: bool) -> NoteResult:
    fault = took_too_long(settings.note_timeout) if too_long else DIED
    return NoteResult(note.patient_id, note.note_id, note.note_date, None, fault)


def took_too_long(seconds: float) -> str:
    """Return why a note is set aside that took too long.

    Args:
        seconds: the time it had.
    """
    return f"took longer than the {seconds:g} seconds of --note-timeout; split the note or give it more time"


class _TooLongError(BaseException):
    """A note takes too long here; no ``Exception``, for nothing on the way may take it for a fault of its own."""


def _set_alarm(seconds: float) -> None:
    """Have the system raise the alarm after so many seconds, 0 for never; a worker dies of it whatever it does.

    What counts is the processor's time, so that a busy machine costs no note; a note that waits instead of working is
    given ``PATIENCE`` times as long.
    """
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * PATIENCE)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Limit the time of a block, unless the limit is 0 or the system knows none."""
    if not seconds or not _CAN_LIMIT:
        yield
        return
    _set_alarm(seconds)
    try:
        yield
    finally:
        _set_alarm(0)


@contextmanager
def _alarm_raises() -> Iterator[bool]:
    """Let the alarm raise ``_TooLongError`` in this process, which must not die of it.

    Yields:
        Whether it can: only the main thread hears it, and an alarm that somebody else has set here is left alone.
    """
    if not _CAN_LIMIT or threading.current_thread() is not threading.main_thread() or any(map(_left, _TIMERS)):
        yield False
        return

    def too_long(*_: object) -> NoReturn:
        raise _TooLongError

    before = {number: signal.signal(number, too_long) for number in _ALARMS}
    try:
        yield True
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _left(timer: int) -> float:
    return signal.getitimer(timer)[0]


@lru_cache(maxsize=2)
def _extractor(rules: Path | None) -> Extractor:
    extractor = Extractor(rules)
    extractor.mentions(_FIRST)
    return extractor


def work(note: Note, rules: Path | None, redact: bool) -> NoteResult:
    """Return what one note gave; a failure becomes a reason, so that the other notes go on.

    Args:
        note: the note.
        rules: a site's own rules.
        redact: keep no words of the note.
    """
    return work_with(_extractor(rules), note, redact)


def work_with(extractor: Extractor, note: Note, redact: bool) -> NoteResult:
    """Return what one note gave to an extractor of the caller's; see ``work``."""
    try:
        return pack(note, extractor.signals(note), redact=redact)
    except Exception as error:  # the message may hold words of the note, its type does not
        fault = f"could not be worked on ({type(error).__name__}); please report this"
        return NoteResult(note.patient_id, note.note_id, note.note_date, None, fault)


def _work_chunk(chunk: Sequence[Note], settings: Settings) -> list[NoteResult]:
    _extractor(settings.rules)  # before the clock of the first note runs
    return [_work_limited(note, settings) for note in chunk]


def _work_limited(note: Note, settings: Settings) -> NoteResult:
    with _alarm(settings.note_timeout):
        return work(note, settings.rules, settings.redact)


def chunked(items: Iterable[Any], size: Callable[[Any], int]) -> Iterator[list[Any]]:
    """Yield items in chunks of at most so many pieces, and characters unless one piece has more.

    Args:
        items: pieces of work, and what needs none.
        size: tells how many characters a piece has.
    """
    chunk: list[Any] = []
    pieces = characters = 0
    for item in items:
        chunk.append(item)
        if not isinstance(item, Done):
            pieces += 1
            characters += size(item)
        if pieces >= NOTES or characters >= CHARACTERS or len(chunk) >= ITEMS:
            yield chunk
            chunk, pieces, characters = [], 0, 0
    if chunk:
        yield chunk


def _serve(pipe: Connection, settings: Settings) -> None:
    """Work on what comes through the pipe until the parent closes it or is gone; Ctrl-C is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in _ALARMS:
        signal.signal(number, signal.SIG_DFL)  # which ends the process; the parent may have left it ignored
    try:
        _extractor(settings.rules)
        pipe.send(None)
        while True:
            function, pieces = pipe.recv()
            pipe.send(function(pieces, settings))
    except BaseException:  # a traceback on the screen could hold words of a note
        os._exit(1)


@dataclass(eq=False)
class _Job:
    """Pieces for one process, and what they gave; after a death they are given out again one by one.

    Args:
        task: the kind of work.
        pieces: what is worked on.
        chunk: the pieces and what stands between them; nothing for a piece on its own.
    """

    task: Task
    pieces: list[Any]
    chunk: Sequence[Any] = ()
    deaths: int = 0
    results: list[Any] | None = None
    parts: list[_Job] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether all results are there."""
        return all(part.done for part in self.parts) if self.parts else self.results is not None

    def items(self) -> Iterator[Any]:
        """Yield the chunk with the results in place of the pieces."""
        given = chain.from_iterable(part.results or () for part in self.parts or [self])
        for item in self.chunk:
            yield item if isinstance(item, Done) else next(given)


class _Worker:
    """A process with a pipe of its own: nothing is shared, so the death of one leaves the others at work."""

    def __init__(self, context: SpawnContext, settings: Settings) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, settings), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.job: _Job | None = None

    def give(self, job: _Job) -> bool:
        """Send work and return whether the process took it."""
        try:
            self.pipe.send((job.task.function, job.pieces))
        except OSError:
            return False
        self.job = job
        return True

    def take(self) -> bool:
        """Receive results, or the first sign of life, and return whether the process still lives."""
        try:
            results = self.pipe.recv()
        except (EOFError, OSError):
            return False
        if self.job is not None:
            self.job.results = results
        self.ready, self.job = True, None
        return True

    def stop(self) -> bool:
        """End the process whatever it does, and return whether the alarm had done so before."""
        self.pipe.close()
        self.process.kill()
        self.process.join()
        too_long = -(self.process.exitcode or 0) in _ALARMS
        self.process.close()
        return too_long


class Crew:
    """Those who work: this process alone, or others with a bounded number of chunks in flight.

    Args:
        count: processes; 1 works in this one.
        settings: what they must know.
        apart: never work in this process.
    """

    def __init__(self, count: int, settings: Settings, *, apart: bool = False) -> None:
        self._count, self._settings = count, settings
        self._here = count == 1 and not apart
        # "spawn" everywhere: a forked process would inherit locks of threads that no longer exist
        self._context = get_context("spawn")
        self._workers: list[_Worker] = []
        self._todo: deque[_Job] = deque()
        self._stillborn = 0

    @property
    def started(self) -> bool:
        """Whether there are other processes by now."""
        return bool(self._workers)

    def __enter__(self) -> Crew:
        """Return the crew; processes start with the first work."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.stop()

    def run(self, task: Task, items: Iterable[Any], *, here: bool = False) -> Iterator[Any]:
        """Yield what each piece of work gave, in order.

        Args:
            task: what is to be done.
            items: pieces of work, read as they are needed, and what needs none.
            here: work in this process, for work so little that starting others would take longer.

        Raises:
            NoteCriteriaError: processes cannot be started.
        """
        jobs: deque[_Job] = deque()
        for chunk in chunked(items, task.size):
            job = _Job(task, [item for item in chunk if not isinstance(item, Done)], chunk)
            if not (self._here or here):
                self._add(job)
            elif self._done_here(job):
                yield from job.items()
                continue
            jobs.append(job)
            self._attend(wait_for=None)
            while jobs and (jobs[0].done or len(jobs) >= self._count * IN_FLIGHT):
                yield from self._result(jobs.popleft())
        while jobs:
            yield from self._result(jobs.popleft())

    def _done_here(self, job: _Job) -> bool:
        """Work in this process and return whether that went well; what takes too long goes where it can be killed."""
        try:
            with _alarm_raises() as limited:
                settings = self._settings if limited else replace(self._settings, note_timeout=0.0)
                job.results = job.task.function(job.pieces, settings)
        except _TooLongError:
            self._here = False
            self._again(job, too_long=True)
        return job.results is not None

    def _add(self, job: _Job) -> None:
        if not job.pieces:
            job.results = []
            return
        self._todo.append(job)

    def _new(self) -> _Worker:
        return _Worker(self._context, self._settings)

    def _result(self, job: _Job) -> Iterator[Any]:
        self._attend(wait_for=job)
        return job.items()

    def _attend(self, wait_for: _Job | None) -> None:
        """Give out work and take what is ready, until a job is done where one is named."""
        while True:
            self._give_out()
            patience = 0.0 if wait_for is None or wait_for.done else None
            ready = wait([worker.pipe for worker in self._workers], patience)
            if not ready:
                return
            for worker in [w for w in self._workers if w.pipe in ready]:
                if not worker.take():
                    self._bury(worker)

    def _give_out(self) -> None:
        if self._todo and not self._workers:
            self._workers = [self._new() for _ in range(self._count)]
        for worker in self._workers:
            if self._todo and worker.ready and worker.job is None and worker.give(self._todo[0]):
                self._todo.popleft()

    def _bury(self, worker: _Worker) -> None:
        """Put a new process in the place of one that died, and see what becomes of its work."""
        self._workers.remove(worker)
        too_long = worker.stop()
        self._stillborn = 0 if worker.ready else self._stillborn + 1
        if self._stillborn > self._count * TRIES:
            raise NoteCriteriaError("worker processes cannot be started here; use --workers 1")
        self._workers.append(self._new())
        if worker.job is not None:
            self._again(worker.job, too_long)

    def _again(self, job: _Job, too_long: bool) -> None:
        """Give out again, piece by piece, what a process had that died, until one of them is found to be the cause."""
        job.deaths += 1
        if job.chunk:
            job.parts = [_Job(job.task, [piece]) for piece in job.pieces]
        elif too_long or job.deaths >= TRIES:
            job.results = [job.task.died(piece, self._settings, too_long) for piece in job.pieces]
        else:
            self._todo.appendleft(job)
        self._todo.extendleft(reversed(job.parts))
