"""Where predictions and gold part: a row for each missed or invented mention, wrong attribute and wrong answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation import buckets
from evaluation.align import overlap_pairs
from evaluation.scores import answer_pairs, attribute_pairs, scored_labels
from evaluation.tables import NOTE_KEY, Tables
from evaluation.tool import RuleLookup
from extractor.schema import ATTRIBUTES

KINDS: Final = ("FN", "FP", "ATTRIBUTE", "ANSWER")
MISTAKE_COLUMNS: Final = (
    "kind", "name", "attribute", "gold", "predicted", "bucket", "why", "patient_id", "note_id", "note_type",
    "start", "end", "before", "text", "after", "section", "rule", "cues",
)  # fmt: skip
_AROUND: Final = 160
_STOP = re.compile(r"[.!?]\s|\n\s*\n|\n(?=[A-Z][^\n]{0,40}:)")


def mistake_rows(gold: Tables, predicted: Tables, rules: RuleLookup) -> pd.DataFrame:
    """Return all mistakes of fitted predictions, see ``MISTAKE_COLUMNS``.

    Args:
        gold: the gold.
        predicted: predictions for its notes.
        rules: the rulebook, by which mistakes are sorted.
    """
    notes = {(n["patient_id"], n["note_id"]): n for n in gold.notes.to_dict("records")}
    finder = _Finder(gold.mentions, _scored(predicted.mentions, gold), notes, rules)
    of_mentions = [*finder.missed(), *finder.invented(), *finder.attributes()]
    rows = [*of_mentions, *_answer_rows(gold, predicted, of_mentions, finder)]
    frame = pd.DataFrame(rows, columns=list(MISTAKE_COLUMNS))
    frame["kind"] = pd.Categorical(frame["kind"], KINDS)
    frame = frame.sort_values(["kind", "name"], kind="stable", ignore_index=True)
    return frame.astype({"kind": "object"})


def _scored(mentions: pd.DataFrame, gold: Tables) -> pd.DataFrame:
    return mentions[mentions["label"].isin(scored_labels(gold.mentions))].reset_index(drop=True)


class _Finder:
    """Mistakes of mentions; holds what all of them are looked up in."""

    def __init__(
        self,
        gold: pd.DataFrame,
        predicted: pd.DataFrame,
        notes: Mapping[tuple[str, str], Mapping[Any, Any]],
        rules: RuleLookup,
    ) -> None:
        self.gold, self.predicted, self.notes, self.rules = gold, predicted, notes, rules
        self.pairs = overlap_pairs(gold, predicted)
        self._gold_spans = _spans_by_note(gold)
        self._predicted_spans = _spans_by_note(predicted)

    def missed(self) -> Iterator[dict[str, Any]]:
        """Yield the gold mentions that were not found."""
        for row in self.gold.drop(index=self.pairs["gold"]).to_dict("records"):
            others = self._overlapping(self._predicted_spans, row)
            other = next((label for label in others if label != row["label"]), None)
            verdict = buckets.missed(row["label"], row["text"], other, self.rules)
            yield self._row("FN", row, verdict, gold=row["label"], predicted=other or "")

    def invented(self) -> Iterator[dict[str, Any]]:
        """Yield the predicted mentions that the gold does not have."""
        for row in self.predicted.drop(index=self.pairs["predicted"]).to_dict("records"):
            there = self._overlapping(self._gold_spans, row)
            verdict = buckets.invented(row["label"], row["label"] in there)
            yield self._row("FP", row, verdict, gold=", ".join(sorted(set(there))), predicted=row["label"])

    def attributes(self) -> Iterator[dict[str, Any]]:
        """Yield the attributes of paired mentions that differ."""
        for name in ATTRIBUTES:
            scored = attribute_pairs(self.gold, self.predicted, self.pairs, name)
            for pair in scored[scored["truth"] != scored["said"]].to_dict("records"):
                row = self.predicted.iloc[pair["predicted"]].to_dict()
                verdict = buckets.wrong_attribute(name, pair["said"], _cues(row), self.sentence(row), self.rules)
                truth, said = (str(bool(pair[k])).lower() for k in ("truth", "said"))
                yield self._row("ATTRIBUTE", row, verdict, attribute=name, gold=truth, predicted=said)

    def sentence(self, row: Mapping[Any, Any]) -> str:
        """Return the sentence a mention stands in."""
        start, end = self._sentence(row)
        return str(self._note(row)["text"][start:end])

    def _note(self, row: Mapping[Any, Any]) -> Mapping[Any, Any]:
        return self.notes[(row["patient_id"], row["note_id"])]

    def _sentence(self, row: Mapping[Any, Any]) -> tuple[int, int]:
        start, end = row.get("sentence_start", -1), row.get("sentence_end", -1)
        if pd.notna(start) and pd.notna(end) and 0 <= start <= row["start"] < row["end"] <= end:
            return int(start), int(end)
        return rough_sentence(self._note(row)["text"], row["start"], row["end"])

    def _overlapping(self, spans: Mapping[Any, list[tuple[int, int, str]]], row: Mapping[Any, Any]) -> list[str]:
        there = spans.get((row["patient_id"], row["note_id"]), [])
        return [label for s, e, label in there if s < row["end"] and row["start"] < e]

    def _row(self, kind: str, row: Mapping[Any, Any], verdict: buckets.Verdict, **more: Any) -> dict[str, Any]:
        return self.place(row) | {
            "kind": kind,
            "name": row["label"],
            "attribute": "",
            "bucket": verdict.bucket,
            "why": verdict.why,
            **more,
        }

    def place(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Return where a mention stands, with its sentence around it and what made it."""
        note = self._note(row)
        text, (first, last) = note["text"], self._sentence(row)
        return {
            **{k: row[k] for k in (*NOTE_KEY, "start", "end")},
            "note_type": note["note_type"],
            "before": text[max(first, row["start"] - 3 * _AROUND) : row["start"]],
            "text": text[row["start"] : row["end"]],
            "after": text[row["end"] : min(last, row["end"] + 3 * _AROUND)],
            "section": row.get("section") or "",
            "rule": row.get("rule") or "",
            "cues": ", ".join(_cues(row)),
        }


def _spans_by_note(mentions: pd.DataFrame) -> dict[Any, list[tuple[int, int, str]]]:
    return {
        key: list(part[["start", "end", "label"]].itertuples(index=False, name=None))
        for key, part in mentions.groupby(NOTE_KEY)
    }


def _cues(row: Mapping[Any, Any]) -> list[str]:
    cues = row.get("cues")
    return [str(c) for c in cues] if isinstance(cues, list | tuple | np.ndarray) else []


def rough_sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Return about the sentence around a span, for mentions that bear none.

    Args:
        text: the note.
        start: where the span begins.
        end: where it ends.
    """
    low = max(0, start - _AROUND)
    stops = [m.end() for m in _STOP.finditer(text, low, start)]
    after = _STOP.search(text, end, min(len(text), end + _AROUND))
    return (stops[-1] if stops else low), (after.start() + 1 if after else min(len(text), end + _AROUND))


def _answer_rows(
    gold: Tables, predicted: Tables, of_mentions: Sequence[Mapping[str, Any]], finder: _Finder
) -> Iterator[dict[str, Any]]:
    upstream: dict[str, list[tuple[str, str]]] = {}
    for row in of_mentions:
        upstream.setdefault(row["patient_id"], []).append((row["name"], row["bucket"]))
    mentions = {(r["patient_id"], r["mention_id"]): r for r in finder.predicted.to_dict("records")}
    said = {(r["patient_id"], r["question"]): r for r in predicted.answers.to_dict("records")}
    pairs = answer_pairs(gold, predicted)
    for pair in pairs[pairs["gold"] != pairs["predicted"]].to_dict("records"):
        answer = said.get((pair["patient_id"], pair["question"]), {})
        ids = _ids(answer.get("evidence"))
        evidence = [mentions[k] for i in ids if (k := (pair["patient_id"], i)) in mentions]
        evidence = [{**e, "sentence": finder.sentence(e)} for e in evidence]
        verdict = buckets.wrong_answer(pair["question"], upstream.get(pair["patient_id"], ()), evidence)
        place = finder.place(evidence[0]) if evidence else {"patient_id": pair["patient_id"]}
        yield {**dict.fromkeys(MISTAKE_COLUMNS, ""), **place} | {
            "kind": "ANSWER",
            "name": pair["question"],
            "gold": pair["gold"],
            "predicted": pair["predicted"],
            "bucket": verdict.bucket,
            "why": "; ".join(filter(None, (verdict.why, answer.get("rationale")))),
        }


def _ids(evidence: Any) -> list[str]:
    return [str(i) for i in evidence] if isinstance(evidence, list | tuple | np.ndarray) else []
