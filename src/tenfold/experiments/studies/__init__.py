"""Studies: a recipe in many settings, the best of them, and what it is worth on test."""

from tenfold.experiments.studies.plan import Plan, Setting
from tenfold.experiments.studies.results import Study
from tenfold.experiments.studies.running import resume, resume_command, study
from tenfold.experiments.studies.settings import read_options

__all__ = ["Plan", "Setting", "Study", "read_options", "resume", "resume_command", "study"]
