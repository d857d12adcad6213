"""HTTP: connection, access, limits, errors."""
