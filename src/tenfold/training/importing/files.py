"""The files of a model trained elsewhere: the model itself, and the names of its classes."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from tenfold.core.errors import InputError
from tenfold.data.containers import said_of
from tenfold.export.model_file import MAX_BYTES

KERAS, HDF5, ONNX = (".keras",), (".h5", ".hdf5"), (".onnx",)
_TEACHABLE = "keras_model.h5"
_LABELS = ("labels.txt", "classes.txt", "class_names.txt")
_ALLOWED = "give a .keras, .h5 or .onnx file, or Teachable Machine's export for Keras"
_ONNX_OF = "export it as ONNX where its software is installed, with "
_OTHERS = {
    (".pt", ".pth", ".ckpt", ".safetensors"): f"a PyTorch file; {_ONNX_OF}torch.onnx.export",
    (".pkl", ".pickle", ".joblib"): f"a pickle, which may run code; {_ONNX_OF}skl2onnx",
    (".tflite",): "TensorFlow Lite; give the .keras or .h5 file that it was made of",
    (".pb", ".meta"): "TensorFlow; load it there and save it as .keras or .h5",
    (".json",): "no weights (TensorFlow.js?); give the .keras or .h5 file",
}


@dataclass(frozen=True)
class ModelFile:
    """A model on disk.

    Attributes:
        path: of the file.
        given: the path as the user gave it.
        class_names: of its labels, or none.
        teachable: whether Teachable Machine wrote it.
    """

    path: Path
    given: Path
    class_names: tuple[str, ...] = ()
    teachable: bool = False

    @property
    def is_onnx(self) -> bool:
        """Whether it is an ONNX file."""
        return self.path.suffix.lower() in ONNX


@contextmanager
def opened(given: str | Path) -> Iterator[ModelFile]:
    """Find the model in a file, a folder or a ZIP archive, which is unpacked meanwhile.

    Raises:
        InputError: there is none, there are several, or it is of a kind that is not read.
    """
    path = Path(given).expanduser()
    if not path.exists():
        raise InputError(f"{given}: no such file or folder; {_ALLOWED}")
    is_zip = path.suffix.lower() == ".zip" or (
        path.is_file() and path.suffix.lower() not in (*KERAS, *HDF5, *ONNX)
    )
    if path.is_file() and is_zip and zipfile.is_zipfile(path):
        with TemporaryDirectory(prefix="tenfold-") as folder:
            _unpack(path, Path(folder))
            yield _in_folder(Path(folder), path)
    elif path.is_dir():
        yield _in_folder(path, path)
    else:
        yield _checked(path, path)


def read_class_names(given: Sequence[str] | str | Path) -> tuple[str, ...]:
    """Return names of classes: a list, text with commas, or a text file with one a line.

    Example:
        >>> read_class_names("zero,one")
        ('zero', 'one')
    """
    if isinstance(given, str) and not Path(given).is_file():
        given = given.split(",")
    names = _labels(Path(given)) if isinstance(given, (str, Path)) else tuple(map(str, given))
    names = tuple(name.strip() for name in names)
    if len(set(names)) != len(names) or not all(names):
        raise InputError(f"class_names: {', '.join(names)[:100]}; give each class another name")
    return names


def _in_folder(folder: Path, given: Path) -> ModelFile:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    models = [p for p in files if p.suffix.lower() in (*KERAS, *HDF5, *ONNX)]
    if len(models) != 1:
        other = next((p for p in files if _advice(p)), None)
        if not models and other is not None:
            raise InputError(f"{given}: holds {other.name}, which is {_advice(other)}")
        listed = ", ".join(str(p.relative_to(folder)) for p in models) or "none"
        raise InputError(f"{given}: holds {len(models)} models ({listed[:100]}); {_ALLOWED}")
    labels = next((p for p in files if p.name.lower() in _LABELS), None)
    names = () if labels is None else read_class_names(labels)
    teachable = models[0].name == _TEACHABLE
    return _checked(models[0], given, names, teachable)


def _checked(
    path: Path, given: Path, names: tuple[str, ...] = (), teachable: bool = False
) -> ModelFile:
    if advice := _advice(path):
        raise InputError(f"{given}: is {advice}")
    if path.suffix.lower() not in (*KERAS, *HDF5, *ONNX):
        raise InputError(f"{given}: not a model that can be imported; {_ALLOWED}")
    with path.open("rb") as file:
        if said := said_of(file.read(512)):
            raise InputError(f"{given}: is {said}")
    return ModelFile(path, given, names, teachable or path.name == _TEACHABLE)


def _advice(path: Path) -> str:
    return next((text for ends, text in _OTHERS.items() if path.suffix.lower() in ends), "")


def _labels(path: Path) -> tuple[str, ...]:
    """One name a line; Teachable Machine writes the index before it."""
    lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    numbered = [re.fullmatch(r"(\d+)[ ,:\t]+(.+)", line) for line in lines]
    if lines and all(m and int(m[1]) == i for i, m in enumerate(numbered)):
        return tuple(m[2] for m in numbered if m)
    return tuple(lines)


def _unpack(path: Path, folder: Path) -> None:
    """Unpack models and labels, whatever folders they are in, up to the limit of bytes."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = PurePosixPath(info.filename.replace("\\", "/")).name
            if info.is_dir() or name.startswith(".") or "__MACOSX" in info.filename:
                continue
            if info.file_size > MAX_BYTES:
                raise InputError(f"{path}: {name} is over {MAX_BYTES >> 30} GiB")
            with archive.open(info) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target)
