"""Leases in a folder and on `memory://`: one holder at a time, until it ends."""

import json
import subprocess
import sys
import time

import pytest

from tenfold.core.places import place
from tenfold.scale import Leases, leases

pytest.importorskip("upath")
memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem


@pytest.fixture(params=["file", "memory"])
def folder(request, tmp_path):
    memory.store.clear()
    place("memory://lab/other").write_bytes(b"")
    yield place("memory://lab") if request.param == "memory" else tmp_path
    memory.store.clear()


def hold(folder, process, **about):
    """Leave the lease of another process."""
    content = {**leases._system(), "host": "lab-3", "process": process, **about}
    (folder / ".a.lease-7").write_bytes(json.dumps(content).encode())


def test_a_lease_is_held_while_it_is_touched_and_released(folder):
    with Leases(folder, expiry=0.4) as mine, Leases(folder, expiry=0.4) as others:
        assert mine.claim("a")
        assert not others.claim("a")
        time.sleep(0.6)
        assert not others.claim("a")
        assert others.claim("ab")
        assert "process" in others.holder("a")
        mine.release("a")
        assert others.holder("a") == ""
        assert others.claim("a")
    assert not list(folder.glob(".*"))


def test_a_lease_of_another_machine_expires(folder):
    hold(folder, 1, machine="another")
    with Leases(folder) as mine, Leases(folder, expiry=-1) as later:
        assert not mine.claim("a")
        assert mine.holder("a") == "process 1 on lab-3"
        assert later.claim("a")
        assert not mine.claim("a")


def test_a_lease_of_a_process_that_ended_is_free_at_once(folder):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    hold(folder, ended.pid)
    with Leases(folder) as mine:
        assert mine.claim("a")
        assert [path.name for path in folder.glob(".a.*")] == [".a.lease-8"]


def test_numbers_of_processes_say_nothing_in_another_container():
    folder = place("memory://lab")
    hold(folder, 2**22 + 1, processes="pid:[1]")
    with Leases(folder) as mine:
        assert not mine.claim("a")
    memory.store.clear()
