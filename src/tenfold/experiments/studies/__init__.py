"""Studies: grid and random search over the fields of a recipe.

- ``grid``: the varied values, as a grid or as ranges to draw from
- ``preflight``: checks and cost before anything is trained
- ``plan``: ``study.json``, the settings of a study
- ``search``: begin a study or go on with one
- ``adaptive``: settings that Optuna draws by the scores of earlier ones
- ``work``: train the settings and open the test set for the best
- ``results``: a study folder with its table, figure and best run
"""

from tenfold.experiments.studies.grid import read_options
from tenfold.experiments.studies.plan import Plan, Setting
from tenfold.experiments.studies.results import Study
from tenfold.experiments.studies.search import resume, study
from tenfold.experiments.studies.work import resume_command

__all__ = ["Plan", "Setting", "Study", "read_options", "resume", "resume_command", "study"]
