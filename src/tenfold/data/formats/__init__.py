"""One module a data format."""
