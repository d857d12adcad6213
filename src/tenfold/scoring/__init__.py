"""Scoring: a model file's predictions for collections of any size, in parts.

``sources`` divides a collection into units, of which ``parquet``, ``arrays`` and ``pictures`` read
the images in ``batches``; ``unit`` scores one and writes its part; ``job`` is the output folder,
with what is done; ``driver`` has its units done by an executor; ``scorer`` is the public function.
"""

from tenfold.scoring.job import Progress, status
from tenfold.scoring.scorer import score

__all__ = ["Progress", "score", "status"]
