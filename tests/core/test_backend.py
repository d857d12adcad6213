"""Keras comes without the optional modules that it would import, and has them when it uses them."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tenfold
from tenfold.core import backend, keras_import

ROOT = Path(tenfold.__file__).parent
HEAVY = ["pandas", "matplotlib", "sklearn", "scipy", "requests"]


def answer(code):
    """What a fresh process prints last."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


IMPORTS = ["tenfold.core.backend, keras", "tenfold, keras"]


@pytest.mark.parametrize("imports", IMPORTS)
def test_keras_is_imported_without_what_training_does_not_use(imports):
    code = (
        f"import sys, {imports}\n"
        "assert keras.__loader__ is keras.__spec__.loader\n"
        "assert 'Deferring' not in type(keras.__loader__).__name__\n"
        f"from_keras = [name for name in {HEAVY} if name in sys.modules]\n"
        "print(from_keras, [m for m in sys.modules.values() if type(m).__name__ == '_LazyModule'])"
    )
    assert answer(code) == "[] []"


@pytest.mark.parametrize("imports", IMPORTS)
def test_what_was_left_out_is_there_when_it_is_used(tmp_path, imports):
    code = f"""
import numpy as np
import {imports}
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
import pandas as pd
history = model.fit(pd.DataFrame(np.zeros((4, 2))), pd.Series(np.zeros(4)), verbose=0).history
path = {str(tmp_path / "gallery.png")!r}
keras.visualization.plot_image_gallery(np.zeros((1, 8, 8, 3)), value_range=(0, 1), path=path)
from matplotlib import patches
import matplotlib.pyplot as plt
from jax.experimental import sparse
from keras._tf_keras.keras.layers import Dense
names = [patches.Patch, plt.Figure, keras.wrappers.SKLearnClassifier]
print(history, [n.__name__ for n in names], callable(sparse.linalg.lobpcg_standard))
assert Dense is keras.layers.Dense
"""
    names = "['Patch', 'Figure', 'SKLearnClassifier']"
    assert answer(code) == f"{{'loss': [0.0]}} {names} True"
    assert (tmp_path / "gallery.png").exists()


def test_a_module_that_is_there_already_stays():
    code = (
        "import matplotlib.pyplot as plt, sys, tenfold.core.backend\n"
        "print(sys.modules['matplotlib.pyplot'] is plt)"
    )
    assert answer(code) == "True"


def test_keras_that_uses_a_module_at_once_gets_it():
    code = (
        "import sys; from tenfold.core import keras_import as backend\n"
        "backend.OPTIONAL = ('xml', 'xml.dom', 'no_such_package')\n"
        "with backend.deferred_imports():\n"
        "    import xml.dom; early = xml.dom.Node.__name__\n"
        "print(early, bool(sys.modules['xml.dom'].__spec__), 'no_such_package' in sys.modules)"
    )
    assert answer(code) == "Node True False"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "--xla_backend_optimization_level=2"),
        ("--xla_dump_to=d", "--xla_dump_to=d --xla_backend_optimization_level=2"),
        ("--xla_backend_optimization_level=0", "--xla_backend_optimization_level=0"),
    ],
)
def test_what_the_user_asks_of_xla_stays(given, expected, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", given)
    backend._lower_default_optimization()
    assert os.environ["XLA_FLAGS"] == expected


def imports_keras(path):
    """Whether a module imports Keras itself when it runs."""
    tree = ast.parse(path.read_text())
    for_types = [
        n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE" in ast.unparse(n.test)
    ]
    skipped = {id(inner) for block in for_types for inner in ast.walk(block)}
    return any(
        isinstance(node, ast.Import)
        and "keras" in [alias.name for alias in node.names]
        and id(node) not in skipped
        for node in ast.walk(tree)
    )


def test_every_module_takes_keras_from_the_backend():
    importing = [path.name for path in ROOT.rglob("*.py") if imports_keras(path)]
    assert importing == ["backend.py"]


def test_keras_and_jax_import_the_optional_modules_by_themselves():
    """A name that they no longer import can leave the list."""
    code = (
        "import importlib.util, os, sys; os.environ['KERAS_BACKEND'] = 'jax'\n"
        "import jax, jax.extend.core, keras\n"
        f"every = {keras_import.OPTIONAL!r}\n"
        "names = [n for n in every if importlib.util.find_spec(n.split('.')[0])]\n"
        "print([name for name in names if name not in sys.modules])"
    )
    assert answer(code) == "[]"


def backend_of_keras(code, tmp_path, keras_json=None, **environment):
    """What the code prints in a Python that starts as one with tenfold installed does."""
    if keras_json is not None:
        (tmp_path / "keras.json").write_text(keras_json)
    start = f"import os, site, sys; site.addsitedir({str(ROOT.parent)!r})\n"
    variables = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    path = os.pathsep.join([str(ROOT.parent), str(tmp_path)])
    variables |= {"KERAS_HOME": str(tmp_path), "PYTHONPATH": path, **environment}
    done = subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, env=variables
    )
    return (done.stdout or done.stderr).splitlines()[-1]


def test_keras_may_be_imported_before_tenfold(tmp_path):
    code = "import keras, tenfold; tenfold.fit; print(keras.backend.backend())"
    assert backend_of_keras(code, tmp_path) == "jax"


CHOICE = "import tenfold_keras_default as d; d.JaxWithoutTensorFlow.find_spec('keras')\n"
CHOICE += "print(os.environ.get('KERAS_BACKEND'))"


@pytest.mark.parametrize(
    ("keras_json", "environment", "expected"),
    [
        (None, {}, "jax"),
        ('{"backend": "tensorflow"}', {}, "jax"),  # the default, which Keras itself has written
        ('{"backend": "torch"}', {}, "None"),
        ("damaged", {}, "jax"),
        (None, {"KERAS_BACKEND": "torch"}, "torch"),
    ],
)
def test_a_chosen_backend_stays(tmp_path, keras_json, environment, expected):
    assert backend_of_keras(CHOICE, tmp_path, keras_json, **environment) == expected


def test_keras_beside_tensorflow_keeps_its_default(tmp_path):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").touch()
    assert backend_of_keras(CHOICE, tmp_path) == "None"


def test_another_backend_is_named_and_not_overridden(tmp_path):
    code = "import tenfold\ntry: tenfold.train\nexcept tenfold.InputError as e: print(e)"
    message = backend_of_keras(code, tmp_path, KERAS_BACKEND="torch")
    assert "Keras runs on torch as KERAS_BACKEND says, tenfold needs JAX" in message
