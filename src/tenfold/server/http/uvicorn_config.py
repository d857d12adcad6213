"""The configuration of uvicorn, for one process and for workers."""

from __future__ import annotations

import functools
from typing import Any

import uvicorn

from tenfold.server.http.connection import Connection
from tenfold.server.settings import Limits

GRACE_SECONDS = 30
"""Time that requests in flight have to finish during a graceful shutdown."""


def uvicorn_config(app: Any, limits: Limits, **options: Any) -> uvicorn.Config:
    """Return the configuration of a server.

    Args:
        app: the application, or with ``factory=True`` a function that creates it.
        limits: on requests and connections.
        **options: further options of ``uvicorn.Config``.
    """
    protocol: Any = functools.partial(Connection, limits=limits)
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **options,
    )
