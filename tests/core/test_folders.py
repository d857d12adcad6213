"""Output folders: distinct names, and errors in one line."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tenfold import InputError
from tenfold.core import folders


def test_dated_folders_of_the_same_second_differ(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(folders, "_timestamp", lambda: "2026-01-02-030405")
    with ThreadPoolExecutor() as threads:
        made = threads.map(lambda _: folders.make_dated_folder("audits", "mnist"), range(3))
        names = sorted(map(str, made))
    first = str(Path("audits") / "2026-01-02-030405-mnist")
    assert names == [first, f"{first}-2", f"{first}-3"]


def test_a_folder_that_cannot_be_created_is_an_error_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be created .*; give another --out") as caught:
        folders.make_folder(tmp_path / "file" / "run")
    assert "\n" not in str(caught.value)
    folders.make_folder(tmp_path)
