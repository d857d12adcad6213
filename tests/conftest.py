"""What all tests share: a cache of their own, Keras on JAX, and a small part of real MNIST."""

import os
import tempfile
from pathlib import Path

import pytest
from browsing import CHROMIUM, PATIENCE
from hypothesis import settings

CACHE = Path(
    os.environ.setdefault("TENFOLD_CACHE", str(Path(tempfile.gettempdir()) / "tenfold-test-cache"))
)
SOURCES = str(Path(__file__).parents[1] / "src")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [SOURCES, os.environ.get("PYTHONPATH")]))
"""Processes that tests start import this tree, too."""

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("MPLBACKEND", "agg")

collect_ignore_glob = ["*conftest.py"]  # several, which collecting doctests would mistake

SLOW = {
    *("cli", "docs", "experiments", "export", "lessons", "page", "report", "runs", "scale"),
    *("scoring", "server", "sklearn", "training"),
    *("test_backend.py", "test_batch_callbacks.py", "test_cross_validation.py", "test_fit.py"),
    *(
        "test_averaging.py",
        "test_fit_arrays.py",
        "test_kernels.py",
        "test_muon.py",
        "test_numerics.py",
    ),
    *("test_augmentation.py", "test_imports.py", "test_lazy_images.py", "test_locks.py"),
    *(
        "test_collect.py",
        "test_named_datasets.py",
        "test_pixel_range.py",
        "test_picture.py",
        "test_pipeline.py",
        "test_reading.py",
        "test_unchanged.py",
    ),
}
"""Folders and files whose tests train, serve, start processes or open a browser."""


def pytest_collection_modifyitems(items):
    """Mark the tests that ``scripts/test fast`` leaves out."""
    for item in items:
        if SLOW & {item.path.name, item.path.parent.name}:
            item.add_marker(pytest.mark.slow)


UNOPTIMIZED = {
    *(
        "test_devices.py",
        "test_fit.py",
        "test_cross_validation.py",
        "test_averaging.py",
        "test_muon.py",
        "test_augmentation.py",
    ),
    *(
        "test_tutorials.py",
        "test_runs.py",
        "test_run_image_shapes.py",
        "test_classifier.py",
        "test_refit.py",
    ),
}
"""Files whose time is that of compiling small programs, and whose expectations hold at any level of
optimization. The others compile as users do; so must those that compare bits with another process,
as some programs of this one were compiled before."""


@pytest.fixture(scope="module", autouse=True)
def unoptimized(request):
    """Have XLA compile without optimizations, in half the time, in `UNOPTIMIZED` files."""
    if request.path.name not in UNOPTIMIZED:
        yield
        return
    from tenfold.core.backend import jax

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # for processes that tests start
        jax.clear_caches()  # no file takes over programs of the other level
        jax.config.update("jax_disable_most_optimizations", True)
        yield
        jax.clear_caches()
        jax.config.update("jax_disable_most_optimizations", False)


# A first call imports SciPy, and a busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def mnist():
    import tenfold

    return tenfold.load("mnist")


@pytest.fixture(scope="session")
def few(mnist):
    """Splits of real digits, few enough for a test to train on.

    Whole batches of 32, 64 and 128 go through train, and whole ones of an evaluation through
    validation: a smaller last batch is a program of its own to compile, in every training.
    """
    import tenfold

    return tenfold.Splits(
        "few", mnist.train[:640], mnist.validation[:500], mnist.test[:310], "MNIST's first", 0
    )


@pytest.fixture(scope="session")
def few_file(few, tmp_path_factory):
    """The same digits as an .npz file with splits of its own, for the command line."""
    import numpy as np

    path = tmp_path_factory.mktemp("data") / "few.npz"
    splits = {"train": few.train, "val": few.validation, "test": few.test}
    arrays = {f"x_{name}": split.images for name, split in splits.items()}
    arrays |= {f"y_{name}": split.labels for name, split in splits.items()}
    np.savez(path, **arrays)
    return path


@pytest.fixture
def weights_by_numpy(monkeypatch):
    """Initial weights that NumPy draws, for tests to which it does not matter who does.

    JAX compiles a program for each shape, a second long.
    """
    import keras
    import numpy as np

    def draw(self, shape, dtype=None):
        limit = np.sqrt(6 / (np.prod(shape[:-1]) + np.prod(shape[:-2]) * shape[-1]))
        return np.random.default_rng(self.seed).uniform(-limit, limit, shape).astype(dtype)

    monkeypatch.setattr(keras.initializers.GlorotUniform, "__call__", draw)


@pytest.fixture(scope="session")
def browser():
    """Chromium, with a camera that shows a test picture."""
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=PATIENCE)
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as started:
        arguments = ["--no-sandbox", "--disable-gpu", *camera]
        opened = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def tenfold_main(monkeypatch, capsys):
    """The command line in this process: arguments in; exit code, stdout and stderr out."""
    from tenfold.cli import main

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["tenfold", *map(str, arguments)])
        monkeypatch.setattr("__main__.__package__", None)  # as the script, not as python -m pytest
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        output = capsys.readouterr()
        return caught.value.code or 0, output.out, output.err

    return run


@pytest.fixture
def endpoint(monkeypatch):
    """A server of the S3 protocol with an empty bucket: `pip install 'moto[server]' s3fs`."""
    from urllib.request import urlopen

    moto, s3fs = pytest.importorskip("moto.server"), pytest.importorskip("s3fs")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    urlopen(f"http://{host}:{port}/moto-api/reset", data=b"").close()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("bucket")
    yield server
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()
