"""Tasks for the tests of executors."""

import os
import resource
import signal
import time
from pathlib import Path

from tenfold import InputError


def half(number):
    if number % 2:
        raise InputError(f"{number} is odd")
    return number / 2


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_first(marker):
    if not Path(marker).exists():
        Path(marker).touch()
        die()
    return "alive"


def hang_first(marker):
    if not Path(marker).exists():
        Path(marker).touch()
        time.sleep(600)
    return "awake"


def fill(limit):
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        return len(bytearray(2 * limit))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def process():
    return os.getpid()


def fail_twice(marker):
    path = Path(marker)
    count = int(path.read_text()) if path.exists() else 0
    if count < 2:
        path.write_text(str(count + 1))
        raise OSError(5, "the storage is away")
    return count


def missing():
    return Path("/nowhere/at/all").read_text()
