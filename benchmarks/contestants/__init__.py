"""Programs of the child processes: each reads a job as JSON and prints a line of JSON.

Each module here runs in its contestant's own environment, so it imports only the
standard library, NumPy and the libraries of that contestant.
"""
