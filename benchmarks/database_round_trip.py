"""Notes out of a PostgreSQL server and mentions back into its ``note_nlp``: how long each step takes.

    python benchmarks/database_round_trip.py --notes 20000 --workers 2

The server is started for it, as in the tests, and stopped afterwards. The example notes, or those of ``--source``, are repeated with new ids. Checked are
the count of rows, that each lies in its note at its offset, and that a second load changes nothing.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
import pyarrow.parquet as pq

from extractor.batch import screen
from extractor.databases import Database, DatabaseNotes, load
from extractor.notes import read_notes
from extractor.schema import Note
from tests.databases.conftest import NOTE, NOTE_NLP
from tests.databases.server import PASSWORD, postgresql

ROOT = Path(__file__).resolve().parent.parent
_MISPLACED = """
select count(*) from note_nlp join note using (note_id)
where substr(note_text, cast("offset" as integer) + 1, 20) <> substr(rpad(lexical_variant, 20, '~'), 1, 20)
and substr(note_text, cast("offset" as integer) + 1, length(lexical_variant)) <> lexical_variant
and length(lexical_variant) < 250
"""


def main() -> None:
    """Run all steps and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--source", type=Path, default=ROOT / "annotated_notes" / "dev")
    options = parser.parse_args()
    with postgresql() as url, tempfile.TemporaryDirectory() as place:
        with psycopg.connect(url, password=PASSWORD) as connection:
            fill(connection, options.notes, options.source)
        run = Path(place) / "run"
        began = time.perf_counter()
        source = DatabaseNotes(Database(url, PASSWORD), "select * from note order by note_id")
        done = screen([source], run, workers=options.workers)
        _say(f"screened {done.notes:,} notes, {done.mentions:,} mentions", began)
        for _ in range(2):
            began = time.perf_counter()
            result = load(run, Database(url, PASSWORD, writable=True))
            _say(f"loaded: {result.inserted:,} inserted, {result.unchanged:,} unchanged", began)
        with psycopg.connect(url, password=PASSWORD) as connection:
            ((rows,),) = connection.execute("select count(*) from note_nlp").fetchall()
            ((misplaced,),) = connection.execute(_MISPLACED).fetchall()
        # labels that begin with "_" serve the answers alone and are no rows of note_nlp
        told = sum(not label.startswith("_") for label in pq.read_table(run / "mentions.parquet")["label"].to_pylist())
        if rows != told or misplaced or result.unchanged != rows:
            sys.exit(f"{rows:,} rows for {told:,} mentions, {misplaced:,} of them misplaced")
        print(f"note_nlp holds {rows:,} rows, each at its place in its note")  # noqa: T201 - a benchmark talks


def _say(what: str, began: float) -> None:
    print(f"{what}, {time.perf_counter() - began:,.1f} s", flush=True)  # noqa: T201 - a benchmark talks


def fill(connection: psycopg.Connection[tuple[object, ...]], count: int, source: Path) -> None:
    """Make OMOP's tables and write notes."""
    texts = [note.text for note in read_notes([source]) if isinstance(note, Note)]
    connection.execute(NOTE.format(schema=""))
    connection.execute(NOTE_NLP.format(schema=""))
    lines = io.StringIO()
    rows = csv.writer(lines)
    for i in range(count):
        day = f"2024-{1 + i % 12:02}-{1 + i % 28:02}"
        rows.writerow([i + 1, i // 8, day, 0, 0, "Progress", texts[i % len(texts)], 0, 0])
    columns = (
        "note_id, person_id, note_date, note_type_concept_id, note_class_concept_id, note_title, note_text,"
        " encoding_concept_id, language_concept_id"
    )
    with connection.cursor().copy(f"copy note ({columns}) from stdin with (format csv)") as copy:
        copy.write(lines.getvalue())


if __name__ == "__main__":
    main()
