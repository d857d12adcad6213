"""``import_model``: from a model file of other software to the folder of a run."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core import limits
from tenfold.core.errors import InputError, warn
from tenfold.core.image_shape import CHANNELS, ImageShape, is_image_shape, size_text
from tenfold.core.read_options import ReadOptions
from tenfold.data import Dataset, Splits, load
from tenfold.data.arrays import read_arrays
from tenfold.data.loading import read_path, resolve, without_unreadable
from tenfold.metrics import log_loss
from tenfold.networks.recipes import Recipe
from tenfold.runs.record import DataRecord, Record, describe_data, machine, now, versions
from tenfold.runs.run import Run
from tenfold.training.finish import evaluate_networks
from tenfold.training.history import write_history
from tenfold.training.importing import files
from tenfold.training.importing.input_values import (
    NAMED,
    Found,
    candidates,
    is_chance,
    measure,
    parse,
    sample,
)
from tenfold.training.importing.keras_file import KerasNetwork
from tenfold.training.importing.onnx_file import OnnxNetwork
from tenfold.training.importing.wiring import MEANINGS, Wiring, kind_of_outputs, probabilities
from tenfold.training.run_folder import locked, new_folder, refuse_folder_in_use

Network = KerasNetwork | OnnxNetwork

_PROBES = 64

_TOLERANCE = 1e-3
"""The largest allowed difference of a probability of the run from the model's."""


def import_model(
    path: str | Path,
    data: Any = None,
    *,
    class_names: Sequence[str] | str | Path | None = None,
    input_range: str | None = None,
    out: str | Path | None = None,
    verbose: bool = True,
    **options: Any,
) -> Run:
    """Make a run of a classifier that others trained, so that it is evaluated like any other.

    It can be evaluated, reported, compared, exported and served. Images are padded or resized to
    the model's input, and grey is repeated to three channels.

    Args:
        path: a ``.keras`` or ``.h5`` file of Keras, an ``.onnx`` file of any software, or a folder
            or ZIP archive with one of them and ``labels.txt``, such as Teachable Machine's export
            for Keras.
        data: a name, a path, arrays or splits. Its test split is what the model was not trained
            on. Data without one are taken as training images. None for a run without data, which
            can be evaluated on any.
        class_names: of the outputs, in their order: a list, text with commas, or a text file with
            one a line; by default those of ``labels.txt``, or of the data.
        input_range: the values that the model is fed for black and white: ``unit`` for 0 to 1,
            ``byte`` for 0 to 255, ``signed`` for -1 to 1, ``mnist`` or ``imagenet`` for their mean
            and deviation, or LOW..HIGH. By default the model's own operations on pixels tell it,
            else the accuracy on training images.
        out: the folder to make; by default ``runs/<date>-<name of the file>``.
        verbose: say on stderr what was decided.
        **options: how to read the files of ``data``, as for ``tenfold.load``.

    Raises:
        InputError: the model cannot be read, does not fit the data, or does not tell its
            ``input_range``; or the folder is in use.

    Example:
        >>> import_model("nowhere.keras")
        Traceback (most recent call last):
        tenfold.core.errors.InputError: nowhere.keras: no such file or folder; give a .keras, ...
    """
    if out is not None:
        refuse_folder_in_use(Path(out))
    with files.opened(path) as file:
        splits = None if data is None else _splits(data, options)
        if splits is not None:
            splits.train.require_one_class("import")
        network = OnnxNetwork(file) if file.is_onnx else KerasNetwork(file)
        given = file.class_names if class_names is None else files.read_class_names(class_names)
        shape = _image_shape(network, file) if splits is None else splits.image_shape
        train = _noise(shape) if splits is None else sample(splits.train, _size(network, shape))
        outputs = network.outputs(train.images)
        units = outputs(NAMED["unit"]).shape[1]
        names, order = _classes(given or network.class_names, max(2, units), splits)
        found = _find_values(network, outputs, order, train, input_range, splits)
        raw = outputs(found.values)
        wiring = Wiring(found.values, kind_of_outputs(raw), order)
        if verbose:
            said = f"pixels: fed as {found.values}, since {found.reason}"
            print(f"{said}\noutputs: {MEANINGS[wiring.outputs]}", file=sys.stderr)  # noqa: T201
        if wiring.outputs == "sum":
            warn(f"{file.given}: its outputs do not sum to 1: {MEANINGS['sum']}")
        expected = probabilities(raw) if order is None else probabilities(raw)[:, order]
        return _write(network, wiring, splits, train, expected, names, file, out)


def _splits(data: Any, options: dict[str, Any]) -> Splits:
    """Splits with all training images in train, and a test split only if the data have one."""
    if isinstance(data, Splits):
        if options:
            raise InputError(f"{', '.join(options)}: not with splits; give them to tenfold.load")
        return data
    reading = ReadOptions.of(options)
    if isinstance(data, (str, Path)):
        named, path = resolve(data)
        raw = None if named else read_path(path, reading)
        name = path.stem or "dataset"
    else:
        raw, name = without_unreadable(read_arrays(data, reading), reading), "arrays"
    if raw is None or "test" in raw.splits:
        return load(data, validation=0, **options)
    train = raw.dataset("train", name)
    return Splits(name, train, None, None, f"{name} ({raw.format})", 0, pixels=raw.pixels)


def _image_shape(network: Network, file: files.ModelFile) -> ImageShape:
    """The shape of images for a network, where no data tell it."""
    sizes = network.shape
    if len(sizes) == 1 and sizes[0] and math.isqrt(sizes[0]) ** 2 == sizes[0]:
        shape: tuple[int | None, ...] = (math.isqrt(sizes[0]),) * 2
    else:
        shape = sizes[:2] if sizes[2:] in ((), (1,)) else sizes
    low, high = limits.MIN_IMAGE_SIDE, limits.MAX_IMAGE_SIDE
    known = tuple(side for side in shape if side)
    if len(known) < max(2, len(shape)):
        raise InputError(f"{file.given}: leaves the size of images open; give --data (data=)")
    if not is_image_shape(known):
        raise InputError(
            f"{file.given}: takes images of {size_text(known)}, tenfold handles sides of {low} to "
            f"{high} pixels; give --data (data=) with such images, which are resized for the model"
        )
    return known


def _size(network: Network, shape: ImageShape) -> int:
    """Number of pixels of one input."""
    return math.prod(size or shape[min(i, 1)] for i, size in enumerate(network.shape))


def _noise(shape: ImageShape) -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (_PROBES, *shape), np.uint8)
    return Dataset(images, np.arange(_PROBES) % 2, ("0", "1"), "noise")


def _classes(
    given: Sequence[str], count: int, splits: Splits | None
) -> tuple[tuple[str, ...], list[int] | None]:
    """The names of the classes, and the order of the outputs that gives them."""
    if given and len(given) != count:
        raise InputError(
            f"class_names: {len(given)} ({', '.join(given)[:60]}), the model has {count} outputs; "
            "give one name for each, in their order"
        )
    if splits is None:
        return tuple(given) or tuple(map(str, range(count))), None
    names = splits.class_names
    if count != len(names):
        raise InputError(
            f"data: {splits.name} has {len(names)} classes, the model {count}; give data of the "
            "same classes, or import it without and evaluate with --data"
        )
    if not given or tuple(given) == names:
        return names, None
    if set(given) != set(names):
        (other, *_) = [name for name in given if name not in names]
        raise InputError(
            f"class_names: {other!r} is no class of {splits.name}, which has "
            f"{', '.join(names)[:120]}; name the outputs alike with --class-names"
        )
    return names, [list(given).index(name) for name in names]


def _find_values(
    network: Network,
    outputs: Any,
    order: list[int] | None,
    train: Dataset,
    input_range: str | None,
    splits: Splits | None,
) -> Found:
    """The values that the network is fed for black and white.

    Raises:
        InputError: neither the network nor the data tell them.
    """
    channels = CHANNELS if network.shape[2:] == (CHANNELS,) else 1

    def predict(values: Any) -> Any:
        found = probabilities(outputs(values))
        return found if order is None else found[:, order]

    if input_range is not None:
        told: Found | None = Found(parse(input_range, channels), "the option says so")
    else:
        told = network.decided(_as_classes(train, splits, predict(NAMED["unit"]).shape[1]))
    if splits is None:
        return told or _usual(network)
    if input_range is None:
        tried = candidates(channels, splits.pixels, told)
        found = measure(predict, train, tried, _preferred(network, told, splits.pixels))
        if found is None and told is None:
            raise InputError(
                f"{splits.name}: the network is no better than guessing on its training images, in "
                "any range of pixels; check the order of the classes (--class-names), and whether "
                "images are transposed (--transpose)"
            )
        told = told if found is None or (told and found.values == told.values) else found
    if told is None:  # for the type checker
        return _usual(network)
    if is_chance(predict(told.values).argmax(axis=1) == train.labels, train.labels):
        warn(
            f"{splits.name}: the model is no better than guessing on its training images, fed as "
            f"{told.values}: check --class-names, --input-range and --transpose"
        )
    return told


def _usual(network: Network) -> Found:
    """The usual values of a network that does not tell them."""
    if network.preferred is None:
        raise InputError(
            "input_range: the model does not tell the values of black and white; give --data, on "
            f"which they are measured, or --input-range {', '.join(NAMED)} or LOW..HIGH"
        )
    return Found(NAMED[network.preferred], "the model does not scale them (--input-range)")


def _preferred(network: Network, told: Found | None, files: str) -> str | None:
    """The values that are taken if several are equally good.

    They are those that the network tells, those of files with unusual values, which nobody would
    divide by 255, or the usual ones of the software.
    """
    if told is not None:
        return told.values.name
    own = parse(files, 1)
    usual = any((v.low, v.high) == (own.low, own.high) for v in NAMED.values())
    return network.preferred if usual else own.name


def _as_classes(train: Dataset, splits: Splits | None, count: int) -> Dataset:
    """Images with as many classes as the network has."""
    if splits is not None:
        return train
    return Dataset(train.images, train.labels, tuple(map(str, range(count))), train.name)


def _write(
    network: Network,
    wiring: Wiring,
    splits: Splits | None,
    train: Dataset,
    expected: npt.NDArray[np.float32],
    names: tuple[str, ...],
    file: files.ModelFile,
    out: str | Path | None,
) -> Run:
    """Write the folder of a run, ``run.json`` last.

    Raises:
        InputError: the written network does not give the expected probabilities.
    """
    name = re.sub(r"[^\w.-]+", "-", file.given.stem) or "model"
    recipe = Recipe(name, epochs=1, summary=f"imported from {file.given.name}")
    imported = str(file.given)
    data = _unknown_data(train, names) if splits is None else describe_data(splits)
    with ExitStack() as resources:
        folder = resources.enter_context(new_folder(None if out is None else Path(out), name))
        resources.enter_context(locked(folder))
        recipe, predict = network.write(folder, recipe, wiring, train.images, len(names))
        used = versions(), machine(), now()
        record = Record(recipe, [recipe.seed], "held-out", data, *used, imported=imported)
        row: dict[str, Any] = {"epoch": 1, "seed": recipe.seed}
        found = predict(train.images)
        difference = float(np.abs(found - expected).max())
        if not difference < _TOLERANCE:
            raise InputError(
                f"{file.given}: cannot be imported, its copy differs by {difference:.1e} in a "
                "probability; please report this model"
            )
        if splits is not None:
            correct = found.argmax(axis=1) == train.labels
            loss = log_loss(found, train.labels).value
            row |= {"accuracy": float(correct.mean()), "loss": loss}
            if splits.validation is not None:
                record, _ = evaluate_networks(folder, record, [predict], splits.validation)
        write_history(folder, [row])
        record.replace(status="finished").save(folder)
    in_memory = splits is not None and splits.origin is None
    return Run(folder, splits if in_memory else None)


def _unknown_data(images: Dataset, names: tuple[str, ...]) -> DataRecord:
    source = "unknown, as the model was imported without data"
    return DataRecord("no data", source, None, list(names), list(images.image_shape), 0.0, {}, {})
