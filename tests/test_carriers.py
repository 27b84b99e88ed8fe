"""Plain statements, each with a name of each label in its place: what they say must not hang on the label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from extractor import Extractor
from extractor.schema import ATTRIBUTES

NAMES = {
    "diseases": {
        "MALIGNANCY": "lymphoma",
        "LUNG_DISEASE": "COPD",
        "RHEUM_DISEASE": "lupus",
        "HLH": "HLH",
        "EBV": "EBV infection",
    },
    "treatments": {"CAR_T": "CAR-T", "TCE": "teclistamab", "ADC": "T-DXd", "STEROID": "prednisone"},
    "tests": {"EBV": "EBV PCR"},
    "steroids": {"STEROID": "prednisone"},
}
GROUPS = yaml.safe_load((Path(__file__).parent / "carriers.yaml").read_text(encoding="utf-8"))


def rows() -> list[Any]:
    """Return the statements as parameters: text, names by label, attributes."""
    found = []
    for group in GROUPS:
        wanted = set(group["attributes"])
        for statement in group["statements"]:
            told = {"text": statement} if isinstance(statement, str) else statement
            names = {k: v for k, v in NAMES[group["names"]].items() if k not in told.get("not_of", ())}
            kind = " ".join(sorted(wanted)) or "asserted"
            found.append(pytest.param(told["text"], names, wanted, id=f"{group['names']} {kind}: {told['text']}"))
    return found


@pytest.mark.parametrize(("text", "names", "wanted"), rows())
def test_a_statement_says_the_same_of_every_label(
    extractor: Extractor, text: str, names: dict[str, str], wanted: set[str]
) -> None:
    said = {}
    for label, name in names.items():
        at = text.index("{}")
        (mention, *_) = [
            m
            for m in extractor.mentions(text.replace("{}", name))
            if m.label == label and m.end > at and m.start < at + len(name)
        ]
        shown = {a for a in ATTRIBUTES if getattr(mention, a)}
        said[label] = (
            shown - {"historical"} if "negated" in wanted else shown
        )  # past or not is all one of what is absent
    assert said == dict.fromkeys(names, wanted)


def test_each_statement_stands_once_in_its_group() -> None:
    for group in GROUPS:
        texts = [s if isinstance(s, str) else s["text"] for s in group["statements"]]
        assert len(texts) == len(set(texts))
