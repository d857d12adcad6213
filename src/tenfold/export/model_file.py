"""Model files: an ONNX model with metadata, sealed by a checksum.

``docs/reference/model-file.md`` describes the format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError
from tenfold.core.files import sha256
from tenfold.export import inspection
from tenfold.export.graph import PRODUCER

if TYPE_CHECKING:
    import onnx

FORMAT = 1
"""Version of the metadata; a reader refuses newer ones."""

MAX_BYTES = 1 << 30
"""Size of a model file, far above that of any network for such images."""

_SEAL_BYTES = 78
_ADVICE = "export the run again"


def seal(model: onnx.ModelProto, metadata: Mapping[str, Any]) -> bytes:
    """Return the bytes of a model file; equal models and metadata give equal bytes.

    Args:
        model: of ``tenfold.export.network.to_onnx``; its metadata are replaced.
        metadata: values that JSON can represent, by key.
    """
    del model.metadata_props[:]
    for key, value in {"format": FORMAT, **metadata}.items():
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        model.metadata_props.add(key=key, value=text)
    body: bytes = model.SerializeToString(deterministic=True)
    return body + _seal(body)


def _seal(body: bytes | memoryview) -> bytes:
    """The last metadata entry, serialized: ``sha256`` and the checksum of all bytes before it."""
    return b'\x72\x4c\x0a\x06sha256\x12\x42"' + sha256(body).encode() + b'"'


def read(path: str | Path) -> tuple[bytes, dict[str, Any]]:
    """Return the bytes of a model file and its metadata, after verifying the seal.

    Nothing in the file is executed, and no other file is opened. Custom operators, functions,
    subgraphs and external data are refused, since tenfold writes none.

    Raises:
        InputError: the file does not exist, was not written by tenfold, is damaged, or has a
            newer format.
    """
    data = _read_bytes(Path(path))
    contents = _inspect(path, data)
    try:
        metadata = {key: json.loads(value) for key, value in contents.metadata.items()}
    except (ValueError, RecursionError):
        raise damaged(path) from None
    version = metadata.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise InputError(
            f"{path}: its format is {version}, this version of tenfold reads {FORMAT}; "
            "install the newer tenfold"
        )
    if data[-_SEAL_BYTES:] != _seal(memoryview(data)[:-_SEAL_BYTES]):
        raise damaged(path)
    if contents.refused:
        raise InputError(f"{path}: refused, it contains {contents.refused}; {_ADVICE}")
    return data, metadata


def damaged(path: str | Path) -> InputError:
    """Return the error for a file that is incomplete or changed."""
    return InputError(f"{path}: damaged or truncated; {_ADVICE}")


def _inspect(path: str | Path, data: bytes) -> inspection.Contents:
    try:
        contents = inspection.inspect(data)
    except ValueError:
        if inspection.producer(data[:64]) == PRODUCER:
            raise damaged(path) from None
        raise InputError(f"{path}: not an ONNX file; give one that tenfold export wrote") from None
    if contents.producer != PRODUCER:
        raise InputError(
            f"{path}: an ONNX file, but not of tenfold; give one that tenfold export wrote"
        )
    return contents


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path}: a folder; give the ONNX file that tenfold export wrote")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: over {MAX_BYTES >> 30} GiB, not a model file; {_ADVICE}")
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; tenfold export writes one") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
