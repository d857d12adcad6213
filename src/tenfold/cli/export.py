"""The command ``tenfold export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import RunPath, app, out_option


@app.command()
def export(
    run: RunPath,
    out: Annotated[Path, out_option("Such as digits.onnx.", "FILE")],
    network: Annotated[
        int | None, typer.Option(help="Index of one network, from 0; default: the mean of all.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Quantize to int8: a quarter of the size, loss measured.")
    ] = False,
) -> None:
    """Write a run as one ONNX model file, without Keras or JAX."""
    from tenfold.runs import Run
    from tenfold.runs.export import export as write

    typer.echo(write(Run(run), out, network, int8).describe())
