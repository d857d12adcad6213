"""Foundations: errors, files and folders, locks, HTML pages, and Keras on JAX."""
