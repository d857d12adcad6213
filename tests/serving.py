"""A service under test: a process of its own, real sockets, on a free port."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path


class Service:
    """A running ``tenfold serve``."""

    def __init__(self, process, port, lines, samples):
        self.process, self.port, self.lines, self.samples = process, port, lines, samples

    @property
    def text(self):
        return "\n".join(self.lines)

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and body of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def json(self, method, path, body=None, kind=None, **headers):
        """Status and JSON of one request."""
        if isinstance(body, dict):
            body, kind = json.dumps(body), "application/json"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        status, _, content = self.ask(
            method, path, body, named | ({"Content-Type": kind} if kind else {})
        )
        return status, json.loads(content) if content else None

    def code(self, *args, **kwargs):
        """The code of the error that a request is answered with, its shape checked."""
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
        """All that comes back for some bytes, until the service closes or nothing comes."""
        with self.connect(timeout) as connection:
            connection.sendall(data)
            return received(connection)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(60)
        return self.process.returncode


def received(connection):
    found = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while data := connection.recv(65536):
            found += data
    return found


LIMITED = """
import sys
from pathlib import Path
from tenfold.server.http.addresses import listen
from tenfold.server.serving import serve
from tenfold.server.settings import Limits, Settings
from tenfold.server.target import choose

(listener,) = listen("127.0.0.1", 0)
port = listener.getsockname()[1]
told = lambda: print(f"open  http://127.0.0.1:{port}", file=sys.stderr, flush=True)
settings = Settings(limits=Limits(**eval(sys.argv[2])))
serve(choose(None), Path(sys.argv[1]), settings, listener, told)
"""


def serving(folder, *arguments):
    """Start ``tenfold serve`` with a folder of samples; ended with the block."""
    options = ["serve", *map(str, arguments), "--port", "0", "--samples", str(folder)]
    return started(folder, "-m", "tenfold", *options)


def limited(folder, **limits):
    """Start a service with other limits; ended with the block."""
    return started(folder, "-c", LIMITED, str(folder), repr(limits))


@contextlib.contextmanager
def started(samples, *command):
    process = subprocess.Popen(
        [sys.executable, *command],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")},
    )
    lines = []
    try:
        for line in process.stderr:
            lines.append(line.rstrip())
            if found := re.search(r"(?:open|live) +http://\S+?:(\d+)", line):
                yield Service(process, int(found[1]), lines, samples)
                break
        else:
            raise AssertionError(lines)
    finally:
        if process.poll() is None:
            process.terminate()
        lines += process.communicate(timeout=60)[1].splitlines()
