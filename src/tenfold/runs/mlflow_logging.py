"""A run as a run of MLflow: its recipe, metrics of each epoch, files, and the model file."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tenfold.core.errors import InputError, one_line
from tenfold.runs.layout import HISTORY, LEARNING_CURVES, RECORD

if TYPE_CHECKING:
    from tenfold.runs.run import Run

_FILES = (RECORD, HISTORY, LEARNING_CURVES, "report.html")
_NO_METRICS = ("epoch", "seed")
_PACKAGES = ("onnx", "onnxruntime", "numpy")


def log_run(run: Run, network: int | None = None) -> str:
    """Log a run to MLflow; see `Run.log_to_mlflow`."""
    mlflow = _mlflow()
    run.require_finished()
    try:
        active = mlflow.active_run()
        if active is not None:
            _log(mlflow, run, active.info.run_id, network)
            return str(active.info.run_id)
        with mlflow.start_run(run_name=run.path.resolve().name) as started:
            _log(mlflow, run, started.info.run_id, network)
        return str(started.info.run_id)
    except mlflow.exceptions.MlflowException as error:
        raise InputError(f"MLflow: {one_line(error, 250)}") from error


def _mlflow() -> Any:
    try:
        importlib.import_module("mlflow.onnx")
        return importlib.import_module("mlflow")
    except ImportError as error:
        raise InputError(
            f"MLflow cannot be imported ({one_line(error, 80)}); type pip install 'tenfold[mlflow]'"
        ) from error


def _log(mlflow: Any, run: Run, run_id: str, network: int | None) -> None:
    record = run.record
    mlflow.log_params({**record.recipe.to_json(), "data": record.data.name, "seeds": run.seeds})
    mlflow.set_tags({"protocol": record.protocol, **record.versions})
    metrics = [mlflow.entities.Metric(name, v, 0, step) for name, v, step in _metrics(run)]
    client = mlflow.MlflowClient()
    for start in range(0, len(metrics), 1000):  # the most that a request may hold
        client.log_batch(run_id, metrics=metrics[start : start + 1000])
    for name in _FILES:
        if (run.path / name).is_file():
            mlflow.log_artifact(str(run.path / name))
    _log_model(mlflow, run, network)


def _metrics(run: Run) -> Iterator[tuple[str, float, int]]:
    """Metrics of each epoch, and of each split whose predictions are stored, after the last one.

    Those of one of several networks have its seed in their name.
    """
    last = 0
    for row in run.history.to_dict("records"):
        suffix = f"_seed_{int(row['seed'])}" if len(run.seeds) > 1 else ""
        last = int(row["epoch"])
        for name, value in row.items():
            if name not in _NO_METRICS and np.isfinite(value):
                yield f"{name}{suffix}", float(value), last
    for split in ("validation", "test"):
        try:
            evaluation, _ = run.saved_evaluation(split)
        except InputError:  # the split is missing, or was not opened
            continue
        for name in evaluation.metrics:
            score = evaluation.summary(name)
            yield f"{split}_{name}", getattr(score, "mean", getattr(score, "value", 0.0)), last


def _log_model(mlflow: Any, run: Run, network: int | None) -> None:
    """Log the model file, of the flavour ``onnx``, with the shape of its images and outputs."""
    import onnx

    schema = importlib.import_module("mlflow.types.schema")
    images = schema.TensorSpec(np.dtype(np.uint8), (-1, *run.image_shape), "images")
    outputs = schema.TensorSpec(np.dtype(np.float32), (-1, len(run.class_names)))
    signature = mlflow.models.ModelSignature(schema.Schema([images]), schema.Schema([outputs]))
    with tempfile.TemporaryDirectory(prefix="tenfold-") as folder:
        file = run.export(Path(folder) / "model.onnx", network).path
        mlflow.onnx.log_model(
            onnx.load(file),
            name="model",
            signature=signature,
            pip_requirements=[*_PACKAGES],
            onnx_execution_providers=["CPUExecutionProvider"],
            save_as_external_data=False,  # it stays a model file, which Predictor opens
        )
