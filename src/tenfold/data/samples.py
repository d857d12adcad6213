"""Samples: images labelled by the user, in a folder that ``tenfold.load`` reads.

Each sample is a PNG file in the folder of its class. Its metadata are text chunks of the file, so
a sample is written atomically, and users can move, remove or add files by hand.
"""

from __future__ import annotations

import datetime
import math
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.core.limits import MAX_LABEL_LENGTH
from tenfold.core.locks import lock_folder
from tenfold.data.formats.class_folders import folder_name
from tenfold.data.image_files import open_image

SOURCES = ("drawn", "read", "predict")
"""Where the image of a sample comes from."""

BY_HAND = "file"
"""The source of a file that the user put into the folder."""


class UnknownSampleError(InputError):
    """There is no sample of the requested ID."""


@dataclass(frozen=True)
class Sample:
    """One labelled image.

    Attributes:
        id: unique; ids sort by time.
        label: class name given by the user.
        guess: class name predicted for it, or None.
        confidence: of that prediction, 0 to 1, or None.
        source: one of ``SOURCES``, or ``BY_HAND``.
        time: when it was stored, ISO 8601 in UTC.
    """

    id: str
    label: str
    guess: str | None
    confidence: float | None
    source: str
    time: str

    def to_json(self) -> dict[str, Any]:
        """Return the sample as plain JSON types."""
        return asdict(self)


class Samples:
    """The samples in a folder, which several processes may use at once.

    Args:
        folder: has one subfolder a class; it is made with the first sample.
        class_names: allowed labels; None for any that can be the name of a folder.

    Example:
        >>> import tempfile
        >>> samples = Samples(tempfile.mkdtemp(), ["0", "1"])
        >>> sample = samples.add(np.zeros((28, 28), np.uint8), "1", "0", 0.61, "drawn")
        >>> [sample.label for sample in samples.list()], samples.counts()
        (['1'], {'1': 1})
    """

    def __init__(self, folder: str | Path, class_names: Sequence[str] | None = None) -> None:
        self.folder = Path(folder)
        self.class_names = None if class_names is None else tuple(class_names)

    def add(
        self,
        image: npt.NDArray[np.uint8],
        label: str,
        guess: str | None = None,
        confidence: float | None = None,
        source: str = "drawn",
    ) -> Sample:
        """Store an image with its label, atomically.

        Args:
            image: uint8 ``[28, 28]``, light ink on dark.
            label: class name.
            guess: class name predicted for it, or None.
            confidence: of that prediction, 0 to 1, or None.
            source: one of ``SOURCES``.

        Raises:
            InputError: an argument is not as described, or the folder cannot be written.
        """
        from PIL import Image

        self._validate(image, label, guess, confidence, source)
        moment = datetime.datetime.now(datetime.UTC)
        sample = Sample(
            f"{moment:%Y%m%dT%H%M%S}{moment.microsecond:06d}-{secrets.token_hex(3)}",
            label,
            guess,
            None if confidence is None else round(float(confidence), 6),
            source,
            moment.isoformat(timespec="milliseconds"),
        )
        path = self.folder / folder_name(label) / f"{sample.id}.png"
        with atomic_write(path) as file:
            Image.fromarray(image).save(file, "PNG", pnginfo=_text_chunks(sample))
        return sample

    def remove(self, sample_id: str) -> None:
        """Delete the file of a sample, and the folder of its class if it becomes empty.

        Raises:
            UnknownSampleError: there is no sample of that id.
            InputError: it cannot be deleted.
        """
        path = self._find(sample_id)
        try:
            path.unlink()
        except FileNotFoundError:  # another process was faster
            raise _unknown_id(sample_id) from None
        except OSError as error:
            raise InputError(f"{path}: cannot be removed ({error.strerror})") from error
        with suppress(OSError):  # it is not empty
            path.parent.rmdir()

    def list(self, limit: int | None = None, before: str | None = None) -> tuple[Sample, ...]:
        """Return the samples, newest first.

        Args:
            limit: maximal number; None for all.
            before: id of the last sample of the previous page; None for the first page.
        """
        paths = [path for path in self._paths() if before is None or path.stem < before]
        paths.sort(key=lambda path: path.stem, reverse=True)
        return tuple(self._read(path) for path in paths[:limit] if path.exists())

    def counts(self) -> dict[str, int]:
        """Return the number of samples of each class that has any."""
        return dict(Counter(self._label(path) for path in self._paths()))

    def image(self, sample_id: str) -> npt.NDArray[np.uint8]:
        """Return the image of a sample: uint8 ``[28, 28]``.

        Raises:
            UnknownSampleError: there is no sample of that id.
            InputError: its file is damaged or of another size.
        """
        path = self._find(sample_id)
        image = open_image(path).convert("L")
        if image.size != (SIDE, SIDE):
            raise InputError(f"{path}: {image.width}x{image.height}; samples are {SIDE}x{SIDE}")
        return np.asarray(image)

    def __len__(self) -> int:
        return sum(1 for _ in self._paths())

    def __repr__(self) -> str:
        return f"<Samples {self.folder}: {len(self)}>"

    def _validate(
        self, image: Any, label: str, guess: Any, confidence: float | None, source: str
    ) -> None:
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
            raise InputError(f"image: {type(image).__name__}; give uint8 [{SIDE}, {SIDE}]")
        if image.shape != (SIDE, SIDE):
            raise InputError(f"image: uint8 {list(image.shape)}; give uint8 [{SIDE}, {SIDE}]")
        if self.class_names is not None and label not in self.class_names:
            raise InputError(f"label: {label!r}; give one of {', '.join(self.class_names)}")
        _validate_label(label)
        if guess is not None and not isinstance(guess, str):
            raise InputError(f"guess: {type(guess).__name__}; give the name of a class, or None")
        if confidence is not None and not (math.isfinite(confidence) and 0 <= confidence <= 1):
            raise InputError(f"confidence: {confidence}; give a number from 0 to 1, or None")
        if source not in SOURCES:
            raise InputError(f"source: {source!r}; give one of {', '.join(SOURCES)}")

    def _label(self, path: Path) -> str:
        """Return the class of a folder; its name may have characters that folders cannot have."""
        name = path.parent.name
        return next((label for label in self.class_names or () if folder_name(label) == name), name)

    def _paths(self) -> Iterator[Path]:
        if not self.folder.is_dir():
            return
        for folder in sorted(self.folder.iterdir()):
            if folder.is_dir() and not folder.name.startswith((".", "__")):
                yield from (path for path in folder.glob("*.png") if path.name[0] != ".")

    def _read(self, path: Path) -> Sample:
        text = _read_text_chunks(path)
        confidence: float | None
        try:
            confidence = float(text["confidence"])
        except (KeyError, ValueError):
            confidence = None
        return Sample(
            path.stem,
            self._label(path),
            text.get("guess"),
            confidence,
            text.get("source", BY_HAND),
            text.get("time") or _modified(path),
        )

    def _find(self, sample_id: str) -> Path:
        """Return the file of a sample from the listing, since an id may be a harmful path."""
        match = next((path for path in self._paths() if path.stem == sample_id), None)
        if match is None:
            raise _unknown_id(sample_id)
        return match


def _validate_label(label: str) -> None:
    """Check that a label can be the name of a class folder.

    Raises:
        InputError: it is empty or too long, or begins or ends as no such name may.
    """
    is_text = isinstance(label, str) and label == label.strip() and label.isprintable()
    has_length = is_text and 0 < len(label) <= MAX_LABEL_LENGTH
    if not has_length or label.startswith((".", "__")) or label.endswith("."):
        raise InputError(
            f"label: {str(label)[:80]!r}; give a name of 1 to {MAX_LABEL_LENGTH} characters "
            "that a folder can have"
        )


@contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Lock a folder of samples for one server, with all its workers, while the block runs.

    The folder is made first, which shows whether it can be written, and removed at the end if it
    is empty.

    Raises:
        InputError: another server has locked it, or it cannot be made or written.
    """
    folder = Path(folder)
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{secrets.token_hex(4)}.tmp"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"{folder}: samples cannot be stored there ({error.strerror}); give another folder"
        ) from None
    with lock_folder(
        folder, f"{folder}: another server uses it; stop that one, or give another folder"
    ):
        try:
            yield
        finally:
            if is_new:
                with suppress(OSError):  # it is not empty
                    folder.rmdir()


def _unknown_id(sample_id: str) -> UnknownSampleError:
    return UnknownSampleError(f"sample {sample_id[:80]!r}: no sample has this id")


def _text_chunks(sample: Sample) -> Any:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key in ("guess", "confidence", "source", "time"):
        value = getattr(sample, key)
        if value is not None:
            info.add_itxt(key, str(value))
    return info


def _read_text_chunks(path: Path) -> dict[str, str]:
    """Return the text chunks before the pixels; none if the file is not a PNG."""
    from PIL import Image

    try:
        with Image.open(path, formats=("PNG",)) as image:
            info = dict(image.info)
    except Exception:  # Pillow raises many types for damaged files, which load reports
        return {}
    return {str(key): value for key, value in info.items() if isinstance(value, str)}


def _modified(path: Path) -> str:
    try:
        moment = path.stat().st_mtime
    except OSError:
        moment = 0.0
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat(timespec="milliseconds")
