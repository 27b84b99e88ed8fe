"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Trial = Annotated[str, typer.Option("--trial", metavar="FILE-or-ID", help="Trial id, or the path of a trial file.")]
Rules = Annotated[Path | None, typer.Option("--rules", help="A site's own rules, laid over the shipped ones.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="YYYY-MM-DD", help="Reference date; default: each patient's latest note."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Gold = Annotated[Path, typer.Option("--gold", help="The gold folder, with a folder per split.")]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Database: postgresql://user@host/db, sqlite:///file, duckdb:///file."),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file", metavar="FILE", help="File with the password; else NOTECRITERIA_DB_PASSWORD is used."
    ),
]
