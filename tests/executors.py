"""An executor for tests: tasks in this process, one after the other, as a worker calls them."""

import json

from tenfold.scale.executor import Outcome
from tenfold.scale.task import call


class Here:
    """Runs tasks here; ``workers`` says how many it pretends to have."""

    def __init__(self, workers=1):
        self._workers = workers
        self.ran = []

    def workers(self):
        return self._workers

    def run(self, function, tasks, folder):
        for task in tasks:
            self.ran.append(task)
            yield Outcome(task, **call(function, json.loads(json.dumps(dict(task)))))
