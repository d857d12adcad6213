"""Who may call: host names, origins, tokens."""

import asyncio
import json
import time
from collections import Counter

import pytest
from serving import OCTETS, run_async, serving

import tenfold
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.middleware.access import AccessControl
from tenfold.server.http.tokens import WRONG_SECONDS, WRONG_TOKENS, Tokens, _network
from tenfold.server.settings import PUPIL, TEACHER, Settings

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
    assert cookie == f"tenfold-token-{guarded.port}={TOKEN}"
    assert guarded.request("GET", "/", None, {"Cookie": cookie})[0] == 200
    assert guarded.request("HEAD", "/", None, {"Cookie": cookie})[0] == 200
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
    for cookie in (b"\xff\xfe", b"tenfold-token-80", b'tenfold-token-80="', b"=;=;" * 1000):
        with pytest.raises(ServiceError, match="a token is required"):
            run_async(
                layer(
                    {**scope, "headers": [(b"host", b"localhost"), (b"cookie", cookie)]}, None, None
                )
            )


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_the_scheme_of_a_token_may_be_in_any_case(guarded, scheme):
    assert guarded.json("GET", "/v1/model", Authorization=f"{scheme} {TOKEN}")[0] == 200
    assert guarded.code("GET", "/v1/model", Authorization=f"Basic {TOKEN}") == "unauthorized"


@pytest.mark.parametrize("other", ["bad@name=1", 'x="unclosed', "{json}=1", "=", "a", "k\xe9=1"])
def test_cookies_of_others_do_not_lock_a_client_out(guarded, other):
    own = f"tenfold-token-{guarded.port}={TOKEN}"
    for cookies in (f"{other}; {own}", f"{own}; {other}"):
        assert guarded.json("GET", "/v1/model", Cookie=cookies)[0] == 200
    stale = own.replace(TOKEN, "0" * 16).replace(str(guarded.port), "1")  # of another port
    assert guarded.json("GET", "/v1/model", Cookie=f"{stale}; {own}")[0] == 200


def test_wrong_tokens_are_slowed_and_then_refused_unchecked(tmp_path):
    tokens = Tokens(Settings(token=TOKEN))

    async def guess():
        began = time.monotonic()
        guesses = [tokens.role([b"%d" % i], "10.0.0.1") for i in range(50)]
        errors = await asyncio.gather(*guesses, return_exceptions=True)
        assert await tokens.role([TOKEN.encode()], "10.0.0.2") == (TEACHER, TOKEN.encode())
        with pytest.raises(ServiceError, match="wrong tokens") as refused:
            await tokens.role([TOKEN.encode()], "10.0.0.1")
        assert int(refused.value.headers["retry-after"]) > 0
        return Counter(error.code for error in errors), time.monotonic() - began

    codes, seconds = run_async(guess())
    assert codes == {"unauthorized": WRONG_TOKENS, "tokens_too_many": 50 - WRONG_TOKENS}
    assert seconds >= WRONG_SECONDS
    assert len({_network(f"2001:db8::{i}") for i in range(9)}) == 1


def test_pupils_draw_and_read_and_teachers_do_all(tmp_path):
    layer = AccessControl(None, Settings(token=TOKEN, pupil_token="pupilpupil"))
    reached = []

    async def app(scope, receive, send):
        reached.append(scope["role"])

    layer.app = app

    def call(token, path):
        headers = [(b"host", b"localhost"), (b"authorization", b"Bearer " + token)]
        scope = {"method": "POST", "path": path, "query_string": b"", "headers": headers}
        run_async(layer(scope, None, None))

    for path in (
        "/v1/read",
        "/v1/predict",
        "/v1/explain",
        "/page/model",
        "/v1/model",
        "/",
        "/static/draw.js",
    ):
        call(b"pupilpupil", path)
    assert set(reached) == {PUPIL}
    for path in (
        "/v1/samples",
        "/v1/retraining",
        "/v1/training",
        "/v1/training/knobs",
        "/v1/retraining/accept",
        "/v1/versions",
        "/metrics",
    ):
        with pytest.raises(ServiceError, match="teachers have another") as refused:
            call(b"pupilpupil", path)
        assert refused.value.code == "role_refused"
        call(TOKEN.encode(), path)
    assert reached[-1] == TEACHER
