"""Networks and how to train them.

- ``builders/``: functions that build a ``keras.Model``, with their arguments declared
- ``registry``: the builders by name, and ``build``
- ``python_file``: networks of a user's Python file
- ``serialization``: networks, losses and optimizers as JSON
- ``fields``: declarations of fields, from which options, checks and documentation are made
- ``recipes/``: a network with its optimizer, schedule, batch size, epochs and augmentation
- ``augmentation/``: random changes of the training images, in JAX
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.networks.builders.conv import conv as conv
    from tenfold.networks.builders.dense import dense as dense
    from tenfold.networks.python_file import is_own_network as is_own_network
    from tenfold.networks.python_file import is_python_file as is_python_file
    from tenfold.networks.registry import NETWORKS as NETWORKS
    from tenfold.networks.registry import build as build
    from tenfold.networks.registry import seeded as seeded
    from tenfold.networks.serialization import custom_objects as custom_objects
    from tenfold.networks.serialization import from_json as from_json
    from tenfold.networks.serialization import summary as summary
    from tenfold.networks.serialization import to_json as to_json

_MODULES = {
    "NETWORKS": "registry",
    "build": "registry",
    "conv": "builders.conv",
    "custom_objects": "serialization",
    "dense": "builders.dense",
    "from_json": "serialization",
    "is_own_network": "python_file",
    "is_python_file": "python_file",
    "seeded": "registry",
    "summary": "serialization",
    "to_json": "serialization",
}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    """Import a module when one of its names is first used: recipes do without Keras."""
    if name not in _MODULES:
        raise AttributeError(f"module 'tenfold.networks' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"tenfold.networks.{_MODULES[name]}"), name)
