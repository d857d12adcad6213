"""Environments that programs meet: consoles, devices, notebooks, names of folders."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import tenfold


def tenfold_process(*arguments, **variables):
    """The command line in a process of its own, with other environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "tenfold", *map(str, arguments)],
        env={**os.environ, **variables},
        capture_output=True,
    )


def class_folders(folder, names):
    for k, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for i in range(6):
            Image.fromarray(np.full((28, 28), 255 - 20 * k - i, np.uint8)).save(
                folder / name / f"{i}.png"
            )
    return folder


def test_a_console_without_the_characters_shows_escapes(tmp_path):
    data = class_folders(tmp_path / "kana", ["あ", "い"])
    result = tenfold_process("data", "check", data, PYTHONIOENCODING="cp1252")
    assert (result.returncode, result.stderr) == (0, b"")
    assert rb"\u3042" in result.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other systems store names as Unicode")
def test_names_of_classes_that_are_not_utf_8_are_escaped(tmp_path):
    names = [os.fsdecode(name.encode("shift-jis")) for name in ("あ", "ソ")]
    splits = tenfold.load(class_folders(tmp_path / "data", names))
    assert splits.class_names == (r"\udc82\udca0", "\\udc83\\")
    tenfold.figures.save(splits.train.gallery(1, 2), tmp_path / "gallery.png")


@pytest.mark.parametrize("variable", ["JAX_PLATFORMS=cuda", "JAX_PLATFORM_NAME=gpu"])
def test_a_device_that_is_missing_is_named_in_one_line(variable):
    name, _, value = variable.partition("=")
    result = tenfold_process("train", "--epochs", "1", **{name: value})
    error = result.stderr.decode().splitlines()
    if result.returncode == 0:
        pytest.skip("this machine has a GPU")
    assert result.returncode == 2
    assert error == [
        f"tenfold: {variable}: JAX finds no such device; set JAX_PLATFORMS=cpu, or install "
        "tenfold[gpu] where there is a GPU"
    ]


def test_the_backend_of_a_notebook_is_ignored():
    result = tenfold_process(
        "data", "show", "--out", os.devnull + ".png", MPLBACKEND="module://not_installed"
    )
    assert b"not_installed" not in result.stderr
