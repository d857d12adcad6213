"""The command that writes an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import RunPath, app


@app.command()
def export(
    run: RunPath,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Such as digits.onnx.")],
    network: Annotated[
        int | None, typer.Option(help="Only this network, counted from 0; else the mean of all.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="A quarter of the size; measure what that costs.")
    ] = False,
) -> None:
    """Write a run as one ONNX file that needs neither Keras nor JAX."""
    from tenfold.runs import Run
    from tenfold.runs.export import export as write

    typer.echo(write(Run(run), out, network, int8).describe())
