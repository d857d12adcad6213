"""The commands of `tenfold data`: list, show and check datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from warnings import catch_warnings, simplefilter

import typer

from tenfold.cli.app import AsJson, app, echo_json, out_option
from tenfold.cli.generated_options import NOTHING, with_read_options
from tenfold.core.errors import InputError

data_app = typer.Typer(help="Inspect datasets before training.")
app.add_typer(data_app, name="data")


@data_app.callback(invoke_without_command=True)
def _data(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@data_app.command("list")
def data_list() -> None:
    """List the named datasets."""
    from tenfold.cli import data_text
    from tenfold.data import SOURCES

    typer.echo(data_text.describe_sources(SOURCES))


@data_app.command("get")
def data_get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A dataset's name.")],
    place: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            exists=True,
            file_okay=False,
            help="Folder with its files, fetched by other means; default: download.",
        ),
    ] = None,
) -> None:
    """Put a named dataset into the cache, to work offline."""
    from tenfold.cli import data_text
    from tenfold.data import dataset_cache, load, sources

    source = sources.find(name)
    if source is None:
        raise sources.unknown_dataset(name)
    if place is not None:
        dataset_cache.fill_from_folder(source, place)
    typer.echo(data_text.describe_splits(load(source.name)))


@data_app.command("show")
@with_read_options
def data_show(
    source: Annotated[str, typer.Argument(help="A dataset's name or path.")] = "mnist",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    rows: Annotated[int, typer.Option(min=1, max=50)] = 5,
    columns: Annotated[int, typer.Option(min=1, max=20)] = 10,
    seed: Annotated[
        int | None, typer.Option(help="Draw images at random; else the first ones.")
    ] = None,
    reading: Mapping[str, Any] = NOTHING,
    out: Annotated[Path | None, out_option("PNG or SVG file.")] = None,
) -> None:
    """Describe a dataset and save a gallery of its images."""
    from tenfold import figures
    from tenfold.cli import data_text
    from tenfold.data import load

    splits = load(source, **reading)
    dataset = splits.present().get(split)
    if dataset is None:
        raise InputError(f"split {split!r}: there are {', '.join(splits.present())}")
    target = out or Path(f"{splits.name}-{split}.png")
    figures.save(dataset.gallery(rows, columns, seed), target)
    typer.echo(data_text.describe_splits(splits))
    typer.echo(data_text.describe_dataset(dataset))
    typer.echo(f"gallery  {target}")


@data_app.command("check")
@with_read_options
def data_check(
    source: Annotated[str, typer.Argument(metavar="PATH", help="A dataset's name or path.")],
    reading: Mapping[str, Any] = NOTHING,
    as_json: AsJson = False,
) -> None:
    """Report the content of a dataset and its problems.

    The exit code is 2 if the dataset cannot be used.
    """
    from tenfold.cli import data_text
    from tenfold.data import check

    report = check(source, **reading)
    if report.usable and (line := _orientation(source, reading)):
        report = replace(report, warnings=(*report.warnings, line))
    if as_json:
        echo_json(report.as_dict())
    else:
        typer.echo(data_text.describe_report(report))
    if not report.usable:
        raise typer.Exit(2)


def _orientation(source: str, reading: Mapping[str, Any]) -> str:
    """Return a warning if the packaged reader reads the digits of train turned or mirrored."""
    from tenfold.data import load
    from tenfold.export.model_view import describe_turned

    with catch_warnings():
        simplefilter("ignore")
        train = load(source, **reading).train
    line = describe_turned(train)
    return line and f"train: {line}"
