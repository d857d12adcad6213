"""The cache folder."""

import platformdirs
import pytest

from tenfold.core.cache import cache_folder
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write


def test_the_environment_sets_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TENFOLD_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.delenv("TENFOLD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "tenfold" in cache_folder().parts


def test_without_a_home_the_message_names_the_variables(monkeypatch, tmp_path):
    def fail(*_, **__):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("TENFOLD_CACHE")
    monkeypatch.setattr(platformdirs, "user_cache_dir", fail)
    with pytest.raises(InputError, match=r"no home folder .*; set TENFOLD_CACHE .* or HOME"):
        cache_folder()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="choose a folder that can be written"):
        atomic_write(tmp_path / "file" / "below").__enter__()
