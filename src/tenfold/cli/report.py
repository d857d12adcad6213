"""The command that writes a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import RunPath, app, out_option


@app.command()
def report(
    run: RunPath,
    out: Annotated[
        Path | None, out_option("Default: report.html in the run's folder.", "FILE")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write an HTML page that explains correct and wrong predictions."""
    from tenfold.report import create
    from tenfold.runs import Run

    page = create(Run(run), out)
    typer.echo(f"report  {page.path}\nshows   {page.images}")
    if show:
        import webbrowser

        webbrowser.open(page.path.resolve().as_uri())
