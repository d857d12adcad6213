"""A recipe with other values: options of the command line, or a network of a Python file."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.networks.recipes.recipe import Augmentation, Recipe, as_plain
from tenfold.networks.recipes.table import recipe

_LOSSES = {"sparse": "sparse_categorical_crossentropy", "one-hot": "categorical_crossentropy"}
_LISTS = {"hidden": int, "filters": int, "activation": str, "dropout": float}


def customised(name: str | Recipe | None, changes: Mapping[str, Any]) -> Recipe:
    """A recipe, given by name or Python file too, with other values for some of what it holds.

    Args:
        name: a recipe or its name, or ``my_network.py:build``; None for ``quick``, or for
            ``dense`` layers where ``hidden``, ``activation``, ``dropout`` or ``batch_norm`` is
            among the changes.
        changes: fields of Recipe and Augmentation, arguments of the network, lists written
            as ``512,256``; the loss may be ``sparse`` or ``one-hot``.

    Raises:
        InputError: a value cannot be read, or there is no such recipe.

    Example:
        >>> customised(None, {"hidden": "512,256", "loss": "sparse"}).arguments
        {'hidden': [512, 256]}
    """
    parsed = {key: _parse(key, value) for key, value in changes.items()}
    layers = {"hidden", "activation", "dropout", "batch_norm"} & set(parsed)
    if isinstance(name, Recipe):
        base = name
    elif name is None:
        base = Recipe("dense", summary="dense layers") if layers else recipe("quick")
    else:
        base = _from_file(name) if ".py" in name else recipe(name)
    own = {f.name for f in fields(Recipe)}
    moves = {f.name for f in fields(Augmentation)}
    arguments = {k: v for k, v in parsed.items() if k not in own | moves}
    augmentation = replace(base.augmentation, **{k: v for k, v in parsed.items() if k in moves})
    return base.replace(
        arguments={**base.arguments, **arguments},
        augmentation=augmentation,
        **{k: v for k, v in parsed.items() if k in own},
    )


def _parse(name: str, value: Any) -> Any:
    if name == "loss":
        return _LOSSES.get(value, value)
    if name not in _LISTS or not isinstance(value, str):
        return value
    try:
        values = [_LISTS[name](part.strip()) for part in value.split(",") if part.strip()]
    except ValueError:
        kind = "whole numbers" if _LISTS[name] is int else "numbers"
        raise InputError(f"{name}: {value!r}; give {kind} with commas, such as 512,256") from None
    scalar = name in ("activation", "dropout") and len(values) == 1
    return values[0] if scalar else values


def _from_file(name: str) -> Recipe:
    """The recipe of a Python file: the model's own loss and optimizer, if it is compiled."""
    from tenfold import networks

    model = networks.build(name, {}, (0, 0), 0, seed=0)
    path, _, function = name.rpartition(":") if ":" in name else (name, "", "build")
    base = Recipe(Path(path).stem, f"{Path(path).resolve()}:{function}", summary=f"from {name}")
    if not model.compiled:
        return base
    return base.replace(
        optimizer=_serialised(name, "optimizer", model.optimizer),
        loss=_serialised(name, "loss", model.loss),
    )


_MUON = "tenfold>Muon"  # what Keras calls tenfold.training.Muon


def _serialised(name: str, what: str, value: Any) -> Any:
    """A loss or optimizer as Keras writes it, if Keras and tenfold can read it back."""
    from tenfold import networks
    from tenfold.core.backend import keras

    if isinstance(value, str):
        return value
    api = keras.losses if what == "loss" else keras.optimizers
    try:
        config = as_plain(what, api.serialize(value))
        own_function = isinstance(config, str) or config.get("class_name") == "function"
        ours = not own_function and config.get("registered_name") == _MUON
        if own_function or not networks.foreign_objects(config["config"] if ours else config):
            api.get(copy.deepcopy(config))  # which replaces what is nested in what it gets
            return config
    except Exception as error:  # whatever a custom object's own get_config raises
        reason = " ".join(str(error).split())[:200]
    else:
        reason = "it is not one of Keras's own"
    raise InputError(
        f"{name}: its {what} cannot be kept in a run ({reason}); compile with one of Keras's own, "
        "or train with tenfold.fit"
    )
