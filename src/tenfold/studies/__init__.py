"""Studies: a recipe in many settings, the best of them, and what it is worth on test."""

from tenfold.studies.plan import Plan, Setting
from tenfold.studies.results import Study
from tenfold.studies.running import resume, resume_command, study
from tenfold.studies.settings import read_options

__all__ = ["Plan", "Setting", "Study", "read_options", "resume", "resume_command", "study"]
