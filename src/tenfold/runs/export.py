"""A run as one verified ONNX file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import __version__
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_path
from tenfold.export import model_card as cards
from tenfold.export import model_file
from tenfold.export.network import to_onnx
from tenfold.export.quantization import quantise
from tenfold.export.session import Session
from tenfold.metrics import Difference, accuracy_difference
from tenfold.runs import export_scores
from tenfold.runs.export_scores import Answers
from tenfold.runs.predictions import KEPT, load

if TYPE_CHECKING:
    import onnx

    from tenfold.data import Splits
    from tenfold.runs import Run

TOLERANCE = 1e-5
"""The largest difference of a probability from Keras's. A temperature below 1 magnifies what
differs by rounding, and the tolerance with it."""

VERIFIED = 1000
"""Images through both sides."""

Images = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Exported:
    """An artifact that was written, and how it was verified.

    Attributes:
        path: the file.
        size: its bytes.
        card: what it says of itself.
        images: how many went through both sides.
        difference: the largest of a probability from Keras's, in float32.
        change: the accuracy in int8 minus that in float32, on validation; None in float32.
    """

    path: Path
    size: int
    card: dict[str, Any]
    images: int
    difference: float
    change: Difference | None = None

    def describe(self) -> str:
        """What was written, in lines."""
        networks = len(self.card["seeds"])
        what = "one network" if networks == 1 else f"the mean of {networks} networks"
        lines = [
            f"artifact  {self.path}  ({self.size / 1024:,.0f} KiB, {what})",
            f"verified  {self.images:,} images through ONNX Runtime and Keras differ by "
            f"{self.difference:.1e} at most",
        ]
        if self.change is not None:
            value, low, high = (
                f"{100 * end:+.2f}"
                for end in (self.change.value, self.change.low, self.change.high)
            )
            lines.append(
                f"int8      accuracy {value} percentage points ({low} to {high}) on "
                f"{self.change.n:,} validation images"
            )
        threshold, note = self.card["threshold"], self.card["threshold_note"]
        lines.append(
            f"accepts   all images: {note}"
            if threshold is None
            else f"accepts   from {threshold['value']:.4f} on, at most "
            f"{100 * threshold['error_rate']:g} % of accepted images wrong"
        )
        return "\n".join(lines)


def export(run: Run, path: str | Path, network: int | None = None, int8: bool = False) -> Exported:
    """Write a run as one ONNX file that takes uint8 images and gives calibrated probabilities.

    The file is read back and asked before it takes its place. Equal runs give equal bytes.

    Args:
        run: finished.
        path: the file to write.
        network: which of the run's networks, counted from 0; None for the mean of all.
        int8: quantise, and measure on the validation images what that costs.

    Raises:
        InputError: there is no such network, a layer cannot be exported, the file answers
            otherwise than Keras, or int8 is wanted and the run's images are not to be had.
    """
    chosen = _chosen(run, network)
    data = run.data() if int8 else _found_data(run)
    model = to_onnx(
        [run.models[i] for i in chosen],
        run.image_shape,
        [run.calibrations[i].temperature for i in chosen] if run.calibrations else (),
    )
    answers = export_scores.kept(run, chosen)
    images = _images(run, data)
    change = None
    with atomic_path(path) as beside:
        _write(beside, model, _card(run, chosen, answers, "float32"))
        difference = _difference(path, run, chosen, _reopened(beside)(images), images)
        if int8 and data is not None:
            change = _quantise(beside, run, chosen, model, data)
        card = cards.read(beside)[1]
    return Exported(Path(path), Path(path).stat().st_size, card, len(images), difference, change)


def _chosen(run: Run, network: int | None) -> list[int]:
    if network is None:
        return list(range(len(run.seeds)))
    if not 0 <= network < len(run.seeds):
        raise InputError(f"network: {network}; the run has {len(run.seeds)}, counted from 0")
    return [network]


def _found_data(run: Run) -> Splits | None:
    """The run's data; None where they are not to be had."""
    try:
        return run.data()
    except InputError:
        return None


def _images(run: Run, data: Splits | None) -> Images:
    """Images to verify on: of validation, else those the run has kept; made-up ones to fill up."""
    found = [np.zeros((0, *run.image_shape), np.uint8)]
    if data is not None and data.validation is not None:
        found.append(data.validation.images[:VERIFIED])
    else:
        found += [kept[1].images for split in KEPT if (kept := load(run.path, split)) is not None]
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (VERIFIED, *run.image_shape), np.uint8)
    grey = generator.integers(0, 256, (VERIFIED, 1, 1), np.uint8)
    noise[::2] = np.where(noise[::2] < grey[::2], 0, grey[::2])
    return np.concatenate([*found, noise])[:VERIFIED]


def _card(
    run: Run, chosen: Sequence[int], answers: Mapping[str, Answers], numbers: str
) -> dict[str, Any]:
    """What the artifact says of itself; nothing in it depends on when or where it is written."""
    record = run.record
    threshold, note = export_scores.choose_threshold(run, answers.get("validation"))
    return {
        "tenfold": __version__,
        "class_names": list(run.class_names),
        "image_shape": list(run.image_shape),
        "border": record.data.border,
        "numbers": numbers,
        "seeds": [run.seeds[i] for i in chosen],
        "temperatures": [run.calibrations[i].temperature for i in chosen if run.calibrations],
        "threshold": threshold,
        "threshold_note": note,
        "scores": export_scores.score(answers),
        "recipe": record.recipe.to_json(),
        "continued": bool(record.continued),
        "protocol": record.protocol,
        "data": {name: getattr(record.data, name) for name in ("name", "sizes", "checksums")},
        "trained": record.started,
        "versions": record.versions,
    }


def _write(path: Path, model: onnx.ModelProto, card: dict[str, Any]) -> None:
    import onnx

    data = model_file.pack(model, card)
    try:
        onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    except Exception as error:  # the checker and the inference of shapes have their own
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"not written, since its graph would not be valid ONNX ({reason}); the run is as it was"
        ) from error
    path.write_bytes(data)


def _reopened(path: Path) -> Session:
    """A file that was written, opened as prediction does."""
    data, card = cards.read(path)
    return Session(data, path, tuple(card["image_shape"]), len(card["class_names"]))


def _difference(
    path: str | Path, run: Run, chosen: Sequence[int], answers: Floats, images: Images
) -> float:
    """The largest difference of a probability from Keras's.

    Raises:
        InputError: it is beyond the tolerance.
    """
    keras = run.keras_networks()
    answers_of = [run.calibrated(keras[i](images), i) for i in chosen]
    expected = np.mean(answers_of, axis=0)
    found = float(np.abs(answers - expected).max())
    coldest = min((run.calibrations[i].temperature for i in chosen if run.calibrations), default=1)
    allowed = TOLERANCE / min(1.0, coldest)
    if not found <= allowed:
        raise InputError(
            f"{path}: not written, since its probabilities would differ from Keras's by "
            f"{found:.1e}, over {allowed:.0e}; the run is as it was"
        )
    return found


def _quantise(
    path: Path, run: Run, chosen: Sequence[int], model: onnx.ModelProto, data: Splits
) -> Difference:
    """Write the model in int8 in its place, judged by its own answers on validation."""
    if data.validation is None:
        raise InputError(
            f"{run.path}: it has no validation images, on which the loss by int8 is measured; "
            "export it in float32"
        )
    images, labels = data.validation.images, data.validation.labels
    before = _reopened(path)(images)
    small = quantise(model, data.train.images)
    _write(path, small, _card(run, chosen, {}, "int8"))
    answers = Answers(_reopened(path)(images), labels)
    _write(path, small, _card(run, chosen, {"validation": answers}, "int8"))
    right = [found.argmax(axis=-1) == labels for found in (answers.probabilities, before)]
    return accuracy_difference(right[:1], right[1:])
