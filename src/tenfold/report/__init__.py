"""Reports: a run folder as one HTML page that explains correct and wrong predictions.

- `page`: `write`, which puts the content of every section into `templates/`
- `result`, `diagnosis`, `performance`, `gallery`, `layers`, `provenance`: the content of sections
- `labels`: that of sections on several labels an image
- `explanation`: what the layers of a network make of one image, as a figure and a page
- `text`: numbers, dates and durations as text
"""

from tenfold.report.diagnosis import Diagnosis, diagnose
from tenfold.report.explanation import Explanation, explain
from tenfold.report.page import Report, create, write

__all__ = ["Diagnosis", "Explanation", "Report", "create", "diagnose", "explain", "write"]
