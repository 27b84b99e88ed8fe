"""What the commands load: help and wrong usage answer without any heavy library."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"spacy", "medspacy", "pandas", "sklearn", "pyarrow", "numpy", "scipy", "matplotlib", "jinja2"}

RUN = """
import json, sys
from extractor.cli import main
sys.argv = ["notecriteria", *json.loads(sys.argv[1])]
try:
    code = main()
except SystemExit as end:
    code = end.code
print(json.dumps({"code": code or 0, "loaded": sorted({m.partition(".")[0] for m in sys.modules})}), file=sys.stderr)
"""


def loaded_by(*arguments: str) -> tuple[int, set[str], str]:
    """Return a command's exit code, the packages that its process loaded, and what it printed."""
    run = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(arguments)], capture_output=True, text=True, check=True, timeout=100
    )
    state = json.loads(run.stderr.splitlines()[-1])
    return state["code"], set(state["loaded"]), run.stdout


@pytest.mark.parametrize("arguments", [("--help",), ("screen", "--help"), ("explain", "--help"), ("rules", "--help")])
def test_help_loads_no_heavy_library(arguments: tuple[str, ...]) -> None:
    code, loaded, printed = loaded_by(*arguments)
    assert (code, "Usage" in printed) == (0, True)
    assert loaded.isdisjoint(HEAVY)


def test_the_first_help_does_not_load_the_readers_of_rules() -> None:
    assert loaded_by("--help")[1].isdisjoint({"pydantic", "yaml"})


def test_wrong_usage_loads_no_heavy_library() -> None:
    code, loaded, _ = loaded_by("nothing-of-the-kind")
    assert code == 2
    assert loaded.isdisjoint(HEAVY)


def test_the_package_itself_loads_next_to_nothing() -> None:
    code = "import sys, extractor; print(*sorted(m for m in sys.modules if m.startswith('extractor')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert run.stdout.split() == ["extractor"]


def test_the_extractor_loads_no_spacy() -> None:
    code = (
        "import sys; from extractor import Extractor; assert Extractor().mentions('Denies asthma.')[0].negated\n"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert set(run.stdout.split()).isdisjoint(HEAVY)


def test_public_names_are_found_and_others_are_not() -> None:
    import extractor

    assert all(getattr(extractor, name) is not None for name in extractor.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = extractor.nothing
