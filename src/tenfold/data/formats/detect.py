"""What is in a file or folder, told by its content, and read by the one who knows."""

from __future__ import annotations

from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.data.convert import as_images, as_labels
from tenfold.data.dataset import SPLITS
from tenfold.data.formats.class_folders import MAGIC, has_classes, is_image, read_folder
from tenfold.data.formats.csv_tables import read_csv
from tenfold.data.formats.idx import GZIP_MAGIC, dimensions, is_idx, read_idx
from tenfold.data.formats.npz import read_npz
from tenfold.data.formats.parts import Part, Parts, split_of

FORMATS = (
    "an IDX pair, an NPZ file (x_train, y_train), a CSV file (label and 784 pixels a line) or a "
    "folder of class folders"
)


def read(path: Path, resize: bool = False) -> Parts:
    """Return the splits in a file or folder, whatever of the known formats it is.

    Raises:
        InputError: it is none of them, or it is damaged.
    """
    try:
        if path.is_dir():
            return _read_directory(path, resize)
        if not path.stat().st_size:
            raise InputError(f"{path} is empty; needed is {FORMATS}")
        return _read_file(path, resize)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _read_file(path: Path, resize: bool) -> Parts:
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"PK"):
        return read_npz(path, resize)
    if start.startswith((b"\0\0", GZIP_MAGIC)) or _called_idx(path):
        return Parts("IDX", {"train": _read_pair(path, _neighbour(path), resize)})
    if start.startswith(MAGIC):
        raise InputError(f"{path} is a single image; needed is {FORMATS}")
    if start.startswith((b"\x93NUMPY", b"\x80")):
        raise InputError(f"{path} is an array or a pickle; needed is {FORMATS}")
    return Parts("CSV", {"train": read_csv(path, resize)})


def _read_directory(folder: Path, resize: bool) -> Parts:
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and path.name[0] != "."]
    idx = [path for path in files if _called_idx(path) or is_idx(path)]
    if idx:
        return _read_idx_folder(folder, idx, resize)
    tables = {split_of(path.name): path for path in files if path.suffix.lower() == ".csv"}
    if "train" in tables:
        return _read_csv_folder({s: tables[s] for s in SPLITS if s in tables}, resize)
    if has_classes(folder):
        return read_folder(folder, resize)
    single = [path for path in files if path.suffix.lower() in (".npz", ".csv")]
    if len(single) == 1:
        return read(single[0], resize)
    if any(sub.is_dir() for sub in folder.iterdir()):
        return read_folder(folder, resize)
    if any(is_image(path) for path in files):
        raise InputError(
            f"{folder} holds images, but no class folders; put the images of each class into a "
            "folder named after it"
        )
    raise InputError(f"{folder} holds no dataset; needed is {FORMATS}")


def _read_csv_folder(tables: dict[str, Path], resize: bool) -> Parts:
    """Read a table a split; one without labels, as competitions give it, is left out."""
    parts, notes = {}, []
    for split, path in tables.items():
        try:
            parts[split] = read_csv(path, resize)
        except InputError as error:
            if split == "train" or "label column is missing" not in str(error):
                raise
            notes.append(f"{path.name} has no labels and was left out")
    return Parts("CSV", parts, notes=tuple(notes))


def _read_idx_folder(folder: Path, files: list[Path], resize: bool) -> Parts:
    """Read the pairs of images and labels of a folder."""
    plain = {path.name for path in files}
    files = [path for path in files if path.name.removesuffix(".gz") not in plain - {path.name}]
    images = [path for path in files if _holds_images(path)]
    labels = [path for path in files if path not in images]
    pairs: dict[str, tuple[Path, Path]] = {}
    for path in images:
        split = split_of(path.name) or "train"
        if split in pairs:
            raise InputError(
                f"{folder} has several files of {split} images ({pairs[split][0].name}, "
                f"{path.name}); give the path of one of them"
            )
        alone = len(images) == len(labels) == 1
        pairs[split] = (path, labels[0] if alone else _neighbour(path))
    if "train" not in pairs:
        if len(pairs) != 1:
            raise InputError(f"{folder} has no IDX file of training images")
        pairs = {"train": next(iter(pairs.values()))}
    parts = {split: _read_pair(*pairs[split], resize) for split in SPLITS if split in pairs}
    return Parts("IDX", parts)


def _read_pair(images: Path, labels: Path, resize: bool) -> Part:
    pixels = read_idx(images)
    if pixels.ndim < 2:
        raise InputError(
            f"{images} holds labels, not images ({pixels.ndim} dimension where images have 3); "
            "give the file of images, and keep its labels beside it"
        )
    classes = read_idx(labels)
    if classes.ndim != 1:
        raise InputError(
            f"{labels} holds images, not labels ({classes.ndim} dimensions where labels have 1)"
        )
    where = f"{images} with {labels.name}"
    return Part(as_images(pixels, str(images), resize), as_labels(classes, str(labels)), where)


def _neighbour(images: Path) -> Path:
    """Return the file of labels that belongs to a file of images, in the same folder."""
    stem = images.name.removesuffix(".gz")
    name = stem.replace("images", "labels").replace("idx3", "idx1")
    for candidate in (images.with_name(name), images.with_name(f"{name}.gz")):
        if name != stem and candidate.is_file():
            return candidate
    shape = dimensions(images)
    if shape is None or len(shape) < 2:
        read_idx(images)
        raise InputError(
            f"{images} holds labels, not images; give the file of images, and keep its labels "
            "beside it"
        )
    others = [path for path in sorted(images.parent.iterdir()) if path.is_file()]
    fitting = [path for path in others if dimensions(path) == shape[:1]]
    if len(fitting) == 1:
        return fitting[0]
    raise InputError(
        f"no labels beside {images}: {name if name != stem else 'a file of labels'} is missing"
    )


def _holds_images(path: Path) -> bool:
    """Return whether an IDX file is one of images: by its header, or else by its name."""
    shape = dimensions(path)
    called_images = "images" in path.name or "idx3" in path.name
    called_labels = "labels" in path.name or "idx1" in path.name
    if shape is None:
        return called_images
    if called_labels if len(shape) > 1 else called_images:
        kinds = ("images", "labels") if len(shape) > 1 else ("labels", "images")
        raise InputError(f"{path} holds {kinds[0]}, not {kinds[1]} as its name says; rename it")
    return len(shape) > 1


def _called_idx(path: Path) -> bool:
    return "ubyte" in path.name or bool({"idx", "idx1", "idx3"} & set(path.name.split(".")))
