"""Audits: likely label errors and duplicates of a dataset, with a page for review.

- ``auditor``: ``audit``, by cross-validation
- ``folds``: the networks of the folds, trained by an executor; ``pooling``: all images as one
- ``result``, ``tables``: candidates and duplicates as tables
- ``duplicates``: equal and nearly equal images
- ``page``: the HTML file to review them in
"""

from tenfold.experiments.audits.auditor import Audit, audit
from tenfold.experiments.audits.duplicates import find_duplicates

__all__ = ["Audit", "audit", "find_duplicates"]
