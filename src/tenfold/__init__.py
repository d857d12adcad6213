"""tenfold: train, evaluate and ship image classifiers for MNIST-format data.

The public names stand here in the order in which data takes its way. They are resolved when
first used, so that importing tenfold imports neither Keras nor JAX.
"""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from tenfold.core.keras_import import KerasFinder

if TYPE_CHECKING:
    from tenfold.core.errors import InputError as InputError
    from tenfold.data import Dataset as Dataset
    from tenfold.data import Splits as Splits
    from tenfold.data import load as load
    from tenfold.engine.fit import fit as fit
    from tenfold.evaluation.evaluation import Evaluation as Evaluation
    from tenfold.experiments.audits import audit as audit
    from tenfold.experiments.comparison import compare as compare
    from tenfold.experiments.studies import study as study
    from tenfold.export.predictor import Predictor as Predictor
    from tenfold.handwriting.result import Reading as Reading
    from tenfold.handwriting.reading import read as read
    from tenfold.networks.recipes import Augmentation as Augmentation
    from tenfold.networks.recipes import Recipe as Recipe
    from tenfold.runs import Run as Run
    from tenfold.scoring import score as score
    from tenfold.training import import_model as import_model
    from tenfold.training import resume as resume
    from tenfold.training import train as train

__version__ = "0.1.0"

_HOMES = {
    "InputError": "core.errors",
    "Dataset": "data",
    "Splits": "data",
    "load": "data",
    "Augmentation": "networks.recipes",
    "Recipe": "networks.recipes",
    "fit": "engine.fit",
    "Run": "runs",
    "train": "training",
    "resume": "training",
    "import_model": "training",
    "Evaluation": "evaluation",
    "Predictor": "export.predictor",
    "score": "scoring",
    "Reading": "handwriting.result",
    "read": "handwriting.reading",
    "audit": "experiments.audits",
    "study": "experiments.studies",
    "compare": "experiments.comparison",
}

_PACKAGES = {
    *("metrics", "figures", "data", "networks", "engine", "export", "evaluation", "runs"),
    *("training", "sklearn", "experiments", "report", "handwriting", "server"),
}
"""Importable as attributes, so that ``tenfold.metrics`` needs no import of its own."""

__all__ = ["__version__", *_HOMES]

# Keras chooses its backend once, when it is imported. tenfold runs it on JAX, and
# `core.backend` refuses another one that was chosen.
if "keras" not in sys.modules:
    if not os.environ.get("KERAS_BACKEND"):
        os.environ["KERAS_BACKEND"] = "jax"
    sys.meta_path.insert(0, KerasFinder)


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"tenfold.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'tenfold' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tenfold.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_PACKAGES})
