"""Imports Keras on JAX, fast, and caches compiled programs on disk.

Modules that use Keras import it from here: ``from tenfold.core.backend import keras``; see
`tenfold.core.keras_import` for what is left out.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from tenfold.core.cache import find_cache_folder
from tenfold.core.errors import InputError
from tenfold.core.keras_import import deferred_imports

CHECKED = {"keras": "3.15", "jax": "0.10"}
"""Versions up to which `tenfold.core.keras_import.OPTIONAL` was checked."""

DEVICE_VARIABLES = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")
"""Environment variables that choose the device of JAX."""


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
with deferred_imports():
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
