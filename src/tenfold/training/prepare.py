"""Prepare a training: record, compiled networks, run folder and the program of its epochs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenfold import engine, networks
from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.core.image_shape import size_text
from tenfold.data import Splits
from tenfold.data.multi_label import needs_one_class
from tenfold.engine.compile import compile_network
from tenfold.networks.recipes import Recipe
from tenfold.runs import ledger
from tenfold.runs.layout import NETWORK, read_file
from tenfold.runs.record import Record, describe_data, machine, now, versions
from tenfold.runs.run import Run
from tenfold.training import checkpoint as checkpoints
from tenfold.training import refit, teacher
from tenfold.training.checkpoint import Checkpoint
from tenfold.training.failures import explain_incompatible_recipe, explain_out_of_memory
from tenfold.training.finetune.gains import save_predictions_before
from tenfold.training.finetune.preparation import FineTuning
from tenfold.training.job import TrainingJob
from tenfold.training.run_folder import emptied_on_failure, locked, new_folder


@dataclass(frozen=True)
class PreparedRun:
    """A run that is ready to be trained.

    Attributes:
        folder: of the run; of a new run it is not made yet, and None for one named by date.
        record: of the run.
        models: compiled networks, one a seed; of a resumed run one for all seeds.
        resumed: whether the training continues from the folder's checkpoint.
        pixels: the range that the networks are fed pixels in; None for a resumed run, whose
            record tells it.
        before: of a fine-tuning, the pretrained networks' probabilities on the validation
            images, float32 ``[n, classes]``.
        targets: of a distillation, labels and soft targets of the training images.
    """

    folder: Path | None
    record: Record
    models: list[keras.Model]
    resumed: bool = False
    pixels: engine.PixelRange | None = None
    before: npt.NDArray[np.float32] | None = None
    targets: npt.NDArray[np.float32] | None = None


def prepare_new(
    folder: Path | None,
    recipe: Recipe,
    splits: Splits,
    seeds: int,
    protocol: str = "held-out",
    build: Callable[[int], keras.Model] | None = None,
    calibrated_by: str | Path | Run | None = None,
) -> PreparedRun:
    """Prepare a training from random weights.

    Args:
        folder: to make; None for one named by date.
        recipe: by which networks are built and trained.
        splits: training and validation images.
        seeds: number of networks.
        protocol: ``held-out``, ``published`` or ``refit``.
        build: builds a network in memory from a seed.
        calibrated_by: of a refit: the run that its calibration comes from.

    Raises:
        InputError: network, loss, optimizer and images cannot be combined, or a refit cannot be
            calibrated.
    """
    if recipe.teacher is not None:
        recipe = recipe.replace(teacher=str(Path(recipe.teacher).resolve()))
    cutout = recipe.augmentation.cutout
    if cutout > min(splits.image_shape[:2]):
        size = size_text(splits.image_shape)
        raise InputError(f"cutout: {cutout} pixels cover images of {size}; give a smaller side")
    multi_label = bool(splits.train.multi_label)
    if multi_label:
        recipe = _for_several_labels(recipe)
    targets = teacher.soft_targets(recipe, splits.train)
    record = _new_record(recipe, [recipe.seed + i for i in range(seeds)], splits, protocol)
    classes = len(splits.class_names)
    with explain_incompatible_recipe(recipe):
        models = engine.build_networks(
            recipe,
            splits.image_shape,
            classes,
            len(splits.train),
            record.seeds,
            build,
            multi_label,
        )
        pixels = engine.resolve_pixels(recipe, models[0], splits.train)
    record = record.replace(recipe=recipe.replace(input_range=pixels.name))
    if protocol == "refit":
        record = refit.calibrated(record, calibrated_by, splits)
    return PreparedRun(folder, record, models, pixels=pixels, targets=targets)


def _for_several_labels(recipe: Recipe) -> Recipe:
    """The recipe with a loss for rows of 0 and 1, of which each column is a question of its own.

    Raises:
        InputError: the recipe needs one class an image.
    """
    if recipe.teacher is not None:
        raise needs_one_class("teacher")
    own = networks.is_own_network(recipe.network)
    loss = recipe.loss if isinstance(recipe.loss, str) else ""
    if own or not loss.startswith(("categorical", "sparse")):
        return recipe
    return recipe.replace(loss="binary_crossentropy")


def prepare_finetuned(folder: Path | None, finetuning: FineTuning) -> PreparedRun:
    """Prepare a training from pretrained weights."""
    record = _new_record(finetuning.recipe, finetuning.seeds, finetuning.splits)
    record = record.replace(continued=finetuning.record)
    return PreparedRun(folder, record, finetuning.models, before=finetuning.before)


def prepare_resumed(folder: Path, record: Record, splits: Splits) -> PreparedRun:
    """Prepare to resume a training: its network is read from the folder and compiled anew."""
    model = read_file(folder / NETWORK, lambda path: networks.from_json(path.read_text("utf-8")))
    compile_network(model, record.recipe, len(splits.train), record.data.multi_label)
    targets = teacher.load(folder, record.recipe)
    return PreparedRun(folder, record, [model], resumed=True, targets=targets)


def _new_record(
    recipe: Recipe, seeds: list[int], splits: Splits, protocol: str = "held-out"
) -> Record:
    engine.recipe_weights(recipe, splits.train)  # refused before a folder is made
    return Record(
        recipe=recipe,
        seeds=seeds,
        protocol=protocol,
        data=describe_data(splits),
        versions=versions(),
        machine=machine(),
        started=now(),
    )


def build_program(runs: Sequence[PreparedRun], splits: Splits) -> engine.Program:
    """Build the program that trains the networks of these runs at once.

    Raises:
        InputError: network, loss, optimizer and images cannot be combined.
    """
    recipe, shape = runs[0].record.recipe, splits.image_shape
    models = [model for run in runs for model in run.models]
    total = sum(len(run.record.seeds) for run in runs)
    with explain_incompatible_recipe(recipe):
        program = engine.Program.from_recipe(
            models, recipe, shape, len(splits.class_names), total, splits.train.encoding
        )
    if networks.is_own_network(recipe.network) and not runs[0].resumed:
        engine.require_probabilities(
            models[0], shape, recipe.input_range, recipe.name, bool(splits.train.multi_label)
        )
    return program


def require_exportable(run: PreparedRun, splits: Splits) -> None:
    """Check before the training that a run's networks, which are built, can be exported.

    Raises:
        InputError: a layer cannot be exported.
    """
    from tenfold.export.network import to_onnx

    try:
        to_onnx(run.models[:1], splits.image_shape, pixels=run.record.recipe.input_range)
    except InputError as error:
        raise InputError(
            f"{error}; to train it all the same, give --no-export (in Python export=False)"
        ) from error


def count_parameters(recipe: Recipe, splits: Splits) -> int:
    """Build and compile a recipe's network for the images of splits, and count its parameters.

    Raises:
        InputError: network, loss, optimizer and images cannot be combined.
    """
    with explain_out_of_memory():
        run = prepare_new(None, recipe, splits, seeds=1)
        build_program([run], splits)
        return int(run.models[0].count_params())


def start_job(run: PreparedRun, resources: ExitStack) -> TrainingJob:
    """Read the checkpoint of a resumed run; make the folder of a new one and lock it.

    Args:
        run: prepared.
        resources: closed after the training; releases the lock, and removes the folder if no run
            was made in it.

    Raises:
        InputError: the checkpoint or the folder cannot be used.
    """
    if run.resumed and run.folder is not None:
        folder = run.folder
        network = engine.read_state(run.models[0])
        checkpoint = checkpoints.load(folder, network, len(run.record.seeds))
    else:
        folder = resources.enter_context(new_folder(run.folder, run.record.recipe.name))
        resources.enter_context(locked(folder))
        checkpoint = Checkpoint(0, engine.initial_state(run.models), [], 0.0)
        with emptied_on_failure(folder):
            _write_first_files(folder, run, checkpoint)
    return TrainingJob(folder, run.record, run.models[0], checkpoint)


def _write_first_files(folder: Path, run: PreparedRun, checkpoint: Checkpoint) -> None:
    """Write all that resuming needs; ``run.json`` comes last and makes the folder a run."""
    record = run.record
    if run.before is not None:
        save_predictions_before(folder, run.before)
    if run.targets is not None:
        teacher.save(folder, run.targets)
    with atomic_write(folder / NETWORK, "w") as file:
        file.write(networks.to_json(run.models[0]))
    checkpoints.save(folder, checkpoint)
    if record.protocol == "published":
        reason = "validation after every epoch: the published protocol"
        ledger.record_opening(folder, reason, record.data.sizes["test"])
    record.save(folder)
