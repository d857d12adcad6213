"""Endpoints: one module for each group, with its request and response types."""
