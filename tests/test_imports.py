"""One direction: no module imports one that comes after it, at the top or inside a function."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import tenfold

ROOT = Path(tenfold.__file__).parent

ORDER = (
    "core",
    "scale",
    "metrics",
    "figures",
    "data",
    "keras_datasets",
    "networks",
    "engine",
    "export",
    "scoring",
    "evaluation",
    "runs",
    "training",
    "sklearn",
    "experiments",
    "report",
    "handwriting",
    "page",
    "server",
    "lessons",
    "cli",
    "__main__",
)
"""The packages; each may import those before it."""


def module_of(path: Path) -> str:
    parts = ("tenfold", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported(module: str, source: str) -> Iterator[str]:
    """The modules that a module imports: at the top, in functions and under ``TYPE_CHECKING``.

    ``from tenfold.runs import live`` imports the module ``tenfold.runs.live``; ``from
    tenfold.runs import Run`` imports ``tenfold.runs``, that is its ``__init__.py`` and all that
    this imports in turn. The ``__init__.py`` of the packages around an imported module, which
    Python runs too, is left out: a package that re-exports names from its modules would always
    be a cycle.
    """
    is_package = MODULES[module].name == "__init__.py"
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: -(node.level - 1) or None] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                yield submodule if submodule in MODULES else base


@cache
def graph() -> dict[str, set[str]]:
    """The modules that each module imports."""
    return {
        module: (set(imported(module, path.read_text())) & MODULES.keys()) - {module}
        for module, path in MODULES.items()
    }


def package_of(module: str) -> str:
    """The first level below ``tenfold``; ``tenfold`` itself re-exports and comes last."""
    return module.split(".")[1] if "." in module else ORDER[-1]


def find_cycle(edges: dict[str, set[str]]) -> str | None:
    """A cycle as a readable path, or None."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return " is imported by ".join(error.args[1])
    return None


def test_every_package_has_a_place_in_the_order():
    assert {package_of(module) for module in MODULES} == set(ORDER)


def test_modules_import_only_packages_before_their_place():
    wrong = [
        f"{module} imports {other}"
        for module, others in graph().items()
        for other in sorted(others - {"tenfold"})
        if ORDER.index(package_of(other)) > ORDER.index(package_of(module))
    ]
    assert wrong == []


def test_no_cycles_of_modules():
    assert find_cycle(graph()) is None


def test_a_cycle_is_shown_as_a_path():
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert find_cycle(edges) in {" is imported by ".join(path) for path in ("acba", "bacb", "cbac")}
    assert find_cycle({"a": {"b"}, "b": {"c"}}) is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import tenfold.data.formats", {"tenfold.data.formats"}),
        ("from tenfold.runs import Run", {"tenfold.runs"}),
        ("from tenfold.runs import live", {"tenfold.runs.live"}),
        ("from tenfold.runs.live import save", {"tenfold.runs.live"}),
        ("from tenfold import runs", {"tenfold.runs"}),
        ("from . import live", {"tenfold.runs.live"}),
        ("from .record import Record", {"tenfold.runs.record"}),
        ("from ..data import load", {"tenfold.data"}),
        ("def f():\n    from tenfold.data import load", {"tenfold.data"}),
        ("if TYPE_CHECKING:\n    import tenfold.data", {"tenfold.data"}),
        ("import numpy\nfrom json import loads", {"numpy", "json"}),
    ],
)
def test_every_kind_of_import_is_seen(source, expected):
    assert set(imported("tenfold.runs.run", source)) == expected


@pytest.mark.parametrize(
    ("what", "absent"),
    [
        ("import tenfold", ["keras", "jax", "numpy", "pandas", "matplotlib", "scipy"]),
        ("import tenfold.cli", ["keras", "jax", "numpy", "pandas", "matplotlib", "scipy"]),
        ("import tenfold; tenfold.load", ["keras", "jax", "matplotlib", "scipy"]),
        ("import tenfold; tenfold.Evaluation", ["keras", "jax", "matplotlib"]),
        ("import tenfold; tenfold.Run", ["keras", "jax", "matplotlib"]),
        ("import tenfold; tenfold.Predictor", ["keras", "jax", "pandas", "matplotlib", "onnx"]),
        ("import tenfold.sklearn", ["keras", "jax", "numpy", "sklearn"]),
        ("import tenfold.server", ["keras", "jax", "pandas", "matplotlib", "onnx", "scipy"]),
        ("import tenfold; tenfold.read", ["keras", "jax", "pandas", "matplotlib", "onnx"]),
        (
            "import tenfold.evaluation.occlusion, tenfold.evaluation.nearest_neighbours",
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


def test_the_docstring_of_a_package_maps_its_modules():
    """Except packages that discover their modules, where one name or rule covers them all."""
    discovered = {"data.formats", "export.layers", "networks.builders", "server.api.routes"}
    small = {"engine.cpu.kernels", "server.web"}
    missing = []
    for module, path in MODULES.items():
        package = module.removeprefix("tenfold.")
        if path.name != "__init__.py" or module == "tenfold" or package in discovered | small:
            continue
        docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
        for other in MODULES:
            name = other.rpartition(".")[2]
            if other.rpartition(".")[0] == module and name != "__main__" and name not in docstring:
                missing.append(other)
    assert missing == []
