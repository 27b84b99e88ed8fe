"""Notes to mentions, in this process or in several; results come in the order of the notes."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any, Final, NamedTuple

from extractor.errors import NoteCriteriaError
from extractor.extract import Extractor
from extractor.records import NoteResult, pack
from extractor.schema import Note


class Done(NamedTuple):
    """Something that needs no work and keeps its place among the notes."""

    value: Any


Item = Note | Done
Chunk = Sequence[Item]
Function = Callable[[Sequence[Note], Path | None, bool], list[NoteResult]]
NOTES: Final = 32
CHARACTERS: Final = 400_000
"""A chunk ends at so many notes or characters,"""
ITEMS: Final = 1000
"""or at so many items that need no work."""
IN_FLIGHT: Final = 3
"""Chunks that wait or run per worker; more would only fill the memory."""
TRIES: Final = 2
"""A note must have killed so many processes that worked on nothing else: one may have died of something else."""
DIED: Final = "the process that worked on it died, perhaps out of memory; split the note or give the machine more"


def extract_notes(
    items: Iterable[Item], rules: Path | None, workers: int, *, redact: bool, apart: bool = False
) -> Iterator[NoteResult | Done]:
    """Yield what each note gave, and all else as it is, in order.

    Args:
        items: the notes, read as they are needed, and what needs no work.
        rules: a site's own rules.
        workers: processes; 1 works in this one.
        redact: keep no words of the notes.
        apart: never work in this process, so that no note can kill it.

    Raises:
        NoteCriteriaError: processes cannot be started.
    """
    if workers == 1 and not apart:
        for item in items:
            yield item if isinstance(item, Done) else work(item, rules, redact)
        return
    with _Pool(workers, rules, redact) as pool:
        yield from pool.run(chunked(items))


def chunked(items: Iterable[Item]) -> Iterator[Chunk]:
    """Yield items in chunks of at most so many notes, and characters unless one note has more."""
    chunk: list[Item] = []
    notes = size = 0
    for item in items:
        if isinstance(item, Note):
            # Further columns are of no use to a worker, and sending them takes time.
            item = Note(item.patient_id, item.note_id, item.text, item.note_date, item.note_type)
            notes += 1
            size += len(item.text)
        chunk.append(item)
        if notes >= NOTES or size >= CHARACTERS or len(chunk) >= ITEMS:
            yield chunk
            chunk, notes, size = [], 0, 0
    if chunk:
        yield chunk


@lru_cache(maxsize=2)
def _extractor(rules: Path | None) -> Extractor:
    return Extractor(rules)


def work(note: Note, rules: Path | None, redact: bool) -> NoteResult:
    """Return what one note gave; a failure becomes a reason, so that the other notes go on.

    Args:
        note: the note.
        rules: a site's own rules.
        redact: keep no words of the note.
    """
    extractor = _extractor(rules)
    try:
        return pack(note, extractor.signals(note), redact=redact)
    except Exception as error:  # the message may hold words of the note, its type does not
        fault = f"could not be worked on ({type(error).__name__}); please report this"
        return NoteResult(note.patient_id, note.note_id, note.note_date, None, fault)


def _work_chunk(chunk: Sequence[Note], rules: Path | None, redact: bool) -> list[NoteResult]:
    return [work(note, rules, redact) for note in chunk]


def _serve(pipe: Connection, function: Function, rules: Path | None, redact: bool) -> None:
    """Work on what comes through the pipe until the parent closes it or is gone; Ctrl-C is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _extractor(rules)
        pipe.send(None)
        while True:
            pipe.send(function(pipe.recv(), rules, redact))
    except BaseException:  # a traceback on the screen could hold words of a note
        os._exit(1)


@dataclass(eq=False)
class _Job:
    """Notes for one process, and what they gave; after a death they are given out again as parts of one note each."""

    notes: list[Note]
    chunk: Chunk = ()
    deaths: int = 0
    results: list[NoteResult] | None = None
    parts: list[_Job] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether all results are there."""
        return all(part.done for part in self.parts) if self.parts else self.results is not None

    def items(self) -> Iterator[NoteResult | Done]:
        """Yield the chunk with the results in place of the notes."""
        given = chain.from_iterable(part.results or () for part in self.parts or [self])
        for item in self.chunk:
            yield item if isinstance(item, Done) else next(given)


class _Worker:
    """A process with a pipe of its own: nothing is shared, so the death of one leaves the others at work."""

    def __init__(self, context: SpawnContext, rules: Path | None, redact: bool) -> None:
        self.pipe, theirs = context.Pipe()
        arguments = (theirs, _work_chunk, rules, redact)
        self.process = context.Process(target=_serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.job: _Job | None = None

    def give(self, job: _Job) -> bool:
        """Send notes and return whether the process took them."""
        try:
            self.pipe.send(job.notes)
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

    def stop(self) -> None:
        """End the process whatever it does."""
        self.pipe.close()
        self.process.kill()
        self.process.join()
        self.process.close()


class _Pool:
    """Worker processes with a bounded number of chunks in flight."""

    def __init__(self, workers: int, rules: Path | None, redact: bool) -> None:
        # "spawn" everywhere: a forked process would inherit locks of threads that no longer exist
        context = get_context("spawn")
        self._new = partial(_Worker, context, rules, redact)
        self._count = workers
        self._workers: list[_Worker] = []
        self._todo: deque[_Job] = deque()
        self._stillborn = 0

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()

    def run(self, chunks: Iterable[Chunk]) -> Iterator[NoteResult | Done]:
        """Yield what each chunk gave, in order."""
        jobs: deque[_Job] = deque()
        for chunk in chunks:
            jobs.append(_Job([item for item in chunk if isinstance(item, Note)], chunk))
            self._add(jobs[-1])
            self._attend(wait_for=None)
            while jobs and (jobs[0].done or len(jobs) >= self._count * IN_FLIGHT):
                yield from self._result(jobs.popleft())
        while jobs:
            yield from self._result(jobs.popleft())

    def _add(self, job: _Job) -> None:
        if not job.notes:
            job.results = []
            return
        self._todo.append(job)
        if not self._workers:
            self._workers = [self._new() for _ in range(self._count)]

    def _result(self, job: _Job) -> Iterator[NoteResult | Done]:
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
        for worker in self._workers:
            if self._todo and worker.ready and worker.job is None and worker.give(self._todo[0]):
                self._todo.popleft()

    def _bury(self, worker: _Worker) -> None:
        """Put a new process in the place of one that died, and see what becomes of its notes."""
        self._workers.remove(worker)
        worker.stop()
        self._stillborn = 0 if worker.ready else self._stillborn + 1
        if self._stillborn > self._count * TRIES:
            raise NoteCriteriaError("worker processes cannot be started here; use --workers 1")
        self._workers.append(self._new())
        if worker.job is not None:
            self._again(worker.job)

    def _again(self, job: _Job) -> None:
        """Work once more on the notes of a process that died: one by one, until one of them is found to be the cause."""
        job.deaths += 1
        if job.chunk:
            job.parts = [_Job([note]) for note in job.notes]
        elif job.deaths >= TRIES:
            (note,) = job.notes
            job.results = [NoteResult(note.patient_id, note.note_id, note.note_date, None, DIED)]
        else:
            self._todo.appendleft(job)
        self._todo.extendleft(reversed(job.parts))
