"""Executors: where the independent tasks of a job run.

A task is a function, given as ``module:function``, of JSON values: paths and small settings in, a
small result out. ``task`` calls it and retries storage that fails, ``executor`` is the interface,
``local`` runs tasks in processes of this machine, ``ray`` on a Ray cluster, ``worker`` is the
process of ``local``; ``leases`` divide work among several processes that give tasks, as
``sharing`` does. Ray is imported only when it is used.
"""

from tenfold.scale.executor import Executor, Outcome
from tenfold.scale.leases import Leases
from tenfold.scale.local import Local
from tenfold.scale.ray import Ray

__all__ = ["Executor", "Leases", "Local", "Outcome", "Ray"]
