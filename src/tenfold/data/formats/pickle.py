"""Pickles of arrays, such as mnist.pkl.gz, read without running the code that a pickle can hold."""

from __future__ import annotations

import codecs
import collections
import io
import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.formats.registry import Format, Location
from tenfold.data.in_memory import stored_in_memory
from tenfold.data.raw_data import RawData
from tenfold.data.tables.source import COMPRESSED, open_decompressed, read_bytes

_SUFFIXES = (".pkl", ".pickle")
_PROTOCOLS = tuple(bytes([0x80, number]) for number in range(2, 6))
_CIFAR_SIDE = 32
_ADVICE = "save images and labels in one NPZ file: numpy.savez(path, x_train=..., y_train=...)"


def _allowed() -> dict[tuple[str, str], Any]:
    """Return what a pickle may name: what builds arrays, numbers, text and containers."""
    array = np.zeros(1)
    reconstruct, scalar, from_buffer = (
        array.__reduce__()[0],
        np.float32(0).__reduce__()[0],
        array.__reduce_ex__(5)[0],
    )
    found: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): codecs.encode,
        ("collections", "OrderedDict"): collections.OrderedDict,
    }
    for core in ("numpy.core", "numpy._core"):
        found[f"{core}.multiarray", "_reconstruct"] = reconstruct
        found[f"{core}.multiarray", "scalar"] = scalar
        found[f"{core}.numeric", "_frombuffer"] = from_buffer
    return found


class _Unpickler(pickle.Unpickler):
    """Builds arrays and plain containers, and calls nothing else."""

    known = _allowed()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.known[module, name]
        except KeyError:
            raise InputError(
                f"a pickle that needs {module}.{name}, and could run code; {_ADVICE}"
            ) from None


def read_pickle(path: Path) -> Any:
    """Return the arrays, numbers, text and containers of a pickle, possibly compressed.

    Raises:
        InputError: it holds anything else, or is damaged.
    """
    try:
        return _Unpickler(io.BytesIO(read_bytes(path)), encoding="latin1").load()
    except InputError as error:
        raise InputError(f"{path} is {error}"[:300]) from None
    except Exception as error:  # damaged pickles raise many types
        raise InputError(f"{path} is a damaged pickle ({str(error)[:80]}); {_ADVICE}") from error


def _recognizes(location: Location) -> bool:
    if location.is_folder:
        return False
    header = location.header
    if header.startswith(COMPRESSED):
        try:
            with open_decompressed(location.path) as file:
                header = file.read(2)
        except (OSError, EOFError):
            return False
    return header.startswith(_PROTOCOLS) or location.path.suffix.lower() in _SUFFIXES


def _read(location: Location, options: ReadOptions) -> RawData:
    path = location.path
    value = read_pickle(path)
    try:
        raw = stored_in_memory(_cifar(value), options)
    except InputError as error:
        raise InputError(f"{path}: {error}"[:300]) from None
    if raw is None:
        raise InputError(f"{path} holds {type(value).__name__}, no images with labels; {_ADVICE}")
    return replace(raw, format="")


def _cifar(value: Any) -> Any:
    """Return a batch of CIFAR with images [n, 3, 32, 32] in place of [n, 3072]."""
    if isinstance(value, Mapping):  # Python 3 keeps the keys of Python 2 as bytes
        value = {k.decode("latin1") if isinstance(k, bytes) else k: v for k, v in value.items()}
    if not isinstance(value, Mapping) or np.shape(value.get("data", ()))[1:] != (
        3 * _CIFAR_SIDE**2,
    ):
        return value
    labels = next((value[name] for name in ("labels", "fine_labels") if name in value), None)
    images = np.asarray(value["data"]).reshape(-1, 3, _CIFAR_SIDE, _CIFAR_SIDE)
    return {"images": images, "labels": labels}


FORMAT = Format(
    name="pickle",
    description="arrays, as mnist.pkl.gz and the batches of CIFAR have them; a pickle of anything "
    "else is refused, and no code of it runs",
    priority=9,
    recognizes=_recognizes,
    read=_read,
    suffixes=_SUFFIXES,
)
