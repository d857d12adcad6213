"""Running the service: its address, its processes, its shutdown."""

from __future__ import annotations

import contextlib
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import uvicorn

from tenfold.core.errors import InputError
from tenfold.data.samples import locked
from tenfold.scale.local import cores
from tenfold.server.http.addresses import is_loopback, listen, reserve
from tenfold.server.http.connection import uvicorn_config
from tenfold.server.settings import HOST, PORT, TRAINING_FOLDER, Settings
from tenfold.server.start_message import start_message
from tenfold.server.target import Target, resolve_target
from tenfold.training.background import BackgroundTraining

MAX_READERS = 4
MIN_TOKEN_LENGTH = 8

_TYPED = "abcdefghijkmnpqrstuvwxyz23456789"
"""Characters of a token that pupils may have to type; none is mistaken for another."""


def run(
    what: Path | None,
    samples: Path | None,
    settings: Settings,
    *,
    host: str = HOST,
    port: int = PORT,
    workers: int = 1,
) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight are finished first.

    Args:
        what: folder of a run, or a model file; None for the packed reader.
        samples: folder of the samples; None for the default of the target.
        settings: of the service.
        host: name or address to listen on.
        port: 0 for any free port.
        workers: number of processes.

    Raises:
        InputError: the address is taken, the folder of samples is in use or cannot be written,
            or the target cannot be used.
    """
    settings = with_readers(secure(host, settings), workers)
    with contextlib.ExitStack() as resources:
        socket_ = listen(host, port) if workers == 1 else reserve(host, port)
        resources.enter_context(socket_)
        port = socket_.getsockname()[1]
        target = resolve_target(what)
        folder = target.samples if samples is None else samples
        resources.enter_context(locked(folder))
        BackgroundTraining(folder / TRAINING_FOLDER).answer(False)  # serve what was asked for
        lines = start_message(host, port, target, folder, settings)
        if workers == 1:
            serve(target, folder, settings, socket_, lambda: tell(*lines))
        else:
            from tenfold.server.supervisor import SharedAddress, Workers

            address = SharedAddress(host, port)
            Workers(what, folder, settings, address, workers).run(lambda: tell(*lines))


def serve(
    target: Target,
    samples: Path,
    settings: Settings,
    listener: socket.socket,
    ready: Callable[[], None],
) -> None:
    """Serve in this process until SIGINT or SIGTERM.

    Args:
        target: what is served.
        samples: the folder of samples.
        settings: of the service.
        listener: the listening socket.
        ready: called once requests are answered.

    Raises:
        InputError: the model file cannot be used.
    """
    from tenfold.server.api.service import Service
    from tenfold.server.app import application

    app = application(Service(target, samples, settings))
    # uvicorn raises the signal again after its shutdown; here this must not end the process.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    _Server(uvicorn_config(app, settings.limits), ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def with_readers(settings: Settings, workers: int) -> Settings:
    """Return settings with a process to read pictures for each core, at most 4 in all."""
    readers = max(1, min(cores(), MAX_READERS) // workers)
    return replace(settings, limits=replace(settings.limits, readers=readers))


def secure(host: str, settings: Settings) -> Settings:
    """Complete the settings for a host: beyond this machine, clients need a token.

    Raises:
        InputError: the token is too short.
    """
    token = settings.token
    if token is not None and not (
        len(token) >= MIN_TOKEN_LENGTH and token.isascii() and token.isalnum()
    ):
        raise InputError(
            f"--token: give at least {MIN_TOKEN_LENGTH} letters and digits, or leave it out: "
            "with --host a token is generated"
        )
    if settings.pupil_token is not None:
        settings = replace(settings, token=token or secrets.token_hex(16))
    if is_loopback(host):
        return settings
    name = socket.gethostname().lower()
    hosts = (*settings.hosts, host.lower(), name, f"{name}.local")
    return replace(settings, public=True, hosts=hosts, token=token or secrets.token_hex(16))


def pupil_token() -> str:
    """Return a new token for pupils, who may have to type it."""
    return "".join(secrets.choice(_TYPED) for _ in range(MIN_TOKEN_LENGTH))


def tell(*lines: str) -> None:
    """Print lines on stderr."""
    print(*lines, sep="\n", file=sys.stderr, flush=True)  # noqa: T201
