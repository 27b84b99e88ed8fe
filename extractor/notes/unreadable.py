"""The error of a file that cannot be opened or read to its end."""

from __future__ import annotations


class UnreadableError(OSError):
    """A file that cannot be read for a reason the system does not tell; the message is the reason."""
