"""The ``read`` command."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenfold.cli.app import app, for_each, interruptible
from tenfold.cli.scale_options import (
    MaxFailuresOption,
    RayOption,
    TimeoutOption,
    WorkersOption,
    make_executor,
    show_progress,
)
from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SHAPE

if TYPE_CHECKING:
    from tenfold.handwriting.result import Reading

COLUMNS = ("file", "line", "number", "label", "confidence", "accepted", "box")


@app.command()
def read(
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="PICTURE...", help="Photos, scans or drawings; - reads stdin."),
    ],
    model: Annotated[
        str | None, typer.Option(help="Model file of tenfold export; default: packaged reader.")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Write a PNG with boxes and labels; one picture only.")
    ] = None,
    deslant: Annotated[bool, typer.Option("--deslant", help="Shear each digit upright.")] = False,
    expect: Annotated[
        int | None, typer.Option(min=1, help="Digits of each number, if known.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(metavar="X,Y,W,H", help="Part to read: left, top, width, height in pixels."),
    ] = None,
    page: Annotated[
        int | None, typer.Option(min=1, help="Page of a PDF or TIFF file; default: all.")
    ] = None,
    as_table: Annotated[
        bool, typer.Option("--table", "--columns", help="CSV rows and columns as on the page.")
    ] = False,
    budget: Annotated[
        float, typer.Option(min=0.1, help="Seconds of processor time for one picture or page.")
    ] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per picture.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="One row per digit.")] = False,
    parquet: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Write Parquet; takes folders, goes on.")
    ] = None,
    workers: WorkersOption = None,
    ray: RayOption = None,
    timeout: TimeoutOption = None,
    max_failures: MaxFailuresOption = None,
) -> None:
    """Read handwritten digits in photos, scans and drawings."""
    from tenfold.data.picture_files import PictureFile
    from tenfold.export.model_view import view_of
    from tenfold.export.predictor import Predictor
    from tenfold.handwriting import annotation, reading
    from tenfold.handwriting.picture import load_page
    from tenfold.handwriting.time_budget import time_budget

    if annotate is not None and len(pictures) > 1:
        raise InputError(f"--annotate: {len(pictures)} pictures; give one")
    if as_json + as_csv + as_table > 1:
        raise InputError("--json, --csv, --table: give one of them")
    if as_table and len(pictures) > 1:
        raise InputError(f"--table: {len(pictures)} pictures; give one, or --csv for all")
    part = None if region is None else _parse_region(region)
    if parquet is not None:
        if annotate is not None or page is not None or as_json or as_csv or as_table:
            raise InputError("--parquet: not with --annotate, --page, --json, --csv or --table")
        from tenfold.handwriting.pages import read_pages

        with interruptible():
            progress = read_pages(
                pictures,
                out=parquet,
                model=model,
                deslant=deslant,
                expect=expect,
                region=part,
                budget=budget,
                max_failures=max_failures,
                executor=make_executor(ray, workers, timeout),
            )
        show_progress(progress, parquet, "read")
        return
    if (ray, workers, timeout, max_failures) != (None,) * 4:
        raise InputError("--ray, --workers, --timeout, --max-failures: only with --parquet FOLDER")
    predictor = None if model is None else Predictor(model)
    if predictor is not None and predictor.image_shape == IMAGE_SHAPE:
        view = str(view_of(predictor))
        if view:
            typer.echo(f"{model}: trained on digits {view}; the crops are changed so", err=True)
    show: Callable[[Path, Reading], None] = _show_text
    if as_json or as_table:
        show = _show_json if as_json else _show_table
    elif as_csv:
        show = _csv_writer()

    def read_one(picture: Path) -> None:
        source = sys.stdin.buffer.read() if str(picture) == "-" else picture
        with PictureFile(source, "stdin" if str(picture) == "-" else str(picture)) as file:
            numbers = range(1, file.n_pages + 1) if page is None else [page]
            if len(numbers) > 1 and (annotate is not None or as_table):
                option = "--table" if as_table else "--annotate"
                raise InputError(f"{option}: {file.name} has {file.n_pages} pages; give one --page")
            pages = {picture: 1}
            if file.n_pages > 1 or page is not None:
                pages = {Path(f"{picture}, page {number}"): number for number in numbers}
            for_each(list(pages), lambda name: read_page(file, pages[name], name), "read")

    def read_page(file: PictureFile, number: int, name: Path) -> None:
        with time_budget(budget):
            loaded = load_page(file, number)
            result = reading.read(
                loaded, predictor, deslant=deslant, expect=expect, region=part, budget=budget
            )
        if not result.complete:
            spent = f"incomplete after {budget:g} s; give a --region or a larger --budget"
            typer.echo(f"{name}: {spent}", err=True)
        if annotate is not None:
            annotation.annotate(loaded, result, annotate)
        show(name, result)

    for_each(list(map(Path, pictures)), read_one, "read")


def _show_text(picture: Path, reading: Reading) -> None:
    """Print the text by lines, each followed by the confidences of its digits."""
    typer.echo(picture)
    if reading.quarter_turns:
        typer.echo(f"  rotated {90 * reading.quarter_turns} degrees counter-clockwise")
    for text, digits in zip(reading.text.splitlines(), reading.lines, strict=True):
        confidences = "  ".join(f"{d.label} {100 * d.confidence:.1f} %" for d in digits)
        typer.echo(f"  {text}\n  {confidences}")


def _parse_region(text: str) -> tuple[int, int, int, int]:
    parts = text.replace(" ", "").split(",")
    if len(parts) != 4 or not all(part.isdecimal() for part in parts):
        raise InputError(f"--region {text}: give left,top,width,height in whole pixels")
    left, top, width, height = map(int, parts)
    return left, top, width, height


def _show_table(picture: Path, reading: Reading) -> None:
    from tenfold.handwriting.table import to_table

    csv.writer(sys.stdout).writerows(to_table(reading))


def _show_json(picture: Path, reading: Reading) -> None:
    typer.echo(json.dumps({"file": str(picture), **reading.to_json()}))


def _csv_writer() -> Callable[[Path, Reading], None]:
    """Write the header and return the function that writes the rows of a reading."""
    rows = csv.writer(sys.stdout)
    rows.writerow(COLUMNS)

    def show(picture: Path, reading: Reading) -> None:
        for i, row in enumerate(reading.rows, 1):
            for j, number in enumerate(row, 1):
                for digit in number.digits:
                    confidence, box = f"{digit.confidence:.4f}", " ".join(map(str, digit.box))
                    accepted = int(digit.accepted)
                    rows.writerow([picture, i, j, digit.label, confidence, accepted, box])

    return show
