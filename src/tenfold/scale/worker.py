"""The process of a local worker: calls from stdin, results to stdout, one JSON value a line.

It ends with its stdin, that is with the process that started it, however that ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from tenfold.scale.task import call


def main() -> None:
    """Answer calls until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        print(json.dumps(call(**json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
