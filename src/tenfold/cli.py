"""The command line: parse, call, print."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from tenfold.errors import InputError

INTERRUPTED = 130

app = typer.Typer(
    help="Train, judge and ship image classifiers for MNIST-format data, in seconds.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(help="Look at datasets before training.")
app.add_typer(data_app, name="data")

RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it all as JSON.")]
Resize = Annotated[bool, typer.Option("--resize", help="Bring other image sizes to 28x28.")]


def run() -> NoReturn:
    """Run the command line as a process of its own, which ends at once.

    Taking JAX down takes about a second, when all is written and nothing is left to do.
    """
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Run the command line; bad input is one line on stderr and exit code 2."""
    usage_error: Any = typer.BadParameter.__base__  # the parser's UsageError
    try:
        code = app(standalone_mode=False) or 0
    except InputError as error:
        _stop(str(error))
    except usage_error as error:
        _stop(f"{error.format_message()} See tenfold --help.")
    except BrokenPipeError:  # whoever read our output has seen enough
        code = 0
    except OSError as error:
        _stop(f"{error.filename or 'file'}: {error.strerror or error}")
    except (KeyboardInterrupt, typer.Abort) as error:
        _stop(str(error) or "stopped", code=INTERRUPTED)
    if code == INTERRUPTED:  # the parser's own way to report Ctrl-C
        _stop("stopped", code=INTERRUPTED)
    sys.exit(code)


def _stop(message: str, code: int = 2) -> NoReturn:
    line = " ".join(message.split())
    typer.echo(f"tenfold: {line}", err=True)
    sys.exit(code)


def _echo_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, allow_nan=False))


def _version(value: bool) -> None:
    if value:
        import tenfold

        typer.echo(f"tenfold {tenfold.__version__}")
        raise typer.Exit


@data_app.callback(invoke_without_command=True)
def _data(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.callback(invoke_without_command=True)
def _app(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def train(
    recipe: Annotated[
        str | None,
        typer.Argument(help="A recipe (see tenfold recipes), or my_network.py:build."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="A name, an IDX, .npz or .csv file, a folder; else mnist.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Networks to train at once; else 1.")] = None,
    hidden: Annotated[str | None, typer.Option(help="Units of dense layers: 512,256.")] = None,
    activation: Annotated[str | None, typer.Option(help="One, or one a layer: relu,elu.")] = None,
    dropout: Annotated[str | None, typer.Option(help="Share dropped, or one a layer.")] = None,
    batch_norm: Annotated[
        bool | None, typer.Option("--batch-norm", help="Normalise before each activation.")
    ] = None,
    filters: Annotated[str | None, typer.Option(help="Channels of convolutions: 32,64.")] = None,
    loss: Annotated[str | None, typer.Option(help="sparse, one-hot, or a Keras loss.")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="A Keras optimizer: adam, sgd, adamw.")
    ] = None,
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
    """Train a network, or many at once, and leave a run folder."""
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
    with _interruptible():
        if resume is not None:
            others = (recipe, data, seeds, validation, out, resize or None)
            if given or any(value is not None for value in others):
                raise InputError("--resume takes all from the run; give nothing else with it")
            from tenfold import runs

            run = runs.resume(resume)
        else:
            from tenfold import recipes

            chosen = recipes.customised(recipe, given)
            from tenfold import runs

            run = runs.train(
                chosen,
                data or "mnist",
                seeds=1 if seeds is None else seeds,
                out=out,
                validation=validation,
                resize=resize,
            )
        from tenfold import console

        typer.echo(console.describe_run(run))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Keep what Ctrl-C has to say from the parser, which drops it."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise typer.Abort(str(error)) from None


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
        _echo_json(result.to_json())
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
    if not what.endswith(".py") and ".py:" not in what and ("/" in what or Path(what).exists()):
        raise InputError(f"{what}: no such run folder; see tenfold recipes for names")
    chosen = recipes.customised(what, {})
    model = networks.build(chosen.network, chosen.arguments, (28, 28), 10, chosen.seed)
    typer.echo(networks.summary(model))


@app.command()
def recipes() -> None:
    """List the recipes."""
    from tenfold import console
    from tenfold.recipes import RECIPES

    typer.echo(console.describe_recipes(RECIPES.values()))


@app.command()
def reproduce(
    names: Annotated[list[str] | None, typer.Argument(metavar="[RECIPE...]")] = None,
    seeds: Annotated[int, typer.Option(help="How many networks of each.")] = 8,
    data: Annotated[str, typer.Option(help="A name or path, as for train.")] = "mnist",
    out: Annotated[Path | None, typer.Option(help="Folder of the runs; else runs/.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train the tutorials' networks as published, and compare."""
    from tenfold import console, reproduction

    rows, done = reproduction.reproduce(names or None, seeds=seeds, out=out, data=data), []
    if not as_json:
        typer.echo(console.reproductions_header(seeds))
    with _interruptible():
        for row in rows:
            done.append(row)
            if not as_json:
                typer.echo(console.reproduction_row(row))
    if as_json:
        _echo_json(reproduction.to_json(done))
    else:
        typer.echo(console.describe_differences(done))


@app.command()
def doctor() -> None:
    """Check that this installation can train."""
    from tenfold import console
    from tenfold import doctor as checks

    failed = False
    for check in checks.examine():
        failed |= not check.passed
        typer.echo(console.describe_check(check))
    if failed:
        raise typer.Exit(1)


@data_app.command("list")
def data_list() -> None:
    """List the datasets that are known by name."""
    from tenfold import console
    from tenfold.datasets import SOURCES

    typer.echo(console.describe_sources(SOURCES))


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
    """Describe a dataset, and draw a gallery of it."""
    from tenfold import console, figures
    from tenfold.datasets import load

    splits = load(source, resize=resize)
    found = splits.present().get(split)
    if found is None:
        raise InputError(f"split {split!r}: there are {', '.join(splits.present())}")
    target = out or Path(f"{splits.name}-{split}.png")
    figures.save(found.gallery(rows, columns, seed), target)
    typer.echo(console.describe_splits(splits))
    typer.echo(console.describe_dataset(found))
    typer.echo(f"gallery  {target}")


@data_app.command("check")
def data_check(
    source: Annotated[str, typer.Argument(metavar="PATH", help="A dataset's name or path.")],
    resize: Resize = False,
    as_json: AsJson = False,
) -> None:
    """Report what is in a dataset, and what is wrong."""
    from tenfold import console
    from tenfold.datasets import check

    report = check(source, resize=resize)
    if as_json:
        _echo_json(report.as_dict())
    else:
        typer.echo(console.describe_report(report))


if __name__ == "__main__":
    run()
