"""Databases through SQLAlchemy: notes from a query, mentions into OMOP's ``note_nlp``."""

from extractor.databases.connection import Database, password_of
from extractor.databases.load import Loaded, load
from extractor.databases.notes import DatabaseNotes

__all__ = ["Database", "DatabaseNotes", "Loaded", "load", "password_of"]
