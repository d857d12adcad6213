"""A run in MLflow, in a database of its own; needs ``pip install 'tenfold[mlflow]'``."""

import sys

import numpy as np
import pytest

import tenfold
from tenfold.core.errors import InputError
from tenfold.export.predictor import Predictor
from tenfold.runs.mlflow_logging import log_run


def test_without_mlflow_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match=r"pip install 'tenfold\[mlflow\]'"):
        log_run(None)


def test_a_run_is_logged_with_its_model(few, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    run = tenfold.train("logistic", few, epochs=2, seeds=2, out="run", verbose=False)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_experiment("digits")
    with mlflow.start_run() as started:
        logged = run.log_to_mlflow()
    assert logged == started.info.run_id
    client = mlflow.MlflowClient()
    data = client.get_run(logged).data
    assert data.params["network"] == run.recipe.network
    assert data.params["epochs"] == "2"
    history = run.history[run.history["seed"] == run.seeds[1]]
    points = client.get_metric_history(logged, f"val_loss_seed_{run.seeds[1]}")
    assert [p.value for p in points] == history["val_loss"].tolist()
    assert [p.step for p in points] == history["epoch"].tolist()
    accuracy = run.evaluate("validation").summary("accuracy").mean
    assert data.metrics["validation_accuracy"] == pytest.approx(accuracy)
    assert "test_accuracy" not in data.metrics  # it was not opened
    assert {f.path for f in client.list_artifacts(logged)} >= {"run.json", "history.csv"}
    model = mlflow.pyfunc.load_model(f"runs:/{logged}/model")
    answers = next(iter(model.predict(few.test.images[:20]).values()))
    file = mlflow.artifacts.download_artifacts(f"runs:/{logged}/model/model.onnx")
    assert np.allclose(answers, Predictor(file)(few.test.images[:20]), atol=1e-6)
    assert np.allclose(answers, run.predict_all(few.test.images[:20]).mean(0), atol=1e-5)
