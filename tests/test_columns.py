"""Tables whose columns are items and whose rows are days."""

from __future__ import annotations

import pytest

from extractor import Extractor

EX = Extractor()


def _found(text: str) -> list[tuple[str, str]]:
    return [(m.label, m.text) for m in EX.mentions(text)]


SPACES = "Date      WBC   Hb    Plt   Ferritin\n3/2       2.1   81    40    9,300\n3/5       3.4   88    71    4,100\n"
BARS = "| date | WBC | Hgb | plt |\n|------|-----|-----|-----|\n| 5/1 | 2.2 | 7.7 | 22 |\n"
TABS = "Datum\tLeuk\tHb\tThrombo\n12.03.\t2,1\t8,1\t45\n"


@pytest.mark.parametrize(
    ("table", "numbers"),
    [(SPACES, ["81", "40", "9,300", "88", "71", "4,100"]), (BARS, ["7.7", "22"]), (TABS, ["8,1", "45"])],
)
def test_numbers_under_an_items_name_are_its_values(table: str, numbers: list[str]) -> None:
    assert _found(table) == [("HLH_FEATURE", n) for n in numbers]


def test_values_under_a_name_are_converted_as_beside_it() -> None:
    assert [m.normalized_value for m in EX.mentions(BARS)] == [77, 22]


def test_lung_function_under_its_names() -> None:
    text = "PFT trend    FVC L (%)    FEV1/FVC    DLCO %\n01/2024      2.61 (63)      .83        38\n"
    found = EX.mentions(text)
    assert [(m.text, m.normalized_value, m.details["test"]) for m in found] == [
        ("2.61 (63)", 63, "fvc"),
        (".83", 83, "fev1_fvc"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Date      WBC   Na    K     Cl\n3/2       2.1   141   4.0   101\n",  # no item heads a column
        "Items     Plt   Hb    Ferritin\nfor all   see   the   chart\n",  # rows without a day hold no values
        "Date      Plt   Hb\n\n3/2       212   9.9 points\n",  # a blank line ends a table before it begins
        "Send      Plt   Hb\ntube      2     3\n",
    ],
)
def test_other_tables_have_no_values_of_items(text: str) -> None:
    assert [m for m in _found(text) if m[0] in ("HLH_FEATURE", "PFT")] == []


def test_a_number_far_from_every_name_is_no_value() -> None:
    text = "Date      Plt   Hb\n3/2       40    81                              77\n"
    assert [t for _, t in _found(text)] == ["40", "81"]


def test_a_missing_value_leaves_its_place() -> None:
    text = "Day     Hb     Plt    ANC    TG\nD+4     84     40     -      3.4\n"
    assert [t for _, t in _found(text)] == ["84", "40", "3.4"]
