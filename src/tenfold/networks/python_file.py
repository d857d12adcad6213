"""Networks defined by a function in a user's Python file, ``my_network.py:build``."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError, one_line

if TYPE_CHECKING:
    from tenfold.core.backend import keras


def is_python_file(name: str) -> bool:
    """Whether a name means a Python file, with or without a function in it.

    Example:
        >>> [is_python_file(name) for name in ("net.py", "a/net.py:build", "conv", "net.pyx")]
        [True, True, False, False]
    """
    return name.endswith(".py") or ".py:" in name


def split(name: str) -> tuple[Path, str]:
    """Split a name into the path of the file and the name of the function, by default ``build``.

    Example:
        >>> split("net.py:wide"), split("net.py")
        ((PosixPath('net.py'), 'wide'), (PosixPath('net.py'), 'build'))
    """
    if name.endswith(".py"):
        return Path(name), "build"
    path, _, function = name.rpartition(":")
    return Path(path), function


def build_network(name: str) -> keras.Model:
    """Run a Python file and call its function, which builds a network.

    Raises:
        InputError: the file cannot be run, the function is missing, takes arguments, fails or
            returns something else than a ``keras.Model`` of Keras's own layers.
    """
    from tenfold.core.backend import keras

    path, function_name = split(name)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give it as my_network.py:build")
    function = getattr(_module(path), function_name, None)
    if not callable(function):
        raise InputError(f"{path}: has no function {function_name!r}; give it as FILE.py:FUNCTION")
    if any(
        p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        for p in inspect.signature(function).parameters.values()
    ):
        raise InputError(f"{name}: the function must be callable without arguments")
    try:
        model = function()
    except Exception as error:
        raise InputError(f"{name} failed: {one_line(error)}") from error
    if not isinstance(model, keras.Model):
        raise InputError(f"{name} returned {type(model).__name__}; it must return a keras.Model")
    _require_keras_layers(model, name)
    return model


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"tenfold_user_{path.stem}", path.resolve())
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(f"{path} failed: {one_line(error)}") from error
    finally:
        sys.path.remove(folder)
    return module


def _require_keras_layers(model: keras.Model, name: str) -> None:
    """Refuse a network that a run could not load without running the file again."""
    from tenfold.networks.serialization import custom_objects, to_config

    try:
        custom = custom_objects(to_config(model))
    except Exception as error:  # whatever a layer's own get_config raises
        raise InputError(
            f"{name}: the network cannot be saved ({one_line(error)}); build it of Keras's own "
            "layers"
        ) from error
    if custom:
        raise InputError(
            f"{name}: {custom[0]} is not one of Keras's own layers, and a run must be readable "
            "without the file; build the network of those, or train it with tenfold.fit"
        )
