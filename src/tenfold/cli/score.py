"""The command that scores collections of images in parts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tenfold.cli.app import AsJson, app, echo_json, interruptible
from tenfold.cli.scale_options import (
    MaxFailuresOption,
    RayOption,
    TimeoutOption,
    WorkersOption,
    make_executor,
    require_success,
)
from tenfold.core.errors import InputError


@app.command()
def score(
    source: Annotated[
        str, typer.Argument(help="Parquet, IDX, NPY, NPZ or image files, or a folder, or a URL.")
    ],
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Model file of tenfold export.")
    ] = None,
    out: Annotated[str | None, typer.Option("--out", "-o", help="Folder of the scores.")] = None,
    column: Annotated[
        str | None, typer.Option(help="Column of the images in Parquet, array of an NPZ file.")
    ] = None,
    keys: Annotated[
        str | None, typer.Option(metavar="A,B", help="Columns to pass through; default: all plain.")
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Write those of all classes.")
    ] = False,
    resize: Annotated[
        bool, typer.Option("--resize", help="Bring other image sizes to the network's.")
    ] = False,
    pixels: Annotated[
        str | None, typer.Option(help="Values of black and white, as 0..16; or a name as byte.")
    ] = None,
    invert: Annotated[bool, typer.Option("--invert", help="Exchange light and dark.")] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first image that cannot be scored.")
    ] = False,
    workers: WorkersOption = None,
    ray: RayOption = None,
    timeout: TimeoutOption = None,
    max_failures: MaxFailuresOption = None,
    status: Annotated[
        bool, typer.Option("--status", help="Show what is done in a folder of scores.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Score collections of any size; a repeat finishes the rest."""
    from tenfold import scoring

    if status:
        if model is not None or out is not None:
            raise InputError("--status: give only the folder of scores, as tenfold score scored/")
        progress = scoring.status(source)
    else:
        if model is None or out is None:
            missing = "--model" if model is None else "--out"
            raise InputError(
                f"{missing} is missing: tenfold score images/ -m digits.onnx -o scored/"
            )
        with interruptible():
            progress = scoring.score(
                source,
                model=model,
                out=out,
                column=column,
                keys=None if keys is None else [key for key in keys.split(",") if key],
                probabilities=probabilities,
                resize=resize,
                pixels=pixels,
                invert=invert,
                fail_fast=fail_fast,
                max_failures=max_failures,
                executor=make_executor(ray, workers, timeout),
            )
    if as_json:
        echo_json(asdict(progress))
    else:
        typer.echo(f"{source if status else out}: {progress}")
    if out is not None:
        require_success(progress, out, "scored")
