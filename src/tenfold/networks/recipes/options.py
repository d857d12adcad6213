"""All settings of a recipe by name, and recipes changed by options or made from a Python file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenfold.networks.fields import Field, declared
from tenfold.networks.python_file import is_python_file, split
from tenfold.networks.recipes.augmentation import Augmentation
from tenfold.networks.recipes.recipe import Recipe
from tenfold.networks.recipes.table import recipe
from tenfold.networks.registry import NETWORKS, argument_fields, build

ARGUMENTS = argument_fields()
TRAINING = declared(Recipe)
AUGMENTATION = declared(Augmentation)
FIELDS: Mapping[str, Field] = {**ARGUMENTS, **TRAINING, **AUGMENTATION}
"""Settings of the network, of its training and of the augmentation."""


def customised(base: str | Recipe | None, changes: Mapping[str, Any]) -> Recipe:
    """A recipe with other values for some of its settings.

    Args:
        base: a recipe or its name, or ``my_network.py:build``; None for ``quick``, or for
            ``dense`` layers if an argument of dense networks is among the changes.
        changes: values by the names in ``FIELDS``; text is parsed, with the layers of a value
            joined by ``+`` or ``,``.

    Raises:
        InputError: a value cannot be read or is out of range, or the recipe is unknown.

    Example:
        >>> customised(None, {"hidden": "512+256", "loss": "sparse"}).arguments
        {'hidden': [512, 256]}
    """
    values = {name: _value(name, value) for name, value in changes.items()}
    chosen = _base(base, values)
    return chosen.replace(
        arguments={
            **chosen.arguments,
            **{k: v for k, v in values.items() if k not in TRAINING and k not in AUGMENTATION},
        },
        augmentation=replace(
            chosen.augmentation, **{k: v for k, v in values.items() if k in AUGMENTATION}
        ),
        **{k: v for k, v in values.items() if k in TRAINING},
    )


def _value(name: str, value: Any) -> Any:
    if name not in FIELDS or not isinstance(value, str):
        return value
    return FIELDS[name].parse(FIELDS[name].aliases.get(value, value))


def _base(base: str | Recipe | None, changes: Mapping[str, Any]) -> Recipe:
    if isinstance(base, Recipe):
        return base
    if base is not None:
        return _of_python_file(base) if is_python_file(base) else recipe(base)
    if set(declared(NETWORKS["dense"])) & set(changes):
        return Recipe("dense", summary="dense layers")
    return recipe("quick")


def _of_python_file(name: str) -> Recipe:
    """The recipe of a network in a Python file, with the loss and optimizer it is compiled with."""
    model = build(name, {}, (0, 0), 0, seed=0)
    path, function = split(name)
    made = Recipe(path.stem, f"{path.resolve()}:{function}", summary=f"from {name}")
    if not model.compiled:
        return made
    from tenfold.networks.serialization import serialize_compiled

    return made.replace(
        optimizer=serialize_compiled("optimizer", model.optimizer, name),
        loss=serialize_compiled("loss", model.loss, name),
    )
