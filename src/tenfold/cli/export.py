"""The command ``tenfold export``."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import app, out_option
from tenfold.core.assets import READER
from tenfold.core.errors import InputError
from tenfold.core.files import require_suffix


@app.command()
def export(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN...", help="A run; for --page one or two runs or model files."),
    ] = None,
    out: Annotated[Path | None, out_option("Such as digits.onnx.", "FILE")] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Such as digits.html: one page to draw on, the model inside. Without a RUN, or "
            "for reader: the packaged reader.",
        ),
    ] = None,
    network: Annotated[
        int | None, typer.Option(help="Index of one network, from 0; default: the mean of all.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Quantize to int8: a quarter of the size, loss measured.")
    ] = False,
) -> None:
    """Write a run as an ONNX model file, or as one HTML page.

    Neither needs Keras or JAX.
    """
    runs = runs or []
    if out is None and page is None:
        raise InputError("nowhere to write; give --out digits.onnx, --page digits.html, or both")
    if page is not None:  # before a model file is written
        require_suffix(page, ".html", ".htm")
    if out is not None:
        if len(runs) != 1:
            raise InputError(f"--out takes the model of one run; received {len(runs)} runs")
        _write(runs[0], out, network, int8)
    if page is not None:
        _write_page(runs, page, network, int8)


def _write(run: Path, out: Path, network: int | None, int8: bool) -> None:
    from tenfold.runs import Run
    from tenfold.runs.export import export as write

    typer.echo(write(Run(run), out, network, int8).describe())


def _names(runs: Sequence[Path]) -> list[str]:
    """Return the names of models on one page: of two, without the time at which they began."""
    names = [run.resolve().name if run.is_dir() else run.stem for run in runs]
    short = [re.sub(r"^[\d-]{17}-", "", name) for name in names]
    return short if len(set(short)) == len(runs) > 1 else names


def _write_page(runs: Sequence[Path], page: Path, network: int | None, int8: bool) -> None:
    from tenfold.data import load
    from tenfold.page.document import MAX_MODELS, Model, write_page
    from tenfold.runs import Run
    from tenfold.runs.export import available_data
    from tenfold.runs.export import export as write

    if len(runs) > MAX_MODELS:
        raise InputError(f"--page shows one or two models; received {len(runs)}")
    models = []
    with tempfile.TemporaryDirectory(prefix="tenfold-") as folder:
        runs = runs or [Path("reader")]
        for index, (run, name) in enumerate(zip(runs, _names(runs), strict=True)):
            if run.is_dir():
                file = Path(folder) / f"{index}.onnx"
                write(Run(run), file, network, int8)
                data = available_data(Run(run))
                images = None if data is None else data.validation
                models.append(Model(name, file, images))
                continue
            if network is not None or int8:
                raise InputError(f"{run}: --network and --int8 need a run, not a model file")
            is_reader = str(run) == "reader" and not run.exists()
            images = load("mnist").validation if is_reader else None
            models.append(Model(name, READER if is_reader else run, images))
        size = write_page(models, page)
    names = " and ".join(model.name for model in models)
    typer.echo(f"page      {page}  ({size / 1000:,.0f} kB, {names} inside)\nnext      open {page}")
