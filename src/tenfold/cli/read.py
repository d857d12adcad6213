"""The ``read`` command."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenfold.cli.app import app
from tenfold.core.errors import InputError

if TYPE_CHECKING:
    from tenfold.handwriting.reading import Reading

COLUMNS = ("file", "line", "number", "label", "confidence", "accepted", "box")


@app.command()
def read(
    pictures: Annotated[
        list[Path], typer.Argument(metavar="PICTURE...", help="Photos, scans or drawings.")
    ],
    model: Annotated[
        Path | None, typer.Option(help="Model file of tenfold export; default: packaged reader.")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Write a PNG with boxes and labels; one picture only.")
    ] = None,
    deslant: Annotated[bool, typer.Option("--deslant", help="Shear each digit upright.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per picture.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="One row per digit.")] = False,
) -> None:
    """Read handwritten digits in photos, scans and drawings."""
    from tenfold.export.predictor import Predictor
    from tenfold.handwriting import annotation, reading

    if annotate is not None and len(pictures) > 1:
        raise InputError(f"--annotate: {len(pictures)} pictures; give one")
    if as_json and as_csv:
        raise InputError("--json, --csv: give one of them")
    predictor = None if model is None else Predictor(model)
    show = _show_json if as_json else _csv_writer() if as_csv else _show_text
    failed = []
    for picture in pictures:
        try:
            result = reading.read(picture, predictor, deslant=deslant)
            if annotate is not None:
                annotation.annotate(picture, result, annotate)
        except InputError as error:
            if len(pictures) == 1:
                raise
            prefix = "" if str(picture) in str(error) else f"{picture}: "
            typer.echo(f"tenfold: {prefix}{error}", err=True)
            failed.append(str(picture))
        else:
            show(picture, result)
    if failed:
        raise InputError(f"{len(failed)} of {len(pictures)} not read: {', '.join(failed)}")


def _show_text(picture: Path, reading: Reading) -> None:
    from tenfold.cli.reading_text import describe_reading

    typer.echo(describe_reading(str(picture), reading))


def _show_json(picture: Path, reading: Reading) -> None:
    typer.echo(json.dumps({"file": str(picture), **reading.to_json()}))


def _csv_writer() -> Callable[[Path, Reading], None]:
    """Write the header and return the function that writes the rows of a reading."""
    rows = csv.writer(sys.stdout)
    rows.writerow(COLUMNS)

    def show(picture: Path, reading: Reading) -> None:
        for i, line in enumerate(reading.numbers, 1):
            for j, number in enumerate(line, 1):
                for digit in number:
                    confidence, box = f"{digit.confidence:.4f}", " ".join(map(str, digit.box))
                    accepted = int(digit.accepted)
                    rows.writerow([picture, i, j, digit.label, confidence, accepted, box])

    return show
