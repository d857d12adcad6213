"""Keras on JAX, with compiled programs kept on disk; imported before anything that uses Keras."""

from __future__ import annotations

from typing import Any

import jax
import keras

from tenfold.errors import InputError
from tenfold.files import cache_folder


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
