"""The reference pipeline: medspaCy's TargetMatcher and ConText, fed from the rulebook."""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor.cleantext import CleanText, clean
from extractor.context import ContextEngine, ContextRule, CueMatch, Edge, ends_of, shadows, within_sentences
from extractor.matching import Target, choose, sentence_of, trimmed, unmatched
from extractor.mentions import Assembler
from extractor.rulebook import Rulebook, load_rulebook
from extractor.schema import Mention, Note
from extractor.sections import SectionFinder
from extractor.sentences import find_sentences
from extractor.spans import Reading
from extractor.tokens import ClinicalTokenizer

if TYPE_CHECKING:
    from spacy import Language
    from spacy.tokens import Doc

CANDIDATES = "candidates"
MENTIONS = "mentions"
NO_TOKEN = [{"LENGTH": 0}]
"""Matches nothing; a spaCy matcher without any token pattern warns at every note (W036)."""


def _import_medspacy() -> None:
    """Import medspaCy's parts quietly: no QuickUMLS, no changed warning filters, no logging of notes."""
    if "medspacy" in sys.modules:
        return
    stub = "quickumls" not in sys.modules
    if stub:  # medspacy.util imports it at once; nothing here uses it, and it takes seconds
        module = types.ModuleType("quickumls")
        module.spacy_component = None  # type: ignore[attr-defined]
        sys.modules["quickumls"] = module
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import medspacy.context
            import medspacy.target_matcher  # noqa: F401
    finally:
        if stub:
            sys.modules.pop("quickumls", None)
    try:
        from loguru import logger

        logger.disable("PyRuSH")
        logger.disable("medspacy")
    except ImportError:  # loguru came with an older PyRuSH only
        pass


class NoteTokenizer:
    """Cleans a note and tokenizes the clean text; the way back to the note is kept in the ``Doc``."""

    def __init__(self, vocab: Any) -> None:
        self._tokenizer = ClinicalTokenizer(vocab)

    def __call__(self, text: str) -> Doc:
        """Return the ``Doc`` of a note."""
        cleaned = clean(text)
        doc = self._tokenizer(cleaned.text)
        doc.user_data["clean"] = cleaned
        return doc

    def to_bytes(self, **kwargs: object) -> bytes:
        """Return nothing to keep."""
        return b""

    def from_bytes(self, data: bytes, **kwargs: object) -> NoteTokenizer:
        """Return the tokenizer itself."""
        return self


def _cleaned(doc: Doc) -> CleanText:
    return doc.user_data.get("clean") or CleanText(doc.text, doc.text)


class SectionComponent:
    """Finds the sections of the note."""

    def __init__(self, finder: SectionFinder) -> None:
        self.finder = finder

    def __call__(self, doc: Doc) -> Doc:
        """Return the ``Doc`` with its sections."""
        doc.user_data["sections"] = self.finder.find(doc.text)
        return doc


class SentenceComponent:
    """Marks where sentences begin."""

    def __call__(self, doc: Doc) -> Doc:
        """Return the ``Doc`` with sentence starts."""
        sentences = find_sentences(doc.text, doc.user_data["sections"])
        doc.user_data["sentences"] = sentences
        starts = {start for start, _ in sentences}
        for token in doc:
            token.is_sent_start = token.idx in starts or token.i == 0
        return doc


class TargetComponent:
    """Keeps of medspaCy's matches those that stand: no look-alikes, the longest of each label, read again by learned weights."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self._assembler = Assembler(book)

    def __call__(self, doc: Doc) -> Doc:
        """Return the ``Doc`` with the span group of mentions."""
        from spacy.tokens import Span

        found = [self._exactly(doc, s) for s in doc.spans.get(CANDIDATES, ())]
        found = sorted(found + unmatched(doc.text, self.book, found), key=lambda target: target.start)
        sentences = doc.user_data["sentences"]
        targets = choose(doc.text, found, self.book, sentences, doc.user_data["sections"])
        reading = self._assembler.read(doc.text, sentences, targets, [target.start for target in found])
        doc.user_data["reading"] = reading
        spans = []
        for target in reading.targets:
            span = doc.char_span(target.start, target.end, label=target.term.label, alignment_mode="expand")
            spans.append(Span(doc, span.start, span.end, label=target.term.label))
        doc.spans[MENTIONS] = spans
        return doc

    def _exactly(self, doc: Doc, span: Any) -> Target:
        """Return a match of the TargetMatcher, which ends on tokens, with the characters that the rule matches.

        The rule is known by the span's label: medspaCy keeps one ``target_rule`` for all rules that match the same span.
        """
        term = self.book.terms[int(span.label_.partition("#")[2])]
        match = term.regex.search(doc.text, span.start_char)
        return (
            trimmed(doc.text, match.start(), match.end(), term)
            if match
            else Target(span.start_char, span.end_char, term)
        )


class MentionComponent:
    """Makes mentions out of spans and ConText's edges; they are found in ``doc._.mentions``."""

    def __init__(self, assembler: Assembler) -> None:
        self.assembler = assembler

    def __call__(self, doc: Doc) -> Doc:
        """Return the ``Doc`` with its mentions."""
        reading: Reading = doc.user_data["reading"]
        targets = reading.targets
        sentences: Sequence[tuple[int, int]] = doc.user_data["sentences"]
        by_span = {(s.start, s.end, s.label): i for i, s in enumerate(doc.spans[MENTIONS])}
        edges = []
        for span, modifier in doc._.context_graph.edges:
            edge = Edge(by_span[span.start, span.end, span.label], _exactly(doc, modifier))
            # a mention over the end of a sentence is part of the one that it begins in, also where ConText sees it in both
            if sentence_of(sentences, edge.cue.start) == sentence_of(sentences, targets[edge.target].start):
                edges.append(edge)
        edges.sort(key=lambda edge: edge.target)
        found = self.assembler.assemble(
            doc.user_data.get("note") or Note("", "", _cleaned(doc).original),
            _cleaned(doc),
            doc.user_data["sections"],
            sentences,
            reading,
            edges,
        )
        doc._.mentions = [m for m in found if not m.label.startswith("_")]
        return doc


def build_pipeline(rules: Path | str | None = None) -> Language:
    """Return the reference pipeline.

    Args:
        rules: folder of a site's own rules, laid over the shipped ones.

    Returns:
        A spaCy ``Language`` with medspaCy's TargetMatcher and ConText; ``doc._.mentions`` holds the mentions.

    Raises:
        UsageError: the folder is missing or empty.
        RuleError: a fault in a rule file.
    """
    _import_medspacy()
    import spacy
    from medspacy.context import ConText, ConTextRule
    from medspacy.target_matcher import TargetMatcher, TargetRule
    from spacy.tokens import Doc

    book = load_rulebook(Path(rules) if rules is not None else None)
    if not Doc.has_extension("mentions"):
        Doc.set_extension("mentions", default=None)
    nlp = spacy.blank("en")
    nlp.max_length = 1 << 40
    nlp.tokenizer = NoteTokenizer(nlp.vocab)
    config = {"site": str(rules) if rules is not None else None}
    _register_factories()
    nlp.add_pipe("notecriteria_sections", config=config)
    nlp.add_pipe("notecriteria_sentences")
    matcher: TargetMatcher = nlp.add_pipe(
        "medspacy_target_matcher",
        config={"rules": None, "result_type": "group", "span_group_name": CANDIDATES, "prune": False},
    )
    matcher.add([TargetRule(t.entry.id, f"{t.label}#{i}", pattern=t.pattern) for i, t in enumerate(book.terms)])
    matcher.add([TargetRule("nothing", CANDIDATES, pattern=NO_TOKEN)])
    nlp.add_pipe("notecriteria_targets", config=config)
    context: ConText = nlp.add_pipe(
        "medspacy_context",
        config={
            "rules": None,
            "input_span_type": "group",
            "span_group_name": MENTIONS,
            "span_attrs": None,
            "prune_on_modifier_overlap": False,
        },
    )
    rules_made = ContextEngine(book.cues).rules
    pruner = CuePruner()
    context.add([_context_rule(ConTextRule, rule, rules_made, pruner) for rule in rules_made])
    context.add([ConTextRule("nothing", "PSEUDO", pattern=NO_TOKEN, direction="PSEUDO", metadata={"rule": None})])
    pruner.rules = {
        nlp.vocab.strings[rule._rule_id]: rule.metadata["rule"] for rule in context.rules if rule.metadata["rule"]
    }
    nlp.add_pipe("notecriteria_mentions", config=config)
    return nlp


def _register_factories() -> None:
    """Make the components known to spaCy by name, once."""
    from spacy.language import Language

    def book_of(site: str | None) -> Rulebook:
        return load_rulebook(Path(site) if site is not None else None)

    def sections(nlp: Any, name: str, site: Any) -> Any:
        return SectionComponent(SectionFinder(book_of(site).sections))

    def sentences(nlp: Any, name: str) -> Any:
        return SentenceComponent()

    def targets(nlp: Any, name: str, site: Any) -> Any:
        return TargetComponent(book_of(site))

    def mentions(nlp: Any, name: str, site: Any) -> Any:
        return MentionComponent(Assembler(book_of(site)))

    made = {"sections": sections, "sentences": sentences, "targets": targets, "mentions": mentions}
    for part, factory in made.items():
        name = f"notecriteria_{part}"
        if not Language.has_factory(name):
            Language.factory(name, default_config={} if part == "sentences" else {"site": None}, func=factory)


def _exactly(doc: Doc, modifier: Any) -> CueMatch:
    """Return ConText's cue, which ends on tokens, with the characters that the rule matches."""
    piece, rule = doc[slice(*modifier.modifier_span)], modifier.rule.metadata["rule"]
    match = rule.regex.search(doc.text, piece.start_char)
    return (
        CueMatch(match.start(), match.end(), rule.cue)
        if match
        else CueMatch(piece.start_char, piece.end_char, rule.cue)
    )


class CuePruner:
    """Takes shadowed cues, and those that run over a sentence's end, out of ConText's matches, through medspaCy's hook for each match."""

    def __init__(self) -> None:
        self.rules: dict[int, ContextRule] = {}

    def __call__(self, matcher: Any, doc: Doc, index: int, matches: list[tuple[int, int, int]]) -> None:
        """Weigh the newest match against those before it."""
        new = matches[-1]
        starts = [doc[i].idx for i in range(new[1] + 1, new[2]) if doc[i].is_sent_start]
        if not starts:
            self._weigh(doc, matches)
            return
        matches.pop()
        rule = self.rules[new[0]]
        found = rule.regex.search(doc.text, doc[new[1]].idx)
        for place in within_sentences(rule, doc.text, found.span(), starts) if found else ():
            span = doc.char_span(*place, alignment_mode="expand")
            matches.append((new[0], span.start, span.end))
            self._weigh(doc, matches)

    def _weigh(self, doc: Doc, matches: list[tuple[int, int, int]]) -> None:
        new = matches[-1]
        cue = self.rules[new[0]].cue
        seen = doc.user_data.setdefault("cues", [])  # also those taken out: what they cover they cover
        covered = any(shadows(self.rules[o[0]].cue, o[1:], cue, new[1:]) for o in seen)
        seen.append(new)
        matches[:] = [
            *(o for o in matches[:-1] if not shadows(cue, new[1:], self.rules[o[0]].cue, o[1:])),
            *([] if covered else [new]),
        ]


def _context_rule(make: Any, rule: ContextRule, rules: Sequence[ContextRule], pruner: CuePruner) -> Any:
    """Return a cue as medspaCy's ConTextRule."""
    cue = rule.cue
    return make(
        cue.id,
        rule.category,
        pattern=rule.pattern,
        direction=rule.direction,
        on_match=pruner,
        max_scope=1 if rule.ends else None,
        allowed_types=set(cue.labels) or None,
        excluded_types=set(cue.not_labels) or None,
        terminated_by=ends_of(rule.category, rules) or None,
        metadata={"rule": rule},
    )


def mentions_of_doc(nlp: Language, note: Note) -> list[Mention]:
    """Return the reference pipeline's mentions of a note, with the note's ids and date."""
    doc = nlp.make_doc(note.text)
    doc.user_data["note"] = note
    for _, component in nlp.pipeline:
        doc = component(doc)
    return list(doc._.mentions)
