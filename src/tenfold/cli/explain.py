"""The command ``tenfold explain``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tenfold.cli.app import RunPath, app, out_option
from tenfold.cli.evaluate import Network
from tenfold.cli.generated_options import NOTHING, with_read_options
from tenfold.core.errors import InputError


@app.command()
@with_read_options
def explain(
    run: RunPath,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A file with one image.")],
    network: Network = 0,
    reading: Mapping[str, Any] = NOTHING,
    invert: Annotated[bool, typer.Option("--invert", help="Exchange light and dark.")] = False,
    out: Annotated[
        Path | None,
        out_option("A page, .html, or figure, .png or .svg. Default: NAME-explained.html", "FILE"),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Show what each layer of a network makes of an image.

    The evidence for the answer is shown, too.
    """
    from tenfold.core.read_options import ReadOptions
    from tenfold.data.prediction_inputs import read_inputs
    from tenfold.runs import Run

    if run.is_file():
        raise InputError(f"{run}: a file; layers are explained of a run, which is a folder")
    opened = Run(run)
    options = ReadOptions.of(reading)
    inputs = read_inputs(image, opened.image_shape, options, opened.pixels, invert=invert)
    if len(inputs.images) != 1:
        raise InputError(f"{image}: {len(inputs.images)} images; give a file with one")
    target = Path(f"{image.stem}-explained.html") if out is None else out
    explanation = opened.explain(inputs.images[0], network, "byte")
    path = explanation.save(target)
    typer.echo(f"{image}  {explanation.answer}\n{path}")
    if opened.count_inverted(inputs.images, "byte"):
        from tenfold.cli.evaluation_text import describe_inverted

        typer.echo(f"tenfold: {describe_inverted(1, 1, invert)}", err=True)
    if show:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
