"""Tensors that PyTorch saved, such as training.pt and test.pt of torchvision."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.dataset import SPLITS
from tenfold.data.formats.registry import Format, Location
from tenfold.data.in_memory import stored_in_memory
from tenfold.data.raw_data import RawData, split_of

_SUFFIXES = (".pt", ".pth")


def _recognizes(location: Location) -> bool:
    if location.is_folder:
        return "train" in _files(location)
    if location.header.startswith(b"PK"):
        return _is_torch_zip(location.path)
    return location.path.suffix.lower() in _SUFFIXES and location.header.startswith(b"\x80")


def _is_torch_zip(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/data.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _files(location: Location) -> dict[str, Path]:
    """Return the file of each split; torchvision keeps the same images in the folder raw."""
    if (location.path.parent / "raw").is_dir() and location.path.name == "processed":
        return {}
    files = location.with_suffix(_SUFFIXES)
    found = {split_of(path.stem): path for path in reversed(files)}
    return {split: found[split] for split in SPLITS if split in found}


def _read(location: Location, options: ReadOptions) -> RawData:
    if not location.is_folder:
        return _stored(load_tensors(location.path), location.path, options)
    return _stored(
        {s: load_tensors(path) for s, path in _files(location).items()}, location.path, options
    )


def _stored(value: Any, path: Path, options: ReadOptions) -> RawData:
    try:
        raw = stored_in_memory(value, options)
    except InputError as error:
        raise InputError(f"{path}: {error}"[:300]) from None
    if raw is None:
        raise InputError(f"{path} holds {type(value).__name__}; save images and labels: (x, y)")
    return replace(raw, format="")


def load_tensors(path: Path) -> Any:
    """Return the tensors, numbers and containers in a file.

    Raises:
        InputError: it holds anything else, or is damaged; or PyTorch is not installed.
    """
    try:
        import torch
    except ImportError:
        raise InputError(
            f"{path} is of PyTorch; to read it, pip install 'tenfold[torch]'"
        ) from None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types
        raise InputError(
            f"{path} is damaged, or holds objects beside tensors, which could run code; save "
            "images and labels: torch.save((x, y), path)"
        ) from error


FORMAT = Format(
    name="PyTorch",
    description="tensors of images and labels in one file, or training.pt and test.pt in a folder; "
    "needs tenfold[torch]",
    priority=3,
    recognizes=_recognizes,
    read=_read,
    suffixes=_SUFFIXES,
)
