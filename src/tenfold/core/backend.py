"""Imports Keras on JAX, fast, and caches compiled programs on disk.

Modules that use Keras import it from here: ``from tenfold.core.backend import keras``. Importing
Keras 3.15 imports pandas, matplotlib, scikit-learn and other optional packages, and importing JAX
parts that only accelerators need. That doubles the time to start, so such modules are imported
when they are first used. ``tests/core/test_backend.py`` fails if a name in ``OPTIONAL`` is no
longer imported by the checked versions, or if Keras or JAX is newer than those.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from tenfold.core.cache import find_cache_folder
from tenfold.core.errors import InputError

CHECKED = {"keras": "3.15", "jax": "0.10"}
"""Versions up to which the list ``OPTIONAL`` was checked."""

OPTIONAL = (
    "requests",
    "matplotlib",
    "matplotlib.patches",
    "matplotlib.pyplot",
    "jax.extend.pallas",
    "jax.experimental.pallas.ops.tpu.splash_attention",
    "jax.experimental.pallas.ops.tpu.splash_attention.splash_attention_kernel",
    "jax.experimental.pallas.ops.tpu.splash_attention.splash_attention_mask",
    "jax.experimental.sparse.linalg",
    "keras._tf_keras",
    "keras.src.trainers.data_adapters.array_slicing",
    "keras.wrappers",
)
"""Modules that importing Keras and JAX would import if installed, and training does not use."""


DEVICE_VARIABLES = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")
"""Environment variables that choose the device of JAX."""


class _LazyModule(ModuleType):
    """A placeholder that imports the module on the first access to an attribute."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _remove_placeholders()
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _defer_optional_imports() -> Iterator[None]:
    """Put placeholders of the optional modules into ``sys.modules`` while Keras is imported.

    Keras holds references to the placeholders, which import the modules when it uses them. After
    that they leave ``sys.modules``, so that all others import the modules themselves.
    """
    for name in OPTIONAL:
        package, _, last = name.rpartition(".")
        if name in sys.modules or not _installed(name.partition(".")[0]):
            continue
        sys.modules[name] = placeholder = _LazyModule(name)
        if isinstance(parent := sys.modules.get(package), _LazyModule):
            setattr(parent, last, placeholder)
    try:
        yield
    finally:
        _remove_placeholders()


def _installed(package: str) -> bool:
    return package in sys.modules or importlib.util.find_spec(package) is not None


def _remove_placeholders() -> None:
    for name in OPTIONAL:
        if isinstance(sys.modules.get(name), _LazyModule):
            del sys.modules[name]


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Switch garbage collection off during imports, and exclude their objects from it later.

    Imports create many objects and almost no garbage. Collections take a third of the time of
    the imports, and every later full collection would visit all these objects again. Source: the
    documentation of ``gc.freeze`` in the Python standard library.
    """
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if collecting:
            gc.enable()


def _lower_default_optimization() -> None:
    """Set XLA's optimization level to 2 of 3, unless the user has set a level.

    Initial weights need one small program for each shape; at level 2 it compiles in a third of
    the time and draws the same bits. Training programs are compiled at level 3, see
    ``engine.xla``.
    """
    flags, level = os.environ.get("XLA_FLAGS", ""), "--xla_backend_optimization_level"
    if level not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {level}=2".strip()


def require_jax() -> None:
    """Check that Keras runs on JAX, or will once it is imported.

    Raises:
        InputError: Keras was imported with another backend, or ``KERAS_BACKEND`` selects one.
    """
    if loaded := sys.modules.get("keras"):
        chosen, where = loaded.backend.backend(), "in this process"
    else:
        chosen, where = os.environ.get("KERAS_BACKEND") or "jax", "as KERAS_BACKEND says"
    if chosen != "jax":
        raise InputError(
            f"Keras runs on {chosen} {where}, tenfold needs JAX; set KERAS_BACKEND=jax, or "
            "unset it and import tenfold before keras, and start again"
        )


require_jax()
_lower_default_optimization()
with _defer_optional_imports(), _without_garbage_collection():
    import jax
    import jax.extend.core  # needed by training; it imports the modules for accelerators too
    import keras as keras


def require_device() -> None:
    """Check that JAX finds the device which the environment asks for, if it does.

    Raises:
        InputError: there is no such device.
    """
    asked = [f"{name}={os.environ[name]}" for name in DEVICE_VARIABLES if os.environ.get(name)]
    if not asked:
        return
    try:
        jax.devices()
    except Exception as error:  # JAX raises AssertionError and RuntimeError
        raise InputError(
            f"{' '.join(asked)}: JAX finds no such device; set JAX_PLATFORMS=cpu, or install "
            "tenfold[gpu] where there is a GPU"
        ) from error


def unusual_configuration() -> str:
    """What the global configuration of Keras changes, as a clause; empty if nothing.

    Source: the documentation of ``keras.config``.
    """
    changed = [
        f"{name} {value}"
        for name, value, usual in (
            ("image_data_format", keras.config.image_data_format(), "channels_last"),
            ("floatx", keras.config.floatx(), "float32"),
        )
        if value != usual
    ]
    if not changed:
        return ""
    file = "keras.json in ~/.keras, or keras.config.set_"
    return f"Keras is configured with {' and '.join(changed)} ({file}...)"


def enable_compilation_cache() -> None:
    """Store compiled programs in tenfold's cache folder, unless the user has set another folder."""
    config: Any = jax.config
    cache = find_cache_folder()
    if config.jax_compilation_cache_dir is None and cache is not None:
        config.update("jax_compilation_cache_dir", str(cache / "compiled"))
        config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        config.update("jax_persistent_cache_min_entry_size_bytes", 0)


require_device()
enable_compilation_cache()
