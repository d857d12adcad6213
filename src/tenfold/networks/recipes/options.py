"""The fields of a recipe by name, recipes changed by options, and the options of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenfold.core.errors import InputError
from tenfold.networks.fields import Field, declared, to_text
from tenfold.networks.python_file import IN_MEMORY, ONNX, is_python_file, split
from tenfold.networks.recipes.augmentation import Augmentation
from tenfold.networks.recipes.recipe import Recipe
from tenfold.networks.recipes.table import RECIPES, recipe
from tenfold.networks.registry import NETWORKS, argument_fields, build

ARGUMENTS = argument_fields()
TRAINING = declared(Recipe)
AUGMENTATION = declared(Augmentation)
FIELDS: Mapping[str, Field] = {**ARGUMENTS, **TRAINING, **AUGMENTATION}
"""The fields of the network, of its training and of the augmentation."""

_SYNONYMS = {other: name for name, field in FIELDS.items() for other in field.synonyms}


def customize(base: str | Recipe | None, changes: Mapping[str, Any]) -> Recipe:
    """A recipe with other values for some of its fields.

    Args:
        base: a recipe or its name, or ``my_network.py:build``; None for ``quick``, or for
            ``dense`` layers if an argument of dense networks is among the changes.
        changes: values by the names in ``FIELDS``; text is parsed, with the layers of a value
            joined by ``+`` or ``,``.

    Raises:
        InputError: a value cannot be read or is out of range, or the recipe is unknown.

    Example:
        >>> customize(None, {"hidden": "512+256", "loss": "sparse"}).arguments
        {'hidden': [512, 256]}
    """
    named = {_SYNONYMS.get(name, name): value for name, value in changes.items()}
    values = {name: _value(name, value) for name, value in named.items()}
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
    made = recipe_of_model(model, path.stem, f"{path.resolve()}:{function}")
    return made.replace(summary=f"from {name}")


def recipe_of_model(model: Any, name: str, network: str) -> Recipe:
    """The recipe of a Keras model, with the loss and optimizer it is compiled with.

    Args:
        model: compiled or not.
        name: of the recipe.
        network: the value of the field ``network``.

    Raises:
        InputError: the loss or optimizer cannot be stored.
    """
    made = Recipe(name, network)
    if not model.compiled:
        return made
    from tenfold.networks.serialization import loss_of, serialize_compiled

    return made.replace(
        optimizer=serialize_compiled("optimizer", model.optimizer, name),
        loss=serialize_compiled("loss", loss_of(model), name),
    )


def to_options(recipe: Recipe) -> list[str] | None:
    """Arguments of ``tenfold train`` that give exactly this recipe, or None if there are none.

    Example:
        >>> to_options(RECIPES["quick"].replace(epochs=3, augmentation=Augmentation(shift=2)))
        ['quick', '--epochs', '3', '--shift', '2']
    """
    name = recipe.name if recipe.name in RECIPES else None
    old, new = _values(RECIPES[name] if name else Recipe(recipe.name)), _values(recipe)
    changes = {key: value for key, value in new.items() if value != old.get(key)}
    if recipe.network in (IN_MEMORY, ONNX):
        return None
    try:
        made = customize(name, {key: to_text(value) for key, value in changes.items()})
    except InputError:
        return None
    same = made.replace(summary=recipe.summary, published=recipe.published) == recipe
    has_options = all(
        key in FIELDS and not (FIELDS[key].kind is bool and isinstance(value, list))
        for key, value in changes.items()
    )
    if not same or not has_options:
        return None
    options = [FIELDS[key].to_option(value) for key, value in changes.items()]
    return [*filter(None, [name]), *(part for option in options for part in option)]


def _values(recipe: Recipe) -> dict[str, Any]:
    """The values of all fields by name; of the network's arguments those that the recipe sets."""
    training = {name: getattr(recipe, name) for name in TRAINING}
    augmentation = {name: getattr(recipe.augmentation, name) for name in AUGMENTATION}
    return {**recipe.arguments, **training, **augmentation}
