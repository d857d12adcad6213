"""The command for grid and random search."""

from __future__ import annotations

from collections.abc import Mapping
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
from tenfold.cli.scale_options import (
    MaxFailuresOption,
    RayOption,
    TimeoutOption,
    WorkersOption,
    make_executor,
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
    sampler: Annotated[
        str | None,
        typer.Option(
            metavar="optuna[=URL]", help="Draw each setting by the scores of earlier ones."
        ),
    ] = None,
    changes: Mapping[str, Any] = NOTHING,
    reading: Mapping[str, Any] = NOTHING,
    out: Annotated[str | None, out_option("Folder or URL of the study.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Train more than 100 networks.")] = False,
    resume: Annotated[
        str | None, typer.Option(metavar="STUDY", help="Resume a stopped study.")
    ] = None,
    status: Annotated[
        str | None, typer.Option(metavar="STUDY", help="Show what is done, failed and left.")
    ] = None,
    workers: WorkersOption = None,
    ray: RayOption = None,
    timeout: TimeoutOption = None,
    max_failures: MaxFailuresOption = None,
    as_json: AsJson = False,
) -> None:
    """Train a recipe by grid or random search; validation chooses."""
    from tenfold.experiments import studies

    if status is not None:
        from tenfold.cli import study_text

        shown = studies.Study(status)
        if as_json:
            echo_json(shown.to_json())
        else:
            typer.echo(study_text.describe_status(shown))
        return
    executor = make_executor(ray, workers, timeout)
    with interruptible():
        if resume is not None:
            others = (recipe, vary, data, seeds, draws, sampler, out)
            refuse_with_resume("study", *others, changes or None, reading or None, yes or None)
            result = studies.resume(resume, executor=executor, max_failures=max_failures)
        else:
            result = studies.study(
                recipe,
                studies.read_options(vary or []),
                data or "mnist",
                seeds=5 if seeds is None else seeds,
                draws=draws,
                sampler=sampler,
                changes=changes,
                out=out,
                confirmed=yes,
                executor=executor,
                max_failures=max_failures,
                **reading,
            )
        from tenfold.cli import study_text

        if as_json:
            echo_json(result.to_json())
        else:
            typer.echo(study_text.describe_study(result))
