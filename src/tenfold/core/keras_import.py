"""What importing Keras and JAX leaves out until it is used, also in scripts that import Keras.

Importing Keras 3.15 imports pandas, matplotlib, scikit-learn and other optional packages where they
are installed, and importing JAX parts that only accelerators need. That doubles the time to start,
so such modules are imported when they are first used. ``tests/core/test_backend.py`` fails if a
name in ``OPTIONAL`` is no longer imported by the checked versions, or if Keras or JAX is newer than
those.
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


class _LazyModule(ModuleType):
    """A placeholder that imports the module on the first access to an attribute."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _remove_placeholders()
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def deferred_imports() -> Iterator[None]:
    """Put placeholders of the optional modules into ``sys.modules`` while Keras is imported.

    Keras holds references to the placeholders, which import the modules when it uses them. After
    that they leave ``sys.modules``, so that all others import the modules themselves.
    """
    with _without_garbage_collection():
        _place()
        try:
            yield
        finally:
            _remove_placeholders()


def _place() -> None:
    for name in OPTIONAL:
        package, _, last = name.rpartition(".")
        if name in sys.modules or not _installed(name.partition(".")[0]):
            continue
        sys.modules[name] = placeholder = _LazyModule(name)
        if isinstance(parent := sys.modules.get(package), _LazyModule):
            setattr(parent, last, placeholder)


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


class KerasFinder:
    """Finds Keras for a script that imports it after tenfold, and defers its optional imports.

    Only the first import of Keras on JAX is changed; the module has its own loader afterwards.
    """

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> Any:
        """The module specification of Keras; None for all other modules."""
        if name != "keras":
            return None
        sys.meta_path.remove(cls)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None and os.environ["KERAS_BACKEND"] == "jax":
            deferring: Any = _DeferringLoader(spec.loader)
            spec.loader = deferring
        return spec


class _DeferringLoader:
    """Runs a module with its own loader while optional imports are deferred."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        with deferred_imports():
            self._loader.exec_module(module)
