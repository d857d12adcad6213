"""Keras on JAX, with compiled programs kept on disk: what uses Keras takes it from here."""

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

from tenfold.core.cache import cache_folder
from tenfold.core.errors import InputError

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
"""What importing Keras imports where it is installed, and training does not use."""


class _WhenUsed(ModuleType):
    """Stands for a module that is imported when something in it is first asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _give_places_back()
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _optional_when_used() -> Iterator[None]:
    """Keep optional modules from being imported with Keras, which takes twice as long by them.

    Keras holds on to the stand-ins, which become the modules as soon as it uses them; everybody
    else imports the modules themselves.
    """
    for name in OPTIONAL:
        package, _, last = name.rpartition(".")
        if name in sys.modules or not _installed(name.partition(".")[0]):
            continue
        sys.modules[name] = stand_in = _WhenUsed(name)
        if isinstance(parent := sys.modules.get(package), _WhenUsed):
            setattr(parent, last, stand_in)
    try:
        yield
    finally:
        _give_places_back()


def _installed(package: str) -> bool:
    return package in sys.modules or importlib.util.find_spec(package) is not None


def _give_places_back() -> None:
    for name in OPTIONAL:
        if isinstance(sys.modules.get(name), _WhenUsed):
            del sys.modules[name]


@contextmanager
def _lasting() -> Iterator[None]:
    """Import what stays until the process ends, and have no search for garbage look at it.

    Modules make many objects and leave next to no garbage: looking for it takes a third of the
    time that importing them does, and as long again whenever all objects are looked at later.
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


def _compile_small_programs_fast() -> None:
    """Have XLA optimise at level 2 of 3 by default, unless the user has chosen a level.

    Drawing the first weights of a network takes a program for each shape, and a third of the time
    to compile, to the same bits. Training asks for level 3.
    """
    flags, level = os.environ.get("XLA_FLAGS", ""), "--xla_backend_optimization_level"
    if level not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {level}=2".strip()


_compile_small_programs_fast()
with _optional_when_used(), _lasting():
    import jax
    import jax.extend.core  # by training: with it comes what is for accelerators
    import keras as keras


def require_jax() -> None:
    """Refuse to go on where Keras runs on another backend.

    Raises:
        InputError: Keras was imported before tenfold, with another backend.
    """
    if keras.backend.backend() != "jax":
        raise InputError(
            f"Keras runs on {keras.backend.backend()} in this process, tenfold needs JAX; "
            "import tenfold before keras, or set KERAS_BACKEND=jax, and start again"
        )


def keep_compiled_programs() -> None:
    """Turn JAX's persistent compilation cache on, unless the user has placed it elsewhere."""
    config: Any = jax.config
    if config.jax_compilation_cache_dir is None:
        config.update("jax_compilation_cache_dir", str(cache_folder() / "compiled"))
        config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        config.update("jax_persistent_cache_min_entry_size_bytes", 0)


require_jax()
keep_compiled_programs()
