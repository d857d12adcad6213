"""Arguments that several builders take, and the check of activations."""

import difflib
from collections.abc import Sequence
from typing import Annotated, Any

from tenfold.core.errors import InputError
from tenfold.networks.fields import Field, Interval

SIZES = Interval(1, 100_000)
DROPOUT = Field("Share of units dropped in training.", Interval(0, 1, closed="left"))
BATCH_NORM = Field("Batch normalisation before each activation.")

Activation = Annotated[str | Sequence[str], Field("Keras activation, such as relu or gelu.")]


def check_activation(activation: Any) -> None:
    """Refuse an activation that Keras does not have, or a list that has one.

    Raises:
        InputError: it is unknown; the message suggests the nearest name.
    """
    from tenfold.core.backend import keras

    if isinstance(activation, (list, tuple)):
        for one in activation:
            check_activation(one)
        return
    try:
        keras.activations.get(activation)
    except ValueError:
        names = [name for name in dir(keras.activations) if name.islower()]
        near = difflib.get_close_matches(activation, names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(
            f"activation: {activation!r} is unknown; {hint}Keras has relu, gelu, elu, selu, silu, "
            "sigmoid, tanh, softplus and others"
        ) from None
