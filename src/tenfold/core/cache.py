"""The cache folder: files that can be downloaded or computed again."""

from __future__ import annotations

import os
from pathlib import Path

from tenfold.core.errors import InputError


def cache_folder() -> Path:
    """Return the absolute path of the cache folder, which need not exist.

    The environment variable ``TENFOLD_CACHE`` sets it; the default is the platform's cache
    folder.

    Raises:
        InputError: the variable is not set, and the user has no home folder.

    Example:
        >>> from tenfold.core.cache import cache_folder
        >>> cache_folder().is_absolute()
        True
    """
    folder = find_cache_folder()
    if folder is None:
        raise InputError(
            "no home folder to keep the cache in; set TENFOLD_CACHE to a folder that can be "
            "written, or HOME"
        )
    return folder


def find_cache_folder() -> Path | None:
    """Return the cache folder as ``cache_folder`` does; None where there is none."""
    chosen = os.environ.get("TENFOLD_CACHE")
    try:
        if chosen:
            return Path(chosen).expanduser().absolute()
        import platformdirs

        return Path(platformdirs.user_cache_dir("tenfold", appauthor=False)).absolute()
    except RuntimeError:  # no HOME, and no entry in the list of users
        return None
