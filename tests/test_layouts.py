"""Structure: what stands in a section, a list or a row means the same in every layout, and does not reach into what follows it."""

from __future__ import annotations

from itertools import product

import pytest

from extractor import Extractor, Note
from extractor.schema import ATTRIBUTES, Mention

NOTE_DATE = "2026-06-15"

SECTIONS = {
    "historical": ("PMH", "PMHx", "PMH/PSH", "P.M.H.", "Past Medical History", "PAST MEDICAL HISTORY", "Relevant past history", "Previous illnesses"),
    "family": ("FH", "FHx", "F.H.", "Family history", "FAMILY HISTORY", "Fam Hx", "Relevant FH", "Heredity"),
    "uncertain": ("DDx", "Differential", "DIFFERENTIAL DIAGNOSES", "D/D", "Possible diagnoses", "Working differential"),
}  # fmt: skip
ITEMS = {
    "historical": ("lymphoma", "asthma", "mononucleosis"),
    "family": ("lymphoma", "asthma", "lupus"),
    "uncertain": ("lymphoma", "HLH", "lupus"),
}
LAYOUTS = {
    "commas": "{h}: gout, {a}, {b}, {c}.",
    "lines": "{h}:\ngout\n{a}\n{b}\n{c}\n",
    "bullets": "{h}\n- gout\n- {a}\n- {b}\n- {c}\n",
    "numbers": "{h}:\n1. gout\n2. {a}\n3. {b}\n4. {c}\n",
    "numbers in a line": "{h}: 1) gout 2) {a} 3) {b} 4) {c}",
    "a dash": "{h} - gout, {a}, {b}, {c}",
    "an arrow": "{h} -> gout, {a}, {b}, {c}",
    "stars": "**{h}**\n* gout\n* {a}\n* {b}\n* {c}\n",
    "flattened": "Seen today., {h}:, gout, {a}, {b}, {c}.,PLAN:, rest.",
    "wrapped": "{h}: gout, hypertension, hyperlipidemia, osteoarthritis of both knees, {a},\n{b}, and {c}.",
    "indented": "   {h}:\n      gout\n      {a}\n      {b}\n      {c}\n",
    "underlined": "{h}\n-----\ngout\n{a}\n{b}\n{c}\n",
}
FOLLOWING = (
    "Social history", "SH", "Medications", "Meds", "DHx", "Exam", "O/E", "Vitals", "Labs", "Ix", "CT chest", "Chest X-ray", "HRCT", "Spirometry", "A/P",
    "Impression", "Hospital course", "HPI", "Problem list", "ROS", "Travel", "Consults", "Functional status", "Outpatient course", "Nursing", "MDT", "Tumor board",
    "Trial eligibility", "Discussion", "Code status", "Interval history",
)  # fmt: skip
JOINTS = {
    "on the next line": "{s}: mother had lupus.\n{h}: has COPD.\n",
    "in the same line": "{s}: mother had lupus. {h}: has COPD.",
    "below a blank line": "{s}\nMother had lupus.\n\n{h}\nHas COPD.\n",
}
OWN_LABELS = (
    "FH: Mother: lupus. Father: {x}.", "Family history: M: healthy. F: {x}", "FH: none of note.\nSiblings: {x}\n", "FH: Maternal aunt: {x}",
    "Family history:\nMother: lupus\nBrother: {x}\n", "FHx: Cancer: {x} (aunt). Rheum: none",
)  # fmt: skip

ROWS = (
    "Problems:\n1. {d}: {s}", "Problem | Status\n{d} | {s}", "Problem            Status\n{d}             {s}", "{d}\t{s}", "Condition: {d} Status: {s}",
    "{d} -> {s}", "Problem list:\n- {d} - {s}", "{d} ({s})",
)  # fmt: skip
DISEASES = {
    "historical": ("resolved", "resolved 3/2018", "in remission", "cured", "resected 2015", "treated 2014", "past"),
    "uncertain": ("suspected", "possible", "probable", "to be confirmed", "unconfirmed", "presumed"),
    "negated": ("ruled out", "excluded", "not present", "entered in error"),
    "": ("active", "stable", "ongoing", "on treatment", "newly diagnosed", "progressing"),
}
DRUGS = {
    "historical": (
        "STOPPED",
        "discontinued",
        "completed",
        "finished",
        "no longer taking",
        "not taking anymore",
        "weaned off",
        "Discontinued 03/2024",
    ),
    "hypothetical": ("to start", "planned", "not yet started", "to be started"),
    "negated": ("never taken", "not started", "patient refused", "declined"),
    "": ("active", "continue", "ongoing", "on hold", "increase to 20 mg", "unchanged", "long term"),
}
DRUG_ROWS = (
    "Medications:\n- Prednisone 10 mg daily - {s}", "Medications:\nPrednisone 10 mg PO daily ({s})", "Drug | Dose | Status\nPrednisone | 10 mg | {s}",
    "Drug          Dose      Status\nPrednisone    10 mg     {s}", "Prednisone\t10 mg\t{s}", "Prednisone 10 mg daily; status: {s}", "Prednisone 10 mg daily -> {s}",
)  # fmt: skip
RESULTS = {
    True: ("negative", "not detected", "NOT DETECTED", "undetectable", "<LLOQ", "0 copies/mL", "target not detected", "not det.", "not amplified"),
    False: ("positive", "detected", "(+)", "12,400 copies/mL", "1.2 x 10^4 IU/mL", "weakly positive"),
}  # fmt: skip
RESULT_ROWS = (
    "EBV PCR: {r}", "EBV PCR {r}", "EBV PCR = {r}", "EBV PCR\t{r}", "EBV PCR | {r}", "EBV PCR ({r})", "EBV PCR came back {r}", "EBV PCR on 3/2 {r}", "EBV PCR\n{r}",
    "EBV PCR [plasma]: {r}", "EBV PCR -> {r}", "CMV PCR: positive; EBV PCR: {r}", "Result of EBV PCR: {r}", "EBV PCR .......... {r}",
)  # fmt: skip


def found(extractor: Extractor, text: str, *labels: str) -> list[Mention]:
    """Return the mentions of some labels in a note."""
    return [m for m in extractor.mentions_of([Note("p", "n", text, NOTE_DATE)]) if m.label in labels]


def attributes(mention: Mention) -> set[str]:
    """Return a mention's attributes; what is absent may be past or not."""
    true = {a for a in ATTRIBUTES if getattr(mention, a)}
    return true - {"historical"} if "negated" in true else true


@pytest.mark.parametrize(
    ("attribute", "header", "layout"), [(a, h, k) for a, hs in SECTIONS.items() for h, k in product(hs, LAYOUTS)]
)
def test_the_items_of_a_section_bear_its_attribute(
    extractor: Extractor, attribute: str, header: str, layout: str
) -> None:
    a, b, c = ITEMS[attribute]
    text = "Visit note.\n\n" + LAYOUTS[layout].format(h=header, a=a, b=b, c=c)
    mentions = found(extractor, text, "MALIGNANCY", "LUNG_DISEASE", "EBV", "RHEUM_DISEASE", "HLH")
    assert [getattr(m, attribute) for m in mentions] == [True] * 3


@pytest.mark.parametrize(("start", "following", "joint"), product(("FH", "Family history"), FOLLOWING, JOINTS))
def test_a_section_of_relatives_ends_at_the_next_header(
    extractor: Extractor, start: str, following: str, joint: str
) -> None:
    text = JOINTS[joint].format(s=start.upper() if joint.startswith("below") else start, h=following)
    (disease,) = found(extractor, text, "LUNG_DISEASE")
    assert not disease.family


@pytest.mark.parametrize("text", OWN_LABELS)
def test_a_section_of_relatives_goes_on_at_its_own_labels(extractor: Extractor, text: str) -> None:
    (disease,) = found(extractor, text.format(x="COPD"), "LUNG_DISEASE")
    assert disease.family


@pytest.mark.parametrize(
    ("attribute", "status", "row"), [(a, s, r) for a, ss in DISEASES.items() for s, r in product(ss, ROWS)]
)
def test_the_status_of_a_disease_in_its_row_is_read(
    extractor: Extractor, attribute: str, status: str, row: str
) -> None:
    (disease,) = found(extractor, row.format(d="Lymphoma", s=status), "MALIGNANCY")
    assert attributes(disease) == ({attribute} if attribute else set())


@pytest.mark.parametrize(
    ("attribute", "status", "row"), [(a, s, r) for a, ss in DRUGS.items() for s, r in product(ss, DRUG_ROWS)]
)
def test_the_status_of_a_drug_in_its_row_is_read(extractor: Extractor, attribute: str, status: str, row: str) -> None:
    (drug,) = found(extractor, row.format(s=status), "STEROID")
    assert attributes(drug) == ({attribute} if attribute else set())


@pytest.mark.parametrize(
    ("negative", "result", "row"), [(n, r, w) for n, rs in RESULTS.items() for r, w in product(rs, RESULT_ROWS)]
)
def test_the_result_of_a_test_is_read_in_every_row(extractor: Extractor, negative: bool, result: str, row: str) -> None:
    (test,) = found(extractor, row.format(r=result), "EBV")
    assert test.negated == negative
