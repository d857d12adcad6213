"""The output folder of a job: what is to be done, what is done, what failed.

- ``job.json``: source, model file and options
- ``plan.jsonl``: the units, one a line
- ``parts/``: the scores, one Parquet file a unit
- ``errors/``: images that could not be scored, one JSON Lines file a unit
- ``manifest.jsonl``: the units that are done, one a line
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.patience import patiently
from tenfold.core.places import complete_file, exists, is_remote, place

FORMAT = 1
_SECONDS_BETWEEN_UPLOADS = 30.0
_PLAN, _JOB, _MANIFEST = "plan.jsonl", "job.json", "manifest.jsonl"


@dataclass(frozen=True)
class Progress:
    """What a job has done.

    Attributes:
        parts: number of units.
        done: units that are done.
        images: images that are scored.
        failed: images that could not be scored; ``errors/`` says why.
        total: images of all units.
        seconds: that all processes together have worked.
        problems: units that failed in this run, and why.
        noun: what is counted: images, or pictures that are read.
    """

    parts: int = 0
    done: int = 0
    images: int = 0
    failed: int = 0
    total: int = 0
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    noun: str = "images"

    @property
    def rate(self) -> float:
        """Images a second of one process."""
        return self.images / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        failed = f", {self.failed:,} failed" if self.failed else ""
        return (
            f"{self.done:,} of {self.parts:,} parts, {self.images:,} of {self.total:,} {self.noun}"
            f"{failed}, {self.rate:,.1f} {self.noun}/s a process"
        )


class Job:
    """The folder of a job.

    Args:
        folder: perhaps not there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._waiting: list[str] = []
        self._flushed = 0.0

    def exists(self) -> bool:
        """Whether the folder holds a job that has a plan."""
        return exists(self.folder / _JOB)

    def settings(self) -> dict[str, Any]:
        """Return what ``create`` was given.

        Raises:
            InputError: the folder holds no job, or one of another version.
        """
        try:
            values: dict[str, Any] = json.loads((self.folder / _JOB).read_text("utf-8"))
            if values["format"] == FORMAT:
                return values
        except FileNotFoundError:
            raise InputError(f"{self.folder}: no scores here; tenfold score writes them") from None
        except (ValueError, KeyError, TypeError):
            pass
        raise InputError(
            f"{self.folder}/{_JOB}: damaged, or of another version of tenfold; score into another "
            "--out"
        )

    def create(self, settings: Mapping[str, Any], plan: Iterator[Mapping[str, Any]]) -> None:
        """Write the plan, then the settings, which make the folder a job."""
        with complete_file(self.folder / _PLAN) as path, path.open("w") as file:
            for unit in plan:
                file.write(f"{json.dumps(unit)}\n")
        with complete_file(self.folder / _JOB) as path:
            path.write_text(json.dumps({"format": FORMAT, **settings}, indent=2), "utf-8")

    def plan(self) -> Iterator[tuple[int, int, int]]:
        """Yield the number of each unit, its place in the plan in bytes, and its images."""
        place, path = 0, self.folder / _PLAN
        whole = patiently(path.read_bytes) if is_remote(path) else None
        with path.open("rb") if whole is None else BytesIO(whole) as file:
            for number, line in enumerate(file):
                yield number, place, json.loads(line)["rows"]
                place += len(line)

    def unit(self, place: int) -> dict[str, Any]:
        """Return the unit at a place in the plan."""
        with (self.folder / _PLAN).open("rb") as file:
            file.seek(place)
            unit: dict[str, Any] = json.loads(file.readline())
        return unit

    def part(self, number: int) -> Path:
        """Return the path of the scores of a unit."""
        return self.folder / "parts" / f"part-{number:07}.parquet"

    def errors(self, number: int | str) -> Path:
        """Return the path of what failed in a unit."""
        name = f"{number:07}" if isinstance(number, int) else number
        return self.folder / "errors" / f"{name}.jsonl"

    def write_errors(self, number: int | str, records: list[dict[str, Any]]) -> None:
        """Write what failed in a unit, if anything did."""
        if records:
            with complete_file(self.errors(number)) as path, path.open("w") as file:
                file.writelines(f"{json.dumps(record)}\n" for record in records)

    def _manifest_lines(self) -> list[bytes]:
        try:
            lines = (self.folder / _MANIFEST).read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        return [line for line in lines if line.endswith(b"\n")]

    def remove_leftovers(self) -> None:
        """Remove unfinished files and lines of killed processes; the folder must be locked."""
        if (self.folder / _MANIFEST).exists():
            self._write_manifest(self._manifest_lines())
        for path in [] if is_remote(self.folder) else self.folder.glob("parts/.*.tmp.*"):
            path.unlink(missing_ok=True)

    def add_done(self, summary: Mapping[str, Any]) -> None:
        """Add a unit to the manifest; on storage elsewhere, with others or by ``flush``."""
        line = f"{json.dumps(summary)}\n"
        if not is_remote(self.folder):
            with (self.folder / _MANIFEST).open("a", encoding="utf-8") as file:
                file.write(line)
            return
        self._waiting.append(line)
        if time.monotonic() - self._flushed > _SECONDS_BETWEEN_UPLOADS:
            self.flush()

    def flush(self) -> None:
        """Write the rest of the manifest to storage elsewhere, which cannot append to a file."""
        if self._waiting:
            lines = [*self._manifest_lines(), *(line.encode() for line in self._waiting)]
            patiently(lambda: self._write_manifest(lines))
            self._waiting, self._flushed = [], time.monotonic()

    def _write_manifest(self, lines: list[bytes]) -> None:
        with complete_file(self.folder / _MANIFEST) as path:
            path.write_bytes(b"".join(lines))

    def done(self) -> dict[int, dict[str, Any]]:
        """Return the units of the manifest by number; a last line that was cut off is ignored."""
        lines = self._manifest_lines()
        summaries = map(json.loads, lines)
        return {summary["part"]: summary for summary in summaries}

    def progress(self, problems: tuple[str, ...] = ()) -> Progress:
        """Return what is done."""
        done = self.done()
        rows = [rows for _, _, rows in self.plan()]
        return Progress(
            len(rows),
            len(done),
            sum(summary["images"] for summary in done.values()),
            sum(summary["failed"] for summary in done.values()),
            sum(rows),
            sum(summary["seconds"] for summary in done.values()),
            problems,
            self.settings().get("noun", "images"),
        )


def status(folder: str | Path) -> Progress:
    """Return what a job of ``tenfold.score`` has done.

    Args:
        folder: its output folder.

    Raises:
        InputError: there is no job.
    """
    job = Job(place(folder))
    job.settings()
    return job.progress()
