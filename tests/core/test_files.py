"""The cache folder, atomic writing, checksums, and downloads from a server of our own."""

import errno
import hashlib
import http.server
import os
import threading
from pathlib import Path

import pytest

from tenfold.core import files
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write, cache_folder, download, sha256

CONTENT = bytes(range(256)) * 4096  # 1 MiB: several chunks
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve CONTENT, with the fault that the path names."""

    def do_GET(self):
        server = self.server
        server.requests.append((self.path, self.headers.get("Range")))
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if self.path == "/missing":
            self.send_error(404)
            return
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT
        if self.path == "/wrong":
            body = bytes(len(CONTENT))
        if self.path == "/plain" or not asked:
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
        if self.path == "/cut":
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


def left_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_download_fetches_verifies_and_leaves_nothing_else(server, tmp_path):
    target = tmp_path / "deep" / "file.bin"
    assert download([f"{server.url}/good"], target, DIGEST) == target
    assert target.read_bytes() == CONTENT
    assert left_in(target.parent) == ["file.bin"]


def test_a_file_that_is_there_is_not_fetched_again(server, tmp_path):
    target = tmp_path / "file.bin"
    target.write_bytes(b"there")
    download([f"{server.url}/good"], target, DIGEST)
    assert server.requests == []


def test_the_next_mirror_takes_over_from_a_dead_a_missing_and_a_wrong_one(server, tmp_path):
    target = tmp_path / "file.bin"
    dead = "http://127.0.0.1:9/good"
    urls = [dead, f"{server.url}/missing", f"{server.url}/wrong", f"{server.url}/good"]
    download(urls, target, DIGEST)
    assert target.read_bytes() == CONTENT


def test_a_partial_file_is_resumed_where_it_ends(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    download([f"{server.url}/good"], tmp_path / "file.bin", DIGEST)
    assert server.requests == [("/good", "bytes=1000-")]
    assert left_in(tmp_path) == ["file.bin"]


def test_a_cut_connection_is_resumed_in_the_same_call(server, tmp_path):
    download([f"{server.url}/cut"], tmp_path / "file.bin", DIGEST)
    third = len(CONTENT) // 3
    ranges = [asked for _, asked in server.requests]
    assert ranges == [None, f"bytes={third}-", f"bytes={2 * third}-", f"bytes={3 * third}-"]
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_what_a_cut_left_is_kept_and_the_next_call_completes_it(server, tmp_path):
    target = tmp_path / "file.bin"
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:5])
    with pytest.raises(InputError, match="cut after 5 of"):
        download([f"{server.url}/never"], target, DIGEST)
    assert left_in(tmp_path) == ["file.bin.part"]
    download([f"{server.url}/good"], target, DIGEST)
    assert server.requests[-1] == ("/good", "bytes=5-")


def test_a_server_without_range_starts_over(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    download([f"{server.url}/plain"], tmp_path / "file.bin", DIGEST)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_server_that_resumes_elsewhere_is_left_for_the_next(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    download([f"{server.url}/elsewhere", f"{server.url}/good"], tmp_path / "file.bin", DIGEST)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("length", [1000, len(CONTENT), len(CONTENT) + 7])
def test_a_damaged_partial_file_is_thrown_away(server, tmp_path, length):
    (tmp_path / "file.bin.part").write_bytes(bytes(length))
    download([f"{server.url}/good"], tmp_path / "file.bin", DIGEST)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_partial_file_that_is_whole_needs_no_network(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    download([f"{server.url}/good"], tmp_path / "file.bin", DIGEST)
    assert server.requests == []


def test_two_downloads_at_once_do_not_disturb_each_other(server, tmp_path):
    target = tmp_path / "file.bin"
    with files._part_file(target) as part:
        part.write(b"another process is at it")
        download([f"{server.url}/good"], target, DIGEST)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["good", "endless"])
def test_more_than_the_limit_is_refused(server, tmp_path, path):
    with pytest.raises(InputError, match="allowed"):
        download([f"{server.url}/{path}"], tmp_path / "file.bin", DIGEST, size_limit=1000)
    assert left_in(tmp_path) == []


def test_when_all_mirrors_fail_one_line_names_each_with_its_reason(server, tmp_path):
    urls = ["http://127.0.0.1:9/x", f"{server.url}/missing", f"{server.url}/wrong", "file:///etc/x"]
    with pytest.raises(InputError) as caught:
        download(urls, tmp_path / "file.bin", DIGEST)
    message = str(caught.value)
    assert "\n" not in message
    for url, reason in zip(urls, ["refused", "HTTP 404", "SHA-256", "not an http"], strict=True):
        assert f"{url}: " in message
        assert reason in message
    assert left_in(tmp_path) == []


def test_atomic_write_shows_the_file_only_when_it_is_whole(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    with atomic_write(target, "w") as file:
        file.write("größer\r\n")
        assert not target.exists()
    assert target.read_bytes() == "größer\r\n".encode()
    assert left_in(target.parent) == ["file.txt"]


def write_and_fail(target, error):
    with atomic_write(target) as file:
        file.write(b"half")
        raise error


def test_atomic_write_keeps_the_old_file_and_nothing_else_when_the_block_fails(tmp_path):
    target = tmp_path / "file.bin"
    target.write_bytes(b"old")
    with pytest.raises(KeyError):
        write_and_fail(target, KeyError())
    assert target.read_bytes() == b"old"
    assert left_in(tmp_path) == ["file.bin"]


def test_no_space_left_is_told_in_one_line_and_leaves_nothing(tmp_path):
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(InputError, match=r"No space left.*free some space"):
        write_and_fail(tmp_path / "file.bin", error)
    assert left_in(tmp_path) == []


def test_another_error_of_the_system_within_the_block_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_and_fail(tmp_path / "file.bin", FileNotFoundError(errno.ENOENT, "elsewhere"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_device_is_told_in_one_line():
    with Path("/dev/full").open("r+b", buffering=0) as full, pytest.raises(InputError) as caught:
        files._append(full, b"x")
    assert "No space left" in str(caught.value)


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    below = tmp_path / "file" / "below"
    with pytest.raises(InputError, match=r"cannot write .*choose a folder"), atomic_write(below):
        pass
    with pytest.raises(InputError, match="cannot write"):
        download(["http://127.0.0.1:9/x"], below, DIGEST)


def test_atomic_write_knows_two_modes(tmp_path):
    with pytest.raises(ValueError, match="'a'"), atomic_write(tmp_path / "x", "a"):
        pass


def test_the_cache_folder_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("TENFOLD_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.delenv("TENFOLD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "tenfold" in cache_folder().parts


def test_sha256_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    assert sha256(tmp_path / "file") == sha256(CONTENT) == sha256(memoryview(CONTENT)) == DIGEST
