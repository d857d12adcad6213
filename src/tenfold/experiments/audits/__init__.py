"""Audits: likely label errors and duplicates of a dataset, with a page for review."""

from tenfold.experiments.audits.auditor import Audit, audit
from tenfold.experiments.audits.duplicates import find_duplicates

__all__ = ["Audit", "audit", "find_duplicates"]
