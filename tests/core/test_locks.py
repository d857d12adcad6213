"""Locks on folders: exclusive, ended by the holder's death, inherited on POSIX, on Windows too."""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from tenfold.core import locks
from tenfold.core.errors import InputError
from tenfold.core.locks import lock_folder

HOLDER = """
import sys, time
from pathlib import Path
from tenfold.core import locks
if sys.argv[2] == "filelock":
    locks.fcntl = None
with locks.lock_folder(Path(sys.argv[1]), "in use"):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture(params=["flock", "filelock"])
def backend(request, monkeypatch):
    """Locks as on POSIX, and as on Windows."""
    if request.param == "filelock":
        monkeypatch.setattr(locks, "fcntl", None)
    return request.param


@contextmanager
def other_process(folder, backend):
    command = [sys.executable, "-c", HOLDER, folder, backend]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "locked\n"
            yield process
        finally:
            process.kill()


def lock(folder):
    with lock_folder(folder, "in use"):
        pass


def test_a_locked_folder_is_refused_until_its_holder_is_killed(backend, tmp_path):
    with other_process(tmp_path, backend) as process:
        with pytest.raises(InputError, match=r"^in use$"):
            lock(tmp_path)
        process.kill()
        process.wait()
        lock(tmp_path)


def test_a_lock_ends_with_its_block_and_excludes_the_same_process(backend, tmp_path):
    with lock_folder(tmp_path, "in use"), pytest.raises(InputError, match="in use"):
        lock(tmp_path)
    with pytest.raises(KeyError), lock_folder(tmp_path, "in use"):
        raise KeyError
    lock(tmp_path)


@pytest.mark.skipif(locks.fcntl is None, reason="Windows")
def test_on_posix_nothing_is_written(tmp_path):
    with lock_folder(tmp_path, "in use"):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(locks.fcntl is None, reason="Windows")
def test_on_posix_a_child_process_that_inherits_the_descriptor_keeps_the_lock(tmp_path):
    wait = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with lock_folder(tmp_path, "in use") as descriptor:
        child = subprocess.Popen(wait, stdin=subprocess.PIPE, pass_fds=[descriptor])
    with child:
        with pytest.raises(InputError, match="in use"):
            lock(tmp_path)
        child.communicate()
    lock(tmp_path)
