"""The eight items of HLH-2004 at, just under and just over their thresholds, in every unit that laboratories use.

Four other items are documented each time, so that the fifth decides between ``met`` and ``possible``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from extractor import Note, Screener

OTHERS = {
    "fever": "Fever.",
    "spleen": "Splenomegaly.",
    "marrow": "Marrow: hemophagocytosis.",
    "nk": "NK activity absent.",
    "ferritin": "Ferritin 9,000 ng/mL.",
}
# item: the items beside it, then for each unit the values that fulfil it and those that do not
TABLE = {
    "hb": (
        "Platelets 50 x10^9/L.",
        {
            "Hb {} g/L": (("89", "89.9", "60"), ("90", "91", "140")),
            "Hgb {} g/dL": (("8.9", "8.99", "5.4"), ("9.0", "9.1", "13")),
            "Haemoglobin {} mmol/L": (("5.5", "4.0"), ("5.6", "8.2")),
            "hgb {}": (("8.9", "89"), ("9.0", "90", "13.1")),
        },
    ),
    "platelets": (
        "Hb 80 g/L.",
        {
            "Platelets {} x10^9/L": (("99", "99.9", "12"), ("100", "101", "240")),
            "plt {} K/uL": (("99", "5"), ("100", "150")),
            "platelets {}/uL": (("99,000", "99,999", "8,000"), ("100,000", "150,000")),
            "PLT {} G/L": (("99",), ("100",)),
            "thrombocytes {}": (("99",), ("100", "210")),
        },
    ),
    "neutrophils": (
        "Hb 80 g/L.",
        {
            "Neutrophils {} x10^9/L": (("0.99", "0.9", "0.1"), ("1.0", "1.1", "4.5")),
            "ANC {} K/uL": (("0.9",), ("1.0",)),
            "ANC {}": (("0.9", "900", "999"), ("1.0", "1000", "1001")),
            "ANC {} cells/uL": (("999", "120"), ("1000", "2300")),
        },
    ),
    "triglycerides": (
        "",
        {
            "Triglycerides {} mmol/L": (("3.0", "3.01", "6"), ("2.99", "2.9", "1.1")),
            "TG {} mg/dL": (("265", "266", "500"), ("264", "200")),
            "triglycerides {}": (("3.0", "265"), ("2.9", "264")),
        },
    ),
    "fibrinogen": (
        "",
        {
            "Fibrinogen {} g/L": (("1.5", "1.49", "0.6"), ("1.51", "1.6", "3.1")),
            "fibrinogen {} mg/dL": (("150", "149", "60"), ("151", "160", "310")),
            "fibrinogen {}": (("1.5", "150"), ("1.6", "151")),
        },
    ),
    "ferritin": (
        "",
        {
            "Ferritin {} ug/L": (("500", "501", "12,400"), ("499", "499.9", "80")),
            "ferritin {} ng/mL": (("500", "38000"), ("499",)),
            "Ferritin {}": (("500", ">2000", ">40,000"), ("499", "<500")),
            "Ferritin {} mg/L": (("0.5", "12.4"), ("0.49",)),
        },
    ),
    "scd25": (
        "",
        {
            "sCD25 {} U/mL": (("2400", "2,401", "12000"), ("2399", "600")),
            "sIL-2R {} kU/L": (("2400",), ("2399",)),
            "sIL-2R {} pg/mL": (("8000 (H)", "8000 (ref 532-1891)"), ("8000", "1200 (ref 532-1891)")),
        },
    ),
    "temperature": (
        "",
        {
            "T {} C": (("38.5", "38.6", "40.1"), ("38.4", "37.0")),
            "Temp {} F": (("101.4", "103"), ("101.2", "98.6")),
            "Tmax {}": (("38.5", "39.9"), ("38.4",)),
        },
    ),
}
BESIDE = {"ferritin": "ferritin", "temperature": "fever"}
"""The item among the others that the item asked for would double."""


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield item, words, the other items, and the status that follows."""
    for item, (company, units) in TABLE.items():
        others = [text for name, text in OTHERS.items() if name != BESIDE.get(item)][:4]
        for words, (fulfilling, failing) in units.items():
            for values, status in ((fulfilling, "met"), (failing, "possible")):
                for value in values:
                    yield item, words.format(value), " ".join([*others, company]), status


ROWS = list(rows())


@pytest.fixture(scope="module")
def screener() -> Screener:
    """The screener of the default trial."""
    return Screener()


@pytest.mark.parametrize(("words", "others", "status"), [r[1:] for r in ROWS], ids=[f"{r[1]} {r[3]}" for r in ROWS])
def test_an_item_counts_from_its_threshold_on(screener: Screener, words: str, others: str, status: str) -> None:
    answers = screener.answers([Note("p", "n", f"HLH. {others} {words}.", "2024-03-01")])
    found = next(a for a in answers if a.question == "I4")
    assert found.status == status, found.rationale


def test_the_table_asks_for_every_item_on_both_sides() -> None:
    assert {(r[0], r[3]) for r in ROWS} == {(item, status) for item in TABLE for status in ("met", "possible")}
    assert len(ROWS) >= 100
