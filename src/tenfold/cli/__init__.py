"""The command line: parse, call, print.

Importing a module adds its commands; they stand in `--help` in the order of these imports.
"""

# ruff: noqa: F401, I001
from tenfold.cli.app import main, run
from tenfold.cli import training
from tenfold.cli import judging
from tenfold.cli import report
from tenfold.cli import artifact
from tenfold.cli import reading
from tenfold.cli import collecting
from tenfold.cli import serving
from tenfold.cli import study
from tenfold.cli import audit
from tenfold.cli import data

__all__ = ["main", "run"]
