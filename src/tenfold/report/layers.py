"""The layers of a run's network and its first weights, read from its files without Keras."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.image_shape import ImageShape, is_colour
from tenfold.figures.common import TIMES
from tenfold.runs import Run, onnx_networks
from tenfold.runs.layout import NETWORK, read_file, weights_path


@dataclass(frozen=True)
class Layer:
    """A layer of a network.

    Attributes:
        name: its Keras name.
        kind: its class, such as ``Dense``.
        input_shape: without the batch axis; empty where Keras recorded none.
        settings: units, activation and the like.
        parameters: number of weights, trainable or not.
    """

    name: str
    kind: str
    input_shape: str
    settings: str
    parameters: int


def layers(run: Run) -> list[Layer]:
    """The layers of a run's network, in Keras's order.

    Raises:
        InputError: the network or its weights are missing or damaged.
    """
    if run.is_onnx:
        rows = onnx_networks.operators(run.path, run.seeds[0])
        return [Layer(name, kind, "", "", parameters) for name, kind, parameters in rows]
    counts = read_file(weights_path(run.path, run.seeds[0]), _parameters)
    return [
        Layer(
            name=str(config.get("name", "")),
            kind=str(entry["class_name"]),
            input_shape=_input_shape(entry),
            settings=", ".join(_settings(config)),
            parameters=counts.get(config.get("name"), 0),
        )
        for entry in _entries(run)
        for config in [entry["config"]]
    ]


@dataclass(frozen=True)
class FirstWeights:
    """The weights of the first layer that has any, as images.

    Attributes:
        kind: ``Dense`` or ``Conv2D``.
        weights: float32 ``[units, height, width]``, or ``[filters, side, side]``.
        is_output: whether each unit is the output of a class, as without hidden layers.
    """

    kind: str
    weights: npt.NDArray[np.float32]
    is_output: bool


def first_weights(run: Run) -> FirstWeights | None:
    """The weights of the first dense or convolutional layer, of the first seed.

    Returns:
        None where the input of that layer is not a grey image.

    Raises:
        InputError: the network or its weights are missing or damaged.
    """
    if run.is_onnx:
        return None
    weighted = [e for e in _entries(run) if e["class_name"] in ("Dense", "Conv2D")]
    if not weighted:
        return None
    name, kind = weighted[0]["config"]["name"], weighted[0]["class_name"]
    kernel = read_file(weights_path(run.path, run.seeds[0]), lambda path: _kernel(path, name))
    images = None if kernel is None else _as_images(kernel, kind, run.image_shape)
    if images is None:
        return None
    return FirstWeights(kind, images, len(weighted) == 1 and kind == "Dense")


def _as_images(
    kernel: npt.NDArray[np.float32], kind: str, shape: ImageShape
) -> npt.NDArray[np.float32] | None:
    if is_colour(shape):
        return None
    if kind == "Dense" and kernel.ndim == 2 and len(kernel) == prod(shape):
        return kernel.T.reshape(-1, *shape)
    if kind == "Conv2D" and kernel.ndim == 4 and kernel.shape[2] == 1 and kernel.shape[0] > 1:
        return kernel[:, :, 0].transpose(2, 0, 1)
    return None


def _entries(run: Run) -> list[dict[str, Any]]:
    """The layers as Keras serialises them."""
    entries: list[dict[str, Any]] = read_file(
        run.path / NETWORK, lambda path: json.loads(path.read_text("utf-8"))["config"]["layers"]
    )
    return entries


def _input_shape(entry: Mapping[str, Any]) -> str:
    built = (entry.get("build_config") or {}).get("input_shape")
    shape = built or entry["config"].get("batch_shape")
    if not isinstance(shape, list) or not all(isinstance(n, int | None) for n in shape):
        return ""
    return TIMES.join("any" if n is None else str(n) for n in shape[1:])


def _settings(config: Mapping[str, Any]) -> list[str]:
    """The settings of a layer that distinguish it, as text."""
    settings = []
    if "units" in config:
        settings.append(f"{config['units']} units")
    if "filters" in config:
        settings.append(f"{config['filters']} filters {_size(config.get('kernel_size'))}")
        if config.get("strides") not in (None, [1, 1]):
            settings.append(f"stride {_size(config['strides'])}")
    if "pool_size" in config:
        settings.append(f"window {_size(config['pool_size'])}")
    if "rate" in config:
        settings.append(f"{100 * config['rate']:g} % dropped")
    if isinstance(config.get("activation"), str) and config["activation"] != "linear":
        settings.append(config["activation"])
    return settings


def _size(size: Any) -> str:
    return TIMES.join(map(str, size)) if isinstance(size, list) else str(size)


def _parameters(path: Path) -> dict[str, int]:
    """The number of parameters of each layer, by name."""
    import h5py

    with h5py.File(path, "r") as file:
        groups = file["layers"].values()
        return {_name(group): _count(group) for group in groups}


def _name(group: Any) -> str:
    return str(group["vars"].attrs["name"])


def _count(group: Any) -> int:
    """Count the numbers in a group and below, without states of random generators."""
    import h5py

    total = 0
    for name, child in group.items():
        if isinstance(child, h5py.Dataset):
            total += int(child.size)
        elif not name.startswith("seed_generator"):
            total += _count(child)
    return total


def _kernel(path: Path, layer: str) -> npt.NDArray[np.float32] | None:
    """The first array of a layer; None if the file has no such layer."""
    import h5py

    with h5py.File(path, "r") as file:
        for group in file["layers"].values():
            if _name(group) == layer and "0" in group["vars"]:
                return np.asarray(group["vars"]["0"], np.float32)
    return None
