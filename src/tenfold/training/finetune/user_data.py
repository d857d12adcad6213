"""The user's own images, for a network that is trained on: read, and a part held out of them.

What is held out stays the same when images are added: whole sheets that ``tenfold collect`` cut
up, or else images, are chosen by a checksum of themselves, so that no later training sees what
an earlier one held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import sha256
from tenfold.data import Dataset, Origin, Splits, load
from tenfold.data.formats.class_folders import folder_name
from tenfold.data.formats.detect import read
from tenfold.data.formats.parts import Part, Parts
from tenfold.data.loading import refuse_unreadable, resolve

SHARE = 0.2
"""Of the images, to hold out; and of the sheets, but one at least."""

FEWEST = 50
"""Images of which a fifth is worth holding out: of ten, an interval reaches over half of all."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Own:
    """Images of the user's own, their labels as the network has its classes.

    Attributes:
        name: what to call them.
        source: where they came from, in words.
        again: what ``read_again`` reads them by; None where they were made in memory.
        train: what is trained on.
        held_out: what is not; None where that is nothing.
        how: how it was held out, in words.
        test: a test split of their own; None without.
    """

    name: str
    source: str
    again: dict[str, Any] | None
    train: Dataset
    held_out: Dataset | None
    how: str
    test: Dataset | None


def read_own(data: str | Path | Splits, class_names: tuple[str, ...], resize: bool = False) -> Own:
    """Read the user's own images.

    Args:
        data: what ``tenfold.load`` takes, or splits.
        class_names: those of the network; the images must be of these.
        resize: bring other sizes to 28x28.

    Raises:
        InputError: the data cannot be used, or have classes that the network does not know.
    """
    if isinstance(data, Splits):
        return _of_splits(data, class_names)
    row, path = resolve(data)
    if row is not None:
        return _of_splits(load(data, resize=resize), class_names)
    parts = read(path, resize)
    refuse_unreadable(parts.unreadable)
    again = {"source": str(path.resolve()), "resize": resize}
    return _of_parts(parts, path.resolve(), again, class_names)


def read_again(again: dict[str, Any] | None, class_names: tuple[str, ...]) -> Own:
    """Read images again, as they were read for a training that is recorded.

    Raises:
        InputError: they were made in memory, or are gone.
    """
    if again is None:
        raise InputError(
            "its data were made in memory, and only Python has them; give them again as data=..."
        )
    if "origin" in again:
        return _of_splits(load(**again["origin"]), class_names)
    return read_own(again["source"], class_names, again["resize"])


def _of_splits(splits: Splits, class_names: tuple[str, ...]) -> Own:
    named = {k: _as_known(v, class_names, splits.name) for k, v in splits.present().items()}
    train, held, how = named["train"], named.get("validation"), "its validation images"
    if held is None:
        train, held, how = _hold_out(train, ())
    origin: Origin | None = splits.origin
    again = None if origin is None else {"origin": asdict(origin)}
    return Own(splits.name, splits.source, again, train, held, how, named.get("test"))


def _of_parts(parts: Parts, path: Path, again: dict[str, Any], class_names: tuple[str, ...]) -> Own:
    name = path.stem or "dataset"
    sets = {
        split: _as_known(_dataset(part, parts, name), class_names, str(path))
        for split, part in parts.parts.items()
    }
    train, held, how = sets["train"], sets.get("validation"), "its validation images"
    if held is None:
        train, held, how = _hold_out(train, parts.parts["train"].files)
    return Own(name, f"{path} ({parts.kind})", again, train, held, how, sets.get("test"))


def _dataset(part: Part, parts: Parts, name: str) -> Dataset:
    if not len(part.labels):
        raise InputError(f"{part.where} holds no images; at least one is needed")
    return Dataset(part.images, part.labels, parts.names(), name)


def _as_known(data: Dataset, class_names: tuple[str, ...], where: str) -> Dataset:
    """The same images, labelled as the network has its classes."""
    places = {folder_name(known): place for place, known in enumerate(class_names)}
    places |= {known: place for place, known in enumerate(class_names)}
    used = [data.class_names[label] for label in np.unique(data.labels)]
    unknown = [name for name in used if name not in places]
    if unknown:
        raise InputError(
            f"{where}: class {unknown[0]!r} is none of those that the network knows, which are "
            f"{', '.join(class_names)}; leave it out, or train a network of its own"
        )
    place_of = np.array([places.get(name, 0) for name in data.class_names], np.int64)
    return Dataset(data.images, place_of[data.labels], class_names, data.name)


def _hold_out(data: Dataset, files: Sequence[str]) -> tuple[Dataset, Dataset | None, str]:
    """The images less those held out, these, and how."""
    from tenfold.data.sheet_layout import CELL  # which takes half a second: it finds sheets, too

    found = [CELL.fullmatch(file) for file in files]
    sheets = np.array([match["sheet"] if match else "" for match in found] or [""] * len(data))
    chosen = _sheets_to_hold(sheets)
    mask = np.isin(sheets, chosen)
    loose = (sheets == "") if chosen else np.ones(len(data), bool)
    mask |= loose & _by_checksum(data, loose)
    if not mask.any():
        return data, None, f"nothing: {len(data)} images are too few to hold any out"
    how = [f"sheets: {', '.join(chosen)}"] if chosen else []
    if (mask & loose).any():
        how.append(f"{SHARE:.0%} of the images, of the same hands")
    return data[~mask], data[mask], "; ".join(how)


def _sheets_to_hold(sheets: npt.NDArray[np.str_]) -> list[str]:
    """A fifth of the sheets, where there are several."""
    names = sorted(set(sheets.tolist()) - {""}, key=lambda name: sha256(name.encode()))
    return names[: max(1, round(SHARE * len(names)))] if len(names) > 1 else []


def _by_checksum(data: Dataset, loose: Mask) -> Mask:
    """A fifth of the images, by their own checksums; none where they are few."""
    if loose.sum() < FEWEST:
        return np.zeros(len(data), bool)
    numbers = np.array([int(digest[:8], 16) for digest in data.digests.tolist()], np.int64)
    chosen: Mask = numbers < SHARE * (1 << 32)
    return chosen
