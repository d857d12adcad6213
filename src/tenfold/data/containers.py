"""Files that are no data that is read, recognized to say what to do with them."""

from __future__ import annotations

import zipfile
from pathlib import Path

_MAGIC = {
    b"<!doctype html": "a web page, so a download failed; fetch the file again",
    b"<html": "a web page, so a download failed; fetch the file again",
    b"<?xml": "XML; save its images as files, or as one table in CSV",
    b"version https://git-lfs": "a pointer of Git LFS; fetch its content (git lfs pull)",
    b"sqlite format 3": "an SQLite database; export the table as CSV",
    b"%pdf": "a PDF; save its pictures as PNG",
    b"\xd0\xcf\x11\xe0": "a file of Excel; save the table as CSV",
    b"rdx": "a workspace of R; save the table there: write.csv(x, 'train.csv', row.names = FALSE)",
    b"obj\x01": "an Avro file; save the table as Parquet or CSV",
}
_SUFFIXES = {
    ".tfrecord": "a TFRecord; save the arrays in Python: np.savez(path, x_train=..., y_train=...)",
    ".tfrecords": "a TFRecord; save the arrays in Python: np.savez(path, x_train=..., y_train=...)",
    ".safetensors": "a file of safetensors; save the arrays in Python: np.savez(path, x_train=...)",
    ".rds": "an object of R; save the table there: write.csv(x, 'train.csv', row.names = FALSE)",
    ".xlsx": "a file of Excel; save the table as CSV",
    ".ods": "a spreadsheet; save the table as CSV",
    ".keras": "a model of Keras and no data; give the data that it was trained on",
    ".onnx": "a network and no data; give images with labels",
}
_LMDB = "an LMDB database; save its images as files in one folder a class"


def container_of(path: Path, header: bytes) -> str | None:
    """Return what a file is and what to do with it, for kinds that are not read; else None.

    Args:
        path: of the file, or of a folder.
        header: its first bytes, decompressed.

    Example:
        >>> container_of(Path("train.gz"), b"<!DOCTYPE html><html>")
        'a web page, so a download failed; fetch the file again'
    """
    if path.is_dir():
        return _LMDB if (path / "data.mdb").is_file() else None
    known = said_of(header)
    if known is None and header.startswith(b"PK") and _is_office(path):
        return _SUFFIXES[".xlsx"]
    return known or _SUFFIXES.get(path.suffix.lower())


def said_of(header: bytes) -> str | None:
    """Return what a file is by its first bytes, and what to do with it; None if it is not known."""
    start = header.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((said for magic, said in _MAGIC.items() if start.startswith(magic)), None)


def _is_office(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
