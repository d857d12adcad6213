"""Many pictures to Parquet, in parts, by an executor: one row a page."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError, NoDigitError
from tenfold.core.files import sha256
from tenfold.core.folders import make_folder
from tenfold.core.patience import is_outage, patiently
from tenfold.core.places import (
    absolute,
    complete_file,
    explained,
    is_remote,
    local,
    names_in,
    stamp,
)
from tenfold.core.places import place as place_of
from tenfold.data.image_files import is_image
from tenfold.data.picture_files import PictureFile
from tenfold.export.predictor import Predictor, default_predictor
from tenfold.handwriting import reading
from tenfold.handwriting.picture import load_page
from tenfold.handwriting.time_budget import time_budget
from tenfold.handwriting.ways import Hints
from tenfold.scale import Executor, Local
from tenfold.scoring.batches import Errors, printable
from tenfold.scoring.driver import locked, require_same_job, work
from tenfold.scoring.job import Job, Progress
from tenfold.scoring.parquet import import_pyarrow, open_file
from tenfold.scoring.unit import open_model

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
    hints = Hints(deslant, expect, region, budget)
    if region is not None and (min(region) < 0 or min(region[2:]) < 1):
        raise InputError(
            f"region {','.join(map(str, region))}: is empty; give left,top,width,height"
        )
    settings: dict[str, Any] = {
        **asdict(hints),
        "region": None if hints.region is None else list(hints.region),
        "noun": "pictures",
    }
    executor, sources, job = (
        executor or Local(),
        [place_of(each) for each in pictures],
        Job(place_of(out)),
    )
    model = None if model is None else place_of(model)
    with explained(*sources, *filter(None, [model]), job.folder):
        files = patiently(lambda: [absolute(path) for path in _find(sources)], begun=False)
        if not files:
            raise InputError(f"{pictures[0]}: no pictures; give photos, scans or drawings")
        settings["source"] = sha256("\n".join(files).encode("utf-8", "surrogateescape"))
        settings |= patiently(lambda: _describe(model))
        patiently(lambda: require_same_job(job, settings))
        if not is_remote(job.folder):
            make_folder(job.folder)
        with locked(job):
            if not patiently(job.exists):
                size = max(1, min(UNIT, -(-len(files) // (4 * executor.workers()))))
                patiently(lambda: job.create(settings, _units(files, size)))
            return work(job, _FUNCTION, executor, False, max_failures, verbose)


def _find(pictures: Sequence[Path]) -> Iterator[Path]:
    for picture in pictures:
        if picture.is_file():
            yield picture
        elif not picture.is_dir():
            raise InputError(f"{picture}: no such file or folder")
        else:
            paths = (picture / name for name in names_in(picture))
            yield from (path for path in paths if is_image(path) or path.suffix.lower() == ".pdf")


def _describe(model: Path | None) -> dict[str, Any]:
    if model is None:
        return {"model": None, "sha256": None}
    file = local(model)
    Predictor(file, threads=1)
    return {"model": absolute(model), "sha256": sha256(file)}


def _units(files: list[str], size: int) -> Iterator[dict[str, Any]]:
    for start in range(0, len(files), size):
        part = files[start : start + size]
        yield {"files": part, "stamps": [stamp(place_of(file)) for file in part], "rows": len(part)}


@lru_cache(maxsize=1)
def _open_model(path: str | None, checksum: str | None) -> Predictor:
    if path is None:
        return default_predictor()
    return open_model(path, str(checksum))


def read_unit(folder: str, number: int, place: int, fail_fast: bool) -> dict[str, Any]:
    """Read the pictures of a unit, unless its part is there; a task of executors.

    Arguments and result are those of `tenfold.scoring.unit.score_unit`.
    """
    pa, job = import_pyarrow(), Job(place_of(folder))
    part = job.part(number)
    if part.exists():
        summary: dict[str, Any] = json.loads(open_file(part).metadata.metadata[_SUMMARY.encode()])
        return summary
    settings, began = job.settings(), time.perf_counter()
    predictor = _open_model(settings["model"], settings["sha256"])
    errors, rows = Errors(fail_fast), list[dict[str, Any]]()
    unit = job.unit(place)
    for file, before in zip(unit["files"], unit["stamps"], strict=True):
        try:
            if stamp(place_of(file)) != before:
                raise InputError("has changed since the job began; read into another folder")
            rows += list(_rows(file, settings, predictor))  # all pages or none
        except (InputError, OSError) as error:
            if is_outage(error):
                raise
            errors.add(printable(file), 0, str(error))
    job.write_errors(number, errors.records)
    summary = {
        "part": number,
        "images": len(unit["files"]) - errors.images,
        "failed": errors.images,
        "seconds": round(time.perf_counter() - began, 3),
    }
    table = pa.Table.from_pylist(rows, schema=_schema(pa, {_SUMMARY: json.dumps(summary)}))
    with complete_file(part) as path:
        pa.parquet.write_table(table, path)
    return summary


def _rows(file: str, settings: dict[str, Any], predictor: Predictor) -> Iterator[dict[str, Any]]:
    path = place_of(file)
    with PictureFile(path.read_bytes() if is_remote(path) else path, printable(file)) as pages:
        for number in range(1, pages.n_pages + 1):
            row = {"file": printable(file), "page": number}
            try:
                with time_budget(settings["budget"]):
                    result = reading.read(
                        load_page(pages, number),
                        predictor,
                        deslant=settings["deslant"],
                        expect=settings["expect"],
                        region=settings["region"],
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
