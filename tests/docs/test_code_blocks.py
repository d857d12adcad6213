"""What pages tell readers to type works: command lines and Python, with small data and files."""

import re
import shutil
import sys
import tomllib
from functools import cache
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest
import typer
from code_blocks import commands, fenced_blocks, mentioned_commands, shell_text
from PIL import Image

import tenfold
from tenfold import training
from tenfold.cli.app import app
from tenfold.cli.scale_options import with_ray_address
from tenfold.experiments import studies
from tenfold.experiments.studies import grid, preflight
from tenfold.networks import recipes

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for page in chain(ROOT.glob("*.md"), *map((ROOT / "docs").glob, ("*.md", "[!_]*/*.md")))
    if page.parent.name != "log"
]
LESSONS = sorted((ROOT / "src/tenfold/lessons").glob("*.md"))
WITH_PYTHON = [
    page
    for page in PAGES
    if not page.name.startswith("add-") and any(b.language == "python" for b in fenced_blocks(page))
]
HOW_TOS = [
    page
    for page in PAGES
    if page.parent.name == "how-to" and not page.name.startswith("add-") and any(commands(page))
]
PARSED_ONLY = ("audit", "collect", "import", "report", "score", "serve")
"""Commands that serve, take long, or need files of others; tests of their own run them."""

PARSED_OPTIONS = {"--serve", "--corruptions", "--corrections", "--resume"}


def name_of(page):
    return str(page.relative_to(ROOT))


@cache
def whole_command():
    return typer.main.get_command(app)


def parse(arguments):
    """Let the parser of the command line read arguments; nothing runs."""
    command, rest = whole_command(), list(with_ray_address(arguments))
    context = typer.Context(command, info_name="tenfold")
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        name, command, rest = command.resolve_command(context, rest)
        context = typer.Context(command, info_name=name, parent=context)
    command.make_context("tenfold", rest, parent=context.parent)


@pytest.mark.parametrize("page", [*PAGES, *LESSONS], ids=name_of)
def test_every_command_line_parses(page):
    for arguments in commands(page):
        parse(arguments)


@pytest.mark.parametrize("page", [*PAGES, *LESSONS], ids=name_of)
def test_commands_in_running_text_exist(page, capsys):
    for arguments in mentioned_commands(page):
        try:
            parse(arguments)
        except typer.Exit:
            message = "" if arguments == ["--help"] else "ends"
        except typer.BadParameter.__base__ as error:  # also where only a command is named
            message = re.sub("^(Missing|.* requires an argument).*", "", error.format_message())
        else:
            message = ""
        assert message == "", arguments


def test_installed_extras_and_run_scripts_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {"dev", *extras["optional-dependencies"]}
    for page in (*PAGES, *LESSONS):
        text = page.read_text("utf-8")
        named = re.findall(r"(?:'\.|tenfold)\[([\w,]+)\]", text)
        assert set(",".join(named).split(",")) - {""} <= extras, page
        for path in re.findall(
            r"^(?:python )?((?:scripts|tests|benchmarks)/\S+)", shell_text(page)
        ):
            assert (ROOT / path).exists(), (page, path)


@pytest.fixture(scope="module")
def run_of_few(few_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    run = tenfold.train("dense-47", few_file, seeds=2, epochs=1, out=folder, verbose=False)
    run.export(folder.parent / "digits.onnx")
    return run


@pytest.fixture
def files(run_of_few, few, tmp_path, monkeypatch):
    """A working folder that has what the pages name, made of a few digits."""
    monkeypatch.chdir(tmp_path)
    digits = few.train.images
    page = np.full((80, 200), 255, np.uint8)
    for i in range(4):
        page[26:54, 20 + 40 * i : 48 + 40 * i] -= digits[i]
    for folder in ("forms", "letters/A", "letters/B", "my-images/0", "my-images/1", "mine/0"):
        Path(folder).mkdir(parents=True)
    for name in ("photo.jpg", "form.jpg", "form.png", "forms/a.png", "forms/b.png"):
        Image.fromarray(page).save(name)
    Image.fromarray(page).save("form.pdf", save_all=True, append_images=[Image.fromarray(page)])
    for name in ("image", "seven", "letters/A/1", "letters/B/1", "mine/0/1"):
        Image.fromarray(digits[0]).save(f"{name}.png")
    for i in range(40):
        Image.fromarray(digits[i]).save(f"my-images/{i % 2}/{i}.png")
    for name in ("RUN", "RUN_A", "RUN_B", "runs/a", "runs/b", "runs/final", "runs/earlier"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).symlink_to(run_of_few.path)
    for name in ("digits.onnx", "mine.onnx", "theirs.onnx"):
        shutil.copy(run_of_few.path.parent / "digits.onnx", name)
    np.savez("images.npz", few.test.images)


def check_recipe(recipe, *_, **__):
    """In place of a training: the recipe is complete, and that is all."""
    assert isinstance(recipes.recipe(recipe) if isinstance(recipe, str) else recipe, tenfold.Recipe)


def expand_study(recipe, vary, *_, draws=None, changes=None, **__):
    """In place of a study: every setting is a recipe."""
    axes = grid.parse(vary)
    base = preflight.base_recipe(recipe, axes, changes or {})
    for values in grid.combinations(axes, draws, base.seed):
        recipes.customize(base, values)


def ending(function):
    """The function, after which the command ends."""

    def call(*arguments, **options):
        function(*arguments, **options)
        raise SystemExit

    return call


@pytest.mark.parametrize("page", [*HOW_TOS, ROOT / "docs/exercises.md"], ids=name_of)
def test_the_commands_of_a_page_run(page, files, tenfold_main, monkeypatch):
    monkeypatch.setattr(training, "train", ending(check_recipe))
    monkeypatch.setattr(studies, "study", ending(expand_study))
    for arguments in commands(page):
        if arguments[0] in PARSED_ONLY or PARSED_OPTIONS & set(arguments):
            continue
        words = [sorted(Path().glob(word)) if "*" in word else [word] for word in arguments]
        code, _, err = tenfold_main(*chain(*words))
        assert code == 0, (arguments, err)


@pytest.fixture
def namespace(files, few, run_of_few, monkeypatch):
    """The names that pages leave out: few images, a model, and stand-ins for what takes long."""
    import keras
    from sklearn import datasets

    train, (X, y) = tenfold.train, datasets.load_digits(return_X_y=True)

    def train_briefly(recipe, *arguments, **options):
        if not isinstance(recipe, str):
            return train(recipe, *arguments, **options, epochs=1, verbose=False)
        check_recipe(recipe)
        return run_of_few

    wandb = SimpleNamespace(WandbMetricsLogger=keras.callbacks.Callback)
    monkeypatch.setitem(sys.modules, "wandb.integration.keras", wandb)
    for name in ("mlflow", "mlflow.onnx", "mlflow.types.schema", "wandb", "wandb.integration"):
        monkeypatch.setitem(sys.modules, name, MagicMock())
    monkeypatch.setattr(datasets, "load_digits", lambda **_: (X[:120], y[:120]))
    monkeypatch.setattr(tenfold, "load", lambda *_: few)
    monkeypatch.setattr(tenfold, "train", train_briefly)
    monkeypatch.setattr(tenfold, "study", expand_study)
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softmax")])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    x_train, y_train = few.train.scaled(flat=True), few.train.one_hot()
    return {
        "tenfold": tenfold,
        "keras": keras,
        "np": np,
        "data": few,
        "run": run_of_few,
        "model": model,
        "x_train": x_train,
        "y_train": y_train,
    }


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_the_python_of_a_page_runs(page, namespace):
    for block in fenced_blocks(page):
        if block.language == "python":
            exec(compile(block.text, name_of(page), "exec"), namespace)


def test_the_new_lines_of_a_moved_notebook_run(namespace):
    import keras

    few, x = namespace["data"], namespace["x_train"]
    for part in (keras, keras.layers, keras.optimizers, keras.callbacks):
        namespace = vars(part) | namespace
    namespace["path"] = "mine/"
    namespace |= {"x": x, "y": few.train.labels, "z": x, "images": few.train.images}
    namespace["image"] = few.train.images[0]
    page = (ROOT / "docs/from-your-notebook.md").read_text("utf-8")
    lines = re.findall(r"^\| .* \| (.+) \|$", page, re.M)
    code = [span for line in lines for span in re.findall(r"`([a-zA-Z][^`]*[)\w])`", line)]
    code = [span for span in code if not re.match(r"tenfold |val|load$|train/|test/|\w+=", span)]
    assert len(code) > 40
    for span in code:
        if "..." not in span:
            exec(compile(span, "from-your-notebook.md", "exec"), namespace)
