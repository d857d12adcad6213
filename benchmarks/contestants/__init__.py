"""What one child process of a benchmark runs: a job comes in as JSON, a line of JSON goes out.

Each module here runs in its contestant's own environment, so it imports the standard library,
NumPy and that contestant's libraries, nothing else.
"""
