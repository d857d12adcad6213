"""The HTTP service: endpoints and a page for one model, its run and the user's samples.

===================  =========================================================================
``running``          start the service in one or several processes
``supervisor``       worker processes
``training_monitor`` serve a run while it is trained
``target``           what is served: packed reader, model file or run
``start_message``    what is printed at the start
``settings``         token, names and limits
``reference``        the API reference, generated from OpenAPI
``app``              the ASGI application: endpoints behind middleware
``api/``             endpoints: one module of ``api/routes/`` for each group, with its types
``http/``            connection, middleware, bodies, errors, counters
``web/``             the page
===================  =========================================================================
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.server.app import create_app as create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """Import ``create_app`` on first use: the other modules do not all need FastAPI."""
    if name not in __all__:
        raise AttributeError(f"module 'tenfold.server' has no attribute {name!r}")
    from tenfold.server.app import create_app

    return create_app
