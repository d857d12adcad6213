"""Retraining: a model is fine-tuned on samples in the background, and accepted or discarded.

- ``retraining``: start, progress, accept, versions and rollback.
- ``job``: the state of one retraining, in its folder.
- ``worker``: the process that trains, exports and compares.
"""

from tenfold.training.retraining.retraining import Retraining

__all__ = ["Retraining"]
