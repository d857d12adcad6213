"""Every error has its code, in one JSON shape."""

import json
import struct
import zlib

import pytest
from serving import FORM, JSON, OCTETS, PNG, blank_png, part, sample, serving, started

from tenfold.server.http.errors import STATUS


@pytest.fixture
def service(attacked):
    return attacked


def bomb(width, height):
    """A small PNG file whose header claims many pixels."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


# One request for each error; those in NOT_BY_ONE_REQUEST need more than one.
REFUSED = [
    ("not_found", "GET", "/nothing/here", None, None),
    ("not_found", "GET", "/static/%2e%2e%2fapp.py", None, None),
    ("method_not_allowed", "DELETE", "/v1/predict", None, None),
    ("method_not_allowed", "POST", "/healthz", b"", None),
    ("no_run", "GET", "/v1/run", None, None),
    ("no_run", "GET", "/report", None, None),
    ("sample_unknown", "GET", "/v1/samples/none/image", None, None),
    ("not_found", "DELETE", "/v1/samples/..%2f..%2fetc", None, None),
    ("version_unknown", "POST", "/v1/versions/7/activate", b"", None),
    ("conflict", "POST", "/v1/retraining", b"", None),
    ("conflict", "POST", "/v1/retraining/accept", b"", None),
    ("type_unsupported", "POST", "/v1/predict", b"x", None),
    ("type_unsupported", "POST", "/v1/predict", b"x", "text/plain"),
    ("type_unsupported", "POST", "/v1/read", b"x", OCTETS),
    ("type_unsupported", "POST", "/v1/samples", b"{}", "text/plain"),
    ("image_unreadable", "POST", "/v1/predict", b"x", PNG),
    ("image_unreadable", "POST", "/v1/predict", b"", PNG),
    ("image_unreadable", "POST", "/v1/predict", blank_png(28, 28)[:45], PNG),
    ("image_unreadable", "POST", "/v1/read", blank_png(90, 90)[:60], PNG),
    ("image_size", "POST", "/v1/predict", blank_png(28, 29), PNG),
    ("image_size", "POST", "/v1/predict", bomb(6000, 6000), PNG),
    ("image_too_large", "POST", "/v1/predict", bomb(60_000, 60_000), PNG),
    ("image_size", "POST", "/v1/predict", bytes(783), OCTETS),
    ("image_size", "POST", "/v1/predict", b"", OCTETS),
    ("image_too_large", "POST", "/v1/read", bomb(7100, 7100), PNG),
    ("image_too_large", "POST", "/v1/read", bomb(60_000, 60_000), PNG),
    ("images_too_many", "POST", "/v1/predict", bytes(784 * 1025), OCTETS),
    ("images_too_many", "POST", "/v1/explain", bytes(784 * 2), OCTETS),
    ("images_too_many", "POST", "/v1/predict", part(blank_png(28, 28)) * 1025 + b"--b--\r\n", FORM),
    ("images_too_many", "POST", "/v1/predict", part() * 5000 + b"--b--\r\n", FORM),
    ("body_malformed", "POST", "/v1/predict", b"--x\r\n", FORM),
    ("body_malformed", "POST", "/v1/predict", part(blank_png(28, 28)), FORM),
    ("body_malformed", "POST", "/v1/predict", part(b"", "other") + b"--b--\r\n", FORM),
    ("body_malformed", "POST", "/v1/predict", part(blank_png(28, 28)) * 2 + b"--b", FORM),
    ("body_malformed", "POST", "/v1/predict", b"x", "multipart/form-data"),
    ("body_malformed", "POST", "/v1/predict", b"--b\r\n" + b"a: b\r\n" * 99, FORM),
    ("body_malformed", "POST", "/v1/predict", b"{", JSON),
    ("body_malformed", "POST", "/v1/predict", b"[" * 100_000, JSON),
    ("body_malformed", "POST", "/v1/predict", b"[]", JSON),
    ("body_malformed", "POST", "/v1/predict", b"\xff\xfe{}", JSON),
    ("body_malformed", "POST", "/v1/predict", b'{"images": NaN}', JSON),
    ("invalid", "POST", "/v1/predict", {}, None),
    ("invalid", "POST", "/v1/predict", {"images": [[[0] * 28] * 27]}, None),
    ("invalid", "POST", "/v1/predict", {"images": [[[0] * 28] * 28, [[0]]]}, None),
    ("invalid", "POST", "/v1/predict", {"images": [[[256] * 28] * 28]}, None),
    ("invalid", "POST", "/v1/predict", {"images": [[["x" * 99] * 28] * 28]}, None),
    ("invalid", "POST", "/v1/predict", {"images": [[[10**400] * 28] * 28]}, None),
    ("invalid", "POST", "/v1/predict", {"images": [5, {}, None]}, None),
    ("invalid", "POST", "/v1/predict?top=0", bytes(784), OCTETS),
    ("invalid", "POST", "/v1/predict?top=x", bytes(784), OCTETS),
    ("invalid", "POST", "/v1/read?top=-1", blank_png(90, 90), PNG),
    ("invalid", "GET", "/v1/samples?limit=0", None, None),
    ("invalid", "POST", "/v1/versions/x/activate", b"", None),
    ("invalid", "POST", "/v1/samples", sample(label="eleven"), None),
    ("invalid", "POST", "/v1/samples", sample(label="../../3"), None),
    ("invalid", "POST", "/v1/samples", sample(image="*"), None),
    ("invalid", "POST", "/v1/samples", sample(confidence=2), None),
    ("invalid", "POST", "/v1/samples", sample(source="elsewhere"), None),
    ("invalid", "POST", "/v1/samples", sample(more=1), None),
    ("invalid", "POST", "/v1/samples", {}, None),
    ("image_unreadable", "POST", "/v1/samples", sample(image="AAAA"), None),
    ("body_too_large", "POST", "/v1/predict", bytes((16 << 20) + 1), OCTETS),
]


NOT_BY_ONE_REQUEST = {
    "bad_request",
    "busy",
    "headers_too_large",
    "host_refused",
    "internal",
    "not_ready",  # in test_run.py, with an unfinished run
    "origin_refused",
    "request_slow",
    "role_refused",
    "storage",
    "timeout",
    "tokens_too_many",
    "unauthorized",
}


@pytest.mark.parametrize(
    ("code", "method", "path", "body", "kind"),
    REFUSED,
    ids=[f"{code}-{i}" for i, (code, *_) in enumerate(REFUSED)],
)
def test_error_codes(service, code, method, path, body, kind):
    assert service.code(method, path, body, kind) == code


@pytest.mark.parametrize(("path", "most"), [("/v1/predict", 784), ("/v1/read", 50_000_000)])
def test_the_error_of_a_huge_picture_states_the_limit(service, path, most):
    _, answer = service.json("POST", path, bomb(60_000, 60_000), PNG)
    assert answer["error"]["details"] == {"limit": most}
    assert f"over {most:,} pixels; reduce or crop it" in answer["error"]["message"]


def test_every_error_code_is_tested():
    assert {code for code, *_ in REFUSED} | NOT_BY_ONE_REQUEST == set(STATUS)


def test_allowed_methods_of_a_path(service):
    status, headers, _ = service.request("PUT", "/v1/retraining")
    assert (status, headers["allow"]) == (405, "DELETE, GET, HEAD, POST")


def test_a_sample_that_cannot_be_written(tmp_path):
    with serving(tmp_path / "samples") as service:
        (tmp_path / "samples" / "3").write_text("in the way")
        assert service.code("POST", "/v1/samples", sample()) == "storage"
        assert service.json("POST", "/v1/samples", sample(label="4"))[0] == 201


FAULTY = """
import sys
from pathlib import Path
from tenfold.server import running
from tenfold.server.api import service
from tenfold.server.http.addresses import listen
from tenfold.server.settings import Settings
from tenfold.server.target import resolve_target

def fail(*_):
    raise RuntimeError("on purpose")

service.ServedModel.predict = service.Service.refresh = fail
listener = listen("127.0.0.1", 0)
address = f"open  http://127.0.0.1:{listener.getsockname()[1]}"
ready = lambda: print(address, file=sys.stderr, flush=True)
running.serve(resolve_target(None), Path(sys.argv[1]), Settings(), listener, ready)
"""


def test_an_unexpected_exception_is_logged_and_not_sent(tmp_path):
    with started(tmp_path, "-c", FAULTY, str(tmp_path / "samples")) as service:
        assert service.code("GET", "/v1/model") == "internal"
        status, answer = service.json("POST", "/v1/predict", bytes(784), OCTETS)
        assert (status, "purpose" in json.dumps(answer)) == (500, False)
        assert service.json("GET", "/healthz")[0] == 200
    assert "RuntimeError: on purpose" in service.text
