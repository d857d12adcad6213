"""Loads the compiled kernels and registers them as foreign functions of XLA."""

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
    """Whether the kernels can be used.

    Attributes:
        usable: whether they were loaded.
        description: the instruction set they use, or the reason why they cannot be used.
    """

    usable: bool
    description: str


@functools.cache
def library() -> Library:
    """Load the kernels, once per process.

    They are compiled at installation. Without a C++ compiler there are none, and a version of JAX
    with another foreign function interface rejects them. Training then uses the rules of
    ``tenfold.engine.cpu.lowering``.

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
