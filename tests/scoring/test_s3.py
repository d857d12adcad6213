"""Scores on a server of the S3 protocol: `pip install 'moto[server]' s3fs`."""

import io

import numpy as np
import pytest
from executors import Here

from tenfold import InputError, score
from tenfold.core import patience
from tenfold.core.places import place
from tenfold.scale import Local
from tenfold.scoring import status

s3fs = pytest.importorskip("s3fs")
pq = pytest.importorskip("pyarrow.parquet")

MODEL, OUT = "s3://bucket/digits.onnx", "s3://bucket/out"


@pytest.fixture
def storage(endpoint, model_file, parquet):
    place(MODEL).write_bytes(model_file.read_bytes())
    for name in ("a", "b"):
        place(f"s3://bucket/in/{name}.parquet").write_bytes(parquet("fixed").read_bytes())


def scored(source="s3://bucket/in/*.parquet", out=OUT, model=MODEL, **options):
    return score(source, model=model, out=out, **{"executor": Here(), "verbose": False, **options})


def test_scores_on_s3(storage, parquet, expected):
    here = Here(2)
    assert scored(executor=here).images == 2 * len(expected)
    parts = [io.BytesIO(part.read_bytes()) for part in (place(OUT) / "parts").iterdir()]
    scores = np.concatenate([pq.read_table(part)["confidence"].to_numpy() for part in parts])
    best = np.tile(expected.max(axis=1), 2)
    np.testing.assert_allclose(np.sort(scores), np.sort(best), atol=1e-6)
    ran = len(here.ran)
    assert scored(executor=here).done == ran == len(here.ran)
    assert status(OUT).images == 2 * len(expected)
    assert scored("s3://bucket/in", "s3://bucket/two", executor=Local(1)).problems == ()
    with pytest.raises(InputError, match="holds another job"):
        scored("s3://bucket/in")
    (place(OUT) / "manifest.jsonl").unlink()
    for part in (place(OUT) / "parts").iterdir():
        part.unlink()
    content = parquet("list").read_bytes()
    place("s3://bucket/in/b.parquet").write_bytes(content)
    progress = scored()
    assert progress.images == len(expected)
    assert all("b.parquet has changed since the job" in line for line in progress.problems)


def test_bad_places_are_one_line(storage, endpoint, monkeypatch):
    waits = []
    monkeypatch.setattr(patience.time, "sleep", waits.append)
    for message, call in {
        "digits: no such file or folder": lambda: scored("s3://bucket/digits"),
        "no.onnx: no such file": lambda: scored(model="s3://bucket/no.onnx"),
        "see the name of the bucket and your rights": lambda: scored(out="s3://other/out"),
    }.items():
        with pytest.raises(InputError, match=message):
            call()
    assert not waits
    scored()
    (place(OUT) / "manifest.jsonl").unlink()
    endpoint.stop()
    with pytest.raises(InputError, match=r"the storage fails .*the same command goes on"):
        scored()
    assert not waits  # a server that was never reached is not waited for
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(InputError, match="Unable to locate credentials"):
        scored()
