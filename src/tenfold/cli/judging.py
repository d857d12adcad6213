"""Commands that judge a run, and that ask it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import AsJson, Resize, RunPath, app, echo_json


@app.command()
def evaluate(
    run: RunPath,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    as_json: AsJson = False,
) -> None:
    """Score a run on the sealed test set; the run records it."""
    from tenfold import console
    from tenfold.runs import Run

    opened = Run(run)
    result = opened.evaluate(split)
    if as_json:
        echo_json(result.to_json())
        return
    typer.echo(console.describe_evaluation(result, opened.seeds))
    if split == "test":
        typer.echo(console.describe_openings(opened.test_openings()))


@app.command()
def predict(
    run: RunPath,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="PNG, JPEG, .npy or .npz files.")
    ],
    top: Annotated[int, typer.Option(help="How many classes to show.")] = 1,
    resize: Resize = False,
    invert: Annotated[bool, typer.Option("--invert", help="Turn light and dark about.")] = False,
) -> None:
    """Name the class of each image, with its probability."""
    from tenfold import console
    from tenfold.datasets.arrays import read_images
    from tenfold.runs import Run

    opened = Run(run)
    found = [read_images(path, opened.image_shape, resize=resize, invert=invert) for path in images]
    inverted = 0
    for pixels, names in found:
        inverted += opened.looks_inverted(pixels)
        for name, answers in zip(names, opened.top(pixels, top), strict=True):
            typer.echo(f"{name}  {console.describe_answers(answers)}")
    if inverted:
        total = sum(len(names) for _, names in found)
        typer.echo(f"tenfold: {console.describe_inverted(inverted, total, invert)}", err=True)
