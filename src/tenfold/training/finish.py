"""The end of a training: networks, predictions, calibration, scores and learning curves."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tenfold import engine, figures
from tenfold.core.backend import keras
from tenfold.data import Dataset
from tenfold.evaluation import Evaluation
from tenfold.evaluation.calibration import Calibration
from tenfold.runs import live, onnx_networks, predictions
from tenfold.runs.layout import LEARNING_CURVES
from tenfold.runs.record import Record
from tenfold.runs.weights import save_model
from tenfold.training import checkpoint
from tenfold.training.failures import explain_write_error
from tenfold.training.finetune.gains import measure_gains
from tenfold.training.history import columns, write_history
from tenfold.training.job import TrainingJob

_IMPORTS = (
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "onnx",
    "onnxruntime",
    "scipy.special",
)


def import_ahead() -> None:
    """Import what ``finish`` uses, while the network is trained."""
    for name in _IMPORTS:
        with suppress(Exception):  # reported where the module is used
            importlib.import_module(name)


def finish(job: TrainingJob, validation: Dataset | None) -> None:
    """Write all files of a finished run, ``run.json`` last; a diverged run stays as it is.

    Args:
        job: a run with all its epochs.
        validation: validation images, or None.
    """
    if job.diverged:
        return
    folder, done = job.folder, job.checkpoint
    record = _evaluate(job, _trained_networks(job), validation)
    with explain_write_error(folder):
        write_history(folder, done.history)
        with figures.warn_if_not_drawn(LEARNING_CURVES):
            curves = figures.learning_curves(columns(done.history), title=record.title)
            figures.save(curves, folder / LEARNING_CURVES)
        record.replace(status="finished", seconds=done.seconds).save(folder)
    for name in (checkpoint.NAME, live.NAME):
        (folder / name).unlink(missing_ok=True)


def _trained_networks(job: TrainingJob) -> Iterator[keras.Model]:
    """The model with the weights of each seed, one after the other, once they are saved."""
    for i, seed in enumerate(job.record.seeds):
        model = job.write_network(i)
        model.optimizer.finalize_variable_values(model.trainable_variables)
        with explain_write_error(job.folder):
            save_model(job.folder, seed, model)
        yield model


def _evaluate(
    job: TrainingJob, networks: Iterator[keras.Model], validation: Dataset | None
) -> Record:
    """Evaluate the networks on the validation images; return the record with the scores."""
    if validation is None:
        for _ in networks:
            pass
        return job.record
    folder, record = job.folder, job.record
    evaluations: list[Evaluation] = []
    predict = examples = None
    for seed, model in zip(record.seeds, networks, strict=True):
        predict = predict or engine.Probabilities(
            model, validation.image_shape, record.recipe.input_range
        )
        with explain_write_error(folder):
            network = onnx_networks.save(
                folder,
                seed,
                model,
                partial(predict, model),
                validation.images,
                record.recipe.input_range,
            )
        evaluation = predictions.evaluate_dataset([network], validation, "validation")
        if record.protocol == "held-out":
            fitted = Calibration.fit(evaluation.outputs[0], evaluation.labels)
            evaluation = replace(evaluation, calibrations=(fitted,))
        if examples is None:
            examples = predictions.choose_examples(network, validation, evaluation)
        evaluations.append(evaluation)
    result = replace(
        evaluations[0],
        outputs=np.concatenate([one.outputs for one in evaluations]),
        calibrations=tuple(fitted for one in evaluations for fitted in one.calibrations),
    )
    if examples is not None:
        with explain_write_error(folder):
            predictions.save(folder, result, examples)
            with figures.warn_if_not_drawn("the confusion matrix for TensorBoard"):
                job.events.add_confusion_matrix(record.recipe.epochs, result)
    scored = record.replace(scores=_scores(result), calibrations=list(result.calibrations))
    return _with_gains(job, scored, result) if record.continued else scored


def _with_gains(job: TrainingJob, record: Record, result: Evaluation) -> Record:
    """The record of a fine-tuned run with its gains on each part of the validation split."""
    after = np.mean(result.probabilities, axis=0)
    gains = measure_gains(job.folder, record.continued["parts"], result.labels, after)
    return record.replace(continued={**record.continued, "gains": gains})


def _scores(result: Evaluation) -> dict[str, Any]:
    return {
        "headline": result.headline(),
        "n": len(result.labels),
        "accuracy": [score.as_json() for score in result.accuracy],
        "over_seeds": {name: score.as_json() for name, score in result.over_seeds().items()},
    }
