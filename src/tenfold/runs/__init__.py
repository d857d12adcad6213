"""Runs: the folder that a training leaves, and how it is read.

- ``run``: the class ``Run``, which reads all of it; ``networks``, the classifier that it is, and
  ``evaluated``, its evaluations.
- ``layout``: names of the files.
- ``record``: ``run.json``.
- ``training_data``, ``finetune_data``: the data that a run trains and validates on.
- ``evaluation_data``: the data that it is evaluated on, its own or others.
- ``predictions``, ``live``: stored predictions, after and during a training.
- ``weights``, ``onnx_networks``: the networks, for Keras and for ONNX Runtime.
- ``ledger``: each opening of the test set.
- ``export``, ``export_scores``: a run as one model file.
- ``mlflow_logging``: a run as a run of MLflow.
"""

from tenfold.runs.run import Run

__all__ = ["Run"]
