"""The command line: parse, call, print.

Importing a module adds its commands; `--help` lists them in the order of these imports.

- ``app``: start and end of every command, shared options; ``recipe_options``,
  ``generated_options``: options generated from declarations; ``scale_options``: where tasks run
- ``train``, ``recipes``, ``reproduce``, ``study``, ``audit``: commands that train;
  ``import_model``: a network trained elsewhere
- ``evaluate``, ``predict``, ``explain``, ``report``, ``export``, ``score``: commands on runs and
  model files
- ``read``, ``collect``, ``serve``: handwriting and the service
- ``data``, ``lessons``, ``doctor`` with ``doctor_checks``: datasets, lessons, installation
- ``audit_text``, ``data_text``, ``evaluation_text``, ``reproduction_text``,
  ``run_text``, ``study_text``, ``text``: console output of results
"""

# ruff: noqa: F401, I001
from tenfold.cli.app import main, run
from tenfold.cli import train
from tenfold.cli import import_model
from tenfold.cli import recipes
from tenfold.cli import reproduce
from tenfold.cli import doctor
from tenfold.cli import evaluate
from tenfold.cli import predict
from tenfold.cli import explain
from tenfold.cli import report
from tenfold.cli import export
from tenfold.cli import score
from tenfold.cli import read
from tenfold.cli import collect
from tenfold.cli import serve
from tenfold.cli import study
from tenfold.cli import audit
from tenfold.cli import data
from tenfold.cli import lessons

__all__ = ["main", "run"]
