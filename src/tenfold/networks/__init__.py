"""Networks: functions that build a ``keras.Model``, recipes that say how to train it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.networks.builders import NETWORKS as NETWORKS
    from tenfold.networks.builders import build as build
    from tenfold.networks.builders import conv as conv
    from tenfold.networks.builders import dense as dense
    from tenfold.networks.builders import foreign_objects as foreign_objects
    from tenfold.networks.builders import from_json as from_json
    from tenfold.networks.builders import is_file as is_file
    from tenfold.networks.builders import seeded as seeded
    from tenfold.networks.builders import summary as summary
    from tenfold.networks.builders import to_json as to_json

__all__ = [
    "NETWORKS",
    "build",
    "conv",
    "dense",
    "foreign_objects",
    "from_json",
    "is_file",
    "seeded",
    "summary",
    "to_json",
]


def __getattr__(name: str) -> Any:
    """Import Keras only when a builder is first used: recipes are plain data."""
    if name not in __all__:
        raise AttributeError(f"module 'tenfold.networks' has no attribute {name!r}")
    from tenfold.networks import builders

    return getattr(builders, name)
