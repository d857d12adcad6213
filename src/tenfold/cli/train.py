"""The command that trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenfold.cli.app import app, interruptible, out_option
from tenfold.cli.generated_options import NOTHING, with_read_options
from tenfold.cli.recipe_options import (
    DataOption,
    RecipeArgument,
    refuse_with_resume,
    with_recipe_options,
)
from tenfold.core.errors import InputError

if TYPE_CHECKING:
    from tenfold.networks.recipes import Recipe
    from tenfold.server.training_monitor import TrainingMonitor


@app.command()
@with_recipe_options
@with_read_options
def train(
    recipe: RecipeArgument = None,
    data: DataOption = None,
    seeds: Annotated[
        int | None, typer.Option(help="Networks to train at once; by default 1.")
    ] = None,
    changes: Mapping[str, Any] = NOTHING,
    validation: Annotated[
        int | None, typer.Option(help="Images held out of the train split.")
    ] = None,
    corrections: Annotated[
        Path | None, typer.Option(help="A file of corrected labels from tenfold audit.")
    ] = None,
    reading: Mapping[str, Any] = NOTHING,
    refit: Annotated[
        bool, typer.Option("--refit", help="Train on train and validation together.")
    ] = False,
    calibrated_by: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Of a refit: take temperature and threshold from a run."),
    ] = None,
    out: Annotated[Path | None, out_option("Folder of the run.")] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="START", help="Fine-tune: reader, a run or a model file."),
    ] = None,
    export: Annotated[
        bool,
        typer.Option("--export/--no-export", help="Refuse a network that cannot be exported."),
    ] = True,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Resume a stopped training.")
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show the training live in a browser, until Ctrl-C.")
    ] = False,
) -> None:
    """Train a network, or many at once, and write a run folder."""
    with interruptible(), _training_monitor(serve) as monitor:
        watch = None if monitor is None else monitor.start
        if resume is not None:
            others = (recipe, data, seeds, validation, corrections, out, start, calibrated_by)
            refuse_with_resume("run", *others, changes or None, reading or None, refit or None)
            from tenfold import training

            run = training.resume(resume, watch=watch)
        else:
            from tenfold.networks import recipes

            if start is not None and data is None:
                raise InputError("--from: no images to fine-tune on; give --data, such as a folder")
            base = recipe if recipe is not None or start is None else _adapted(start)
            chosen = recipes.customize(base, changes)
            from tenfold import training

            run = training.train(
                chosen,
                data or "mnist",
                seeds=1 if seeds is None else seeds,
                out=out,
                validation=validation,
                corrections=corrections,
                refit=refit,
                calibrated_by=calibrated_by,
                start=start,
                export=export,
                watch=watch,
                **reading,
            )
        from tenfold.cli import run_text

        typer.echo(run_text.describe_run(run))
        if monitor is not None:
            monitor.stay()


@contextmanager
def _training_monitor(wanted: bool) -> Iterator[TrainingMonitor | None]:
    """Serve the run in a process of its own during the training, if requested."""
    if not wanted:
        yield None
        return
    from tenfold.cli.serve import require_server

    require_server()
    from tenfold.server.training_monitor import TrainingMonitor

    with TrainingMonitor() as monitor:
        yield monitor


def _adapted(start: str) -> Recipe:
    """The recipe that fine-tunes trained networks."""
    from tenfold.training.finetune.preparation import finetuning_recipe
    from tenfold.training.finetune.pretrained import find_pretrained

    return finetuning_recipe(find_pretrained(start))
