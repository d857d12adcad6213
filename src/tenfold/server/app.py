"""The ASGI application: endpoints behind middleware."""

from __future__ import annotations

import contextlib
import gc
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold import __version__
from tenfold.server.api.fast_path import fast_path
from tenfold.server.api.openapi import describe_access
from tenfold.server.api.routes.explain import explain_routes
from tenfold.server.api.routes.health import health_routes
from tenfold.server.api.routes.model import model_routes
from tenfold.server.api.routes.page import page_routes
from tenfold.server.api.routes.predict import PATH as PREDICT
from tenfold.server.api.routes.predict import predict_routes
from tenfold.server.api.routes.read import PICTURE, read_routes
from tenfold.server.api.routes.retraining import retraining_routes
from tenfold.server.api.routes.run import run_routes
from tenfold.server.api.routes.samples import sample_routes
from tenfold.server.api.routes.training import training_routes
from tenfold.server.api.service import Service
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.middleware import add_middleware
from tenfold.server.http.middleware.errors import add_error_handlers
from tenfold.server.settings import Settings
from tenfold.server.target import resolve_target

DESCRIPTION = """Reads digits in images and pictures, on your own machine.

Every error has the same shape, with a stable code:
`{"error": {"code": "image_unreadable", "message": "...", "status": 422}}`."""

ROUTES = (
    model_routes,
    predict_routes,
    read_routes,
    explain_routes,
    sample_routes,
    retraining_routes,
    training_routes,
    run_routes,
    health_routes,
    page_routes,
)
"""All groups of endpoints, in the order of the documentation."""


def create_app(
    what: str | Path | None = None,
    *,
    samples: str | Path | None = None,
    settings: Settings | None = None,
) -> ASGIApp:
    """Create the service as an ASGI application.

    Args:
        what: folder of a run, or an ONNX file that ``tenfold export`` wrote; None for the packed
            reader.
        samples: folder of samples; by default ``samples``, or that in the folder of the run.
        settings: token, names and limits.

    Raises:
        InputError: the run or file cannot be used.
    """
    target = resolve_target(what)
    folder = target.samples if samples is None else Path(samples)
    return application(Service(target, folder, settings or Settings()))


def application(service: Service) -> ASGIApp:
    """Return the ASGI application of a service."""
    # Pillow warns below its own limit; the limit of the service is checked before decoding.
    warnings.filterwarnings("ignore", "Image size .* exceeds limit", module="PIL")
    app, routers = fastapi_app(service)
    routes = [route for router in routers for route in router.routes if isinstance(route, Route)]
    service.metrics.set_paths(route.path for route in routes)
    predict = fast_path(next(route for route in routes if route.path == PREDICT))

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PREDICT and scope["method"] == "POST":
            await predict(scope, receive, send)
        else:
            await app(scope, receive, send)

    return add_middleware(dispatch, service.settings, service.metrics)


def fastapi_app(service: Service) -> tuple[FastAPI, list[APIRouter]]:
    """Return the endpoints of a service, without middleware, and their routers."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.lifespan():
            # Garbage collection of all that is loaded would delay requests by tens of ms.
            gc.collect()
            gc.freeze()
            yield

    predictor = service.model.current.predictor
    app = FastAPI(
        title="tenfold",
        version=__version__,
        description=DESCRIPTION,
        generate_unique_id_function=lambda route: route.name,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(_refuse)] if predictor.multi_label else [],
    )
    routers = [group(service) for group in ROUTES]
    describe_access(app)
    add_error_handlers(app, routers)
    for router in routers:
        app.include_router(router)
    return app, routers


def _refuse(request: Request) -> None:
    """Refuse what needs one class an image; a model for several labels an image is served."""
    if request.method != "GET" and request.url.path not in (PREDICT, PICTURE):
        raise ServiceError(
            "invalid",
            f"{request.url.path} needs one class an image, and this model gives an image any "
            f"number of labels; use {PREDICT}",
        )
