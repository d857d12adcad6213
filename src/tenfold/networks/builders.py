"""Functions that build a network: an untrained ``keras.Model``.

Every network takes the shape of one image and the number of classes first, then keyword
arguments of plain JSON types, so that a recipe can name it and write its arguments down.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import inspect
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.backend import keras
from tenfold.core.errors import InputError

Shape = tuple[int, int]
MOST_UNITS = 100_000
PADDINGS = ("valid", "same")


def dense(
    image_shape: Shape,
    classes: int,
    *,
    hidden: Sequence[int] = (512,),
    activation: str | Sequence[str] = "relu",
    dropout: float | Sequence[float] = 0.0,
    batch_norm: bool = False,
    gaussian_noise: float = 0.0,
) -> keras.Model:
    """Flattened pixels through hidden dense layers to a softmax over the classes.

    ``activation`` and ``dropout`` hold for every hidden layer, or name one value for each.
    With ``batch_norm`` a batch normalisation stands between a layer and its activation.
    ``gaussian_noise`` is the standard deviation of noise that is added in training, to the pixels
    and before every activation (Rasmus et al., "Semi-supervised learning with ladder networks",
    2015, whose baseline of dense layers it is).

    Raises:
        InputError: a layer without units, a dropout outside [0, 1), a negative noise, an unknown
            activation, or lists of another length than ``hidden``.

    Example:
        >>> dense((28, 28), 10, hidden=[64], activation="sigmoid").count_params()
        50890
    """
    activations = _one_each("activation", activation, len(hidden))
    rates = _one_each("dropout", dropout, len(hidden))
    _check_noise(gaussian_noise)
    noise = partial(keras.layers.GaussianNoise, gaussian_noise)
    model = keras.Sequential([keras.Input((image_shape[0] * image_shape[1],))])
    if gaussian_noise:
        model.add(noise())
    for units, name, rate in zip(hidden, activations, rates, strict=True):
        _check_layer(units, name, rate)
        between = [keras.layers.BatchNormalization()] if batch_norm else []
        between += [noise()] if gaussian_noise else []
        if between:
            model.add(keras.layers.Dense(units, use_bias=not batch_norm))
            for layer in [*between, keras.layers.Activation(name)]:
                model.add(layer)
        else:
            model.add(keras.layers.Dense(units, activation=name))
        if rate:
            model.add(keras.layers.Dropout(rate))
    model.add(keras.layers.Dense(classes, activation="softmax"))
    return model


def conv(
    image_shape: Shape,
    classes: int,
    *,
    filters: Sequence[int] = (32, 64),
    kernels: int | Sequence[int] = 3,
    strides: int | Sequence[int] = 1,
    pooling: int | Sequence[int] = 1,
    padding: str = "valid",
    activation: str | Sequence[str] = "relu",
    batch_norm: bool | Sequence[bool] = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Convolutions, then dropout and a softmax layer.

    ``kernels`` and ``strides`` are the sides of the windows and their steps, ``pooling`` the
    side of max-pooling after a layer, 1 for none; ``batch_norm`` puts a batch normalisation
    between a layer, with its pooling, and its activation: what is pooled first is the less to
    normalise. Each holds for every layer, or names one value for each. ``padding`` is ``"valid"``,
    or ``"same"`` for zeros around the images, so that what lies at their edges counts as the rest.

    Raises:
        InputError: a value under 1, a dropout outside [0, 1), an unknown activation or padding, or
            lists of another length than ``filters``.

    Example:
        >>> conv((28, 28), 10, filters=[32, 64], pooling=2, dropout=0.5).count_params()
        34826
    """
    each = {"filters": list(filters)}
    for name, value in (("kernels", kernels), ("strides", strides), ("pooling", pooling)):
        each[name] = _one_each(name, value, len(filters))
    for name, values in each.items():
        _check_sizes(name, values)
    if padding not in PADDINGS:
        raise InputError(f"padding: {padding!r} is unknown; give {' or '.join(PADDINGS)}")
    _check_rate(dropout)
    activations = _one_each("activation", activation, len(filters))
    normalised = _one_each("batch_norm", batch_norm, len(filters))
    model = keras.Sequential([keras.Input((*image_shape, 1))])
    for count, side, step, pool, name, is_normal in zip(
        *each.values(), activations, normalised, strict=True
    ):
        _check_activation(name)
        bias = not is_normal
        model.add(keras.layers.Conv2D(count, side, strides=step, padding=padding, use_bias=bias))
        pooled = [keras.layers.MaxPooling2D(pool)] if pool > 1 else []
        active = keras.layers.Activation(name)
        normal = [*pooled, keras.layers.BatchNormalization(), active]
        for layer in normal if is_normal else [active, *pooled]:
            model.add(layer)
    model.add(keras.layers.Flatten())
    if dropout:
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes, activation="softmax"))
    return model


NETWORKS: Mapping[str, Callable[..., keras.Model]] = {
    "dense": dense,
    "conv": conv,
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
            if arguments:
                raise InputError(
                    f"{next(iter(arguments))}: {network} builds its network itself; set it there"
                )
            return _from_file(network)
        function = _named(network, arguments)
        try:
            return function(image_shape, classes, **arguments)
        except InputError:
            raise
        except (ValueError, TypeError) as error:
            raise InputError(f"a {network} network cannot be so: {_one_line(error)}") from error


def to_json(model: keras.Model) -> str:
    """The layers of a network, without its weights, loss and optimizer, as Keras's JSON.

    Example:
        >>> from_json(to_json(dense((28, 28), 10, hidden=[64]))).count_params()
        50890
    """
    config = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    return json.dumps(config, indent=1)


def from_json(text: str) -> keras.Model:
    """Build a network from what ``to_json`` wrote, in Keras's safe mode: no code is run.

    Raises:
        InputError: it is not a network.
    """
    model = keras.saving.deserialize_keras_object(json.loads(text), safe_mode=True)
    if not isinstance(model, keras.Model):
        raise InputError(f"not a network but a {type(model).__name__}")
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
            f"{name}: {len(value)} values for {layers} layer{'s' * (layers != 1)}; "
            "give one, or one for each"
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
    if not 1 <= units <= MOST_UNITS:
        raise InputError(f"hidden: a layer of {units} units; give whole numbers, 1 to {MOST_UNITS}")
    _check_rate(rate)
    _check_activation(activation)


def _check_activation(activation: str) -> None:
    try:
        keras.activations.get(activation)
    except ValueError:
        known = [name for name in dir(keras.activations) if name.islower()]
        near = difflib.get_close_matches(activation, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(
            f"activation: {activation!r} is unknown; {hint}Keras has relu, gelu, elu, selu, silu, "
            "sigmoid, tanh, softplus and others"
        ) from None


def _check_rate(rate: Any) -> None:
    if not isinstance(rate, (int, float)) or not 0 <= rate < 1:
        raise InputError(f"dropout: {rate}; give the share to drop, from 0 to under 1")


def _check_noise(deviation: Any) -> None:
    if not isinstance(deviation, (int, float)) or not 0 <= deviation < 10:
        raise InputError(
            f"gaussian_noise: {deviation}; give the standard deviation, from 0 to under 10"
        )


def _check_sizes(name: str, values: Sequence[int]) -> None:
    if not all(isinstance(value, int) and 1 <= value <= MOST_UNITS for value in values):
        raise InputError(f"{name}: {list(values)}; give whole numbers, 1 to {MOST_UNITS}")


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
    _require_own_layers(model, network)
    return model


def _require_own_layers(model: keras.Model, network: str) -> None:
    """Refuse what could not be read back from a run without running the file again."""
    try:
        foreign = foreign_objects(json.loads(to_json(model)))
    except Exception as error:  # whatever a layer's own get_config raises
        raise InputError(
            f"{network}: the network cannot be saved ({_one_line(error)}); build it of Keras's own "
            "layers"
        ) from error
    if foreign:
        raise InputError(
            f"{network}: {foreign[0]} is not one of Keras's own layers, and a run must be readable "
            "without the file; build the network of those, or train it with tenfold.fit"
        )


def foreign_objects(config: Any) -> list[str]:
    """Names in a Keras configuration that Keras itself does not know, in their order.

    Example:
        >>> foreign_objects(keras.saving.serialize_keras_object(dense((28, 28), 10)))
        []
    """
    if isinstance(config, Mapping):
        inner = [name for value in config.values() for name in foreign_objects(value)]
        return ([str(config["class_name"])] if _is_foreign(config) else []) + inner
    if isinstance(config, (list, tuple)):
        return [name for value in config for name in foreign_objects(value)]
    return []


def _is_foreign(config: Mapping[str, Any]) -> bool:
    if "class_name" not in config or "config" not in config:
        return False
    module = str(config.get("module") or "builtins").partition(".")[0]
    registered = str(config.get("registered_name") or "")
    known = module in ("keras", "builtins") and ">" not in registered
    return not known or config["class_name"] in ("Lambda", "function", "__lambda__")


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
