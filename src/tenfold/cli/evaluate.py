"""Commands that evaluate and compare runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenfold.cli.app import AsJson, RunPath, app, echo_json, out_option
from tenfold.cli.generated_options import NOTHING, with_read_options
from tenfold.core.errors import InputError
from tenfold.core.read_options import option_of

if TYPE_CHECKING:
    from tenfold.evaluation import Evaluation
    from tenfold.runs import Run

Split = Annotated[
    str | None,
    typer.Option(help="validation or test; default: test if it was opened, else validation."),
]
OtherData = Annotated[
    str | None, typer.Option("--data", help="Other data of the same classes, or the run's, moved.")
]
Network = Annotated[int, typer.Option(help="Index of the network in the run, from 0.")]
FigurePath = Annotated[Path | None, out_option("PNG or SVG file, instead of text.")]


@app.command()
@with_read_options
def evaluate(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a run, a model file, or reader.")
    ],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    data: OtherData = None,
    reading: Mapping[str, Any] = NOTHING,
    corrections: Annotated[
        Path | None, typer.Option(help="Also evaluate with these corrections of labels.")
    ] = None,
    unknown: Annotated[
        str | None,
        typer.Option(
            "--unknown",
            "--ood",
            help="Other data, or drawn-letters: how well are they detected as unfamiliar?",
        ),
    ] = None,
    corruptions: Annotated[
        bool, typer.Option("--corruptions", help="Also evaluate on 15 kinds of corruption.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a run on the sealed test set, or on other data.

    A model file can be given in place of the run. The run records evaluations on the test set.
    """
    from tenfold.cli import evaluation_text
    from tenfold.experiments import robustness
    from tenfold.export.predictor import Predictor
    from tenfold.runs.evaluation_data import unknown_images

    _require_data(data, reading)
    if data is not None and corrections is not None:
        raise InputError("--corrections: not with --data, as they correct the run's own data")
    opened = robustness.opened(run)
    for option in ["--unknown"] * (unknown is not None) + ["--corruptions"] * corruptions:
        opened.require_one_class(option)
    others = None if unknown is None else unknown_images(unknown, opened.image_shape)
    if isinstance(opened, Predictor):
        if corrections is not None:
            raise InputError("--corrections: for runs, whose data they correct; leave it out")
        images = robustness.images_of(opened, split, data, **reading)
        result = robustness.evaluated(opened, images, split)
        text = [evaluation_text.describe_evaluation(result, [0])]
        values: dict[str, Any] = {}
    else:
        result, text, values = _evaluate_run(opened, split, data, reading, corrections)
    values = result.to_json() | values if as_json else values
    if corruptions:
        images = robustness.images_of(opened, split, data, **reading)
        robust = robustness.measure(opened, images, result)
        text.append(evaluation_text.describe_robustness(robust))
        values["corruptions"] = robust.to_json()
    if others is not None:
        if isinstance(opened, Predictor):
            outputs = opened.predict(others, "byte")[None]
        else:
            outputs = opened.predict_all(others, "byte")
        aurocs = result.auroc(outputs)
        text.append(evaluation_text.describe_out_of_distribution(str(unknown), aurocs))
        values["unknown"] = {"data": unknown, "auroc": [score.as_json() for score in aurocs]}
    if as_json:
        echo_json(values)
        return
    typer.echo("\n\n".join(text))
    if result.split == "test" and not isinstance(opened, Predictor):
        typer.echo(evaluation_text.describe_openings(opened.test_openings()))


def _evaluate_run(
    run: Run, split: str, data: str | None, reading: Mapping[str, Any], corrections: Path | None
) -> tuple[Evaluation, list[str], dict[str, Any]]:
    """The evaluation of a run, with its text and the values beside its metrics."""
    from tenfold.cli import evaluation_text
    from tenfold.experiments.rescoring import Rescoring

    rescoring = Rescoring.of(run, split, corrections)
    result = run.evaluate(split, data, **reading)
    text = [evaluation_text.describe_evaluation(result, run.seeds)]
    values: dict[str, Any] = {}
    if note := run.record.refit_note:
        text.append(note)
        values["refit"] = note
    if rescoring is not None:
        original, corrected = rescoring.evaluate(run, result)
        text.append(evaluation_text.describe_corrected(original, corrected))
        values["corrections"] = {
            name: {"n": len(one.labels), "accuracy": [score.as_json() for score in one.accuracy]}
            for name, one in (("given", original), ("corrected", corrected))
        }
    return result, text, values


def _require_data(data: str | None, reading: Mapping[str, Any]) -> None:
    if reading and data is None:
        raise InputError(f"{option_of(next(iter(reading)))}: is for other data; give --data too")


def _predictions(
    run: Run, split: str | None, data: str | None, reading: Mapping[str, Any]
) -> Evaluation:
    """The stored predictions of a run, or those on other data."""
    _require_data(data, reading)
    if data is None:
        return run.saved_evaluation(split)[0]
    return run.evaluate(split or "test", data, **reading)


@app.command()
def compare(
    first: RunPath,
    second: RunPath,
    split: Annotated[
        str | None,
        typer.Option(help="validation or test; default: test if both opened it, else validation."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Test which of two runs is better, and how significantly."""
    from tenfold.cli import evaluation_text
    from tenfold.experiments import comparison

    result = comparison.compare(first, second, split)
    if as_json:
        echo_json(result.to_json())
    else:
        typer.echo(evaluation_text.describe_comparison(result))


@app.command()
@with_read_options
def confusion(
    run: RunPath,
    split: Split = None,
    data: OtherData = None,
    reading: Mapping[str, Any] = NOTHING,
    network: Network = 0,
    out: FigurePath = None,
) -> None:
    """Show the confusion matrix: a table, or a figure."""
    from tenfold import figures
    from tenfold.cli import evaluation_text
    from tenfold.runs import Run

    result = _predictions(Run(run), split, data, reading)
    if out is None:
        typer.echo(evaluation_text.describe_confusion(result, network))
        return
    figures.save(result.plot_confusion(network, f"{run.resolve().name}, {result.split}"), out)
    typer.echo(out)


@app.command()
@with_read_options
def mistakes(
    run: RunPath,
    split: Split = None,
    data: OtherData = None,
    reading: Mapping[str, Any] = NOTHING,
    network: Network = 0,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")] = 25,
    out: FigurePath = None,
) -> None:
    """Show the most confident errors: a table, or a figure."""
    from tenfold import figures
    from tenfold.cli import evaluation_text
    from tenfold.experiments import robustness
    from tenfold.runs import Run

    opened = Run(run)
    result = _predictions(opened, split, data, reading)
    if out is None:
        typer.echo(evaluation_text.describe_mistakes(result, count, network))
        return
    images = None
    if data is not None:
        images = robustness.images_of(opened, split or "test", data, **reading)
    figures.save(opened.plot_mistakes(result, count, network, images), out)
    typer.echo(out)


@app.command()
def calibrate(
    run: RunPath,
    error_rate: Annotated[
        float, typer.Option(help="Largest share of accepted images that may be wrong.")
    ] = 0.005,
) -> None:
    """Choose the confidence threshold on validation images."""
    from tenfold.cli import evaluation_text
    from tenfold.runs import Run

    opened = Run(run)
    typer.echo(evaluation_text.describe_calibrations(opened.calibrate(error_rate), opened.seeds))
