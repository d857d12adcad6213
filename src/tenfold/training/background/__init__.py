"""A training in the background of a service, one at a time, which ends with the service.

- ``training``: start, progress, stop, and whether its network answers.
- ``worker``: the process that trains.
"""

from tenfold.training.background.training import BackgroundTraining

__all__ = ["BackgroundTraining"]
