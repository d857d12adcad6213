"""Evaluation of networks on one split, and explanations of single predictions.

- `predictions`: probabilities and labels of a split, right and wrong ones in order
- `evaluation`: `Evaluation`, every registered metric with its interval
- `calibration`: `Calibration`, temperature, threshold and prediction sets
- `occlusion`, `nearest_neighbours`: where the evidence for a prediction lies; similar images
"""

from tenfold.evaluation.calibration import Calibration
from tenfold.evaluation.evaluation import Evaluation
from tenfold.evaluation.occlusion import PredictFunction

__all__ = ["Calibration", "Evaluation", "PredictFunction"]
