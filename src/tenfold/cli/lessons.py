"""The ``lessons`` command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import app
from tenfold.core.errors import InputError


@app.command()
def lessons(
    number: Annotated[int | None, typer.Argument(metavar="[NUMBER]", help="A lesson.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it as a notebook.")
    ] = None,
) -> None:
    """List the lessons; show one, or write it as a Jupyter notebook."""
    from tenfold.core.files import atomic_write
    from tenfold.lessons import all_lessons, lesson

    if number is None:
        if out is not None:
            raise InputError(f"-o {out}: which lesson? write tenfold lessons NUMBER -o {out}")
        for entry in all_lessons():
            typer.echo(f"{entry.number:2}  {entry.title}")
        typer.echo("next  tenfold lessons 1 -o lesson.ipynb")
        return
    chosen = lesson(number)
    if out is None:
        typer.echo(chosen.text)
        return
    if out.suffix != ".ipynb":
        raise InputError(f"-o {out}: a lesson is written as a notebook; end the name with .ipynb")
    if out.exists():
        raise InputError(f"-o {out}: exists, perhaps with your work; give another name")
    text = json.dumps(chosen.to_notebook(), indent=1, ensure_ascii=False) + "\n"
    with atomic_write(out, "w") as file:
        file.write(text)
    typer.echo(f"lesson {number}, {chosen.title}: {out}\nnext  jupyter lab {out}")
