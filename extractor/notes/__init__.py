"""Notes from folders, tables and single files: one stream of notes and of what could not be read."""

from extractor.notes.columns import FIELDS, parse_columns
from extractor.notes.issues import Found, InputError, Located, NoteIssue, Source
from extractor.notes.places import shown
from extractor.notes.reader import Input, Item, Seen, find_notes, read_notes
from extractor.notes.reading import Reading, reading

__all__ = [
    "FIELDS",
    "Found",
    "Input",
    "InputError",
    "Item",
    "Located",
    "NoteIssue",
    "Reading",
    "Seen",
    "Source",
    "find_notes",
    "parse_columns",
    "read_notes",
    "reading",
    "shown",
]
