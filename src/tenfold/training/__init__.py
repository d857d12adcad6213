"""Training: from a recipe and data to a run folder that survives a kill.

In the order of a training:

- ``trainer``: ``train`` and ``resume``, arguments and splits; ``given_model``: networks in memory;
  ``completing``: the finished run of a folder, in another process too
- ``adoption``: a run of a network that was trained elsewhere; ``importing``: of a file of one
- ``prepare``, ``run_folder``: record, networks, program and the new folder
- ``job``, ``loop``: epochs; after each, ``checkpoint``, ``history`` and ``tensorboard`` are written
- ``progress``, ``failures``, ``findings``, ``live_network``: what the user sees meanwhile
- ``finish``: networks, predictions, calibration and metrics
- ``finetune``: trainings that start from trained networks; ``refit``: those on all images
- ``teacher``: what a distillation learns from
- ``retraining``: fine-tuning in the background of a service, with versions; ``background``: a
  training in it
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.engine import Muon as Muon
    from tenfold.training.importing.importer import import_model as import_model
    from tenfold.training.trainer import resume as resume
    from tenfold.training.trainer import train as train

__all__ = ["Muon", "import_model", "resume", "train"]


def __getattr__(name: str) -> Any:
    """Import Keras and JAX only when a name is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'tenfold.training' has no attribute {name!r}")
    if name == "Muon":
        from tenfold.engine import Muon

        return Muon
    if name == "import_model":
        from tenfold.training.importing.importer import import_model

        return import_model
    from tenfold.training import trainer

    return getattr(trainer, name)
