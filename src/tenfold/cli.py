"""The command line: parse, call, print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tenfold.errors import InputError

app = typer.Typer(
    help="Train, judge and ship image classifiers for MNIST-format data, in seconds.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(help="Look at datasets before training.", no_args_is_help=True)
app.add_typer(data_app, name="data")

RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
DataSource = Annotated[
    str, typer.Option("--data", help="A dataset's name, or IDX, .npz, .csv or a folder.")
]
Resize = Annotated[bool, typer.Option("--resize", help="Bring other image sizes to 28x28.")]


def main() -> None:
    """Run the command line; bad input is one line on stderr and exit code 2."""
    usage_error = typer.BadParameter.__base__
    assert usage_error is not None  # noqa: S101 - it derives from the parser's UsageError
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except InputError as error:
        _stop(str(error))
    except usage_error as error:
        _stop(f"{error.format_message()} See tenfold --help.")  # type: ignore[attr-defined]
    except OSError as error:
        _stop(f"{error.filename or 'file'}: {error.strerror or error}")
    except (KeyboardInterrupt, typer.Abort):
        _stop("stopped; a training goes on with tenfold train --resume RUN", code=130)


def _stop(message: str, code: int = 2) -> None:
    line = " ".join(message.split())
    typer.echo(f"tenfold: {line}", err=True)
    sys.exit(code)


def _version(value: bool) -> None:
    if value:
        import tenfold

        typer.echo(f"tenfold {tenfold.__version__}")
        raise typer.Exit


@app.callback()
def _app(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    pass


@app.command()
def train(
    recipe: Annotated[
        str | None,
        typer.Argument(help="A recipe (see tenfold recipes), or my_network.py:build."),
    ] = None,
    data: DataSource = "mnist",
    seeds: Annotated[int, typer.Option(help="How many networks to train at once.")] = 1,
    hidden: Annotated[str | None, typer.Option(help="Units of dense layers: 512,256.")] = None,
    activation: Annotated[str | None, typer.Option(help="One, or one a layer: relu,elu.")] = None,
    dropout: Annotated[str | None, typer.Option(help="Share dropped, or one a layer.")] = None,
    batch_norm: Annotated[
        bool | None, typer.Option("--batch-norm", help="Normalise before each activation.")
    ] = None,
    filters: Annotated[str | None, typer.Option(help="Channels of convolutions: 32,64.")] = None,
    loss: Annotated[str | None, typer.Option(help="sparse, one-hot, or a Keras loss.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="adam, rmsprop, sgd, adamw, ...")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak, if scheduled.")] = None,
    schedule: Annotated[str | None, typer.Option(help="constant, linear or cosine.")] = None,
    warmup: Annotated[float | None, typer.Option(help="Share of the steps.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Of the optimizer.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images a step.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the images.")] = None,
    shift: Annotated[float | None, typer.Option(help="Augment: pixels.")] = None,
    rotation: Annotated[float | None, typer.Option(help="Augment: degrees.")] = None,
    scale: Annotated[float | None, typer.Option(help="Augment: 0.1 is 0.9 to 1.1.")] = None,
    shear: Annotated[float | None, typer.Option(help="Augment: tangent of the slant.")] = None,
    elastic: Annotated[float | None, typer.Option(help="Augment: pixels of bending.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random.")] = None,
    validation: Annotated[int | None, typer.Option(help="Images held out of train.")] = None,
    resize: Resize = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with a stopped training.")
    ] = None,
) -> None:
    """Train a network, or many at once; leave a run folder with all that came out."""
    changes = {
        "hidden": hidden,
        "activation": activation,
        "dropout": dropout,
        "batch_norm": batch_norm,
        "filters": filters,
        "loss": loss,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "warmup": warmup,
        "weight_decay": weight_decay,
        "batch_size": batch_size,
        "epochs": epochs,
        "shift": shift,
        "rotation": rotation,
        "scale": scale,
        "shear": shear,
        "elastic": elastic,
        "seed": seed,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    from tenfold import recipes

    chosen = None if resume else recipes.customised(recipe, given)
    if resume is not None and (given or recipe):
        raise InputError("--resume takes its recipe from the run; give no other option with it")
    from tenfold import runs

    if resume is not None:
        run = runs.resume(resume)
    else:
        assert chosen is not None  # noqa: S101 - made above
        run = runs.train(chosen, data, seeds=seeds, out=out, validation=validation, resize=resize)
    _print_run(run)


def _print_run(run: Any) -> None:
    record = run.record
    epochs = f"{record.recipe.epochs} epoch{'s' * (record.recipe.epochs > 1)}"
    networks = f", {len(run.seeds)} networks at once" if len(run.seeds) > 1 else ""
    typer.echo(f"{record.recipe.name} on {record.data.name}: {run.headline()}")
    typer.echo(f"run   {run.path}  ({epochs} in {record.seconds:.1f} s{networks})")
    typer.echo(f"next  tenfold evaluate {run.path}")


@app.command()
def evaluate(
    run: RunPath,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    as_json: Annotated[bool, typer.Option("--json", help="Print every figure as JSON.")] = False,
) -> None:
    """Score a run; the test set is sealed, and each opening is recorded in the run."""
    from tenfold import console
    from tenfold.runs import Run

    opened = Run(run)
    result = opened.evaluate(split)
    if as_json:
        typer.echo(json.dumps(result.to_json(), indent=2))
        return
    typer.echo(console.describe_evaluation(result))
    if split == "test":
        times = len(opened.test_openings())
        typer.echo(f"the test set was opened {times} time{'s' * (times > 1)} for this run")


@app.command()
def predict(
    run: RunPath,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="PNG, JPEG or .npz.")],
    top: Annotated[int, typer.Option(help="How many classes to show.")] = 1,
    resize: Resize = False,
    invert: Annotated[bool, typer.Option("--invert", help="Dark ink on light paper.")] = False,
) -> None:
    """Name the class of images, with its probability."""
    from tenfold.datasets.arrays import read_image
    from tenfold.runs import Run

    opened = Run(run)
    height, width = opened.record.data.image_shape
    for path in images:
        image = read_image(path, (height, width), resize=resize, invert=invert)
        answers = opened.top(image, top)[0]
        typer.echo(f"{path}  " + "  ".join(f"{name} {chance:.1%}" for name, chance in answers))


@app.command()
def summary(
    what: Annotated[str, typer.Argument(metavar="RECIPE|RUN", help="A recipe or a run folder.")],
) -> None:
    """Show layers, shapes and parameters of a network."""
    from tenfold import networks, recipes
    from tenfold.runs import Run

    if Path(what).is_dir():
        typer.echo(Run(what).summary())
        return
    chosen = recipes.customised(what, {})
    model = networks.build(chosen.network, chosen.arguments, (28, 28), 10, chosen.seed)
    typer.echo(networks.summary(model))


@app.command()
def recipes() -> None:
    """List the recipes."""
    from tenfold.recipes import RECIPES

    width = max(map(len, RECIPES))
    for name, entry in RECIPES.items():
        typer.echo(f"{name:<{width}}  {entry.summary}")


@app.command()
def reproduce(
    names: Annotated[list[str] | None, typer.Argument(metavar="[RECIPE...]")] = None,
    seeds: Annotated[int, typer.Option(help="How many networks of each.")] = 8,
    out: Annotated[Path | None, typer.Option(help="Folder of the runs.")] = None,
) -> None:
    """Train the tutorials' networks by their published protocol; published, ours, verdict."""
    from tenfold import console, reproduction

    rows = list(reproduction.reproduce(names or None, seeds=seeds, out=out))
    typer.echo(console.describe_reproductions(rows))


@app.command()
def doctor() -> None:
    """Check that this installation can train: versions, device, cache, data."""
    from tenfold import doctor as checks

    failed = False
    for check in checks.examine():
        failed |= not check.passed
        typer.echo(f"{'ok  ' if check.passed else 'FAIL'}  {check.name:<10}  {check.found}")
    if failed:
        raise typer.Exit(1)


@data_app.command("list")
def data_list() -> None:
    """List the datasets that are known by name."""
    from tenfold import console
    from tenfold.datasets import SOURCES

    width = max(len(source.name) for source in SOURCES)
    for source in SOURCES:
        typer.echo(f"{source.name:<{width}}  {console.describe_source(source)}")


@data_app.command("show")
def data_show(
    source: Annotated[str, typer.Argument(help="A dataset's name or path.")] = "mnist",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    rows: Annotated[int, typer.Option(min=1, max=50)] = 5,
    columns: Annotated[int, typer.Option(min=1, max=20)] = 10,
    seed: Annotated[int | None, typer.Option(help="Draw images; else the first ones.")] = None,
    resize: Resize = False,
    out: Annotated[Path | None, typer.Option(help="PNG or SVG file.")] = None,
) -> None:
    """Describe a dataset, print its first image as numbers, and draw a gallery."""
    from tenfold import console, figures
    from tenfold.datasets import load

    splits = load(source, resize=resize)
    found = splits.present().get(split)
    if found is None:
        raise InputError(f"split {split!r}: there are {', '.join(splits.present())}")
    typer.echo(repr(splits))
    typer.echo(console.describe_dataset(found))
    target = out or Path(f"{splits.name}-{split}.png")
    figures.save(found.gallery(rows, columns, seed), target)
    typer.echo(f"gallery  {target}")


@data_app.command("check")
def data_check(
    source: Annotated[str, typer.Argument(metavar="PATH", help="A dataset's name or path.")],
    resize: Resize = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Report counts, pixel range, polarity, duplicates and unreadable files."""
    from tenfold import console
    from tenfold.datasets import check

    report = check(source, resize=resize)
    typer.echo(
        json.dumps(report.as_dict(), indent=2) if as_json else console.describe_report(report)
    )


if __name__ == "__main__":
    main()
