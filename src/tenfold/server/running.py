"""Running the service: its address, its processes, its end."""

from __future__ import annotations

import secrets
import socket
import sys
from pathlib import Path

import uvicorn

from tenfold.errors import InputError
from tenfold.server.app import create_app
from tenfold.server.settings import Settings

HOST, PORT = "127.0.0.1", 8010


def run(artifact: Path | None, host: str, port: int, settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; what is in flight then is still answered."""
    app = create_app(artifact, settings=settings)
    with listening(host, port) as listener:
        address = f"http://{host}:{listener.getsockname()[1]}"
        print(f"tenfold answers at {address}", file=sys.stderr, flush=True)  # noqa: T201
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=30,
            server_header=False,
            proxy_headers=False,
        )
        uvicorn.Server(config).run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        InputError: the address is taken or not ours.
    """
    try:
        return socket.create_server((host, port), backlog=512)
    except OSError as error:
        raise InputError(f"{host}:{port}: {error.strerror}; give another --port") from None


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)
