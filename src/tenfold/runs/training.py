"""``train`` and ``resume``: from a recipe and data to a run folder that survives a kill."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import keras
import numpy as np
import pandas as pd

from tenfold import figures, networks, training
from tenfold.datasets import Splits, load
from tenfold.datasets.splitting import STANDARD_VALIDATION
from tenfold.errors import InputError
from tenfold.evaluation import Evaluation
from tenfold.files import atomic_write
from tenfold.recipes import Recipe
from tenfold.recipes import recipe as named_recipe
from tenfold.runs import answers, checkpoint, ledger
from tenfold.runs.checkpoint import Checkpoint
from tenfold.runs.events import Events
from tenfold.runs.lock import locked
from tenfold.runs.progress import Silent, progress
from tenfold.runs.record import PROTOCOLS, Record, describe_data, machine, now, versions
from tenfold.runs.run import HISTORY, NETWORK, Run, as_protocol, resume_command
from tenfold.runs.weights import read, save_model
from tenfold.training.compiling import compile_network

STARTING = {NETWORK, checkpoint.NAME, ledger.NAME}
"""What stands in the folder before ``run.json`` makes it a run."""


def train(
    recipe: str | Recipe = "quick",
    data: str | Path | Splits = "mnist",
    *,
    seeds: int = 1,
    out: str | Path | None = None,
    validation: int | None = None,
    resize: bool = False,
    protocol: str = "held-out",
    verbose: bool = True,
) -> Run:
    """Train a recipe, one network a seed, all in one program, and leave a run folder.

    The test split is not touched, but by the protocol ``published``.

    Args:
        recipe: its name, or a Recipe.
        data: what ``tenfold.load`` takes, or splits: those it returned, or some made by hand.
        seeds: how many networks; their seeds count up from the recipe's.
        out: the folder to make; by default ``runs/<date>-<recipe>``.
        validation: images to hold out of train; None for the 5,000 of ``tenfold.load``.
        resize: bring the user's images to 28x28.
        protocol: ``held-out``; or ``published``: train on all training images and validate on
            the test set, as the tutorials do. The ledger of the run says so.
        verbose: show progress on stderr.

    Returns:
        The run, read back from its folder.

    Raises:
        InputError: the recipe, data or arguments cannot be used, the folder cannot be written,
            or the loss became NaN.

    Example:
        >>> import tempfile, tenfold
        >>> data = tenfold.load("mnist")
        >>> few = tenfold.Splits(
        ...     "few", data.train[:600], data.validation[:200], None, "the first of MNIST", 0)
        >>> run = tenfold.train("logistic", few, out=tempfile.mkdtemp() + "/run", verbose=False)
        >>> len(run.history)
        5
    """
    chosen = named_recipe(recipe) if isinstance(recipe, str) else recipe
    if not isinstance(chosen, Recipe):
        raise InputError(f"recipe: got {type(recipe).__name__}; give a name or a tenfold.Recipe")
    if not isinstance(seeds, int) or seeds < 1:
        raise InputError(f"seeds: {seeds}; give a whole number from 1")
    if protocol not in PROTOCOLS:
        raise InputError(f"protocol: {protocol!r}; give one of {', '.join(PROTOCOLS)}")
    _refuse_folder_in_use(out)
    splits = _splits(data, validation, resize, protocol)
    record = Record(
        recipe=chosen,
        seeds=[chosen.seed + i for i in range(seeds)],
        protocol=protocol,
        data=describe_data(splits),
        versions=versions(),
        machine=machine(),
        started=now(),
    )
    with _enough_memory():
        model, program, state = _fresh(record, splits)
        with _new_folder(out, chosen.name) as folder, locked(folder):
            with _removed_on_failure(folder):
                _begin(folder, record, model, state)
            return _go_on(
                folder, record, splits, model, program, Checkpoint(0, state, [], 0.0), verbose
            )


def resume(path: str | Path, data: Splits | None = None, *, verbose: bool = True) -> Run:
    """Go on with a training that was stopped, from its last finished epoch.

    It ends with the same bits as one that was never stopped. Everything is read from the run
    folder: a Python file that built the network is not run again.

    Args:
        path: the run folder.
        data: the run's data where they were made in memory; loaded again otherwise.
        verbose: show progress on stderr.

    Raises:
        InputError: not a run folder, damaged, being trained by another process, finished or
            diverged; or its data are not to be had.
    """
    folder = Run(path).path
    with locked(folder), _enough_memory():
        run = Run(folder)
        if run.record.status == "finished":
            raise InputError(f"{path}: its training is finished; see tenfold evaluate {path}")
        splits = run.data() if data is None else run.check_data(data)
        model, program = _stored(folder, run.record, splits)
        like = training.read_state(model)
        done = checkpoint.load(folder, like, len(run.seeds))
        return _go_on(folder, run.record, splits, model, program, done, verbose)


def _splits(
    data: str | Path | Splits, validation: int | None, resize: bool, protocol: str
) -> Splits:
    published = protocol == "published"
    if published and validation is not None:
        raise InputError("validation: the published protocol validates on the test set; leave it")
    if isinstance(data, Splits):
        if validation is not None or resize:
            raise InputError("validation, resize: these splits are made; give them to tenfold.load")
        return as_protocol(data, protocol)
    held = STANDARD_VALIDATION if validation is None else validation
    return as_protocol(load(data, validation=0 if published else held, resize=resize), protocol)


def _fresh(record: Record, splits: Splits) -> tuple[keras.Model, training.Program, training.State]:
    """The network of the first seed, the program for all of them, and the state they start from."""
    recipe, (height, width), classes = record.recipe, splits.train.shape[1:], splits.class_names
    try:
        models = training.build_networks(
            recipe, (height, width), len(classes), len(splits.train), record.seeds
        )
        program, state = training.make_program(models, recipe, (height, width), len(classes))
    except InputError:
        raise
    except (ValueError, TypeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"recipe {recipe.name}: network, loss and optimizer do not go together ({reason})"
        ) from error
    if networks.is_file(recipe.network):
        answers.require_probabilities(models[0], (height, width), recipe.network)
    return models[0], program, state


def _stored(folder: Path, record: Record, splits: Splits) -> tuple[keras.Model, training.Program]:
    """The network of a run folder, compiled anew, and the program that trains it."""
    recipe, (height, width), count = record.recipe, splits.train.shape[1:], len(record.seeds)
    model = read(folder / NETWORK, lambda path: networks.from_json(path.read_text("utf-8")))
    compile_network(model, recipe, len(splits.train))
    program = training.Program(
        model,
        (height, width),
        len(splits.class_names),
        recipe.batch_size,
        recipe.augmentation,
        count if count > 1 else None,
    )
    return model, program


def _refuse_folder_in_use(out: str | Path | None) -> None:
    if out is None:
        return
    folder = Path(out)
    if (folder / "run.json").exists():
        raise InputError(
            f"{folder}: holds a run already; give another --out, or go on with "
            f"{resume_command(folder)}"
        )
    if folder.exists() and not (folder.is_dir() and _is_free(folder)):
        raise InputError(f"{folder}: exists already; give a new folder as --out")


def _is_free(folder: Path) -> bool:
    """Whether a folder holds nothing but what a training left that was killed as it began."""
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    return names <= STARTING


@contextmanager
def _new_folder(out: str | Path | None, name: str) -> Iterator[Path]:
    """Make the folder of a run, and take it away again where no run came of it."""
    folder = _dated(name) if out is None else Path(out)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made ({error.strerror}); give another --out"
        ) from None
    try:
        yield folder
    finally:
        for place in made if not (folder / "run.json").exists() else ():
            _remove_empty(place)


def _dated(name: str) -> Path:
    stem = f"{_timestamp()}-{name}"
    folder, count = Path("runs") / stem, 2
    while folder.exists():
        folder, count = Path("runs") / f"{stem}-{count}", count + 1
    return folder


def _timestamp() -> str:
    return f"{datetime.datetime.now().astimezone():%Y-%m-%d-%H%M%S}"


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # not ours alone
        return


@contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for name in (*STARTING, "run.json"):
            (folder / name).unlink(missing_ok=True)
        raise


def _begin(folder: Path, record: Record, model: keras.Model, state: training.State) -> None:
    """Write what a resumed training needs; ``run.json`` comes last and makes it a run."""
    with atomic_write(folder / NETWORK, "w") as file:
        file.write(networks.to_json(model))
    checkpoint.save(folder, Checkpoint(0, state, [], 0.0))
    if record.protocol == "published":
        why = "validation after every epoch: the published protocol"
        ledger.record_opening(folder, why, record.data.sizes["test"])
    record.save(folder)


def _go_on(
    folder: Path,
    record: Record,
    splits: Splits,
    model: keras.Model,
    program: training.Program,
    done: Checkpoint,
    verbose: bool,
) -> Run:
    _sweep(folder)
    try:
        _refuse_diverged(folder, record, done)
        with _writing(folder):
            events = Events(folder, record.seeds, done.history)
        with progress(record.recipe.epochs, verbose) as display:
            done = _epochs(folder, record, splits, program, done, events, display)
        events.close()
        _finish(folder, record, splits, model, done)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped; go on with {resume_command(folder)}") from None
    return Run(folder)


def _sweep(folder: Path) -> None:
    """Remove the unfinished files that a killed training left."""
    for path in folder.rglob(".*.tmp*"):
        path.unlink(missing_ok=True)


def _epochs(
    folder: Path,
    record: Record,
    splits: Splits,
    program: training.Program,
    done: Checkpoint,
    events: Events,
    display: Silent,
) -> Checkpoint:
    train_data = training.DeviceData(splits.train)
    held_out = None if splits.validation is None else training.DeviceData(splits.validation)
    while done.epochs < record.recipe.epochs:
        began, epoch = time.perf_counter(), done.epochs + 1
        state, logs = _epoch(program, done, train_data, record.seeds, display)
        if held_out is not None:
            found = program.evaluate(state, held_out)
            logs = logs | {f"val_{name}": value for name, value in found.items()}
        rows = _rows(epoch, record.seeds, logs)
        seconds = time.perf_counter() - began
        done = Checkpoint(epoch, state, done.history + rows, done.seconds + seconds)
        with _writing(folder):
            checkpoint.save(folder, done)
            _write_history(folder, done.history)
            events.add(rows)
        display.epoch(epoch, logs, seconds)
        _refuse_diverged(folder, record, done)
    return done


def _epoch(
    program: training.Program,
    done: Checkpoint,
    data: training.DeviceData,
    seeds: Sequence[int],
    display: Silent,
) -> tuple[training.State, dict[str, Any]]:
    state, logs = done.state, dict[str, Any]()
    for latest, seen, running in program.train_epoch(state, data, done.epochs, seeds):
        state, logs = latest, running
        display.update(done.epochs + 1, seen / len(data), logs)
    return state, logs


def _rows(epoch: int, seeds: Sequence[int], logs: dict[str, Any]) -> list[dict[str, Any]]:
    columns = {name: np.atleast_1d(values) for name, values in logs.items()}
    return [
        {"epoch": epoch, "seed": seed, **{name: float(v[i]) for name, v in columns.items()}}
        for i, seed in enumerate(seeds)
    ]


def _write_history(folder: Path, history: list[dict[str, Any]]) -> None:
    with atomic_write(folder / HISTORY, "w") as file:
        pd.DataFrame(history).to_csv(file, index=False)


def _refuse_diverged(folder: Path, record: Record, done: Checkpoint) -> None:
    """Stop where the loss is not finite: what is trained after it would be noise."""
    diverged = done.diverged()
    if diverged is None:
        return
    epoch, seeds = diverged
    _write_history(folder, done.history)
    record.replace(status="diverged", seconds=done.seconds).save(folder)
    rate = record.recipe.learning_rate
    at_rate = "the optimizer's own learning rate" if rate is None else f"learning rate {rate:g}"
    of = f" for {len(seeds)} of {len(record.seeds)} seeds" if len(record.seeds) > 1 else ""
    raise InputError(
        f"{folder}: the loss became NaN or infinite in epoch {epoch}{of}, at {at_rate}; train "
        "again with a lower --learning-rate, or a loss that fits the network (history.csv is kept)"
    )


def _finish(
    folder: Path, record: Record, splits: Splits, model: keras.Model, done: Checkpoint
) -> None:
    """Write networks, scores and picture; ``run.json`` says last that all is there."""
    several, found = len(record.seeds) > 1, []
    for i, seed in enumerate(record.seeds):
        state = training.unstack_state(done.state, i) if several else done.state
        training.write_state(model, state)
        model.optimizer.finalize_variable_values(model.trainable_variables)
        with _writing(folder):
            save_model(folder, seed, model)
        if splits.validation is not None:
            found.append(answers.evaluate_models([model], splits.validation, "validation"))
    with _writing(folder):
        _write_history(folder, done.history)
        picture = figures.learning_curves(pd.DataFrame(done.history), title=record.title)
        figures.save(picture, folder / "learning-curves.png")
        scores = _scores(found)
        record.replace(status="finished", seconds=done.seconds, scores=scores).save(folder)
    (folder / checkpoint.NAME).unlink(missing_ok=True)


def _scores(found: list[Evaluation]) -> dict[str, Any]:
    if not found:
        return {}
    result = Evaluation.of_networks(found)
    return {"headline": result.headline(), "validation": result.to_json()}


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
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


@contextmanager
def _enough_memory() -> Iterator[None]:
    try:
        yield
    except (jax.errors.JaxRuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
            raise InputError(
                "not enough memory for this training; take fewer seeds, a smaller network or a "
                "smaller batch"
            ) from error
        raise
