"""Networks, losses and optimizers as JSON, read back without running code."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any, Literal

from tenfold.core.backend import keras
from tenfold.core.errors import InputError


def to_config(model: keras.Model) -> dict[str, Any]:
    """The layers of a network in Keras's JSON types, without weights, loss and optimizer."""
    config: dict[str, Any] = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    return config


def to_json(model: keras.Model) -> str:
    """The layers of a network as JSON text, without weights, loss and optimizer.

    Example:
        >>> from tenfold.networks import dense
        >>> from_json(to_json(dense((28, 28), 10, hidden=[64]))).count_params()
        50890
    """
    return json.dumps(to_config(model), indent=1)


def from_json(text: str) -> keras.Model:
    """Build a network from the text of `to_json`, in Keras's safe mode: no code is run.

    Raises:
        InputError: the text describes something else.
    """
    model = keras.saving.deserialize_keras_object(json.loads(text), safe_mode=True)
    if not isinstance(model, keras.Model):
        raise InputError(f"not a network but a {type(model).__name__}")
    return model


def summary(model: keras.Model) -> str:
    """Layers, shapes and parameter counts of a network, as text.

    Example:
        >>> from tenfold.networks import dense
        >>> "Total params: 7,850" in summary(dense((28, 28), 10, hidden=[]))
        True
    """
    lines: list[str] = []
    model.summary(print_fn=lambda text, **_: lines.append(text))
    return "\n".join(lines).rstrip()


def custom_objects(config: Any, *, allow_tenfold: bool = False) -> list[str]:
    """Class names in a Keras configuration that Keras alone cannot load, in order.

    Lambda layers and functions count as custom: loading them would run code.

    Args:
        config: JSON types, as Keras serialises layers, models and optimizers.
        allow_tenfold: do not list tenfold's registered classes, such as Muon.

    Example:
        >>> from tenfold.networks import dense
        >>> custom_objects(to_config(dense((28, 28), 10)))
        []
    """
    if isinstance(config, Mapping):
        values, names = list(config.values()), []
        if "class_name" in config and "config" in config:
            is_ours = allow_tenfold and _is_defined_in("tenfold", config)
            names = [] if is_ours or _is_defined_in("keras", config) else [config["class_name"]]
    elif isinstance(config, (list, tuple)):
        values, names = list(config), []
    else:
        return []
    return names + [n for v in values for n in custom_objects(v, allow_tenfold=allow_tenfold)]


def _is_defined_in(package: Literal["keras", "tenfold"], config: Mapping[str, Any]) -> bool:
    module = str(config.get("module") or "builtins").partition(".")[0]
    registered = str(config.get("registered_name") or "")
    if package == "tenfold":
        return module == "tenfold" and registered.startswith("tenfold>")
    is_function = config["class_name"] in ("Lambda", "function", "__lambda__")
    return module in ("keras", "builtins") and ">" not in registered and not is_function


def loss_of(model: keras.Model) -> Any:
    """The loss a model is compiled with: a name, a function or an object of Keras.

    Raises:
        InputError: there are several, for several outputs.
    """
    loss = model.loss
    while isinstance(loss, (list, tuple, Mapping)):
        losses = list(loss.values()) if isinstance(loss, Mapping) else list(loss)
        if len(losses) != 1:
            raise InputError(f"the model has {len(losses)} losses; give it one output and one loss")
        loss = losses[0]
    return loss


def serialize_compiled(what: Literal["loss", "optimizer"], value: Any, name: str) -> Any:
    """Serialize the loss or optimizer of a compiled network, so that a run can read it back.

    Args:
        what: which of the two.
        value: an instance, a Keras function, or the name of one.
        name: of the network, for the error.

    Returns:
        A name, or a configuration in Keras's JSON types.

    Raises:
        InputError: it is a custom object, or it cannot be serialised.
    """
    if isinstance(value, str):
        return value
    api = keras.losses if what == "loss" else keras.optimizers
    try:
        config = json.loads(json.dumps(api.serialize(value)))
        is_function = isinstance(config, str) or config.get("class_name") == "function"
        if is_function or not custom_objects(config, allow_tenfold=True):
            api.get(copy.deepcopy(config))  # `get` changes nested configurations in place
            return config
    except Exception as error:  # whatever a custom object's get_config raises
        reason = " ".join(str(error).split())[:200]
    else:
        reason = "it is not one of Keras's own"
    raise InputError(
        f"{name}: its {what} cannot be stored in a run ({reason}); compile with one of Keras's "
        "own, or train with tenfold.fit"
    )
