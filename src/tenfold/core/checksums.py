"""SHA-256 of files and bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256(source: str | Path | bytes | bytearray | memoryview) -> str:
    """Return the SHA-256 of a file, given by its path, or of bytes: 64 hexadecimal digits.

    Example:
        >>> sha256(b"tenfold")[:16]
        '8972e3be1d252a95'
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return hashlib.sha256(source).hexdigest()
    with Path(source).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
