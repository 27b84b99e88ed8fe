"""Where inputs lie: local paths, addresses such as ``s3://bucket/notes.parquet``, and patterns for both.

Addresses go through fsspec, whose file systems ``universal_pathlib`` gives the shape of ``pathlib``.
"""

from __future__ import annotations

import glob
import io
import logging
import re
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any, Final, TypeVar, cast

from extractor.notes.issues import InputError
from extractor.notes.unreadable import UnreadableError

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|[A-Za-z][A-Za-z0-9+.-]+::")
_MAGIC: Final = re.compile(r"[*?\[]")
_PASSWORD: Final = re.compile(r"(?<=://)[^/@:]*:[^/@]*@")
_SIGNATURE: Final = re.compile(r"(?<=\?).*", re.DOTALL)
_WEB: Final = ("http://", "https://")
_MISSING: Final = "needs fsspec and universal_pathlib; pip install 'notecriteria[remote]'"
_CHATTY: Final = ("azure", "adlfs", "gcsfs", "google", "s3fs", "boto3", "botocore", "aiobotocore", "fsspec")
"""Libraries that log many lines about an address or credentials that do not work; what counts is told in one line."""
T = TypeVar("T")


def is_address(given: str | Path) -> bool:
    """Return whether an input is an address and no local path."""
    return isinstance(given, str) and _ADDRESS.match(given) is not None


def is_remote(path: Path) -> bool:
    """Return whether a path lies in a file system of fsspec."""
    return not isinstance(path, PurePath)


def shown(given: str | Path) -> str:
    """Return an input as messages and ``run.json`` name it: without the password or the signature of an address."""
    if not isinstance(given, str) or not is_address(given):
        return str(given)
    name = _PASSWORD.sub("...@", given)
    return _SIGNATURE.sub("...", name) if name.lower().startswith(_WEB) else name


def places_of(given: str | Path) -> list[Path]:
    """Return the paths that an input means: itself, or all that match its pattern, by name.

    Args:
        given: a path, an address, or a pattern of either.

    Raises:
        InputError: nothing matches, or the address needs a package or is of no known kind.
    """
    if isinstance(given, str) and is_address(given):
        return _remote(given)
    path = Path(given)
    if not _MAGIC.search(str(given)) or _exists(path):
        return [path]
    found = [Path(p) for p in sorted(glob.glob(str(given), recursive=True))]  # noqa: PTH207 - may be absolute
    if not found:
        raise InputError(given, "matches no file; mend the pattern")
    return found


def listed(folder: Path) -> list[Path]:
    """Return what a folder holds, by name, without hidden files.

    Args:
        folder: a local or remote folder.

    Raises:
        OSError: it cannot be read.
    """
    paths = translated(lambda: list(folder.iterdir())) if is_remote(folder) else folder.iterdir()
    return sorted((p for p in paths if not p.name.startswith(".")), key=lambda p: p.name)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _remote(given: str) -> list[Path]:
    if shown(given) != given:
        raise InputError(
            shown(given), "has a password or a signature in it; give that in the environment, or download the file"
        )
    try:
        import fsspec
        from upath import UPath
    except ImportError:
        raise InputError(shown(given), _MISSING) from None

    for name in _CHATTY:
        logging.getLogger(name).addHandler(logging.NullHandler())

    def find() -> list[Path]:
        if not _MAGIC.search(given):
            return [cast(Path, UPath(given))]
        system, pattern = fsspec.core.url_to_fs(given)
        matches = sorted(system.glob(pattern))
        return [cast(Path, UPath(system.unstrip_protocol(p), **system.storage_options)) for p in matches]

    try:
        found = translated(find)
    except UnreadableError as error:
        raise InputError(shown(given), str(error)) from None
    if not found:
        raise InputError(shown(given), "matches no file; mend the pattern")
    return found


def translated(action: Callable[[], T]) -> T:
    """Return what an action on a remote place gives; whatever its library raises becomes one kind of error.

    Args:
        action: what to do.

    Raises:
        FileNotFoundError: there is no such place.
        UnreadableError: anything else; the library's own words may hold secrets and are not passed on.
    """
    try:
        return action()
    except FileNotFoundError:
        raise FileNotFoundError(2, "No such file or directory") from None
    except ImportError as error:
        package = re.search(r"[Ii]nstall ([a-z0-9_-]+)", str(error))
        name = package[1] if package else "its package"
        raise UnreadableError(f"needs {name} for this kind of address; pip install {name}") from None
    except ValueError:
        raise UnreadableError("is of no known kind of address; give s3://, abfs://, gs:// or a local path") from None
    except Exception as error:
        what = type(error).__name__
        raise UnreadableError(f"cannot be read ({what}); check the address, the network and your credentials") from None


class _Remote(io.RawIOBase):
    """A remote file whose errors are of one kind."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return whether it can be read from any place."""
        return bool(self._file.seekable())

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer and return how many bytes were put there, 0 at the end."""
        data = translated(lambda: self._file.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place and return it."""
        return int(translated(lambda: self._file.seek(offset, whence)))

    def tell(self) -> int:
        """Return the place that is read next."""
        return int(self._file.tell())

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._file.close()
        super().close()


def open_remote(path: Path) -> io.RawIOBase:
    """Open a remote file.

    Args:
        path: a path of ``universal_pathlib``.

    Raises:
        OSError: it cannot be opened.
    """
    return _Remote(translated(lambda: path.open("rb")))
