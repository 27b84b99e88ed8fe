"""The errors a person sees; their messages never hold note text."""

from __future__ import annotations


class NoteCriteriaError(Exception):
    """Base of all errors with a message meant for the person at the terminal."""

    exit_code = 1


class UsageError(NoteCriteriaError):
    """Wrong usage or input that cannot be read at all; the command ends with 2."""

    exit_code = 2


class RuleError(NoteCriteriaError):
    """A fault in a rule or trial file.

    Args:
        path: the file.
        line: its line, counted from 1, or ``None`` where the whole file is meant.
        message: the fault and its remedy.
    """

    exit_code = 2

    def __init__(self, path: object, line: int | None, message: str) -> None:
        self.path, self.line, self.message = str(path), line, message
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {message}")
