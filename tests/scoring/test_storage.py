"""Scores of URLs: `memory://` and `file://`, patterns, storage that fails, and clear errors."""

import io
import time

import numpy as np
import pytest
from executors import Here

from tenfold import InputError, score
from tenfold.core import places
from tenfold.core.patience import PAUSES
from tenfold.scoring import scorer, sources, status

memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem
pytest.importorskip("upath")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(autouse=True)
def small_units(monkeypatch):
    monkeypatch.setattr(sources, "UNIT", 300)
    monkeypatch.setattr(scorer, "_LEAST", 300)


@pytest.fixture
def bucket(model_file):
    """An empty storage with the model file."""
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    places.place("memory://bucket/digits.onnx").write_bytes(model_file.read_bytes())
    yield places.place("memory://bucket")
    memory.store.clear()


def put(bucket, name, array):
    content = io.BytesIO()
    np.save(content, array)
    (bucket / name).write_bytes(content.getvalue())


def scored(source="memory://bucket/in", **options):
    options = {"executor": Here(), "verbose": False, **options}
    return score(source, model="memory://bucket/digits.onnx", out="memory://bucket/out", **options)


def assert_scored(bucket, expected):
    parts = sorted((bucket / "out" / "parts").iterdir(), key=str)
    tables = [pq.read_table(io.BytesIO(path.read_bytes())) for path in parts]
    scores = np.concatenate([table["confidence"].to_numpy() for table in tables])
    np.testing.assert_allclose(scores, expected.max(axis=1), atol=1e-6)


def test_source_model_and_output_elsewhere(bucket, digits, expected):
    put(bucket, "in/digits.npy", digits)
    here = Here()
    assert scored(executor=here).images == len(digits)
    assert_scored(bucket, expected)
    assert len(here.ran) == 4
    assert scored(executor=here).done == 4
    assert len(here.ran) == 4
    assert status("memory://bucket/out").images == len(digits)


def test_a_pattern_of_parquet_files(bucket, parquet, expected):
    for name in ("a.parquet", "b.parquet", "c.txt"):
        (bucket / "in" / name).write_bytes(parquet("struct").read_bytes())
    assert scored("memory://bucket/in/*.parquet").images == 2 * len(expected)
    (bucket / "in" / "a.parquet").write_bytes(b"PAR1 changed")
    with pytest.raises(InputError, match=r"holds another job|not a Parquet file"):
        scored("memory://bucket/in/a*.parquet")


def test_a_file_url_is_a_path(parquet, model_file, tmp_path, expected):
    path = parquet("fixed", name="my digits.parquet")
    url = f"file://{str(path).replace(' ', '%20')}"
    progress = score(url, model=model_file, out=tmp_path / "o", executor=Here(), verbose=False)
    assert progress.images == len(expected)


def test_storage_that_fails_for_a_while_loses_nothing(bucket, digits, expected, monkeypatch):
    put(bucket, "in/digits.npy", digits)
    calls, pauses = 0, []

    def failing(original):
        def run(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls % 16 < 2:
                raise OSError(5, "the storage is away")
            return original(*args, **kwargs)

        return run

    monkeypatch.setattr(time, "sleep", pauses.append)
    for name in ("cat_file", "pipe_file", "get_file", "_open"):
        monkeypatch.setattr(memory, name, failing(getattr(memory, name)))
    assert not scored().problems
    assert pauses
    assert set(pauses) <= set(PAUSES)
    monkeypatch.undo()
    assert_scored(bucket, expected)


@pytest.mark.parametrize("name", ["info", "get_file", "pipe_file"])
def test_storage_that_stays_away_is_one_line(bucket, digits, monkeypatch, name):
    put(bucket, "in/digits.npy", digits)

    def fail(*_, **__):
        raise OSError(5, "the storage is away")

    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(memory, name, fail)
    with pytest.raises(
        InputError, match=r"the storage fails .*away.*the same command goes on"
    ) as e:
        scored()
    assert "\n" not in str(e.value)
    assert len(str(e.value)) <= 300


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://bucket/nowhere", "no such file or folder"),
        ("nope://bucket/digits", "cannot be used"),
        ("memory://bucket/in/*.parquet", "no images"),
    ],
)
def test_urls_that_cannot_be_used(bucket, url, message):
    with pytest.raises(InputError, match=message):
        scored(url)
