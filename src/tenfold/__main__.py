"""``python -m tenfold``."""

from tenfold.cli import run

run()
