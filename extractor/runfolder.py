"""The run folder: files readable by their owner alone, each there as a whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from extractor.errors import NoteCriteriaError, UsageError

RUN: Final = "run.json"
_PART: Final = re.compile(
    r"\.(mentions\.parquet|answers\.parquet|screening\.csv|report\.html|run\.json)\.[0-9a-f]{8}\.part"
)


class RunFolder:
    """Files written aside and put in place together at the end, ``run.json`` last.

    Args:
        path: the folder; it is made where it does not exist.

    Raises:
        UsageError: it cannot be made or written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made = not path.exists()
        self._waiting: dict[str, Path] = {}
        try:
            self._make()
        except OSError as error:
            raise UsageError(f"--out {path}: cannot be written ({why(error)}); name another folder") from None

    def _make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A folder that holds other things may be shared on purpose; the files are their owner's alone anyway.
        if self._made or (self.path / RUN).is_file() or not any(self.path.iterdir()):
            self.path.chmod(0o700)
        if not os.access(self.path, os.W_OK):
            raise PermissionError(13, "Permission denied")

    def tidy(self) -> None:
        """Take away what a run that was killed left half written; no other run may be at work in the folder."""
        for path in self.path.glob(".*.part"):
            if _PART.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def undo(self, *names: str) -> None:
        """Take files away again, and the folder too if it was made for this run and nothing else is in it."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)
        if self._made and not any(self.path.iterdir()):
            self.path.rmdir()

    def create(self, name: str, *, text: bool = False) -> IO[Any]:
        """Open a new file, which appears under its name once the run is done.

        Args:
            name: its name in the folder.
            text: for UTF-8 text with the line ends as written; else bytes.
        """
        aside = self.path / f".{name}.{secrets.token_hex(4)}.part"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._waiting[name] = aside
        if text:
            return os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="")
        return os.fdopen(descriptor, "wb")

    def __enter__(self) -> RunFolder:
        """Return the folder."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the files in place, or take them away where the run failed."""
        if kind is None:
            # Where run.json is, the other files belong to it, even if the next lines are cut short.
            (self.path / RUN).unlink(missing_ok=True)
        for name, aside in sorted(self._waiting.items(), key=lambda item: item[0] == RUN):
            if kind is None:
                aside.replace(self.path / name)
            else:
                aside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise NoteCriteriaError(
                f"--out {self.path}: cannot be written ({why(error)}); free some space or mend it, then go on with --resume"
            ) from None


def why(error: OSError) -> str:
    """Return the system's words for an error, without what the message says of the file.

    Args:
        error: the error.
    """
    return error.strerror or (os.strerror(error.errno) if error.errno else type(error).__name__)
