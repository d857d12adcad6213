"""Networks in a user's Python file, as people write them."""

import pytest

from tenfold import InputError
from tenfold.networks.python_file import build_network, split

FLAT = "keras.Sequential([keras.Input((784,)), keras.layers.Dense({units})])"


def written(folder, text, name="net.py"):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"import keras\n{text}\n")
    return path


def test_a_function_may_import_modules_beside_its_file(tmp_path):
    for units in (3, 4):  # another folder has a module of the same name
        folder = tmp_path / str(units)
        written(folder, f"def net(): return {FLAT.format(units=units)}", "helpers.py")
        path = written(folder, "def build():\n    from helpers import net\n    return net()")
        assert build_network(f"{path}:build").output_shape == (None, units)


def test_a_model_may_stand_in_the_file_itself(tmp_path):
    path = written(tmp_path, f"digits = {FLAT.format(units=5)}")
    for name in (f"{path}", f"{path}:digits", f"{path}:"):
        assert build_network(name).output_shape == (None, 5)


def test_a_path_of_windows_keeps_its_drive():
    path, name = split(r"C:\nets\my net.py:wide")
    assert (str(path), name) == (r"C:\nets\my net.py", "wide")


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("from no_such_package import keras", "", "No module named 'no_such_package'"),
        ("import tensorflow_is_not_here", "", "tensorflow_is_not_here"),
        ("def build():\n    raise SystemExit(3)", "", "failed"),
        ("def a(): pass\ndef b(): pass", "", "with one of: a, b"),
        ("one = 1", ":one", "has no function or model 'one'"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_one_line(tmp_path, text, name, words):
    with pytest.raises(InputError, match=words) as caught:
        build_network(f"{written(tmp_path, text)}{name}")
    assert "\n" not in str(caught.value)


def test_an_import_of_tensorflow_is_explained(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as if it were not installed
    path = written(tmp_path, "from tensorflow import keras\ndef build(): pass")
    with pytest.raises(InputError, match=r"it imports tensorflow.*write 'import keras'"):
        build_network(str(path))
