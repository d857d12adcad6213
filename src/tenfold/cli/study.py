"""The command for grid and random search."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tenfold.cli.app import AsJson, app, echo_json, interruptible, out_option
from tenfold.cli.generated_options import NOTHING, with_read_options
from tenfold.cli.recipe_options import (
    DataOption,
    RecipeArgument,
    refuse_with_resume,
    with_recipe_options,
)


@app.command()
@with_recipe_options
@with_read_options
def study(
    recipe: RecipeArgument = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=V1,V2",
            help="Values of a field: hidden=64,128+64 or learning_rate=1e-4..1e-2; repeatable.",
        ),
    ] = None,
    data: DataOption = None,
    seeds: Annotated[
        int | None, typer.Option(help="Networks of each setting; by default 5.")
    ] = None,
    draws: Annotated[
        int | None, typer.Option(help="Random search: number of settings to draw.")
    ] = None,
    changes: Mapping[str, Any] = NOTHING,
    reading: Mapping[str, Any] = NOTHING,
    out: Annotated[Path | None, out_option("Folder of the study.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Train more than 100 networks.")] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="STUDY", help="Resume a stopped study.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a recipe by grid or random search; validation chooses."""
    from tenfold.experiments import studies

    with interruptible():
        if resume is not None:
            others = (recipe, vary, data, seeds, draws, out)
            refuse_with_resume("study", *others, changes or None, reading or None, yes or None)
            result = studies.resume(resume)
        else:
            result = studies.study(
                recipe,
                studies.read_options(vary or []),
                data or "mnist",
                seeds=5 if seeds is None else seeds,
                draws=draws,
                changes=changes,
                out=out,
                confirmed=yes,
                **reading,
            )
        from tenfold.cli import study_text

        if as_json:
            echo_json(result.to_json())
        else:
            typer.echo(study_text.describe_study(result))
