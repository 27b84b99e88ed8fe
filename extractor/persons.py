"""Of whom a sentence tells when it says he or she: the patient, or a relative named before.

A relative's illness is told over several sentences ("Her brother had HLH at two. He was given dexamethasone"). The pronoun is
followed to the person it stands for by gender, as the nearest one of that gender before it; the patient's own gender is told by
the note. Where both are of one gender the pronoun is left to the patient, of whom notes speak. (Pronoun resolution by gender and
recency: Hobbs, Lingua 1978, doi:10.1016/0024-3841(78)90006-2.)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from extractor.ruleshapes import PersonRule
from extractor.storydates import words_by_kind

REACH = 700
"""Characters before a pronoun in which the person is looked for that it stands for."""
_NOTE = 20_000
"""Characters at a note's beginning in which the patient's gender is looked for."""
_AFTER_RELATIVE = 30
"""Characters before a notation of age and sex in which a relative would make it that relative's."""
_PRONOUN = re.compile(r"\b(?:(?P<he>he|him|his|himself)|(?P<she>she|her|hers|herself))\b", re.IGNORECASE)
_GIVEN = re.compile(r"(?P<name>[A-Z][a-z]{2,11})(?='s\b|,|\s(?:had|has|was|is|died|who|himself|herself|\()|\s?[.;)])")
_NO_NAMES = frozenset({
    "Has", "Had", "Was", "Who", "And", "With", "Died", "Alive", "Well", "Both", "Also", "The", "His", "Her", "Their",
    "Not", "None", "Healthy", "Unknown", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    "Sunday", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
})  # fmt: skip
"""Words with a capital that are no given names."""
_NAME_REACH = 160
"""Characters before a mention in which a relative's given name tells of whom it is."""
_NEARLY_ALL = 0.75
"""Share of a note's pronouns that tells the patient's gender."""


class Persons:
    """Tells of whom a note speaks.

    Args:
        rules: the rules of ``persons.yaml``.
    """

    def __init__(self, rules: Sequence[PersonRule]) -> None:
        self._words = words_by_kind(rules)

    @cached_property
    def _named(self) -> re.Pattern[str]:
        """Everyone who is named, by kind, and pronouns."""
        kinds = ("man", "woman", "other", "patient", "professional")
        named = "|".join(f"(?P<{k}>{self._words[k].pattern})" for k in kinds if k in self._words)
        return re.compile(f"{named}|{_PRONOUN.pattern}", re.IGNORECASE)

    def named_in(self, text: str, start: int, end: int) -> list[re.Match[str]]:
        """Return everyone named in a stretch of text, and pronouns; the kind is the match's ``lastgroup``.

        Args:
            text: clean text.
            start: where it begins.
            end: where it ends.
        """
        return list(self._named.finditer(text, start, end))

    def given_names(self, text: str) -> set[str]:
        """Return the given names of relatives that a note tells ("her elder son Euan died").

        Args:
            text: clean text.
        """
        told = self._relative_by_name
        return {m["name"] for m in told.finditer(text, 0, _NOTE)} - _NO_NAMES if told else set()

    @cached_property
    def _relative_by_name(self) -> re.Pattern[str] | None:
        """A relative with a given name behind."""
        relatives = [self._words[kind].pattern for kind in ("man", "woman", "other") if kind in self._words]
        if not relatives:
            return None
        return re.compile(rf"(?i:{'|'.join(relatives)}),?\s(?:called\s|named\s)?{_GIVEN.pattern}")

    def acts(self, text: str, end: int) -> bool:
        """Return whether a pronoun is followed by words of somebody who tells or acts for the patient ("she says").

        Args:
            text: clean text.
            end: where the pronoun ends.
        """
        words = self._words.get("acts_behind")
        return words is not None and words.match(text, end) is not None

    def of(self, text: str) -> PersonsOfNote:
        """Return the persons of a note.

        Args:
            text: clean text.
        """
        return PersonsOfNote(text, self)

    def patients_gender(self, text: str) -> str | None:
        """Return ``he`` or ``she`` for the patient of a note, ``None`` where it does not tell.

        Age and sex tell first; where they are missing, whose relatives are spoken of, then which pronoun nearly all are.

        Args:
            text: clean text.
        """
        for he, she in (("patient_is_a_man", "patient_is_a_woman"), ("his", "her")):
            man, woman = self._first(he, text), self._first(she, text)
            if man != woman:
                return "he" if woman is None or (man is not None and man < woman) else "she"
        said = Counter(m.lastgroup for m in _PRONOUN.finditer(text, 0, _NOTE))
        gender, times = said.most_common(1)[0] if said else (None, 0)
        return gender if times >= _NEARLY_ALL * said.total() else None

    def _first(self, kind: str, text: str) -> int | None:
        """Return where words of a kind first stand that speak of no relative."""
        words = self._words.get(kind)
        for match in words.finditer(text, 0, _NOTE) if words else ():
            before = re.split(r"[.;\n]", text[max(0, match.start() - _AFTER_RELATIVE) : match.start()])[-1]
            if kind in ("his", "her") or not any(
                self._words[k].search(before) for k in ("man", "woman", "other") if k in self._words
            ):
                return match.start()
        return None


class PersonsOfNote:
    """The persons of one note; what is asked for is worked out when it is first needed.

    Args:
        text: clean text.
        persons: the rules at work.
    """

    def __init__(self, text: str, persons: Persons) -> None:
        self._text, self._persons = text, persons

    @cached_property
    def _patient(self) -> str | None:
        return self._persons.patients_gender(self._text)

    def tells_of_another(self, sentence: tuple[int, int], start: int) -> bool:
        """Return whether the person of whom a sentence tells where a mention begins is not the patient.

        Args:
            sentence: the mention's sentence.
            start: where the mention begins.
        """
        if self._named_relative_tells(sentence, start):
            return True
        if _PRONOUN.search(self._text, sentence[0], start) is None:
            return False
        clause = max(sentence[0], self._text.rfind(";", sentence[0], start))
        named = self._persons.named_in(self._text, clause, start)
        if not named or named[-1].lastgroup not in ("he", "she"):
            return False
        pronoun = named[-1]
        if self._patient in (None, pronoun.lastgroup) or self._persons.acts(self._text, pronoun.end()):
            return False
        return self._stands_for_another(pronoun)

    @cached_property
    def _given_names(self) -> re.Pattern[str] | None:
        """The given names of relatives in the note."""
        names = self._persons.given_names(self._text)
        return re.compile(rf"\b(?:{'|'.join(sorted(names))})\b") if names else None

    def _named_relative_tells(self, sentence: tuple[int, int], start: int) -> bool:
        """Return whether the last person named in a sentence before a mention is a relative by given name."""
        if self._given_names is None:
            return False
        named = list(self._given_names.finditer(self._text, max(sentence[0], start - _NAME_REACH), start))
        if not named:
            return False
        last = named[-1]
        between = self._persons.named_in(self._text, last.end(), start)
        return not any(p.lastgroup in ("patient", "he", "she", "professional") for p in between) or (
            last.end() < len(self._text) and self._text.startswith("'s", last.end()) and not between
        )

    def _stands_for_another(self, pronoun: re.Match[str]) -> bool:
        """Return whether a pronoun that is not of the patient's gender stands for somebody named before it."""
        at = pronoun.start()
        low = max(0, at - REACH)
        low = max(low, self._text.rfind("\n\n", low, at))
        own = ("man", "other", "professional") if pronoun.lastgroup == "he" else ("woman", "other", "professional")
        named = self._persons.named_in(self._text, low, at)
        nearest = next((p.lastgroup for p in reversed(named) if p.lastgroup in own), None)
        return nearest not in (None, "professional")
