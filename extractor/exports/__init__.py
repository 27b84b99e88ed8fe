"""A run in the formats of other tools: one module per format, each with ``write``.

brat and Label Studio are written by ``evaluation.handover``, which has these formats for the gold too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from extractor.errors import UsageError

if TYPE_CHECKING:
    from extractor.exports.files import Exported

FORMATS: Final = ("redcap", "omop", "excel", "fhir")
ANNOTATION_FORMATS: Final = ("brat", "label-studio")


def check_format(to: str, *, notes: Sequence[str | Path] = (), identifier_system: str | None = None) -> None:
    """Refuse a format that does not exist, and options that it has no use for.

    Args:
        to: the format's name.
        notes: the notes, if any were given.
        identifier_system: the URI, if one was given.

    Raises:
        UsageError: none was given, there is no such format, or an option is not for it.
    """
    known = ", ".join((*FORMATS, *ANNOTATION_FORMATS))
    if not to:
        raise UsageError(f"--to FORMAT is missing; name one of {known}")
    if to not in (*FORMATS, *ANNOTATION_FORMATS):
        raise UsageError(f"--to {to}: there is no such format; name one of {known}")
    if notes and to not in (*ANNOTATION_FORMATS, "omop"):
        raise UsageError(f"--notes: {to} has no use for the notes; leave it out")
    if identifier_system is not None and to != "fhir":
        raise UsageError(f"--identifier-system: {to} has no use for it; leave it out")


def export(
    folder: Path,
    to: str,
    out: Path,
    *,
    trial: str | None = None,
    rules: Path | None = None,
    notes: Sequence[str | Path] = (),
    columns: Mapping[str, str] | None = None,
    identifier_system: str | None = None,
) -> Exported:
    """Write a run for another tool.

    Args:
        folder: the run folder.
        to: one of ``FORMATS``.
        out: the folder or file to write.
        trial: the trial's id or file; by default the one that the run names.
        rules: a site's own rules, where the trial may lie; by default those of the run.
        notes: the notes again, for the snippets of ``omop``.
        columns: the notes' column names by field; by default those of the run.
        identifier_system: URI that says whose patient ids these are, for ``fhir``.

    Returns:
        What was written and what was left out.

    Raises:
        UsageError: wrong options, a run that cannot be read, a place that cannot be written, or a package missing.
        RuleError: a fault in the trial file.
    """
    from extractor.exports.run import open_run

    check_format(to, notes=notes, identifier_system=identifier_system)
    run = open_run(folder, trial=trial, rules=rules)
    if to == "omop":
        from extractor.exports import omop
        from extractor.exports.texts import Texts

        return omop.write(run, out, Texts(run, notes, columns) if notes else None)
    if to == "redcap":
        from extractor.exports import redcap

        return redcap.write(run, out)
    if to == "excel":
        from extractor.exports import excel

        return excel.write(run, out)
    from extractor.exports import fhir

    return fhir.write(run, out, identifier_system=identifier_system)
