"""The worker process: ``python -m tenfold.training.background JOB_FOLDER``."""

import sys
from pathlib import Path

from tenfold.training.background.worker import work

if __name__ == "__main__":
    work(Path(sys.argv[1]))
