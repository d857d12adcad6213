"""The user's own networks: in a Python file, ``my_network.py:build``, or a model in memory."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError, one_line

if TYPE_CHECKING:
    from tenfold.core.backend import keras


IN_MEMORY = "keras.Model"
"""The network of a recipe that was trained from a model or function in memory."""

ONNX = "ONNX"
"""The network of a run that was imported from an ONNX file."""


def is_own_network(name: str) -> bool:
    """Whether the network of a recipe is the user's own, and not one that tenfold builds.

    Example:
        >>> [is_own_network(name) for name in ("net.py:build", "keras.Model", "conv")]
        [True, True, False]
    """
    return name in (IN_MEMORY, ONNX) or is_python_file(name)


def is_python_file(name: str) -> bool:
    """Whether a name means a Python file, with or without a function in it.

    Example:
        >>> [is_python_file(name) for name in ("net.py", "a/net.py:build", "conv", "net.pyx")]
        [True, True, False, False]
    """
    return name.endswith(".py") or ".py:" in name


def split(name: str) -> tuple[Path, str]:
    """Split a name into the path of the file and the name in it, by default ``build``.

    Example:
        >>> split("net.py:wide"), split("net.py")
        ((PosixPath('net.py'), 'wide'), (PosixPath('net.py'), 'build'))
    """
    if name.endswith(".py"):
        return Path(name), "build"
    path, _, function = name.rpartition(":")
    return Path(path), function or "build"


def build_network(name: str) -> keras.Model:
    """Run a Python file and call its function, which builds a network, or take its model.

    Args:
        name: ``FILE.py:NAME`` of a function or a ``keras.Model``; without a name ``build``, or the
            only model of the file.

    Raises:
        InputError: the file cannot be run, has no such function or model, the function takes
            arguments, fails or returns something else than a ``keras.Model`` of Keras's own
            layers.
    """
    from tenfold.core.backend import keras

    path, wanted = split(name)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give it as my_network.py:build")
    with _running(path) as module:
        made = _find(module, path, wanted)
        model = made if isinstance(made, keras.Model) else _call(made, name)
    if not isinstance(model, keras.Model):
        raise InputError(f"{name} returned {type(model).__name__}; it must return a keras.Model")
    require_keras_layers(model, name)
    return model


def _find(module: Any, path: Path, wanted: str) -> Any:
    """The function or model of a name; for ``build`` also the only model of the file."""
    from tenfold.core.backend import keras

    made = getattr(module, wanted, None)
    models = [n for n, value in vars(module).items() if isinstance(value, keras.Model)]
    if made is None and wanted == "build" and len(models) == 1:
        return getattr(module, models[0])
    if callable(made):
        return made
    functions = [
        n
        for n, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and n[0] != "_"
    ]
    names = ", ".join((functions + models)[:8]) or "none"
    raise InputError(
        f"{path}: has no function or model {wanted!r}; give it as FILE.py:NAME with one of: {names}"
    )


def _call(function: Any, name: str) -> Any:
    if any(
        p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        for p in inspect.signature(function).parameters.values()
    ):
        raise InputError(f"{name}: the function must be callable without arguments")
    try:
        return function()
    except (Exception, SystemExit) as error:
        raise InputError(f"{name} failed: {_explained(error)}") from error


@contextmanager
def _running(path: Path) -> Iterator[Any]:
    """Run a file as a module that imports the modules beside it, also later in its functions."""
    spec = importlib.util.spec_from_file_location(f"tenfold_user_{path.stem}", path.resolve())
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    folder, before = path.resolve().parent, set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            raise InputError(f"{path} failed: {_explained(error)}") from error
        yield module
    finally:
        sys.path.remove(str(folder))
        # A file in another folder may have neighbours of the same names.
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).resolve().parent == folder:
                del sys.modules[name]


def _explained(error: BaseException) -> str:
    """The error of a user's file; what to import instead of TensorFlow, how Keras is configured."""
    missing = getattr(error, "name", None) if isinstance(error, ImportError) else None
    package = str(missing or "").partition(".")[0]
    if package in ("tensorflow", "tf_keras", "torch"):
        return (
            f"it imports {package}, which is not installed; tenfold trains Keras 3 on JAX: write "
            "'import keras' and 'from keras import layers' instead"
        )
    from tenfold.core.backend import unusual_configuration

    changed = unusual_configuration()
    return f"{one_line(error, 100)}; {changed}" if changed else one_line(error)


def require_keras_layers(model: keras.Model, name: str) -> None:
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
