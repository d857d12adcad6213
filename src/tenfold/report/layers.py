"""The layers of a run's network and its first weights, read from the files without Keras."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.runs import Run
from tenfold.runs.run import NETWORK
from tenfold.runs.weights import read, weights_path

TIMES = " \N{MULTIPLICATION SIGN} "


@dataclass(frozen=True)
class Layer:
    """A layer of a network.

    Attributes:
        name: as Keras has it.
        kind: its class, such as ``Dense``.
        takes: the shape of what goes in, without the batch; empty where Keras left none.
        settings: what sets it apart, such as units and activation.
        parameters: how many numbers it holds, trained or not.
    """

    name: str
    kind: str
    takes: str
    settings: str
    parameters: int


def layers(run: Run) -> list[Layer]:
    """The layers of a run's network, in Keras's order.

    Raises:
        InputError: the network or its weights are missing or damaged.
    """
    entries = _entries(run)
    counts = read(weights_path(run.path, run.seeds[0]), _parameters)
    return [_layer(entry, counts.get(entry["config"].get("name"), 0)) for entry in entries]


@dataclass(frozen=True)
class FirstWeights:
    """What the first layer looks for in the image.

    Attributes:
        kind: ``Dense`` or ``Conv2D``.
        weights: float32 ``[units, height, width]``, or ``[filters, side, side]``.
        answers: whether each unit is the answer for a class, as without hidden layers.
    """

    kind: str
    weights: npt.NDArray[np.float32]
    answers: bool


def first_weights(run: Run) -> FirstWeights | None:
    """The weights of the first dense or convolutional layer that sees pixels, of the first seed.

    Returns:
        None where the first such layer does not take the image itself.

    Raises:
        InputError: the network or its weights are missing or damaged.
    """
    weighted = [e for e in _entries(run) if e["class_name"] in ("Dense", "Conv2D")]
    if not weighted:
        return None
    name, kind = weighted[0]["config"]["name"], weighted[0]["class_name"]
    kernel = read(weights_path(run.path, run.seeds[0]), lambda path: _kernel(path, name))
    pictures = None if kernel is None else _as_pictures(kernel, kind, run.image_shape)
    if pictures is None:
        return None
    return FirstWeights(kind, pictures, len(weighted) == 1 and kind == "Dense")


def _as_pictures(
    kernel: npt.NDArray[np.float32], kind: str, shape: tuple[int, int]
) -> npt.NDArray[np.float32] | None:
    if kind == "Dense" and kernel.ndim == 2 and len(kernel) == shape[0] * shape[1]:
        return kernel.T.reshape(-1, *shape)
    if kind == "Conv2D" and kernel.ndim == 4 and kernel.shape[2] == 1 and kernel.shape[0] > 1:
        return kernel[:, :, 0].transpose(2, 0, 1)
    return None


def _entries(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(
        run.path / NETWORK, lambda path: json.loads(path.read_text("utf-8"))["config"]["layers"]
    )
    return found


def _layer(entry: Mapping[str, Any], parameters: int) -> Layer:
    config = entry["config"]
    shape = (entry.get("build_config") or {}).get("input_shape") or config.get("batch_shape")
    return Layer(
        name=str(config.get("name", "")),
        kind=str(entry["class_name"]),
        takes=_shape(shape),
        settings=", ".join(_settings(config)),
        parameters=parameters,
    )


def _shape(shape: Any) -> str:
    flat = isinstance(shape, list) and all(isinstance(n, int | None) for n in shape)
    return TIMES.join("any" if n is None else str(n) for n in shape[1:]) if flat else ""


def _settings(config: Mapping[str, Any]) -> list[str]:
    """The settings that a reader wants to see, in words."""
    found = []
    if "units" in config:
        found.append(f"{config['units']} units")
    if "filters" in config:
        found.append(f"{config['filters']} filters {_side(config.get('kernel_size'))}")
        if config.get("strides") not in (None, [1, 1]):
            found.append(f"stride {_side(config['strides'])}")
    if "pool_size" in config:
        found.append(f"window {_side(config['pool_size'])}")
    if "rate" in config:
        found.append(f"{100 * config['rate']:g} % dropped")
    if isinstance(config.get("activation"), str) and config["activation"] != "linear":
        found.append(config["activation"])
    return found


def _side(size: Any) -> str:
    return TIMES.join(map(str, size)) if isinstance(size, list) else str(size)


def _parameters(path: Path) -> dict[str, int]:
    """How many parameters each layer has, by its name."""
    import h5py

    with h5py.File(path, "r") as file:
        groups = file["layers"].values()
        return {_name(group): _count(group) for group in groups}


def _name(group: Any) -> str:
    return str(group["vars"].attrs["name"])


def _count(group: Any) -> int:
    """Numbers in a group and all below it, without the states of random generators."""
    import h5py

    total = 0
    for name, child in group.items():
        if isinstance(child, h5py.Dataset):
            total += int(child.size)
        elif not name.startswith("seed_generator"):
            total += _count(child)
    return total


def _kernel(path: Path, layer: str) -> npt.NDArray[np.float32] | None:
    """The first array of a layer; None where the file has no such layer."""
    import h5py

    with h5py.File(path, "r") as file:
        for group in file["layers"].values():
            if _name(group) == layer and "0" in group["vars"]:
                return np.asarray(group["vars"]["0"], np.float32)
    return None
