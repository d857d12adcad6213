"""The cache folder: files that can be downloaded or computed again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the absolute path of the cache folder, which need not exist.

    The environment variable ``TENFOLD_CACHE`` sets it; the default is the platform's cache
    folder.

    Example:
        >>> from tenfold.core.cache import cache_folder
        >>> cache_folder().is_absolute()
        True
    """
    chosen = os.environ.get("TENFOLD_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("tenfold", appauthor=False))
