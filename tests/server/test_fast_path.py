"""The fast path answers as FastAPI does from the same declaration."""

import json

import pytest
from serving import run_async

from tenfold.server.api.routes.predict import PATH, Predictions
from tenfold.server.api.service import Service
from tenfold.server.app import application, fastapi_app
from tenfold.server.http.middleware import add_middleware
from tenfold.server.settings import Settings
from tenfold.server.target import resolve_target


@pytest.fixture(scope="module")
def apps(tmp_path_factory):
    service = Service(resolve_target(None), tmp_path_factory.mktemp("samples"), Settings())
    through_fastapi = add_middleware(fastapi_app(service)[0], service.settings, service.metrics)
    return application(service), through_fastapi


def post(app, query, body, kind=b"application/octet-stream"):
    messages = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        messages.append(message)

    length = str(len(body)).encode()
    headers = [(b"host", b"localhost"), (b"content-type", kind), (b"content-length", length)]
    scope = {"type": "http", "method": "POST", "path": PATH, "headers": headers}
    run_async(app({**scope, "query_string": query}, receive, send))
    start, *rest = messages
    return start["status"], dict(start["headers"]), b"".join(one.get("body", b"") for one in rest)


@pytest.mark.parametrize(
    "query",
    [b"", b"top=1", b"top=99", b"top=0", b"top=", b"top=x", b"top=1.5", b"other=1", b"top=1&top=2"],
)
def test_the_fast_path_validates_as_fastapi_does(apps, query):
    fast, slow = (post(app, query, bytes(784 * 2)) for app in apps)
    assert fast == slow


@pytest.mark.parametrize(("body", "kind"), [(b"x", b"text/plain"), (b"", b"image/png")])
def test_errors_of_the_fast_path_are_those_of_fastapi(apps, body, kind):
    fast, slow = (post(app, b"", body, kind) for app in apps)
    assert fast == slow
    assert fast[0] >= 400


def test_the_response_matches_its_declared_type(apps):
    _, _, body = post(apps[0], b"", bytes(784 * 2))
    declared = Predictions.model_validate(json.loads(body), extra="forbid")
    assert declared.model_dump() == json.loads(body)
    assert len(declared.answers) == 2
