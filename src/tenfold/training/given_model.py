"""What ``train`` is given: a recipe, or a network in memory that becomes one."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tenfold import engine, networks
from tenfold.core.errors import InputError, one_line
from tenfold.core.read_options import declared as declared_options
from tenfold.networks import python_file
from tenfold.networks.recipes import FIELDS, Recipe, customize
from tenfold.networks.recipes.options import recipe_of_model
from tenfold.training.finetune.preparation import finetuning_recipe
from tenfold.training.finetune.pretrained import find_pretrained

if TYPE_CHECKING:
    import keras

    Build = Callable[[int], keras.Model]


def resolve_recipe(
    given: Any, start: Any, seeds: int, changes: Mapping[str, Any]
) -> tuple[Recipe, Build | None]:
    """Return the recipe of whatever ``train`` was given, and how to build a network in memory.

    Args:
        given: a recipe or its name, ``my_network.py:build``, a ``keras.Model``, a function that
            returns one, or None for the default.
        start: pretrained networks, whose recipe is the default; or None.
        seeds: number of networks.
        changes: values of other fields of the recipe.

    Returns:
        The recipe; and of a network in memory the function that builds it from a seed.

    Raises:
        InputError: it is something else, or a value is out of range.
    """
    if given is None or isinstance(given, (str, Recipe)):
        if given is None and start is not None:
            given = finetuning_recipe(find_pretrained(start))
        return customize(given, changes), None
    if start is not None:
        raise InputError("start: it has its own networks; give a recipe, or none")
    build = _builder(given, seeds)
    model = build(0)
    name = model.name if "<" in getattr(given, "__name__", "<") else given.__name__
    python_file.require_keras_layers(model, name)
    recipe = customize(recipe_of_model(model, name, python_file.IN_MEMORY), changes)
    if recipe.arguments:
        raise InputError(
            f"{next(iter(recipe.arguments))}: {name} has its layers; change them there"
        )
    return recipe, build


def divide_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide keyword arguments into fields of the recipe and options for reading data.

    Raises:
        InputError: one is neither.

    Example:
        >>> divide_options({"epochs": 3, "resize": True})
        ({'epochs': 3}, {'resize': True})
    """
    reading = {option.name for option in declared_options()}
    for name in options:
        if name not in reading and name not in FIELDS:
            usual = {"lr": "learning_rate", "batch": "batch_size"}
            near = difflib.get_close_matches(name, [*FIELDS, *reading], n=1)
            near = [usual[name]] if name in usual else near
            hint = f"did you mean {near[0]}?" if near else "see docs/reference/recipes.md"
            if name in inspect.signature(engine.fit).parameters:
                hint = f"train the model with tenfold.fit(model, data.train, {name}=...) instead"
            raise InputError(f"{name}: no such option of train; {hint}")
    changes = {name: value for name, value in options.items() if name in FIELDS}
    return changes, {name: value for name, value in options.items() if name not in FIELDS}


def _builder(given: Any, seeds: int) -> Build:
    from tenfold.core.backend import keras

    if isinstance(given, keras.Model):
        return lambda seed: copied(given, seed, with_weights=seeds == 1)
    if not callable(given):
        raise InputError(
            f"recipe: received {type(given).__name__}; give the name of a recipe, a "
            "tenfold.Recipe, my_network.py:build, a keras.Model or a function that returns one"
        )

    def build(seed: int) -> keras.Model:
        name = getattr(given, "__name__", "the function")
        with networks.seeded(seed):
            try:
                model = given()
            except Exception as error:  # whatever a user's function raises
                raise InputError(f"{name} failed: {one_line(error)}") from error
        if not isinstance(model, keras.Model):
            raise InputError(f"{name} returned {type(model).__name__}, not a keras.Model")
        return model

    return build


def copied(model: keras.Model, seed: int, *, with_weights: bool) -> keras.Model:
    """Return a model of the same layers, compiled alike, with the same or with new weights.

    Args:
        model: a network of Keras's own layers.
        seed: of the new weights, and of random layers such as dropout.
        with_weights: copy the weights.
    """
    from tenfold.core.backend import keras

    with networks.seeded(seed):
        copy = keras.models.clone_model(model)
    if with_weights and model.built:
        copy.set_weights(model.get_weights())
    if model.compiled:
        copy.compile_from_config(model.get_compile_config())
    return copy
