"""`score`: a model file's predictions for a collection of any size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.files import sha256
from tenfold.core.folders import make_folder
from tenfold.core.patience import patiently
from tenfold.core.places import absolute, explained, is_remote, local, place
from tenfold.data.value_range import Levels, decide
from tenfold.export.predictor import Predictor
from tenfold.scale import Executor, Local
from tenfold.scoring import parquet, sources
from tenfold.scoring.batches import Errors, Layout
from tenfold.scoring.driver import locked, require_same_job, work
from tenfold.scoring.job import Job, Progress
from tenfold.scoring.unit import columns

_LEAST = 4096
"""Images of a unit, at least, where a small collection is divided among the workers."""

_TRIED = 20
"""Batches that are read in search of the first image that can be read."""

_FUNCTION = "tenfold.scoring.unit:score_unit"


def score(
    source: str | Path,
    *,
    model: str | Path,
    out: str | Path,
    column: str | None = None,
    keys: Sequence[str] | None = None,
    probabilities: bool = False,
    resize: bool = False,
    pixels: str | None = None,
    invert: bool = False,
    fail_fast: bool = False,
    max_failures: int | None = None,
    executor: Executor | None = None,
    verbose: bool = True,
) -> Progress:
    """Score all images of a collection with a model file, into Parquet files.

    The same call again finishes what is left: a part is there when it is complete, or not at all.
    Images that cannot be read are in ``errors/``, by file and row, and do not stop the others.
    Source, model file and output may be URLs such as ``s3://bucket/digits`` (extra
    ``tenfold[storage]``).

    Args:
        source: a file, a folder, or a pattern such as ``digits/*.parquet``: Parquet (a column of
            image bytes, of ``{bytes, path}`` as Hugging Face writes, or of lists of uint8), IDX,
            NPY, NPZ, or PNG and JPEG files.
        model: the file that ``tenfold export`` wrote.
        out: the folder to write, or to go on with.
        column: of the images in Parquet, or the array of an NPZ file; None to find it.
        keys: columns of Parquet that are passed through; None for all that hold single values.
        probabilities: also write those of all classes; a network for several labels an image
            always writes a column for each label.
        resize: bring other image sizes to that of the network.
        pixels: the values of black and white in the images, as for ``tenfold.load``.
        invert: the images are dark on light.
        fail_fast: stop at the first image that cannot be scored.
        max_failures: parts that may fail before no more are begun; None to try all.
        executor: where to work; None for `tenfold.scale.Local`, one process a core.
        verbose: show progress on stderr.

    Returns:
        What is done.

    Raises:
        InputError: source, model file or options cannot be used, ``out`` belongs to another job
            or is in use; or with ``fail_fast``.

    Example:
        >>> score("nowhere", model="digits.onnx", out="scored")
        Traceback (most recent call last):
        tenfold.core.errors.InputError: nowhere: no such file or folder
    """
    parquet.import_pyarrow()
    source, model, out = place(source), place(model), place(out)
    options = {"probabilities": probabilities, "invert": invert, "pixels": pixels}
    executor, job = executor or Local(), Job(out)
    workers = executor.workers()  # fails before any work if they cannot be reached
    with explained(source, model, out):
        found = patiently(lambda: _Collection.of(source, model, column, keys, resize), begun=False)
        settings = {**found.settings, **options}
        patiently(lambda: require_same_job(job, settings))
        if not patiently(job.exists):
            settings["pixels"] = patiently(lambda: _check_first_images(found, pixels))
        if not is_remote(out):
            make_folder(out)
        with locked(job):
            if not patiently(job.exists):
                patiently(lambda: _create(job, settings, found, workers, fail_fast))
            return work(job, _FUNCTION, executor, fail_fast, max_failures, verbose)


@dataclass(frozen=True)
class _Collection:
    """What is scored, with which model file."""

    source: Path
    kind: str
    files: list[str]
    layout: Layout
    predictor: Predictor
    settings: dict[str, Any]

    @classmethod
    def of(
        cls,
        source: Path,
        model: Path,
        column: str | None,
        keys: Sequence[str] | None,
        resize: bool,
    ) -> _Collection:
        kind, files = sources.find_files(source)
        model_file = local(model)
        predictor = Predictor(model_file, threads=1)
        layout = _layout(source, kind, files, predictor, column, keys, resize)
        settings = {
            "source": absolute(source),
            "model": absolute(model),
            "sha256": sha256(model_file),
            "kind": kind,
            **layout._asdict(),
        }
        return cls(source, kind, files, layout, predictor, settings)

    def units(self, size: int, errors: Errors) -> Iterator[sources.Unit]:
        return sources.units(self.source, self.kind, self.files, self.layout, size, errors)


def _layout(
    source: Path,
    kind: str,
    files: list[str],
    predictor: Predictor,
    column: str | None,
    keys: Sequence[str] | None,
    resize: bool,
) -> Layout:
    """Choose the columns, by the first file that can be opened."""
    shape = predictor.image_shape
    if kind != "parquet":
        if keys:
            raise InputError("--keys: only Parquet has columns that can be passed through")
        return Layout(column, (), shape, resize)
    reason: InputError | None = None
    for name in files:
        try:
            schema = parquet.open_file(sources.path_of(source, name)).schema_arrow
        except InputError as error:
            reason = reason or error
            continue
        column = parquet.choose_column(schema, column)
        chosen = parquet.choose_keys(schema, column, keys, columns(predictor))
        return Layout(column, chosen, shape, resize)
    raise reason or InputError(f"{source}: no Parquet files")


def _check_first_images(found: _Collection, pixels: str | None) -> str:
    """Read the first images, and return the values of black and white.

    Raises:
        InputError: none of the first images can be read, or their range is not certain.
    """
    errors, source = Errors(), found.source
    batches = (
        batch
        for unit in found.units(1000, errors)
        for batch in sources.read(source, unit, found.layout, errors)
    )
    for batch in islice(batches, _TRIED):
        if len(batch.images):
            levels = Levels.of([batch.images], str(source), exact=True)
            return str(decide(levels, str(source), pixels, found.predictor.pixels))
    reason = f": {errors.records[0]['error']}" if errors.records else ""
    raise InputError(f"{source}: none of the first images can be scored{reason}")


def _create(
    job: Job, settings: dict[str, Any], found: _Collection, workers: int, fail_fast: bool
) -> None:
    """Plan the units: of full size, or smaller ones if the workers would wait."""
    errors = Errors(fail_fast)
    size = sources.UNIT
    if found.kind == "pictures" or len(found.files) < workers:
        total = sum(unit["rows"] for unit in found.units(size, errors))
        size = max(_LEAST, min(size, -(-total // (4 * workers))))
        errors = Errors(fail_fast)
    job.create(settings, found.units(size, errors))
    job.write_errors("files", errors.records)
