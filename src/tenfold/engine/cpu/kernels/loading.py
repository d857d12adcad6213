"""Finds the compiled kernels and makes them known to XLA."""

from __future__ import annotations

import ctypes
import functools
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import jax

FILE = Path(__file__).parent / f"_convolution{sysconfig.get_config_var('EXT_SUFFIX')}"
CALLS = ("tenfold_convolution", "tenfold_kernel_gradient", "tenfold_input_gradient")


@dataclass(frozen=True)
class Library:
    """Whether the kernels can be used, and which instructions they use, or why they cannot."""

    usable: bool
    found: str


@functools.cache
def library() -> Library:
    """Load the kernels, once in a process.

    They are compiled with the package; an installation without a compiler has none, and a version
    of JAX with another foreign function interface refuses them. Both train without.

    Example:
        >>> isinstance(library().usable, bool)
        True
    """
    if not FILE.exists():
        return Library(False, "not compiled: the installation found no C++ compiler")
    try:
        loaded = ctypes.CDLL(str(FILE))
        for name in CALLS:
            capsule = jax.ffi.pycapsule(getattr(loaded, name))
            jax.ffi.register_ffi_target(name, capsule, platform="cpu")
    except (OSError, AttributeError, jax.errors.JaxRuntimeError) as error:
        return Library(False, " ".join(str(error).split()))
    instructions = loaded.tenfold_instructions
    instructions.restype = ctypes.c_char_p
    return Library(True, instructions().decode())
