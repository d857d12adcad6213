"""A service with a network that other software trained."""

import json
from pathlib import Path

import numpy as np
from serving import serving

import tenfold

TORCH = Path(__file__).parents[1] / "training" / "imported" / "torch.onnx"


def test_an_imported_run_is_served(few, tmp_path):
    run = tenfold.import_model(TORCH, few, input_range="mnist", out=tmp_path / "run", verbose=False)
    images = few.test.images[:5]
    body = json.dumps({"images": images.tolist()}).encode()
    with serving(tmp_path / "samples", run.path) as service:
        status, reply = service.json("POST", "/v1/predict?top=10", body, "application/json")
    assert status == 200
    for answer, values in zip(reply["answers"], run.predict(images), strict=True):
        assert answer["label"] == run.class_names[values.argmax()]
        found = {one["label"]: one["probability"] for one in answer["top"]}
        assert np.allclose([found[name] for name in run.class_names], values, atol=1e-3)
