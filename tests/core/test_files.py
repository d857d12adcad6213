"""Checksums; atomic writes: complete files or none, and errors in one line."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_path, atomic_write, sha256

CONTENT = bytes(range(256)) * 4096


def names_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_file_appears_when_it_is_complete(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    with atomic_write(target, "w") as file:
        file.write("größer\r\n")
        assert not target.exists()
    assert target.read_bytes() == "größer\r\n".encode()
    assert names_in(target.parent) == ["file.txt"]


def write_and_fail(target, error):
    with atomic_write(target) as file:
        file.write(b"half")
        raise error


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "file.bin"
    target.write_bytes(b"old")
    with pytest.raises(KeyError):
        write_and_fail(target, KeyError())
    assert target.read_bytes() == b"old"
    assert names_in(tmp_path) == ["file.bin"]


def test_a_full_disk_is_an_error_in_one_line_and_leaves_nothing(tmp_path):
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(InputError, match=r"No space left.*free some space"):
        write_and_fail(tmp_path / "file.bin", error)
    assert names_in(tmp_path) == []


def test_other_errors_of_the_block_pass_unchanged(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_and_fail(tmp_path / "file.bin", FileNotFoundError(errno.ENOENT, "elsewhere"))


def test_an_unwritable_path_is_an_error_in_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    below = tmp_path / "file" / "below"
    with pytest.raises(InputError, match=r"cannot write .*choose a folder"), atomic_write(below):
        pass


def test_other_modes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="'a'"), atomic_write(tmp_path / "x", "a"):
        pass


def test_sha256_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    assert (
        sha256(tmp_path / "file")
        == sha256(CONTENT)
        == sha256(memoryview(CONTENT))
        == hashlib.sha256(CONTENT).hexdigest()
    )


@pytest.mark.parametrize("write", [atomic_write, atomic_path])
@pytest.mark.parametrize("target", [".", "..", "/", "here"])
def test_a_folder_is_no_file_to_write(write, target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    with pytest.raises(InputError, match="is a folder; give the name of a file"):
        write(target).__enter__()


def test_names_that_are_not_utf_8_are_escaped_in_text(tmp_path):
    with atomic_write(tmp_path / "list.txt", "w") as file:
        file.write(os.fsdecode(b"\x82\xa0.png"))
    assert (tmp_path / "list.txt").read_text("utf-8") == "\\udc82\\udca0.png"
