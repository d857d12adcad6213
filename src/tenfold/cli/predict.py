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

    @property
    def text(self) -> str:
        """For people."""
        from tenfold.cli.evaluation_text import describe_prediction

        return describe_prediction(self.top, self.accepted)

    @property
    def cells(self) -> dict[str, Any]:
        """A row of a table, by the names of its columns."""
        confidence = f"{self.confidence:.4f}"
        cells = {"image": self.image, "label": self.label, "confidence": confidence}
        return cells | {"accepted": int(self.accepted)}


@dataclass(frozen=True)
class LabelPrediction:
    """The labels of one image that are more probable than not, and the probability of each."""

    image: str
    labels: list[str]
    probabilities: dict[str, float]
    top: list[tuple[str, float]]

    @property
    def label(self) -> str:
        """The labels in one cell."""
        return "|".join(self.labels)

    @property
    def text(self) -> str:
        """For people."""
        from tenfold.cli.evaluation_text import describe_labels

        return describe_labels(self.labels, self.probabilities, self.top)

    @property
    def cells(self) -> dict[str, Any]:
        """A row of a table, by the names of its columns."""
        values = {name: f"{value:.4f}" for name, value in self.probabilities.items()}
        return {"image": self.image, "labels": self.label} | values


AnyPrediction = Prediction | LabelPrediction


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
    """Predict the class of each image, or answer "I don't know"; or all its labels."""
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
    predict_inputs = _label_predictions if opened.multi_label else _predictions
    predictions = [p for one in inputs for p in predict_inputs(opened, one, top)]
    kind = "json" if as_json else "csv" if as_csv else _suffix(out)
    is_submission = kind == "csv" and not as_csv and len(inputs) == 1 and inputs[0].ids is not None
    content = _submission(inputs[0], predictions) if is_submission else _WRITERS[kind](predictions)
    if out is None:
        typer.echo(content, nl=False)
    else:
        _write(out, content)
        typer.echo(f"{out}  {len(predictions):,} predictions")
    _warn_of_inverted(opened, inputs, invert)


def _predictions(opened: Run | Predictor, inputs: Inputs, top: int) -> Sequence[Prediction]:
    probabilities = opened.predict(inputs.images, pixels="byte")
    ranks = opened.rank(probabilities, top)
    rows = zip(inputs.names, ranks, opened.accepts(probabilities), strict=True)
    return [Prediction(name, *ranked[0], bool(accepted), ranked) for name, ranked, accepted in rows]


def _label_predictions(
    opened: Run | Predictor, inputs: Inputs, top: int
) -> Sequence[LabelPrediction]:
    from tenfold.metrics import predicted_labels

    values, names = opened.predict(inputs.images, pixels="byte"), opened.class_names
    rows = zip(
        inputs.names, values, predicted_labels(values), opened.rank(values, top), strict=True
    )
    return [
        LabelPrediction(
            image,
            [name for name, is_found in zip(names, found, strict=True) if is_found],
            dict(zip(names, map(float, probabilities), strict=True)),
            ranked,
        )
        for image, probabilities, found, ranked in rows
    ]


def _suffix(out: Path | None) -> str:
    kind = "txt" if out is None else out.suffix.lower().removeprefix(".")
    if kind not in _WRITERS:
        raise InputError(f"--out: {out}; give a name that ends in .csv, .json or .txt")
    return kind


def _as_text(predictions: Sequence[AnyPrediction]) -> str:
    return "".join(f"{p.image}  {p.text}\n" for p in predictions)


def _as_json(predictions: Sequence[AnyPrediction]) -> str:
    return json.dumps([asdict(prediction) for prediction in predictions], indent=2) + "\n"


def _as_csv(predictions: Sequence[AnyPrediction]) -> str:
    rows = [p.cells for p in predictions]
    return _table(list(rows[0]), [list(row.values()) for row in rows])


def _submission(inputs: Inputs, predictions: Sequence[AnyPrediction]) -> str:
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
