"""A call of a task's function, where an error is a value."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping
from typing import Any

from tenfold.core.errors import InputError, one_line

PAUSES = (1.0, 5.0, 15.0)
"""Seconds to wait before storage that failed is tried again."""

_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


def call(function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Call ``module:function`` and return its ``value``, or its ``error`` in one line.

    An OSError that may pass, such as of a network file system, is tried again.

    Example:
        >>> call("math:sqrt", {})
        {'error': 'TypeError: math.sqrt() takes exactly one argument (0 given)'}
    """
    module, _, name = function.partition(":")
    for pause in (*PAUSES, None):
        try:
            return {"value": getattr(importlib.import_module(module), name)(**arguments)}
        except InputError as error:
            return {"error": str(error)}
        except OSError as error:
            if pause is None or isinstance(error, _LASTING):
                return {"error": one_line(error)}
            time.sleep(pause)
        except Exception as error:
            return {"error": one_line(error)}
    raise AssertionError("unreachable")
