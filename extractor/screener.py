"""Notes of a patient in, answers out: the public ``Screener``."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from extractor.dates import parse_date
from extractor.errors import UsageError
from extractor.extract import Extractor
from extractor.markup import Plain, plain_of
from extractor.resolver import published, resolve
from extractor.schema import Answer, Mention, Note
from extractor.shift import date_moved_back, mentions_moved_back
from extractor.trial import Trial, load_trial

_SPACE = re.compile(r"\W+")
MIN_COPIED = 25
"""Letters and digits a sentence must have to be known again as copied forward."""


def in_order(notes: Iterable[Note]) -> list[Note]:
    """Return notes by (date, note id), undated ones first."""
    return sorted(notes, key=lambda n: (n.note_date or "", n.note_id))


def reference_date(note_dates: Iterable[str | None], as_of: str | dt.date | None) -> dt.date | None:
    """Return the reference date: the one given, else that of the latest note, else none; never today."""
    if as_of is not None:
        date = as_of if isinstance(as_of, dt.date) else parse_date(as_of)
        if date is None:
            raise UsageError(f"--as-of {as_of}: give a date as YYYY-MM-DD")
        return date
    dates = [d for date in note_dates if (d := parse_date(date)) is not None]
    return max(dates, default=None)


class Screener:
    """Answers a trial's questions from a patient's notes.

    Args:
        trial: id or file of the trial.
        rules: folder of a site's own rules.
        as_of: reference date; default is the date of the patient's latest note.

    Example:
        >>> answers = Screener("NCT07208058").answers([Note("p", "n", "Never received CAR-T.")])
        >>> {a.question: a.status for a in answers}["car_t_exposure"]
        'not_met'
    """

    def __init__(
        self, trial: str | Path = "NCT07208058", rules: Path | str | None = None, as_of: str | dt.date | None = None
    ) -> None:
        self.extractor = Extractor(rules)
        self.trial: Trial = load_trial(trial, self.extractor.book.trial_dirs)
        self.as_of = as_of

    def answers(self, notes: Iterable[Note]) -> list[Answer]:
        """Return the answers for one patient.

        Args:
            notes: all notes of the patient, in any order.

        Raises:
            UsageError: notes of more than one patient.
        """
        return self.screen(notes)[1]

    def screen(self, notes: Iterable[Note]) -> tuple[list[Mention], list[Answer]]:
        """Return the mentions and the answers for one patient; statements of the resolver's own that are cited are among the mentions."""
        ordered = in_order(notes)
        patients = {n.patient_id for n in ordered}
        if len(patients) > 1:
            raise UsageError("notes of more than one patient were given; give one patient's notes at a time")
        found: list[Mention] = []
        keys = []
        dates = [date_moved_back(note) for note in ordered]
        for note, date in zip(ordered, dates, strict=True):
            mentions = list(self.extractor.signals(note))
            keys.append((date, sentence_keys(note, mentions)))
            found += mentions_moved_back(note, mentions)
        answers = self.resolve(next(iter(patients), ""), found, dates, first_seen(keys))
        return published(found, answers), answers

    def resolve(
        self,
        patient_id: str,
        mentions: Sequence[Mention],
        note_dates: Sequence[str | None],
        copied: dict[str, str | None] | None = None,
    ) -> list[Answer]:
        """Return the answers from mentions that were found before, in the order of the notes."""
        return resolve(patient_id, self.trial, mentions, reference_date(note_dates, self.as_of), copied)


def sentence_keys(note: Note, mentions: Sequence[Mention]) -> dict[str, str]:
    """Return for each mention a key of its sentence, by which the sentence is known again in later notes.

    Args:
        note: the note.
        mentions: its mentions; those in short sentences get no key.
    """
    plain = plain_of(note.text) if mentions else None
    return {m.mention_id: key for m in mentions if (key := sentence_key(note, m, plain)) is not None}


def sentence_key(note: Note, mention: Mention, plain: Plain | None) -> str | None:
    """Return a key of a mention's sentence, by which the sentence is known again in later notes; short ones have none.

    Args:
        note: the note.
        mention: the mention.
        plain: the words of a note that is HTML or RTF.
    """
    place = mention.sentence_start, mention.sentence_end
    sentence = plain.between(*place) if plain is not None else note.text[slice(*place)]
    letters = _SPACE.sub("", sentence.lower())
    if len(letters) < MIN_COPIED:
        return None
    return hashlib.blake2b(letters.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def first_seen(notes: Iterable[tuple[str | None, dict[str, str]]]) -> dict[str, str | None]:
    """Return the dates on which copied-forward sentences first stood, by mention id.

    Args:
        notes: date and sentence keys of each note, in order.
    """
    seen: dict[str, str | None] = {}
    found: dict[str, str | None] = {}
    for date, keys in notes:
        fresh: dict[str, str | None] = {}
        for mention_id, key in keys.items():
            if key in seen:
                found[mention_id] = seen[key]
            else:
                fresh[key] = date
        seen.update(fresh)
    return found
