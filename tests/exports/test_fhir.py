"""FHIR: valid resources that refer to each other and say the same as the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle

from extractor.errors import UsageError
from extractor.exports import fhir
from extractor.exports.run import Run

from .conftest import ANSWERS, EBV, TRIAL, answers, mention, redacted

Resource = dict[str, Any]


def lines(run: Run, out: Path, **options: Any) -> dict[str, list[Resource]]:
    """Write the resources as lines and return them by type."""
    fhir.write(run, out, **options)
    return {p.stem: [json.loads(line) for line in p.read_text().splitlines()] for p in out.glob("*.ndjson")}


@pytest.fixture
def resources(run: Run, tmp_path: Path) -> dict[str, list[Resource]]:
    return lines(run, tmp_path / "out")


@pytest.fixture
def bundle(run: Run, tmp_path: Path) -> Resource:
    fhir.write(run, tmp_path / "run.json")
    found: Resource = json.loads((tmp_path / "run.json").read_text())
    return found


def items_of(resource: Any) -> Iterator[Resource]:
    """Yield all items of a questionnaire or a response, those within answers too."""
    for item in resource.get("item", []):
        yield item
        yield from items_of(item)
        for answer in item.get("answer", []):
            yield from items_of(answer)


def references(value: Any) -> Iterator[str]:
    """Yield all literal references within a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from references(part)


def test_every_resource_is_valid_by_the_models_of_fhir(resources: dict[str, list[Resource]]) -> None:
    assert set(resources) == {"CodeSystem", "Questionnaire", "Device", "QuestionnaireResponse", "Provenance"}
    for kind, found in resources.items():
        for resource in found:
            assert get_fhir_model_class(kind).model_validate_json(json.dumps(resource)).id == resource["id"]


def test_the_bundle_is_valid_and_each_entry_can_be_put_again(bundle: Resource) -> None:
    model = Bundle.model_validate(bundle)
    assert (model.type, len(model.entry)) == ("transaction", 3 + 2 * 2)
    for entry in bundle["entry"]:
        kind, name = entry["resource"]["resourceType"], entry["resource"]["id"]
        assert entry["request"] == {"method": "PUT", "url": f"{kind}/{name}"}
        assert entry["fullUrl"] == f"urn:uuid:{name}"


def test_references_of_a_bundle_are_to_its_own_entries(bundle: Resource) -> None:
    there = {entry["fullUrl"] for entry in bundle["entry"]}
    asked = set(references(bundle))
    assert asked and asked <= there


def test_references_of_lines_are_to_resources_in_them(resources: dict[str, list[Resource]]) -> None:
    there = {f"{kind}/{r['id']}" for kind, found in resources.items() for r in found}
    asked = set(references([r for found in resources.values() for r in found]))
    assert asked and asked <= there


def test_a_response_answers_the_questionnaires_items_with_its_options(resources: dict[str, list[Resource]]) -> None:
    (questionnaire,) = resources["Questionnaire"]
    asked = {item["linkId"]: item for item in items_of(questionnaire)}
    kinds = {"choice": "valueCoding", "string": "valueString", "text": "valueString", "date": "valueDate"}
    kinds |= {"integer": "valueInteger"}
    for response in resources["QuestionnaireResponse"]:
        assert response["questionnaire"] == f"{questionnaire['url']}|{questionnaire['version']}"
        for item in items_of(response):
            question = asked[item["linkId"]]
            for answer in item.get("answer", []):
                value = answer[kinds[question["type"]]]
                options = [option["valueCoding"] for option in question.get("answerOption", [])]
                assert not options or value in options


def test_all_link_ids_differ(resources: dict[str, list[Resource]]) -> None:
    links = [item["linkId"] for item in items_of(resources["Questionnaire"][0])]
    assert len(set(links)) == len(links)


def test_all_codes_are_of_the_code_system(resources: dict[str, list[Resource]]) -> None:
    (system,) = resources["CodeSystem"]
    known = {(c["code"], c["display"]) for c in system["concept"]}
    options = [o["valueCoding"] for i in items_of(resources["Questionnaire"][0]) for o in i.get("answerOption", [])]
    assert {o["system"] for o in options} == {system["url"]}
    assert {(o["code"], o["display"]) for o in options} == known


def test_the_answers_come_back_as_they_were(resources: dict[str, list[Resource]]) -> None:
    responses = {r["subject"]["identifier"]["value"]: r for r in resources["QuestionnaireResponse"]}
    for answer in ANSWERS:
        items = {item["linkId"]: item for item in items_of(responses[answer.patient_id])}
        q = answer.question

        def value(link: str, items: dict[str, Resource] = items) -> Any:
            (given,) = items[link]["answer"]
            return given.get("valueString") or given["valueCoding"]["code"]

        said = (value(q), value(f"{q}.confidence"), value(f"{q}.rationale"), value(f"{q}.origin"))
        assert said == (answer.status, answer.confidence, answer.rationale, answer.origin)
        assert (f"{q}.evidence" in items) is bool(answer.evidence)


def test_evidence_says_where_it_stands(resources: dict[str, list[Resource]]) -> None:
    items = {item["linkId"]: item for item in items_of(resources["QuestionnaireResponse"][0])}
    found = {
        link.rpartition(".")[2]: next(v for k, v in item["answer"][0].items() if k.startswith("value"))
        for link, item in items.items()
        if link.startswith("ebv_active.evidence.")
    }
    assert found == {
        "note": "n1", "date": "2024-03-01", "start": 42, "end": 49, "text": "EBV PCR", "label": "EBV",
        "concept": "EBV", "mention": "m42",
    }  # fmt: skip


def test_what_people_read_says_how_much_is_assessed_and_what_excludes(resources: dict[str, list[Resource]]) -> None:
    (questionnaire,) = resources["Questionnaire"]
    assert questionnaire["description"] == questionnaire["item"][0]["text"] == TRIAL.statement
    response = resources["QuestionnaireResponse"][0]
    told = "".join(ElementTree.fromstring(response["text"]["div"]).itertext())
    assert TRIAL.statement in told
    assert "met – excludes" in told and "Asthma < COPD & more." in told


@pytest.mark.parametrize(("origin", "status"), [("reviewer", "completed"), ("tool", "in-progress")])
def test_a_response_is_complete_once_a_reviewer_went_through_it(
    make_run: Callable[..., Run], tmp_path: Path, origin: str, status: str
) -> None:
    given = answers(**{q.id: {"origin": "reviewer"} for q in TRIAL.questions} | {"I1": {"origin": origin}})
    (response,) = lines(make_run([], given), tmp_path / "out")["QuestionnaireResponse"]
    assert response["status"] == status


def test_provenance_names_tool_rules_time_notes_and_the_reviewer(resources: dict[str, list[Resource]]) -> None:
    reviewed, plain = resources["Provenance"]
    (device,) = resources["Device"]
    assert [v["value"] for v in device["version"]] == ["9.8.7", "abc123"]
    assert reviewed["recorded"] == "2024-05-06T07:08:09+00:00"
    assert [a["type"]["coding"][0]["code"] for a in reviewed["agent"]] == ["assembler", "verifier"]
    assert [a["type"]["coding"][0]["code"] for a in plain["agent"]] == ["assembler"]
    assert [e["what"]["identifier"]["value"] for e in reviewed["entity"]] == ["n1"]
    assert "entity" not in plain
    assert reviewed["target"][0]["reference"].endswith(resources["QuestionnaireResponse"][0]["id"])


def test_ids_stay_from_run_to_run_and_differ_between_patients(run: Run, tmp_path: Path) -> None:
    first, second = (lines(run, tmp_path / name) for name in ("a", "b"))
    assert first == second
    names = [r["id"] for found in first.values() for r in found]
    assert len(set(names)) == len(names)


def test_an_identifier_system_says_whose_the_ids_are(run: Run, tmp_path: Path) -> None:
    found = lines(run, tmp_path / "out", identifier_system="urn:oid:2.999.1")["QuestionnaireResponse"]
    assert found[0]["subject"]["identifier"] == {"system": "urn:oid:2.999.1", "value": "007"}


@pytest.mark.parametrize("system", ["MRN", "urn:", "a b:c", ""])
def test_an_identifier_system_must_be_a_uri(run: Run, tmp_path: Path, system: str) -> None:
    with pytest.raises(UsageError, match="is no URI"):
        fhir.write(run, tmp_path / "out", identifier_system=system)


def test_a_redacted_run_gives_no_words(make_run: Callable[..., Run], tmp_path: Path) -> None:
    run = make_run([redacted(EBV)], answers(ebv_active={"status": "met", "evidence": ("m42",)}))
    links = [i["linkId"] for i in items_of(lines(run, tmp_path / "out")["QuestionnaireResponse"][0])]
    assert "ebv_active.evidence.start" in links and "ebv_active.evidence.text" not in links


@pytest.mark.parametrize("text", ["a\x00b\x1b", "\ud83d", " ", "\u2028", "caf\u00e9 🙂 <b>&"])
def test_any_text_gives_valid_resources(make_run: Callable[..., Run], tmp_path: Path, text: str) -> None:
    found = mention(0, len(text), text=text, note_id=text, mention_id="m0")
    run = make_run([found], answers("007", I1={"status": "met", "rationale": text, "evidence": ("m0",)}))
    assert fhir.write(run, tmp_path / "run.json").counts == {"responses": 1}
    Bundle.model_validate_json((tmp_path / "run.json").read_bytes())


def test_files_are_their_owners_alone(run: Run, tmp_path: Path) -> None:
    lines(run, tmp_path / "out")
    fhir.write(run, tmp_path / "out" / "run.json")
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "out").iterdir()} == {0o600}
