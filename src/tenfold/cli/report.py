"""The command that writes a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import RunPath, app


@app.command()
def report(
    run: RunPath,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Else report.html in the run's folder.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write a page that shows why a network is right or wrong."""
    from tenfold import report as reports
    from tenfold.runs import Run

    opened = Run(run)
    path = reports.write(opened, out)
    typer.echo(f"report  {path}\nshows   {reports.shown(opened, opened.saved_evaluation()[0])}")
    if show:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
