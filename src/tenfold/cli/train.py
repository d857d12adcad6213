"""Commands that train, and that tell what can be trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenfold.cli.app import AsJson, Resize, app, echo_json, interruptible
from tenfold.cli.recipe_options import NO_CHANGES, RecipeArgument, with_recipe_options
from tenfold.core.errors import InputError

if TYPE_CHECKING:
    from tenfold.networks.recipes import Recipe
    from tenfold.server.training_monitor import Beside


@app.command()
@with_recipe_options
def train(
    recipe: RecipeArgument = None,
    data: Annotated[
        str | None, typer.Option(help="A name, an IDX, .npz or .csv file, a folder; else mnist.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Networks to train at once; else 1.")] = None,
    changes: Mapping[str, Any] = NO_CHANGES,
    validation: Annotated[int | None, typer.Option(help="Images held out of train.")] = None,
    corrections: Annotated[
        Path | None, typer.Option(help="A file of corrected labels, as tenfold audit saves it.")
    ] = None,
    resize: Resize = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="START", help="Continue: reader, a run or an artifact."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with a stopped training.")
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show it in a browser, live; until Ctrl-C.")
    ] = False,
) -> None:
    """Train a network, or many at once, and leave a run folder."""
    with interruptible(), _beside(serve) as beside:
        watch = None if beside is None else beside.start
        if resume is not None:
            others = (recipe, data, seeds, validation, corrections, out, resize or None, start)
            if changes or any(value is not None for value in others):
                raise InputError("--resume takes all from the run; give nothing else with it")
            from tenfold import training

            run = training.resume(resume, watch=watch)
        else:
            from tenfold.networks import recipes

            if start is not None and data is None:
                raise InputError("--from: continue on what? give --data, such as a folder")
            base = recipe if recipe is not None or start is None else _adapted(start)
            chosen = recipes.customised(base, changes)
            from tenfold import training

            run = training.train(
                chosen,
                data or "mnist",
                seeds=1 if seeds is None else seeds,
                out=out,
                validation=validation,
                resize=resize,
                corrections=corrections,
                start=start,
                watch=watch,
            )
        from tenfold.cli import run_text

        typer.echo(run_text.describe_run(run))
        if beside is not None:
            beside.stay()


@contextmanager
def _beside(wanted: bool) -> Iterator[Beside | None]:
    """The service in a process beside the training, where it is wanted."""
    if not wanted:
        yield None
        return
    from tenfold.cli.serve import require_server

    require_server()
    from tenfold.server.training_monitor import Beside

    with Beside() as beside:
        yield beside


def _adapted(start: str) -> Recipe:
    """The recipe of trained networks, as they are continued by it."""
    from tenfold.training.finetune.preparation import finetuning_recipe
    from tenfold.training.finetune.pretrained import find_pretrained

    return finetuning_recipe(find_pretrained(start))


@app.command()
def summary(
    what: Annotated[str, typer.Argument(metavar="RECIPE|RUN", help="A recipe or a run folder.")],
) -> None:
    """Show layers, shapes and parameters of a network."""
    from tenfold import networks
    from tenfold.networks import recipes
    from tenfold.runs import Run

    if Path(what).is_dir():
        typer.echo(Run(what).summary())
        return
    if not networks.is_python_file(what) and ("/" in what or Path(what).exists()):
        raise InputError(f"{what}: no such run folder; see tenfold recipes for names")
    chosen = recipes.customised(what, {})
    model = networks.build(chosen.network, chosen.arguments, (28, 28), 10, chosen.seed)
    typer.echo(networks.summary(model))


@app.command()
def recipes() -> None:
    """List the recipes."""
    from tenfold.cli import run_text
    from tenfold.networks.recipes import RECIPES

    typer.echo(run_text.describe_recipes(RECIPES.values()))


@app.command()
def reproduce(
    names: Annotated[list[str] | None, typer.Argument(metavar="[RECIPE...]")] = None,
    seeds: Annotated[int, typer.Option(help="How many networks of each.")] = 8,
    data: Annotated[str, typer.Option(help="A name or path, as for train.")] = "mnist",
    out: Annotated[Path | None, typer.Option(help="Folder of the runs; else runs/.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train the tutorials' networks as published, and compare."""
    from tenfold.cli import reproduction_text
    from tenfold.experiments import reproduction

    rows, done = reproduction.reproduce(names or None, seeds=seeds, out=out, data=data), []
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


@app.command()
def doctor() -> None:
    """Check that this installation can train."""
    from tenfold.cli import doctor_checks as checks
    from tenfold.cli import run_text

    failed = False
    for check in checks.examine():
        failed |= not check.passed
        typer.echo(run_text.describe_check(check))
    if failed:
        raise typer.Exit(1)
