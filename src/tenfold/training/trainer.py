"""``train`` and ``resume``: from a recipe and data to a run folder that survives a kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
import numpy.typing as npt

from tenfold import engine, networks
from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.core.folders import dated_folder
from tenfold.data import Splits, load
from tenfold.data.splitting import STANDARD_VALIDATION
from tenfold.engine.compile import compile_network
from tenfold.engine.inference import require_probabilities
from tenfold.networks.recipes import Recipe
from tenfold.networks.recipes import recipe as named_recipe
from tenfold.runs import ledger
from tenfold.runs.locks import locked
from tenfold.runs.protocol import PROTOCOLS, as_protocol
from tenfold.runs.record import Record, describe_data, machine, now, versions
from tenfold.runs.run import NETWORK, Run, resume_command
from tenfold.runs.weights import read
from tenfold.training import checkpoint
from tenfold.training.checkpoint import Checkpoint
from tenfold.training.finetune.gains import save_predictions_before
from tenfold.training.finetune.preparation import (
    FineTuning,
    prepare_finetuning,
    refuse_unsupported_arguments,
)
from tenfold.training.loop import Training, go_on
from tenfold.training.run_folder import emptied_on_failure, new_folder, refuse_folder_in_use

PLAIN = "quick"
"""The recipe that is trained where none is named."""


def train(
    recipe: str | Recipe | None = None,
    data: str | Path | Splits = "mnist",
    *,
    start: str | Path | Run | None = None,
    seeds: int = 1,
    out: str | Path | None = None,
    validation: int | None = None,
    resize: bool = False,
    corrections: str | Path | None = None,
    protocol: str = "held-out",
    verbose: bool = True,
    watch: Callable[[Path], None] | None = None,
) -> Run:
    """Train a recipe, one network a seed, all in one program, and leave a run folder.

    The test split is not touched, but by the protocol ``published``.

    Args:
        recipe: its name, or a Recipe; None for ``quick``, or for the start's own with a lower
            learning rate and few epochs.
        data: what ``tenfold.load`` takes, or splits: those it returned, or some made by hand.
        start: trained networks to continue from: ``reader`` for those that come with tenfold, a
            run or its folder, or an artifact. Images that they know are mixed in, so that
            nothing is forgotten, and a part of the data is held out to see what was gained.
        seeds: how many networks; their seeds count up from the recipe's.
        out: the folder to make; by default ``runs/<date>-<recipe>``.
        validation: images to hold out of train; None for the 5,000 of ``tenfold.load``.
        resize: bring the user's images to 28x28.
        corrections: a file of corrected labels, see ``tenfold.load``.
        protocol: ``held-out``; or ``published``: train on all training images and validate on
            the test set, as the tutorials do. The ledger of the run says so.
        verbose: show progress on stderr.
        watch: called with the folder once it is a run; then the answers on validation are kept
            after each epoch, so that the run can be looked at while it is trained.

    Returns:
        The run, read back from its folder.

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
    chosen = _recipe(recipe)
    if not isinstance(seeds, int) or seeds < 1:
        raise InputError(f"seeds: {seeds}; give a whole number from 1")
    if protocol not in PROTOCOLS:
        raise InputError(f"protocol: {protocol!r}; give one of {', '.join(PROTOCOLS)}")
    if out is not None:
        refuse_folder_in_use(Path(out))
    if start is not None:
        refuse_unsupported_arguments(seeds, validation, corrections, protocol)
        with enough_memory():
            found = prepare_finetuning(start, chosen, data, resize)
            folder = dated_folder("runs", found.recipe.name) if out is None else Path(out)
            return _alone(_continued(folder, found), found.splits, verbose, watch)
    splits = _splits(data, validation, resize, corrections, protocol)
    with enough_memory():
        plain = chosen or named_recipe(PLAIN)
        folder = dated_folder("runs", plain.name) if out is None else Path(out)
        return _alone(_fresh(folder, plain, splits, seeds, protocol), splits, verbose, watch)


def _recipe(recipe: str | Recipe | None) -> Recipe | None:
    found = named_recipe(recipe) if isinstance(recipe, str) else recipe
    if found is not None and not isinstance(found, Recipe):
        raise InputError(f"recipe: got {type(recipe).__name__}; give a name or a tenfold.Recipe")
    return found


def resume(
    path: str | Path,
    data: Splits | None = None,
    *,
    verbose: bool = True,
    watch: Callable[[Path], None] | None = None,
) -> Run:
    """Go on with a training that was stopped, from its last finished epoch.

    It ends with the same bits as one that was never stopped. Everything is read from the run
    folder: a Python file that built the network is not run again.

    Args:
        path: the run folder.
        data: the run's data where they were made in memory; loaded again otherwise.
        verbose: show progress on stderr.
        watch: as in ``train``.

    Raises:
        InputError: not a run folder, damaged, being trained by another process, finished or
            diverged; or its data are not to be had.
    """
    folder = Run(path).path
    with locked(folder), enough_memory():
        run = Run(folder)
        if run.record.status == "finished":
            raise InputError(f"{path}: its training is finished; see tenfold evaluate {path}")
        splits = run.data(data)
        return _alone(_stored(folder, splits), splits, verbose, watch)


def train_together(
    recipes: Sequence[Recipe],
    folders: Sequence[Path],
    splits: Splits,
    *,
    seeds: int = 1,
    verbose: bool = True,
) -> list[Run]:
    """Train several recipes in one program, each into a run folder of its own.

    Where a folder holds a run that was stopped, that run goes on. A run whose loss becomes NaN
    is diverged, as its record says, and the others go on. The seconds of a run are its share of
    the program's.

    Args:
        recipes: they differ in nothing but a constant learning rate, which is a number of the
            optimizer's state.
        folders: one a recipe; none holds a finished run.
        splits: train, validation and perhaps test.
        seeds: networks of each recipe.
        verbose: show progress on stderr.

    Raises:
        InputError: as ``train``, or a folder holds a run of other data.
    """
    with enough_memory(), ExitStack() as held:
        candidates = []
        for recipe, folder in zip(recipes, folders, strict=True):
            if (folder / "run.json").exists():
                held.enter_context(locked(folder))
                candidates.append(_stored(folder, splits))
            else:
                candidates.append(_fresh(folder, recipe, splits, seeds))
        _train(candidates, splits, verbose)
    return [Run(folder) for folder in folders]


def count_parameters(recipe: Recipe, splits: Splits) -> int:
    """Build and compile a recipe's network for the images of splits, and count its parameters.

    Raises:
        InputError: network, loss, optimizer and images do not go together.
    """
    with enough_memory():
        candidate = _fresh(Path(), recipe, splits, seeds=1)
        _program([candidate], splits)
        return int(candidate.models[0].count_params())


@dataclass(frozen=True)
class _Candidate:
    """A run that is about to be trained.

    ``models`` are compiled: one a seed, or where the run is ``stored``, one for them all.
    ``before`` is what the networks that it continues from answer on the validation images.
    """

    folder: Path
    record: Record
    models: list[keras.Model]
    stored: bool
    before: npt.NDArray[np.float32] | None = None

    def open(self, held: ExitStack) -> Training:
        """Read its checkpoint, or make its folder and hold it."""
        if self.stored:
            like = engine.read_state(self.models[0])
            done = checkpoint.load(self.folder, like, len(self.record.seeds))
        else:
            held.enter_context(new_folder(self.folder))
            held.enter_context(locked(self.folder))
            done = Checkpoint(0, engine.initial_state(self.models), [], 0.0)
            with emptied_on_failure(self.folder):
                if self.before is not None:
                    save_predictions_before(self.folder, self.before)
                _begin(self.folder, self.record, self.models[0], done)
        return Training(self.folder, self.record, self.models[0], done)


def _fresh(
    folder: Path, recipe: Recipe, splits: Splits, seeds: int, protocol: str = "held-out"
) -> _Candidate:
    record = _new_record(recipe, [recipe.seed + i for i in range(seeds)], splits, protocol)
    (height, width), classes = splits.train.shape[1:], len(splits.class_names)
    with _going_together(recipe):
        models = engine.build_networks(
            recipe, (height, width), classes, len(splits.train), record.seeds
        )
    return _Candidate(folder, record, models, stored=False)


def _continued(folder: Path, found: FineTuning) -> _Candidate:
    record = _new_record(found.recipe, found.seeds, found.splits)
    record = record.replace(continued=found.record)
    return _Candidate(folder, record, found.models, stored=False, before=found.before)


def _new_record(
    recipe: Recipe, seeds: list[int], splits: Splits, protocol: str = "held-out"
) -> Record:
    return Record(
        recipe=recipe,
        seeds=seeds,
        protocol=protocol,
        data=describe_data(splits),
        versions=versions(),
        machine=machine(),
        started=now(),
    )


def _stored(folder: Path, splits: Splits) -> _Candidate:
    """A run that was stopped: its network is read from the folder, and compiled anew."""
    record = Run(folder).record
    model = read(folder / NETWORK, lambda path: networks.from_json(path.read_text("utf-8")))
    compile_network(model, record.recipe, len(splits.train))
    return _Candidate(folder, record, [model], stored=True)


def _alone(
    candidate: _Candidate,
    splits: Splits,
    verbose: bool,
    watch: Callable[[Path], None] | None,
) -> Run:
    (trained,) = _train([candidate], splits, verbose, watch)
    trained.refuse_divergence()
    return Run(candidate.folder)


def _train(
    candidates: Sequence[_Candidate],
    splits: Splits,
    verbose: bool,
    watch: Callable[[Path], None] | None = None,
) -> list[Training]:
    program = _program(candidates, splits)
    with ExitStack() as held:
        trainings = [candidate.open(held) for candidate in candidates]
        try:
            if watch is not None:
                watch(candidates[0].folder)
            go_on(trainings, program, splits, verbose, watched=watch is not None)
        except KeyboardInterrupt:
            again = resume_command(candidates[0].folder)
            raise KeyboardInterrupt(f"stopped; go on with {again}") from None
    return trainings


def _program(candidates: Sequence[_Candidate], splits: Splits) -> engine.Program:
    """The program that trains all networks of these runs, with the variables of each made."""
    recipe, (height, width) = candidates[0].record.recipe, splits.train.shape[1:]
    models = [model for candidate in candidates for model in candidate.models]
    together = sum(len(candidate.record.seeds) for candidate in candidates)
    with _going_together(recipe):
        program = engine.Program.from_recipe(
            models, recipe, (height, width), len(splits.class_names), together
        )
    if networks.is_python_file(recipe.network) and not candidates[0].stored:
        require_probabilities(models[0], (height, width), recipe.network)
    return program


@contextmanager
def _going_together(recipe: Recipe) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (ValueError, TypeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"recipe {recipe.name}: network, loss and optimizer do not go together ({reason})"
        ) from error


def _splits(
    data: str | Path | Splits,
    validation: int | None,
    resize: bool,
    corrections: str | Path | None,
    protocol: str,
) -> Splits:
    published = protocol == "published"
    if published and validation is not None:
        raise InputError("validation: the published protocol validates on the test set; leave it")
    if isinstance(data, Splits):
        if validation is not None or resize or corrections is not None:
            raise InputError(
                "validation, resize, corrections: these splits are made; give them to tenfold.load"
            )
        return as_protocol(data, protocol)
    held = STANDARD_VALIDATION if validation is None else validation
    splits = load(data, validation=0 if published else held, resize=resize, corrections=corrections)
    return as_protocol(splits, protocol)


def _begin(folder: Path, record: Record, model: keras.Model, done: Checkpoint) -> None:
    """Write what a resumed training needs; ``run.json`` comes last and makes it a run."""
    with atomic_write(folder / NETWORK, "w") as file:
        file.write(networks.to_json(model))
    checkpoint.save(folder, done)
    if record.protocol == "published":
        why = "validation after every epoch: the published protocol"
        ledger.record_opening(folder, why, record.data.sizes["test"])
    record.save(folder)


@contextmanager
def enough_memory() -> Iterator[None]:
    """Say what to do where a training does not fit into the memory.

    Raises:
        InputError: it does not.
    """
    try:
        yield
    except (jax.errors.JaxRuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
            raise InputError(
                "not enough memory for this training; take fewer seeds, a smaller network or a "
                "smaller batch"
            ) from error
        raise
