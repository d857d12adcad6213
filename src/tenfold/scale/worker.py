"""The process of a local worker: calls from stdin, results to stdout, one JSON value a line.

It ends with its stdin, that is with the process that started it, however that ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from queue import SimpleQueue
from threading import Thread

from tenfold.scale.task import call


def main() -> None:
    """Answer calls until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    calls = SimpleQueue[str]()
    Thread(target=_take, args=(calls,), daemon=True).start()
    while True:
        print(json.dumps(call(**json.loads(calls.get()))), file=answers, flush=True)


def _take(calls: SimpleQueue[str]) -> None:
    """Take calls from stdin, and end the process with it, in the middle of a task."""
    for line in sys.stdin:
        calls.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
