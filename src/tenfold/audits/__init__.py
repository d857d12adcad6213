"""Audits: likely label errors and duplicates of a dataset, to look through."""

from tenfold.audits.auditing import Audit, audit
from tenfold.audits.duplicates import find_duplicates

__all__ = ["Audit", "audit", "find_duplicates"]
