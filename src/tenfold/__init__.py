"""tenfold: train, judge and ship image classifiers for MNIST-format data.

The public names stand here in the order in which data takes its way. They are resolved when
first used, so that importing tenfold imports neither Keras nor JAX.
"""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.audits import audit as audit
    from tenfold.comparison import compare as compare
    from tenfold.datasets import Dataset as Dataset
    from tenfold.datasets import Splits as Splits
    from tenfold.datasets import load as load
    from tenfold.errors import InputError as InputError
    from tenfold.evaluation import Evaluation as Evaluation
    from tenfold.prediction import Predictor as Predictor
    from tenfold.reading import Reading as Reading
    from tenfold.reading import read as read
    from tenfold.recipes import Augmentation as Augmentation
    from tenfold.recipes import Recipe as Recipe
    from tenfold.runs import Run as Run
    from tenfold.runs import resume as resume
    from tenfold.runs import train as train
    from tenfold.studies import study as study
    from tenfold.training.fit import fit as fit

__version__ = "0.1.0"

_HOMES = {
    "InputError": "errors",
    "Dataset": "datasets",
    "Splits": "datasets",
    "load": "datasets",
    "Augmentation": "recipes",
    "Recipe": "recipes",
    "fit": "training",
    "Run": "runs",
    "train": "runs",
    "resume": "runs",
    "Evaluation": "evaluation",
    "Predictor": "prediction",
    "Reading": "reading",
    "read": "reading",
    "audit": "audits",
    "study": "studies",
    "compare": "comparison",
}

__all__ = ["__version__", *_HOMES]

# Keras chooses its backend once, when it is imported. tenfold runs it on JAX.
if "keras" not in sys.modules:
    os.environ["KERAS_BACKEND"] = "jax"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tenfold' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tenfold.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
