"""The command that reproduces the published figures of tutorials."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import AsJson, app, echo_json, interruptible, out_option
from tenfold.cli.scale_options import (
    MaxFailuresOption,
    RayOption,
    TimeoutOption,
    WorkersOption,
    make_executor,
)


@app.command()
def reproduce(
    names: Annotated[list[str] | None, typer.Argument(metavar="[RECIPE...]")] = None,
    seeds: Annotated[int, typer.Option(help="Networks of each recipe.")] = 8,
    data: Annotated[str, typer.Option(help="A name or path, as for train.")] = "mnist",
    out: Annotated[Path | None, out_option("Folder of the runs; by default in runs/.")] = None,
    workers: WorkersOption = None,
    ray: RayOption = None,
    timeout: TimeoutOption = None,
    max_failures: MaxFailuresOption = None,
    as_json: AsJson = False,
) -> None:
    """Train the tutorials' networks as published, and compare."""
    from tenfold.cli import reproduction_text
    from tenfold.experiments import reproduction

    rows, done = (
        reproduction.reproduce(
            names or None,
            seeds=seeds,
            out=out,
            data=data,
            executor=make_executor(ray, workers, timeout),
            max_failures=max_failures,
        ),
        list[reproduction.Reproduction](),
    )
    if not as_json:
        typer.echo(reproduction_text.reproductions_header(seeds))
    with interruptible():
        for row in rows:
            done.append(row)
            if not as_json:
                typer.echo(reproduction_text.reproduction_row(row))
    if as_json:
        echo_json(reproduction.to_json(done))
    else:
        typer.echo(reproduction_text.describe_differences(done))
