"""The HTTP API: shared state, types and endpoints."""
