"""One direction: a module imports only from modules that stand before it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tenfold

ROOT = Path(tenfold.__file__).parent
ORDER = [
    "core",
    "metrics",
    "figures",
    "data",
    "networks",
    "engine",
    "export",
    "evaluation",
    "runs",
    "training",
    "experiments",
    "report",
    "handwriting",
    "server",
    "cli",
    "__main__",
]
MODULES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def home(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path):
    """The first-level modules of tenfold that a file imports, wherever in it that stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            parts = node.module.split(".")
            if parts[0] == "tenfold":
                yield from parts[1:2] or [alias.name for alias in node.names]
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            yield from (parts[1] for parts in names if parts[0] == "tenfold" and parts[1:])


def test_every_module_has_a_place_in_the_order():
    assert {home(path) for path in MODULES} == set(ORDER)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_modules_before_it(path):
    place = ORDER.index(home(path))
    assert [n for n in imported(path) if n in ORDER and ORDER.index(n) > place] == []


def test_the_rule_sees_imports():
    assert {"data", "evaluation", "metrics"} <= set(imported(ROOT / "runs" / "run.py"))


@pytest.mark.parametrize(
    ("what", "absent"),
    [
        ("import tenfold", ["keras", "jax", "numpy", "pandas", "matplotlib", "scipy"]),
        ("import tenfold.cli", ["keras", "jax", "numpy", "pandas", "matplotlib", "scipy"]),
        ("import tenfold; tenfold.load", ["keras", "jax", "matplotlib", "scipy"]),
        ("import tenfold; tenfold.Evaluation", ["keras", "jax", "matplotlib"]),
        ("import tenfold; tenfold.Run", ["keras", "jax", "matplotlib"]),
        ("import tenfold; tenfold.Predictor", ["keras", "jax", "pandas", "matplotlib", "onnx"]),
        ("import tenfold.server", ["keras", "jax", "pandas", "matplotlib", "onnx", "scipy"]),
        ("import tenfold; tenfold.read", ["keras", "jax", "pandas", "matplotlib", "onnx"]),
        (
            "import tenfold.evaluation.explanation",
            ["keras", "jax", "pandas", "matplotlib", "scipy", "onnx"],
        ),
    ],
)
def test_what_is_light_stays_light(what, absent):
    code = f"import sys\n{what}\nprint(sorted(set({absent!r}) & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stdout + result.stderr


def test_help_imports_neither_keras_nor_jax():
    code = (
        "import sys; sys.argv = ['tenfold', '--help']; from tenfold.cli import main\n"
        "try: main()\n"
        "except SystemExit: print('loaded', sorted({'keras', 'jax', 'numpy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.splitlines()[-1] == "loaded []"


def test_public_names_are_resolved_and_an_unknown_one_is_refused():
    for name in tenfold.__all__:
        assert getattr(tenfold, name) is not None
    assert set(tenfold.__all__) <= set(dir(tenfold))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tenfold.nothing  # noqa: B018


def test_keras_on_another_backend_is_refused_in_one_line(tmp_path):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text(
        "class backend:\n    backend = staticmethod(lambda: 'torch')\n"
    )
    code = (
        "import sys; sys.path.insert(0, '.'); import keras, tenfold\n"
        "try: tenfold.train\n"
        "except tenfold.InputError as error: print(error)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert "Keras runs on torch in this process, tenfold needs JAX" in result.stdout
