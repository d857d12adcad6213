"""Networks by name: the builders, their arguments, and how a network is built from a seed."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError, one_line
from tenfold.core.image_shape import ImageShape
from tenfold.networks import python_file
from tenfold.networks.builders.conv import conv
from tenfold.networks.builders.dense import dense
from tenfold.networks.fields import Field, declared

if TYPE_CHECKING:
    from tenfold.core.backend import keras

NETWORKS: Mapping[str, Callable[..., keras.Model]] = {"dense": dense, "conv": conv}


def argument_fields() -> dict[str, Field]:
    """The arguments of all networks by name.

    An argument of several networks counts as layered if one of them takes a value per layer.
    """
    merged: dict[str, Field] = {}
    for network in NETWORKS.values():
        for name, field in declared(network).items():
            if name not in merged or field.layers > merged[name].layers:
                merged[name] = field
    return merged


def build(
    network: str,
    arguments: Mapping[str, Any],
    image_shape: ImageShape,
    classes: int,
    seed: int,
    multi_label: bool = False,
) -> keras.Model:
    """Build a network from a seed.

    The same seed gives the same initial weights. The global generators of Python and NumPy keep
    their states.

    Args:
        network: a name in ``NETWORKS``, or a function in a Python file, ``my_network.py:build``.
        arguments: keyword arguments of the builder; none for a Python file.
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        classes: number of outputs.
        seed: of the initial weights.
        multi_label: whether an image may have several classes.

    Raises:
        InputError: the network or an argument is unknown or out of range, the Python file cannot
            be run, its function fails, or returns something else than a ``keras.Model``.
    """
    if network in (python_file.IN_MEMORY, python_file.ONNX):
        raise InputError(
            "network: this one was given in memory or imported, and a recipe does not hold it; "
            "give the model itself to tenfold.train, or a Python file"
        )
    with seeded(seed):
        if python_file.is_python_file(network):
            if arguments:
                raise InputError(
                    f"{next(iter(arguments))}: {network} builds its network itself; set it there"
                )
            return python_file.build_network(network)
        function = _builder(network, arguments)
        _require_usual_configuration(network)
        try:
            ends = {"multi_label": True} if multi_label else {}
            return function(image_shape, classes, **arguments, **ends)
        except InputError:
            raise
        except (ValueError, TypeError) as error:
            raise InputError(
                f"a {network} network cannot be built with these arguments: {one_line(error)}"
            ) from error


def _require_usual_configuration(network: str) -> None:
    from tenfold.core.backend import unusual_configuration

    if changed := unusual_configuration():
        raise InputError(
            f"{changed}; {network} networks need channels_last and float32: change it back"
        )


def _builder(network: str, arguments: Mapping[str, Any]) -> Callable[..., keras.Model]:
    if network not in NETWORKS:
        raise InputError(f"network: {network!r} is unknown; there are {', '.join(NETWORKS)}")
    allowed = declared(NETWORKS[network])
    for name in arguments:
        if name not in allowed:
            raise InputError(
                f"{name}: not an argument of {network} networks, which take {', '.join(allowed)}"
            )
    return NETWORKS[network]


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the random numbers of Keras; restore the global generators afterwards."""
    import numpy as np

    from tenfold.core.backend import keras

    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
