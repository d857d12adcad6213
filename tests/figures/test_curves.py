"""Learning curves."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tenfold import figures
from tenfold.core.errors import InputError


def _history(epochs: int, seeds: int = 1, validation: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(e, s) for s in range(seeds) for e in range(1, epochs + 1)], columns=["epoch", "seed"]
    )
    for name in ("loss", "val_loss")[: 1 + validation]:
        table[name] = 1 / table["epoch"] + 0.1 * rng.random(len(table))
        table[name.replace("loss", "accuracy")] = 1 - table[name] / 5
    return table


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_learning_curves_draw_train_and_validation_of_one_seed():
    history = _history(5)
    figure = figures.learning_curves(history, "dense-512")
    assert figure.get_suptitle() == "dense-512"
    for axes, column in zip(figure.axes, ("loss", "accuracy"), strict=True):
        assert axes.get_title(loc="left") == column.capitalize()
        assert axes.get_xlabel() == "epoch"
        for line, source in zip(axes.lines, (column, f"val_{column}"), strict=True):
            np.testing.assert_allclose(line.get_xdata(), history["epoch"])
            np.testing.assert_allclose(line.get_ydata(), history[source])
    last = history.iloc[-1]
    assert _texts(figure) == [
        f"train\n{last['loss']:.4f}",
        f"validation\n{last['val_loss']:.4f}",
        f"train\n{100 * last['accuracy']:.2f} %",
        f"validation\n{100 * last['val_accuracy']:.2f} %",
    ]


def test_learning_curves_of_several_seeds_have_their_mean_and_band():
    history = _history(6, seeds=4)
    figure = figures.learning_curves(history)
    axes = figure.axes[0]
    by_epoch = history.groupby("epoch")["loss"]
    np.testing.assert_allclose(axes.lines[4].get_ydata(), by_epoch.mean())
    for seed, line in enumerate(axes.lines[:4]):
        np.testing.assert_allclose(line.get_ydata(), history["loss"][history["seed"] == seed])
    outline = axes.collections[0].get_paths()[0].vertices
    for epoch, low, high in zip(
        range(1, 7), by_epoch.mean() - by_epoch.std(), by_epoch.mean() + by_epoch.std(), strict=True
    ):
        heights = outline[outline[:, 0] == epoch, 1]
        assert (heights.min(), heights.max()) == pytest.approx((low, high))
    assert "mean of 4 seeds" in figure.get_supxlabel()


@pytest.mark.parametrize("drop", [True, False])
def test_learning_curves_without_validation_show_train_alone(drop):
    history = _history(3)
    if drop:
        history = history.drop(columns=["val_loss", "val_accuracy"])
    else:
        history[["val_loss", "val_accuracy"]] = np.nan
    figure = figures.learning_curves(history)
    assert [len(axes.lines) for axes in figure.axes] == [1, 1]
    assert "validation" not in figure.get_label()


@pytest.mark.parametrize("epochs", [1, 2, 5, 20, 60, 500])
def test_epochs_are_whole_numbers_from_one(epochs):
    figure = figures.learning_curves(_history(epochs))
    figure.draw_without_rendering()
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks
        assert all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)


@pytest.mark.parametrize("spread", [1, 0.1, 0.01, 0.001])
def test_accuracy_ticks_are_distinct(spread):
    history = _history(4)
    history["accuracy"] = 1 - spread * history["loss"] / 2
    history["val_accuracy"] = 1 - spread * history["val_loss"] / 2
    figure = figures.learning_curves(history)
    figure.draw_without_rendering()
    axes = figure.axes[1]
    for tick, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        assert float(label.get_text().removesuffix(" %")) == pytest.approx(100 * tick, abs=1e-9)


def test_labels_of_close_curves_do_not_overlap():
    history = _history(5)
    history["val_loss"], history["val_accuracy"] = history["loss"], history["accuracy"]
    figure = figures.learning_curves(history)
    figure.draw_without_rendering()
    for axes in figure.axes:
        one, other = (text.get_window_extent() for text in axes.texts)
        assert not one.overlaps(other)
        assert figure.bbox.x1 >= max(one.x1, other.x1)


def test_a_training_that_diverged_is_marked():
    history = _history(6)
    history.loc[history["epoch"] > 2, "loss"] = np.inf
    history["val_loss"] = history["loss"]
    figure = figures.learning_curves(history)
    assert _texts(figure)[:2] == ["train\ndiverged, epoch 3", "validation\ndiverged, epoch 3"]
    history["loss"] = history["val_loss"] = np.nan
    assert _texts(figures.learning_curves(history))[0] == "diverged: no finite value"


def test_one_diverged_seed_is_not_hidden_in_the_mean():
    history = _history(6, seeds=3)
    history.loc[(history["seed"] == 1) & (history["epoch"] > 4), "loss"] = np.nan
    figure = figures.learning_curves(history)
    assert _texts(figure)[0] == "train\n1 of 3 diverged"


def test_seeds_that_stopped_early_leave_the_mean_to_the_others():
    history = _history(6, seeds=3)
    history = history[(history["seed"] != 1) | (history["epoch"] <= 4)]
    figure = figures.learning_curves(history)
    mean = history.groupby("epoch")["loss"].mean()
    np.testing.assert_allclose(figure.axes[0].lines[3].get_ydata(), mean)
    assert "mean of 2 to 3 seeds" in figure.get_supxlabel()


BAD = {
    "column missing": (figures.learning_curves, (_history(2).drop(columns="seed"),), "'seed'"),
    "empty history": (figures.learning_curves, (_history(2)[:0],), "no rows"),
    "epoch twice": (
        figures.learning_curves,
        (pd.concat([_history(2)] * 2),),
        "same epoch and seed",
    ),
}


@pytest.mark.parametrize(("function", "arguments", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, words):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
