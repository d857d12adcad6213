"""Sealed ONNX files: a graph with metadata and a checksum, and nothing foreign inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.checksums import sha256
from tenfold.core.errors import InputError
from tenfold.export import protobuf
from tenfold.export.graph import PRODUCER

if TYPE_CHECKING:
    import onnx

FORMAT = 1
LARGEST = 1 << 30
"""Bytes of a file; no network for such images comes near."""

_SEAL = 78
_AGAIN = "export the run again"


def pack(model: onnx.ModelProto, card: Mapping[str, Any]) -> bytes:
    """The bytes of a sealed file: equal for equal models and cards.

    Args:
        model: as ``tenfold.export.network.to_onnx`` makes it.
        card: the metadata: values of plain JSON types.
    """
    del model.metadata_props[:]
    for key, value in {"format": FORMAT, **card}.items():
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        model.metadata_props.add(key=key, value=text)
    body: bytes = model.SerializeToString(deterministic=True)
    return body + _seal(body)


def _seal(body: bytes | memoryview) -> bytes:
    """One more entry of metadata, the last 78 bytes of a file: the SHA-256 of all before it."""
    return b'\x72\x4c\x0a\x06sha256\x12\x42"' + sha256(body).encode() + b'"'


def read(path: str | Path) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a file and its card, once it is known to be whole and one of tenfold's.

    Nothing in the file is executed. Files with operators that are not ONNX's own, with functions
    or with numbers in other files are refused, since tenfold writes none.

    Raises:
        InputError: there is no such file, or it is not one of tenfold's, damaged, or of a newer
            version.
    """
    data = _read_bytes(Path(path))
    contents = _contents(path, data)
    try:
        card = {key: json.loads(value) for key, value in contents.metadata.items()}
    except (ValueError, RecursionError):
        raise damaged(path) from None
    version = card.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise InputError(
            f"{path}: its format is {version}, this version of tenfold reads {FORMAT}; "
            "install the newer tenfold"
        )
    if data[-_SEAL:] != _seal(memoryview(data)[:-_SEAL]):
        raise damaged(path)
    if contents.foreign:
        raise InputError(f"{path}: refused, it holds {contents.foreign}; {_AGAIN}")
    return data, card


def _contents(path: str | Path, data: bytes) -> protobuf.Contents:
    try:
        contents = protobuf.read(data)
    except ValueError:
        if protobuf.producer(data[:64]) == PRODUCER:
            raise damaged(path) from None
        raise InputError(f"{path}: not an ONNX file; give one that tenfold export wrote") from None
    if contents.producer != PRODUCER:
        raise InputError(
            f"{path}: an ONNX file, but not one of tenfold's; give one that tenfold export wrote"
        )
    return contents


def damaged(path: str | Path) -> InputError:
    """The error about a file that is not whole."""
    return InputError(f"{path}: damaged or cut short; {_AGAIN}")


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path}: a folder; give the ONNX file that tenfold export wrote")
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path}: over 1 GiB, no artifact of tenfold's; {_AGAIN}")
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; tenfold export writes one") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
