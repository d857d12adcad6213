"""The parts of uvicorn that ``Connection`` and ``supervisor`` rely on, and that it may change."""

import inspect
import re
import tomllib
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

METHODS = (
    "connection_made",
    "connection_lost",
    "data_received",
    "on_message_begin",
    "on_headers_complete",
    "on_message_complete",
    "timeout_keep_alive_handler",
    "send_400_response",
)


def attributes(function):
    """Names that a constructor assigns to ``self``."""
    return set(re.findall(r"self\.(\w+)(?:: [^=]+)? =", inspect.getsource(function)))


def test_uvicorn_has_the_methods_that_the_connection_extends():
    assert [name for name in METHODS if name not in vars(HttpToolsProtocol)] == []
    init = inspect.signature(HttpToolsProtocol.__init__).parameters
    assert {"config", "server_state", "app_state"} <= set(init)


def test_uvicorn_has_the_attributes_that_the_connection_uses():
    needed = {"loop", "connections", "transport", "cycle", "pipeline", "scope"}
    assert needed <= attributes(HttpToolsProtocol.__init__)
    cycle = attributes(RequestResponseCycle.__init__)
    assert {"response_started", "response_complete", "disconnected", "message_event"} <= cycle


def test_uvicorn_has_what_the_supervisor_extends():
    assert {"init_processes", "terminate_all", "join_all", "run"} <= set(vars(Multiprocess))
    assert {"processes", "should_exit", "config"} <= attributes(Multiprocess.__init__)
    assert {"start", "terminate", "wait_until_ready"} <= set(vars(Process))
    assert list(inspect.signature(Process.__init__).parameters) == ["self", "config", "sockets"]


def test_the_versions_of_uvicorn_are_bounded():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    serve = project["optional-dependencies"]["serve"]
    requirement = next(one for one in serve if one.startswith("uvicorn"))
    minor = re.search(r"<0\.(\d+)", requirement)[1]
    assert int(uvicorn.__version__.split(".")[1]) < int(minor)
