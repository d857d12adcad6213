"""The user's images for fine-tuning: read, with a part of them held out.

What is held out stays held out when images are added: sheets that ``tenfold collect`` cut, or
else single images, are chosen by their checksums. So no later training learns from an image that
an earlier one was evaluated on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import sha256
from tenfold.data import Dataset, ReadOptions, Splits, load
from tenfold.data.arrays import read_arrays
from tenfold.data.formats.registry import read_raw
from tenfold.data.loading import resolve, without_unreadable
from tenfold.data.raw_data import RawData
from tenfold.data.relabelling import relabelled

HELD_OUT_SHARE = 0.2
"""Share of the sheets, at least one, or of the images that are held out."""

MIN_IMAGES_TO_HOLD_OUT = 50
"""With fewer, the 95 % interval of an accuracy on a fifth of the images covers half the range."""

OWN_VALIDATION = "its validation images"

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class UserData:
    """The user's images, labelled with the classes of the pretrained network.

    Attributes:
        name: of the data, for messages.
        source: where they came from, in words.
        reload: arguments of ``reload_user_data``; None for data made in memory.
        train: images to train on.
        held_out: images held out; None if there are too few.
        held_out_by: how they were held out, in words.
        test: the data's test split, or None.
    """

    name: str
    source: str
    reload: dict[str, Any] | None
    train: Dataset
    held_out: Dataset | None
    held_out_by: str
    test: Dataset | None


def load_user_data(
    data: str | Path | Splits | Dataset | Sequence[Any],
    class_names: tuple[str, ...],
    options: Mapping[str, Any] | None = None,
) -> UserData:
    """Load the user's images and hold a part of them out.

    Args:
        data: as for ``tenfold.load``, or splits.
        class_names: of the pretrained network; the images must be of these classes.
        options: how to read files; as keyword arguments of ``tenfold.load``.

    Raises:
        InputError: the data cannot be read, or have a class that the network does not have.
    """
    if isinstance(data, Splits):
        return _from_splits(data, class_names)
    if not isinstance(data, (str, Path)):
        raw = read_arrays(data, ReadOptions.of(options or {}))
        return _from_raw(raw, "arrays", None, class_names)
    named, path = resolve(data)
    if named is not None:
        return _from_splits(load(data, **(options or {})), class_names)
    reading = ReadOptions.of(options or {})
    raw = without_unreadable(read_raw(path, reading), reading)
    source = str(path.resolve())
    return _from_raw(raw, source, {"source": source, **reading.given()}, class_names)


def reload_user_data(reload: dict[str, Any] | None, class_names: tuple[str, ...]) -> UserData:
    """Load the images of an earlier fine-tuning again.

    Args:
        reload: ``UserData.reload``, as the run recorded it.
        class_names: of the pretrained network.

    Raises:
        InputError: the data were made in memory, or are missing.
    """
    if reload is None:
        raise InputError("its data were made in memory and are not stored; pass them as data=...")
    if "origin" in reload:
        return _from_splits(load(**reload["origin"]), class_names)
    options = {name: value for name, value in reload.items() if name != "source"}
    return load_user_data(reload["source"], class_names, options)


def _from_splits(splits: Splits, class_names: tuple[str, ...]) -> UserData:
    sets = {
        split: relabelled(data, class_names, splits.name)
        for split, data in splits.present().items()
    }
    reload = None if splits.origin is None else {"origin": asdict(splits.origin)}
    return _user_data(splits.name, splits.source, reload, sets, files=())


def _from_raw(
    raw: RawData, source: str, reload: dict[str, Any] | None, class_names: tuple[str, ...]
) -> UserData:
    name = Path(source).stem or "dataset"
    sets = {
        split: relabelled(_dataset(split, raw, name), class_names, source) for split in raw.splits
    }
    files = raw.splits["train"].file_names
    return _user_data(name, f"{source} ({raw.format})", reload, sets, files)


def _dataset(split: str, raw: RawData, name: str) -> Dataset:
    if not len(raw.splits[split].labels):
        raise InputError(f"{raw.splits[split].origin} holds no images; at least one is needed")
    return raw.dataset(split, name)


def _user_data(
    name: str,
    source: str,
    reload: dict[str, Any] | None,
    sets: dict[str, Dataset],
    files: Sequence[str],
) -> UserData:
    train, held_out, held_out_by = sets["train"], sets.get("validation"), OWN_VALIDATION
    if held_out is None:
        train, held_out, held_out_by = _hold_out(train, files)
    return UserData(name, source, reload, train, held_out, held_out_by, sets.get("test"))


def _hold_out(data: Dataset, files: Sequence[str]) -> tuple[Dataset, Dataset | None, str]:
    """Split into train and held out, and describe how."""
    from tenfold.data.sheet_layout import CELL  # half a second: it imports what detects sheets

    matches = [CELL.fullmatch(file) for file in files]
    sheets = np.array([m["sheet"] if m else "" for m in matches] or [""] * len(data))
    chosen = _sheets_to_hold_out(sheets)
    mask = np.isin(sheets, chosen)
    single = (sheets == "") if chosen else np.ones(len(data), bool)
    mask |= single & _images_to_hold_out(data, single)
    if not mask.any():
        return data, None, f"nothing: {len(data)} images are too few to hold any out"
    held_out_by = [f"sheets: {', '.join(chosen)}"] if chosen else []
    if (mask & single).any():
        held_out_by.append(f"{HELD_OUT_SHARE:.0%} of the images, of the same handwriting")
    return data[~mask], data[mask], "; ".join(held_out_by)


def _sheets_to_hold_out(sheets: npt.NDArray[np.str_]) -> list[str]:
    """A fifth of the sheets, if there are several."""
    names = sorted(set(sheets.tolist()) - {""}, key=lambda name: sha256(name.encode()))
    return names[: max(1, round(HELD_OUT_SHARE * len(names)))] if len(names) > 1 else []


def _images_to_hold_out(data: Dataset, candidates: Mask) -> Mask:
    """About a fifth of the images, chosen by their checksums; none of too few candidates."""
    if candidates.sum() < MIN_IMAGES_TO_HOLD_OUT:
        return np.zeros(len(data), bool)
    numbers = np.array([int(digest[:8], 16) for digest in data.digests.tolist()], np.int64)
    chosen: Mask = numbers < HELD_OUT_SHARE * (1 << 32)
    return chosen
