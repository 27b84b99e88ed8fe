"""Rule files read and checked; every fault is told with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_origin

import yaml
from pydantic import VERSION, BaseModel, ValidationError

from extractor.causeshapes import CauseFile
from extractor.errors import RuleError
from extractor.kept import kept
from extractor.learnedshapes import LearnedFile, SpanFile
from extractor.ruleshapes import CourseFile, CueFile, DateFile, GeneralFile, PersonFile, ResultFile, SectionFile

RULE_FILES: Final[dict[str, type[BaseModel]]] = {
    "context.yaml": CueFile,
    "sections.yaml": SectionFile,
    "results.yaml": ResultFile,
    "courses.yaml": CourseFile,
    "general.yaml": GeneralFile,
    "causes.yaml": CauseFile,
    "dates.yaml": DateFile,
    "persons.yaml": PersonFile,
}
"""The shape of each rule file beside the vocabularies and trials, in the order in which they are read."""

LEARNED: Final = "learned.json"
"""The file of learned weights; a site's own takes the place of the shipped one."""

SPANS: Final = "spans.json"
"""The file of learned weights for where mentions are; a site's own takes the place of the shipped one."""

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file.

    Raises:
        RuleError: not readable or no YAML, with its line.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise RuleError(path, line, f"is no YAML ({error.problem}); mend the syntax") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleError(path, None, f"cannot be read ({type(error).__name__})") from None


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(path: Path, model: type[Model]) -> Model:
    """Return a rule file as a checked model; one that was found good before is not checked again.

    Args:
        path: the YAML file.
        model: the shape it must have.

    Raises:
        RuleError: the first fault, with file, line, where in the file and the remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return load_checked(path, model)  # which tells the fault
    versions = [model.__name__, VERSION]
    good = kept("rules", [*versions, text], _CHECKED_BY, lambda: load_checked(path, model).model_dump(mode="json"))
    return _built(model, good)


_CHECKED_BY = (
    "rulefiles",
    "ruleshapes",
    "ruleshapebase",
    "vocabularyshapes",
    "causeshapes",
    "ruleparts",
    "terms",
    "schema",
)
"""Modules whose code checks a file."""


def _built(model: type[Model], content: dict[str, Any]) -> Model:
    """Return a model with content that was checked before."""
    values = {}
    for name, field in model.model_fields.items():
        value = content[name]
        if isinstance(value, list) and get_origin(field.annotation) is tuple:
            inner = get_args(field.annotation)[0]
            is_model = isinstance(inner, type) and issubclass(inner, BaseModel)
            value = tuple(_built(inner, each) for each in value) if is_model else tuple(value)
        values[name] = value
    return model.model_construct(**values)


def load_checked(path: Path, model: type[Model]) -> Model:
    """Return a rule file as a model, checked in any case.

    Args:
        path: the YAML file.
        model: the shape it must have; it may hold unions, which :func:`load` cannot rebuild unchecked.

    Raises:
        RuleError: the first fault, with file, line, where in the file and the remedy.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise RuleError(path, 1, "must be a mapping of keys; see rules/README.md")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        loc = first["loc"]
        where = ".".join(str(part) for part in loc) or "the file"
        advice = advice_on(first["type"], first["msg"])
        more = f" (and {error.error_count() - 1} more faults)" if error.error_count() > 1 else ""
        rule = rule_at(content, loc)
        raise RuleError(path, line_of(path, loc), f"{where}{rule}: {advice}{more}") from None


def advice_on(kind: str, message: str) -> str:
    """Return the remedy of a fault.

    Args:
        kind: pydantic's name of the fault.
        message: what pydantic says of it.
    """
    if kind == "extra_forbidden":
        return "this key is not known here; remove it or mend its spelling"
    if kind == "missing":
        return "this key is missing; add it"
    return message.removeprefix("Value error, ")


def rule_at(content: Any, loc: tuple[Any, ...]) -> str:
    """Return the id of the rule at a place of a file, in brackets; empty where there is none."""
    if len(loc) >= 2 and isinstance(loc[1], int):
        try:
            return f" ({content[loc[0]][loc[1]]['id']})"
        except (KeyError, IndexError, TypeError):
            return ""
    return ""


def line_of(path: Path, loc: tuple[Any, ...]) -> int | None:
    """Return the line, counted from 1, on which a place of a YAML file stands."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(part)]
            if not found:
                break
            key, node = found[0]
            if not isinstance(node, yaml.MappingNode | yaml.SequenceNode):
                return int(key.start_mark.line) + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            break
    return int(node.start_mark.line) + 1 if node is not None else None


def load_weights(path: Path) -> LearnedFile | None:
    """Return a file of learned weights, ``None`` for one without any clue, which turns the second reading off.

    Raises:
        RuleError: not readable, or not of the shape.
    """
    found = _load_json(path, LearnedFile)
    return found if found.clues or found.layer else None


def load_spans(path: Path) -> SpanFile | None:
    """Return a file of learned weights for where mentions are, ``None`` for one without any label, which turns this reading off.

    Raises:
        RuleError: not readable, or not of the shape.
    """
    found = _load_json(path, SpanFile)
    return found if found.labels else None


def _load_json(path: Path, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RuleError(path, None, f"cannot be read ({type(error).__name__})") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise RuleError(path, None, f"{where}: {first['msg']}; make it with `notecriteria learn`") from None
