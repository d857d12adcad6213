"""Samples: images that the user has labelled, in a folder that ``tenfold.load`` reads.

Each is a PNG file in the folder of its class. What else is known of it stands in the file's own
text chunks, so that a sample is whole or is not there, and moving or removing it by hand is no
harm. Files that were put there by hand are samples too.
"""

from __future__ import annotations

import datetime
import math
import secrets
from collections.abc import Iterator, Mapping, Sequence
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
from tenfold.data.image_files import open_greyscale

SOURCES = ("drawn", "read", "predict")
"""Where the image of a sample may come from."""

BY_HAND = "file"
"""The source of a file that was put into the folder by hand."""


@dataclass(frozen=True)
class Sample:
    """One labelled image.

    Attributes:
        id: of the sample; those of later ones sort after those of earlier ones.
        label: the class that the user says it is.
        guess: the class that was answered; None where nothing was.
        confidence: of that answer, from 0 to 1.
        source: one of ``SOURCES``, or ``file``.
        time: when it was stored, ISO 8601 in UTC.
    """

    id: str
    label: str
    guess: str | None
    confidence: float | None
    source: str
    time: str

    def to_json(self) -> dict[str, Any]:
        """The sample as plain JSON types."""
        return asdict(self)


class Samples:
    """The samples of a folder; several processes may use it at once.

    Args:
        folder: of class folders; it is made with the first sample.
        class_names: the labels that are allowed; None for any that a folder can be called.

    Example:
        >>> import tempfile
        >>> samples = Samples(tempfile.mkdtemp(), ["0", "1"])
        >>> one = samples.add(np.zeros((28, 28), np.uint8), "1", "0", 0.61, "drawn")
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
        """Store an image with its label, whole or not at all.

        Args:
            image: uint8 ``[28, 28]``, light ink on dark.
            label: its class.
            guess: what was answered for it.
            confidence: of that answer.
            source: one of ``SOURCES``.

        Raises:
            InputError: another image, label, confidence or source, or the folder cannot be
                written.
        """
        self._check(image, label, guess, confidence, source)
        moment = datetime.datetime.now(datetime.UTC)
        made = Sample(
            f"{moment:%Y%m%dT%H%M%S}{moment.microsecond:06d}-{secrets.token_hex(3)}",
            label,
            guess,
            None if confidence is None else round(float(confidence), 6),
            source,
            moment.isoformat(timespec="milliseconds"),
        )
        with atomic_write(self._path(made.label, made.id)) as file:
            _picture(image).save(file, "PNG", pnginfo=_facts(made))
        return made

    def remove(self, sample_id: str) -> None:
        """Remove a sample for good.

        Raises:
            InputError: there is none of that id, or it cannot be removed.
        """
        path = self._find(sample_id)
        try:
            path.unlink()
        except FileNotFoundError:  # by another process, in between
            raise _unknown(sample_id) from None
        except OSError as error:
            raise InputError(f"{path}: cannot be removed ({error.strerror})") from error
        with suppress(OSError):  # others are in it
            path.parent.rmdir()

    def list(self, limit: int | None = None, before: str | None = None) -> tuple[Sample, ...]:
        """The samples, newest first.

        Args:
            limit: how many at most.
            before: only those before the sample of this id, for the next page.
        """
        paths = [path for path in self._paths() if before is None or path.stem < before]
        paths.sort(key=lambda path: path.stem, reverse=True)
        return tuple(self._read(path) for path in paths[:limit] if path.exists())

    def counts(self) -> dict[str, int]:
        """How many samples each class has, of those that have any."""
        found: dict[str, int] = {}
        for path in self._paths():
            label = self._label(path)
            found[label] = found.get(label, 0) + 1
        return found

    def image(self, sample_id: str) -> npt.NDArray[np.uint8]:
        """The image of a sample: uint8 ``[28, 28]``.

        Raises:
            InputError: there is none of that id, or its file is damaged or of another size.
        """
        path = self._find(sample_id)
        image = open_greyscale(path)
        if image.size != (SIDE, SIDE):
            raise InputError(f"{path}: {image.width}x{image.height}; samples are {SIDE}x{SIDE}")
        return np.asarray(image)

    def __len__(self) -> int:
        return sum(1 for _ in self._paths())

    def __repr__(self) -> str:
        return f"<Samples {self.folder}: {len(self)}>"

    def _check(
        self, image: Any, label: str, guess: Any, confidence: float | None, source: str
    ) -> None:
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
            raise InputError(f"image: {type(image).__name__}; give uint8 [{SIDE}, {SIDE}]")
        if image.shape != (SIDE, SIDE):
            raise InputError(f"image: uint8 {list(image.shape)}; give uint8 [{SIDE}, {SIDE}]")
        if self.class_names is not None and label not in self.class_names:
            raise InputError(f"label: {label!r}; give one of {', '.join(self.class_names)}")
        check_label(label)
        if guess is not None and not isinstance(guess, str):
            raise InputError(f"guess: {type(guess).__name__}; give the name of a class, or None")
        if confidence is not None and not (math.isfinite(confidence) and 0 <= confidence <= 1):
            raise InputError(f"confidence: {confidence}; give a number from 0 to 1, or None")
        if source not in SOURCES:
            raise InputError(f"source: {source!r}; give one of {', '.join(SOURCES)}")

    def _path(self, label: str, sample_id: str) -> Path:
        return self.folder / folder_name(label) / f"{sample_id}.png"

    def _label(self, path: Path) -> str:
        """The class that a folder is called after, which may hold what no folder's name can."""
        name = path.parent.name
        return next((label for label in self.class_names or () if folder_name(label) == name), name)

    def _paths(self) -> Iterator[Path]:
        if not self.folder.is_dir():
            return
        for place in sorted(self.folder.iterdir()):
            if place.is_dir() and not place.name.startswith((".", "__")):
                yield from (p for p in place.glob("*.png") if not p.name.startswith("."))

    def _read(self, path: Path) -> Sample:
        facts = _text_of(path)
        confidence = facts.get("confidence")
        try:
            sure = None if confidence is None else float(confidence)
        except ValueError:
            sure = None
        return Sample(
            path.stem,
            self._label(path),
            facts.get("guess"),
            sure,
            facts.get("source", BY_HAND),
            facts.get("time") or _changed(path),
        )

    def _find(self, sample_id: str) -> Path:
        """The file of a sample, sought among those there are: an id is never taken as a path."""
        found = next((path for path in self._paths() if path.stem == sample_id), None)
        if found is None:
            raise _unknown(sample_id)
        return found


def check_label(label: str) -> None:
    """Refuse a label that no class folder can be called after.

    Raises:
        InputError: it is empty, too long, or begins or ends as no such name may.
    """
    plain = isinstance(label, str) and label == label.strip() and label.isprintable()
    short = plain and 0 < len(label) <= MAX_LABEL_LENGTH
    if not short or label.startswith((".", "__")) or label.endswith("."):
        raise InputError(
            f"label: {str(label)[:80]!r}; give a name of 1 to {MAX_LABEL_LENGTH} characters "
            "that a folder can have"
        )


@contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Hold a folder of samples for one server, with all its workers, while the block runs.

    The folder is made, so that it is known early whether it can be written, and taken away again
    where nothing was kept in it.

    Raises:
        InputError: another server holds it, or it cannot be made or written.
    """
    folder = Path(folder)
    made = not folder.exists()
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
            if made:
                with suppress(OSError):  # samples are in it
                    folder.rmdir()


def _unknown(sample_id: str) -> InputError:
    return InputError(f"sample {sample_id[:80]!r}: there is none of that id")


def _picture(image: npt.NDArray[np.uint8]) -> Any:
    from PIL import Image

    return Image.fromarray(image)


def _facts(sample: Sample) -> Any:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key in ("guess", "confidence", "source", "time"):
        value = getattr(sample, key)
        if value is not None:
            info.add_itxt(key, str(value))
    return info


def _text_of(path: Path) -> Mapping[str, str]:
    """The text chunks that stand before the pixels; none of a file that is no PNG."""
    from PIL import Image

    try:
        with Image.open(path, formats=("PNG",)) as image:
            found = dict(image.info)
    except Exception:  # Pillow raises all sorts at damaged files, which load names
        return {}
    return {str(key): value for key, value in found.items() if isinstance(value, str)}


def _changed(path: Path) -> str:
    try:
        moment = path.stat().st_mtime
    except OSError:
        moment = 0.0
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat(timespec="milliseconds")
