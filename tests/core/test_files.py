"""Atomic writes: complete files or none, and errors in one line."""

import errno
import os
from pathlib import Path

import pytest

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write


def left_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_atomic_write_shows_the_file_only_when_it_is_whole(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    with atomic_write(target, "w") as file:
        file.write("größer\r\n")
        assert not target.exists()
    assert target.read_bytes() == "größer\r\n".encode()
    assert left_in(target.parent) == ["file.txt"]


def write_and_fail(target, error):
    with atomic_write(target) as file:
        file.write(b"half")
        raise error


def test_atomic_write_keeps_the_old_file_and_nothing_else_when_the_block_fails(tmp_path):
    target = tmp_path / "file.bin"
    target.write_bytes(b"old")
    with pytest.raises(KeyError):
        write_and_fail(target, KeyError())
    assert target.read_bytes() == b"old"
    assert left_in(tmp_path) == ["file.bin"]


def test_no_space_left_is_told_in_one_line_and_leaves_nothing(tmp_path):
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(InputError, match=r"No space left.*free some space"):
        write_and_fail(tmp_path / "file.bin", error)
    assert left_in(tmp_path) == []


def test_another_error_of_the_system_within_the_block_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_and_fail(tmp_path / "file.bin", FileNotFoundError(errno.ENOENT, "elsewhere"))


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    below = tmp_path / "file" / "below"
    with pytest.raises(InputError, match=r"cannot write .*choose a folder"), atomic_write(below):
        pass


def test_atomic_write_knows_two_modes(tmp_path):
    with pytest.raises(ValueError, match="'a'"), atomic_write(tmp_path / "x", "a"):
        pass
