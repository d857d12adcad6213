"""The command that trains a recipe in many settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import AsJson, Resize, app, echo_json, interruptible
from tenfold.core.errors import InputError


@app.command()
def study(
    recipe: Annotated[
        str | None,
        typer.Argument(help="A recipe (see tenfold recipes), or my_network.py:build."),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=V1,V2",
            help="What to vary, as hidden=64,128+64 or learning_rate=1e-4..1e-2; again for more.",
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="A name, an IDX, .npz or .csv file, a folder; else mnist.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Networks of each setting; else 5.")] = None,
    draws: Annotated[int | None, typer.Option(help="Settings to draw, not the grid.")] = None,
    resize: Resize = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the study.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Train more than 100 networks.")] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="STUDY", help="Go on with a stopped study.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a recipe in many settings, and choose by validation."""
    from tenfold.experiments import studies

    with interruptible():
        if resume is not None:
            others = (recipe, vary, data, seeds, draws, out, resize or None, yes or None)
            if any(value is not None for value in others):
                raise InputError("--resume takes all from the study; give nothing else with it")
            found = studies.resume(resume)
        else:
            found = studies.study(
                recipe,
                studies.read_options(vary or []),
                data or "mnist",
                seeds=5 if seeds is None else seeds,
                draws=draws,
                resize=resize,
                out=out,
                confirmed=yes,
            )
        from tenfold.cli import study_text

        if as_json:
            echo_json(found.to_json())
        else:
            typer.echo(study_text.describe_study(found))
