"""Downloads from a local server: resumed, verified, limited, and from several mirrors."""

import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from tenfold.core import download as downloads
from tenfold.core.download import download
from tenfold.core.errors import InputError

CONTENT = bytes(range(256)) * 4096  # 1 MiB: several chunks
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT, with the fault that the path names."""

    def do_GET(self):
        server = self.server
        server.requests.append((self.path, self.headers.get("Range")))
        requested = self.headers.get("Range")
        start = int(requested.removeprefix("bytes=").removesuffix("-")) if requested else 0
        if self.path == "/missing":
            self.send_error(404)
            return
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT
        if self.path == "/wrong":
            body = bytes(len(CONTENT))
        if self.path == "/plain" or not requested:
            self.send_response(200)
            start = 0
        else:
            self.send_response(206)
            shown = start + 1 if self.path == "/elsewhere" else start
            self.send_header("Content-Range", f"bytes {shown}-{len(body) - 1}/{len(body)}")
        if self.path != "/endless":
            self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        rest = body[start:]
        if self.path == "/broken":
            rest = rest[: max(1, len(body) // 3)]
        if self.path == "/never":
            rest = b""
        self.wfile.write(rest)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests = []
    server.handle_error = lambda *_: None  # a client that hangs up is part of the tests
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_requests(server, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.requests.clear()


def names_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_download_is_verified_and_leaves_nothing_else(server, tmp_path):
    target = tmp_path / "deep" / "file.bin"
    assert download([f"{server.url}/good"], target, DIGEST) == target
    assert target.read_bytes() == CONTENT
    assert names_in(target.parent) == ["file.bin"]


def test_an_existing_file_is_not_downloaded_again(server, tmp_path):
    target = tmp_path / "file.bin"
    target.write_bytes(b"there")
    download([f"{server.url}/good"], target, DIGEST)
    assert server.requests == []


def test_the_next_mirror_follows_an_unreachable_a_missing_and_a_wrong_one(server, tmp_path):
    target = tmp_path / "file.bin"
    dead = "http://127.0.0.1:9/good"
    urls = [dead, f"{server.url}/missing", f"{server.url}/wrong", f"{server.url}/good"]
    download(urls, target, DIGEST)
    assert target.read_bytes() == CONTENT


def test_a_partial_file_is_resumed_where_it_ends(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    download([f"{server.url}/good"], tmp_path / "file.bin", DIGEST)
    assert server.requests == [("/good", "bytes=1000-")]
    assert names_in(tmp_path) == ["file.bin"]


def test_a_broken_connection_is_resumed_in_the_same_call(server, tmp_path):
    download([f"{server.url}/broken"], tmp_path / "file.bin", DIGEST)
    third = len(CONTENT) // 3
    ranges = [requested for _, requested in server.requests]
    assert ranges == [None, f"bytes={third}-", f"bytes={2 * third}-", f"bytes={3 * third}-"]
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_partial_file_remains_for_the_next_call(server, tmp_path):
    target = tmp_path / "file.bin"
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:5])
    with pytest.raises(InputError, match="broken after 5 of"):
        download([f"{server.url}/never"], target, DIGEST)
    assert names_in(tmp_path) == ["file.bin.part"]
    download([f"{server.url}/good"], target, DIGEST)
    assert server.requests[-1] == ("/good", "bytes=5-")


def test_without_range_requests_the_download_starts_over(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    download([f"{server.url}/plain"], tmp_path / "file.bin", DIGEST)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_server_that_resumes_at_another_byte_is_skipped(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    download([f"{server.url}/elsewhere", f"{server.url}/good"], tmp_path / "file.bin", DIGEST)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("length", [1000, len(CONTENT), len(CONTENT) + 7])
def test_a_damaged_partial_file_is_discarded(server, tmp_path, length):
    (tmp_path / "file.bin.part").write_bytes(bytes(length))
    download([f"{server.url}/good"], tmp_path / "file.bin", DIGEST)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_complete_partial_file_needs_no_network(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    download([f"{server.url}/good"], tmp_path / "file.bin", DIGEST)
    assert server.requests == []


def test_two_concurrent_downloads_do_not_interfere(server, tmp_path):
    target = tmp_path / "file.bin"
    with downloads._part_file(target) as part:
        part.write(b"written by another process")
        download([f"{server.url}/good"], target, DIGEST)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["good", "endless"])
def test_more_than_the_limit_is_refused(server, tmp_path, path):
    with pytest.raises(InputError, match="allowed"):
        download([f"{server.url}/{path}"], tmp_path / "file.bin", DIGEST, size_limit=1000)
    assert names_in(tmp_path) == []


def test_the_error_has_the_reason_of_each_mirror_in_one_line(server, tmp_path):
    urls = ["http://127.0.0.1:9/x", f"{server.url}/missing", f"{server.url}/wrong", "file:///etc/x"]
    with pytest.raises(InputError) as caught:
        download(urls, tmp_path / "file.bin", DIGEST)
    message = str(caught.value)
    assert "\n" not in message
    for url, reason in zip(urls, ["refused", "HTTP 404", "SHA-256", "not an http"], strict=True):
        assert f"{url}: " in message
        assert reason in message
    assert names_in(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_an_error_in_one_line():
    with Path("/dev/full").open("r+b", buffering=0) as full, pytest.raises(InputError) as caught:
        downloads._append(full, b"x")
    assert "No space left" in str(caught.value)


def test_an_unwritable_target_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot write"):
        download(["http://127.0.0.1:9/x"], tmp_path / "file" / "below", DIGEST)
