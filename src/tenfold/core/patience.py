"""Patience with storage that fails for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PAUSES = (1.0, 5.0, 15.0)
"""Seconds to wait before storage that failed is tried again."""

_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)

T = TypeVar("T")


def patiently(action: Callable[[], T]) -> T:
    """Return the result of an action, which is repeated after an OSError that may pass.

    Raises:
        OSError: of the last try, or one that does not pass.

    Example:
        >>> patiently(lambda: 3)
        3
    """
    for pause in PAUSES:
        try:
            return action()
        except _LASTING:
            raise
        except OSError:
            time.sleep(pause)
    return action()
