"""The end of a training: networks, predictions, calibration, scores and learning curves."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tenfold import engine, figures
from tenfold.core.backend import keras
from tenfold.data import Dataset
from tenfold.evaluation import Evaluation, PredictFunction
from tenfold.evaluation.calibration import Calibration
from tenfold.metrics import table_metrics
from tenfold.runs import live, onnx_networks, predictions
from tenfold.runs.layout import LEARNING_CURVES
from tenfold.runs.record import Record
from tenfold.runs.weights import save_model
from tenfold.training import checkpoint, refit, teacher
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


def finish(
    job: TrainingJob,
    validation: Dataset | None,
    train: Dataset | None = None,
    targets: teacher.Targets | None = None,
    announce: Callable[[str], None] = lambda headline: None,
) -> None:
    """Write all files of a finished run, ``run.json`` last; a diverged run stays as it is.

    Args:
        job: a run with all its epochs.
        validation: validation images, or None.
        train: training images, if the networks were trained by the job.
        targets: their labels with the soft targets of a teacher.
        announce: called with the result as soon as it is known, before pictures are drawn.
    """
    if job.diverged:
        return
    folder, done = job.folder, job.checkpoint
    record = _evaluate(job, _trained_networks(job, train), validation, train, targets, announce)
    with explain_write_error(folder):
        write_history(folder, done.history)
        with figures.warn_if_not_drawn(LEARNING_CURVES):
            curves = figures.learning_curves(columns(done.history), title=record.title)
            figures.save(curves, folder / LEARNING_CURVES)
        record.replace(status="finished", seconds=done.seconds).save(folder)
    for name in (checkpoint.NAME, live.NAME, live.MODEL, teacher.NAME):
        (folder / name).unlink(missing_ok=True)


def _trained_networks(job: TrainingJob, train: Dataset | None) -> Iterator[keras.Model]:
    """The model with the weights of each seed, one after the other, once they are saved."""
    recipe = job.record.recipe
    for i, seed in enumerate(job.record.seeds):
        model = job.write_network(i)
        model.optimizer.finalize_variable_values(model.trainable_variables)
        if train is not None and (recipe.ema or recipe.swa):
            engine.recompute_statistics(model, recipe, train)
        with explain_write_error(job.folder):
            save_model(job.folder, seed, model)
        yield model


def _evaluate(
    job: TrainingJob,
    networks: Iterator[keras.Model],
    validation: Dataset | None,
    train: Dataset | None,
    targets: teacher.Targets | None,
    announce: Callable[[str], None],
) -> Record:
    """Evaluate the networks on the validation images; return the record with the scores."""
    folder, record = job.folder, job.record
    images = validation or train
    copies = networks if images is None else _copies(job, networks, images)
    if validation is None:
        for _ in copies:
            pass
        is_open = record.protocol == "refit" and not record.calibrations
        is_open &= not record.data.multi_label
        return refit.cross_calibrated(record, train, targets) if is_open and train else record
    record, result = evaluate_networks(folder, record, copies, validation, announce)
    if result.multi_label:
        return record
    drawing = figures.warn_if_not_drawn("the confusion matrix for TensorBoard")
    with explain_write_error(folder), drawing:
        job.events.add_confusion_matrix(record.recipe.epochs, result)
    return _with_gains(job, record, result) if record.continued else record


def evaluate_networks(
    folder: Path,
    record: Record,
    networks: Iterable[PredictFunction],
    validation: Dataset,
    announce: Callable[[str], None] = lambda headline: None,
) -> tuple[Record, Evaluation]:
    """Evaluate and calibrate networks on the validation images, and store their predictions.

    Args:
        folder: of the run.
        record: of the run.
        networks: functions from images to probabilities.
        validation: the images.
        announce: called with the result as soon as it is known.

    Returns:
        The record with scores and calibrations, and the evaluation.
    """
    evaluations: list[Evaluation] = []
    first = None
    for network in networks:
        evaluation = predictions.evaluate_dataset([network], validation, "validation")
        if record.protocol == "held-out" and not evaluation.multi_label:
            fitted = Calibration.fit(evaluation.outputs[0], evaluation.labels)
            evaluation = replace(evaluation, calibrations=(fitted,))
        first = first or network
        evaluations.append(evaluation)
    result = replace(
        evaluations[0],
        outputs=np.concatenate([one.outputs for one in evaluations]),
        calibrations=tuple(fitted for one in evaluations for fitted in one.calibrations),
    )
    announce(result.headline())
    if first is not None:
        examples = predictions.choose_examples(first, validation, evaluations[0])
        with explain_write_error(folder):
            predictions.save(folder, result, examples)
    scored = record.replace(scores=_scores(result), calibrations=list(result.calibrations))
    return scored, result


def _copies(
    job: TrainingJob, networks: Iterator[keras.Model], dataset: Dataset
) -> Iterator[PredictFunction]:
    """The functions that predict with each network, of its ONNX copy if there can be one."""
    recipe, predict = job.record.recipe, None
    for seed, model in zip(job.record.seeds, networks, strict=True):
        predict = predict or engine.Probabilities(
            model, dataset.image_shape, recipe.input_range, recipe.tta
        )
        exact = partial(predict, model)
        with explain_write_error(job.folder):
            yield onnx_networks.save(
                job.folder, seed, model, exact, dataset.images, recipe.input_range, recipe.tta
            )


def _with_gains(job: TrainingJob, record: Record, result: Evaluation) -> Record:
    """The record of a fine-tuned run with its gains on each part of the validation split."""
    after = np.mean(result.probabilities, axis=0)
    gains = measure_gains(job.folder, record.continued["parts"], result.labels, after)
    return record.replace(continued={**record.continued, "gains": gains})


def _scores(result: Evaluation) -> dict[str, Any]:
    names = ["accuracy", "log_loss"]
    if result.multi_label:
        names = [metric.name for metric in table_metrics(result.metrics)]
    return {
        "headline": result.headline(),
        "n": len(result.labels),
        names[0]: [score.as_json() for score in getattr(result, names[0])],
        "over_seeds": {name: score.as_json() for name, score in result.over_seeds(names).items()},
    }
