"""Training: from a recipe and data to a run folder that survives a kill."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.engine import Muon as Muon
    from tenfold.training.trainer import resume as resume
    from tenfold.training.trainer import train as train

__all__ = ["Muon", "resume", "train"]


def __getattr__(name: str) -> Any:
    """Import Keras and JAX only when a name is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'tenfold.training' has no attribute {name!r}")
    if name == "Muon":
        from tenfold.engine import Muon

        return Muon
    from tenfold.training import trainer

    return getattr(trainer, name)
