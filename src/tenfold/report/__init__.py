"""Reports: a run folder as one HTML page that explains correct and wrong predictions.

- `page`: `write`, which puts the content of every section into `templates/`
- `result`, `diagnosis`, `performance`, `gallery`, `layers`, `provenance`: the content of sections
- `text`: numbers, dates and durations as text
"""

from tenfold.report.diagnosis import Diagnosis, diagnose
from tenfold.report.page import Report, create, write

__all__ = ["Diagnosis", "Report", "create", "diagnose", "write"]
