"""What the process of a retraining does: train, export, compare, say how it went."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.export.predictor import Predictor
from tenfold.training.retraining.job import Job

if TYPE_CHECKING:
    from tenfold.data import Dataset
    from tenfold.runs import Run

NICE = 10
"""Whoever asks for answers in the meantime goes first."""

Answers = npt.NDArray[np.bool_]


def work(folder: Path) -> None:
    """Do what the job in a folder asks, and write down how it went.

    Args:
        folder: of the job.
    """
    job, began = Job(folder), time.time()
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    try:
        made = _retrain(job, job.asked())
    except InputError as error:
        job.fail(" ".join(str(error).split()), time.time() - began)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        job.fail(f"{type(error).__name__}: {reason}", time.time() - began)
        raise
    else:
        job.end("finished", **made, seconds=round(time.time() - began, 1))


def _retrain(job: Job, asked: dict[str, Any]) -> dict[str, Any]:
    from tenfold.runs.export import export
    from tenfold.runs.finetune_data.user_data import load_user_data
    from tenfold.training import train
    from tenfold.training.finetune.preparation import finetuning_recipe
    from tenfold.training.finetune.pretrained import find_pretrained

    recipe = finetuning_recipe(find_pretrained(asked["origin"]))
    if asked["epochs"] is not None:
        recipe = recipe.replace(epochs=asked["epochs"])
    run = train(recipe, job.samples, start=asked["origin"], out=job.run)
    made = export(run, job.version / "model.onnx")
    before, after = Predictor(asked["current"]), Predictor(made.path)
    own = load_user_data(job.samples, run.class_names)
    held = 0 if own.held_out is None else len(own.held_out)
    comparison = {
        "held_out": _known(run, before, after),
        "samples": _samples(before, after, own.train, own.held_out),
    }
    return {
        "made": run.record.started,
        "samples": len(own.train) + held,
        "comparison": comparison,
    }


def _known(run: Run, before: Predictor, after: Predictor) -> dict[str, Any] | None:
    """What was gained or lost on images that the model knew of before, and was not trained on."""
    from tenfold.training.finetune.gains import part_slices

    validation = run.data().validation
    for part, indices in part_slices(run.record.continued["parts"]):
        if part["kind"] == "known" and validation is not None:
            name = f"{part['name']}, validation"
            return {"name": name, "n": part["n"], **_compared(before, after, [validation[indices]])}
    return None


def _samples(
    before: Predictor, after: Predictor, train: Dataset, held: Dataset | None
) -> dict[str, Any]:
    """What was gained on the samples: on all of them, and on those that were not trained on."""
    sets = [train] if held is None else [train, held]
    alone = None
    note = "all samples were trained on: they are too few to hold any out"
    if held is not None:
        note = "most of the samples were trained on; those held out were not"
        alone = {"n": len(held), **_compared(before, after, [held])}
    n = sum(map(len, sets))
    return {"n": n, **_compared(before, after, sets), "held_out": alone, "note": note}


def _compared(before: Predictor, after: Predictor, sets: list[Dataset]) -> dict[str, Any]:
    from tenfold.training.finetune.gains import compare_accuracies

    return compare_accuracies(_right(before, sets), _right(after, sets))


def _right(model: Predictor, sets: list[Dataset]) -> Answers:
    """Whether the model has each image right."""
    return np.concatenate([model(part.images).argmax(axis=-1) == part.labels for part in sets])
