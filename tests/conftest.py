"""Made-up notes that several tests read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from extractor import Extractor, Screener, build_pipeline
from extractor.workers import Crew, Settings, extraction

if TYPE_CHECKING:
    from spacy import Language

NOTES = {
    "P001__n1__2024-03-01.txt": (
        "HPI: 34-year-old woman with adult-onset Still's disease, fever, ferritin 12,400 ng/mL.\r\n"
        "HLH diagnosed, HLH-2004 6/8 criteria met. EBV PCR not detected.\r\nPMH: childhood asthma.\r\n"
    ),
    "P001__n2__2024-03-09.txt": "Denies COPD. Mother with lymphoma. Will send repeat EBV PCR.\n",
    "00417__a__2024-02-02.txt": "SLE since 2015. Never received CAR-T. NKDA.\n",
    "P003__empty.txt": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of four notes of three patients; the one note of P003 is empty."""
    path = tmp_path / "notes"
    path.mkdir()
    for name, text in NOTES.items():
        (path / name).write_bytes(text.encode())
    return path


@pytest.fixture(scope="session")
def extractor() -> Extractor:
    """The extractor with the shipped rules, built once."""
    return Extractor()


@pytest.fixture(scope="session")
def screener() -> Screener:
    """The screener of the default trial, built once."""
    return Screener()


@pytest.fixture(scope="session")
def pipeline() -> Language:
    """The reference pipeline, built once."""
    return build_pipeline()


def extract_notes(
    items: Iterable[Any], rules: Path | None, workers: int, *, redact: bool, apart: bool = False
) -> Iterator[Any]:
    """Yield what notes give to so many processes, in order."""
    with Crew(workers, Settings(rules, redact), apart=apart) as crew:
        yield from crew.run(extraction(), items)
