"""The application: what can be asked, and what answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold import __version__
from tenfold.errors import InputError
from tenfold.reading import READER
from tenfold.server import bodies, metrics
from tenfold.server.answers import as_json
from tenfold.server.errors import ServiceError
from tenfold.server.gate import Gate
from tenfold.server.metrics import Metrics
from tenfold.server.networks import Network
from tenfold.server.pages import Pages
from tenfold.server.predicting import PATH, Predict
from tenfold.server.reading import Reader
from tenfold.server.settings import Settings

JSON = "application/json"


def create_app(artifact: str | Path | None = None, *, settings: Settings | None = None) -> ASGIApp:
    """The service as an ASGI application, for uvicorn or another server.

    Args:
        artifact: the ONNX file that answers, as ``tenfold export`` wrote it; None for the reader
            that comes with tenfold.
        settings: who may call, and the limits.

    Raises:
        InputError: the artifact cannot be used.
    """
    chosen = settings or Settings()
    network = Network(
        READER if artifact is None else Path(artifact),
        "shipped" if artifact is None else str(artifact),
    )
    app = FastAPI(title="tenfold", version=__version__, docs_url=None, redoc_url=None)
    _handle_errors(app)
    counted = Metrics(frozenset())
    _add_watching(app, counted)
    _add_answering(app, network, chosen, counted)
    _add_pages(app)
    predict = Predict(network, chosen.limits, counted.images.labels("predict").inc)

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        hot = scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST"
        await (predict if hot else app)(scope, receive, send)

    return Gate(routed, chosen, counted)


def _json(value: Any, status: int = 200) -> Response:
    return Response(as_json(value), status, media_type=JSON)


def _handle_errors(app: FastAPI) -> None:
    def told(_: Request, error: Any) -> Response:
        answer: Response = error.response()
        return answer

    def wrong(_: Request, error: Exception) -> Response:
        return ServiceError("invalid", str(error)).response()

    def invalid(_: Request, error: Any) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        return ServiceError("invalid", f"{place}: {first['msg']}").response()

    def by_status(_: Request, error: Any) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_request")
        return ServiceError(code, str(error.detail), headers=dict(error.headers or {})).response()

    def internal(_: Request, error: Exception) -> Response:
        return ServiceError("internal", "a fault of the service, which its log tells").response()

    app.add_exception_handler(ServiceError, told)
    app.add_exception_handler(InputError, wrong)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, by_status)
    app.add_exception_handler(Exception, internal)


def _add_watching(app: FastAPI, counted: Metrics) -> None:
    @app.get("/healthz")
    async def healthz() -> Response:
        return _json({"status": "ok"})

    @app.get("/readyz")
    async def readyz() -> Response:
        return _json({"status": "ready"})

    @app.get("/metrics")
    async def metrics_() -> Response:
        return Response(counted.text(), media_type=metrics.TYPE)


def _add_answering(app: FastAPI, network: Network, settings: Settings, counted: Metrics) -> None:
    limits = settings.limits
    reader = Reader(limits.reads)

    @app.get("/v1/model")
    async def model() -> Response:
        return _json(network.card(limits))

    @app.post("/v1/read")
    async def read(request: Request) -> Response:
        kind, body = bodies.content_type(request.scope), await bodies.whole(request.receive)
        picture = bodies.picture_of(kind, body, limits)
        current = network.current
        found = await reader.read(picture, current)
        return _json(found | {"model": {"version": current.version}})


def _add_pages(app: FastAPI) -> None:
    pages = Pages()

    @app.get("/", include_in_schema=False)
    async def index(request: Request) -> Response:
        return pages.index(request)

    @app.get("/static/{name:path}", include_in_schema=False)
    async def static(name: str, request: Request) -> Response:
        return pages.static(name, request)
