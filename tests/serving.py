"""A service under test: a separate process with real sockets on a free port."""

import asyncio
import base64
import contextlib
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

PNG, OCTETS, JSON = "image/png", "application/octet-stream", "application/json"
FORM = "multipart/form-data; boundary=b"


def run_async(coroutine):
    """Run a coroutine in a thread: a browser fixture may run an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def encode(image, kind="PNG", **options):
    """An image file of an array."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def blank_png(width, height, value=0):
    return encode(np.full((height, width), value, np.uint8))


def part(content=b"", name="file", filename=None):
    """One part of a form with the media type ``FORM``."""
    name += "" if filename is None else f'"; filename="{filename}'
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


def form(*files, filename=None):
    """A form of files, and its media type."""
    return b"".join(part(file, filename=filename) for file in files) + b"--b--\r\n", FORM


def sample(**changes):
    image = base64.b64encode(bytes(784)).decode()
    return {"image": image, "label": "3", **changes}


def head(path="/v1/predict", *lines):
    """Request line and headers of a request with bytes."""
    start = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {OCTETS}", *lines]
    return "\r\n".join(start).encode() + b"\r\n\r\n"


def code_of(response):
    """The code of a raw error response."""
    status, _, rest = response.partition(b"\r\n")
    error = json.loads(rest.rpartition(b"\r\n\r\n")[2])["error"]
    assert int(status.split()[1]) == error["status"]
    return error["code"]


class Service:
    """A running ``tenfold serve``."""

    def __init__(self, process, port, lines, samples):
        self.process, self.port, self.lines, self.samples = process, port, lines, samples

    @property
    def text(self):
        return "\n".join(self.lines)

    def request(self, method, path, body=None, headers=None):
        """Send one request on a new connection; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()

    def json(self, method, path, body=None, kind=None, **headers):
        """Send one request; return status and JSON."""
        if isinstance(body, dict):
            body, kind = json.dumps(body), "application/json"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        status, _, content = self.request(
            method, path, body, named | ({"Content-Type": kind} if kind else {})
        )
        return status, json.loads(content) if content else None

    def code(self, *args, **kwargs):
        """Send one request; check the shape of its error response and return the code."""
        status, answer = self.json(*args, **kwargs)
        error = answer["error"]
        assert set(answer) == {"error"}
        assert (
            {"code", "message", "status"} <= set(error) <= {"code", "message", "status", "details"}
        )
        assert error["status"] == status
        assert "\n" not in error["message"]
        return error["code"]

    def connect(self, timeout=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def raw(self, data, timeout=30):
        """Send bytes; return all that is received until the service closes or the timeout."""
        with self.connect(timeout) as connection:
            connection.sendall(data)
            return received(connection)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(60)
        return self.process.returncode


def received(connection):
    content = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while data := connection.recv(65536):
            content += data
    return content


LIMITED = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tenfold.server.http.addresses import listen
from tenfold.server.running import serve
from tenfold.server.settings import Limits, Settings
from tenfold.server.target import resolve_target

listener = listen("127.0.0.1", 0)
port = listener.getsockname()[1]
ready = lambda: print(f"open  http://127.0.0.1:{port}", file=sys.stderr, flush=True)
settings = Settings(limits=Limits(**eval(sys.argv[2])))
serve(resolve_target(None), Path(sys.argv[1]), settings, listener, ready)
"""


def serving(folder, *arguments, cwd=None):
    """Start ``tenfold serve`` with a folder of samples; ended with the block."""
    options = ["serve", *map(str, arguments), "--port", "0", "--samples", str(folder)]
    return started(folder, "-m", "tenfold", *options, cwd=cwd)


def limited(folder, **limits):
    """Start a service with other limits; ended with the block."""
    return started(folder, "-c", LIMITED, str(folder), repr(limits))


@contextlib.contextmanager
def started(samples, *command, cwd=None):
    process = subprocess.Popen(
        [sys.executable, *command],
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")},
    )
    lines = []
    try:
        for line in process.stderr:
            lines.append(line.rstrip())
            if match := re.search(r"(?:open|live|teacher) +http://\S+?:(\d+)", line):
                yield Service(process, int(match[1]), lines, samples)
                break
        else:
            raise AssertionError(lines)
    finally:
        if process.poll() is None:
            process.terminate()
        lines += process.communicate(timeout=60)[1].splitlines()
