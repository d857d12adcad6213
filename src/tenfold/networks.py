"""Functions that build a network: an untrained ``keras.Model``.

Every network takes the shape of one image and the number of classes first, then keyword
arguments of plain JSON types, so that a recipe can name it and write its arguments down.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tenfold import backend as _backend  # noqa: F401 - Keras on JAX
from tenfold.errors import InputError

Shape = tuple[int, int]


def dense(
    image_shape: Shape,
    classes: int,
    *,
    hidden: Sequence[int] = (512,),
    activation: str | Sequence[str] = "relu",
    dropout: float | Sequence[float] = 0.0,
    batch_norm: bool = False,
) -> keras.Model:
    """Flattened pixels through hidden dense layers to a softmax over the classes.

    ``activation`` and ``dropout`` hold for every hidden layer, or name one value for each.
    With ``batch_norm`` a batch normalisation stands between a layer and its activation.

    Raises:
        InputError: a layer without units, a dropout outside [0, 1), an unknown activation, or
            lists of another length than ``hidden``.

    Example:
        >>> dense((28, 28), 10, hidden=[64], activation="sigmoid").count_params()
        50890
    """
    activations = _one_each("activation", activation, len(hidden))
    rates = _one_each("dropout", dropout, len(hidden))
    model = keras.Sequential([keras.Input((image_shape[0] * image_shape[1],))])
    for units, name, rate in zip(hidden, activations, rates, strict=True):
        _check_layer(units, name, rate)
        if batch_norm:
            model.add(keras.layers.Dense(units, use_bias=False))
            model.add(keras.layers.BatchNormalization())
            model.add(keras.layers.Activation(name))
        else:
            model.add(keras.layers.Dense(units, activation=name))
        if rate:
            model.add(keras.layers.Dropout(rate))
    model.add(keras.layers.Dense(classes, activation="softmax"))
    return model


def conv(
    image_shape: Shape, classes: int, *, filters: Sequence[int] = (32, 64), dropout: float = 0.5
) -> keras.Model:
    """Convolutions 3x3, each followed by 2x2 max-pooling, then dropout and a softmax layer.

    With its defaults this is the convolutional network of the Keras tutorials.

    Example:
        >>> conv((28, 28), 10).count_params()
        34826
    """
    model = keras.Sequential([keras.Input((*image_shape, 1))])
    for channels in filters:
        model.add(keras.layers.Conv2D(channels, 3, activation="relu"))
        model.add(keras.layers.MaxPooling2D(2))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes, activation="softmax"))
    return model


def strided(image_shape: Shape, classes: int, *, filters: Sequence[int] = (16, 64)) -> keras.Model:
    """Convolutions 5x5 with stride 2 in the place of pooling: few products, so a fast network.

    Example:
        >>> strided((28, 28), 10, filters=[8, 32]).count_params()
        11770
    """
    model = keras.Sequential([keras.Input((*image_shape, 1))])
    for channels in filters:
        model.add(keras.layers.Conv2D(channels, 5, strides=2, activation="relu"))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(classes, activation="softmax"))
    return model


NETWORKS: Mapping[str, Callable[..., keras.Model]] = {
    "dense": dense,
    "conv": conv,
    "strided": strided,
}


def build(
    network: str, arguments: Mapping[str, Any], image_shape: Shape, classes: int, seed: int
) -> keras.Model:
    """Build a named network, or that of a Python file (``my_network.py:build``), from a seed.

    The same seed gives the same initial weights; the global generators of Python and NumPy
    are left as they were.

    Raises:
        InputError: the network is unknown, the file cannot be run, its function fails or
            returns something else than a network that fits the images and classes.
    """
    with seeded(seed):
        if is_file(network):
            model = _from_file(network)
        else:
            model = _named(network, arguments)(image_shape, classes, **arguments)
    return model


def _named(network: str, arguments: Mapping[str, Any]) -> Callable[..., keras.Model]:
    if network not in NETWORKS:
        raise InputError(f"network: {network!r} is unknown; there are {', '.join(NETWORKS)}")
    function = NETWORKS[network]
    allowed = [
        p.name for p in inspect.signature(function).parameters.values() if p.kind == p.KEYWORD_ONLY
    ]
    wrong = [name for name in arguments if name not in allowed]
    if wrong:
        raise InputError(
            f"{wrong[0]}: not of a {network} network, which takes {', '.join(allowed)}"
        )
    return function


def is_file(network: str) -> bool:
    """Tell whether a network is named as a function of a Python file."""
    return ".py:" in network or network.endswith(".py")


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw Keras's random numbers from a seed, and leave the global generators as they were."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002


def _one_each(name: str, value: Any, layers: int) -> list[Any]:
    if isinstance(value, (str, int, float)):
        return [value] * layers
    if len(value) != layers:
        raise InputError(
            f"{name}: {len(value)} values for {layers} hidden layers; give one, or one for each"
        )
    return list(value)


def summary(model: keras.Model) -> str:
    """Layers, shapes and parameter counts of a network, as text.

    Example:
        >>> "Total params: 7,850" in summary(dense((28, 28), 10, hidden=[]))
        True
    """
    lines: list[str] = []
    model.summary(print_fn=lambda text, **_: lines.append(text))
    return "\n".join(lines).rstrip()


def _check_layer(units: int, activation: str, rate: float) -> None:
    if units < 1:
        raise InputError(f"hidden: a layer of {units} units; give whole numbers from 1")
    if not 0 <= rate < 1:
        raise InputError(f"dropout: {rate}; give the share to drop, from 0 to under 1")
    try:
        keras.activations.get(activation)
    except ValueError:
        raise InputError(
            f"activation: {activation!r} is unknown; Keras has relu, gelu, elu, selu, silu, "
            "sigmoid, tanh, softplus and others"
        ) from None


def _from_file(network: str) -> keras.Model:
    path, _, function_name = network.rpartition(":") if ":" in network else (network, "", "build")
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; give it as my_network.py:build")
    function = getattr(_module(Path(path)), function_name, None)
    if not callable(function):
        raise InputError(f"{path}: has no function {function_name!r}; give it as FILE.py:FUNCTION")
    if any(
        p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        for p in inspect.signature(function).parameters.values()
    ):
        raise InputError(f"{network}: the function must be callable without arguments")
    try:
        model = function()
    except Exception as error:
        raise InputError(f"{network} failed: {_one_line(error)}") from error
    if not isinstance(model, keras.Model):
        raise InputError(f"{network} returned {type(model).__name__}; it must return a keras.Model")
    return model


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"tenfold_user_{path.stem}", path.resolve())
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(f"{path} failed: {_one_line(error)}") from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
