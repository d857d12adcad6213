"""Patience with storage that fails for a while."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import TypeVar

PAUSES = (1.0, 5.0, 15.0)
"""Seconds to wait before storage that failed is tried again."""

LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
"""Errors that do not pass."""

_OF_A_FILE = (None, errno.EINVAL, errno.ELOOP, errno.ENAMETOOLONG)

_CLIENTS = ("aiobotocore", "aiohttp", "azure", "botocore", "gcsfs", "google")
"""Packages of clients of storage, whose errors are no OSError."""

T = TypeVar("T")


def patiently(action: Callable[[], T], *, begun: bool = True) -> T:
    """Return the result of an action, which is repeated after an error of storage that may pass.

    Args:
        action: may be repeated.
        begun: the storage has worked before, so that a server that does not answer may come back.

    Raises:
        OSError: of the last try, or one that does not pass.

    Example:
        >>> patiently(lambda: 3)
        3
    """
    for pause in PAUSES:
        try:
            return action()
        except Exception as error:
            if not _may_pass(error, begun):
                raise
            time.sleep(pause)
    return action()


def is_outage(error: Exception) -> bool:
    """Whether an error is of the storage, and not of a single file."""
    if isinstance(error, OSError):
        return not isinstance(error, LASTING) and error.errno not in _OF_A_FILE
    return _is_of_client(error)


def _may_pass(error: Exception, begun: bool) -> bool:
    if isinstance(error, OSError):
        return not isinstance(error, LASTING)
    return begun and _is_of_client(error)


def _is_of_client(error: Exception) -> bool:
    kind = type(error)
    return kind.__module__.partition(".")[0] in _CLIENTS and "Credentials" not in kind.__name__
