"""The service under attack: every error has its code, and nothing stops it."""

import base64
import io
import json
import random
import socket
import struct
import threading
import time
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import schemathesis
from hypothesis import Phase, given
from hypothesis import settings as bounded
from PIL import Image
from schemathesis.specs.openapi import checks
from serving import limited, received, serving, started

import tenfold
from tenfold.server.http import access, multipart
from tenfold.server.http.errors import STATUS, ServiceError
from tenfold.server.settings import Settings

PNG, OCTETS, JSON = "image/png", "application/octet-stream", "application/json"
FORM = "multipart/form-data; boundary=b"
TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("attacked") / "samples") as found:
        yield found
        assert found.json("GET", "/healthz") == (200, {"status": "ok"})
    assert found.process.returncode == 0
    assert "Traceback" not in found.text


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A service that is soon out of patience."""
    limits = {
        "header_seconds": 1.0,
        "body_seconds": 1.0,
        "headers": 4096,
        "connections": 12,
        "waiting": 1,
    }
    with limited(tmp_path_factory.mktemp("strict") / "samples", **limits) as found:
        yield found
        assert found.json("GET", "/healthz") == (200, {"status": "ok"})
    assert "Traceback" not in found.text


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A service that other machines could call."""
    samples = tmp_path_factory.mktemp("guarded") / "samples"
    options = ("--host", "0.0.0.0", "--token", TOKEN, "--allow-host", "digits.example.org")
    with serving(samples, *options) as found:
        yield found


def png(width, height, colour=0):
    file = io.BytesIO()
    Image.new("L", (width, height), colour).save(file, "PNG")
    return file.getvalue()


def bomb(width, height):
    """A PNG of few bytes that says it has many pixels."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def sample(**changes):
    image = base64.b64encode(bytes(784)).decode()
    return {"image": image, "label": "3", **changes}


def part(content=b"", name="file"):
    return b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (
        name.encode(),
        content,
    )


# One request for each error. What is not here stands in NOT_BY_ONE_REQUEST, with a test below.
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
    ("image_unreadable", "POST", "/v1/predict", png(28, 28)[:45], PNG),
    ("image_unreadable", "POST", "/v1/read", png(90, 90)[:60], PNG),
    ("image_size", "POST", "/v1/predict", png(28, 29), PNG),
    ("image_size", "POST", "/v1/predict", bomb(6000, 6000), PNG),
    ("image_too_large", "POST", "/v1/predict", bomb(60_000, 60_000), PNG),
    ("image_size", "POST", "/v1/predict", bytes(783), OCTETS),
    ("image_size", "POST", "/v1/predict", b"", OCTETS),
    ("image_too_large", "POST", "/v1/read", bomb(7100, 7100), PNG),
    ("image_too_large", "POST", "/v1/read", bomb(60_000, 60_000), PNG),
    ("images_too_many", "POST", "/v1/predict", bytes(784 * 1025), OCTETS),
    ("images_too_many", "POST", "/v1/explain", bytes(784 * 2), OCTETS),
    ("images_too_many", "POST", "/v1/predict", part(png(28, 28)) * 1025 + b"--b--\r\n", FORM),
    ("images_too_many", "POST", "/v1/predict", part() * 5000 + b"--b--\r\n", FORM),
    ("body_malformed", "POST", "/v1/predict", b"--x\r\n", FORM),
    ("body_malformed", "POST", "/v1/predict", part(png(28, 28)), FORM),
    ("body_malformed", "POST", "/v1/predict", part(b"", "other") + b"--b--\r\n", FORM),
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
    ("invalid", "POST", "/v1/read?top=-1", png(90, 90), PNG),
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
    "not_ready",  # in test_server.py, with a run under way
    "origin_refused",
    "request_slow",
    "storage",
    "timeout",
    "unauthorized",
}


@pytest.mark.parametrize(
    ("code", "method", "path", "body", "kind"),
    REFUSED,
    ids=[f"{code}-{i}" for i, (code, *_) in enumerate(REFUSED)],
)
def test_what_cannot_be_answered_is_refused_in_one_shape(service, code, method, path, body, kind):
    assert service.code(method, path, body, kind) == code


@pytest.mark.parametrize(("path", "most"), [("/v1/predict", 784), ("/v1/read", 50_000_000)])
def test_a_picture_that_is_far_too_large_is_told_what_is_allowed(service, path, most):
    _, answer = service.json("POST", path, bomb(60_000, 60_000), PNG)
    assert answer["error"]["details"] == {"limit": most}
    assert f"over {most:,} pixels; reduce or crop it" in answer["error"]["message"]


def test_every_code_is_walked():
    assert {code for code, *_ in REFUSED} | NOT_BY_ONE_REQUEST == set(STATUS)


# Who may call


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
def test_only_names_of_this_machine_are_answered(service, host, code):
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
def test_pages_elsewhere_cannot_have_it_answered(service, headers, code):
    filled = {name: value.format(port=service.port) for name, value in headers.items()}
    status, given, content = service.ask(
        "POST", "/v1/predict", bytes(784), {"Content-Type": OCTETS, **filled}
    )
    assert json.loads(content).get("error", {}).get("code") == code
    assert not {name for name in given if name.startswith("access-control")}
    assert status == (200 if code is None else 403)


def test_a_link_to_the_page_may_be_followed(service):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert service.ask("GET", "/", None, headers)[0] == 200


def test_beyond_this_machine_a_token_is_needed(guarded):
    assert f"/?token={TOKEN}" in guarded.text
    assert guarded.code("GET", "/v1/model") == "unauthorized"
    assert guarded.code("GET", "/") == "unauthorized"
    assert guarded.code("GET", "/v1/model", Authorization="Bearer wrong") == "unauthorized"
    assert guarded.code("GET", f"/v1/model?token={TOKEN}") == "unauthorized"
    assert guarded.json("GET", "/v1/model", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert guarded.json("GET", "/healthz")[0] == 200
    status, headers, _ = guarded.ask("GET", f"/?token={TOKEN}")
    assert (status, headers["location"]) == (303, "/")
    assert "HttpOnly; SameSite=Strict" in headers["set-cookie"]
    cookie = headers["set-cookie"].partition(";")[0]
    assert guarded.ask("GET", "/", None, {"Cookie": cookie})[0] == 200
    assert guarded.code("GET", "/?token=wrong") == "unauthorized"


@pytest.mark.parametrize("host", ["digits.example.org", "192.168.1.5:80", "DIGITS.example.org"])
def test_a_public_service_is_called_by_address_or_allowed_name(guarded, host):
    assert guarded.json("GET", "/healthz", Host=host)[0] == 200
    assert guarded.code("GET", "/healthz", Host="evil.example") == "host_refused"


def test_a_public_service_without_a_token_makes_one():
    running = pytest.importorskip("tenfold.server.running")
    assert running.guarded("127.0.0.1", Settings()).token is None
    made = {running.guarded("0.0.0.0", Settings()).token for _ in range(3)}
    assert len(made) == 3
    assert min(map(len, made)) == 32
    with pytest.raises(tenfold.InputError, match="--token"):
        running.guarded("0.0.0.0", Settings(token=""))


def test_a_damaged_cookie_is_no_token():
    gate = access.Admission(Settings(token=TOKEN))
    scope = {"method": "GET", "path": "/v1/model", "query_string": b""}
    for cookie in (b"\xff\xfe", b"tenfold-token", b'tenfold-token="', b"=;=;" * 1000):
        with pytest.raises(ServiceError, match="a token is needed"):
            gate.check(scope, {b"host": b"localhost", b"cookie": cookie})


# How much, how long


def head(path="/v1/predict", *lines):
    start = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {OCTETS}", *lines]
    return "\r\n".join(start).encode() + b"\r\n\r\n"


def code_of(answer):
    status, _, rest = answer.partition(b"\r\n")
    error = json.loads(rest.rpartition(b"\r\n\r\n")[2])["error"]
    assert int(status.split()[1]) == error["status"]
    return error["code"]


def test_a_body_without_a_length_has_the_same_limit(service):
    with service.connect() as connection:
        connection.sendall(head("/v1/predict", "Transfer-Encoding: chunked"))
        chunk = b"%x\r\n" % (1 << 20) + bytes(1 << 20) + b"\r\n"
        for _ in range(17):
            connection.sendall(chunk)
        connection.sendall(b"0\r\n\r\n")
        assert code_of(received(connection)) == "body_too_large"


def test_many_large_bodies_at_once_are_not_all_held(tmp_path):
    with limited(tmp_path / "samples", held=3 << 20) as service:
        begun = []
        for _ in range(6):
            connection = service.connect()
            connection.sendall(head("/v1/predict", f"Content-Length: {2 << 20}") + bytes(1 << 20))
            begun.append(connection)
        time.sleep(0.5)
        answers = []
        for connection in begun[::-1]:  # the refused first: what they sent is held no longer
            with suppress(OSError):
                connection.sendall(bytes(1 << 20))
            answers.append(code_of(received(connection)))
            connection.close()
        assert set(answers) == {"busy", "image_size"}
        assert service.json("POST", "/v1/predict", bytes(784), OCTETS)[0] == 200


def test_who_asks_before_sending_is_told_at_once(service):
    asked = head("/v1/predict", "Content-Length: 99999999", "Expect: 100-continue")
    assert code_of(service.raw(asked)) == "body_too_large"


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\nHo", b"G", b"", b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nX: "],
    ids=["half", "letter", "nothing", "header"],
)
def test_headers_that_do_not_come_are_not_waited_for(strict, sent):
    began = time.monotonic()
    assert code_of(strict.raw(sent)) == "request_slow"
    assert time.monotonic() - began < 20


def test_a_trickle_of_headers_is_cut_off(strict):
    began = time.monotonic()
    with strict.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        with suppress(OSError):
            while time.monotonic() < began + 30:
                connection.sendall(b"X: y\r\n")
                time.sleep(0.05)
    assert time.monotonic() < began + 20


def test_a_trickle_of_a_body_is_cut_off(strict):
    with strict.connect() as connection:
        connection.sendall(head("/v1/predict", "Content-Length: 784"))
        answer = b""
        connection.settimeout(0.1)
        for _ in range(300):
            try:
                connection.sendall(b"x")
                answer += connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            if answer.endswith(b"}}"):
                break
        assert code_of(answer) == "request_slow"


def test_headers_without_end_are_refused(strict):
    answer = strict.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 8000)
    assert code_of(answer) == "headers_too_large"


def test_too_many_connections_are_closed_and_the_service_goes_on(strict):
    held = []
    for _ in range(30):
        held.append(strict.connect())
    time.sleep(0.2)
    gone = 0
    for connection in held:
        connection.settimeout(0.05)
        try:
            gone += connection.recv(1) == b""
        except TimeoutError:
            pass
        except ConnectionError:
            gone += 1
    for connection in held:
        connection.close()
    assert gone >= 18
    time.sleep(0.2)


def test_who_comes_when_too_many_wait_is_told_so(strict, mnist):
    page = np.full((1500, 1500), 255, np.uint8)
    page[100:128, 100:128] = 255 - mnist.validation.images[0]
    file = io.BytesIO()
    Image.fromarray(page).save(file, "PNG")
    while strict.json("POST", "/v1/read", file.getvalue(), PNG)[0] != 200:  # it is warming up
        time.sleep(0.1)
    found = []

    def ask():
        found.append(strict.json("POST", "/v1/read", file.getvalue(), PNG))

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    codes = [answer.get("error", {}).get("code") for _, answer in found]
    assert {None, "busy"} == set(codes)


def test_what_takes_too_long_is_given_up(tmp_path):
    with limited(tmp_path / "samples", request_seconds=0.0001) as service:
        assert service.code("GET", "/v1/samples") == "timeout"


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        bytes(range(256)),
    ],
)
def test_what_is_no_http_is_answered_so(service, data):
    answer = service.raw(data, timeout=20)
    assert answer.startswith(b"HTTP/1.1 4")
    assert code_of(answer) in ("bad_request", "host_refused")


def test_callers_who_leave_in_the_middle_are_no_harm(service):
    picture = png(600, 600, 200)
    for sent in (
        b"",
        b"GE",
        head("/v1/predict", "Content-Length: 784"),
        head("/v1/predict", "Content-Length: 784") + bytes(100),
        head("/v1/predict", "Content-Length: 784") + bytes(784),
        head("/v1/read", f"Content-Length: {len(picture)}") + picture,
    ):
        connection = service.connect()
        connection.sendall(sent)
        linger = struct.pack("ii", 1, 0)  # a reset, not a goodbye
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()
    assert service.json("POST", "/v1/predict", bytes(784), OCTETS)[0] == 200


def test_what_nobody_waits_for_does_not_keep_the_service(tmp_path):
    with serving(tmp_path / "samples") as service:
        page = png(1900, 1900, 200)
        sent = head("/v1/read", f"Content-Length: {len(page)}").replace(
            OCTETS.encode(), b"image/png"
        )
        for _ in range(40):
            with service.connect() as connection:
                connection.sendall(sent + page)
        began = time.monotonic()
        assert service.end() == 0
    assert time.monotonic() - began < 30


def test_uploads_touch_no_disk(service):
    def written():
        lines = Path(f"/proc/{service.process.pid}/io").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))

    try:
        before = written()
    except OSError:
        pytest.skip("the system does not tell")
    big = part(bytes(8 << 20)) + b"--b--\r\n"
    assert service.code("POST", "/v1/predict", big, FORM) == "image_unreadable"
    assert service.code("POST", "/v1/read", big, FORM) == "image_unreadable"
    assert written() - before < 1 << 20


def test_a_folder_of_samples_that_can_no_longer_be_written_is_told(tmp_path):
    with serving(tmp_path / "samples") as service:
        (tmp_path / "samples" / "3").write_text("in the way")
        assert service.code("POST", "/v1/samples", sample()) == "storage"
        assert service.json("POST", "/v1/samples", sample(label="4"))[0] == 201


FAULTY = """
import sys
from pathlib import Path
from tenfold.server.api import networks; from tenfold.server import serving
from tenfold.server.http.addresses import listen
from tenfold.server.settings import Settings
from tenfold.server.target import choose

def fail(*_):
    raise RuntimeError("on purpose")

networks.Network.ask = networks.Network.card = fail
(listener,) = listen("127.0.0.1", 0)
address = f"open  http://127.0.0.1:{listener.getsockname()[1]}"
told = lambda: print(address, file=sys.stderr, flush=True)
serving.serve(choose(None), Path(sys.argv[1]), Settings(), listener, told)
"""


def test_a_fault_of_ours_is_told_without_its_insides(tmp_path):
    with started(tmp_path, "-c", FAULTY, str(tmp_path / "samples")) as service:
        assert service.code("GET", "/v1/model") == "internal"
        status, answer = service.json("POST", "/v1/predict", bytes(784), OCTETS)
        assert (status, "purpose" in json.dumps(answer)) == (500, False)
        assert service.json("GET", "/healthz")[0] == 200
    assert "RuntimeError: on purpose" in service.text


# Whatever comes


def corpus(seed):
    """Bodies near what is right, and far from it: (path, kind, body)."""
    chance = random.Random(seed)
    image = png(28, 28, 128)
    right = [
        ("/v1/predict", PNG, image),
        ("/v1/read", PNG, png(60, 60, 220)),
        ("/v1/explain", PNG, image),
        ("/v1/predict", FORM, part(image) + b"--b--\r\n"),
        ("/v1/read", FORM, part(png(60, 60, 220)) + b"--b--\r\n"),
        ("/v1/predict", JSON, json.dumps({"images": [[[7] * 28] * 28]}).encode()),
        ("/v1/samples", JSON, json.dumps(sample()).encode()),
        ("/v1/predict", OCTETS, bytes(784)),
    ]
    path, kind, body = chance.choice(right)
    damaged = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        how, at = chance.randrange(4), chance.randrange(len(damaged) + 1)
        if how == 0:
            damaged[at : at + 1] = chance.randbytes(1)
        elif how == 1:
            del damaged[at : at + chance.randrange(1, 40)]
        elif how == 2:
            damaged[at:at] = chance.randbytes(chance.randrange(1, 20))
        else:
            damaged[at:at] = damaged[: chance.randrange(200)]
    if chance.random() < 0.2:
        kind = chance.choice([PNG, FORM, JSON, OCTETS, "image/gif", "a/b;c", "\x7f", ";;;="])
    return path, kind, bytes(damaged)


def test_a_corpus_of_damaged_bodies_is_answered(service):
    for seed in range(120):
        path, kind, body = corpus(seed)
        status, answer = service.json("POST", path, body, kind)
        assert status < 500, (seed, path, kind, answer)
        assert "error" in answer or status < 300, seed


def test_forms_of_random_bytes_are_refused_or_read():
    chance = random.Random(3)
    for _ in range(300):
        body = b"".join(
            chance.choice([b"--b", b"\r\n", b"--", b"name=", b'"file"', b":", chance.randbytes(3)])
            for _ in range(chance.randrange(40))
        )
        try:
            multipart.files(FORM, b"--b\r\n" + body, 4)
        except ServiceError as error:
            assert error.code in ("body_malformed", "images_too_many")  # noqa: PT017


@pytest.fixture(scope="module")
def api(service):
    return schemathesis.openapi.from_dict(service.json("GET", "/openapi.json")[1])


# No schema can say that bytes are an image of 28x28, so valid ones by it may be refused.
UNTOLD = [checks.positive_data_acceptance]


def test_the_service_keeps_to_its_own_description(service, api):
    address = f"http://127.0.0.1:{service.port}"
    for operation in api.get_all_operations():

        @bounded(max_examples=5, derandomize=True, phases=[Phase.generate], database=None)
        @given(case=operation.ok().as_strategy())
        def ask(case):
            case.call_and_validate(base_url=address, excluded_checks=UNTOLD, timeout=60)

        ask()


def test_what_a_path_can_be_asked_with_is_told(service):
    status, headers, _ = service.ask("PUT", "/v1/retraining")
    assert (status, headers["allow"]) == (405, "DELETE, GET, POST")
