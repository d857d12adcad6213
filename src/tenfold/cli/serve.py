"""The command that starts the HTTP server."""

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
        typer.Argument(metavar="[RUN|FILE]", help="A run or a model file."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="By default 127.0.0.1; other hosts than this machine need a token."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for a free port.")] = 8010,
    token: Annotated[
        str | None,
        typer.Option(envvar="TENFOLD_TOKEN", help="Token of clients; generated if needed."),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Host name of the server; repeatable.")
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(help="Folder of corrected images; by default samples, or the run's."),
    ] = None,
    classroom: Annotated[
        bool,
        typer.Option("--classroom", help="For pupils in this network: address as QR code."),
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Number of processes.")] = 1,
) -> None:
    """Serve predictions over HTTP, with a page to draw on.

    With --classroom, pupils draw and read; samples, retraining and versions are the teacher's.
    """
    require_server()
    from tenfold.server import running
    from tenfold.server.settings import HOST, Settings
    from tenfold.server.start_message import ALL_ADDRESSES

    names = tuple(name.lower() for name in allow_host or ())
    pupils = running.pupil_token() if classroom else None
    settings = Settings(token=token, pupil_token=pupils, hosts=names)
    host = host or (ALL_ADDRESSES[0] if classroom else HOST)
    running.run(what, samples, settings, host=host, port=port, workers=workers)


def require_server() -> None:
    """Check that the packages of the server are installed.

    Raises:
        InputError: one is missing.
    """
    for package in (
        "fastapi",
        "httptools",
        "prometheus_client",
        "python_multipart",
        "segno",
        "uvicorn",
    ):
        if importlib.util.find_spec(package) is None:
            raise InputError(f"{package} is missing; pip install 'tenfold[serve]'")
