"""`score`: a model file's predictions for a collection of any size."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.files import sha256
from tenfold.core.folders import make_folder
from tenfold.core.locks import lock_folder
from tenfold.data.value_range import Levels, decide
from tenfold.export.predictor import Predictor
from tenfold.scale import Executor, Local
from tenfold.scoring import parquet, sources
from tenfold.scoring.batches import Errors, Layout
from tenfold.scoring.job import Job, Progress
from tenfold.scoring.unit import COLUMNS, PROBABILITIES

_LEAST = 4096
"""Images of a unit, at least, where a small collection is divided among the workers."""

_TRIED = 20
"""Batches that are read in search of the first image that can be read."""

_SECONDS_BETWEEN_REPORTS = 5.0


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
    executor: Executor | None = None,
    verbose: bool = True,
) -> Progress:
    """Score all images of a collection with a model file, into Parquet files.

    The same call again finishes what is left: a part is there when it is complete, or not at all.
    Images that cannot be read are in ``errors/``, by file and row, and do not stop the others.

    Args:
        source: a file or folder: Parquet (a column of image bytes, of ``{bytes, path}`` as
            Hugging Face writes, or of lists of uint8), IDX, NPY, NPZ, or PNG and JPEG files.
        model: the file that ``tenfold export`` wrote.
        out: the folder to write, or to go on with.
        column: of the images in Parquet, or the array of an NPZ file; None to find it.
        keys: columns of Parquet that are passed through; None for all that hold single values.
        probabilities: also write those of all classes.
        resize: bring other image sizes to that of the network.
        pixels: the values of black and white in the images, as for ``tenfold.load``.
        invert: the images are dark on light.
        fail_fast: stop at the first image that cannot be scored.
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
    for place in (source, model, out):
        if "://" in str(place):
            raise InputError(f"{place}: give a path; mount storage of objects as a folder")
    kind, files = sources.find_files(Path(source))
    predictor = Predictor(model, threads=1)
    layout = _layout(Path(source), kind, files, predictor, column, keys, resize)
    settings = {
        "source": str(Path(source).absolute()),
        "model": str(Path(model).absolute()),
        "sha256": sha256(Path(model)),
        "kind": kind,
        **layout._asdict(),
        "probabilities": probabilities,
        "invert": invert,
        "pixels": pixels,
    }
    executor, job = executor or Local(), Job(Path(out))
    _require_same_job(job, settings)
    if not job.exists():
        settings["pixels"] = _check_first_images(
            Path(source), kind, files, layout, predictor, pixels
        )
    make_folder(job.folder)
    refusal = f"{out}: another process is scoring into this folder; wait for it, or stop it first"
    with lock_folder(job.folder, refusal):
        if not job.exists():
            _create(job, settings, Path(source), kind, files, layout, executor, fail_fast)
        job.remove_leftovers()
        return _work(job, executor, fail_fast, verbose)


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
        reserved = (*COLUMNS, PROBABILITIES)
        return Layout(column, parquet.choose_keys(schema, column, keys, reserved), shape, resize)
    raise reason or InputError(f"{source}: no Parquet files")


def _check_first_images(
    source: Path,
    kind: str,
    files: list[str],
    layout: Layout,
    predictor: Predictor,
    pixels: str | None,
) -> str:
    """Read the first images, and return the values of black and white.

    Raises:
        InputError: none of the first images can be read, or their range is not certain.
    """
    errors = Errors()
    batches = (
        batch
        for unit in sources.units(source, kind, files, layout, 1000, errors)
        for batch in sources.read(source, unit, layout, errors)
    )
    for batch in islice(batches, _TRIED):
        if len(batch.images):
            levels = Levels.of([batch.images], str(source), exact=True)
            return str(decide(levels, str(source), pixels, predictor.pixels))
    reason = f": {errors.records[0]['error']}" if errors.records else ""
    raise InputError(f"{source}: none of the first images can be scored{reason}")


def _require_same_job(job: Job, settings: Mapping[str, Any]) -> None:
    """Refuse a folder of another job, or of anything else.

    Raises:
        InputError: it is such a folder.
    """
    if job.exists():
        before = job.settings()
        for name, value in settings.items():
            value = list(value) if isinstance(value, tuple) else value
            if before[name] != value and not (name == "pixels" and value is None):
                raise InputError(
                    f"{job.folder}: holds scores of another job ({name}: {str(before[name])[:60]}, "
                    f"now {str(value)[:60]}); give another --out"
                )
    elif job.folder.exists():
        if not job.folder.is_dir():
            raise InputError(f"{job.folder}: is a file; give a new folder as --out")
        others = [p.name for p in job.folder.iterdir() if p.name not in ("plan.jsonl", "errors")]
        if any(not name.startswith(".") for name in others):
            raise InputError(f"{job.folder}: holds other files; give a new folder as --out")


def _create(
    job: Job,
    settings: dict[str, Any],
    source: Path,
    kind: str,
    files: list[str],
    layout: Layout,
    executor: Executor,
    fail_fast: bool,
) -> None:
    """Plan the units: of full size, or smaller ones if the workers would wait."""
    errors = Errors(fail_fast)
    size = sources.UNIT
    if kind == "pictures" or len(files) < executor.workers():
        total = sum(
            unit["rows"] for unit in sources.units(source, kind, files, layout, size, errors)
        )
        size = max(_LEAST, min(size, -(-total // (4 * executor.workers()))))
        errors = Errors(fail_fast)
    job.create(settings, sources.units(source, kind, files, layout, size, errors))
    job.write_errors("files", errors.records)


def _work(job: Job, executor: Executor, fail_fast: bool, verbose: bool) -> Progress:
    done = job.done()
    began = reported = time.monotonic()
    progress, problems = job.progress(), list[str]()
    if verbose and done:
        _report(f"{len(done):,} of {progress.parts:,} parts are done already")
    tasks = _tasks(job, set(done), fail_fast)
    outcomes = executor.run("tenfold.scoring.unit:score_unit", tasks, job.folder)
    images, parts = 0, len(done)
    try:
        for outcome in outcomes:
            if outcome.error:
                if fail_fast:
                    raise InputError(f"{outcome.error}; stopped, since --fail-fast")
                problems.append(f"part {outcome.task['number']}: {outcome.error}")
                continue
            job.add_done(outcome.value)
            images, parts = images + outcome.value["images"], parts + 1
            if verbose and time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                rate = images / (reported - began)
                _report(f"{parts:,} of {progress.parts:,} parts, {rate:,.0f} images/s")
    except KeyboardInterrupt:
        raise KeyboardInterrupt("stopped; the same command goes on") from None
    finally:
        outcomes.close()
    return job.progress(tuple(problems))


def _tasks(job: Job, done: set[int], fail_fast: bool) -> Iterator[dict[str, Any]]:
    folder = str(job.folder.absolute())
    for number, place, _ in job.plan():
        if number not in done:
            yield {"folder": folder, "number": number, "place": place, "fail_fast": fail_fast}


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
