"""Errors as single lines on standard error, with the contract's exit codes."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperGroup

_OF_THE_MACHINE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO)
"""Errors that no program can mend: disk full, too many open files and the like."""
_INTERRUPTED: Final = 130
"""What the parser returns after Ctrl-C."""


class OneLineErrors(TyperGroup):
    """The command group; whatever goes wrong is one line on standard error, with the contract's exit code."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line."""
        if not options.pop("standalone_mode", True):
            return super().main(*args, **{**options, "standalone_mode": False})
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
        except Exception as error:
            _explain(error)
        if code == _INTERRUPTED:
            _fail("stopped; nothing was written", 1)
        sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception) -> NoReturn:
    """Tell an error in one line; an unforeseen one by kind and place alone, for its message may hold note text."""
    from extractor.errors import NoteCriteriaError

    if isinstance(error, NoteCriteriaError):
        _fail(str(error), error.exit_code)
    message = getattr(error, "format_message", None)  # wrong usage, told by the parser
    if message is not None:
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(message(), err=True)
            sys.exit(2)
        _fail(" ".join(message().split()), getattr(error, "exit_code", 2))
    if type(error).__name__ == "Abort":
        _fail("stopped; nothing was written", 1)
    if os.environ.get("NOTECRITERIA_DEBUG"):
        raise error
    if isinstance(error, MemoryError):
        _fail("the memory is full; take fewer --workers, split the longest notes or give the machine more", 1)
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        _fail(f"{os.strerror(error.errno)} (at {_place(error)}); mend that, then start the command again", 1)
    _fail(f"failed with {type(error).__name__} at {_place(error)}; please report this", 1)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "an unknown place"


def _fail(message: str, code: int) -> NoReturn:
    for line in message.splitlines():
        tell(f"notecriteria: {line}")
    sys.exit(code)


def tell(line: str) -> None:
    """Print a line on standard error.

    Args:
        line: the line; what a terminal cannot show is left out.
    """
    from extractor.wording import printable

    typer.echo(printable(line), err=True)
