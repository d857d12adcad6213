"""Compiles the convolution kernels with the package, where there is a compiler; else goes without.

They are loaded as a plain shared library: no Python in them, only XLA's foreign function
interface, whose headers come with jaxlib.
"""

import importlib.util
from pathlib import Path

from setuptools import Extension, setup

FOLDER = "src/tenfold/engine/cpu/kernels"


def extensions() -> list[Extension]:
    """The one extension, if jaxlib's headers are there to compile it with."""
    found = importlib.util.find_spec("jaxlib")
    if found is None or found.origin is None:
        return []
    return [
        Extension(
            "tenfold.engine.cpu.kernels._convolution",
            [f"{FOLDER}/convolution.cpp"],
            depends=[f"{FOLDER}/kernels.inc"],
            include_dirs=[str(Path(found.origin).parent / "include")],
            extra_compile_args=["-std=c++17", "-O3", "-DNDEBUG"],
            optional=True,  # a failure to compile is a warning, and the package installs
        )
    ]


setup(ext_modules=extensions())
