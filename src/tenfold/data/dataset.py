"""A dataset: images with their labels and class names; and the splits it comes in."""

from __future__ import annotations

import base64
import hashlib
import html
import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data.lazy_images import LazyImages, in_chunks, select

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Index = slice | NDArray[np.integer[Any]] | NDArray[np.bool_] | list[int] | list[bool]

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images with their labels. Nothing in it changes: its arrays are read-only views.

    Attributes:
        images: uint8 [n, height, width], 0 to 255. Over 512 MiB that were chosen from an array
            are left where they are (`LazyImages`) and read as they are asked for.
        labels: int64 [n], 0 to classes - 1.
        class_names: one a class, in the order of the labels.
        name: what to call it in titles and reports.

    Raises:
        InputError: the arrays are not of this kind, or do not fit each other.

    Examples:
        >>> import numpy as np
        >>> data = Dataset(np.zeros((3, 28, 28), np.uint8), np.array([0, 1, 1]), ("off", "on"))
        >>> len(data), data.shape, data.counts()
        (3, (3, 28, 28), {'off': 1, 'on': 2})
        >>> data[1:].labels
        array([1, 1])
    """

    images: Images
    labels: Labels
    class_names: tuple[str, ...]
    name: str = "dataset"

    def __post_init__(self) -> None:
        images, labels = _frozen_images(self.images), _frozen_labels(self.labels)
        names = tuple(str(name) for name in self.class_names)
        if len(images) != len(labels):
            raise InputError(
                f"labels must be as many as images: {len(labels)} labels, {len(images)} images"
            )
        if len(labels) and not (labels.min() >= 0 and labels.max() < len(names)):
            raise InputError(
                f"labels must be 0 to {len(names) - 1} for {len(names)} class names; "
                f"they run from {labels.min()} to {labels.max()}"
            )
        if len(set(names)) < len(names):
            raise InputError(f"class names must differ from each other; received {list(names)}")
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "class_names", names)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Index) -> Dataset:
        """Return the images that a slice, an index array or a boolean mask selects.

        Examples:
            >>> from tenfold.data import load
            >>> test = load("mnist").test
            >>> sevens = test[test.labels == 7]
            >>> len(sevens), test[[0, 17]].labels
            (1028, array([7, 7]))
        """
        if isinstance(index, (int, np.integer)):
            raise TypeError(f"a Dataset takes a slice, an index array or a mask: [[{index}]]")
        chosen = index if isinstance(index, slice) else np.asarray(index)
        images = select(self.images, chosen)
        return Dataset(images, self.labels[chosen], self.class_names, self.name)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of the images: how many, height, width."""
        count, height, width = self.images.shape
        return count, height, width

    def counts(self) -> dict[str, int]:
        """Return how many images each class has, by class name, in the order of the labels."""
        counts = np.bincount(self.labels, minlength=len(self.class_names))
        return dict(zip(self.class_names, counts.tolist(), strict=True))

    @cached_property
    def checksum(self) -> str:
        """The SHA-256 over shape, images and labels: the same data has the same one anywhere."""
        digest = hashlib.sha256(repr(self.shape).encode())
        for images in in_chunks(self.images):
            digest.update(np.ascontiguousarray(images).data)
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()

    @cached_property
    def digests(self) -> NDArray[np.str_]:
        """What each image is known by, wherever it stands: str [n], 16 hexadecimal digits.

        They are the first of the SHA-256 over height, width and bytes of the image.

        Examples:
            >>> from tenfold.data import load
            >>> load("mnist").test[:2].digests.tolist()
            ['6732afca7d626dd6', '9635b5febf10645d']
        """
        start = hashlib.sha256(repr(self.shape[1:]).encode())
        found = np.empty(len(self), "U16")
        each = (image for images in in_chunks(self.images) for image in images)
        for i, image in enumerate(each):
            digest = start.copy()
            digest.update(image.tobytes())
            found[i] = digest.hexdigest()[:16]
        return found

    def scaled(self, flat: bool = False) -> NDArray[np.float32]:
        """Return the images as float32 in [0, 1]: [n, height, width], or [n, pixels] if `flat`.

        Examples:
            >>> from tenfold.data import load
            >>> x = load("mnist").test[:100].scaled(flat=True)
            >>> x.shape, x.dtype, float(x.max())
            ((100, 784), dtype('float32'), 1.0)
        """
        scaled = np.divide(self.images, np.float32(255), dtype=np.float32)
        return scaled.reshape(len(self), -1) if flat else scaled

    def one_hot(self) -> NDArray[np.float32]:
        """Return the labels as float32 [n, classes], one 1 in each row.

        Examples:
            >>> from tenfold.data import load
            >>> load("mnist").test[:1].one_hot()
            array([[0., 0., 0., 0., 0., 0., 0., 1., 0., 0.]], dtype=float32)
        """
        return np.eye(len(self.class_names), dtype=np.float32)[self.labels]

    def gallery(self, rows: int = 5, columns: int = 10, seed: int | None = None) -> Figure:
        """Return a picture of the first images, or of a random draw with `seed`, with labels.

        Examples:
            >>> from tenfold.data import load
            >>> figure = load("mnist").test.gallery(rows=1, columns=3, seed=4)
        """
        from tenfold import figures

        count = min(rows * columns, len(self))
        chosen = np.arange(count)
        if seed is not None:
            chosen = np.random.default_rng(seed).choice(len(self), count, replace=False)
        titles = [self.class_names[label] for label in self.labels[chosen]]
        return figures.gallery(self.images[chosen], titles=titles, columns=columns)

    def _summary(self) -> str:
        count, height, width = self.shape
        return f"{self.name}: {count:,} images {height}x{width}, {len(self.class_names)} classes"

    def __repr__(self) -> str:
        return f"<Dataset {self._summary()}>"

    def _repr_html_(self) -> str:
        return _html(self._summary(), self)


@dataclass(frozen=True)
class Origin:
    """What `load` was asked for, so that it can be asked again: `load(**asdict(origin))`.

    Attributes:
        source: the dataset's name, or the absolute path.
        validation: how many images were to be held out.
        seed: of the draw that held them out.
        resize: whether other sizes were brought to 28x28.
        corrections: the absolute path of the file of corrections; None without one.
    """

    source: str
    validation: int
    seed: int
    resize: bool
    corrections: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Splits:
    """A dataset as it is worked with: train, validation held out of train, and test.

    Attributes:
        name: the name that `load` knows, or the file's or folder's own.
        train: what networks learn from.
        validation: what choices are made on; None when nothing was held out.
        test: what is opened once, at the end; None when there is none.
        source: where it all came from, in words, for the record.
        validation_seed: the seed of the draw that held the validation images out.
        origin: what `load` was asked for; None for splits that were made by hand.

    Examples:
        >>> from tenfold.data import load
        >>> load("mnist")
        <Splits mnist: train 55,000, validation 5,000, test 10,000 images 28x28, 10 classes>
    """

    name: str
    train: Dataset
    validation: Dataset | None
    test: Dataset | None
    source: str
    validation_seed: int
    origin: Origin | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the labels."""
        return self.train.class_names

    def present(self) -> dict[str, Dataset]:
        """Return the splits that there are, by name.

        Examples:
            >>> from tenfold.data import load
            >>> {name: len(split) for name, split in load("mnist").present().items()}
            {'train': 55000, 'validation': 5000, 'test': 10000}
        """
        splits = {name: getattr(self, name) for name in SPLITS}
        return {name: split for name, split in splits.items() if split is not None}

    def _summary(self) -> str:
        sizes = ", ".join(f"{name} {len(split):,}" for name, split in self.present().items())
        _, height, width = self.train.shape
        return f"{self.name}: {sizes} images {height}x{width}, {len(self.class_names)} classes"

    def __repr__(self) -> str:
        return f"<Splits {self._summary()}>"

    def _repr_html_(self) -> str:
        return _html(self._summary(), self.train)


def _frozen_images(images: Any) -> Images:
    if isinstance(images, LazyImages):
        return cast(Images, images)  # stands in the place of an array
    array = np.asarray(images)
    if array.dtype != np.uint8 or array.ndim != 3:
        raise InputError(
            f"images must be uint8 [n, height, width]; received {array.dtype} {list(array.shape)}"
        )
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


def _frozen_labels(labels: Any) -> Labels:
    array = np.asarray(labels)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise InputError(
            f"labels must be whole numbers [n]; received {array.dtype} {list(array.shape)}"
        )
    view = array.astype(np.int64, copy=False).view(np.ndarray)
    view.flags.writeable = False
    return view


def _html(summary: str, dataset: Dataset) -> str:
    """Return a line of text and a gallery, as a notebook shows them."""
    line = f"<p>{html.escape(summary)}</p>"
    if not len(dataset):
        return line
    buffer = io.BytesIO()
    dataset.gallery(rows=3).savefig(buffer, format="png", dpi=80)
    picture = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'{line}<img alt="{html.escape(summary)}" src="data:image/png;base64,{picture}">'
