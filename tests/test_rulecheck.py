"""Checking rules: the shipped ones are sound; every fault of a site's own is told with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from extractor import Extractor, Note
from extractor.errors import RuleError, UsageError
from extractor.rulebook import load_rulebook
from extractor.rulecheck import check_rules
from extractor.ruleexamples import unmark

ENTRY = """\
label: CAR_T
description: of this site
entries:
  - id: car_t.site.{name}
    concept: house product
    terms: ["{term}"]
    source: {source}
    match: [{match}]
    no_match: [{no_match}]
"""
CUE = """\
description: of this site
cues:
  - id: neg.site
    category: negated
    role: preceding
    terms: [nowise]
    source: site
    match: ["{match}"]
    no_match: ["{no_match}"]
"""


def entry(
    name: str = "a",
    term: str = "housecel",
    source: str = "site",
    match: str = '"got [[housecel]]"',
    no_match: str = '"house"',
) -> str:
    return ENTRY.format(name=name, term=term, source=source, match=match, no_match=no_match)


def faults(folder: Path, **files: str) -> list[str]:
    for name, content in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(content, encoding="utf-8")
    return [fault.removeprefix(f"{folder}/") for fault in check_rules(folder).faults]


def test_the_shipped_rules_hold() -> None:
    report = check_rules()
    assert report.faults == []
    assert report.counts["trials"] == 3
    assert min(report.counts[k] for k in ("vocabulary entries", "context cues", "sections", "examples")) > 0


def test_sound_rules_of_a_site_are_counted_with_the_shipped_ones(tmp_path: Path) -> None:
    before = check_rules().counts
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "car_t.yaml").write_text(entry(source="unverified"))
    report = check_rules(tmp_path)
    assert report.faults == []
    assert report.counts["vocabulary entries"] == before["vocabulary entries"] + 1
    assert report.counts["rules with source unverified"] == before["rules with source unverified"] + 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            entry(match='"got housecel"'),
            "vocabulary/x.yaml:4: car_t.site.a: the example 'got housecel' in match marks no",
        ),
        (entry(match='"[[got]] housecel"'), "vocabulary/x.yaml:4: car_t.site.a: the example '[[got]] housecel' gives"),
        (entry(no_match='"housecel"'), "vocabulary/x.yaml:4: car_t.site.a: the example 'housecel' gives ['housecel']"),
        (entry(match='"[[Yescarta]]"'), "vocabulary/x.yaml:4: car_t.site.a: the example '[[Yescarta]]' is matched by"),
        (entry(term="a(b"), "vocabulary/x.yaml:6: entries.0.terms (car_t.site.a): "),
        (
            entry().replace("concept:", "koncept:"),
            "vocabulary/x.yaml:5: entries.0.koncept (car_t.site.a): this key is not known",
        ),
        (
            entry().replace("    concept: house product\n", ""),
            "vocabulary/x.yaml:4: entries.0.concept (car_t.site.a): this key",
        ),
        (entry().replace("label: CAR_T", "label: CART"), "vocabulary/x.yaml:1: label: "),
        (entry() + "description: again\n", "vocabulary/x.yaml:10: the key description stands twice"),
        ("- a\n", "vocabulary/x.yaml:1: must be a mapping of keys"),
        ("label: [\n", "vocabulary/x.yaml:2: is no YAML"),
        (
            entry() + entry().split("entries:\n")[1],
            "vocabulary/x.yaml:10: the id car_t.site.a stands twice, first in x.yaml:4",
        ),
    ],
)
def test_a_fault_in_a_vocabulary_is_told_with_its_line(tmp_path: Path, content: str, told: str) -> None:
    found = faults(tmp_path, vocabulary__x=content)
    assert any(fault.startswith(told) for fault in found), found


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    bad = entry().replace("concept:", "koncept:")
    found = faults(tmp_path, vocabulary__x=bad, vocabulary__y=bad, context="cues: 5\n")
    assert {fault.partition(":")[0] for fault in found} == {"vocabulary/x.yaml", "vocabulary/y.yaml", "context.yaml"}
    assert len(found) == 6


@pytest.mark.parametrize("name", ["contexts", "vocabulary__deep__x", "extra__x"])
def test_a_file_that_is_read_by_nothing_is_told(tmp_path: Path, name: str) -> None:
    (fault,) = faults(tmp_path, **{name: "description: x\n"})
    assert "is read by nothing, because of its name" in fault


@pytest.mark.parametrize(
    ("match", "no_match", "sound"),
    [
        ("nowise [[asthma]]", "has [[asthma]]", True),
        ("has [[asthma]]", "also [[asthma]]", False),
        ("nowise [[asthma]]", "nowise [[COPD]]", False),
        ("nowise [[words]]", "has [[asthma]]", False),
    ],
)
def test_examples_of_cues_are_run(tmp_path: Path, match: str, no_match: str, sound: bool) -> None:
    found = faults(tmp_path, context=CUE.format(match=match, no_match=no_match))
    assert (found == []) == sound
    assert all(fault.startswith("context.yaml:3: neg.site: the example") for fault in found)


def test_a_fault_in_a_trial_is_told(tmp_path: Path) -> None:
    (fault, *_) = faults(tmp_path, trials__NCT1="trial: NCT1\n")
    assert fault.startswith("trials/NCT1.yaml:1: title: this key is missing")


def test_a_missing_folder_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        check_rules(tmp_path / "gone")


def test_marks_are_taken_out_and_remembered() -> None:
    assert unmark("no [[asthma]], [[COPD]]\u00a0now") == ("no asthma, COPD now", [(3, 9), (11, 15)])


DATES = """
description: x
dates:
  - id: date.site
    kind: {kind}
    patterns: ['house index \\W{{0,2}}$']
    source: the site
    match: ["house index [[6/10]]"]
    no_match: ["seen [[6/10]]"]
"""


def test_a_site_says_what_is_no_date_of_an_event(tmp_path: Path) -> None:
    (note,) = [Note("p", "n", "CAR-T given, house index 6/10/2019.", "2024-05-05")]
    assert [m.historical for m in Extractor().mentions_of([note])] == [True]
    assert faults(tmp_path, dates=DATES.format(kind="no_event_before")) == []
    assert [m.historical for m in Extractor(tmp_path).mentions_of([note])] == [False]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("no_event_behind", "dates.yaml:5: dates.0.kind (date.site): "),
        ("no_year_behind", "dates.yaml:4: date.site: the example"),
    ],
)
def test_faults_of_words_around_dates_are_told_with_file_and_line(tmp_path: Path, kind: str, told: str) -> None:
    assert told in "\n".join(faults(tmp_path, dates=DATES.format(kind=kind)))


CAUSE = """
description: x
causes:
  - id: cause.site
    role: {role}
    means: a word of the house
    pattern: '{pattern}'
    source: the site
    match: [{match}]
    no_match: ["HLH; [[EBV]] IgG positive"]
"""


def cause(role: str = "behind_hlh", pattern: str = " blamed upon ", match: str = '"HLH blamed upon [[EBV]]"') -> str:
    return CAUSE.format(role=role, pattern=pattern, match=match)


def test_a_site_says_of_causes_what_the_shipped_rules_do_not(tmp_path: Path) -> None:
    assert faults(tmp_path, causes=cause()) == []
    text = "HLH blamed upon EBV."
    assert "HLH_CAUSE" not in {m.label for m in Extractor(learned=False).mentions(text)}
    assert "HLH_CAUSE" in {m.label for m in Extractor(tmp_path).mentions(text)}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (cause(match='"HLH blamed on nothing, [[EBV]] old"'), "causes.yaml:4: cause.site: the example"),
        (cause(role="doubt", pattern="upon"), "causes.yaml:4: cause.site: the example"),
        (
            cause(pattern="(?&nown) upon "),
            "causes.yaml:7: causes.0.pattern (cause.site): (?&nown) names no part; is (?&noun) meant?",
        ),
        (
            cause(role="part", pattern="(?&site) upon"),
            "causes.yaml:7: causes.0.pattern (cause.site): (?&site) runs in a circle, for site takes in site; write",
        ),
        (
            cause(role="part", pattern="upon"),
            "causes.yaml:7: causes.0.pattern (cause.site): no pattern takes this part in; remove it",
        ),
        (cause(pattern="a(b"), "causes.yaml:7: causes.0.pattern (cause.site): the pattern"),
        (cause(role="behind"), "causes.yaml:5: causes.0.role (cause.site): "),
    ],
)
def test_a_fault_in_the_causes_is_told(tmp_path: Path, content: str, told: str) -> None:
    found = faults(tmp_path, causes=content)
    assert any(told in fault for fault in found), found


PARTS = """\
label: CAR_T
description: of this site
parts:
  house: '{house}'
  cell: '{cell}'
entries:
  - id: car_t.site.a
    concept: house product
    patterns:
      - 'old{first}'
      - '{second}'
    source: site
    match: [{match}]
    no_match: ["house"]
"""


def with_parts(
    house: str = "(?:our|domus)",
    cell: str = "(?:(?&house)cel)",
    first: str = "(?&cell)",
    second: str = "(?&cell)s?",
    match: str = '"got [[domuscels]]", "got [[oldourcel]]"',
) -> str:
    return PARTS.format(house=house, cell=cell, first=first, second=second, match=match)


def test_parts_are_taken_into_patterns_and_into_one_another(tmp_path: Path) -> None:
    assert faults(tmp_path, vocabulary__x=with_parts()) == []
    book = load_rulebook(tmp_path)
    (entry,) = (term.entry for term in book.terms if term.entry.id == "car_t.site.a")
    assert entry.patterns == ("old(?:(?:our|domus)cel)", "(?:(?:our|domus)cel)s?")


NAMED = """
label: STEROID_RESPONSE
description: d
entries:
  - {id: steroid_response.site.a, concept: responded, patterns: ['cured\\sby\\s(?&names:STEROID)'], source: s,
     match: ['[[cured by ]]prednisone'], no_match: ['cured by rest']}
"""


@pytest.mark.parametrize("name", ["prednisone", "Deltacortril", "Urbason", "IVMP", "methyl-\n  prednisolone"])
def test_a_pattern_may_ask_for_all_names_of_a_label(tmp_path: Path, name: str) -> None:
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "x.yaml").write_text(NAMED)
    (term,) = (t for t in load_rulebook(tmp_path).terms if t.entry.id == "steroid_response.site.a")
    assert term.regex.fullmatch(f"cured by {name}")
    assert not term.regex.search("cured by aspirin")


def test_names_of_a_label_that_is_none_are_told(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, vocabulary__x=NAMED.replace("names:STEROID", "names:STEROYD"))
    assert "STEROYD is no label" in fault


def test_parts_are_taken_in_wherever_an_entry_has_patterns(tmp_path: Path) -> None:
    content = with_parts().replace(
        "    source:", "    near: ['(?&house)']\n    not_near: ['x(?&house)']\n    lead: ['y(?&house)']\n    source:"
    )
    refusal = "refuse:\n  - {id: car_t.site.r, patterns: ['(?&house) r'], source: s, match: ['our r'], no_match: [r]}\n"
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "x.yaml").write_text(content + refusal)
    book = load_rulebook(tmp_path)
    (entry,) = (term.entry for term in book.terms if term.entry.id == "car_t.site.a")
    house = "(?:our|domus)"
    assert (entry.near, entry.not_near, entry.lead) == ((house,), (f"x{house}",), (f"y{house}",))
    assert [x.refusal.patterns for x in book.look_alikes if x.refusal.id == "car_t.site.r"] == [(f"{house} r",)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            with_parts(second="(?&sell)s?"),
            ["11: entries.0.patterns.1 (car_t.site.a): (?&sell) names no part; is (?&cell) meant?"],
        ),
        (
            with_parts(second="(?&xyz)"),
            ["11: entries.0.patterns.1 (car_t.site.a): (?&xyz) names no part; add it or mend its spelling"],
        ),
        (
            with_parts(cell="(?&hut)(?&house)"),
            ["5: parts.cell: (?&hut) names no part; add it or mend its spelling"],
        ),
        (
            with_parts(house="(?:our|(?&cell))"),
            [
                "4: parts.house: (?&house) runs in a circle, for house takes in cell takes in house; write the text of "
                "one of them out",
                "5: parts.cell: (?&cell) runs in a circle, for cell takes in house takes in cell; write the text of one "
                "of them out",
            ],
        ),
        (with_parts(cell="cel"), ["4: parts.house: no pattern takes it in; remove it"]),
        (
            with_parts(first="cel", second="cels"),
            [
                "4: parts.house: no pattern takes it in; remove it",
                "5: parts.cell: no pattern takes it in; remove it",
            ],
        ),
        (with_parts(house="(?:our"), ["4: parts.house: the pattern '(?:our' is no regular expression: "]),
        (with_parts().replace("  house: '(?:our|domus)'", "  house: 5"), ["4: parts.house: "]),
        (with_parts().replace("parts:", "parts: 5\nx:"), ["3: parts: "]),
    ],
)
def test_a_fault_in_the_parts_is_told_with_its_line(tmp_path: Path, content: str, told: list[str]) -> None:
    found = faults(tmp_path, vocabulary__x=content)
    assert [fault.startswith(f"vocabulary/x.yaml:{text}") for fault, text in zip(found, told, strict=False)] == [
        True for _ in told
    ], found


def test_a_part_that_is_missing_is_told_where_a_file_has_no_parts(tmp_path: Path) -> None:
    content = entry().replace("terms: [", "patterns: ['(?&house)', ")
    (fault,) = faults(tmp_path, vocabulary__x=content)
    assert fault.startswith("vocabulary/x.yaml:6: entries.0.patterns.0 (car_t.site.a): (?&house) names no part")


def test_a_run_tells_a_fault_of_the_parts_too(tmp_path: Path) -> None:
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "x.yaml").write_text(with_parts(second="(?&sell)"))
    with pytest.raises(RuleError, match=r"x.yaml:11: entries.0.patterns.1 .*names no part"):
        load_rulebook(tmp_path)
