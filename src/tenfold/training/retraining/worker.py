"""The worker of a retraining: fine-tune, export, compare with the current model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.export.predictor import Predictor
from tenfold.training.retraining.job import Job

if TYPE_CHECKING:
    from tenfold.data import Dataset
    from tenfold.runs import Run
    from tenfold.runs.finetune_data.user_data import UserData


def work(folder: Path) -> None:
    """Do a job and write its result.

    Args:
        folder: of the job.
    """
    job = Job(folder)
    job.perform(lambda: _retrain(job, job.request()))


def _retrain(job: Job, request: dict[str, Any]) -> dict[str, Any]:
    from tenfold.runs.export import export
    from tenfold.runs.finetune_data.user_data import load_user_data
    from tenfold.training import train
    from tenfold.training.finetune.preparation import finetuning_recipe
    from tenfold.training.finetune.pretrained import find_pretrained

    recipe = finetuning_recipe(find_pretrained(request["origin"]))
    if request["epochs"] is not None:
        recipe = recipe.replace(epochs=request["epochs"])
    run = train(recipe, job.samples, start=request["origin"], out=job.run)
    exported = export(run, job.version / "model.onnx")
    before, after = Predictor(request["current"]), Predictor(exported.path)
    samples = load_user_data(job.samples, run.class_names)
    on_samples = _compare_on_samples(before, after, samples)
    return {
        "made": run.record.started,
        "samples": on_samples["n"],
        "comparison": {
            "held_out": _compare_on_rehearsal(run, before, after),
            "samples": on_samples,
        },
    }


def _compare_on_rehearsal(run: Run, before: Predictor, after: Predictor) -> dict[str, Any] | None:
    """Accuracies on validation images of the data that the pretrained networks learned."""
    from tenfold.runs.finetune_data.mixture import REHEARSAL_KIND
    from tenfold.training.finetune.gains import part_slices

    validation = run.data().validation
    for part, indices in part_slices(run.record.continued["parts"]):
        if part["kind"] == REHEARSAL_KIND and validation is not None:
            scores = _compare(before, after, [validation[indices]])
            return {"name": f"{part['name']}, validation", "n": part["n"], **scores}
    return None


def _compare_on_samples(before: Predictor, after: Predictor, samples: UserData) -> dict[str, Any]:
    """Accuracies on all samples, and on those held out of training."""
    sets, held_out = [samples.train], None
    note = "all samples were trained on: they are too few to hold any out"
    if samples.held_out is not None:
        sets.append(samples.held_out)
        note = "most of the samples were trained on; those held out were not"
        scores = _compare(before, after, [samples.held_out])
        held_out = {"n": len(samples.held_out), **scores}
    n = sum(map(len, sets))
    return {"n": n, **_compare(before, after, sets), "held_out": held_out, "note": note}


def _compare(before: Predictor, after: Predictor, sets: list[Dataset]) -> dict[str, Any]:
    from tenfold.training.finetune.gains import compare_accuracies

    return compare_accuracies(_correct(before, sets), _correct(after, sets))


def _correct(model: Predictor, sets: list[Dataset]) -> npt.NDArray[np.bool_]:
    """Whether the model classifies each image correctly."""
    return np.concatenate(
        [model.predict(part.images, "byte").argmax(axis=-1) == part.labels for part in sets]
    )
