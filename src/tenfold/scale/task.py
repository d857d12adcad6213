"""A call of a task's function, where an error is a value."""

from __future__ import annotations

import faulthandler
import importlib
from collections.abc import Mapping
from typing import Any

from tenfold.core.errors import InputError, one_line
from tenfold.core.patience import patiently
from tenfold.scale.executor import LESS_MEMORY


def call(
    function: str, arguments: Mapping[str, Any], timeout: float | None = None
) -> dict[str, Any]:
    """Call ``module:function`` and return its ``value``, or its ``error`` in one line.

    An OSError that may pass, such as of a network file system, is tried again. After ``timeout``
    seconds the process ends, and writes to stderr where it was; None for no limit.

    Example:
        >>> call("math:sqrt", {})
        {'error': 'TypeError: math.sqrt() takes exactly one argument (0 given)'}
    """
    if timeout is None:
        return _call(function, arguments)
    faulthandler.dump_traceback_later(timeout, exit=True, file=2)
    try:
        return _call(function, arguments)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _call(function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    module, _, name = function.partition(":")
    try:
        work = getattr(importlib.import_module(module), name)
        return {"value": patiently(lambda: work(**arguments))}
    except InputError as error:
        return {"error": str(error)}
    except MemoryError as error:
        return {"error": f"not enough memory ({one_line(error, 100)}); {LESS_MEMORY}"}
    except Exception as error:
        return {"error": one_line(error)}
