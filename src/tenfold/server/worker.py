"""One of several processes that serve: ``python -m tenfold.server.worker SOCKET``."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from tenfold.core.errors import InputError


def main() -> None:
    """Serve as the first line of stdin asks, until SIGTERM or until stdin ends."""
    from tenfold.server.serving import serve
    from tenfold.server.target import choose
    from tenfold.server.workers import settings_from

    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    listener = socket.socket(fileno=int(sys.argv[1]))
    try:
        subject = choose(asked["what"])
        samples, settings = Path(asked["samples"]), settings_from(asked["settings"])
        serve(subject, samples, settings, listener, lambda: _say("ready"))
    except InputError as error:
        _say(str(error))
        sys.exit(2)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _end_with_parent() -> None:
    while sys.stdin.read(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
