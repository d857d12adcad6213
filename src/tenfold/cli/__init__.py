"""The command line: parse, call, print.

Importing a module adds its commands; `--help` lists them in the order of these imports.
"""

# ruff: noqa: F401, I001
from tenfold.cli.app import main, run
from tenfold.cli import train
from tenfold.cli import recipes
from tenfold.cli import reproduce
from tenfold.cli import doctor
from tenfold.cli import evaluate
from tenfold.cli import report
from tenfold.cli import export
from tenfold.cli import read
from tenfold.cli import collect
from tenfold.cli import serve
from tenfold.cli import study
from tenfold.cli import audit
from tenfold.cli import data

__all__ = ["main", "run"]
