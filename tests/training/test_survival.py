"""What a training survives: kills, Ctrl-C, damage, full disks, divergence; and users' networks."""

import json
import random
import shutil
import signal
import subprocess
import sys

import jax
import numpy as np
import pytest
from interruption import assert_same_run, child, interrupt_in_epoch

import tenfold
from tenfold import InputError
from tenfold.core.errors import TenfoldWarning
from tenfold.training.progress import Progress
from tenfold.training.run_folder import locked


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ("--dropout 0.3 --shift 2 --rotation 9", random.Random(1).sample(range(1, 24), 3)),
        ("--seeds 2 --optimizer rmsprop", random.Random(2).sample(range(1, 24), 3)),
    ],
)
def test_killed_again_and_again_it_ends_with_the_same_bits(
    few_file, tmp_path, tenfold_main, options, counts
):
    how = f"--data {few_file} --hidden 8 --epochs 4 --batch-size 32 {options}".split()
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert tenfold_main("train", *how, "--out", whole)[0] == 0
    deaths = 0
    for count in [*counts, 0]:
        again = (killed / "run.json").exists()
        arguments = ["--resume", killed] if again else [*how, "--out", killed]
        result = child(count, "train", *arguments)
        if result.returncode == -signal.SIGKILL:
            deaths += 1
            continue
        assert result.returncode == 0, result.stderr
        break
    assert deaths >= 2
    assert_same_run(whole, killed)


@pytest.mark.parametrize("count", [1, 5])
def test_killed_before_it_is_a_run_the_folder_can_be_used_again(
    few_file, tmp_path, tenfold_main, count
):
    how = ["--data", few_file, "--hidden", "8", "--epochs", "1", "--out", tmp_path / "run"]
    assert child(count, "train", *how).returncode == -signal.SIGKILL
    code, _, error = tenfold_main("train", "--resume", tmp_path / "run")
    assert code == 2
    assert "not a run folder" in error
    assert tenfold_main("train", *how)[0] == 0
    assert tenfold_main("evaluate", tmp_path / "run")[0] == 0


def test_ctrl_c_names_the_command_to_go_on_with(few_file, tmp_path):
    code = "from tenfold.cli import main; main()"
    how = ["--data", few_file, "--hidden", "8", "--epochs", "100000", "--out", "my run"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, "train", *map(str, how)],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs ignore Ctrl-C, and so do their children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for line in process.stderr:
        if "epoch " in line:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read().splitlines()
    assert process.wait(60) == 130
    assert rest[-1] == "tenfold: stopped; continue with tenfold train --resume 'my run'"
    assert all(line.lstrip().startswith("epoch ") for line in rest[:-1])
    with pytest.raises(InputError, match="not finished; continue with tenfold train --resume"):
        tenfold.Run(tmp_path / "my run").evaluate()


# A run that was stopped in its second epoch

SMALL = tenfold.Recipe("small", arguments={"hidden": [8]}, epochs=3)


@pytest.fixture(scope="module")
def stopped_run(few_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Progress, "update", interrupt_in_epoch(2))
        with pytest.raises(KeyboardInterrupt, match="tenfold train --resume"):
            tenfold.train(SMALL, few_file, out=folder, verbose=False)
    return folder


@pytest.fixture
def stopped(stopped_run, tmp_path):
    return shutil.copytree(stopped_run, tmp_path / "run")


@pytest.fixture(scope="module")
def finished_run(few_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "run"
    return tenfold.train(SMALL, few_file, out=folder, verbose=False).path


@pytest.fixture
def finished(finished_run, tmp_path):
    return shutil.copytree(finished_run, tmp_path / "run")


def test_a_stopped_run_goes_on_and_ends_like_one_that_was_not(stopped, finished_run):
    assert tenfold.Run(stopped).history["epoch"].tolist() == [1]
    assert "<p>" in tenfold.Run(stopped)._repr_html_()
    run = tenfold.resume(stopped, verbose=False)
    assert run.record.status == "finished"
    assert_same_run(finished_run, stopped)
    with pytest.raises(InputError, match="its training is finished"):
        tenfold.resume(stopped)


def test_a_finish_that_was_stopped_is_done_again(stopped, finished_run, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tenfold.figures.save", fail)
        with pytest.raises(KeyboardInterrupt):
            tenfold.resume(stopped, verbose=False)
    assert tenfold.Run(stopped).record.status == "training"
    tenfold.resume(stopped, verbose=False)
    assert_same_run(finished_run, stopped)


def test_a_picture_that_cannot_be_drawn_does_not_cost_the_training(stopped, monkeypatch):
    def fail(*_):
        raise ValueError("Key backend: 'module://matplotlib_inline' is not a valid value")

    monkeypatch.setattr("tenfold.figures.output.render", fail)
    with pytest.warns(
        TenfoldWarning, match="is not drawn .*'module://matplotlib_inline'"
    ) as caught:
        run = tenfold.resume(stopped, verbose=False)
    assert [
        str(warning.message).partition(" for " if i == 0 else " is ")[0]
        for i, warning in enumerate(w for w in caught if w.category is TenfoldWarning)
    ] == ["the confusion matrix", "learning-curves.png"]
    assert run.record.status == "finished"
    assert not (stopped / "learning-curves.png").exists()


def test_two_processes_do_not_train_the_same_run(stopped):
    with locked(stopped), pytest.raises(InputError, match="another process is training this run"):
        tenfold.resume(stopped)
    assert tenfold.resume(stopped, verbose=False).record.status == "finished"


def test_other_data_are_refused_on_resuming(stopped, few):
    other = tenfold.Splits("few", few.train[:-1], few.validation, few.test, "here", 0)
    with pytest.raises(InputError, match="train split of few differs from the one"):
        tenfold.resume(stopped, data=other)


# Half a run folder


def remove(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


def assert_one_line(result, words):
    """One line of error, at most after lines that say how data and pixels are read."""
    code, out, error = result
    assert code == 2, (out, error)
    (line,) = [each for each in error.splitlines() if not each.startswith(("data: ", "pixels: "))]
    assert line.startswith("tenfold: ")
    assert words in line


@pytest.mark.parametrize("damage", [remove, truncate, empty])
@pytest.mark.parametrize("name", ["run.json", "models/seed-0.keras"])
def test_a_damaged_run_is_refused_in_one_line(finished, tenfold_main, name, damage):
    (finished / "models" / "seed-0.onnx").unlink()
    damage(finished / name)
    assert_one_line(tenfold_main("evaluate", finished, "--split", "train"), name)
    assert_one_line(tenfold_main("evaluate", finished), name)
    assert not (finished / "test-openings.jsonl").exists()


@pytest.mark.parametrize("damage", [truncate, empty])
def test_a_damaged_export_is_refused_and_can_be_removed(finished, tenfold_main, damage):
    expected = tenfold_main("evaluate", finished, "--split", "train", "--json")[1]
    exported = finished / "models" / "seed-0.onnx"
    damage(exported)
    answer = tenfold_main("evaluate", finished)
    assert_one_line(answer, "remove it, and seed-0.keras is used instead")
    assert not (finished / "test-openings.jsonl").exists()
    exported.unlink()
    figures = json.loads(tenfold_main("evaluate", finished, "--split", "train", "--json")[1])
    assert figures["accuracy"] == json.loads(expected)["accuracy"]


@pytest.mark.parametrize("damage", [remove, truncate, empty])
@pytest.mark.parametrize("name", ["run.json", "checkpoint.npz", "network.json"])
def test_a_damaged_stopped_run_is_refused_in_one_line(stopped, tenfold_main, name, damage):
    damage(stopped / name)
    before = sorted(stopped.rglob("*"))
    assert_one_line(tenfold_main("train", "--resume", stopped), name)
    assert sorted(stopped.rglob("*")) == before


@pytest.mark.parametrize("damage", [remove, truncate, empty])
def test_other_damaged_files_are_named_when_they_are_needed(finished, damage):
    for name in ("history.csv", "weights/seed-0.weights.h5", "network.json"):
        damage(finished / name)
    run = tenfold.Run(finished)
    if damage is not truncate:  # half a table is a table
        with pytest.raises(InputError, match=r"history\.csv: (missing|cannot be read)"):
            run.plot()
    with pytest.raises(InputError, match=r"weights\.h5: (missing|cannot be read)"):
        run.load_weights(run.model)
    with pytest.raises(InputError, match=r"network\.json: (missing|cannot be read)"):
        run.summary()


def test_whole_folders_may_be_gone(finished, tenfold_main):
    for name in ("models", "weights", "tensorboard"):
        remove(finished / name)
    (finished / "learning-curves.png").unlink()
    assert_one_line(tenfold_main("evaluate", finished), "missing")
    assert tenfold.Run(finished).history["epoch"].max() == 3


def test_a_damaged_ledger_is_named(finished, tenfold_main):
    (finished / "test-openings.jsonl").write_text('{"time": ')
    assert_one_line(tenfold_main("evaluate", finished), "test-openings.jsonl")


def test_a_record_of_another_format_is_refused(finished, tenfold_main):
    text = (finished / "run.json").read_text()
    (finished / "run.json").write_text(text.replace('"format": 2', '"format": 9'))
    assert_one_line(tenfold_main("evaluate", finished), "format is 9")
    (finished / "run.json").write_text("[]")
    assert_one_line(tenfold_main("evaluate", finished), "damaged")


# No space, no permission


LIMITED = """
import resource, sys
import tenfold.runs
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
from tenfold.cli import main
main()
"""


def limited(size, *arguments):
    """The command line in a process that can write no file larger than so many bytes."""
    command = [sys.executable, "-W", "ignore", "-c", LIMITED, str(size), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return result.returncode, result.stdout, result.stderr


def test_no_space_at_the_start_leaves_nothing(few_file, tmp_path):
    out = tmp_path / "runs" / "run"
    result = limited(20_000, "train", "--hidden", "8", "--data", few_file, "--out", out)
    assert_one_line(result, "cannot write")
    assert list(tmp_path.iterdir()) == []


def test_no_space_in_the_middle_loses_nothing(stopped, finished_run):
    code, _, error = limited(70_000, "train", "--resume", stopped)
    assert code == 2
    last = error.splitlines()[-1]
    assert last.startswith("tenfold: cannot write")
    assert last.endswith(f"then continue with tenfold train --resume {stopped}")
    assert not [path for path in stopped.rglob("*") if ".tmp" in path.name]
    tenfold.resume(stopped, verbose=False)
    assert_same_run(finished_run, stopped)


def test_a_ledger_that_cannot_be_written_keeps_the_test_set_sealed(finished, tenfold_main):
    (finished / "test-openings.jsonl").mkdir()
    assert_one_line(tenfold_main("evaluate", finished), "not opened unrecorded")


def test_a_file_in_the_place_of_a_folder_is_refused(stopped, tenfold_main):
    (stopped / "models").write_text("")
    code, _, error = tenfold_main("train", "--resume", stopped)
    assert code == 2
    assert "continue with tenfold train --resume" in error.splitlines()[-1]
    (stopped / "models").unlink()
    assert tenfold.resume(stopped, verbose=False).record.status == "finished"


@pytest.mark.parametrize(
    "error", [MemoryError(), jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")]
)
def test_too_little_memory_is_reported(few_file, tmp_path, monkeypatch, tenfold_main, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("tenfold.engine.build_networks", fail)
    out = tmp_path / "run"
    assert_one_line(tenfold_main("train", "--data", few_file, "--out", out), "not enough memory")
    assert not out.exists()


# Divergence


def test_a_diverged_training_says_so_and_says_so_again(few_file, tmp_path, tenfold_main):
    out = tmp_path / "run"
    how = ["--hidden", "8", "--activation", "exponential", "--learning-rate", "900"]
    code, stdout, error = tenfold_main("train", *how, "--data", few_file, "--out", out)
    first = error.splitlines()[-1]
    assert (code, stdout) == (2, "")
    assert "NaN or infinite in epoch 1, at learning rate 900" in first
    code, _, error = tenfold_main("train", "--resume", out)
    assert (code, error.splitlines()) == (2, [first])
    assert_one_line(tenfold_main("evaluate", out), "its loss became NaN")
    assert len(tenfold.Run(out).history) >= 1
    assert "<img" in tenfold.Run(out)._repr_html_()


# A network of the user's own

NETWORK = """
import keras

def build():
    model = keras.Sequential([
        keras.Input((28, 28)),
        keras.layers.Flatten(),
        keras.layers.Dense(8, "relu"),
        keras.layers.Dropout(0.1),
        keras.layers.Dense(10),
    ])
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model

def plain():
    return keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softmax")])
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "own.py"
    path.write_text(NETWORK)
    return path


def test_a_compiled_network_keeps_its_loss_optimizer_and_schedule(
    own, few_file, tmp_path, tenfold_main
):
    how = ["train", "own.py:build", "--data", few_file, "--epochs", "2", "--out", "run"]
    assert tenfold_main(*how)[0] == 0
    run = tenfold.Run("run")
    optimizer = run.model.optimizer
    assert type(optimizer).__name__ == "SGD"
    assert float(optimizer.learning_rate) == pytest.approx(0.1 * 0.9 ** (10 / 10))
    assert run.model.loss.from_logits
    result = run.evaluate("validation")
    np.testing.assert_allclose(result.probabilities.sum(axis=-1), 1, atol=1e-5)
    loss = result.uncalibrated().log_loss[0].value
    assert loss == pytest.approx(run.history["val_loss"].iloc[-1], rel=1e-4)


def test_a_run_does_not_need_the_file_again(own, few_file, tmp_path):
    how = tenfold.networks.recipes.customize("own.py:build", {"epochs": 2})
    whole = tenfold.train(how, few_file, seeds=2, out="whole", verbose=False)
    first, second = (model.get_weights()[0] for model in whole.models)
    assert not np.array_equal(first, second)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Progress, "update", interrupt_in_epoch(1))
        with pytest.raises(KeyboardInterrupt):
            tenfold.train(how, few_file, seeds=2, out="halves", verbose=False)
    own.unlink()
    tenfold.resume("halves", verbose=False)
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


def test_an_uncompiled_network_gets_the_recipes(own, few_file, tenfold_main):
    how = ["train", "own.py:plain", "--data", few_file, "--optimizer", "adamw", "--epochs", "1"]
    assert tenfold_main(*how, "--out", "run")[0] == 0
    run = tenfold.Run("run")
    assert type(run.model.optimizer).__name__ == "AdamW"
    assert run.recipe.loss == "categorical_crossentropy"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no such file"),
        ("def build(:", "failed: SyntaxError"),
        ("import sys; sys.exit(3)", "failed: SystemExit"),
        ("1 / 0", "failed: ZeroDivisionError"),
        ("import nothing_of_that_name", "failed: ModuleNotFoundError"),
        ("def make(): pass", "has no function or model 'build'"),
        ("build = 3", "has no function or model 'build'"),
        ("def build(units): pass", "callable without arguments"),
        ("def build(): raise RuntimeError('no')", "failed: RuntimeError: no"),
        ("def build(): return 3", "returned int"),
        (
            "import keras\nbuild = lambda: keras.Sequential([keras.Input((784,)), "
            "keras.layers.Dense(7, 'softmax')])",
            "10 classes",
        ),
        (
            "import keras\nbuild = lambda: keras.Sequential([keras.Input((99,)), "
            "keras.layers.Dense(10, 'softmax')])",
            "28x28",
        ),
        (
            "import keras\nbuild = lambda: keras.Sequential([keras.Input((784,)), "
            "keras.layers.Dense(10)])",
            "are not probabilities",
        ),
        (
            "import keras\nclass Mine(keras.layers.Layer):\n  def call(self, x): return x\n"
            "build = lambda: keras.Sequential([keras.Input((784,)), Mine(), "
            "keras.layers.Dense(10, 'softmax')])",
            "Mine is not one of Keras's own layers",
        ),
        (
            "import keras\n@keras.saving.register_keras_serializable('x')\n"
            "class Mine(keras.layers.Layer):\n  def call(self, x): return x\n"
            "build = lambda: keras.Sequential([keras.Input((784,)), Mine(), "
            "keras.layers.Dense(10, 'softmax')])",
            "Mine is not one of Keras's own layers",
        ),
        (
            "import keras\nclass Net(keras.Model):\n  def __init__(self, a):\n"
            "    super().__init__()\nbuild = lambda: Net(object())",
            "cannot be saved",
        ),
        (
            "import keras\nbuild = lambda: keras.Sequential([keras.Input((784,)), "
            "keras.layers.Lambda(lambda x: x), keras.layers.Dense(10, 'softmax')])",
            "Lambda is not one of Keras's own layers",
        ),
        (
            "import keras\ndef mine(a, b): return keras.ops.mean((a - b) ** 2)\n"
            "def build():\n  m = keras.Sequential([keras.Input((784,)), "
            "keras.layers.Dense(10, 'softmax')])\n  m.compile('sgd', mine)\n  return m",
            "its loss cannot be stored in a run",
        ),
    ],
)
def test_a_file_that_gives_no_network_is_refused_in_one_line(
    tmp_path, monkeypatch, few_file, tenfold_main, text, words
):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "net.py").write_text(text)
    assert_one_line(tenfold_main("train", "net.py:build", "--data", few_file), words)
    assert {path.name for path in tmp_path.iterdir()} <= {"net.py", "__pycache__"}


def test_options_of_other_networks_are_refused_for_a_file(own, tenfold_main):
    assert_one_line(tenfold_main("train", "own.py:plain", "--hidden", "8"), "hidden: ")
