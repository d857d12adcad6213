"""Commands that evaluate and compare runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import AsJson, RunPath, app, echo_json, out_option
from tenfold.core.errors import InputError

Split = Annotated[
    str | None,
    typer.Option(help="validation or test; default: test if it was opened, else validation."),
]
Network = Annotated[int, typer.Option(help="Index of the network in the run, from 0.")]
FigurePath = Annotated[Path | None, out_option("PNG or SVG file, instead of text.")]


@app.command()
def evaluate(
    run: RunPath,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    data: Annotated[
        str | None, typer.Option(help="Other data of the same classes, or the run's, moved.")
    ] = None,
    corrections: Annotated[
        Path | None, typer.Option(help="Also evaluate with these corrections of labels.")
    ] = None,
    unknown: Annotated[
        str | None, typer.Option(help="Other data: how well are they detected as unfamiliar?")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a run on the sealed test set, or on other data.

    The run records evaluations on the test set.
    """
    from tenfold.cli import evaluation_text
    from tenfold.experiments.rescoring import Rescoring
    from tenfold.runs import Run

    if data is not None and corrections is not None:
        raise InputError("--corrections: not with --data, as they correct the run's own data")
    opened = Run(run)
    rescoring = Rescoring.of(opened, split, corrections)
    others = None if unknown is None else opened.out_of_distribution_images(unknown)
    result = opened.evaluate(split, data)
    text = [evaluation_text.describe_evaluation(result, opened.seeds)]
    values = result.to_json() if as_json else {}
    if rescoring is not None:
        original, corrected = rescoring.evaluate(opened, result)
        text.append(evaluation_text.describe_corrected(original, corrected))
        values["corrections"] = {
            name: {"n": len(one.labels), "accuracy": [score.as_json() for score in one.accuracy]}
            for name, one in (("given", original), ("corrected", corrected))
        }
    if unknown is not None and others is not None:
        aurocs = result.auroc(opened.predict_all(others, "byte"))
        text.append(evaluation_text.describe_out_of_distribution(unknown, aurocs))
        values["unknown"] = {"data": unknown, "auroc": [score.as_json() for score in aurocs]}
    if as_json:
        echo_json(values)
        return
    typer.echo("\n\n".join(text))
    if result.split == "test":
        typer.echo(evaluation_text.describe_openings(opened.test_openings()))


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
def confusion(
    run: RunPath, split: Split = None, network: Network = 0, out: FigurePath = None
) -> None:
    """Show the confusion matrix: a table, or a figure."""
    from tenfold import figures
    from tenfold.cli import evaluation_text
    from tenfold.runs import Run

    result, _ = Run(run).saved_evaluation(split)
    if out is None:
        typer.echo(evaluation_text.describe_confusion(result, network))
        return
    figures.save(result.plot_confusion(network, f"{run.resolve().name}, {result.split}"), out)
    typer.echo(out)


@app.command()
def mistakes(
    run: RunPath,
    split: Split = None,
    network: Network = 0,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")] = 25,
    out: FigurePath = None,
) -> None:
    """Show the most confident errors: a table, or a figure."""
    from tenfold import figures
    from tenfold.cli import evaluation_text
    from tenfold.runs import Run

    opened = Run(run)
    result, _ = opened.saved_evaluation(split)
    if out is None:
        typer.echo(evaluation_text.describe_mistakes(result, count, network))
        return
    figures.save(opened.plot_mistakes(result, count, network), out)
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
