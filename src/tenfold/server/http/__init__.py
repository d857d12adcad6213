"""HTTP without routes: connection, middleware, bodies, errors, counters."""
