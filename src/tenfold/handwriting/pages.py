"""Many pictures to Parquet, in parts, by an executor: one row a page."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError, NoDigitError
from tenfold.core.files import atomic_path, sha256
from tenfold.core.folders import make_folder
from tenfold.core.places import stamp
from tenfold.data.image_files import is_image
from tenfold.data.picture_files import PictureFile
from tenfold.export.predictor import Predictor, default_predictor
from tenfold.handwriting import reading
from tenfold.scale import Executor, Local
from tenfold.scoring.batches import Errors, printable
from tenfold.scoring.driver import locked, require_same_job, work
from tenfold.scoring.job import Job, Progress
from tenfold.scoring.parquet import import_pyarrow, open_file

if TYPE_CHECKING:
    from tenfold.handwriting.result import Box, Reading

UNIT = 64
"""Pictures of a unit: one part of the output."""

_FUNCTION = f"{__name__}:read_unit"
_SUMMARY = "tenfold"


def read_pages(
    pictures: Sequence[str | Path],
    *,
    out: str | Path,
    model: str | Path | None = None,
    deslant: bool = False,
    expect: int | None = None,
    region: Box | None = None,
    budget: float = reading.READ_SECONDS,
    max_failures: int | None = None,
    executor: Executor | None = None,
    verbose: bool = True,
) -> Progress:
    """Read the digits of many pictures into Parquet files, one row a page.

    The same call again finishes what is left. Pictures that cannot be read are in ``errors/`` and
    do not stop the others; a page without digits is a row with the text "".

    Args:
        pictures: files, and folders that are searched with their subfolders.
        out: the folder to write, or to go on with; its ``parts/`` have the columns ``file``,
            ``page`` (from 1), ``text``, ``confidence``, ``turned`` (degrees), ``complete`` (within
            the time for a page) and ``digits``: line, number, label, confidence, accepted and box
            of each.
        model: classifies the digits; None for the packaged reader.
        deslant: as for ``tenfold.read``.
        expect: likewise.
        region: likewise.
        budget: likewise, for each page.
        max_failures: parts that may fail before no more are begun; None to try all.
        executor: where to work; None for `tenfold.scale.Local`, one process a core.
        verbose: show progress on stderr.

    Raises:
        InputError: there are no pictures, an option cannot be used, or ``out`` belongs to another
            job or is in use.

    Example:
        >>> read_pages(["nowhere"], out="readings")
        Traceback (most recent call last):
        tenfold.core.errors.InputError: nowhere: no such file or folder
    """
    import_pyarrow()
    files = [str(path.absolute()) for path in _find(pictures)]
    if not files:
        raise InputError(f"{pictures[0]}: no pictures; give photos, scans or drawings")
    if region is not None and (min(region) < 0 or min(region[2:]) < 1):
        raise InputError(
            f"region {','.join(map(str, region))}: is empty; give left,top,width,height"
        )
    executor, job = executor or Local(), Job(Path(out))
    model = None if model is None else Path(model).absolute()
    checksum = sha256(model) if model is not None and model.is_file() else None
    settings: dict[str, Any] = {
        "source": sha256("\n".join(files).encode("utf-8", "surrogateescape")),
        "model": None if model is None else str(model),
        "sha256": checksum,
        "deslant": deslant,
        "expect": expect,
        "region": None if region is None else list(region),
        "budget": budget,
        "noun": "pictures",
    }
    _open_model(settings["model"], settings["sha256"])
    require_same_job(job, settings)
    make_folder(job.folder)
    with locked(job):
        if not job.exists():
            size = max(1, min(UNIT, -(-len(files) // (4 * executor.workers()))))
            job.create(settings, _units(files, size))
        return work(job, _FUNCTION, executor, False, max_failures, verbose)


def _find(pictures: Sequence[str | Path]) -> Iterator[Path]:
    for picture in map(Path, pictures):
        if picture.is_file():
            yield picture
        elif not picture.is_dir():
            raise InputError(f"{picture}: no such file or folder")
        for folder, folders, names in os.walk(picture):
            folders[:] = sorted(name for name in folders if name[0] != ".")
            paths = (Path(folder, name) for name in sorted(names) if name[0] != ".")
            yield from (path for path in paths if is_image(path) or path.suffix.lower() == ".pdf")


def _units(files: list[str], size: int) -> Iterator[dict[str, Any]]:
    for start in range(0, len(files), size):
        part = files[start : start + size]
        yield {"files": part, "stamps": [stamp(Path(file)) for file in part], "rows": len(part)}


@lru_cache(maxsize=1)
def _open_model(path: str | None, checksum: str | None) -> Predictor:
    if path is None:
        return default_predictor()
    predictor = Predictor(path, threads=1)
    if sha256(Path(path)) != checksum:
        raise InputError(f"{path} has changed since the job began; read into another folder")
    return predictor


def read_unit(folder: str, number: int, place: int, fail_fast: bool) -> dict[str, Any]:
    """Read the pictures of a unit, unless its part is there; a task of executors.

    Arguments and result are those of `tenfold.scoring.unit.score_unit`.
    """
    pa, job = import_pyarrow(), Job(Path(folder))
    part = job.part(number)
    if part.exists():
        summary: dict[str, Any] = json.loads(open_file(part).metadata.metadata[_SUMMARY.encode()])
        return summary
    settings, began = job.settings(), time.perf_counter()
    errors, rows = Errors(fail_fast), list[dict[str, Any]]()
    unit = job.unit(place)
    for file, before in zip(unit["files"], unit["stamps"], strict=True):
        try:
            if stamp(Path(file)) != before:
                raise InputError("has changed since the job began; read into another folder")
            rows += list(_rows(file, settings))  # all pages or none
        except (InputError, OSError) as error:
            errors.add(printable(file), 0, str(error))
    job.write_errors(number, errors.records)
    summary = {
        "part": number,
        "images": len(unit["files"]) - errors.images,
        "failed": errors.images,
        "seconds": round(time.perf_counter() - began, 3),
    }
    table = pa.Table.from_pylist(rows, schema=_schema(pa, {_SUMMARY: json.dumps(summary)}))
    with atomic_path(part) as path:
        pa.parquet.write_table(table, path)
    return summary


def _rows(file: str, settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    predictor = _open_model(settings["model"], settings["sha256"])
    region = settings["region"]
    with PictureFile(Path(file), printable(file)) as pages:
        for number in range(1, pages.n_pages + 1):
            row = {"file": printable(file), "page": number}
            try:
                result = reading.read(
                    pages.page(number),
                    predictor,
                    deslant=settings["deslant"],
                    expect=settings["expect"],
                    region=None if region is None else tuple(region),
                    budget=settings["budget"],
                )
            except NoDigitError as error:
                complete = "budget" not in str(error)
                nothing = {"text": "", "confidence": None, "turned": 0, "complete": complete}
                yield {**row, **nothing, "digits": []}
                continue
            yield {
                **row,
                "text": result.text,
                "confidence": result.confidence,
                "turned": 90 * result.quarter_turns,
                "complete": result.complete,
                "digits": list(_digits(result)),
            }


def _digits(result: Reading) -> Iterator[dict[str, Any]]:
    for line, row in enumerate(result.rows, 1):
        for number, digits in enumerate(row, 1):
            for digit in digits.digits:
                yield {"line": line, "number": number, **digit.to_json()}


def _schema(pa: Any, metadata: dict[str, str]) -> Any:
    digit = pa.struct(
        [
            ("line", pa.int32()),
            ("number", pa.int32()),
            ("label", pa.string()),
            ("confidence", pa.float32()),
            ("accepted", pa.bool_()),
            ("box", pa.list_(pa.int32(), 4)),
        ]
    )
    columns = [
        ("file", pa.string()),
        ("page", pa.int32()),
        ("text", pa.string()),
        ("confidence", pa.float32()),
        ("turned", pa.int32()),
        ("complete", pa.bool_()),
        ("digits", pa.list_(digit)),
    ]
    return pa.schema(columns, metadata=metadata)
