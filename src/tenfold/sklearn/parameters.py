"""Parameters of ``NetworkClassifier``: fields of a recipe, from their declarations."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.networks.recipes import FIELDS, Recipe
from tenfold.training.given_model import resolve_recipe

FEATURES = Recipe(
    "features",
    arguments={"hidden": [128]},
    batch_size=32,
    epochs=40,
    summary="one dense layer of 128 units, for features of any kind",
)
"""The recipe of ``NetworkClassifier`` by default."""

_OTHERS = ("network", "seed", "class_weight", "teacher", "teacher_weight", "teacher_temperature")

OVERRIDES = tuple(name for name in FIELDS if name not in _OTHERS)
"""Fields of a recipe that are parameters of ``NetworkClassifier``."""


def with_fields(init: Callable[..., None]) -> Callable[..., None]:
    """Declare a keyword argument for each override, which scikit-learn reads from the signature."""
    signature = inspect.signature(init)
    named = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    fields = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None) for n in OVERRIDES]
    declaring: Any = init
    declaring.__signature__ = signature.replace(parameters=[*named, *fields])
    return init


def resolve(classifier: Any) -> tuple[Recipe, Callable[[int], keras.Model] | None]:
    """Return the recipe of a classifier, with all values, and what builds a network of a function.

    Raises:
        InputError: the recipe is unknown, or a value is out of range.
    """
    given = FEATURES if classifier.recipe is None else classifier.recipe
    if isinstance(given, keras.Model):
        raise InputError(
            "recipe: received a keras.Model, and fits begin with new weights; give a function "
            "that returns it, or train it with tenfold.fit"
        )
    values = {name: getattr(classifier, name) for name in OVERRIDES}
    changes = {
        name: value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value
        for name, value in values.items()
        if value is not None
    }
    recipe, build = resolve_recipe(given, None, 2, changes)
    if recipe.teacher is not None:
        raise InputError(f"recipe {recipe.name} has a teacher; train it with tenfold.train")
    if recipe.class_weight != "none":
        raise InputError(f"recipe {recipe.name}: give class_weight to the classifier instead")
    return recipe, build
