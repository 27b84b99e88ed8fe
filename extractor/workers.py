"""Notes to mentions, in this process or in several; results come in the order of the notes."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from extractor.errors import NoteCriteriaError
from extractor.extract import Extractor
from extractor.records import NoteResult, pack
from extractor.schema import Note

Chunk = Sequence[Note]
NOTES: Final = 32
CHARACTERS: Final = 400_000
"""A chunk ends at so many notes or characters."""
IN_FLIGHT: Final = 3
"""Chunks that wait or run per worker; more would only fill the memory."""
DIED: Final = "the process that worked on it died, perhaps out of memory; split the note or give the machine more"


def extract_notes(notes: Iterable[Note], rules: Path | None, workers: int, *, redact: bool) -> Iterator[NoteResult]:
    """Yield what each note gave, in order.

    Args:
        notes: the notes, read as they are needed.
        rules: a site's own rules.
        workers: processes; 1 works in this one.
        redact: keep no words of the notes.

    Raises:
        NoteCriteriaError: processes cannot be started.
    """
    if workers == 1:
        for note in notes:
            yield work(note, rules, redact)
        return
    with _Pool(workers, rules, redact) as pool:
        yield from pool.run(chunked(notes))


def chunked(notes: Iterable[Note]) -> Iterator[Chunk]:
    """Yield notes in chunks of at most so many notes, and characters unless one note has more."""
    chunk: list[Note] = []
    size = 0
    for note in notes:
        # Further columns are of no use to a worker, and sending them takes time.
        chunk.append(Note(note.patient_id, note.note_id, note.text, note.note_date, note.note_type))
        size += len(note.text)
        if len(chunk) >= NOTES or size >= CHARACTERS:
            yield chunk
            chunk, size = [], 0
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
    return work_with(_extractor(rules), note, redact)


def work_with(extractor: Extractor, note: Note, redact: bool) -> NoteResult:
    """Return what one note gave to an extractor of the caller's; see ``work``."""
    try:
        return pack(note, extractor.signals(note), redact=redact)
    except Exception as error:  # the message may hold words of the note, its type does not
        fault = f"could not be worked on ({type(error).__name__}); please report this"
        return NoteResult(note.patient_id, note.note_id, note.note_date, None, fault)


def _work_chunk(chunk: Chunk, rules: Path | None, redact: bool) -> list[NoteResult]:
    return [work(note, rules, redact) for note in chunk]


def _start(rules: Path | None) -> None:
    """Make a worker ready; Ctrl-C is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _extractor(rules)


class _Pool:
    """Worker processes with a bounded number of chunks in flight."""

    def __init__(self, workers: int, rules: Path | None, redact: bool) -> None:
        self._workers, self._rules, self._redact = workers, rules, redact
        self._pool = self._new(workers)

    def __enter__(self) -> _Pool:
        try:
            self._pool.submit(_work_chunk, [], self._rules, self._redact).result()
        except BrokenProcessPool:
            self.__exit__()
            raise NoteCriteriaError("worker processes cannot be started here; use --workers 1") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _new(self, workers: int) -> ProcessPoolExecutor:
        # "spawn" everywhere: a forked process would inherit locks of threads that no longer exist
        return ProcessPoolExecutor(workers, get_context("spawn"), _start, (self._rules,))

    def run(self, chunks: Iterable[Chunk]) -> Iterator[NoteResult]:
        waiting: deque[tuple[Chunk, ProcessPoolExecutor, Future[list[NoteResult]]]] = deque()
        for chunk in chunks:
            future = self._submit(chunk)
            waiting.append((chunk, self._pool, future))
            if len(waiting) >= self._workers * IN_FLIGHT:
                yield from self._results(*waiting.popleft())
        while waiting:
            yield from self._results(*waiting.popleft())

    def _submit(self, chunk: Chunk) -> Future[list[NoteResult]]:
        try:
            return self._pool.submit(_work_chunk, chunk, self._rules, self._redact)
        except BrokenProcessPool:
            self._restart()
            return self._pool.submit(_work_chunk, chunk, self._rules, self._redact)

    def _restart(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._new(self._workers)

    def _results(
        self, chunk: Chunk, pool: ProcessPoolExecutor, future: Future[list[NoteResult]]
    ) -> Iterator[NoteResult]:
        """Yield a chunk's results; where a worker died, its notes are tried again one by one."""
        try:
            yield from future.result()
        except (BrokenProcessPool, CancelledError):
            if pool is self._pool:
                self._restart()
            yield from self._one_by_one(chunk)

    def _one_by_one(self, chunk: Chunk) -> Iterator[NoteResult]:
        single = self._new(1)
        try:
            for note in chunk:
                try:
                    yield from single.submit(_work_chunk, [note], self._rules, self._redact).result()
                except BrokenProcessPool:
                    single.shutdown(wait=False)
                    single = self._new(1)
                    yield NoteResult(note.patient_id, note.note_id, note.note_date, None, DIED)
        finally:
            single.shutdown(wait=False, cancel_futures=True)
