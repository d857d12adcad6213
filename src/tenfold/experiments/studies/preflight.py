"""Checks before a study: every setting can be built, and the number of networks is confirmed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from tenfold.core.errors import InputError
from tenfold.data import Splits
from tenfold.experiments.studies import grid
from tenfold.experiments.studies.grid import Axes, LogUniform
from tenfold.experiments.studies.plan import Setting
from tenfold.networks import recipes
from tenfold.networks.recipes import Recipe

MOST_NETWORKS = 100
"""A study of more networks needs confirmation."""

_PROBE_SECONDS = 6.0


def base_recipe(recipe: str | Recipe | None, axes: Axes, changes: Mapping[str, Any]) -> Recipe:
    """The recipe whose values are varied.

    Args:
        recipe: a recipe or its name; None for the one that suits the varied fields.
        axes: the varied values.
        changes: other values of the recipe.

    Raises:
        InputError: the recipe is unknown, or a field is both changed and varied.
    """
    if both := [name for name in changes if name in axes]:
        raise InputError(f"{both[0]}: given as an option and in --vary; leave out one")
    if recipe is not None and not isinstance(recipe, (str, Recipe)):
        raise InputError(f"recipe: got {type(recipe).__name__}; give a name or a tenfold.Recipe")
    if recipe is not None:
        return recipes.customize(recipe, changes)
    first = {n: axis.low if isinstance(axis, LogUniform) else axis[0] for n, axis in axes.items()}
    return recipes.customize(None, {**first, **changes})


def checked_settings(
    base: Recipe, axes: Axes, draws: int | None, splits: Splits
) -> Iterator[Setting]:
    """Yield the settings, each with its network built and compiled and its parameters counted.

    Raises:
        InputError: a setting cannot be trained on these images; the message names it.
    """
    for number, values in enumerate(grid.combinations(axes, draws, base.seed), 1):
        yield checked_setting(base, values, axes, splits, number)


def checked_setting(
    base: Recipe,
    values: Mapping[str, Any],
    axes: Axes,
    splits: Splits,
    number: int,
    *,
    numbered: bool = False,
) -> Setting:
    """One of the settings of `checked_settings`, with its number if values may come again."""
    from tenfold.training.prepare import count_parameters

    name = grid.name_of(values, axes)
    try:
        recipe = recipes.customize(base, values)
        parameters = count_parameters(recipe, splits)
    except InputError as error:
        raise InputError(f"setting {name}: {error}") from None
    folder = grid.folder_of(f"{number} {name}" if numbered else name, number)
    return Setting(name, folder, values, recipe, parameters)


def require_confirmation(
    base: Recipe, axes: Axes, draws: int | None, splits: Splits, seeds: int
) -> None:
    """Refuse to train many networks, and estimate how long they would take.

    Raises:
        InputError: there are more than ``MOST_NETWORKS``. The estimate is the time of a short probe
            of the first setting, multiplied by the number of settings.
    """
    number = grid.count(axes, draws)
    if number * seeds <= MOST_NETWORKS:
        return
    first = next(checked_settings(base, axes, draws, splits))
    start, epoch = _probe(first.recipe, splits, seeds)
    axis = axes.get("epochs")
    epochs = sum(axis) / len(axis) if isinstance(axis, list) else first.recipe.epochs
    seconds = number * (start + epochs * epoch)
    raise InputError(
        f"{number:,} settings x {seeds} seeds are {number * seeds:,} networks, about "
        f"{_duration(seconds)} if all take as long as {first.name}; give --yes (confirmed=True) "
        f"to train more than {MOST_NETWORKS}, or vary less, or give draws"
    )


def _probe(recipe: Recipe, splits: Splits, seeds: int) -> tuple[float, float]:
    """Seconds to start a program, and seconds of an epoch of all seeds; measured on a few steps."""
    from tenfold import engine
    from tenfold.training.failures import explain_out_of_memory

    shape, images = splits.image_shape, len(splits.train)
    classes, names = len(splits.class_names), list(range(seeds))
    began = time.perf_counter()
    with explain_out_of_memory():
        models = engine.build_networks(recipe, shape, classes, images, names)
        pixels = engine.resolve_pixels(recipe, models[0], splits.train).name
        recipe = recipe.replace(input_range=pixels)
        program = engine.Program.from_recipe(models, recipe, shape, classes)
        marks: list[tuple[float, int]] = []

        def on_steps(_: engine.State, seen: int, logs: dict[str, Any]) -> bool:
            marks.append((time.perf_counter() - began, seen))
            # Stop before the last, smaller batch: it would be compiled as another program.
            return marks[-1][0] > _PROBE_SECONDS or seen + recipe.batch_size > images

        weights = engine.recipe_weights(recipe, splits.train)
        state, data = engine.initial_state(models), engine.DeviceData(splits.train, weights)
        engine.run_epoch(program, state, data, 0, names, on_steps=on_steps)
    (start, before), (end, after) = marks[0], marks[-1]
    per_image = (end - start) / (after - before) if after > before else start / after
    return start, per_image * images


def _duration(seconds: float) -> str:
    """A duration in a suitable unit.

    Example:
        >>> _duration(50), _duration(300), _duration(20_000)
        ('50 seconds', '5 minutes', '5.6 hours')
    """
    if seconds < 100:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"
