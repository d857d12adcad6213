"""Image files of a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.errors import InputError, one_line
from tenfold.core.patience import is_outage
from tenfold.core.places import read_all
from tenfold.scoring.batches import SIZE, Batch, Errors, Layout, printable


def read(folder: Path, unit: Mapping[str, Any], layout: Layout, errors: Errors) -> Iterator[Batch]:
    """Yield the images of the unit's ``files``; other arguments as for Parquet."""
    files = unit["files"]
    for start in range(0, len(files), SIZE):
        part = files[start : start + SIZE]
        names = [printable(file) for file in part]
        found = read_all([folder / file for file in part])
        contents = [_or_reason(content) for content in found]
        images, kept = layout.decode(contents, [(name, 0) for name in names], errors)
        yield Batch(images, np.zeros(len(kept), np.int64), [names[i] for i in kept])


def _or_reason(content: bytes | Exception) -> bytes | InputError:
    if isinstance(content, bytes):
        return content
    if is_outage(content):
        raise content
    if isinstance(content, OSError) and content.strerror:
        return InputError(f"cannot be read ({content.strerror})")
    return InputError(f"cannot be read ({one_line(content, 120)})")
