"""A run from a network that was trained elsewhere."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold import engine
from tenfold.core.errors import InputError
from tenfold.data import Splits, load, sources
from tenfold.data.arrays import is_pair
from tenfold.networks import python_file
from tenfold.networks.recipes import Recipe
from tenfold.networks.recipes.options import recipe_of_model
from tenfold.runs.run import Run
from tenfold.training.checkpoint import Checkpoint
from tenfold.training.finish import finish
from tenfold.training.given_model import copied
from tenfold.training.job import TrainingJob
from tenfold.training.prepare import build_program, prepare_new, start_job
from tenfold.training.run_folder import refuse_folder_in_use

if TYPE_CHECKING:
    import keras


def adopt(
    model: keras.Model,
    data: str | Splits | Sequence[Any],
    *,
    out: str | Path | None = None,
    history: Any = None,
    **changes: Any,
) -> Run:
    """Make a run of a network that is trained already; see ``Run.from_model``."""
    from tenfold.core.backend import keras

    if not isinstance(model, keras.Model) or not model.built:
        raise InputError(f"model: received {type(model).__name__}; give a trained keras.Model")
    if out is not None:
        refuse_folder_in_use(Path(out))
    splits = _splits(data)
    python_file.require_keras_layers(model, model.name)
    epochs = _epochs(history if history is not None else getattr(model, "history", None))
    recipe = recipe_of_model(model, model.name, python_file.IN_MEMORY)
    recipe = recipe.replace(epochs=max(1, len(epochs)), **changes)
    return _write(model, recipe, splits, epochs, out)


def _write(
    model: keras.Model,
    recipe: Recipe,
    splits: Splits,
    epochs: list[dict[str, float]],
    out: str | Path | None,
) -> Run:
    folder = None if out is None else Path(out)
    copy = copied(model, recipe.seed, with_weights=True)
    run = prepare_new(folder, recipe, splits, 1, build=lambda seed: copy)
    if run.pixels is not None:
        print(run.pixels.describe(), file=sys.stderr)  # noqa: T201
    program = build_program([run], splits)
    state = engine.initial_state(run.models)
    epochs = epochs or [_measured(program, state, splits)]
    rows = [{"epoch": i, "seed": recipe.seed, **row} for i, row in enumerate(epochs, 1)]
    with ExitStack() as resources:
        job = start_job(run, resources)
        job = TrainingJob(
            job.folder, job.record, run.models[0], Checkpoint(recipe.epochs, state, rows, 0.0)
        )
        finish(job, splits.validation)
    job.raise_if_diverged()
    return Run(job.folder, splits if run.record.data.origin is None else None)


def _splits(data: Any) -> Splits:
    """Splits of which train holds all that the network was trained on."""
    if isinstance(data, Splits):
        return data
    pairs = isinstance(data, (tuple, list)) and not is_pair(data)
    if not pairs and not (isinstance(data, str) and sources.find(data)):
        raise InputError(
            "data: which of its images were not trained on? Give tenfold.Splits, the name of a "
            "dataset, or ((x_train, y_train), (x_test, y_test))"
        )
    return load(data, validation=0)


def _epochs(history: Any) -> list[dict[str, float]]:
    """The metrics of each epoch, of a Keras ``History``, a mapping to lists, or None."""
    columns: Any = getattr(history, "history", history) or {}
    if not isinstance(columns, Mapping):
        raise InputError(f"history: received {type(history).__name__}; give a Keras History")
    rows = zip(*columns.values(), strict=False)
    return [dict(zip(columns, map(float, row), strict=True)) for row in rows]


def _measured(program: engine.Program, state: engine.State, splits: Splits) -> dict[str, float]:
    """Loss and metrics of a network whose training is not known."""
    row: dict[str, float] = {}
    for prefix, split in (("", splits.train), ("val_", splits.validation)):
        if split is not None:
            logs = program.evaluate(state, engine.DeviceData(split))
            row |= {f"{prefix}{name}": float(value) for name, value in logs.items()}
    return {name: value for name, value in row.items() if math.isfinite(value)}
