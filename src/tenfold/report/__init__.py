"""Reports: the folder of a run as one HTML page that shows why its network is right or wrong."""

from tenfold.report.diagnosis import Diagnosis, diagnose
from tenfold.report.opening import shown
from tenfold.report.page import write

__all__ = ["Diagnosis", "diagnose", "shown", "write"]
