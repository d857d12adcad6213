"""Questions over many runs: comparison, studies, audits, reproduction."""
