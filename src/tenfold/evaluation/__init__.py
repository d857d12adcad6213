"""What the answers of networks on one split are worth, and why they were given."""

from tenfold.evaluation.calibration import Calibration
from tenfold.evaluation.evaluation import Evaluation

__all__ = ["Calibration", "Evaluation"]
