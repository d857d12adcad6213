"""``train`` and ``resume``: from a recipe and data to a run folder that survives a kill."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError
from tenfold.data import Dataset, Splits, load
from tenfold.data.splitting import DEFAULT_VALIDATION
from tenfold.networks import is_own_network
from tenfold.networks.recipes import Recipe
from tenfold.runs.layout import is_run, resume_command
from tenfold.runs.record import Record
from tenfold.runs.run import Run
from tenfold.runs.training_data import PROTOCOLS, as_protocol
from tenfold.training.failures import explain_out_of_memory
from tenfold.training.findings import warn_about_data, warn_about_result
from tenfold.training.finetune.preparation import prepare_finetuning, refuse_unsupported_arguments
from tenfold.training.finish import finish
from tenfold.training.given_model import divide_options, resolve_recipe
from tenfold.training.job import TrainingJob
from tenfold.training.loop import run_epochs
from tenfold.training.prepare import (
    PreparedRun,
    build_program,
    prepare_finetuned,
    prepare_new,
    prepare_resumed,
    require_exportable,
    start_job,
)
from tenfold.training.run_folder import locked, refuse_folder_in_use

if TYPE_CHECKING:
    import keras


_SEVERAL_LABELS = "labels: an image may have several, so each has a sigmoid output; loss {}"


def train(
    recipe: str | Recipe | keras.Model | Callable[[], keras.Model] | None = None,
    data: str | Path | Splits | Dataset | Sequence[Any] = "mnist",
    *,
    start: str | Path | Run | None = None,
    seeds: int = 1,
    out: str | Path | None = None,
    validation: int | None = None,
    corrections: str | Path | None = None,
    protocol: str = "held-out",
    refit: bool = False,
    calibrated_by: str | Path | Run | None = None,
    export: bool = True,
    verbose: bool = True,
    watch: Callable[[Path], None] | None = None,
    **options: Any,
) -> Run:
    """Train a recipe, one network a seed, all in one program, and write a run folder.

    The test split is not used, except by the protocol ``published``.

    Args:
        recipe: its name, or a Recipe; None for ``quick``, or with ``start`` for the recipe of the
            pretrained networks with a lower learning rate and few epochs. Or a network of your
            own: a ``keras.Model``, a function that returns one, or ``my_network.py:build``, with
            the loss and optimizer that it is compiled with. A model is copied, with its weights
            if it is trained for one seed.
        data: as for ``tenfold.load``, such as a name, a path or arrays ``(x, y)``; or splits.
        start: pretrained networks to fine-tune: ``reader`` for those shipped with tenfold, a run
            or its folder, or a model file. Images they were trained on are mixed in, so that
            they do not forget them, and a part of the data is held out to measure the gain.
        seeds: number of networks; their seeds count up from the recipe's.
        out: the folder to make; by default ``runs/<date>-<recipe>``.
        validation: images to hold out of train; None for the 5,000 of ``tenfold.load``.
        corrections: a file of corrected labels, see ``tenfold.load``.
        protocol: ``held-out``; or ``published``: train on all training images and validate on
            the test set, as the tutorials do. The run's ledger records this use of the test set.
        refit: train on train and validation together, once the recipe is chosen. No validation
            metrics exist then; temperature and threshold come from a cross-validation of the
            recipe at the end of the training, with three networks, or from ``calibrated_by``.
        calibrated_by: of a refit: a finished run of the same recipe that held images out.
        export: refuse, before the training, a network of a Python file that cannot be exported.
        verbose: show progress on stderr.
        watch: called with the folder when the training begins. With it, the network is stored
            while it is trained, and its validation predictions after each epoch, so that a run
            can be shown and can answer meanwhile.
        **options: other values for fields of the recipe, such as ``epochs=3`` or
            ``learning_rate=0.01``, by the names of the command line's options; and how to read
            the files of ``data``, as for ``tenfold.load``.

    Returns:
        The run, read from its folder.

    Raises:
        InputError: the recipe, data or arguments cannot be used, the folder cannot be written,
            or the loss became NaN.

    Example:
        >>> import tempfile, tenfold
        >>> data = tenfold.load("mnist")
        >>> few = tenfold.Splits(
        ...     "few", data.train[:640], data.validation[:500], None, "the first of MNIST", 0)
        >>> run = tenfold.train("logistic", few, out=tempfile.mkdtemp() + "/run", verbose=False)
        >>> len(run.history)
        5
    """
    if not isinstance(seeds, int) or seeds < 1:
        raise InputError(f"seeds: {seeds}; give a whole number from 1")
    if protocol not in PROTOCOLS:
        raise InputError(f"protocol: {protocol!r}; give one of {', '.join(PROTOCOLS)}")
    refit = refit or protocol == "refit"
    if refit or calibrated_by is not None:
        protocol = _refit_protocol(refit, protocol, validation, start)
    folder = None if out is None else Path(out)
    if folder is not None:
        refuse_folder_in_use(folder)
    changes, options = divide_options(options)
    chosen, build = resolve_recipe(recipe, start, seeds, changes)
    if start is not None:
        refuse_unsupported_arguments(seeds, validation, corrections, protocol)
        if chosen is not None and chosen.teacher is not None:
            raise InputError("teacher: not supported by fine-tuning; leave one of both out")
        with explain_out_of_memory():
            finetuning = prepare_finetuning(start, chosen, data, options)
            run = prepare_finetuned(folder, finetuning)
            return _train_one(run, finetuning.splits, verbose, watch)
    if refit and calibrated_by is None and build is not None:
        raise InputError(
            "refit: a network in memory cannot be built anew for a cross-validation; give a "
            "Python file or a recipe, or calibrated_by, a run of the same network"
        )
    splits = _splits(data, validation, corrections, protocol, options)
    if verbose and splits.origin is not None and Path(splits.origin.source).is_absolute():
        print(f"data: {splits.source}", file=sys.stderr)  # noqa: T201
    if watch is not None:
        splits.train.require_one_class("serving a training")
    with explain_out_of_memory():
        run = prepare_new(folder, chosen, splits, seeds, protocol, build, calibrated_by)
        if verbose and splits.train.multi_label:
            print(_SEVERAL_LABELS.format(run.record.recipe.loss), file=sys.stderr)  # noqa: T201
        if verbose and run.pixels is not None and is_own_network(chosen.network):
            print(run.pixels.describe(), file=sys.stderr)  # noqa: T201
        return _train_one(run, splits, verbose, watch, export)


def resume(
    path: str | Path,
    data: Splits | None = None,
    *,
    verbose: bool = True,
    watch: Callable[[Path], None] | None = None,
) -> Run:
    """Resume a training from its last finished epoch.

    It ends with the same bits as one that was never stopped. Everything is read from the run
    folder: a Python file that built the network is not run again.

    Args:
        path: the run folder.
        data: the run's data if they were made in memory; loaded again otherwise.
        verbose: show progress on stderr.
        watch: as for ``train``.

    Raises:
        InputError: the folder is not a run or damaged, the run is finished, diverged or being
            trained by another process, or its data are not available.
    """
    folder = Run(path).path
    with locked(folder), explain_out_of_memory():
        run = Run(folder)
        if run.record.status == "finished":
            raise InputError(f"{path}: its training is finished; see tenfold evaluate {path}")
        splits = run.data(data)
        return _train_one(prepare_resumed(folder, run.record, splits), splits, verbose, watch)


def train_together(
    recipes: Sequence[Recipe],
    folders: Sequence[Path],
    splits: Splits,
    *,
    seeds: int = 1,
    verbose: bool = True,
    after_epoch: Callable[[TrainingJob], None] | None = None,
) -> list[Run]:
    """Train several recipes in one program, each into its own run folder.

    An unfinished run in a folder is resumed. A run whose loss becomes NaN is recorded as
    diverged, and the others are trained on. The seconds of a run are its share of the program's.

    Args:
        recipes: they differ only in a constant learning rate, which is part of the optimizer's
            state.
        folders: one a recipe; none holds a finished run.
        splits: train, validation and optionally test.
        seeds: networks of each recipe.
        verbose: show progress on stderr.
        after_epoch: called with each run after each of its epochs; what it raises stops all.

    Raises:
        InputError: as for ``train``.
    """
    with explain_out_of_memory(), ExitStack() as locks:
        runs = []
        for recipe, folder in zip(recipes, folders, strict=True):
            if is_run(folder):
                locks.enter_context(locked(folder))
                runs.append(prepare_resumed(folder, Record.load(folder), splits))
            else:
                runs.append(prepare_new(folder, recipe, splits, seeds))
        _train(runs, splits, verbose, after_epoch=after_epoch)
    return [Run(folder) for folder in folders]


def _train_one(
    run: PreparedRun,
    splits: Splits,
    verbose: bool,
    watch: Callable[[Path], None] | None,
    export: bool = False,
) -> Run:
    (job,) = _train([run], splits, verbose, watch, export)
    job.raise_if_diverged()
    in_memory = run.record.data.origin is None and not run.record.continued
    return Run(job.folder, splits if in_memory else None)


def _train(
    runs: Sequence[PreparedRun],
    splits: Splits,
    verbose: bool,
    watch: Callable[[Path], None] | None = None,
    export: bool = False,
    after_epoch: Callable[[TrainingJob], None] | None = None,
) -> list[TrainingJob]:
    program = build_program(runs, splits)
    if verbose and program.geometry.note:
        print(program.geometry.note, file=sys.stderr)  # noqa: T201
    if export and is_own_network(runs[0].record.recipe.network):
        require_exportable(runs[0], splits)
    with ExitStack() as resources:
        jobs = [start_job(run, resources) for run in runs]
        announce = _announce if verbose and len(jobs) == 1 else lambda headline: None
        warn_about_data(splits)
        try:
            if watch is not None:
                watch(jobs[0].folder)
            targets, live = runs[0].targets, watch is not None
            run_epochs(jobs, program, splits, verbose, live, targets, after_epoch)
            for job in jobs:
                if verbose and job.record.protocol == "refit" and not job.record.calibrations:
                    print("calibration: cross-validating the recipe", file=sys.stderr)  # noqa: T201
                finish(job, splits.validation, splits.train, targets, announce)
                if not job.diverged:
                    warn_about_result(job.record, job.checkpoint, splits.train)
        except KeyboardInterrupt:
            resume = resume_command(jobs[0].folder)
            raise KeyboardInterrupt(f"stopped; continue with {resume}") from None
    return jobs


def _announce(headline: str) -> None:
    print(f"result: {headline}; drawing pictures", file=sys.stderr)  # noqa: T201


def _refit_protocol(
    refit: bool, protocol: str, validation: int | None, start: str | Path | Run | None
) -> str:
    """The protocol of a refit.

    Raises:
        InputError: other arguments contradict it.
    """
    if not refit:
        raise InputError("calibrated_by: for refits only; give refit too, or leave it out")
    others = {"protocol": protocol == "published", "validation": validation is not None}
    for name in [name for name, given in (others | {"start": start is not None}).items() if given]:
        raise InputError(f"{name}: not with refit, which trains a recipe on all images; leave it")
    return "refit"


def _splits(
    data: str | Path | Splits | Dataset | Sequence[Any],
    validation: int | None,
    corrections: str | Path | None,
    protocol: str,
    options: dict[str, Any],
) -> Splits:
    published = protocol == "published"
    holds_out = protocol == "held-out"
    if published and validation is not None:
        raise InputError("validation: the published protocol validates on the test set; leave it")
    if isinstance(data, Splits):
        if validation is not None or options or corrections is not None:
            names = ", ".join(["validation", "corrections", *options])
            raise InputError(f"{names}: not with splits; give them to tenfold.load")
        return as_protocol(data, protocol)
    size = DEFAULT_VALIDATION if validation is None else validation
    splits = load(data, validation=size if holds_out else 0, corrections=corrections, **options)
    return as_protocol(splits, protocol)
