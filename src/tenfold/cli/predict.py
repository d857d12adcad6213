"""The command ``tenfold predict``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenfold.cli.app import app, out_option
from tenfold.cli.generated_options import NOTHING, with_read_options
from tenfold.core.errors import InputError

if TYPE_CHECKING:
    from tenfold.data.prediction_inputs import Inputs
    from tenfold.export.predictor import Predictor
    from tenfold.runs import Run


@dataclass(frozen=True)
class Prediction:
    """The most probable classes of one image, with their probabilities."""

    image: str
    label: str
    confidence: float
    accepted: bool
    top: list[tuple[str, float]]


@app.command()
@with_read_options
def predict(
    network: Annotated[
        Path, typer.Argument(metavar="RUN|FILE", help="A run, or a file from tenfold export.")
    ],
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE...", help="Images, arrays, tables, archives or folders."),
    ],
    top: Annotated[int, typer.Option(help="How many classes to show.")] = 1,
    reading: Mapping[str, Any] = NOTHING,
    invert: Annotated[bool, typer.Option("--invert", help="Exchange light and dark.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object an image.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a row an image.")] = False,
    out: Annotated[
        Path | None,
        out_option("Write a .csv, .json or .txt file; of one table: ids and classes.", "FILE"),
    ] = None,
) -> None:
    """Predict the class of each image, or answer "I don't know"."""
    from tenfold.core.read_options import ReadOptions
    from tenfold.data.prediction_inputs import read_inputs

    if as_json and as_csv:
        raise InputError("--json, --csv: give one of them")
    opened = _open_network(network)
    options = ReadOptions.of(reading)
    inputs = [
        read_inputs(path, opened.image_shape, options, opened.pixels, invert=invert)
        for path in images
    ]
    answers = [_predictions(opened, one, top) for one in inputs]
    predictions = [prediction for answer in answers for prediction in answer]
    kind = "json" if as_json else "csv" if as_csv else _suffix(out)
    is_submission = kind == "csv" and not as_csv and len(inputs) == 1 and inputs[0].ids is not None
    content = _submission(inputs[0], predictions) if is_submission else _WRITERS[kind](predictions)
    if out is None:
        typer.echo(content, nl=False)
    else:
        _write(out, content)
        typer.echo(f"{out}  {len(predictions):,} predictions")
    _warn_of_inverted(opened, inputs, invert)


def _predictions(opened: Run | Predictor, inputs: Inputs, top: int) -> list[Prediction]:
    probabilities = opened.predict(inputs.images, pixels="byte")
    ranks = opened.rank(probabilities, top)
    rows = zip(inputs.names, ranks, opened.accepts(probabilities), strict=True)
    return [Prediction(name, *ranked[0], bool(accepted), ranked) for name, ranked, accepted in rows]


def _suffix(out: Path | None) -> str:
    kind = "txt" if out is None else out.suffix.lower().removeprefix(".")
    if kind not in _WRITERS:
        raise InputError(f"--out: {out}; give a name that ends in .csv, .json or .txt")
    return kind


def _as_text(predictions: Sequence[Prediction]) -> str:
    from tenfold.cli.evaluation_text import describe_prediction

    return "".join(f"{p.image}  {describe_prediction(p.top, p.accepted)}\n" for p in predictions)


def _as_json(predictions: Sequence[Prediction]) -> str:
    return json.dumps([asdict(prediction) for prediction in predictions], indent=2) + "\n"


def _as_csv(predictions: Sequence[Prediction]) -> str:
    rows = [(p.image, p.label, f"{p.confidence:.4f}", int(p.accepted)) for p in predictions]
    return _table(("image", "label", "confidence", "accepted"), rows)


def _submission(inputs: Inputs, predictions: Sequence[Prediction]) -> str:
    """Ids and classes only, with the header that the competition expects."""
    rows = zip(inputs.ids or (), (p.label for p in predictions), strict=True)
    return _table(inputs.header, list(rows))


_WRITERS = {"txt": _as_text, "json": _as_json, "csv": _as_csv}


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def _write(out: Path, content: str) -> None:
    from tenfold.core.files import atomic_write

    with atomic_write(out, "w") as file:
        file.write(content)


def _warn_of_inverted(opened: Run | Predictor, inputs: Sequence[Inputs], invert: bool) -> None:
    from tenfold.cli.evaluation_text import describe_inverted

    inverted = sum(opened.count_inverted(one.images, "byte") for one in inputs)
    if inverted:
        total = sum(len(one.names) for one in inputs)
        typer.echo(f"tenfold: {describe_inverted(inverted, total, invert)}", err=True)


def _open_network(path: Path) -> Run | Predictor:
    from tenfold.export.predictor import Predictor
    from tenfold.runs import Run

    return Predictor(path) if path.is_file() else Run(path)
