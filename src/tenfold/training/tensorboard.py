"""TensorBoard event files of a run: scalars, weight histograms, network, confusion matrix."""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import socket
import struct
import sys
import time
import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import figures, networks
from tenfold.core.files import atomic_write
from tenfold.engine import State
from tenfold.evaluation import Evaluation

if TYPE_CHECKING:
    import keras

FOLDER = "tensorboard"
NETWORK = "network"
CONFUSION = "confusion/validation"
HISTOGRAM_BINS = 30  # as many as TensorBoard draws


class EventFiles:
    """Writes the TensorBoard event files of a run while it is trained, one a seed.

    A file begins with a summary of the network. Each epoch adds one record with scalars and a
    histogram of each weight. The first seed's confusion matrix comes last.

    A resumed training keeps the records up to its checkpoint and truncates the file after them:
    an incomplete record, or an epoch without a checkpoint. If records of finished epochs are
    missing, their scalars are written again from the history.

    Args:
        folder: of the run.
        model: the network, built, for the names of the weights.
        seeds: one a network.
        history: rows of the finished epochs, one an epoch and seed.
    """

    def __init__(
        self,
        folder: Path,
        model: keras.Model,
        seeds: Sequence[int],
        history: Sequence[Mapping[str, Any]],
    ) -> None:
        self._tags = _weight_tags(model)
        self._paths = {seed: _path(folder / FOLDER / f"seed-{seed}") for seed in seeds}
        epochs = max((row["epoch"] for row in history), default=0)
        last = {seed: _truncate(path, epochs) for seed, path in self._paths.items()}
        if None in last.values():
            header = _header(model)
            for seed in (seed for seed in seeds if last[seed] is None):
                with atomic_write(self._paths[seed]) as file:
                    file.write(header)
        for row in history:
            if row["epoch"] > (last[row["seed"]] or 0):
                self._append(row["seed"], row["epoch"], _scalars(row))

    def add_epoch(self, rows: Sequence[Mapping[str, Any]], state: State) -> None:
        """Write scalars and histograms of an epoch.

        Args:
            rows: of the history, one a seed, in the order of the seeds.
            state: after the epoch; with several seeds its arrays have a leading axis for them.
        """
        arrays = [np.asarray(value) for value in (*state.trainable, *state.non_trainable)]
        for i, row in enumerate(rows):
            weights = [array[i] for array in arrays] if len(self._paths) > 1 else arrays
            values = _scalars(row) + _histograms(self._tags, weights)
            self._append(row["seed"], row["epoch"], values)

    def add_confusion_matrix(self, epoch: int, evaluation: Evaluation) -> None:
        """Write a picture of the first network's confusion matrix.

        Args:
            epoch: the last one.
            evaluation: of the networks, in the order of the seeds, on the validation images.
        """

        image = _image(figures.to_png(evaluation.plot_confusion()))
        value = _formats().Summary.Value(tag=CONFUSION, image=image)
        self._append(next(iter(self._paths)), epoch, [value])

    def _append(self, seed: int, epoch: int, values: list[Any]) -> None:
        record = _summary_record(epoch, values)
        # Opened for each record: with many seeds the open files would exceed the limit.
        with self._paths[seed].open("ab") as file:
            file.write(record)


@cache
def _formats() -> types.SimpleNamespace:
    """What is used of tensorboardX, imported without its package.

    Its ``__init__`` imports PyTorch where that is installed, which takes seconds, for a writer that
    is not used here (https://github.com/lanpa/tensorboardX, version 2.6). The modules leave
    ``sys.modules``, so that who imports tensorboardX gets all of it;
    ``tests/training/test_tensorboard.py`` checks that.
    """
    spec = importlib.util.find_spec("tensorboardX")
    stub = spec is not None and "tensorboardX" not in sys.modules
    if spec is not None and stub:
        package = sys.modules["tensorboardX"] = types.ModuleType("tensorboardX")
        package.__path__ = list(spec.submodule_search_locations or ())
    try:
        used: dict[str, Any] = {}
        for name in ("record_writer", "summary", "proto.event_pb2", "proto.summary_pb2"):
            used |= vars(importlib.import_module(f"tensorboardX.{name}"))
    finally:
        for name in [name for name in sys.modules if stub and name.startswith("tensorboardX")]:
            del sys.modules[name]
    names = ("Event", "Summary", "text", "histogram", "masked_crc32c")
    return types.SimpleNamespace(**{name: used[name] for name in names})


def _path(folder: Path) -> Path:
    """The event file of a seed; a new one is named as TensorFlow names it."""
    existing = sorted(folder.glob("events.out.tfevents.*"))
    new = folder / f"events.out.tfevents.{int(time.time()):010}.{socket.gethostname()}"
    return existing[0] if existing else new


def _header(model: keras.Model) -> bytes:
    """The first records of a file: the format version, and the network as a table."""

    table = _formats().text(NETWORK, f"```\n{_summary(model)}\n```").value[0]
    table.tag = NETWORK  # tensorboardX adds a suffix that TensorBoard would show
    version = _formats().Event(wall_time=time.time(), file_version="brain.Event:2")
    return _record(version) + _summary_record(0, [table])


def _summary(model: keras.Model) -> str:
    """The network as a table, without its optimizer, whose variables Keras would count."""
    if not model.compiled:
        return networks.summary(model)
    optimizer, model.optimizer = model.optimizer, None
    try:
        return networks.summary(model)
    finally:
        model.optimizer = optimizer


def _truncate(path: Path, epochs: int) -> int | None:
    """Truncate a file after ``epochs`` epochs; return the last epoch left, None without header."""
    if not path.exists():
        return None
    steps, end = [], 0
    for event, stop in _records(path.read_bytes()):
        if event.step > epochs or _is_confusion(event):
            break
        steps.append(event.step)
        end = stop
    os.truncate(path, end)
    return max(steps) if len(steps) > 1 else None


def _is_confusion(event: Any) -> bool:
    return any(value.tag == CONFUSION for value in event.summary.value)


def _records(data: bytes) -> Iterator[tuple[Any, int]]:
    """The complete events of a file, each with the offset of its end in bytes."""
    from google.protobuf.message import DecodeError

    end = 0
    while (content := _content(data, end)) is not None:
        try:
            event = _formats().Event.FromString(content)
        except DecodeError:
            return
        end += len(content) + 16
        yield event, end


def _content(data: bytes, start: int) -> bytes | None:
    """The content of the record at an offset; None if it is truncated or damaged."""
    header = data[start : start + 12]
    if len(header) < 12 or _checksum(header[:8]) != header[8:]:
        return None
    (length,) = struct.unpack("<Q", header[:8])
    content = data[start + 12 : start + 12 + length]
    complete = data[start + 12 + length : start + 16 + length] == _checksum(content)
    return content if complete else None


def _record(event: Any) -> bytes:
    """An event in the TFRecord format: length, data, and a masked CRC32-C of each."""
    data = event.SerializeToString()
    length = struct.pack("<Q", len(data))
    return b"".join((length, _checksum(length), data, _checksum(data)))


def _checksum(data: bytes) -> bytes:

    return struct.pack("<I", _formats().masked_crc32c(data))


def _summary_record(step: int, values: list[Any]) -> bytes:

    formats = _formats()
    summary = formats.Summary(value=values)
    return _record(formats.Event(wall_time=time.time(), step=step, summary=summary))


def _scalars(row: Mapping[str, Any]) -> list[Any]:

    return [
        _formats().Summary.Value(tag=_tag(name), simple_value=value)
        for name, value in row.items()
        if name not in ("epoch", "seed")
    ]


def _tag(name: str) -> str:
    split = "validation" if name.startswith("val_") else "train"
    return f"{name.removeprefix('val_')}/{split}"


def _weight_tags(model: keras.Model) -> list[str | None]:
    """A tag for each variable; None if it is not a weight, such as the state of a generator."""
    tags = _tags_within(model, "weights")
    return [tags.get(id(v)) for v in (*model.trainable_variables, *model.non_trainable_variables)]


def _tags_within(model: keras.Model, prefix: str) -> dict[int, str]:
    """Tags by the identity of the weights: the names of the layers around them.

    Not ``weight.path``, which omits nested models once a network is built from JSON, as a resumed
    training does.
    """
    tags = dict[int, str]()
    for layer in model.layers:
        tag = f"{prefix}/{layer.name}"
        if hasattr(layer, "layers"):
            tags |= _tags_within(layer, tag)
            continue
        for weight in layer.weights:
            name = f"/{weight.path}".rpartition(f"/{layer.name}/")[2]
            tags[id(weight)] = f"{tag}/{name.removeprefix('/')}"
    return tags


def _histograms(tags: Sequence[str | None], arrays: Sequence[Any]) -> list[Any]:
    """Histograms of the weights, except those that are empty or not all finite."""

    histograms = []
    for tag, array in zip(tags, arrays, strict=True):
        if tag is None or not array.size:
            continue
        values = array.astype(np.float64)  # in float32 the sum of finite values may overflow
        if np.isfinite(values.sum()):
            histograms += _formats().histogram(tag, values, _edges(values)).value
    return histograms


def _edges(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Edges of bins of equal width from minimum to maximum, with a margin around a constant."""
    low, high = values.min(), values.max()
    margin = max(abs(low), 1.0) / 2 if low == high else 0.0
    return np.linspace(low - margin, high + margin, HISTOGRAM_BINS + 1)


def _image(png: bytes) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        width, height, channels = *picture.size, len(picture.getbands())
    return _formats().Summary.Image(
        width=width, height=height, colorspace=channels, encoded_image_string=png
    )
