"""The command that serves."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import app
from tenfold.core.errors import InputError


@app.command()
def serve(
    what: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN|FILE]", help="A run, or what tenfold export wrote."),
    ] = None,
    host: Annotated[str, typer.Option(help="Beyond this machine it needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for a free one.")] = 8010,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="TENFOLD_TOKEN", help="That callers must show; else made where needed."
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A name it is called by; repeatable.")
    ] = None,
    samples: Annotated[
        Path | None, typer.Option(help="Folder of corrected images; else samples, or the run's.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
) -> None:
    """Answer over HTTP, with a page to draw on."""
    require_server()
    from tenfold.server import running
    from tenfold.server.settings import Settings

    names = tuple(name.lower() for name in allow_host or ())
    settings = Settings(token=token, hosts=names)
    running.run(what, samples, running.Place(host, port, workers), settings)


def require_server() -> None:
    """Refuse to serve where what it takes is not installed.

    Raises:
        InputError: it is not.
    """
    for package in ("fastapi", "httptools", "prometheus_client", "python_multipart", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise InputError(f"{package} is missing; pip install 'tenfold[serve]'")
