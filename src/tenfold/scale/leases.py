"""Leases: claims on pieces of work that several processes share through a folder.

A claim creates the file ``.NAME.lease-N`` exclusively. Its holder touches the file as long as it
lives. A lease whose holder has ended is taken over by creating the file of the next number, so
that one of several claimants gets it.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from tenfold.core.files import remove

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

EXPIRY = 60.0
"""Seconds after which a lease that was not touched is free, by the clock of the file system."""


class Leases:
    """The leases of this process in a folder, as a context manager that releases them.

    A holder on the same machine that has ended is noticed at once, by the lock on its file;
    on another machine, or without locks, after ``expiry``.

    Args:
        folder: exists, and is shared by all processes.
        expiry: seconds.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with Leases(folder) as mine, Leases(folder) as others:
        ...     mine.claim("a"), others.claim("a"), others.claim("b"), mine.holder("b") != ""
        (True, False, True, True)
    """

    def __init__(self, folder: Path, expiry: float = EXPIRY) -> None:
        self._folder, self._expiry = folder, expiry
        self._held: dict[str, tuple[Path, int]] = {}
        self._ended = Event()
        self._heart = Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Leases:
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._heart.join()
        for name in list(self._held):
            self.release(name)

    def claim(self, name: str) -> bool:
        """Take a lease unless another process holds it.

        After a claim, see whether the work was done meanwhile.
        """
        known = self._files(name)
        if known and not self._is_free(known[-1]):
            return False
        number = int(known[-1].name.rpartition("-")[2]) + 1 if known else 0
        path = self._folder / f".{name}.lease-{number}"
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except FileExistsError:
            return False
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        about = {"machine": _machine(), "host": platform.node(), "process": os.getpid()}
        os.write(descriptor, json.dumps(about).encode())
        self._held[name] = (path, descriptor)
        for old in known:
            remove(old)
        return True

    def release(self, name: str) -> None:
        """Give back a lease, if this process holds it."""
        if name in self._held:
            path, descriptor = self._held.pop(name)
            remove(path)
            os.close(descriptor)

    def holder(self, name: str) -> str:
        """Return who holds a lease, as ``process 7 on lab-3``; "" if it is free."""
        known = self._files(name)
        if not known or self._is_free(known[-1]):
            return ""
        about = _read(known[-1])
        return f"process {about.get('process', '?')} on {about.get('host', 'another machine')}"

    def _files(self, name: str) -> Sequence[Path]:
        """The files of a lease; only the last one counts."""
        found = self._folder.glob(f".{name}.lease-*")
        return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))

    def _is_free(self, path: Path) -> bool:
        """Whether the holder of a lease has ended."""
        try:
            if (
                _read(path).get("machine") == _machine()
                and (dead := _is_unlocked(path)) is not None
            ):
                return dead
            return self._now() - path.stat().st_mtime > self._expiry
        except FileNotFoundError:  # released meanwhile
            return False

    def _now(self) -> float:
        """The time by the clock of the file system, which other machines see too."""
        probe = self._folder / f".{secrets.token_hex(4)}.probe"
        probe.touch()
        try:
            return probe.stat().st_mtime
        finally:
            remove(probe)

    def _beat(self) -> None:
        while not self._ended.wait(self._expiry / 4):
            for path, _ in list(self._held.values()):
                with suppress(OSError):  # storage that fails for a while
                    os.utime(path)


def _read(path: Path) -> dict[str, object]:
    try:
        values = json.loads(path.read_bytes())
    except ValueError:  # just created, or by a process that ended at once
        return {}
    return values if isinstance(values, dict) else {}


def _is_unlocked(path: Path) -> bool | None:
    """Whether no process of this machine has the file locked; None if that cannot be known."""
    if fcntl is None:
        return None
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    else:
        return True
    finally:
        os.close(descriptor)


def _machine() -> str:
    """A name of the running system, under which file locks are seen."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # not Linux
        return platform.node()
