"""The brat standoff format as brat itself writes it: text-bound annotations, attributes, notes, other lines.

brat keeps one annotation a line, so a span that crosses a line break is written as fragments on either
side of it (``T1 EBV 0 5;6 10``) with their texts joined by a space. Such fragments are read back as one
span; fragments with words between them are refused, since a mention is one span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from extractor.errors import UsageError
from extractor.schema import ATTRIBUTES, LABELS

# whatever some reader of .ann files takes for the end of a line: brat's own uses str.splitlines
_BREAK = re.compile("[\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]+")
_YES = {"", "true", "yes", "1"}
_NO = {"false", "no", "0"}
PRE_ANNOTATED = "pre-annotated by"


@dataclass(frozen=True)
class BratSpan:
    """A text-bound annotation: its id, label, offsets, attributes (name to value, ``""`` for plain ones), note."""

    id: str
    label: str
    start: int
    end: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True)
class BratDocument:
    """What an ``.ann`` file holds; ``others`` are lines kept as they are (relations, events, ...)."""

    spans: tuple[BratSpan, ...] = ()
    others: tuple[str, ...] = ()


def parse_ann(ann: str, text: str, source: object = "ann") -> BratDocument:
    """Return the annotations of a document.

    Args:
        ann: content of the ``.ann`` file.
        text: content of the ``.txt`` file, line ends untouched.
        source: the file named in messages.

    Raises:
        UsageError: a line that cannot be read, with its number and the remedy.
    """
    spans: dict[str, tuple[str, int, int]] = {}
    attributes: dict[str, dict[str, str]] = {}
    notes: dict[str, str] = {}
    others: list[str] = []
    waiting: list[tuple[str, str]] = []
    for number, raw in enumerate(ann.split("\n"), start=1):
        line, place = raw.removesuffix("\r"), f"{source}, row {number}"
        if not line.strip():
            continue
        if line[0] == "T":
            _put(spans, line.split("\t")[0], _text_bound(line, text, place), place)
        elif line[0] in "AM#":
            waiting.append((line, place))
        else:
            others.append(line)
    for line, place in waiting:
        if line[0] == "#":
            _note(line, spans, notes, others)
        else:
            _attribute(line, spans, attributes, others, place)
    found = (BratSpan(i, *span, attributes.get(i, {}), notes.get(i)) for i, span in spans.items())
    return BratDocument(tuple(found), tuple(others))


def _put(into: dict[str, tuple[str, int, int]], key: str, value: tuple[str, int, int], place: str) -> None:
    if key in into:
        raise UsageError(f"{place}: the id {key} stands twice; give each annotation an id of its own")
    into[key] = value


def _text_bound(line: str, text: str, place: str) -> tuple[str, int, int]:
    try:
        _, what, shown = line.split("\t", 2)
        label, offsets = what.split(" ", 1)
        fragments = [(int(s), int(e)) for s, e in (part.split() for part in offsets.split(";"))]
    except ValueError:
        raise UsageError(f"{place}: is no text-bound annotation; write T1<tab>LABEL start end<tab>text") from None
    if any(s >= e or e > len(text) or s < 0 for s, e in fragments):
        raise UsageError(f"{place}: the offsets are not within the text; count code points, line ends untouched")
    start, end = fragments[0][0], fragments[-1][1]
    if any(text[e:s].strip() or s < e for (_, e), (s, _) in pairwise(fragments)):
        raise UsageError(f"{place}: a discontinuous span; a mention is one span, so annotate one stretch of text")
    if _flat(" ".join(text[s:e] for s, e in fragments)) != _flat(shown):
        raise UsageError(
            f"{place}: the annotated text is not the text at these offsets; count code points (not bytes) "
            "into the .txt with its line ends untouched"
        )
    return label, start, end


def _flat(text: str) -> str:
    return " ".join(text.split())


def _attribute(
    line: str,
    spans: Mapping[str, object],
    attributes: dict[str, dict[str, str]],
    others: list[str],
    place: str,
) -> None:
    parts = line.split("\t")
    words = parts[1].split(" ") if len(parts) > 1 else []
    if len(words) < 2:
        raise UsageError(f"{place}: is no attribute; write A1<tab>negated T1")
    name, target = words[:2]
    if target in spans:
        attributes.setdefault(target, {})[name] = " ".join(words[2:])
    elif target.startswith("T"):
        raise UsageError(f"{place}: an attribute of {target}, which is not in the file; remove it")
    else:
        others.append(line)


def _note(line: str, spans: Mapping[str, object], notes: dict[str, str], others: list[str]) -> None:
    parts = line.split("\t", 2)
    words = parts[1].split(" ") if len(parts) == 3 else []
    if words[:1] == ["AnnotatorNotes"] and words[-1] in spans and words[-1] not in notes:
        notes[words[-1]] = parts[2]
    else:
        others.append(line)


def format_ann(document: BratDocument, text: str) -> str:
    """Return the content of the ``.ann`` file for a document.

    Args:
        document: the annotations.
        text: the text they stand in.
    """
    lines: list[str] = []
    attribute = _free("A", document.others)
    note = _free("#", document.others)
    for span in document.spans:
        fragments = _fragments(text, span.start, span.end)
        where = ";".join(f"{s} {e}" for s, e in fragments)
        shown = " ".join(_BREAK.sub(" ", text[s:e]) for s, e in fragments)
        lines.append(f"{span.id}\t{span.label} {where}\t{shown}")
        for name, value in span.attributes.items():
            lines.append(f"A{attribute}\t{name} {span.id}{' ' + value if value else ''}")
            attribute += 1
        if span.note is not None:
            lines.append(f"#{note}\tAnnotatorNotes {span.id}\t{_BREAK.sub(' ', span.note)}")
            note += 1
    return "".join(f"{line}\n" for line in (*lines, *document.others))


def _free(prefix: str, lines: Iterable[str]) -> int:
    """Return the first number from which on ids with the prefix are free."""
    used = [int(m.group(1)) for line in lines if (m := re.match(rf"{prefix}(\d+)\t", line))]
    return max(used, default=0) + 1


def _fragments(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the span cut at its line breaks; breaks at its very ends cannot be cut away without losing them."""
    inner = text[start:end]
    cuts = [m for m in _BREAK.finditer(inner) if m.start() > 0 and m.end() < len(inner)]
    starts = [start, *(start + m.end() for m in cuts)]
    ends = [*(start + m.start() for m in cuts), end]
    return list(zip(starts, ends, strict=True))


def annotation_conf() -> str:
    """Return brat's configuration of a collection with the guideline's labels and attributes."""
    labels = "".join(f"{label}\n" for label in LABELS)
    attributes = "".join(f"{name}\tArg:<ENTITY>\n" for name in ATTRIBUTES)
    return f"[entities]\n{labels}\n[relations]\n\n[events]\n\n[attributes]\n{attributes}"


def spans_to_rows(document: BratDocument, source: object = "ann") -> list[dict[str, Any]]:
    """Return a document's spans as rows of mentions, without the note's ids and text.

    Raises:
        UsageError: a label or attribute that the guideline does not know.
    """
    return [_row(span, source) for span in document.spans]


def _row(span: BratSpan, source: object) -> dict[str, Any]:
    if span.label not in LABELS:
        raise UsageError(f"{source}, {span.id}: no such label: {span.label}; use those of the annotation guideline")
    row: dict[str, Any] = {"mention_id": span.id, "label": span.label, "start": span.start, "end": span.end}
    for name, value in span.attributes.items():
        row[name] = _truth(name, value, f"{source}, {span.id}")
    row["note"] = span.note
    return row


def _truth(name: str, value: str, place: str) -> bool:
    if name not in ATTRIBUTES:
        raise UsageError(f"{place}: no such attribute: {name}; use one of {', '.join(ATTRIBUTES)}")
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise UsageError(f"{place}: the attribute {name} is true or absent; {value!r} is neither")


def rows_to_document(rows: Sequence[Mapping[str, Any]]) -> BratDocument:
    """Return rows of mentions as a document, in the order given; ids are made anew unless they are brat's."""
    ids = [str(row.get("mention_id") or "") for row in rows]
    keep = len(set(ids)) == len(ids) and all(re.fullmatch(r"T\d+", i) for i in ids)
    return BratDocument(
        tuple(
            BratSpan(
                ids[n] if keep else f"T{n + 1}",
                row["label"],
                int(row["start"]),
                int(row["end"]),
                {name: "" for name in ATTRIBUTES if row[name]},
                row.get("note") or None,
            )
            for n, row in enumerate(rows)
        )
    )
