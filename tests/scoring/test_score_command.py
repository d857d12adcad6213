"""Scores of collections equal those of the predictor, whatever format, part or fault."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from executors import Here
from PIL import Image

from tenfold import InputError, score
from tenfold.data.formats.idx import idx_bytes
from tenfold.scoring import scorer, sources, status

import pyarrow as pa  # isort: skip
import pyarrow.parquet as pq  # isort: skip


@pytest.fixture
def scored(tmp_path, model_file):
    """Scores a source in this process, in units of 300 images."""

    def run(source, out="scored", **options):
        options = {"executor": Here(), "verbose": False, **options}
        return score(source, model=model_file, out=tmp_path / out, **options)

    return run


@pytest.fixture(autouse=True)
def small_units(monkeypatch):
    monkeypatch.setattr(sources, "UNIT", 300)
    monkeypatch.setattr(scorer, "_LEAST", 300)


def errors(folder):
    lines = [line for path in (folder / "errors").iterdir() for line in path.open()]
    return sorted((e["row"], e["rows"]) for e in map(json.loads, lines))


@pytest.mark.parametrize("layout", ["struct", "bytes", "fixed", "list"])
def test_every_layout_of_parquet(layout, parquet, scored, tmp_path, expected, read_scores):
    progress = scored(parquet(layout), probabilities=True)
    assert (progress.done, progress.parts, progress.images, progress.failed) == (4, 4, 1200, 0)
    table = read_scores(tmp_path / "scored")
    assert table["id"].to_pylist() == list(range(1200))
    assert "nested" not in table.column_names
    probabilities = np.array(table["probabilities"].to_pylist(), np.float32)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    assert table["predicted"].to_pylist() == [str(i) for i in expected.argmax(1)]
    np.testing.assert_allclose(table["confidence"], expected.max(1), atol=1e-6)


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a-idx3-ubyte", "a-idx3-ubyte.gz", "flat.npz"])
def test_arrays(name, scored, tmp_path, digits, expected, read_scores):
    path = tmp_path / name
    if name.endswith("npz"):
        shown = digits.reshape(len(digits), -1) if name == "flat.npz" else digits
        np.savez_compressed(path, images=shown)
    elif name.endswith("npy"):
        np.save(path, digits)
    else:
        content = idx_bytes(digits)
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert scored(path).images == 1200
    table = read_scores(tmp_path / "scored")
    assert table["source_row"].to_pylist() == list(range(1200))
    np.testing.assert_allclose(table["confidence"], expected.max(1), atol=1e-6)


def test_a_folder_of_images(scored, tmp_path, digits, expected, read_scores):
    for i in range(30):
        path = tmp_path / "in" / str(i % 3) / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(digits[i]).save(path)
    (tmp_path / "in" / "bad.png").write_bytes(b"no image")
    progress = scored(tmp_path / "in")
    assert (progress.images, progress.failed) == (30, 1)
    table = read_scores(tmp_path / "scored")
    for file, confidence in zip(*table.select(["source_file", "confidence"]), strict=True):
        i = int(str(file)[-6:-4])
        assert float(str(confidence)) == pytest.approx(expected[i].max(), abs=1e-6)


def test_what_cannot_be_read_is_recorded_and_the_rest_is_scored(parquet, scored, tmp_path):
    path = parquet(contents={5: b"broken", 301: None, 302: b""})
    progress = scored(path)
    assert (progress.images, progress.failed) == (1197, 3)
    assert errors(tmp_path / "scored") == [(5, 1), (301, 1), (302, 1)]
    with pytest.raises(InputError, match=r"digits\.parquet, row 5: "):
        scored(path, "other", fail_fast=True)


def test_a_damaged_row_group_and_a_damaged_file(parquet, scored, tmp_path, read_scores):
    path = parquet("fixed", name="in.parquet")
    column = pq.ParquetFile(path).metadata.row_group(1).column(1)
    content = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + column.total_compressed_size] = bytes(column.total_compressed_size)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.parquet").write_bytes(content)
    (tmp_path / "in" / "b.parquet").write_bytes(b"PAR1 and no more")
    progress = scored(tmp_path / "in")
    assert (progress.images, progress.failed) == (900, 300)
    assert errors(tmp_path / "scored") == [(0, 0), (300, 300)]
    assert len(read_scores(tmp_path / "scored")) == 900


def test_again_does_what_is_left(parquet, scored, tmp_path, read_scores):
    path = parquet("fixed")
    scored(path)
    before = read_scores(tmp_path / "scored")
    (tmp_path / "scored" / "parts" / "part-0000002.parquet").unlink()
    manifest = tmp_path / "scored" / "manifest.jsonl"
    lines = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join(lines[:1]) + lines[1][:10])  # killed while it was written
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "scored" / "parts").iterdir()}
    assert status(tmp_path / "scored").done == 1
    assert scored(path).done == 4
    assert read_scores(tmp_path / "scored").equals(before)
    assert all(p.stat().st_mtime_ns == time for p, time in times.items())


def test_refusals_before_any_work(parquet, scored, tmp_path, model_file, digits):
    path = parquet()
    scored(path)
    copy = tmp_path / "other.onnx"
    copy.write_bytes(model_file.read_bytes())
    for message, call_it in {
        "holds another job (model:": lambda: score(path, model=copy, out=tmp_path / "scored"),
        "holds another job (probabilities": lambda: scored(path, probabilities=True),
        "holds other files": lambda: scored(path, "."),
        "--column nothing: no column of image bytes": lambda: scored(path, "x", column="nothing"),
        "--keys nothing: no such column": lambda: scored(path, "x", keys=["nothing"]),
        "no such file or folder": lambda: scored(tmp_path / "nowhere"),
        "s3://bucket/digits: needs a package that is": lambda: scored("s3://bucket/digits"),
    }.items():
        with pytest.raises(InputError) as caught:
            call_it()
        assert message in str(caught.value)
        assert len(str(caught.value)) <= 300
    assert not (tmp_path / "x").exists()
    np.save(tmp_path / "small.npy", digits[:, ::2, ::2])
    with pytest.raises(InputError, match=r"14x14 pixels, the network takes 28x28; give --resize"):
        scored(tmp_path / "small.npy", "x")
    assert scored(tmp_path / "small.npy", "x", resize=True).images == 1200
    np.save(tmp_path / "floats.npy", digits / 255)
    with pytest.raises(InputError, match="give images as uint8"):
        scored(tmp_path / "floats.npy", "y")


def test_a_source_that_changed_is_refused(parquet, scored, tmp_path):
    path = parquet("fixed")
    scored(path)
    (tmp_path / "scored" / "manifest.jsonl").unlink()
    (tmp_path / "scored" / "parts" / "part-0000000.parquet").unlink()
    os.utime(path, (1, 1))
    progress = scored(path)
    assert progress.done == 3
    assert "has changed since the job began" in progress.problems[0]


def test_killed_at_any_moment_nothing_is_lost_or_twice(
    parquet, tmp_path, model_file, expected, read_scores
):
    """The driver with its worker, once while the parts are written, and finished by the next."""
    path = parquet("fixed", group=100)
    code = "from tenfold.scoring import scorer, sources; sources.UNIT = scorer._LEAST = 100\n"
    code += "from tenfold.cli import main; main()"
    arguments = ["score", path, "-m", model_file, "-o", tmp_path / "out", "--workers", 1]
    command = [sys.executable, "-c", code, *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    manifest = tmp_path / "out" / "manifest.jsonl"
    while not manifest.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert "12 of 12 parts, 1,200 of 1,200 images" in done.stdout, done.stderr
    table = read_scores(tmp_path / "out")
    assert table["id"].to_pylist() == list(range(1200))
    np.testing.assert_allclose(table["confidence"], expected.max(1), atol=1e-6)
    shown = subprocess.run(
        [sys.executable, "-m", "tenfold", "score", tmp_path / "out", "--status"],
        capture_output=True,
        text=True,
    )
    assert "12 of 12 parts" in shown.stdout
    assert pa.types.is_string(table["predicted"].type)
