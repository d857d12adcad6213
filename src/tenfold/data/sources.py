"""Named datasets: content, licence, addresses and checksums of each."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SIDE

# The four arrays of a dataset, in their order in the packaged MNIST.
ROLES = ("train-images", "train-labels", "test-images", "test-labels")
IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
DIGITS = tuple("0123456789")
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True)
class RemoteFile:
    """A file to download: its name, published SHA-256 and size in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Source:
    """A named dataset.

    Attributes:
        name: for `load`.
        title: for people.
        class_names: one name a class, in the order of the labels.
        train, test: numbers of images.
        licence, citation, homepage: for users of the data.
        mirrors: base addresses, to which file names are appended, in the order to try them.
        files: the four gzipped IDX files, or one archive that contains them.
        members: names of the four files in the archive; empty without an archive.
        idx_sha256: of the four decompressed IDX files; empty if they are not published.
        packed: name of the file in `tenfold/assets`; empty if the package does not contain it.
        debian_folder, debian_package: where Debian installs it.
        transposed: whether rows and columns are swapped in the files.
        first_label: number of the first class in the files.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    train: int
    test: int
    licence: str
    citation: str
    homepage: str
    mirrors: tuple[str, ...] = ()
    files: tuple[RemoteFile, ...] = ()
    members: tuple[str, ...] = ()
    idx_sha256: tuple[str, ...] = ()
    packed: str = ""
    debian_folder: str = ""
    debian_package: str = ""
    transposed: bool = False
    first_label: int = 0

    def urls(self, file: RemoteFile) -> tuple[str, ...]:
        """Return the addresses of a file, in the order to try them."""
        return tuple(mirror + file.name for mirror in self.mirrors)

    def shape(self, role: str) -> tuple[int, ...]:
        """Return the shape of one of the four arrays, named as in `ROLES`."""
        count = self.train if role.startswith("train") else self.test
        return (count, IMAGE_SIDE, IMAGE_SIDE) if role.endswith("images") else (count,)


def _emnist(
    name: str, class_names: tuple[str, ...], train: int, test: int, **fields: Any
) -> Source:
    """Return one of EMNIST's datasets; one archive contains them all."""
    return Source(
        name=f"emnist-{name}",
        title=f"EMNIST {name}",
        class_names=class_names,
        train=train,
        test=test,
        licence="no licence given; a work of NIST, United States",
        citation="Cohen, Afshar, Tapson, van Schaik: EMNIST: an extension of MNIST to "
        "handwritten letters. arXiv:1702.05373, 2017",
        homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        mirrors=(
            "https://biometrics.nist.gov/cs_links/EMNIST/",
            "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/",
        ),
        # SHA-256 as published in TensorFlow Datasets (url_checksums/emnist.txt).
        files=(
            RemoteFile(
                "gzip.zip",
                "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
                561_753_746,
            ),
        ),
        members=tuple(
            f"gzip/emnist-{name}-{split}-{kind}.gz"
            for split in ("train", "test")
            for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
        ),
        transposed=True,
        **fields,
    )


SOURCES = (
    Source(
        name="mnist",
        title="MNIST",
        class_names=DIGITS,
        train=60_000,
        test=10_000,
        licence="CC BY-SA 3.0",
        citation="LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document "
        "recognition. Proceedings of the IEEE 86(11), 1998",
        homepage="http://yann.lecun.com/exdb/mnist/",
        idx_sha256=(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        packed="mnist.xz",
    ),
    Source(
        name="fashion-mnist",
        title="Fashion-MNIST",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        train=60_000,
        test=10_000,
        licence="MIT",
        citation="Xiao, Rasul, Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking "
        "machine learning algorithms. arXiv:1708.07747, 2017",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        # SHA-256 as published in TensorFlow Datasets (url_checksums/fashion_mnist.txt).
        files=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                26_421_880,
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                29_515,
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                4_422_102,
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                5_148,
            ),
        ),
        idx_sha256=(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        debian_folder="/usr/share/datasets/fashion-mnist",
        debian_package="dataset-fashion-mnist",
    ),
    Source(
        name="kmnist",
        title="Kuzushiji-MNIST",
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        train=60_000,
        test=10_000,
        licence="CC BY-SA 4.0",
        citation="Clanuwat, Bober-Irizar, Kitamoto, Lamb, Yamamoto, Ha: Deep learning for "
        "classical Japanese literature. arXiv:1812.01718, 2018",
        homepage="http://codh.rois.ac.jp/kmnist/",
        mirrors=(
            "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        ),
        # SHA-256 as published in TensorFlow Datasets (url_checksums/kmnist.txt).
        files=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
                18_165_135,
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
                29_497,
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
                3_041_136,
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
                5_120,
            ),
        ),
    ),
    _emnist("balanced", (*DIGITS, *LETTERS, *"abdefghnqrt"), 112_800, 18_800),
    _emnist("letters", LETTERS, 124_800, 20_800, first_label=1),
    _emnist("digits", DIGITS, 240_000, 40_000),
)


def names() -> tuple[str, ...]:
    """Return the names of the datasets that `load` accepts.

    Examples:
        >>> names()
        ('mnist', 'fashion-mnist', 'kmnist', 'emnist-balanced', 'emnist-letters', 'emnist-digits')
    """
    return tuple(source.name for source in SOURCES)


def find(name: str) -> Source | None:
    """Return a dataset by name, ignoring case, hyphens, underscores and spaces; None if unknown.

    Examples:
        >>> find("Fashion_MNIST").title
        'Fashion-MNIST'
    """
    wanted = _normalized(name)
    return next((source for source in SOURCES if _normalized(source.name) == wanted), None)


def unknown_dataset(name: str) -> InputError:
    """Return the error for a name that is neither a dataset nor a path, with the closest name.

    Examples:
        >>> str(unknown_dataset("fashon")).split("?")[0]
        "unknown dataset 'fashon'; did you mean 'fashion-mnist'"
    """
    known = {_normalized(source): source for source in names()}
    closest = difflib.get_close_matches(_normalized(name), known, n=1, cutoff=0.5)
    hint = f"; did you mean {known[closest[0]]!r}?" if closest else "."
    return InputError(
        f"unknown dataset {name!r}{hint} Known are {', '.join(names())}, and the path of any "
        "file or folder"
    )


def _normalized(name: str) -> str:
    """Return a name for comparison; dots and slashes stay, since they make it a path."""
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")
