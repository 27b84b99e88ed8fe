"""Where each rule stands: file and line of ids, and faults that a plain loader passes over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError

from extractor.errors import RuleError
from extractor.rulefiles import RULE_FILES, advice_on, line_of, read_yaml, rule_at
from extractor.trial import Trial
from extractor.vocabularyshapes import Vocabulary

Place = tuple[Path, int]
_SHAPES: Final[dict[str, type[BaseModel]]] = {
    **RULE_FILES,
    "vocabulary": Vocabulary,
    "trials": Trial,
}
_RULE_LISTS: Final = (
    "entries",
    "refuse",
    "cues",
    "sections",
    "results",
    "connectors",
    "courses",
    "general",
    "causes",
    "dates",
    "persons",
)


def rule_files(folder: Path) -> list[Path]:
    """Return all YAML files in a rules folder, in order."""
    return sorted(p for p in folder.rglob("*") if p.suffix in (".yaml", ".yml") and p.is_file())


def file_faults(folder: Path, path: Path) -> Iterator[RuleError]:
    """Yield every fault of one file: its name, its syntax, keys that stand twice, its shape.

    Args:
        folder: the rules folder.
        path: the file.
    """
    inside = path.relative_to(folder)
    shape = _SHAPES.get(inside.parts[0]) if len(inside.parts) == (1 if inside.name in _SHAPES else 2) else None
    if shape is None or path.suffix != ".yaml":
        known = ", ".join(name if name.endswith(".yaml") else f"{name}/*.yaml" for name in _SHAPES)
        yield RuleError(path, None, f"is read by nothing, because of its name; known are {known}")
        return
    try:
        content = read_yaml(path)
    except RuleError as error:
        yield error
        return
    yield from _twice(path)
    if not isinstance(content, dict):
        yield RuleError(path, 1, "must be a mapping of keys; see rules/README.md")
        return
    try:
        shape.model_validate(content)
    except ValidationError as error:
        for fault in error.errors():
            where = ".".join(str(part) for part in fault["loc"]) or "the file"
            message = f"{where}{rule_at(content, fault['loc'])}: {advice_on(fault['type'], fault['msg'])}"
            yield RuleError(path, line_of(path, fault["loc"]) or 1, message)


def _twice(path: Path) -> Iterator[RuleError]:
    """Yield keys that stand twice in a mapping, of which YAML would take the later one silently."""
    waiting: list[Any] = [_composed(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                waiting.append(value)
                if key.value in seen:
                    yield RuleError(path, key.start_mark.line + 1, f"the key {key.value} stands twice; keep one")
                seen.add(key.value)


def places_of(path: Path) -> Iterator[tuple[str, Place]]:
    """Yield the id of every rule in a file with its place; the file must be YAML.

    Args:
        path: the file.
    """
    root = _composed(path)
    lists = (
        [value for key, value in root.value if key.value in _RULE_LISTS] if isinstance(root, yaml.MappingNode) else []
    )
    for rules in lists:
        for rule in rules.value if isinstance(rules, yaml.SequenceNode) else []:
            for key, value in rule.value if isinstance(rule, yaml.MappingNode) else []:
                if key.value == "id" and isinstance(value, yaml.ScalarNode):
                    yield value.value, (path, value.start_mark.line + 1)


def _composed(path: Path) -> Any:
    return yaml.compose(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
