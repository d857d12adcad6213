"""Muon against singular values, against Keras's Adam, and through training."""

import keras
import numpy as np
import pytest
from interruption import interrupt_in_epoch
from test_fit import assert_same_training, conv_model

import tenfold
from tenfold import Recipe
from tenfold.engine import Muon
from tenfold.networks.recipes import customize
from tenfold.training.progress import Progress


def one_step(optimizer, shapes):
    """The steps that an optimizer takes from weights of zero, and the gradients it had."""
    draw = np.random.default_rng(0)
    gradients = [draw.normal(size=shape).astype("float32") for shape in shapes]
    variables = [keras.Variable(np.zeros(shape, "float32")) for shape in shapes]
    optimizer.build(variables)
    optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients])
    return [variable.numpy() for variable in variables], gradients


@pytest.mark.parametrize("shape", [(3, 3, 4, 8), (5, 5, 1, 32), (1, 1, 16, 6), (20, 12)])
def test_a_step_has_the_gradients_directions_and_nearly_equal_lengths(shape):
    (step, _), (gradient, _) = one_step(Muon(0.1), [shape, (8, 10)])
    left, _, right = np.linalg.svd(gradient.reshape(-1, shape[-1]), full_matrices=False)
    matrix = step.reshape(-1, shape[-1])
    lengths = -left.T @ matrix @ right.T / (0.1 * 0.2 * np.sqrt(max(matrix.shape)))
    np.testing.assert_allclose(lengths, np.diag(np.diag(lengths)), atol=1e-3)
    assert np.diag(lengths).min() > 0.6
    assert np.diag(lengths).max() < 1.3


def test_the_last_kernel_and_all_that_is_no_matrix_is_adams():
    shapes = [(3, 3, 4, 8), (8,), (3, 3, 8, 1), (8, 10), (10,)]
    muon, _ = one_step(Muon(0.1), shapes)
    adam, _ = one_step(keras.optimizers.Adam(0.1), shapes)
    for ours, theirs in zip(muon[1:], adam[1:], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert np.abs(muon[0] - adam[0]).max() > 0.01


def test_training_equals_keras_own_fit(few):
    def build():
        model = conv_model(lambda k: [k.Conv2D(4, 3, activation="relu"), k.MaxPooling2D()])
        model.compile(Muon(0.02), "categorical_crossentropy", metrics=["accuracy"])
        return model

    assert_same_training(build, few, epochs=2, tolerance=1e-4)


def test_muon_by_name_goes_on_from_a_run_folder_and_in_one_program(few, tmp_path, monkeypatch):
    filters = {"filters": [4, 8], "kernels": 3, "pooling": 2}
    recipe = Recipe("m", "conv", filters, optimizer="muon", learning_rate=0.02, epochs=2)
    alone = tenfold.train(recipe, few, out=tmp_path / "alone", verbose=False)
    with monkeypatch.context() as patch:
        patch.setattr(Progress, "update", interrupt_in_epoch(2))
        with pytest.raises(KeyboardInterrupt):
            tenfold.train(recipe, few, seeds=2, out=tmp_path / "both", verbose=False)
    both = tenfold.resume(tmp_path / "both", few, verbose=False)
    losses = both.history[both.history["seed"] == 0]["loss"]
    assert list(losses) == pytest.approx(list(alone.history["loss"]), rel=1e-3)
    assert losses.iloc[-1] < losses.iloc[0]


def test_muon_leaves_networks_of_one_kernel_to_adam(few, tmp_path):
    losses = []
    for name in ("muon", "adamw"):
        recipe = Recipe("l", "dense", {"hidden": []}, optimizer=name, epochs=1)
        run = tenfold.train(recipe, few, out=tmp_path / name, verbose=False)
        losses += run.history["loss"].tolist()
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_a_file_compiled_with_muon_is_trained_with_it(few, tmp_path):
    (tmp_path / "net.py").write_text(
        "import tenfold\nfrom tenfold.engine import Muon\n\n"
        "def build():\n"
        "  model = tenfold.networks.conv((28, 28), 10, filters=[4, 8], kernels=3)\n"
        "  model.compile(Muon(0.03), 'categorical_crossentropy')\n"
        "  return model\n"
    )
    by_file = customize(f"{tmp_path}/net.py", {"epochs": 2})
    by_name = Recipe(
        "n",
        "conv",
        {"filters": [4, 8], "kernels": 3},
        optimizer="muon",
        learning_rate=0.03,
        epochs=2,
    )
    runs = [
        tenfold.train(recipe, few, out=tmp_path / recipe.name, verbose=False)
        for recipe in (by_file, by_name)
    ]
    for ours, theirs in zip(*(run.model.get_weights() for run in runs), strict=True):
        np.testing.assert_array_equal(ours, theirs)
