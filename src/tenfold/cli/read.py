"""The command that reads pictures."""

from __future__ import annotations

import csv
import sys
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
        list[Path], typer.Argument(metavar="PICTURE...", help="Photos, scans, drawings.")
    ],
    model: Annotated[
        Path | None, typer.Option(help="What tenfold export wrote; else tenfold's own reader.")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="PNG with boxes and answers; of one picture.")
    ] = None,
    deslant: Annotated[bool, typer.Option("--deslant", help="Shear each digit upright.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a picture.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="One row a digit.")] = False,
) -> None:
    """Read handwritten digits in photos, scans and drawings."""
    from tenfold.export.predictor import Predictor
    from tenfold.handwriting import reading

    if annotate is not None and len(pictures) > 1:
        raise InputError(f"--annotate: {len(pictures)} pictures; give one")
    if as_json and as_csv:
        raise InputError("--json, --csv: give one of them")
    network = None if model is None else Predictor(model)
    show = _show_json if as_json else _show_csv if as_csv else _show_text
    if as_csv:
        csv.writer(sys.stdout).writerow(COLUMNS)
    failed = []
    for picture in pictures:
        try:
            found = reading.read(picture, network, deslant=deslant)
            if annotate is not None:
                reading.annotate(picture, found, annotate)
        except InputError as error:
            if len(pictures) == 1:
                raise
            place = "" if str(picture) in str(error) else f"{picture}: "
            typer.echo(f"tenfold: {place}{error}", err=True)
            failed.append(str(picture))
        else:
            show(picture, found)
    if failed:
        raise InputError(f"{len(failed)} of {len(pictures)} not read: {', '.join(failed)}")


def _show_text(picture: Path, found: Reading) -> None:
    from tenfold.cli import reading_text

    typer.echo(reading_text.describe_reading(str(picture), found))


def _show_json(picture: Path, found: Reading) -> None:
    import json

    typer.echo(json.dumps({"file": str(picture), **found.to_json()}))


def _show_csv(picture: Path, found: Reading) -> None:
    rows = csv.writer(sys.stdout)
    for i, line in enumerate(found.numbers):
        for j, number in enumerate(line):
            for digit in number:
                box = " ".join(map(str, digit.box))
                chance = f"{digit.confidence:.4f}"
                rows.writerow(
                    [picture, i + 1, j + 1, digit.label, chance, int(digit.accepted), box]
                )
