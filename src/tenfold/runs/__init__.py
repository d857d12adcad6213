"""Runs: what a training leaves behind, and how it is read back."""

from typing import TYPE_CHECKING, Any

from tenfold.runs.run import Run

if TYPE_CHECKING:
    from tenfold.runs.training import resume as resume
    from tenfold.runs.training import train as train

__all__ = ["Run", "resume", "train"]


def __getattr__(name: str) -> Any:
    """``train`` and ``resume`` when first used: reading a run back needs no Keras yet."""
    if name not in __all__:
        raise AttributeError(f"module 'tenfold.runs' has no attribute {name!r}")
    from tenfold.runs import training

    return getattr(training, name)
