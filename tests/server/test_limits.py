"""Limits on sizes, times, connections and queues, under attack."""

import io
import socket
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import FORM, OCTETS, PNG, blank_png, code_of, head, limited, part, received, serving


@pytest.fixture
def service(attacked):
    return attacked


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A service with tight limits."""
    limits = {
        "header_seconds": 1.0,
        "body_seconds": 1.0,
        "header_bytes": 4096,
        "connections": 12,
        "queue_length": 1,
    }
    with limited(tmp_path_factory.mktemp("strict") / "samples", **limits) as service:
        yield service
        assert service.json("GET", "/healthz") == (200, {"status": "ok"})
    assert "Traceback" not in service.text


def test_a_chunked_body_has_the_same_limit(service):
    with service.connect() as connection:
        connection.sendall(head("/v1/predict", "Transfer-Encoding: chunked"))
        chunk = b"%x\r\n" % (1 << 20) + bytes(1 << 20) + b"\r\n"
        for _ in range(17):
            connection.sendall(chunk)
        connection.sendall(b"0\r\n\r\n")
        assert code_of(received(connection)) == "body_too_large"


def test_the_memory_of_all_bodies_is_limited(tmp_path):
    with limited(tmp_path / "samples", buffered_bytes=3 << 20) as service:
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


def test_expect_100_continue_is_refused_before_the_body(service):
    request = head("/v1/predict", "Content-Length: 99999999", "Expect: 100-continue")
    assert code_of(service.raw(request)) == "body_too_large"


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\nHo", b"G", b"", b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nX: "],
    ids=["half", "letter", "nothing", "header"],
)
def test_missing_headers_time_out(strict, sent):
    began = time.monotonic()
    assert code_of(strict.raw(sent)) == "request_slow"
    assert time.monotonic() - began < 20


def test_slow_headers_are_cut_off(strict):
    began = time.monotonic()
    with strict.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        with suppress(OSError):
            while time.monotonic() < began + 30:
                connection.sendall(b"X: y\r\n")
                time.sleep(0.05)
    assert time.monotonic() < began + 20


def test_a_slow_body_times_out(strict):
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


def test_endless_headers_are_refused(strict):
    answer = strict.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 8000)
    assert code_of(answer) == "headers_too_large"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("Host: localhost", "X: " + "y" * 4000), None),
        (("Host: localhost", "X: " + "y" * 4100), "headers_too_large"),
        (("Host: localhost", *("X: " + "y" * 100 for _ in range(40))), "headers_too_large"),
        (("Host: localhost", "Host: localhost"), "bad_request"),
        (("Host: localhost", "Host: evil.example"), "bad_request"),
        ((), "bad_request"),
    ],
)
def test_headers_are_checked_also_in_one_piece(strict, lines, code):
    sent = "\r\n".join(["GET /healthz HTTP/1.1", *lines, "Connection: close"]) + "\r\n\r\n"
    answer = strict.raw(sent.encode())
    assert answer.startswith(b"HTTP/1.1 200") if code is None else code_of(answer) == code


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip"])
def test_encoded_bodies_are_refused(service, encoding):
    headers = {"Content-Type": OCTETS, "Content-Encoding": encoding}
    status, given, _ = service.request("POST", "/v1/predict", bytes(784), headers)
    assert (status, given["accept-encoding"]) == (415, "identity")
    headers["Content-Encoding"] = "Identity"
    assert service.request("POST", "/v1/predict", bytes(784), headers)[0] == 200


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 3", "Content-Encoding: identity", "Content-Encoding: gzip"),
        ("Transfer-Encoding: gzip, chunked",),
    ],
)
def test_an_encoding_is_refused_in_every_header(service, lines):
    data = head("/v1/predict", *lines, "Connection: close") + b"3\r\nabc\r\n0\r\n\r\n"
    assert code_of(service.raw(data)) == "type_unsupported"


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/v1/model", "/healthz", "/openapi.json"])
def test_head_is_answered_as_get_without_the_body(service, path):
    answers = [
        service.raw(
            f"{how} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        for how in ("HEAD", "GET")
    ]
    heads = [answer.partition(b"\r\n\r\n")[0].split(b"\r\n") for answer in answers]
    head, get = ([line for line in lines if not line.startswith(b"date")] for lines in heads)
    assert head == get
    assert answers[0].endswith(b"\r\n\r\n")
    assert service.code("PUT", path) == "method_not_allowed"


def test_connections_that_wait_make_room_for_others(strict):
    held = [strict.connect() for _ in range(12)]
    for connection in held[::2]:
        connection.sendall(head("/v1/predict", "Content-Length: 784"))  # and no body
    try:
        for _ in range(3):
            assert strict.json("GET", "/healthz") == (200, {"status": "ok"})
    finally:
        for connection in held:
            connection.close()


def test_connections_over_the_limit_are_closed(strict):
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


def test_a_full_queue_refuses_requests(strict, mnist):
    page = np.full((1500, 1500), 255, np.uint8)
    page[100:128, 100:128] = 255 - mnist.validation.images[0]
    file = io.BytesIO()
    Image.fromarray(page).save(file, "PNG")
    while strict.json("POST", "/v1/read", file.getvalue(), PNG)[0] != 200:  # imports under way
        time.sleep(0.1)
    replies = []

    def read():
        replies.append(strict.json("POST", "/v1/read", file.getvalue(), PNG))

    callers = [threading.Thread(target=read) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    codes = [answer.get("error", {}).get("code") for _, answer in replies]
    assert {None, "busy"} == set(codes)


def test_a_slow_response_times_out(tmp_path):
    with limited(tmp_path / "samples", response_seconds=0.0001) as service:
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
def test_malformed_requests_get_an_error(service, data):
    answer = service.raw(data, timeout=20)
    assert answer.startswith(b"HTTP/1.1 4")
    assert code_of(answer) in ("bad_request", "host_refused")


def test_clients_may_disconnect_at_any_time(service):
    picture = blank_png(600, 600, 200)
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


def test_abandoned_jobs_do_not_delay_the_shutdown(tmp_path):
    with serving(tmp_path / "samples") as service:
        page = blank_png(1900, 1900, 200)
        sent = head("/v1/read", f"Content-Length: {len(page)}").replace(
            OCTETS.encode(), b"image/png"
        )
        for _ in range(40):
            with service.connect() as connection:
                connection.sendall(sent + page)
        began = time.monotonic()
        assert service.end() == 0
    assert time.monotonic() - began < 30


def test_uploads_are_not_written_to_disk(service):
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
