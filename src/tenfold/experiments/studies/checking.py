"""Before a study: every setting is built, and too many networks are told what they would cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tenfold.core.errors import InputError
from tenfold.data import Splits
from tenfold.experiments.studies import settings
from tenfold.experiments.studies.plan import Setting
from tenfold.experiments.studies.settings import Axes, Range
from tenfold.networks import recipes
from tenfold.networks.recipes import Recipe

MOST_NETWORKS = 100
"""That are trained without being confirmed."""

_PROBE_SECONDS = 6.0


def base_recipe(recipe: str | Recipe | None, axes: Axes) -> Recipe:
    """The recipe whose values are varied; its own where none is given.

    Raises:
        InputError: there is none of that name.
    """
    if recipe is not None and not isinstance(recipe, (str, Recipe)):
        raise InputError(f"recipe: got {type(recipe).__name__}; give a name or a tenfold.Recipe")
    if recipe is not None:
        return recipes.customised(recipe, {})
    first = {n: axis.low if isinstance(axis, Range) else axis[0] for n, axis in axes.items()}
    return recipes.customised(None, first)


def checked_settings(
    base: Recipe, axes: Axes, draws: int | None, splits: Splits
) -> Iterator[Setting]:
    """The settings one by one, each with its network built, compiled and measured.

    Raises:
        InputError: a setting cannot be trained on these images; it is named.
    """
    from tenfold.training.prepare import count_parameters

    for number, values in enumerate(settings.combinations(axes, draws, base.seed), 1):
        name = settings.name_of(values, axes)
        try:
            recipe = recipes.customised(base, values)
            parameters = count_parameters(recipe, splits)
        except InputError as error:
            raise InputError(f"setting {name}: {error}") from None
        yield Setting(name, settings.folder_of(name, number), values, recipe, parameters)


def refuse_explosion(
    base: Recipe, axes: Axes, draws: int | None, splits: Splits, seeds: int
) -> None:
    """Refuse more networks than anyone trains without meaning to.

    Raises:
        InputError: there are more than 100; the time they would take is that of a short probe
            of the first setting, times their number.
    """
    number = settings.count(axes, draws)
    if number * seeds <= MOST_NETWORKS:
        return
    first = next(checked_settings(base, axes, draws, splits))
    starting, epoch = _probe(first.recipe, splits, seeds)
    axis = axes.get("epochs")
    epochs = sum(axis) / len(axis) if isinstance(axis, list) else first.recipe.epochs
    seconds = number * (starting + epochs * epoch)
    raise InputError(
        f"{number:,} settings x {seeds} seeds are {number * seeds:,} networks, about "
        f"{_duration(seconds)} if all take as long as {first.name}; say --yes (confirmed=True) "
        f"to train more than {MOST_NETWORKS}, or vary less, or give draws"
    )


def _probe(recipe: Recipe, splits: Splits, seeds: int) -> tuple[float, float]:
    """Seconds that a program takes to start, and that an epoch of so many networks takes."""
    from tenfold import engine
    from tenfold.training.failures import explain_out_of_memory

    (height, width), images = splits.train.shape[1:], len(splits.train)
    classes, names = len(splits.class_names), list(range(seeds))
    began = time.perf_counter()
    with explain_out_of_memory():
        models = engine.build_networks(recipe, (height, width), classes, images, names)
        program = engine.Program.from_recipe(models, recipe, (height, width), classes)
        marks: list[tuple[float, int]] = []

        def on_steps(_: engine.State, seen: int, logs: dict[str, Any]) -> bool:
            marks.append((time.perf_counter() - began, seen))
            # The last, smaller batch is a program of its own, and would be compiled here.
            return marks[-1][0] > _PROBE_SECONDS or seen + recipe.batch_size > images

        state, data = engine.initial_state(models), engine.DeviceData(splits.train)
        engine.run_epoch(program, state, data, 0, names, on_steps=on_steps)
    (start, before), (end, after) = marks[0], marks[-1]
    an_image = (end - start) / (after - before) if after > before else start / after
    return start, an_image * images


def _duration(seconds: float) -> str:
    """A length of time in the unit that suits it.

    Example:
        >>> _duration(50), _duration(300), _duration(20_000)
        ('50 seconds', '5 minutes', '5.6 hours')
    """
    if seconds < 100:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"
