"""Commands that judge a run, and that ask it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenfold.cli.app import AsJson, Resize, RunPath, app, echo_json

if TYPE_CHECKING:
    from tenfold.export.predictor import Predictor
    from tenfold.runs import Run

Split = Annotated[
    str | None,
    typer.Option(help="validation or test; else test where it was opened, else validation."),
]
Network = Annotated[int, typer.Option(help="Which of the run's networks, counted from 0.")]
Picture = Annotated[Path | None, typer.Option(help="PNG or SVG file, instead of text.")]


@app.command()
def evaluate(
    run: RunPath,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    corrections: Annotated[
        Path | None, typer.Option(help="Score with these corrections of labels as well.")
    ] = None,
    unknown: Annotated[
        str | None, typer.Option(help="Other data: is its strangeness noticed?")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score a run on the sealed test set; the run records it."""
    from tenfold.cli import evaluation_text
    from tenfold.experiments.rescoring import Rescoring
    from tenfold.runs import Run

    opened = Run(run)
    rescoring = Rescoring.of(opened, split, corrections)
    strange = None if unknown is None else opened.out_of_distribution_images(unknown)
    result = opened.evaluate(split)
    shown = {"evaluation": evaluation_text.describe_evaluation(result, opened.seeds)}
    found = {} if not as_json else result.to_json()
    if rescoring is not None:
        given, corrected = rescoring.score(opened, result)
        shown["corrections"] = evaluation_text.describe_corrected(given, corrected)
        found["corrections"] = {
            name: {"n": len(one.labels), "accuracy": [score.as_json() for score in one.accuracy]}
            for name, one in (("given", given), ("corrected", corrected))
        }
    if unknown is not None and strange is not None:
        told = result.auroc(opened.predict_all(strange))
        shown["unknown"] = evaluation_text.describe_out_of_distribution(unknown, told)
        found["unknown"] = {"data": unknown, "auroc": [score.as_json() for score in told]}
    if as_json:
        echo_json(found)
        return
    typer.echo("\n\n".join(shown.values()))
    if split == "test":
        typer.echo(evaluation_text.describe_openings(opened.test_openings()))


@app.command()
def compare(
    first: RunPath,
    second: RunPath,
    split: Annotated[
        str | None,
        typer.Option(help="validation or test; else test where both opened it, else validation."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which of two runs is better, and how sure that is."""
    from tenfold.cli import evaluation_text
    from tenfold.experiments import comparison
    from tenfold.runs import Run

    found = comparison.compare(Run(first), Run(second), split)
    if as_json:
        echo_json(found.to_json())
    else:
        typer.echo(evaluation_text.describe_comparison(found))


@app.command()
def confusion(run: RunPath, split: Split = None, network: Network = 0, out: Picture = None) -> None:
    """Show what is taken for what: a table, or a picture."""
    from tenfold import figures
    from tenfold.cli import evaluation_text
    from tenfold.runs import Run

    result, _ = Run(run).saved_evaluation(split)
    if out is None:
        typer.echo(evaluation_text.describe_confusion(result, network))
        return
    figures.save(result.plot_confusion(network), out)
    typer.echo(out)


@app.command()
def mistakes(
    run: RunPath,
    split: Split = None,
    network: Network = 0,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")] = 25,
    out: Picture = None,
) -> None:
    """Show the most confident mistakes: a table, or a picture."""
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
        float, typer.Option(help="At most this share of accepted images wrong.")
    ] = 0.005,
) -> None:
    """Choose on validation how sure an answer must be."""
    from tenfold.cli import evaluation_text
    from tenfold.runs import Run

    opened = Run(run)
    typer.echo(evaluation_text.describe_calibrations(opened.calibrate(error_rate), opened.seeds))


@app.command()
def predict(
    network: Annotated[
        Path, typer.Argument(metavar="RUN|FILE", help="A run, or what tenfold export wrote.")
    ],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="PNG, JPEG, .npy or .npz files.")
    ],
    top: Annotated[int, typer.Option(help="How many classes to show.")] = 1,
    resize: Resize = False,
    invert: Annotated[bool, typer.Option("--invert", help="Turn light and dark about.")] = False,
) -> None:
    """Name the class of each image, or say "I don't know"."""
    from tenfold.cli import evaluation_text
    from tenfold.data.image_files import read_images

    opened = _open_network(network)
    found = [read_images(path, opened.image_shape, resize=resize, invert=invert) for path in images]
    inverted = 0
    for pixels, names in found:
        inverted += opened.count_inverted(pixels)
        probabilities = opened.predict(pixels)
        answers = zip(
            names, opened.rank(probabilities, top), opened.accepts(probabilities), strict=True
        )
        for name, ranked, accepted in answers:
            typer.echo(f"{name}  {evaluation_text.describe_prediction(ranked, bool(accepted))}")
    if inverted:
        total = sum(len(names) for _, names in found)
        typer.echo(
            f"tenfold: {evaluation_text.describe_inverted(inverted, total, invert)}", err=True
        )


def _open_network(path: Path) -> Run | Predictor:
    from tenfold.export.predictor import Predictor
    from tenfold.runs import Run

    return Predictor(path) if path.is_file() else Run(path)
