"""Leases: claims on pieces of work that several processes share through a folder.

A claim creates the file or object ``.NAME.lease-N`` exclusively. Its holder touches it as long as
it lives. A lease whose holder has ended is taken over by creating the file of the next number, so
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
from threading import Event, Lock, Thread
from typing import Any

from tenfold.core.files import remove
from tenfold.core.patience import patiently
from tenfold.core.places import exists, is_remote

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

EXPIRY = 60.0
"""Seconds after which a lease that was not touched is free, by the clock of the storage."""


class Leases:
    """The leases of this process in a folder, as a context manager that releases them.

    A holder on the same machine that has ended is noticed at once; on another machine, after
    ``expiry``. Storage elsewhere that cannot create objects exclusively may let two processes that
    claim a lease in the same moment both have it.

    Args:
        folder: exists, and is shared by all processes; a path of `tenfold.core.places.place`.
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
        self._storage = _Objects() if is_remote(folder) else _Files()
        self._held: dict[str, Path] = {}
        self._lock = Lock()
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
        if not patiently(lambda: self._storage.create(path)):
            return False
        self._held[name] = path
        for old in known:
            remove(old)
        return True

    def release(self, name: str) -> None:
        """Give back a lease, if this process holds it."""
        with self._lock:  # or it would be touched once more, and stay
            if name in self._held:
                self._storage.release(self._held.pop(name))

    def holder(self, name: str) -> str:
        """Return who holds a lease, as ``process 7 on lab-3``; "" if it is free."""
        known = self._files(name)
        if not known or self._is_free(known[-1]):
            return ""
        about = _read(known[-1])
        return f"process {about.get('process', '?')} on {about.get('host', 'another machine')}"

    def _files(self, name: str) -> Sequence[Path]:
        """The files of a lease; only the last one counts."""
        found = patiently(lambda: self._storage.find(self._folder, f".{name}.lease-*"))
        return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))

    def _is_free(self, path: Path) -> bool:
        """Whether the holder of a lease has ended."""
        try:
            if (dead := self._storage.has_ended(path, _read(path))) is not None:
                return dead
            return patiently(self._now) - self._storage.modified(path) > self._expiry
        except FileNotFoundError:  # released meanwhile
            return False

    def _now(self) -> float:
        """The time by the clock of the storage, which other machines see too."""
        probe = self._folder / f".{secrets.token_hex(4)}.probe"
        probe.write_bytes(b"now")
        try:
            return self._storage.modified(probe)
        finally:
            remove(probe)

    def _beat(self) -> None:
        while not self._ended.wait(self._expiry / 4):
            for name in list(self._held):
                with self._lock, suppress(Exception):  # of any storage, that fails for a while
                    if name in self._held:
                        self._storage.touch(self._held[name])


class _Files:
    """Leases in a file system; a holder has its file locked."""

    def __init__(self) -> None:
        self._descriptors = dict[Path, int]()

    def find(self, folder: Path, pattern: str) -> list[Path]:
        return list(folder.glob(pattern))

    def create(self, path: Path) -> bool:
        """Create a lease unless there is one."""
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except FileExistsError:
            return False
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(descriptor, _about())
        self._descriptors[path] = descriptor
        return True

    def touch(self, path: Path) -> None:
        os.utime(path)

    def release(self, path: Path) -> None:
        remove(path)
        os.close(self._descriptors.pop(path))

    def modified(self, path: Path) -> float:
        return path.stat().st_mtime

    def has_ended(self, path: Path, about: dict[str, object]) -> bool | None:
        """Whether the holder of a lease has ended; None if that cannot be known."""
        return _is_unlocked(path) if about.get("machine") == _machine() else None


class _Objects:
    """Leases in storage elsewhere."""

    def find(self, folder: Path, pattern: str) -> list[Path]:
        remote: Any = folder
        remote.fs.invalidate_cache()  # other processes write, too
        return list(folder.glob(pattern))

    def create(self, path: Path) -> bool:
        remote: Any = path
        try:
            remote.fs.pipe_file(remote.path, _about(), mode="create")
        except OSError:  # of several types
            remote.fs.invalidate_cache()
            if exists(path):
                return False
            raise
        return True

    def touch(self, path: Path) -> None:
        path.write_bytes(_about())

    def release(self, path: Path) -> None:
        with suppress(Exception):  # of any storage, that fails: it expires
            path.unlink(missing_ok=True)

    def modified(self, path: Path) -> float:
        remote: Any = path
        return float(remote.fs.modified(remote.path).timestamp())

    def has_ended(self, path: Path, about: dict[str, object]) -> bool | None:
        here = all(about.get(name) == value for name, value in _system().items())
        return True if here and _is_dead(about.get("process")) else None


def _about() -> bytes:
    return json.dumps({**_system(), "host": platform.node(), "process": os.getpid()}).encode()


def _system() -> dict[str, object]:
    """What processes have in common that see each other's numbers; containers do not."""
    try:
        return {"machine": _machine(), "processes": str(Path("/proc/self/ns/pid").readlink())}
    except OSError:  # not Linux
        return {"machine": _machine()}


def _is_dead(process: object) -> bool:
    """Whether a process of this system has ended, and no other has its number."""
    if fcntl is None or not isinstance(process, int):  # on Windows, a signal ends it
        return False
    try:
        os.kill(process, 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)
    return False


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
