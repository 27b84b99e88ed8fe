"""The rulebook: every rule file read, laid over by a site's own files, and compiled."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from extractor.causeshapes import CauseFile, CauseRule, cause_parts, part_name
from extractor.errors import RuleError, UsageError
from extractor.learnedshapes import LearnedFile, SpanFile
from extractor.rulefiles import LEARNED, RULE_FILES, SPANS, line_of, load, load_spans, load_weights
from extractor.ruleparts import PartError, labels_named, names_taken_in, taken_in, unused
from extractor.ruleshapes import Connector, CourseRule, Cue, DateRule, GeneralRule, PersonRule, ResultRule, SectionRule
from extractor.shipped import shipped_rules
from extractor.terms import alternation, parts_of, whole_words
from extractor.vocabularyshapes import OF_PATTERNS, Entry, Refusal, Vocabulary

Rule = TypeVar("Rule", Entry, Refusal)

SHIPPED_RULES = shipped_rules(Path(__file__).resolve().parent)


@dataclass(frozen=True, eq=False)
class Term:
    """A vocabulary entry made ready for matching."""

    label: str
    entry: Entry

    @cached_property
    def pattern(self) -> str:
        """The entry as one regular expression."""
        return alternation(self.entry.terms, self.entry.cased, self.entry.patterns)

    @cached_property
    def parts(self) -> list[str]:
        """The expressions of which it is made, each of whole words, in the order in which they are tried."""
        return [whole_words([p]) for p in parts_of(self.entry.terms, self.entry.cased, self.entry.patterns)]

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile(self.pattern, re.IGNORECASE)

    @cached_property
    def near(self) -> re.Pattern[str] | None:
        """What must stand in the same sentence, if anything."""
        return _any_of(self.entry.near)

    @cached_property
    def lead(self) -> re.Pattern[str] | None:
        """With what a match may begin that is no part of the mention, if anything."""
        return re.compile("|".join(self.entry.lead), re.IGNORECASE) if self.entry.lead else None

    @cached_property
    def not_near(self) -> re.Pattern[str] | None:
        """What must not stand in the same sentence, if anything."""
        return _any_of(self.entry.not_near)


@dataclass(frozen=True, eq=False)
class LookAlike:
    """A refusal made ready for matching."""

    label: str
    refusal: Refusal

    @cached_property
    def pattern(self) -> str:
        """The refusal as one regular expression."""
        return alternation(self.refusal.terms, self.refusal.cased, self.refusal.patterns)

    @cached_property
    def parts(self) -> list[str]:
        """The expressions of which it is made, each of whole words, in the order in which they are tried."""
        return [whole_words([p]) for p in parts_of(self.refusal.terms, self.refusal.cased, self.refusal.patterns)]

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile(self.pattern, re.IGNORECASE)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile(alternation((), (), patterns), re.IGNORECASE) if patterns else None


@dataclass(frozen=True, eq=False)
class Rulebook:
    """All rules of one run.

    Args:
        terms: vocabulary entries, in the order of their files.
        look_alikes: refusals.
        cues: context cues.
        sections: section rules.
        general: what tells general knowledge from statements about the patient.
        causes: how notes say what HLH is due to.
        dates: words around dates.
        persons: words for persons.
        false_friends: words that are no misspelled names.
        learned: weights of the second reading of attributes; ``None`` for none.
        spans: weights of the second reading of where mentions are; ``None`` for none.
        site_ids: ids of a site's own cues, results and sections.
        site_terms: ids of a site's own vocabulary entries.
        files: the files read, each with its bytes' digest, for ``run.json``.
        trial_dirs: folders in which trials are looked up, a site's own first.
    """

    terms: tuple[Term, ...]
    look_alikes: tuple[LookAlike, ...]
    cues: tuple[Cue, ...]
    sections: tuple[SectionRule, ...]
    results: tuple[ResultRule, ...] = ()
    connectors: tuple[Connector, ...] = ()
    courses: tuple[CourseRule, ...] = ()
    general: tuple[GeneralRule, ...] = ()
    causes: tuple[CauseRule, ...] = ()
    dates: tuple[DateRule, ...] = ()
    persons: tuple[PersonRule, ...] = ()
    false_friends: tuple[str, ...] = ()
    learned: LearnedFile | None = None
    spans: SpanFile | None = None
    site_ids: frozenset[str] = frozenset()
    site_terms: frozenset[str] = frozenset()
    files: dict[str, str] = field(default_factory=dict)
    trial_dirs: tuple[Path, ...] = ()

    @cached_property
    def _ranks(self) -> dict[int, int]:
        return {id(term): i for i, term in enumerate(self.terms)}

    def rank(self, term: Term) -> int:
        """Return a term's place in the files; a term that is not of the rulebook comes first."""
        return self._ranks.get(id(term), -1)

    @cached_property
    def digest(self) -> str:
        """A digest over all rule files: equal digests mean equal rules."""
        whole = hashlib.sha256()
        for name in sorted(self.files):
            whole.update(f"{name}:{self.files[name]}\n".encode())
        return whole.hexdigest()[:16]


def _paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("vocabulary/*.yaml")) + [path for name in RULE_FILES if (path := folder / name).is_file()]


@lru_cache(maxsize=8)
def load_rulebook(site: Path | None = None, shipped: Path = SHIPPED_RULES) -> Rulebook:
    """Return the shipped rules with a site's own files laid over them.

    A site's entry with the id of a shipped one takes its place; every other one is added.

    Args:
        site: folder with ``vocabulary/*.yaml``, ``context.yaml``, ``sections.yaml``, ``trials/``.
        shipped: the folder of shipped rules.

    Raises:
        UsageError: no such folder, or nothing in it.
        RuleError: a fault in a file.
    """
    terms: dict[str, Term] = {}
    refusals: dict[str, LookAlike] = {}
    rules: dict[str, dict[str, Any]] = {
        kind: {}
        for kind in ("cues", "sections", "results", "connectors", "courses", "general", "causes", "dates", "persons")
    }
    false_friends: set[str] = set()
    files: dict[str, str] = {}
    learned: LearnedFile | None = None
    spans: SpanFile | None = None
    site_ids: set[str] = set()
    site_terms: set[str] = set()
    folders = [shipped]
    if site is not None:
        if not site.is_dir():
            raise UsageError(f"--rules {site}: is no folder; name a folder with vocabulary/*.yaml or context.yaml")
        folders.append(site)
    for depth, folder in enumerate(folders):
        seen: set[str] = set()
        paths = _paths(folder)
        if (
            not paths
            and not (folder / "trials").is_dir()
            and not any((folder / name).is_file() for name in (LEARNED, SPANS))
        ):
            raise UsageError(f"--rules {folder}: holds no rule files; put vocabulary/*.yaml or context.yaml there")
        for path in paths:
            name = f"{depth}/{path.relative_to(folder)}"
            files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            shape = RULE_FILES.get(path.name)
            if shape is not None:
                content = load(path, shape)
                for kind in rules.keys() & shape.model_fields.keys():
                    items = getattr(content, kind)
                    _lay(rules[kind], {rule.id: rule for rule in items}, items, seen, path)
                    if depth:
                        site_ids.update(rule.id if kind != "sections" else f"section:{rule.id}" for rule in items)
            else:
                book = load(path, Vocabulary)
                entries = {e.id: Term(book.label, e) for e in book.entries}
                _lay(terms, entries, book.entries, seen, path)
                site_terms.update(entries if depth else ())
                look_alikes = {r.id: LookAlike(book.label, r) for r in book.refuse}
                _lay(refusals, look_alikes, book.refuse, seen, path)
                false_friends.update(word.lower() for word in book.false_friends)
        if (path := folder / LEARNED).is_file():
            files[f"{depth}/{LEARNED}"] = hashlib.sha256(path.read_bytes()).hexdigest()
            learned = load_weights(path)
        if (path := folder / SPANS).is_file():
            files[f"{depth}/{SPANS}"] = hashlib.sha256(path.read_bytes()).hexdigest()
            spans = load_spans(path)
        for path in sorted((folder / "trials").glob("*.yaml")):
            files[f"{depth}/trials/{path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    _check_parts(rules["causes"], folders[-1] / "causes.yaml")
    names = _names_in(terms.values(), refusals.values())
    return Rulebook(
        terms=tuple(Term(term.label, _with_names(term.entry, names)) for term in terms.values()),
        look_alikes=tuple(LookAlike(each.label, _with_names(each.refusal, names)) for each in refusals.values()),
        **{kind: tuple(laid.values()) for kind, laid in rules.items()},
        false_friends=tuple(sorted(false_friends)),
        learned=learned,
        spans=spans,
        site_ids=frozenset(site_ids),
        site_terms=frozenset(site_terms),
        files=files,
        trial_dirs=tuple(folder / "trials" for folder in reversed(folders)),
    )


def _names_in(terms: Iterable[Term], refusals: Iterable[LookAlike]) -> dict[str, str]:
    """Return the expression of the plain names of each label that a pattern asks for."""
    rules: list[Entry | Refusal] = [*(t.entry for t in terms), *(r.refusal for r in refusals)]
    asked = {label for rule in rules for p in _patterns(rule) for label in labels_named(p)}
    return {label: _plain_names(t.entry for t in terms if t.label == label) for label in asked}


def _patterns(rule: Entry | Refusal) -> Iterator[str]:
    return (p for key in OF_PATTERNS for p in getattr(rule, key, ()))


def _plain_names(entries: Iterable[Entry]) -> str:
    """Return an expression of the names that need no company."""
    return "|".join(p for e in entries if not (e.near or e.near_labels) for p in parts_of(e.terms, e.cased))


def _with_names(rule: Rule, names: dict[str, str]) -> Rule:
    """Return a rule with the names of whole labels taken into the patterns that ask for them."""
    if not any(labels_named(p) for p in _patterns(rule)):
        return rule
    keys = [key for key in OF_PATTERNS if hasattr(rule, key)]
    return rule.model_copy(update={key: tuple(names_taken_in(p, names) for p in getattr(rule, key)) for key in keys})


def _lay(target: dict, new: dict, items: tuple, seen: set[str], path: Path) -> None:  # type: ignore[type-arg]
    """Lay a file's rules over those read so far; an id may stand only once in a folder."""
    for item in items:
        if item.id in seen:
            raise RuleError(path, None, f"the id {item.id} stands twice; give each rule an id of its own")
        seen.add(item.id)
    target.update(new)


def _check_parts(causes: dict[str, CauseRule], path: Path) -> None:
    """Tell faults of the causes' parts here and not at the first note.

    Args:
        causes: all rules of causes by id, a site's own laid over the shipped ones.
        path: the file read last; the one before it is sound.
    """
    parts = cause_parts(causes.values())
    own = [rule.id for rule in load(path, CauseFile).causes] if path.is_file() else []
    idle = unused(parts, (rule.pattern for rule in causes.values() if rule.role != "part"))
    for name in sorted(own, key=lambda each: causes[each].role != "part"):  # a fault of a part is told where it stands
        part = part_name(causes[name]) if causes[name].role == "part" else None
        message = "no pattern takes this part in; remove it" if part in idle else ""
        try:
            taken_in(causes[name].pattern, parts, (part,) if part else ())
        except PartError as error:
            message = str(error)
        if message:
            where = ("causes", own.index(name), "pattern")
            raise RuleError(path, line_of(path, where), f"causes.{where[1]}.pattern ({name}): {message}")
