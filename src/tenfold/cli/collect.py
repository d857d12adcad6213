"""The ``collect`` command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenfold.cli.app import app, for_each, out_option
from tenfold.core.errors import InputError

if TYPE_CHECKING:
    from tenfold.handwriting.collect import Sheet


@app.command()
def collect(
    photos: Annotated[
        list[Path] | None, typer.Argument(metavar="[PHOTO...]", help="Photos or scans of sheets.")
    ] = None,
    out: Annotated[Path | None, out_option("Folder for the images.", "FOLDER")] = None,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the sheet to print, as PDF.")
    ] = None,
    paper: Annotated[str, typer.Option(help="Paper of the sheet: a4 or letter.")] = "a4",
) -> None:
    """Turn sheets of your digits into labelled images."""
    from tenfold.data.picture_files import PictureFile
    from tenfold.handwriting import collect as sheets

    if template is not None:
        if photos or out is not None:
            raise InputError("--template: only writes the sheet; give photos without it")
        sheets.write_template(template, paper)
        typer.echo(
            f"sheet  {template}\nnext   print it, write, then tenfold collect photo.jpg -o mine/"
        )
        return
    if not photos or out is None:
        raise InputError("give photos of sheets and -o FOLDER; or --template sheet.pdf to make one")

    def collect_file(photo: Path) -> None:
        with PictureFile(photo, str(photo)) as file:
            n = file.n_pages
        pages = {Path(f"{photo}, page {i}"): i for i in range(1, n + 1)} if n > 1 else {photo: None}
        for_each(
            list(pages),
            lambda name: typer.echo(_describe(sheets.collect(photo, out, pages[name]))),
            "collected",
        )

    for_each(photos, collect_file, "collected")
    typer.echo(f"next   check the overview, then tenfold train --data {out} --from reader")


def _describe(sheet: Sheet) -> str:
    counts = ", ".join(f"{n} of {digit}" for digit, n in sheet.counts().items())
    return f"sheet  {sheet.overview}: {len(sheet.images)} images ({counts})"
