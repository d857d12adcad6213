"""The command ``tenfold import``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tenfold.cli.app import app, out_option
from tenfold.cli.generated_options import NOTHING, with_read_options


@app.command("import")
@with_read_options
def import_model(
    model: Annotated[
        Path,
        typer.Argument(help="A .keras, .h5 or .onnx file, or a folder or ZIP that holds one."),
    ],
    data: Annotated[
        str | None, typer.Option(help="What it was trained on: a name, a file or a folder.")
    ] = None,
    class_names: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Classes of its outputs, or a file with one a line."),
    ] = None,
    input_range: Annotated[
        str | None,
        typer.Option(
            metavar="RANGE",
            help="What it is fed for black and white: unit, byte, signed, mnist, imagenet, "
            "LOW..HIGH; by default found out.",
        ),
    ] = None,
    reading: Mapping[str, Any] = NOTHING,
    out: Annotated[Path | None, out_option("Folder of the run.")] = None,
) -> None:
    """Make a run of a classifier that was trained elsewhere."""
    from tenfold.cli import run_text
    from tenfold.training import import_model as make

    run = make(model, data, class_names=class_names, input_range=input_range, out=out, **reading)
    typer.echo(run_text.describe_imported(run))
