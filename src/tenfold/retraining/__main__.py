"""The process that trains: ``python -m tenfold.retraining JOB``."""

import sys
from pathlib import Path

from tenfold.retraining.work import work

if __name__ == "__main__":
    work(Path(sys.argv[1]))
