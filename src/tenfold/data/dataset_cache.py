"""The cache of named datasets: unpacked or fetched once, verified, then memory-mapped."""

from __future__ import annotations

import gzip
import lzma
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import assets
from tenfold.core.cache import cache_folder
from tenfold.core.download import DownloadError, download
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write, sha256
from tenfold.data.formats.idx import idx_bytes, parse_idx, read_idx
from tenfold.data.sources import IDX_NAMES, ROLES, SOURCES, Source

Arrays = dict[str, NDArray[np.uint8]]


def arrays(source: Source) -> Arrays:
    """Return the four arrays of a dataset, memory-mapped from the cache.

    The first call fills the cache: from the package, from Debian's folder, or from the network.

    Returns:
        uint8 arrays by their names in `ROLES`.

    Raises:
        InputError: the data are not available, differ from the published ones, or cannot be
            stored.

    Examples:
        >>> from tenfold.data.sources import find
        >>> {role: array.shape for role, array in arrays(find("mnist")).items()}
        ... # doctest: +NORMALIZE_WHITESPACE
        {'train-images': (60000, 28, 28), 'train-labels': (60000,),
         'test-images': (10000, 28, 28), 'test-labels': (10000,)}
    """
    cached = _cached(source)
    if cached is None:
        _fill(source)
        cached = _cached(source)
    if cached is None:
        raise InputError(
            f"cannot read back the files just written to {folder(source)}; "
            "check the disk, or set TENFOLD_CACHE to another folder"
        )
    return cached


def load_arrays(source: Source) -> dict[str, tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Return the images, uint8 [n, 28, 28], and the labels, int64 [n], of train and test.

    Raises:
        InputError: as `arrays`.
    """
    stored = arrays(source)
    return {
        split: (stored[f"{split}-images"], stored[f"{split}-labels"].astype(np.int64))
        for split in ("train", "test")
    }


def folder(source: Source) -> Path:
    """Return the cache folder of a dataset, which may not exist yet."""
    return cache_folder() / "datasets" / source.name


def is_genuine(source: Source) -> bool:
    """Return whether the cached arrays match the published checksums, if there are any."""
    stored = _cached(source)
    if stored is None or source.transposed or source.first_label:
        return stored is not None
    published = zip(ROLES, source.idx_sha256, strict=False)
    return all(sha256(idx_bytes(stored[role])) == expected for role, expected in published)


def _cached(source: Source) -> Arrays | None:
    """Return the arrays in the cache; None if one is missing, truncated or of another shape."""
    stored = {}
    for role in ROLES:
        path = folder(source) / f"{role}.npy"
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            surplus = path.stat().st_size - array.nbytes - array.offset
        except (OSError, ValueError, EOFError, AttributeError):
            return None
        if array.shape != source.shape(role) or array.dtype != np.uint8 or surplus:
            return None
        stored[role] = array.view(np.ndarray)
    return stored


def _fill(source: Source) -> None:
    """Put a dataset into the cache, and with it the others in the same archive."""
    for fill in (_fill_from_package, _fill_from_debian, _fill_from_network):
        if fill(source):
            return
    raise InputError(f"{source.title} is not in the package and has no download address")


def _store(source: Source, idx_arrays: list[NDArray[Any]]) -> None:
    """Convert the arrays of the IDX files and write them to the cache.

    Each file is written atomically and its content is always the same, so concurrent processes
    do not disturb each other.
    """
    for role, array in zip(ROLES, idx_arrays, strict=True):
        if array.shape != source.shape(role) or array.dtype != np.uint8:
            raise InputError(f"{source.title}: {role} are {array.dtype} {list(array.shape)}")
        if role.endswith("images") and source.transposed:
            array = array.transpose(0, 2, 1)
        if role.endswith("labels"):
            array = array - np.uint8(source.first_label)
        with atomic_write(folder(source) / f"{role}.npy") as file:
            np.save(file, np.ascontiguousarray(array), allow_pickle=False)


def _fill_from_package(source: Source) -> bool:
    if not source.packed:
        return False
    packed = (assets.FOLDER / source.packed).read_bytes()
    try:
        content = memoryview(lzma.decompress(packed))
    except lzma.LZMAError as error:
        raise InputError(
            f"tenfold's own {source.packed} is damaged ({error}); install tenfold again"
        ) from error
    idx_arrays, start = [], 0
    for role, expected in zip(ROLES, source.idx_sha256, strict=True):
        shape = source.shape(role)
        header = 4 + 4 * len(shape)
        end = start + header + int(np.prod(shape))
        _verify(source, content[start:end], expected, role)
        idx_arrays.append(np.frombuffer(content[start + header : end], np.uint8).reshape(shape))
        start = end
    _store(source, idx_arrays)
    return True


def _fill_from_debian(source: Source) -> bool:
    if not source.debian_folder:
        return False
    try:
        idx_arrays = _read_files(source, Path(source.debian_folder))
    except InputError:  # the package is damaged: use the mirrors
        return False
    if idx_arrays is not None:
        _store(source, idx_arrays)
    return idx_arrays is not None


def fill_from_folder(source: Source, place: Path) -> None:
    """Put a dataset into the cache from files that were fetched by other means.

    Args:
        source: the dataset.
        place: a folder with the files under their published names, at any depth.

    Raises:
        InputError: files are missing, or differ from the published ones.
    """
    archive = next(place.rglob(source.files[0].name), None) if source.members else None
    if archive is not None:
        if sha256(archive) != source.files[0].sha256:
            raise InputError(f"{archive} is not {source.title} as published: its SHA-256 differs")
        _unpack_archive(source, archive)
        return
    idx_arrays = _read_files(source, place)
    if idx_arrays is None:
        raise InputError(f"{place}: does not hold {source.title}; put {_file_names(source)} there")
    _store(source, idx_arrays)


def _read_files(source: Source, place: Path) -> list[NDArray[Any]] | None:
    """Read the four IDX files of a folder, packed or not; None if one is missing."""
    names = [Path(member).name.removesuffix(".gz") for member in source.members] or IDX_NAMES
    found = [[*place.rglob(f"{name}.gz"), *place.rglob(name)] for name in names]
    if not all(found):
        return None
    return _read_verified(source, [paths[0] for paths in found])


def _file_names(source: Source) -> str:
    if source.members:
        return source.files[0].name
    return f"{source.files[0].name} and the {len(source.files) - 1} files beside it"


def _fill_from_network(source: Source) -> bool:
    if not source.files:
        return False
    downloads = cache_folder() / "downloads"
    try:
        paths = [
            download(source.urls(file), downloads / file.sha256[:8] / file.name, file.sha256)
            for file in source.files
        ]
    except DownloadError as error:
        package = source.debian_package
        raise InputError(
            f"{source.title} cannot be downloaded ({error.reason}). "
            f"{f'Type apt-get install {package}, or put' if package else 'Put'} "
            f"{_file_names(source)} into a folder and type tenfold data get {source.name} "
            "--from FOLDER"
        ) from error
    if source.members:
        _unpack_archive(source, paths[0])
    else:
        _store(source, _read_verified(source, paths))
    for path in paths:
        shutil.rmtree(path.parent, ignore_errors=True)
    return True


def _read_verified(source: Source, paths: list[Path]) -> list[NDArray[Any]]:
    """Read four IDX files and compare them with the published checksums, if there are any."""
    idx_arrays = [read_idx(path) for path in paths]
    for path, array, expected in zip(paths, idx_arrays, source.idx_sha256, strict=False):
        _verify(source, idx_bytes(array), expected, str(path))
    return idx_arrays


def _unpack_archive(source: Source, path: Path) -> None:
    """Store every dataset that the archive holds, so that it is fetched only once."""
    siblings = [other for other in SOURCES if other.files == source.files and other != source]
    with zipfile.ZipFile(path) as archive:
        for dataset in (source, *siblings):
            if _cached(dataset) is None:
                _store(dataset, [_read_member(archive, name) for name in dataset.members])


def _read_member(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as packed, gzip.open(packed) as file:
        return parse_idx(file, name)  # type: ignore[arg-type]


def _verify(source: Source, content: bytes | memoryview, expected: str, name: str) -> None:
    if sha256(content) != expected:
        raise InputError(
            f"{name} is not {source.title} as published: its SHA-256 differs; "
            "install tenfold again or remove the file"
        )
