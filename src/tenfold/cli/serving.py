"""The command that serves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import app
from tenfold.errors import InputError


@app.command()
def serve(
    what: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN|FILE]", help="A run, or what tenfold export wrote."),
    ] = None,
    host: Annotated[str, typer.Option(help="Beyond this machine it needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for a free one.")] = 8010,
) -> None:
    """Answer over HTTP, with a page to draw on; by default with tenfold's own reader."""
    try:
        from tenfold.server import running
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing; pip install 'tenfold[serve]'") from None
    from tenfold.server.settings import Settings

    running.run(what, host, port, Settings())
