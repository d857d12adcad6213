"""Commands that list recipes and summarise networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import app
from tenfold.core import limits
from tenfold.core.errors import InputError


@app.command()
def summary(
    what: Annotated[str, typer.Argument(metavar="RECIPE|RUN", help="A recipe or a run folder.")],
) -> None:
    """Show layers, shapes and parameters of a network."""
    from tenfold import networks
    from tenfold.networks.recipes import customize
    from tenfold.runs import Run

    if Path(what).is_dir():
        typer.echo(Run(what).summary())
        return
    if not networks.is_python_file(what) and ("/" in what or Path(what).exists()):
        raise InputError(f"{what}: no such run folder; see tenfold recipes for names")
    recipe = customize(what, {})
    shape = (limits.IMAGE_SIDE, limits.IMAGE_SIDE)
    model = networks.build(recipe.network, recipe.arguments, shape, 10, recipe.seed)
    typer.echo(networks.summary(model))


@app.command()
def recipes() -> None:
    """List the recipes."""
    from tenfold.cli import run_text
    from tenfold.networks.recipes import RECIPES

    typer.echo(run_text.describe_recipes(RECIPES.values()))
