"""FHIR R4: a Questionnaire for the trial, a QuestionnaireResponse with its Provenance for each patient.

Every resource is validated by ``fhir.resources`` before it is written. That package has R4B (4.3.0), in which the
resources used here are those of R4 (4.0.1).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import IO, Any, Final

from extractor.errors import UsageError
from extractor.exports.files import Exported, export_folder, parent_folder, write_readme
from extractor.exports.run import Patient, Run
from extractor.runfolder import RunFolder
from extractor.schema import CONFIDENCES, SCREENS, STATUSES, Answer, Mention
from extractor.tables import storable
from extractor.trial import Question
from extractor.wording import SCREEN_WORDS, printable, status_words

Resource = Mapping[str, Any]
Refer = Callable[[str, str], str]
_NAMES: Final = uuid.UUID("9f4d1c1e-5b7a-4e0c-9a51-2f6c0d7b3e88")
"""The namespace of all ids made here, so that the same patient always gets the same ones."""
_ORIGINS: Final = {"tool": "by the tool, not yet reviewed", "reviewer": "by a reviewer"}
_GROUPS: Final = {"finding": "Findings", "inclusion": "Inclusion criteria", "exclusion": "Exclusion criteria"}
_READINGS: Final = {"finding": "", "inclusion": " (not met excludes)", "exclusion": " (met excludes)"}
_AGENTS: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_XHTML: Final = "http://www.w3.org/1999/xhtml"


def write(run: Run, out: Path, *, identifier_system: str | None = None) -> Exported:
    """Write a run as FHIR resources.

    Args:
        run: the run.
        out: a ``.json`` file for one transaction Bundle, which a server takes as it is, or a folder for a file of
            lines per type of resource.
        identifier_system: URI that says whose patient ids these are.

    Returns:
        What was written.

    Raises:
        UsageError: fhir.resources is missing, ``out`` cannot be written, or the run cannot be read.
    """
    _check_package()
    if identifier_system is not None and not re.fullmatch(r"[A-Za-z][\w+.-]*:\S+", identifier_system):
        raise UsageError(f"--identifier-system {identifier_system}: is no URI; give one such as urn:oid:2.999.1")
    done = Exported(out, {"responses": 0})
    if out.suffix.lower() == ".json":
        with parent_folder(out, ".json") as folder, folder.create(out.name, text=True) as stream:
            resources = Resources(run, _urn, identifier_system)
            _write_bundle(stream, _validated(resources, done))
    else:
        with export_folder(out) as folder:
            _write_lines(folder, _validated(Resources(run, _relative, identifier_system), done))
            write_readme(folder, run, "FHIR R4", _TOLD)
    return done


_TOLD: Final = (
    "A file of lines for each type of resource, as bulk data servers give them. A `QuestionnaireResponse` stays "
    "`in-progress` until a reviewer has gone through all of its answers.",
)


def _check_package() -> None:
    try:
        import fhir.resources.R4B  # noqa: F401
    except ImportError:
        raise UsageError("--to fhir needs fhir.resources; install it with pip install 'notecriteria[export]'") from None


def _urn(_: str, name: str) -> str:
    return f"urn:uuid:{name}"


def _relative(kind: str, name: str) -> str:
    return f"{kind}/{name}"


def _id(*parts: str) -> str:
    return str(uuid.uuid5(_NAMES, "\x1f".join(storable(p) for p in parts)))


class Resources:
    """All resources of a run, in the order in which they refer to each other.

    Args:
        run: the run.
        refer: how a resource of a type and id is referred to.
        identifier_system: URI that says whose patient ids these are.
    """

    def __init__(self, run: Run, refer: Refer, identifier_system: str | None = None) -> None:
        self._run, self._refer, self._system = run, refer, identifier_system
        trial = run.trial
        self._codes = f"urn:uuid:{_id('codes')}"
        self._url = f"urn:uuid:{_id('canonical', trial.trial)}"
        listed = json.dumps([(q.id, q.kind, q.text) for q in trial.questions])
        self._version = hashlib.sha256(listed.encode()).hexdigest()[:12]
        self._device = _id("device", run.system)

    def __iter__(self) -> Iterator[Resource]:
        """Yield the code system, the questionnaire and the device, then each patient's resources."""
        yield self.code_system()
        yield self.questionnaire()
        yield self.device()
        for patient in self._run.patients():
            response = self.response(patient)
            yield response
            yield self.provenance(patient, response["id"])

    def code_system(self) -> Resource:
        """Return the codes that answers are given in."""
        words = {
            **{status: status.replace("_", " ") for status in STATUSES},
            **{confidence: confidence for confidence in CONFIDENCES},
            **_ORIGINS,
            **SCREEN_WORDS,
        }
        return {
            "resourceType": "CodeSystem",
            "id": _id("code-system"),
            "url": self._codes,
            "name": "NotecriteriaAnswers",
            "title": "Answers of notecriteria",
            "status": "active",
            "content": "complete",
            "caseSensitive": True,
            "count": len(words),
            "concept": [{"code": code, "display": display} for code, display in words.items()],
        }

    def questionnaire(self) -> Resource:
        """Return the trial's questions."""
        trial = self._run.trial
        groups = [
            {"linkId": f"group.{kind}", "text": title, "type": "group", "item": items}
            for kind, title in _GROUPS.items()
            if (items := [self._question(q) for q in trial.questions if q.kind == kind])
        ]
        return {
            "resourceType": "Questionnaire",
            "id": _id("questionnaire", trial.trial),
            "url": self._url,
            "version": self._version,
            "identifier": [{"value": trial.trial}],
            "name": "Screening_" + re.sub(r"\W", "_", trial.trial, flags=re.ASCII),
            "title": f"Screening for {trial.trial}: {trial.title}",
            "status": "active",
            "subjectType": ["Patient"],
            "description": self._run.statement,
            "item": [
                {"linkId": "statement", "text": self._run.statement, "type": "display"},
                self._choice("screen", "Roll-up", SCREENS),
                *groups,
            ],
        }

    def _question(self, question: Question) -> Resource:
        link = question.id
        parts = (("note", "string"), ("date", "date"), ("start", "integer"), ("end", "integer"), ("text", "text"))
        evidence = [*parts, ("label", "string"), ("concept", "string"), ("mention", "string")]
        return {
            **self._choice(link, question.text + _READINGS[question.kind], STATUSES),
            "prefix": link,
            "item": [
                self._choice(f"{link}.confidence", "Confidence", CONFIDENCES),
                {"linkId": f"{link}.rationale", "text": "Reason", "type": "text"},
                self._choice(f"{link}.origin", "Answered", tuple(_ORIGINS)),
                {
                    "linkId": f"{link}.evidence",
                    "text": "Evidence, strongest first",
                    "type": "group",
                    "repeats": True,
                    "item": [{"linkId": f"{link}.evidence.{n}", "text": n, "type": t} for n, t in evidence],
                },
            ],
        }

    def _choice(self, link: str, text: str, codes: Iterable[str]) -> dict[str, Any]:
        options = [{"valueCoding": self._coding(code)} for code in codes]
        return {"linkId": link, "text": text, "type": "choice", "answerOption": options}

    def _coding(self, code: str) -> Resource:
        display = _ORIGINS.get(code) or SCREEN_WORDS.get(code) or code.replace("_", " ")
        return {"system": self._codes, "code": code, "display": display}

    def device(self) -> Resource:
        """Return the tool that gave the answers, with its version and rules."""
        return {
            "resourceType": "Device",
            "id": self._device,
            "deviceName": [{"name": "notecriteria", "type": "user-friendly-name"}],
            "type": {"text": "software that reads clinical notes"},
            "version": [
                {"type": {"text": "software"}, "value": self._run.version},
                {"type": {"text": "rules digest"}, "value": self._run.digest},
            ],
        }

    def response(self, patient: Patient) -> Resource:
        """Return a patient's answers.

        Args:
            patient: the patient.
        """
        trial = self._run.trial
        groups = [
            {"linkId": f"group.{kind}", "text": title, "item": items}
            for kind, title in _GROUPS.items()
            if (items := [self._answered(q, patient) for q in trial.questions if q.kind == kind])
        ]
        return {
            "resourceType": "QuestionnaireResponse",
            "id": _id("response", self._system or "", trial.trial, patient.patient_id),
            "text": {"status": "generated", "div": self._narrative(patient)},
            "questionnaire": f"{self._url}|{self._version}",
            "status": "completed" if patient.reviewed else "in-progress",
            "subject": self._subject(patient.patient_id),
            "authored": _instant(self._run.finished),
            "author": {"reference": self._refer("Device", self._device), "display": self._run.system},
            "item": [
                {"linkId": "screen", "text": "Roll-up", "answer": [{"valueCoding": self._coding(patient.screen)}]},
                *groups,
            ],
        }

    def _subject(self, patient_id: str) -> Resource:
        identifier = {"system": self._system} if self._system else {}
        return {"type": "Patient", "identifier": {**identifier, "value": _string(patient_id)}}

    def _answered(self, question: Question, patient: Patient) -> Resource:
        answer, link = patient.answers[question.id], question.id
        items = [
            self._coded(f"{link}.confidence", answer.confidence),
            {"linkId": f"{link}.rationale", "answer": [{"valueString": _string(answer.rationale)}]},
            self._coded(f"{link}.origin", answer.origin),
            *(_evidence(f"{link}.evidence", mention) for mention in patient.evidence(answer)),
        ]
        given = {"valueCoding": self._coding(answer.status), "item": items}
        return {"linkId": link, "text": question.text + _READINGS[question.kind], "answer": [given]}

    def _coded(self, link: str, code: str) -> Resource:
        return {"linkId": link, "answer": [{"valueCoding": self._coding(code)}]}

    def _narrative(self, patient: Patient) -> str:
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(_string(cell))}</td>' for cell in _told(question, answer))}</tr>"
            for question in self._run.trial.questions
            for answer in [patient.answers[question.id]]
        )
        roll_up = SCREEN_WORDS[patient.screen]
        return (
            f'<div xmlns="{_XHTML}"><p><b>{escape(self._run.statement)}</b></p>'
            f"<p>Roll-up: {roll_up}</p><table>{rows}</table></div>"
        )

    def provenance(self, patient: Patient, response_id: str) -> Resource:
        """Return where a patient's answers come from: tool, rules, time and notes, and whether a reviewer had a part.

        Args:
            patient: the patient.
            response_id: the id of the patient's response.
        """
        recorded = _instant(self._run.finished)
        tool = {"reference": self._refer("Device", self._device), "display": self._run.system}
        agents = [{"type": _agent("assembler", "Assembler"), "who": tool}]
        if any(a.origin == "reviewer" for a in patient.answers.values()):
            agents.append({"type": _agent("verifier", "Verifier"), "who": {"display": "a reviewer at the site"}})
        entities = [
            {"role": "source", "what": {"type": "DocumentReference", "identifier": {"value": note}, "display": shown}}
            for note, shown in _sources(patient).items()
        ]
        return {
            "resourceType": "Provenance",
            "id": _id("provenance", response_id, recorded),
            "target": [{"reference": self._refer("QuestionnaireResponse", response_id)}],
            "occurredDateTime": recorded,
            "recorded": recorded,
            "activity": {"text": "pre-filled from clinical notes; a person decides"},
            "agent": agents,
            **({"entity": entities} if entities else {}),
        }


def _told(question: Question, answer: Answer) -> tuple[str, ...]:
    words = status_words(question.kind, answer.status)
    return question.id, question.text, words, _ORIGINS[answer.origin], answer.rationale


def _agent(code: str, display: str) -> Resource:
    return {"coding": [{"system": _AGENTS, "code": code, "display": display}]}


def _evidence(link: str, m: Mention) -> Resource:
    values: list[tuple[str, str, Any]] = [
        ("note", "valueString", _string(m.note_id)),
        ("date", "valueDate", m.note_date),
        ("start", "valueInteger", m.start),
        ("end", "valueInteger", m.end),
        ("text", "valueString", _string(m.text) if m.text is not None else None),
        ("label", "valueString", m.label),
        ("concept", "valueString", m.concept),
        ("mention", "valueString", m.mention_id),
    ]
    items = [
        {"linkId": f"{link}.{name}", "answer": [{kind: value}]} for name, kind, value in values if value is not None
    ]
    return {"linkId": link, "item": items}


def _sources(patient: Patient) -> dict[str, str]:
    """Return the notes behind a patient's answers, each with how it is shown."""
    used = [m for a in patient.answers.values() for m in patient.evidence(a)]
    return {_string(m.note_id): f"note {_string(m.note_id)}, {m.note_date or 'undated'}" for m in used}


def _string(text: str) -> str:
    """Return text that a FHIR string may hold: no control characters, never nothing."""
    return printable(text).strip() or "-"


def _instant(when: dt.datetime) -> str:
    return when.isoformat(timespec="seconds")


def _validated(resources: Iterable[Resource], done: Exported) -> Iterator[Resource]:
    from fhir.resources.R4B import get_fhir_model_class

    for resource in resources:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        done.counts["responses"] += resource["resourceType"] == "QuestionnaireResponse"
        yield resource


def _line(content: Resource) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _write_bundle(stream: IO[str], resources: Iterable[Resource]) -> None:
    """Write a transaction Bundle entry by entry; loading it again puts the same resources in place."""
    stream.write('{"resourceType":"Bundle","type":"transaction","entry":[')
    for number, resource in enumerate(resources):
        place = f"{resource['resourceType']}/{resource['id']}"
        request = {"method": "PUT", "url": place}
        entry = {"fullUrl": _urn("", resource["id"]), "resource": resource, "request": request}
        stream.write(("," if number else "") + "\n" + _line(entry))
    stream.write("\n]}\n")


def _write_lines(folder: RunFolder, resources: Iterable[Resource]) -> None:
    streams: dict[str, IO[str]] = {}
    try:
        for resource in resources:
            kind = resource["resourceType"]
            if kind not in streams:
                streams[kind] = folder.create(f"{kind}.ndjson", text=True)
            streams[kind].write(_line(resource) + "\n")
    finally:
        for stream in streams.values():
            stream.close()
