"""TensorBoard events of a run: its history as scalars, one folder a seed."""

from __future__ import annotations

import shutil
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

FOLDER = "tensorboard"


class Events:
    """Writes the history of each seed as TensorBoard events while it grows.

    A training that goes on starts its events anew from its history, so that none is missing
    or doubled.
    """

    def __init__(
        self, folder: Path, seeds: Sequence[int], history: Sequence[Mapping[str, Any]]
    ) -> None:
        shutil.rmtree(folder / FOLDER, ignore_errors=True)
        self.files = {seed: _open(folder / FOLDER / f"seed-{seed}") for seed in seeds}
        self.add(history)

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows of the history."""
        for row in rows:
            for name, value in row.items():
                if name not in ("epoch", "seed"):
                    self.files[row["seed"]].write(_scalar(_tag(name), value, row["epoch"]))

    def close(self) -> None:
        """Finish the files."""
        for file in self.files.values():
            file.close()


def _open(folder: Path) -> IO[bytes]:
    """Begin an event file; unbuffered, so that what fails, fails here and leaves no thread."""
    from tensorboardX.proto.event_pb2 import Event

    folder.mkdir(parents=True, exist_ok=True)
    name = f"events.out.tfevents.{int(time.time()):010}.{socket.gethostname()}"
    file = (folder / name).open("wb", buffering=0)
    file.write(_record(Event(wall_time=time.time(), file_version="brain.Event:2")))
    return file


def _scalar(tag: str, value: float, step: int) -> bytes:
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary

    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    return _record(Event(wall_time=time.time(), step=step, summary=summary))


def _record(event: Any) -> bytes:
    """An event in TensorFlow's record format: length, data, and a masked CRC32-C of each."""
    from tensorboardX.record_writer import masked_crc32c

    data = event.SerializeToString()
    length = struct.pack("<Q", len(data))
    parts = (length, _checksum(masked_crc32c(length)), data, _checksum(masked_crc32c(data)))
    return b"".join(parts)


def _checksum(value: int) -> bytes:
    return struct.pack("<I", value)


def _tag(name: str) -> str:
    split = "validation" if name.startswith("val_") else "train"
    return f"{name.removeprefix('val_')}/{split}"
