"""The end of a training: networks, answers on validation, calibration, scores and picture."""

from __future__ import annotations

import csv
import importlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tenfold import engine, figures
from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data import Dataset
from tenfold.engine.inference import Probabilities
from tenfold.evaluation import Evaluation
from tenfold.evaluation.calibration import Calibration
from tenfold.runs import live, onnx_networks, predictions
from tenfold.runs.record import Record
from tenfold.runs.run import HISTORY, resume_command
from tenfold.runs.weights import save_model
from tenfold.training import checkpoint
from tenfold.training.checkpoint import Checkpoint
from tenfold.training.finetune.gains import measure_gains
from tenfold.training.tensorboard import Events

_USED = (
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "onnx",
    "onnxruntime",
    "scipy.special",
)


def import_ahead() -> None:
    """Import what ``finish`` uses, while a network is still in training."""
    for name in _USED:
        importlib.import_module(name)


def finish(
    folder: Path,
    record: Record,
    validation: Dataset | None,
    model: keras.Model,
    done: Checkpoint,
    events: Events,
) -> None:
    """Write all that a finished run holds; ``run.json`` says last that all is there."""
    networks = _networks(folder, record, model, done)
    if validation is None:
        for _ in networks:
            pass
        judged = record
    else:
        judged = _judge(folder, record, validation, networks, events)
    with writing(folder):
        write_history(folder, done.history)
        picture = figures.learning_curves(_columns(done.history), title=record.title)
        figures.save(picture, folder / "learning-curves.png")
        judged.replace(status="finished", seconds=done.seconds).save(folder)
    for name in (checkpoint.NAME, live.NAME):
        (folder / name).unlink(missing_ok=True)


def _networks(
    folder: Path, record: Record, model: keras.Model, done: Checkpoint
) -> Iterator[keras.Model]:
    """The model with each seed's weights in turn, once it is saved."""
    for i, seed in enumerate(record.seeds):
        several = len(record.seeds) > 1
        state = engine.unstack_state(done.state, i) if several else done.state
        engine.write_state(model, state)
        model.optimizer.finalize_variable_values(model.trainable_variables)
        with writing(folder):
            save_model(folder, seed, model)
        yield model


def _judge(
    folder: Path,
    record: Record,
    validation: Dataset,
    networks: Iterator[keras.Model],
    events: Events,
) -> Record:
    """Keep what the networks answer on validation images, and what follows from it."""
    found: list[Evaluation] = []
    answers = examples = None
    for seed, model in zip(record.seeds, networks, strict=True):
        answers = answers or Probabilities(model, validation.shape[1:])
        with writing(folder):
            network = onnx_networks.save(
                folder, seed, model, partial(answers, model), validation.images
            )
        one = predictions.ask([network], validation, "validation")
        if record.protocol == "held-out":
            one = replace(one, calibrations=(Calibration.fit(one.outputs[0], one.labels),))
        if examples is None:
            examples = predictions.illustrate(network, validation, one)
        found.append(one)
    result = replace(
        found[0],
        outputs=np.concatenate([one.outputs for one in found]),
        calibrations=tuple(fitted for one in found for fitted in one.calibrations),
    )
    if examples is not None:
        with writing(folder):
            predictions.save(folder, result, examples)
            events.add_confusion(record.recipe.epochs, result)
    judged = record.replace(scores=_scores(result), calibrations=list(result.calibrations))
    return _with_gains(folder, judged, result) if record.continued else judged


def _with_gains(folder: Path, record: Record, result: Evaluation) -> Record:
    """The record of a continued run, with what it gained on each part of validation."""
    after = np.mean(result.probabilities, axis=0)
    found = measure_gains(folder, record.continued["parts"], result.labels, after)
    return record.replace(continued={**record.continued, "gains": found})


def _scores(result: Evaluation) -> dict[str, Any]:
    over_seeds = {name: score.as_json() for name, score in result.over_seeds().items()}
    return {
        "headline": result.headline(),
        "n": len(result.labels),
        "accuracy": [score.as_json() for score in result.accuracy],
        "over_seeds": over_seeds,
    }


def write_history(folder: Path, history: list[dict[str, Any]]) -> None:
    """Write the history so far over the last one."""
    with atomic_write(folder / HISTORY, "w") as file:
        writer = csv.DictWriter(file, list(_columns(history)), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in history)


def _columns(history: list[dict[str, Any]]) -> dict[str, list[float]]:
    names = dict.fromkeys(name for row in history for name in row)
    return {name: [row.get(name, math.nan) for row in history] for name in names}


def _cell(value: float) -> float | str:
    """As pandas writes it, which would take as long to import as an epoch takes to train."""
    return "" if math.isnan(value) else value


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell a failure to write with the command that goes on once it can be written."""
    try:
        yield
    except OSError as error:
        reason = f"{error.filename or folder}: {error.strerror or error}"
        raise InputError(f"cannot write {reason}; {_afterwards(folder)}") from error
    except InputError as error:
        raise InputError(f"{error}; {_afterwards(folder)}") from error


def _afterwards(folder: Path) -> str:
    return f"then go on with {resume_command(folder)}"
