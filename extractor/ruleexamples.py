"""The examples beside the rules: each must hold, run by the same code that reads notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from extractor.cleantext import clean
from extractor.extract import Extractor
from extractor.matching import find_targets
from extractor.rulebook import Rulebook
from extractor.ruleshapes import CourseRule, Cue, ResultRule, SectionRule
from extractor.schema import ATTRIBUTES, Mention

Fault = tuple[str, str]
"""A rule's id and what is wrong with one of its examples."""
_MARK = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)


class Example(NamedTuple):
    """An example without its marks, and the marked spans."""

    text: str
    spans: list[tuple[int, int]]


def unmark(example: str) -> Example:
    """Return an example's clean text and its spans marked ``[[like this]]``."""
    example = clean(example).text
    text, spans, at = "", [], 0
    for mark in _MARK.finditer(example):
        text += example[at : mark.start()]
        spans.append((len(text), len(text) + len(mark[1])))
        text += mark[1]
        at = mark.end()
    return Example(text + example[at:], spans)


def vocabulary_faults(book: Rulebook) -> Iterator[Fault]:
    """Yield examples of entries and look-alikes that do not give exactly their marked mentions of the file's label.

    Args:
        book: the rules; each label is run by itself.
    """
    for label in dict.fromkeys(term.label for term in book.terms):
        terms = tuple(t for t in book.terms if t.label == label)
        look_alikes = tuple(x for x in book.look_alikes if x.label == label)
        own = Rulebook(terms, look_alikes, (), (), false_friends=book.false_friends)
        for entry in (t.entry for t in terms):
            for example in entry.match:
                yield from _spans_fault(own, entry.id, example, must_match=True)
            for example in entry.no_match:
                yield from _spans_fault(own, entry.id, example)
        for refusal in (x.refusal for x in look_alikes):
            for example in (*refusal.match, *refusal.no_match):
                yield from _spans_fault(own, refusal.id, example)


def _spans_fault(book: Rulebook, rule: str, example: str, *, must_match: bool = False) -> Iterator[Fault]:
    text, spans = unmark(example)
    targets = find_targets(text, book, [(0, len(text))])
    found = [(t.start, t.end) for t in targets]
    rules = {t.term.entry.id for t in targets}
    if must_match and not spans:
        yield rule, f"the example {example!r} in match marks no mention; put [[ ]] around it"
    elif found != spans:
        yield rule, f"the example {example!r} gives {[text[s:e] for s, e in found] or 'no mention'}"
    elif must_match and rule not in rules:
        yield rule, f"the example {example!r} is matched by {', '.join(sorted(rules))} alone; remove one of the rules"


def context_faults(extractor: Extractor) -> Iterator[Fault]:
    """Yield examples of cues, sections, results and courses that do not do to their marked mentions what they should.

    Args:
        extractor: the rules at work.
    """
    book = extractor.book
    held: list[tuple[tuple[Any, ...], Callable[[Any, Mention, bool], bool]]] = [
        (book.cues, cue_holds),
        (book.sections, section_holds),
        (book.results, result_holds),
        (book.courses, course_holds),
    ]
    for rules, holds in held:
        for rule in rules:
            for example, wanted in [*((e, True) for e in rule.match), *((e, False) for e in rule.no_match)]:
                yield from _example_fault(extractor, rule, example, wanted, holds)


def general_faults(extractor: Extractor) -> Iterator[Fault]:
    """Yield examples of general knowledge whose marked spans are wrongly, or wrongly not, mentions.

    A rule that makes a sentence general must take the marked spans away; one that turns it to the patient must keep them.

    Args:
        extractor: the rules at work.
    """
    for rule in extractor.book.general:
        keeps = rule.kind in ("strong", "weak", "case")
        for example, wanted in [*((e, True) for e in rule.match), *((e, False) for e in rule.no_match)]:
            text, spans = unmark(example)
            found = [(m.start, m.end) for m in extractor.mentions(text)]
            for start, end in spans:
                if any(s < end and start < e for s, e in found) != (keeps == wanted):
                    kind = "match" if wanted else "no_match"
                    yield rule.id, f"the example {example!r} in {kind} does not hold for {text[start:end]!r}"


def date_faults(book: Rulebook) -> Iterator[Fault]:
    """Yield examples of words around dates and for persons that a rule wrongly finds, or wrongly not, beside or within the marked span.

    Args:
        book: the rules.
    """
    for rule in (*book.dates, *book.persons):
        words = re.compile("|".join(f"(?:{p})" for p in rule.patterns), re.IGNORECASE)
        for example, wanted in [*((e, True) for e in rule.match), *((e, False) for e in rule.no_match)]:
            text, spans = unmark(example)
            for start, end in spans:
                if rule.kind.endswith("_before"):
                    found = words.search(text, 0, start)
                elif rule.kind.endswith("_behind"):
                    found = words.match(text, end)
                else:
                    found = words.search(text, start, end)
                if (found is not None) != wanted:
                    kind = "match" if wanted else "no_match"
                    yield rule.id, f"the example {example!r} in {kind} does not hold for {text[start:end]!r}"


def cause_faults(extractor: Extractor) -> Iterator[Fault]:
    """Yield examples of causes whose marked spans are wrongly, or wrongly not, told as causes of HLH.

    A rule of doubt must leave the link open, one of denial must deny it; the others must make the link.

    Args:
        extractor: the rules at work.
    """
    for rule in extractor.book.causes:
        for example, wanted in [*((e, True) for e in rule.match), *((e, False) for e in rule.no_match)]:
            text, spans = unmark(example)
            causes = [m for m in extractor.mentions(text) if m.label == "HLH_CAUSE"]
            for start, end in spans:
                linked = [m for m in causes if m.start < end and start < m.end]
                if rule.role in ("doubt", "doubt_behind"):
                    linked = [m for m in linked if m.uncertain]
                elif rule.role in ("denied", "denied_before", "denied_behind"):
                    linked = [m for m in linked if m.negated]
                if bool(linked) != wanted:
                    kind = "match" if wanted else "no_match"
                    yield rule.id, f"the example {example!r} in {kind} does not hold for {text[start:end]!r}"


def _example_fault(
    extractor: Extractor, rule: Any, example: str, wanted: bool, holds: Callable[[Any, Mention, bool], bool]
) -> Iterator[Fault]:
    text, spans = unmark(example)
    mentions = extractor.mentions(text)
    kind = "match" if wanted else "no_match"
    for start, end in spans:
        marked = [m for m in mentions if m.start < end and start < m.end]
        if not marked:
            yield rule.id, f"the example {example!r} in {kind} marks {text[start:end]!r}, which is no mention"
        elif not all(holds(rule, m, wanted) for m in marked):
            yield rule.id, f"the example {example!r} in {kind} does not hold"


def cue_holds(cue: Cue, m: Mention, wanted: bool) -> bool:
    """Return whether a cue does to a mention what its example says.

    A cue of an attribute sets it. A termination leaves its mention free of attributes, a pseudo cue keeps its attribute
    away, and a cue of the present keeps history away, a pseudo cue of the present not.

    Args:
        cue: the cue.
        m: the mention marked in the example.
        wanted: whether the example stands in ``match``.
    """
    if cue.role == "pseudo" and cue.category == "current":
        return m.historical == wanted
    if cue.role == "pseudo":
        return bool(getattr(m, cue.category, False)) != wanted
    if cue.role == "termination":
        return any(getattr(m, a) for a in ATTRIBUTES) != wanted
    if cue.category in ATTRIBUTES:
        return (cue.id in m.cues and bool(getattr(m, cue.category))) if wanted else cue.id not in m.cues
    return not (wanted and m.historical)


def section_holds(section: SectionRule, m: Mention, wanted: bool) -> bool:
    """Return whether a section gives its attributes to a mention, or without any is found at all."""
    if section.attributes:
        return all(getattr(m, a) == wanted for a in section.attributes)
    return (m.section == section.id) == wanted


def result_holds(result: ResultRule, m: Mention, wanted: bool) -> bool:
    """Return whether a result reaches a mention."""
    return (result.id in m.cues) == wanted


def course_holds(course: CourseRule, m: Mention, wanted: bool) -> bool:
    """Return whether words of a disease's course reach a mention's details."""
    return all(m.details.get(k) == v for k, v in course.details.items()) == wanted
