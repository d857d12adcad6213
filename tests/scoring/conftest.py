"""Digits in several formats, and their probabilities by the predictor itself."""

import io

import numpy as np
import pytest
from PIL import Image

from tenfold.export.predictor import Predictor

pytest.importorskip("pyarrow")
GOLDEN = "model-0.1.0.onnx"
N = 1200


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def model_file(request):
    return request.config.rootpath / "tests" / "golden" / GOLDEN


@pytest.fixture(scope="session")
def digits(mnist):
    return mnist.test.images[:N]


@pytest.fixture(scope="session")
def expected(model_file, digits):
    return Predictor(model_file).predict(digits)


@pytest.fixture
def parquet(tmp_path, digits):
    """Writes the digits as a Parquet file: image bytes, structs of them, or pixels."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def write(layout="struct", name="digits.parquet", group=300, **changed):
        contents = [png(image) for image in digits]
        for row, content in changed.get("contents", {}).items():
            contents[row] = content
        if layout == "struct":
            kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
            images = pa.array([{"bytes": content, "path": None} for content in contents], kind)
        elif layout == "bytes":
            images = pa.array(contents, pa.binary())
        else:
            images = pa.FixedSizeListArray.from_arrays(pa.array(digits.ravel()), 784)
            images = images if layout == "fixed" else images.cast(pa.list_(pa.uint8()))
        columns = {"id": np.arange(N), "image": images, "tag": ["x"] * N, "nested": [[1]] * N}
        pq.write_table(pa.table(columns), tmp_path / name, row_group_size=group)
        return tmp_path / name

    return write


@pytest.fixture
def read_scores():
    import pyarrow.parquet as pq

    def read(folder):
        return pq.read_table(folder / "parts").sort_by(
            [("source_file", "ascending"), ("source_row", "ascending")]
        )

    return read
