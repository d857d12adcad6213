"""The application: the service behind its gate, for uvicorn or another server."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold import __version__
from tenfold.server.api.predict import PATH
from tenfold.server.api.routes.documents import documents
from tenfold.server.api.routes.health import watching
from tenfold.server.api.routes.images import answering
from tenfold.server.api.routes.runs import pages, showing
from tenfold.server.api.routes.samples import retraining, samples
from tenfold.server.api.service import Service
from tenfold.server.http.error_handlers import add_handlers
from tenfold.server.http.middleware import Gate
from tenfold.server.settings import Settings
from tenfold.server.target import choose

ABOUT = """Digits in images and pictures, read on your own machine.

Every error has the same shape, with a stable code:
`{"error": {"code": "image_unreadable", "message": "...", "status": 422}}`."""


def create_app(
    what: str | Path | None = None,
    *,
    samples: str | Path | None = None,
    settings: Settings | None = None,
) -> ASGIApp:
    """The service as an ASGI application.

    Args:
        what: the folder of a run, or the ONNX file that ``tenfold export`` wrote; None for the
            reader that comes with tenfold.
        samples: the folder of samples; by default ``samples``, or that in the folder of the run.
        settings: who may call, and the limits.

    Raises:
        InputError: what is to be served cannot be used.
    """
    subject = choose(what)
    folder = subject.samples if samples is None else Path(samples)
    return application(Service(subject, folder, settings or Settings()))


def application(service: Service) -> ASGIApp:
    """A service as an ASGI application."""
    # The limit of pixels is the service's own, checked before anything is decoded.
    warnings.filterwarnings("ignore", "Image size .* exceeds limit", module="PIL")

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.watching():
            yield

    app = FastAPI(
        title="tenfold",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    groups = (answering, samples, retraining, showing, watching, pages)
    routers = [*(group(service) for group in groups), documents(app)]
    add_handlers(app, routers)
    for router in routers:
        app.include_router(router)
    service.metrics.name_paths(
        route.path for router in routers for route in router.routes if isinstance(route, Route)
    )

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        hot = scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST"
        await (service.predict if hot else app)(scope, receive, send)

    return Gate(routed, service.settings, service.metrics)
