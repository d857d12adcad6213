"""Who may call: host names, origins, tokens."""

import json

import pytest
from serving import OCTETS, run_async, serving

import tenfold
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.middleware.access import AccessControl
from tenfold.server.settings import Settings

TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A service that listens beyond this machine."""
    samples = tmp_path_factory.mktemp("guarded") / "samples"
    options = ("--host", "0.0.0.0", "--token", TOKEN, "--allow-host", "digits.example.org")
    with serving(samples, *options) as service:
        yield service


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost:8010", None),
        ("127.0.0.1", None),
        ("[::1]:80", None),
        ("LOCALHOST", None),
        ("evil.example", "host_refused"),
        ("127.0.0.1.evil.example", "host_refused"),
        ("localhost@evil.example", "host_refused"),
        ("evil.example#localhost", "host_refused"),
        ("192.168.1.5", "host_refused"),
        ("localhost:x", "host_refused"),
        ("", "host_refused"),
    ],
)
def test_only_names_of_this_machine_are_trusted(service, host, code):
    answer = service.json("GET", "/v1/model", Host=host)
    assert (answer[1].get("error", {}).get("code"), answer[0] == 200) == (code, code is None)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Origin": "http://127.0.0.1:{port}"}, None),
        ({"Origin": "http://evil.example"}, "origin_refused"),
        ({"Origin": "http://127.0.0.1:1"}, "origin_refused"),
        ({"Origin": "null"}, "origin_refused"),
        ({"Sec-Fetch-Site": "cross-site"}, "origin_refused"),
        ({"Sec-Fetch-Site": "same-site"}, "origin_refused"),
        ({"Sec-Fetch-Site": "same-origin"}, None),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, "origin_refused"),
    ],
)
def test_requests_of_other_origins_are_refused(service, headers, code):
    filled = {name: value.format(port=service.port) for name, value in headers.items()}
    status, given, content = service.request(
        "POST", "/v1/predict", bytes(784), {"Content-Type": OCTETS, **filled}
    )
    assert json.loads(content).get("error", {}).get("code") == code
    assert not {name for name in given if name.startswith("access-control")}
    assert status == (200 if code is None else 403)


def test_a_link_to_the_page_may_be_followed(service):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert service.request("GET", "/", None, headers)[0] == 200


def test_a_public_service_requires_a_token(guarded):
    assert f"/?token={TOKEN}" in guarded.text
    assert guarded.code("GET", "/v1/model") == "unauthorized"
    assert guarded.code("GET", "/") == "unauthorized"
    assert guarded.code("GET", "/v1/model", Authorization="Bearer wrong") == "unauthorized"
    assert guarded.code("GET", f"/v1/model?token={TOKEN}") == "unauthorized"
    assert guarded.json("GET", "/v1/model", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert guarded.json("GET", "/healthz")[0] == 200
    status, headers, _ = guarded.request("GET", f"/?token={TOKEN}")
    assert (status, headers["location"]) == (303, "/")
    assert "HttpOnly; SameSite=Strict" in headers["set-cookie"]
    cookie = headers["set-cookie"].partition(";")[0]
    assert guarded.request("GET", "/", None, {"Cookie": cookie})[0] == 200
    assert guarded.code("GET", "/?token=wrong") == "unauthorized"


@pytest.mark.parametrize("host", ["digits.example.org", "192.168.1.5:80", "DIGITS.example.org"])
def test_a_public_service_trusts_addresses_and_allowed_names(guarded, host):
    assert guarded.json("GET", "/healthz", Host=host)[0] == 200
    assert guarded.code("GET", "/healthz", Host="evil.example") == "host_refused"


def test_a_public_service_without_a_token_generates_one():
    running = pytest.importorskip("tenfold.server.running")
    assert running.secure("127.0.0.1", Settings()).token is None
    made = {running.secure("0.0.0.0", Settings()).token for _ in range(3)}
    assert len(made) == 3
    assert min(map(len, made)) == 32
    with pytest.raises(tenfold.InputError, match="--token"):
        running.secure("0.0.0.0", Settings(token=""))


def test_a_malformed_cookie_is_not_a_token():
    layer = AccessControl(None, Settings(token=TOKEN))
    scope = {"method": "GET", "path": "/v1/model", "query_string": b""}
    for cookie in (b"\xff\xfe", b"tenfold-token", b'tenfold-token="', b"=;=;" * 1000):
        with pytest.raises(ServiceError, match="a token is required"):
            run_async(
                layer(
                    {**scope, "headers": [(b"host", b"localhost"), (b"cookie", cookie)]}, None, None
                )
            )
