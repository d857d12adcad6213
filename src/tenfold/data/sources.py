"""The table of named datasets: what each is, where it comes from, how it is verified."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from tenfold.core.errors import InputError

# The four arrays of a dataset, in the order in which the packed MNIST holds them.
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
    """A file to fetch: its name, its SHA-256 as published, and its size in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Source:
    """A named dataset.

    Attributes:
        name: what `load` takes.
        title: what people call it.
        class_names: one a class.
        train, test: how many images.
        licence, citation, homepage: to be shown to whoever uses it.
        mirrors: addresses that a file's name is appended to, in the order to try them.
        files: the four IDX files, gzipped, or the one archive that has them inside.
        members: the names of the four within the archive; none where there is no archive.
        idx_sha256: of the four IDX files, unpacked; none where nobody published them.
        packed: the file in tenfold's package that holds it.
        debian_folder, debian_package: where Debian puts it.
        transposed: whether rows and columns are swapped in the files.
        first_label: what the first class is called in the files.
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
        """Return every address of a file, in the order to try them."""
        return tuple(mirror + file.name for mirror in self.mirrors)

    def shape(self, role: str) -> tuple[int, ...]:
        """Return the shape of one of the four arrays, by its name in `ROLES`."""
        count = self.train if role.startswith("train") else self.test
        return (count, 28, 28) if role.endswith("images") else (count,)


def _emnist(name: str, class_names: tuple[str, ...], train: int, test: int, **more: Any) -> Source:
    """Return the row of one of EMNIST's parts; one archive has them all."""
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
        **more,
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
    """Return the names of the datasets that `load` knows.

    Examples:
        >>> names()
        ('mnist', 'fashion-mnist', 'kmnist', 'emnist-balanced', 'emnist-letters', 'emnist-digits')
    """
    return tuple(source.name for source in SOURCES)


def find(name: str) -> Source | None:
    """Return the named dataset, however its name is spelt; None if there is none.

    Examples:
        >>> find("Fashion_MNIST").title
        'Fashion-MNIST'
    """
    return next((source for source in SOURCES if _plain(source.name) == _plain(name)), None)


def unknown_dataset(name: str) -> InputError:
    """Return the error for a name that is neither a dataset nor a file, with the nearest.

    Examples:
        >>> str(unknown_dataset("fashon")).split("?")[0]
        "unknown dataset 'fashon'; did you mean 'fashion-mnist'"
    """
    plain = {_plain(known): known for known in names()}
    near = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.5)
    hint = f"; did you mean {plain[near[0]]!r}?" if near else "."
    return InputError(
        f"unknown dataset {name!r}{hint} Known are {', '.join(names())}, and the path of any "
        "file or folder"
    )


def _plain(name: str) -> str:
    """Return a name without what people leave out; dots and slashes stay, which make it a path."""
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")
