"""``notecriteria rules check``: every rule and trial file validated, every example run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from extractor.errors import RuleError, UsageError
from extractor.extract import Extractor
from extractor.rulebook import SHIPPED_RULES, Rulebook, load_rulebook
from extractor.ruleexamples import cause_faults, context_faults, date_faults, general_faults, vocabulary_faults
from extractor.rulelines import Place, file_faults, places_of, rule_files


@dataclass(slots=True)
class Report:
    """What the check found.

    Args:
        faults: each with file, line and remedy.
        counts: how many rules there are of each kind.
    """

    faults: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def check_rules(site: Path | None = None, *, shipped: Path = SHIPPED_RULES) -> Report:
    """Return every fault of all rule and trial files, and counts.

    Examples are run once all files are sound. A site's rules are checked as they work, laid over the shipped ones.

    Args:
        site: a site's own rules.
        shipped: the folder of shipped rules.

    Raises:
        UsageError: no such folder.
    """
    if site is not None and not site.is_dir():
        raise UsageError(f"--rules {site}: is no folder; name a folder with vocabulary/*.yaml or context.yaml")
    report = Report()
    places: dict[str, Place] = {}
    for folder in filter(None, (shipped, site)):
        report.faults += [str(fault) for fault in _folder_faults(folder, places)]
    if report.faults:
        return report
    try:
        book = load_rulebook(site, shipped)
        extractor = Extractor(site, learned=False)  # an example shows what a rule does
    except RuleError as error:
        report.faults.append(str(error))
        return report
    found = [
        vocabulary_faults(book),
        context_faults(extractor),
        general_faults(extractor),
        cause_faults(extractor),
        date_faults(book),
    ]
    for rule, message in chain.from_iterable(found):
        path, line = places[rule]
        report.faults.append(str(RuleError(path, line, f"{rule}: {message}")))
    report.counts = _counts(book)
    return report


def _folder_faults(folder: Path, places: dict[str, Place]) -> Iterator[RuleError]:
    """Yield the faults of a folder's files, and put where each rule stands into ``places``."""
    own: dict[str, Place] = {}
    for path in rule_files(folder):
        faults = list(file_faults(folder, path))
        yield from faults
        if faults:
            continue
        for rule, place in places_of(path):
            if rule in own:
                first, line = own[rule]
                message = f"the id {rule} stands twice, first in {first.name}:{line}; give each rule an id of its own"
                yield RuleError(*place, message)
            own.setdefault(rule, place)
    places.update(own)


def _counts(book: Rulebook) -> dict[str, int]:
    entries = [t.entry for t in book.terms]
    kinds: Mapping[str, tuple[Any, ...]] = {
        "vocabulary entries": tuple(entries),
        "look-alikes": tuple(x.refusal for x in book.look_alikes),
        "context cues": book.cues,
        "sections": book.sections,
        "results": book.results,
        "courses": book.courses,
        "general knowledge": book.general,
        "causes": book.causes,
        "words around dates": book.dates,
        "words for persons": book.persons,
    }
    rules = [rule for kind in kinds.values() for rule in kind]
    return {
        **{name: len(kind) for name, kind in kinds.items()},
        "terms and patterns": sum(
            len(getattr(r, "terms", ())) + len(getattr(r, "cased", ())) + len(r.patterns) for r in rules
        ),
        "examples": sum(len(r.match) + len(r.no_match) for r in rules),
        "trials": len({p.stem for folder in book.trial_dirs for p in folder.glob("*.yaml")}),
        "rules with source unverified": sum(r.source == "unverified" for r in rules),
    }
