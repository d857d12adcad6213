"""Start and end of the service: ports, processes, signals."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from serving import OCTETS, serving

from tenfold.server import target
from tenfold.server.http.addresses import free_port, owner


@pytest.fixture
def refused(tenfold_main):
    """The error of ``tenfold serve``: one line, exit code 2."""

    def run(*arguments):
        code, out, message = tenfold_main("serve", *arguments)
        assert (code, out, message.count("\n")) == (2, "", 1)
        return message

    return run


def test_a_taken_port_is_reported_with_its_process_and_a_free_port(service, refused, tmp_path):
    message = refused("--port", service.port, "--samples", tmp_path)
    assert f"port {service.port} is taken by process {service.process.pid}" in message
    assert "tenfold serve" in message
    free = int(re.search(r"--port (\d+) is free", message)[1])
    assert free > service.port
    assert owner(service.port).startswith(f"process {service.process.pid}")
    assert free_port("127.0.0.1", service.port) > service.port


def test_a_folder_of_samples_belongs_to_one_service(service, refused):
    assert "another server uses it" in refused("--port", 0, "--samples", service.samples)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.onnx"], "nowhere.onnx: no such file"),
        (["{folder}"], "not a run folder (no run.json)"),
        (["{broken}"], "broken.onnx: not an ONNX file"),
        (["--samples", "{broken}/in"], "samples cannot be stored there"),
        (["--token", "short"], "--token: give at least 8 letters and digits"),
        (["--host", "203.0.113.7"], "not an address of this machine"),
        (["--host", "no such name"], "no address of that name"),
    ],
)
def test_errors_at_the_start_are_one_line(refused, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"broken")
    filled = [one.format(folder=tmp_path, broken=broken) for one in arguments]
    assert message in refused(*filled, "--port", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.onnx"]


def test_a_run_whose_export_fails(run, refused, tmp_path, monkeypatch):
    (tmp_path / "run.json").write_bytes((run.path / "run.json").read_bytes())
    failed = subprocess.CompletedProcess([], 2, "", "warning\ntenfold: no weights\n")
    monkeypatch.setattr(target.subprocess, "run", lambda *_, **__: failed)
    message = refused(tmp_path, "--port", 0)
    assert "it has no model file, and the export failed (no weights)" in message
    assert "see tenfold export" in message


def command(process):
    return Path(f"/proc/{process}/cmdline").read_text()


def alive(process):
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_workers_share_port_and_metrics_and_end_with_their_parent(tmp_path):
    with serving(tmp_path / "samples", "--workers", 2) as service:
        for _ in range(12):
            assert service.json("POST", "/v1/predict", bytes(784), OCTETS)[0] == 200
        for _ in range(6):
            assert b"\ntenfold_images_total 12.0\n" in service.request("GET", "/metrics")[2]
        process = service.process.pid
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        # The last child is the resource tracker of multiprocessing.
        workers = [one for one in children if "spawn_main" in command(one)]
        assert len(workers) == 2
        service.process.kill()
        service.process.wait()
        until = time.monotonic() + 60
        while any(map(alive, children)):
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_graceful_shutdown_finishes_requests_in_flight(tmp_path, photo, how):
    with serving(tmp_path / "samples") as service:
        body = (
            b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            b"Content-Length: %d\r\n\r\n" % len(photo)
        ) + photo
        with service.connect() as connection:
            connection.sendall(body[:-1])
            time.sleep(0.3)
            service.process.send_signal(how)
            time.sleep(0.3)
            connection.sendall(body[-1:])
            answer = b""
            while data := connection.recv(65536):
                answer += data
        assert answer.startswith(b"HTTP/1.1 200")
        assert service.process.wait(30) == 0


def test_a_dead_worker_is_replaced(tmp_path):
    with serving(tmp_path / "samples", "--workers", 2) as service:
        process = service.process.pid

        def workers():
            children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
            return [one for one in children if "spawn_main" in command(one)]

        first = workers()
        os.kill(int(first[0]), signal.SIGKILL)
        until = time.monotonic() + 60
        while len(set(workers()) - {first[0]}) < 2 or first[0] in workers():
            assert time.monotonic() < until
            time.sleep(0.05)
        for _ in range(12):
            assert service.json("POST", "/v1/predict", bytes(784), OCTETS)[0] == 200
        assert service.end() == 0


def test_a_worker_that_cannot_start_is_reported_in_one_line(tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"broken")
    options = ["--workers", "2", "--port", "0", "--samples", tmp_path / "samples"]
    process = subprocess.run(
        [sys.executable, "-m", "tenfold", "serve", broken, *options],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )
    assert (process.returncode, process.stdout, process.stderr.count("\n")) == (2, "", 1)
    assert "broken.onnx: not an ONNX file" in process.stderr
