"""Export of a run: its networks as one model file, verified against Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import __version__
from tenfold.core.errors import InputError, one_line
from tenfold.core.files import atomic_path, require_suffix
from tenfold.export import model_card, model_file
from tenfold.export.network import to_onnx, with_temperature
from tenfold.export.quantization import quantize
from tenfold.export.session import Session
from tenfold.metrics import Difference, accuracy_difference
from tenfold.runs import export_scores
from tenfold.runs.export_scores import Predictions
from tenfold.runs.onnx_networks import read_graph
from tenfold.runs.predictions import STORED_SPLITS, load

if TYPE_CHECKING:
    import onnx

    from tenfold.data import Splits
    from tenfold.runs import Run

TOLERANCE = 1e-5
"""The largest allowed difference of a probability from Keras's, at temperatures of 1 or more.

A temperature below 1 amplifies rounding differences by its inverse, and the tolerance with them.
"""

VERIFICATION_IMAGES = 1000

Images = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Exported:
    """A model file and the result of its verification.

    Attributes:
        path: the file.
        size: in bytes.
        card: the model card.
        images: number of images that ONNX Runtime and Keras were compared on.
        difference: the largest difference of a probability from the reference's, in float32.
        change: accuracy in int8 minus accuracy in float32, on validation images; None for
            float32.
        reference: what computes the probabilities that they are compared with.
    """

    path: Path
    size: int
    card: dict[str, Any]
    images: int
    difference: float
    change: Difference | None = None
    reference: str = "Keras"

    def describe(self) -> str:
        """Return a description of some lines."""
        count = len(self.card["seeds"])
        networks = "one network" if count == 1 else f"the mean of {count} networks"
        lines = [
            f"model     {self.path}  ({self.size / 1024:,.0f} KiB, {networks})",
            f"verified  {self.images:,} images: probabilities of ONNX Runtime and {self.reference} "
            f"differ by at most {self.difference:.1e}",
        ]
        if self.change is not None:
            bounds = (self.change.value, self.change.low, self.change.high)
            value, low, high = (f"{100 * bound:+.2f}" for bound in bounds)
            lines.append(
                f"int8      accuracy {value} percentage points ({low} to {high}) on "
                f"{self.change.n:,} validation images"
            )
        threshold, note = self.card["threshold"], self.card["threshold_note"]
        lines.append(
            f"accepts   all images: {note}"
            if threshold is None
            else f"accepts   confidence of at least {threshold['value']:.4f}: at most "
            f"{100 * threshold['error_rate']:g} % of accepted images wrong"
        )
        return "\n".join(lines)


def export(run: Run, path: str | Path, network: int | None = None, int8: bool = False) -> Exported:
    """Write a run as one ONNX file from uint8 images to calibrated probabilities.

    The file is reopened and compared with Keras before it is moved into place. Equal runs give
    equal bytes.

    Args:
        run: a finished run.
        path: the file to write, ending in .onnx.
        network: index of the network to export; None for the mean of all.
        int8: quantize, and measure the change of accuracy on the validation images.

    Raises:
        InputError: the path does not end in .onnx, the network does not exist, a layer cannot be
            exported, the probabilities differ from Keras's, or the run's images are needed for
            int8 and not available.
    """
    require_suffix(path, ".onnx")
    networks = _selected(run, network)
    data = run.data() if int8 else available_data(run)
    temperatures = [run.calibrations[i].temperature for i in networks] if run.calibrations else []
    if run.is_onnx:  # it has one network
        model = with_temperature(read_graph(run.path, run.seeds[0]), *temperatures)
    else:
        models = [run.models[i] for i in networks]
        recipe = run.recipe
        model = to_onnx(models, run.image_shape, temperatures, recipe.input_range, recipe.tta)
    predictions = export_scores.stored(run, networks)
    images = _verification_images(run, data)
    change = None
    with atomic_path(path) as temporary:
        _write(temporary, model, _card(run, networks, predictions, "float32"))
        probabilities = _reopen(temporary)(images)
        difference = _verify(path, run, networks, probabilities, images)
        if int8 and data is not None:
            change = _quantize(temporary, run, networks, model, data)
        card = model_card.read(temporary)[1]
    reference = "the imported network" if run.is_onnx else "Keras"
    size = Path(path).stat().st_size
    return Exported(Path(path), size, card, len(images), difference, change, reference)


def _selected(run: Run, network: int | None) -> list[int]:
    if network is None:
        return list(range(len(run.seeds)))
    if not 0 <= network < len(run.seeds):
        raise InputError(f"network: {network}; the run has {len(run.seeds)}, counted from 0")
    return [network]


def available_data(run: Run) -> Splits | None:
    """Return the data of a run, or None if they cannot be had or are not those of its training."""
    try:
        return run.data()
    except InputError:
        return None


def _verification_images(run: Run, data: Splits | None) -> Images:
    """Validation images, else those stored with the run, completed with random images."""
    available = [np.zeros((0, *run.image_shape), np.uint8)]
    if data is not None and data.validation is not None:
        available.append(data.validation.images[:VERIFICATION_IMAGES])
    else:
        stored = [load(run.path, split) for split in STORED_SPLITS]
        available += [examples.images for _, examples in filter(None, stored)]
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (VERIFICATION_IMAGES, *run.image_shape), np.uint8)
    gray = generator.integers(0, 256, (VERIFICATION_IMAGES, *[1] * len(run.image_shape)), np.uint8)
    noise[::2] = np.where(noise[::2] < gray[::2], 0, gray[::2])  # two tones, of any density
    return np.concatenate([*available, noise])[:VERIFICATION_IMAGES]


def _card(
    run: Run, networks: Sequence[int], predictions: Mapping[str, Predictions], numbers: str
) -> dict[str, Any]:
    """The model card, which depends on the run only, not on the time or path of the export."""
    record = run.record
    threshold, note = export_scores.choose_threshold(run, networks, predictions.get("validation"))
    return {
        "tenfold": __version__,
        "class_names": list(run.class_names),
        "image_shape": list(run.image_shape),
        "border": record.data.border,
        "pixels": record.data.pixels,
        "numbers": numbers,
        "seeds": [run.seeds[i] for i in networks],
        "temperatures": [run.calibrations[i].temperature for i in networks if run.calibrations],
        "threshold": threshold,
        "threshold_note": note,
        "scores": export_scores.score(predictions),
        "recipe": record.recipe.to_json(),
        "continued": bool(record.continued),
        "protocol": record.protocol,
        "data": {name: getattr(record.data, name) for name in ("name", "sizes", "checksums")},
        "trained": record.started,
        "versions": record.versions,
        **({"multi_label": True} if record.data.multi_label else {}),
    }


def _write(path: Path, model: onnx.ModelProto, card: dict[str, Any]) -> None:
    import onnx

    data = model_file.seal(model, card)
    try:
        onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    except Exception as error:  # the checker and the shape inference raise types of their own
        raise InputError(
            f"not written, since its graph would not be valid ONNX ({one_line(error, 200)}); the "
            "run is unchanged"
        ) from error
    path.write_bytes(data)


def _reopen(path: Path) -> Session:
    data, card = model_card.read(path)
    return Session(data, path, tuple(card["image_shape"]), len(card["class_names"]))


def _verify(
    path: str | Path,
    run: Run,
    networks: Sequence[int],
    probabilities: Probabilities,
    images: Images,
) -> float:
    """Return the largest difference of a probability from Keras's.

    Raises:
        InputError: it exceeds the tolerance.
    """
    reference = run.reference_networks()
    expected = np.mean([run.calibrated(reference[i](images), i) for i in networks], axis=0)
    difference = float(np.abs(probabilities - expected).max())
    temperatures = [run.calibrations[i].temperature for i in networks if run.calibrations]
    tolerance = TOLERANCE / min([1.0, *temperatures])
    if not difference <= tolerance:
        raise InputError(
            f"{path}: not written, since its probabilities would differ from Keras's by "
            f"{difference:.1e}, over {tolerance:.0e}; the run is unchanged"
        )
    return difference


def _quantize(
    path: Path, run: Run, networks: Sequence[int], model: onnx.ModelProto, data: Splits
) -> Difference:
    """Replace a float32 file by its int8 version, with scores measured on validation images."""
    data.train.require_one_class("int8")
    if data.validation is None:
        raise InputError(
            f"{run.path}: it has no validation images, on which the loss by int8 is measured; "
            "export it in float32"
        )
    images, labels = data.validation.images, data.validation.labels
    exact = _reopen(path)(images)
    quantized = quantize(model, data.train.images)
    # The card holds scores of the quantized graph, so it is written once to measure them.
    _write(path, quantized, _card(run, networks, {}, "int8"))
    validation = Predictions(_reopen(path)(images), labels)
    _write(path, quantized, _card(run, networks, {"validation": validation}, "int8"))
    correct = [p.argmax(axis=-1) == labels for p in (validation.probabilities, exact)]
    return accuracy_difference(correct[:1], correct[1:])
