"""Compiles the convolution kernels with the package, where there is a compiler; else goes without.

They are loaded as a plain shared library: no Python in them, only XLA's foreign function
interface, whose headers come with jaxlib. The package also installs the file that lets Keras run
on JAX when it is imported before tenfold.
"""

import importlib.util
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

FOLDER = "src/tenfold/engine/cpu/kernels"
STARTUP = "tenfold_keras_default.pth"


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
            # Python asks for debugging symbols: a quarter of the time, and seven times the size.
            extra_compile_args=["-std=c++17", "-O3", "-g0", "-DNDEBUG"],
            optional=True,  # a failure to compile is a warning, and the package installs
        )
    ]


class BuildPy(build_py):
    """Puts the startup file beside the package; an editable installation lists it by itself."""

    def run(self) -> None:
        """Build the package, and copy the startup file."""
        super().run()
        target = self.get_finalized_command("install").install_lib if self.editable_mode else None
        self.copy_file(f"src/{STARTUP}", str(Path(target or self.build_lib, STARTUP)))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """The files of the package and the startup file."""
        outputs = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, str(Path(self.build_lib, STARTUP))]


setup(ext_modules=extensions(), cmdclass={"build_py": BuildPy})
